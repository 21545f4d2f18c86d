"""Figures in words: money with cents or without, and one number of decimals for what stands side by side."""

from __future__ import annotations

import pytest

from fleetsim.comparison import phrases
from fleetsim.comparison.metrics import METRICS
from fleetsim.inference.means import Difference

OF = {metric.name: metric for metric in METRICS}
COST, SHARE, HOURS = OF["cost"], OF["blocked_sim_periods_share"], OF["blocked_hours"]


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        (2.4, 2.0, 2.9, "$2.40 more (95 % interval $2.00 to $2.90)"),
        (2697.5, 2697.2, 2697.8, "$2,697.50 more (95 % interval $2,697.20 to $2,697.80)"),
        (2697.5, 2690.0, 2705.0, "$2,698 more (95 % interval $2,690 to $2,705)"),
        (0.3, -1.2, 1.8, "$0.30 more (95 % interval $1.20 less to $1.80 more)"),
        (0.3, -20.0, 20.6, "$0.30 more (95 % interval $20.00 less to $20.60 more)"),
        (0.0049, 0.0045, 0.0053, "$0.0049 more (95 % interval $0.0045 to $0.0053)"),
    ],
)
def test_money_has_cents_or_whole_units_and_never_one_decimal(value, low, high, said):
    found = Difference(value, low, high, low > 0, None, None)
    assert phrases.more(COST, found, "USD", 0.95) == said


def test_figures_side_by_side_have_the_decimals_of_the_one_that_needs_most():
    # 0.2 %, 0.15 % and 0.0049 %, each with the digits of its own interval.
    figures = [(0.002, 0.001, 0.004), (0.0015, 0.0012, 0.0018), (0.000049, 0.00004, 0.00006)]
    assert [phrases.mean(SHARE, *each) for each in figures] == ["0.2", "0.15", "0.0049"]
    decimals = phrases.shared(SHARE, figures)
    assert [phrases.mean(SHARE, *each, of_it) for each, of_it in zip(figures, decimals, strict=True)] == [
        "0.2000",
        "0.1500",
        "0.0049",
    ]


def test_a_large_figure_gets_no_digits_for_the_sake_of_a_small_one():
    assert phrases.shared(HOURS, [(99_998.0, 99_900.0, 100_090.0), (51.2, 51.0, 51.4)]) == [0, 1]
    assert phrases.shared(HOURS, [(26.2, 26.1, 26.3), (-0.1, -0.4, 0.2)]) == [2, 2]
    # A difference has those of what it is the difference of.
    assert phrases.shared(HOURS, [(10_923.31, 10_923.30, 10_923.40), (0.0, 0.0, 0.0), (10_923.3, 10_923.1, 10_923.5)])[
        ::2
    ] == [2, 2]


def test_money_side_by_side_has_cents_everywhere_or_nowhere():
    assert phrases.shared(COST, [(1037.0, 1020.0, 1054.0), (847.71, 847.1, 848.3)]) == [2, 2]
    assert phrases.shared(COST, [(1037.0, 1020.0, 1054.0), (847.0, 830.0, 860.0)]) == [0, 0]


def test_nothing_to_go_by_leaves_each_figure_as_it_is():
    assert phrases.shared(SHARE, [(0.5, None, None), (0.0, None, None)]) == [None, None]
    assert phrases.column(SHARE, [{f"{SHARE.name}{end}": None for end in ("", "_low", "_high")}]) == [("", "")]


def test_only_nothing_is_0_percent_and_only_all_is_100():
    assert phrases.share(0.1562, 2) == "15.62 %"
    assert phrases.share(0.99999, 2) == "over 99.99 %"
    assert phrases.share(0.00004, 1) == "0.004 %"
    assert phrases.share(1.0, 1) == "100 %"
