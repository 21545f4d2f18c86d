"""How many replications would decide."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from fleetsim.inference.planning import fewest, replications_to_show


@pytest.mark.parametrize("first", [1, 2, 3, 4, 5, 8, 9, 1000, 1001, 12345])
def test_the_fewest_are_found_wherever_they_are(first):
    assert fewest(lambda n: n >= first, 0, 12345) == first
    assert fewest(lambda n: n >= first, first, 20000) == first + 1  # more than there are
    assert fewest(lambda n: n >= first, 0, first - 1) is None


def test_what_is_zero_away_is_never_shown():
    assert replications_to_show(0.0, 1.0, 0.05, 2) is None
    assert replications_to_show(-1.0, 1.0, 0.05, 2) is None


def test_a_plan_is_the_smallest_number_whose_bound_reaches_the_mark():
    def reach(n: int) -> float:
        t = stats.t(n - 1)
        return float((t.isf(0.01) + t.isf(0.2)) * 3 / math.sqrt(n) + 5 * math.log(100) / n)

    needed = replications_to_show(0.5, 3.0, 0.01, 2, unseen=5.0)
    assert needed is not None
    assert reach(needed) <= 0.5 < reach(needed - 1)


def test_without_spread_only_what_was_not_seen_counts():
    # 150 log(1 / 0.05) / n <= 2: n >= 224.7.
    assert replications_to_show(2.0, 0.0, 0.05, 2, unseen=150.0) == 225
