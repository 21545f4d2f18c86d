"""Quantiles over replications and their bounds from order statistics."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import accumulate

import numpy as np
import pytest

from fleetsim.inference.quantiles import (
    bound_ranks,
    quantile,
    quantile_bound,
    quantile_interval,
    replications_for_quantile,
)


def test_a_quantile_is_an_observed_value():
    values = np.array([10.0, 20.0, 30.0, 40.0])
    assert [quantile(values, q) for q in (0.25, 0.26, 0.5, 0.95)] == [10.0, 20.0, 20.0, 40.0]
    assert quantile(np.arange(1, 101), 0.07) == 7  # 0.07 * 100 is 7.000000000000001 in floats


@pytest.mark.parametrize(
    ("q", "tails", "limits", "needed"),
    [
        (0.5, 2, 1, 6),  # 0.5^6 = 1.6 %
        (0.95, 2, 1, 72),  # 0.95^72 = 2.49 %, 0.95^71 = 2.62 %
        (0.99, 2, 1, 368),  # 0.99^368 = 2.476 %, 0.99^367 = 2.501 %
        (0.95, 1, 1, 59),  # 0.95^59 = 4.85 %, 0.95^58 = 5.10 %
        (0.95, 1, 50, 135),  # 0.95^135 = 0.0983 %, 0.95^134 = 0.1035 %
        (0.95, 2, 50, 149),  # 0.95^149 = 0.0480 %, 0.95^148 = 0.0505 %
        (0.05, 1, 1, 59),
    ],
)
def test_a_quantile_needs_so_many_replications(q, tails, limits, needed):
    assert replications_for_quantile(q, 0.95, tails, limits) == needed
    tail = 0.05 / (tails * limits)
    assert None not in bound_ranks(q, needed, tail)
    assert None in bound_ranks(q, needed - 1, tail)


def test_a_tail_that_is_hit_exactly_is_enough():
    for n in range(2, 30):
        assert replications_for_quantile(0.5, 1 - 2 * 0.5**n) == n
    assert bound_ranks(0.5, 3, 0.125) == (1, 3)
    assert bound_ranks(0.5, 3, 0.124) == (None, None)


def test_with_too_few_replications_there_is_no_interval():
    assert quantile_interval(np.arange(71.0), 0.95, 0.95)[1:] == (None, None)
    assert None not in quantile_interval(np.arange(72.0), 0.95, 0.95)
    assert quantile_interval(np.arange(148.0), 0.95, 0.95, limits=50)[1:] == (None, None)
    assert None not in quantile_interval(np.arange(149.0), 0.95, 0.95, limits=50)


def test_the_interval_of_the_median_of_ten_is_the_second_and_the_ninth():
    # Binomial(10, 1/2): P(X <= 1) = 11/1024 = 1.07 %, P(X <= 2) = 56/1024 = 5.47 %.
    values = np.arange(1.0, 11.0)
    assert quantile_interval(values, 0.5, 0.95)[1:] == (2.0, 9.0)
    assert [quantile_bound(values, 0.5, c, "lower") for c in (0.95, 0.94)] == [2.0, 3.0]
    assert [quantile_bound(values, 0.5, c, "upper") for c in (0.95, 0.94)] == [9.0, 8.0]
    assert quantile_bound(values, 0.5, 0.95, "lower", limits=5) == 1.0  # 1 % for each of five: P(X = 0) = 0.1 %
    assert quantile_bound(values, 0.95, 0.95, "upper") is None


@pytest.mark.parametrize(
    ("n", "q", "confidence"), [(72, 0.95, 0.95), (100, 0.95, 0.95), (368, 0.99, 0.95), (40, 0.5, 0.9), (60, 0.05, 0.8)]
)
def test_the_order_statistics_are_the_tightest_that_the_binomial_allows(n, q, confidence):
    # With exact fractions: below[k] is the probability that at most k of n values lie at or under the quantile.
    share, tail = Fraction(str(q)), (1 - Fraction(str(confidence))) / 2
    chances = [math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)]
    below = list(accumulate(chances))
    lower = max(i for i in range(1, n + 1) if below[i - 1] <= tail)
    upper = min(i for i in range(1, n + 1) if 1 - below[i - 1] <= tail)
    assert bound_ranks(q, n, float(tail)) == (lower, upper)
    assert quantile_interval(np.arange(n, 0.0, -1.0), q, confidence)[1:] == (lower, upper)


def test_values_without_spread_have_an_interval_without_width():
    assert quantile_interval(np.full(72, 3.0), 0.95, 0.95) == (3.0, 3.0, 3.0)
