"""Limits chosen on few replications of simulated fleets, beside the answers of very long runs of the same fleets.

``python -m tests.statistical.fleets`` prints the table in docs/verification.md: in how many studies the answer of the long
run lies in the set that the study could not tell apart, how many limits the set has, and, as a control, how often the
limit that is recommended is the answer. Where a long run cannot tell its answer from another limit, the fleet is
passed over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from itertools import count
from typing import NamedTuple

import numpy as np

from fleetsim.choice.figures import observed
from fleetsim.choice.monotone import is_monotone
from fleetsim.choice.rules import Budget, MaxBlockedShare, OutageCost, Rule
from fleetsim.choice.tables import Judged
from fleetsim.choice.task import LimitTask
from fleetsim.inference.choice import Choice
from fleetsim.scenario.load import load_text
from fleetsim.scenario.schema import Scenario
from tests.statistical.coverage import LEVEL, Row, markdown, row

MB = 1_000_000
LIMITS = tuple(MB * million for million in range(2, 10))
FEW = {"share": 4, "outage": 3, "budget": 100}
"""Replications of a study: as few as can be judged, for there the sets are put to the test."""
RULES = tuple(FEW)
BORDER = {"share": 4, "outage": 2, "budget": 5}
"""Answers of the fleet at the border, as places among the limits."""
LONG_RUN, LONG_RUN_SEED = 2_000, 987_654


class Fleet(NamedTuple):
    """A fleet, and what to ask about it under each rule."""

    scenario: Scenario
    rules: dict[str, Rule]


def fleet_of(sims: int, rate_per_day: float, median_mb: float, p95_mb: float, rules: dict[str, Rule]) -> Fleet:
    traffic = {"a": {"arrivals": {"process": "poisson", "rate": f"{rate_per_day:g} per day"}, "upload": "25 kB"}}
    use = {"median": f"{median_mb:g} MB", "p95": f"{p95_mb:g} MB"}
    document = {
        "name": "simulated",
        "start": "2026-01-01T00:00:00Z",
        "duration": "1 month",
        "seed": 0,
        "platform": "super-sim",
        "tariff": "super-sim-payg",
        "fleets": {
            "f": {"data_limit": "5 MB", "devices": {"x": {"count": sims, "monthly_use": use, "traffic": traffic}}}
        },
    }
    return Fleet(load_text(json.dumps(document)), rules)


def at_the_border() -> Fleet:
    """A fleet whose answers lie close to other limits, by each rule."""
    rules = {
        "share": MaxBlockedShare(Fraction(1, 5)),
        "outage": OutageCost(20_300),
        "budget": Budget(72_600_000, Fraction(19, 20)),
    }
    return fleet_of(30, 4, 3, 9, rules)


def at_random(number: int) -> Fleet:
    """Fleet number so and so: how many SIMs, what they use, and what is asked, all drawn."""
    chance = np.random.default_rng(number)
    sims, median = int(chance.integers(15, 60)), round(float(chance.uniform(2, 6)), 1)
    p95 = round(median * float(chance.uniform(1.5, 4)), 1)
    in_money = 2 + 0.1 * median * float(chance.uniform(0.8, 1.6))  # a SIM's: its fee, and 10 cents a MB
    rules = {
        "share": MaxBlockedShare(Fraction(int(chance.integers(2, 40)), 100)),
        "outage": OutageCost(int(chance.integers(5_000, 60_000))),
        "budget": Budget(int(1e6 * sims * in_money), Fraction(19, 20)),
    }
    return fleet_of(sims, round(float(chance.uniform(2, 8)), 1), median, p95, rules)


def judged(scenario: Scenario, seed: int, replications: int) -> list[Judged]:
    """What replications of the fleet come to under each of the limits."""
    task = LimitTask(scenario.model_copy(update={"seed": seed}), "compiled", "f", LIMITS, with_use=False)
    return [Judged(i, LIMITS, task(i, range(scenario.sims))) for i in range(replications)]


def chosen(fleet: Fleet, rule: str, replications: list[Judged]) -> Choice:
    """What the rule says of them."""
    seen = observed(replications, fleet.scenario.horizon_ms, monotone=is_monotone(fleet.scenario, "f"))
    return fleet.rules[rule].choose(seen, LEVEL)


def answers(fleet: Fleet, replications: int) -> dict[str, int]:
    """By rule the answer of a long run, as a place among the limits, where it stands alone."""
    long_run = judged(fleet.scenario, LONG_RUN_SEED, replications)
    choices = {rule: chosen(fleet, rule, long_run) for rule in RULES}
    return {rule: each.recommended for rule, each in choices.items() if list(each.could_be) == [each.recommended]}


class Found(NamedTuple):
    """Of a study: is the answer in its set, is it the limit that is recommended; the set's size, and with 4 times as much."""

    inside: bool
    picked: bool
    size: int
    size_of_more: int


def study(fleet: Fleet, rule: str, answer: int, seed: int) -> Found:
    """Choose by few replications, and by four times as many."""
    more = judged(fleet.scenario, seed, 4 * FEW[rule])
    choice, later = chosen(fleet, rule, more[: FEW[rule]]), chosen(fleet, rule, more)
    return Found(answer in choice.could_be, answer == choice.recommended, len(choice.could_be), len(later.could_be))


def on_the_border(rule: str, seeds: int) -> list[Found]:
    """Study the fleet at the border again and again."""
    fleet = at_the_border()
    return [study(fleet, rule, BORDER[rule], seed) for seed in range(1, seeds + 1)]


def on_random_fleets(fleets: int) -> dict[str, list[Found]]:
    """Study so many fleets whose answer is known, by each rule once."""
    found: dict[str, list[Found]] = {rule: [] for rule in RULES}
    for number in count():
        wanted = [rule for rule in RULES if len(found[rule]) < fleets]
        if not wanted:
            break
        fleet = at_random(number)
        for rule, answer in answers(fleet, LONG_RUN).items():
            if rule in wanted:
                found[rule].append(study(fleet, rule, answer, number))
    return found


def in_the_set(claim: str, found: list[Found]) -> Row:
    """Line of the table: how often the answer is in the set, and the set's mean size."""
    size, more = mean_sizes(found)
    sets = f"{claim}; {size:.1f} answers in the set, {more:.1f} of 4 times as many replications"
    return row(sets, [each.inside for each in found], exact=1)


def alone(claim: str, found: list[Found]) -> Row:
    """Line of the table: the control."""
    return row(f"{claim}; the recommended limit alone", [each.picked for each in found], exact=1, control=True)


def mean_sizes(found: list[Found]) -> tuple[float, float]:
    """Mean size of the sets, and of those of four times as many replications."""
    return float(np.mean([each.size for each in found])), float(np.mean([each.size_of_more for each in found]))


def table() -> Iterator[Row]:
    """All of it."""
    for rule in RULES:
        found = on_the_border(rule, 200)
        claim = f"a fleet of answers at the border, {rule}, {FEW[rule]} replications, 200 seeds"
        yield in_the_set(claim, found)
        yield alone(claim, found)
    for rule, found in on_random_fleets(100).items():
        yield in_the_set(f"100 random fleets, {rule}, {FEW[rule]} replications", found)


if __name__ == "__main__":
    print(markdown(table()))
