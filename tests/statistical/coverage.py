"""How often what `fleetsim.inference` says of repeated experiments is true, beside what it promises.

`coverage_table()` is the whole of it, as rows for docs/verification.md; run this module to print them. Each study
repeats an experiment whose truth is known and counts how often the truth was covered. A count has to lie in the
binomial band of the promise (99.9 %, both sides; where only "at least" is promised, above its lower end). Beside each
kind stands a control: what one would get by a shortcut, which has to fall out of the band.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from scipy import stats

from fleetsim.inference.best import differences_to, may_be_best, pairs
from fleetsim.inference.by_budget import choose_by_budget
from fleetsim.inference.by_outage import choose_by_outage, objective
from fleetsim.inference.by_share import choose_by_share
from fleetsim.inference.choice import Choice
from fleetsim.inference.means import mean_interval, paired_difference
from fleetsim.inference.precision import Precision, decide
from fleetsim.inference.quantiles import bound_ranks, quantile_bound, quantile_interval
from fleetsim.inference.shares import none_seen, share_bounds, share_interval
from tests.statistical import worlds

LEVEL = 0.95


class Row(NamedTuple):
    """A line of the table: the share of experiments in which the truth was covered, as promised and as found."""

    claim: str
    promised: str
    found: float
    low: float
    high: float
    control: bool

    @property
    def as_it_should(self) -> bool:
        """In the band; a control is out of it."""
        return (self.low <= self.found <= self.high) != self.control


def row(
    claim: str, covered: list[bool], promise: float = LEVEL, *, exact: float | None = None, control: bool = False
) -> Row:
    """Make a row; `exact` is the coverage in theory: by default the promise, or 1 where "at least" is promised."""
    n, most = len(covered), promise if exact is None else exact
    low = stats.binom.ppf(0.0005, n, promise) / n
    high = stats.binom.ppf(0.9995, n, most) / n if most < 1 else 1.0
    promised = f"{promise:.1%}" if exact is None else f"at least {promise:.1%}"
    return Row(claim, promised, float(np.mean(covered)), float(low), float(high), control)


def inside(interval: tuple[float | None, float | None], truth: float) -> bool:
    low, high = interval
    assert low is not None
    assert high is not None
    return low <= truth <= high


# ---- intervals ---------------------------------------------------------------------------------------------------------


def means(runs: int) -> Iterator[Row]:
    chance = np.random.default_rng(11)
    normal = [chance.normal(7, 3, 10) for _ in range(runs)]
    yield row("mean of 10 normal values", [inside(mean_interval(v, LEVEL)[1:], 7) for v in normal])
    counts = [chance.binomial(4000, 0.01, 20).astype(float) for _ in range(runs)]
    yield row("mean of 20 counts of blocked SIMs", [inside(mean_interval(v, LEVEL)[1:], 40) for v in counts])
    few = [chance.normal(7, 3, 4) for _ in range(runs)]
    half = [1.96 * v.std(ddof=1) / 2 for v in few]
    covered = [abs(v.mean() - 7) <= h for v, h in zip(few, half, strict=True)]
    yield row("mean of 4 normal values, by the normal law instead of Student's", covered, control=True)


def quantiles(runs: int) -> Iterator[Row]:
    chance = np.random.default_rng(12)
    for q, n in ((0.5, 20), (0.95, 200), (0.99, 400)):
        truth = math.exp(0.8 * stats.norm.ppf(q))
        values = [chance.lognormal(0, 0.8, n) for _ in range(runs)]
        lower, upper = bound_ranks(q, n, (1 - LEVEL) / 2)
        assert lower is not None
        assert upper is not None
        exact = float(stats.binom.cdf(upper - 1, n, q) - stats.binom.cdf(lower - 1, n, q))
        covered = [inside(quantile_interval(v, q, LEVEL)[1:], truth) for v in values]
        yield row(f"P{round(100 * q)} of {n} skewed costs", covered, exact=exact)
    truth = math.exp(0.8 * stats.norm.ppf(0.95))
    values = [chance.lognormal(0, 0.8, 135) for _ in range(runs)]
    # The largest of 135 lies above P95 with 1 - 0.95^135 = 99.9 %, for 50 limits at once at 95 %.
    above = [(quantile_bound(v, 0.95, LEVEL, "upper", limits=50) or 0) >= truth for v in values]
    yield row("upper bound of P95 from 135 costs, one of 50 limits", above, 1 - 0.05 / 50, exact=1 - 0.95**135)
    normal = [v.mean() + 1.645 * v.std(ddof=1) for v in values]
    error = [v.std(ddof=1) * math.sqrt((1 + 1.645**2 / 2) / v.size) for v in values]
    covered = [abs(p - truth) <= 1.96 * e for p, e in zip(normal, error, strict=True)]
    yield row("P95 of 135 skewed costs, as if they were normal", covered, control=True)


def differences(runs: int) -> Iterator[Row]:
    chance = np.random.default_rng(13)
    paired, unpaired, together, alone = [], [], [], []
    for _ in range(runs):
        common = chance.normal(0, 5, 20)
        base = 100 + common + chance.normal(0, 1, 20)
        other = 102 + common + chance.normal(0, 1, 20)
        paired.append(inside(paired_difference(other, base, LEVEL)[1:3], 2))
        half = stats.t.isf(0.025, 38) * math.sqrt((other.var(ddof=1) + base.var(ddof=1)) / 20)
        unpaired.append(abs(other.mean() - base.mean() - 2) <= half)
        others = [100 + i + common + chance.normal(0, 1, 20) for i in range(10)]
        for comparisons, found in ((10, together), (1, alone)):
            each = [paired_difference(v, base, LEVEL, comparisons)[1:3] for v in others]
            found.append(all(inside(interval, i) for i, interval in enumerate(each)))
    yield row("paired difference of two scenarios, 20 replications", paired)
    yield row("ten paired differences to the first scenario, all of them", together, exact=1)
    yield row(
        "paired difference, by an unpaired interval (covers too often: five times as wide)", unpaired, control=True
    )
    yield row("ten paired differences, all of them, not corrected for their number", alone, control=True)


def rare_events(runs: int) -> Iterator[Row]:
    chance = np.random.default_rng(14)
    n, sims = 20, 500
    of = np.full(n, sims)
    # Just above the bound that follows from "none seen": missed exactly where none is seen, with a chance of 5 %.
    share = none_seen(n, sims, LEVEL).share * (1 + 1e-9)
    seen = [chance.binomial(sims, share, n) for _ in range(runs)]
    covered = [bool(v.any()) or none_seen(n, sims, LEVEL).share >= share for v in seen]
    yield row("rare event: share of SIMs from 20 x 500, 3 of them expected, one-sided", covered)
    any_of_it = 1 - (1 - share) ** sims
    covered = [bool(v.any()) or none_seen(n, sims, LEVEL).any_in_a_replication >= any_of_it for v in seen]
    yield row("the same: the chance of any in a replication, one-sided", covered)
    covered = [inside(share_interval(v, of, 1, LEVEL)[1:], share) for v in seen]
    yield row("the same: two-sided interval of the share", covered, exact=1)
    rarer = [chance.binomial(sims, share / 3, n) for _ in range(runs)]
    covered = [inside(share_interval(v, of, 1, LEVEL)[1:], share / 3) for v in rarer]
    yield row("rarer: 1 of them expected", covered, exact=1)
    covered = [inside(mean_interval(v / sims, LEVEL)[1:], share / 3) for v in rarer]
    yield row("the same, by Student's interval over replications", covered, control=True)
    mixed = [sum(chance.binomial(250, p, n) for p in (0.0002, 0.05)) for _ in range(runs)]
    covered = [inside(share_interval(v, of, 1, LEVEL)[1:], 0.0251) for v in mixed]
    yield row("share of blocked SIMs, two groups that differ 250-fold", covered, exact=1)
    heavy = [3 * chance.binomial(sims, 4 / (n * sims), n) for _ in range(runs)]  # the same SIMs in all three periods
    covered = [inside(share_interval(v, 3 * of, 3, LEVEL)[1:], 4 / (n * sims)) for v in heavy]
    yield row("rare event that a SIM has in each of its 3 periods, 4 SIMs expected", covered, exact=1)
    covered = [inside(share_interval(v, 3 * of, 1, LEVEL)[1:], 4 / (n * sims)) for v in heavy]
    yield row("the same, its periods taken for independent", covered, control=True)


def stopping(runs: int) -> Iterator[Row]:
    chance = np.random.default_rng(15)
    values = [chance.normal(1, 0.15, 300) for _ in range(5 * runs)]
    for claim, rule, control in (
        ("interval of 5 % after stopping at it, with look-ahead", Precision(0.05), False),
        ("the same without look-ahead", Precision(0.05, first=2, ahead=0, ahead_share=0), True),
    ):
        covered = [inside(mean_interval(v[: decide(v, rule).stop_at], LEVEL)[1:], 1) for v in values]
        yield row(claim, covered, control=control)


# ---- choices -----------------------------------------------------------------------------------------------------------


class Chosen(NamedTuple):
    """Whether the truth is in the set, how large that is, and whether what was recommended is the truth."""

    held: bool
    answers: int
    right: bool

    @staticmethod
    def of(choice: Choice, truth: int, k: int) -> Chosen:
        held = choice.none_could_be if truth == k else truth in choice.could_be
        right = (k if choice.recommended is None else choice.recommended) == truth
        return Chosen(held, len(choice.could_be) + choice.none_could_be, right)


def by_share(make: Callable[[int, int], worlds.ShareProblem]) -> Callable[[int, int], Chosen]:
    def chosen(seed: int, n: int) -> Chosen:
        problem = make(seed, n)
        choice = choose_by_share(problem.seen, problem.x, LEVEL)
        return Chosen.of(choice, problem.truth, problem.seen.k)

    return chosen


def by_outage(seed: int, n: int) -> Chosen:
    problem = worlds.rare_outages(seed, n)
    choice = choose_by_outage(problem.seen, problem.micros_per_day, LEVEL)
    return Chosen.of(choice, problem.truth, problem.seen.k)


def by_t_alone(seed: int, n: int) -> Chosen:
    problem = worlds.rare_outages(seed, n)
    left = may_be_best(pairs(objective(problem.seen, problem.micros_per_day)), LEVEL)
    return Chosen(bool(left[problem.truth]), int(left.sum()), False)


def among_normal(seed: int, n: int) -> Chosen:
    values, truth = worlds.correlated_objectives(seed, n)
    left = may_be_best(pairs(values), LEVEL)
    return Chosen(bool(left[truth]), int(left.sum()), int(values.mean(axis=0).argmin()) == truth)


def by_budget(monotone: bool) -> Callable[[int, int], Chosen]:
    def chosen(seed: int, n: int) -> Chosen:
        problem = worlds.skewed_costs(seed, n, monotone=monotone)
        choice = choose_by_budget(problem.seen, problem.budget_micros, problem.q, LEVEL)
        return Chosen.of(choice, problem.truth, problem.seen.k)

    return chosen


RANDOM_FLEETS: dict[str, tuple[Callable[[int, int], Chosen], tuple[int, ...]]] = {
    "share, monotone in the limit": (by_share(worlds.monotone_share), (5, 20, 80, 320)),
    "share, not monotone": (by_share(worlds.bumpy_share), (5, 20, 80, 320)),
    "share, three periods a SIM": (by_share(worlds.repeated_share), (5, 20, 80, 320)),
    "outage cost": (by_outage, (5, 20, 80, 320)),
    "outage cost, 50 normal objectives": (among_normal, (5, 20, 80, 320)),
    "budget, shares monotone": (by_budget(True), (60, 240, 960)),
    "budget, shares not monotone": (by_budget(False), (60, 240, 960)),
}
"""What is chosen by, on random problems (seed, n), and the numbers of replications."""


def in_the_set(name: str, seeds: int, replications: tuple[int, ...] | None = None) -> Iterator[tuple[Row, float]]:
    """Yield for each number of replications how often the truth is in the set, and the mean size of the set."""
    chosen, all_of_them = RANDOM_FLEETS[name]
    for n in replications or all_of_them:
        found = [chosen(seed, n) for seed in range(seeds)]
        mean = float(np.mean([each.answers for each in found]))
        claim = f"{name}, {n} replications; {mean:.1f} answers in the set"
        yield row(claim, [each.held for each in found], exact=1), mean


def shortcuts(seeds: int) -> Iterator[Row]:
    """What one would say without a set, or without care for what was not seen."""
    for name, n in (("share, monotone in the limit", 80), ("outage cost", 80), ("budget, shares monotone", 240)):
        found = [RANDOM_FLEETS[name][0](seed, n).right for seed in range(seeds)]
        yield row(f"{name}, {n} replications; the recommended limit alone", found, exact=1, control=True)
    found = [by_t_alone(seed, 5).held for seed in range(seeds)]
    yield row("outage cost, 5 replications; nothing allowed for what was not seen", found, exact=1, control=True)


def random_fleets(seeds: int) -> Iterator[Row]:
    for name in RANDOM_FLEETS:
        yield from (found for found, _ in in_the_set(name, seeds))
    yield from shortcuts(seeds)


def hard_cases(runs: int) -> Iterator[Row]:
    """Truths at the border, where a promise is spent."""
    chance = np.random.default_rng(16)
    winners, given, diffs, naive = [], [], [], []
    for _ in range(runs):
        values = chance.normal(size=(10, 50))  # 50 equal means: let the first be the best
        compared = pairs(values)
        best = int(values.mean(axis=0).argmin())
        winners.append(bool(may_be_best(compared, LEVEL)[0]))
        reach = stats.t.isf(0.025, 9) * compared.error[:, best]
        given.append(bool(compared.mean[0, best] <= reach[0]))
        found = differences_to(compared, best, LEVEL)
        diffs.append(bool(((found.low <= 0) & (found.high >= 0)).all()))
        naive.append(bool((np.abs(compared.mean[:, best]) <= reach).all()))
    yield row("the best of 50 alternatives that are equal, 10 replications", winners, exact=1)
    yield row("the same, by 95 % intervals to the one that was picked", given, exact=1, control=True)
    yield row("differences of 50 equal alternatives to the one that was picked, all of them", diffs, exact=1)
    yield row("the same, as if it had been given", naive, exact=1, control=True)

    apart, alone = [], []
    for seed in range(runs):
        problem = worlds.rare_outages(seed, 10)
        values = objective(problem.seen, problem.micros_per_day) / worlds.MICROS
        choice = choose_by_outage(problem.seen, problem.micros_per_day, LEVEL)
        best, found = int(values.mean(axis=0).argmin()), choice.difference
        truth = problem.mean - problem.mean[best]
        low, high = found.low / worlds.MICROS, found.high / worlds.MICROS
        apart.append(bool(((low <= truth + 1e-9) & (truth - 1e-9 <= high)).all()))
        each = [paired_difference(column, values[:, best], LEVEL) for column in values.T]
        alone.append(all(inside((one.low, one.high), gap) for one, gap in zip(each, truth, strict=True)))
    yield row("differences with outage of 30 limits to the one that was picked, all of them", apart, exact=1)
    yield row("the same, each by itself", alone, exact=1, control=True)

    of, k, n, x = 400, 30, 20, 0.02
    at, over, loose = [], [], []
    for _ in range(runs):
        blocked = chance.binomial(of, x, (n, k))  # every limit exactly at the share allowed: the first is the answer
        seen = worlds.observed(blocked, np.full(n, of), monotone=False)
        at.append(0 in choose_by_share(seen, worlds.Fraction("0.02"), LEVEL).could_be)
        loose.append(bool((share_bounds(blocked, seen.of, 1, 0.025).low <= x).all()))
        above = chance.binomial(of, x * 1.0001, (n, 1)).repeat(k, axis=1)  # a hair above it: there is no answer
        seen = worlds.observed(above, np.full(n, of), monotone=True)
        over.append(choose_by_share(seen, worlds.Fraction("0.02"), LEVEL).none_could_be)
    yield row("share: 30 limits exactly at the share allowed", at, exact=1)
    yield row("the same, not corrected for the number of limits", loose, exact=1, control=True)
    yield row("share: 30 limits a hair above the share allowed", over, 0.975, exact=1)

    costs = [chance.lognormal(0, 1, (200, 20)) for _ in range(runs)]
    budget, none = int(worlds.MICROS * math.exp(stats.norm.ppf(0.9)) * 0.9999), np.zeros((200, 20), np.int64)
    shown, each = [], []
    for values in costs:  # P90 of every limit is a hair above the budget: there is no answer
        micros = (values * worlds.MICROS).astype(np.int64)
        seen = worlds.observed(none, np.full(200, 100), cost_micros=micros, monotone=True)
        shown.append(choose_by_budget(seen, budget, 0.9, LEVEL).none_could_be)
        bounds = [quantile_bound(column, 0.9, LEVEL, "upper") for column in micros.T]
        each.append(all(bound is not None and bound > budget for bound in bounds))
    yield row("budget: P90 of 20 limits a hair above it", shown, exact=1)
    yield row("the same, not corrected for the number of limits", each, exact=1, control=True)


STUDIES = (means, quantiles, differences, rare_events, stopping, hard_cases)


def coverage_table(runs: int = 400) -> Iterator[Row]:
    """Yield every row: intervals and hard cases over `runs` experiments, and as many random fleets of each kind."""
    for study in STUDIES:
        yield from study(runs)
    yield from random_fleets(runs)


def markdown(rows: Iterator[Row]) -> str:
    """Write the rows as the table of docs/verification.md."""
    lines = ["| claim | promised | found | band |", "| --- | --- | --- | --- |"]
    for claim, promised, found, low, high, control in rows:
        name = f"*control:* {claim}" if control else claim
        lines.append(f"| {name} | {promised} | {found:.1%} | {low:.1%} to {high:.1%} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown(coverage_table()))
