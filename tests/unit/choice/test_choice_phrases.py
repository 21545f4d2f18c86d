"""Figures of a choice in words, and the table in the terminal."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from fleetsim.choice import phrases, why
from fleetsim.choice.judging import JUDGED, Judgement
from fleetsim.choice.rules import Rule, read_rule
from fleetsim.choice.study import LimitStudy
from fleetsim.choice.tables import Judged
from fleetsim.choice.terminal import print_choice
from fleetsim.choice.verdict import Verdict
from fleetsim.report import words
from tests.unit.choice.fleets import MB, paper

N, SIMS = 20, 1000


def verdict(rule: Rule, blocked: list[int], cost: list[float], seed: int = 1, **more: list[float]) -> Verdict:
    """A verdict on 20 replications of 1,000 SIM-periods each, of which about so many are blocked."""
    k = len(blocked)
    chance = np.random.default_rng(seed)
    common = chance.normal(0, 5, N)  # shared by all limits
    judged = []
    for i in range(N):
        sums = np.zeros((len(JUDGED), k), np.int64)
        rows = dict(zip(JUDGED, sums, strict=True))
        rows["sim_periods"][:] = SIMS
        rows["blocked_sim_periods"][:] = [min(chance.poisson(each), SIMS) if each < SIMS else SIMS for each in blocked]
        rows["blocked_ms"][:] = [round(days * 86_400_000) for days in more.get("days", [0] * k)]
        rows["cost_micros"][:] = [round((each + common[i] + chance.normal(0, 0.5)) * 1e6) for each in cost]
        judged.append(
            Judged(i, tuple(MB * (place + 1) for place in range(k)), Judgement(sums, 1, np.zeros((3, 0), np.int64)))
        )
    return Verdict.of(paper(), "meters", judged, rule, 0.95)


SHARE = read_rule("1%", None, None)


def test_limits_that_follow_each_other_are_a_range():
    found = verdict(SHARE, [0] * 9, [100] * 9)
    assert phrases.limits(found, [2]) == "3 MB"
    assert phrases.limits(found, [2, 3]) == "3 MB and 4 MB"
    assert phrases.limits(found, [2, 3, 4]) == "3 MB to 5 MB"
    assert phrases.limits(found, [0, 1, 3, 5, 6, 7, 8]) == "1 MB, 2 MB, 4 MB and 6 MB to 9 MB"


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        ((0, 0, 0), "as much"),
        ((0, None, None), "as much"),
        ((12.5, None, None), "$12.50 more"),
        ((-12.5, -12.5, -12.5), "$12.50 less"),
        ((12.5, 12, 13), "$12.50 more ($12.00 to $13.00)"),
        ((-120, -122, -118), "$120.00 less ($118.00 to $122.00)"),
        ((1, -2, 4), "$1.00 more ($2.00 less to $4.00 more)"),
    ],
)
def test_a_difference_of_cost_says_which_is_dearer(difference, said):
    assert phrases.dearer(verdict(SHARE, [0], [100]), *difference) == said


def test_nothing_and_all_are_said_with_what_they_may_be():
    found = verdict(SHARE, [0, SIMS, 10], [100] * 3)
    # 20,000 SIM-periods: 1 - 0.025**(1 / 20,000) = 0.0184 %.
    assert phrases.blocked(found, 0) == "none (up to 0.018 %)"
    assert phrases.blocked(found, 1, sure=True) == "all (95 % interval from 99.98 %)"
    assert phrases.blocked(found, 2) == "1.12 % (0.98 % to 1.28 %)"


def test_a_limit_that_the_larger_ones_do_not_confirm_names_the_one_that_stands_open():
    found = verdict(SHARE, [30, 2, 9, 2], [100] * 4)
    assert found.choice.recommended == 1
    assert "that is not confirmed, for 3 MB may block up to 1.0" in why.why(found)


def test_the_outage_rule_says_what_of_it_is_cost_and_what_outage():
    rule = read_rule(None, "2 per day", None)
    said = why.why(verdict(rule, [9, 5, 0], [90, 100, 110], days=[9.0, 2.5, 0.0]))
    assert said.startswith(
        "2 MB comes to the least on average, $105.25 (95 % interval $103.79 to $106.72) in 10 days: "
    )
    assert "$100.25 of cost, and $5.00 for 2.5 SIM-days of outage at $2.00 each; " in said
    assert said.endswith("; all other limits are shown to come to more.")
    close = why.why(verdict(rule, [9, 5, 0], [90, 100, 110], days=[7.6, 2.5, 0.0]))
    assert close.startswith("1 MB comes to the least on average")
    assert close.endswith(
        "at 95 % confidence 2 MB cannot be told apart from it (about 1,200 replications would decide)."
    )
    silent = why.why(verdict(rule, [9, 5, 0], [90, 100, 90], days=[7.6, 2.5, 0.0]))
    assert "and nothing for outage, for no normal SIM is blocked" in silent


def test_differences_with_outage_are_those_by_which_limits_are_told_apart():
    """A limit that could be the answer is said to come to less, perhaps; the others to come to more."""
    rule = read_rule(None, "2 per day", None)
    found = verdict(rule, [9, 5, 0], [90, 100, 110], days=[7.6, 2.5, 0.0])
    assert found.choice.could_be == (0, 1)
    low, high = (found.figures[f"objective_diff_{end}"] for end in ("low", "high"))
    assert low[1] < 0 < high[1]
    said = f"{words.money(-low[1], 'USD')} less to {words.money(high[1], 'USD')} more)"
    assert said in why.against(found, 1, 0)
    assert said in why.next_limits(found)[1]
    assert low[2] == 0  # shown to come to more, which all differences at once would not show
    assert "less" not in why.against(found, 2, 0)


def test_a_limit_of_the_timeline_is_named_for_it_stands_whichever_is_chosen():
    assert why.set_later(paper(), "meters") == ""
    later = paper('timeline=[{"at": "3 days", "fleet": "meters", "data_limit": "3 MB"}]')
    said = "The timeline sets the limit of fleet meters to 3 MB on 4 Jan 2026 00:00 UTC, whichever limit is chosen."
    assert why.set_later(later, "meters") == said
    assert why.set_later(later, "others") == ""


def test_a_budget_that_may_be_passed_is_not_confirmed():
    rule = read_rule(None, None, (105, 0.6))
    found = verdict(rule, [9, 0], [90, 103])
    assert found.choice.recommended == 1
    assert "that it keeps to the budget is not confirmed, for it may be up to $" in why.why(found)


@pytest.mark.parametrize(
    "rule", [SHARE, read_rule(None, "123.45 per day", None), read_rule(None, None, "99999 at 60%")]
)
@pytest.mark.parametrize("cost", [0.001, 12_345, 9_876_543])
def test_the_table_fits_into_80_columns(rule, cost):
    found = verdict(rule, [900, 90, 9, *[0] * 17], [cost * (1 + step / 100) for step in range(20)], days=[9.0] * 20)
    study = LimitStudy(paper(), "meters", found, None, {})
    text = io.StringIO()
    print_choice(study, Console(file=text, width=200))
    rows = [line for line in text.getvalue().split("Means of")[1].splitlines() if " MB " in line[:12]]
    assert 5 <= len(rows) <= 9
    assert all(len(line.rstrip()) <= 80 for line in rows)
    assert not any("\u2026" in line for line in rows)  # nothing is cut
    assert "all 20 limits: limits.parquet" in text.getvalue()
