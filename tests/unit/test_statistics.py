"""Intervals over replications."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import accumulate

import numpy as np
import pytest

from fleetsim.inference.means import mean_interval
from fleetsim.inference.quantiles import quantile, quantile_interval, replications_for_quantile


def test_the_mean_has_students_t_interval():
    # mean 5, deviation sqrt(10/3 * 2) ... by hand: values 2 4 6 8, sum of squares 20, s = sqrt(20/3); t(0.975, 3) = 3.18245
    found = mean_interval(np.array([2.0, 4.0, 6.0, 8.0]), 0.95)
    half = 3.182446305 * math.sqrt(20 / 3) / 2
    assert found == pytest.approx((5.0, 5.0 - half, 5.0 + half), rel=1e-8)


def test_one_replication_has_no_interval():
    assert mean_interval(np.array([3.0]), 0.95) == (3.0, None, None)


def test_a_quantile_is_an_observed_value():
    values = np.array([10.0, 20.0, 30.0, 40.0])
    assert [quantile(values, q) for q in (0.25, 0.26, 0.5, 0.95)] == [10.0, 20.0, 20.0, 40.0]


@pytest.mark.parametrize(("q", "needed"), [(0.5, 6), (0.95, 72), (0.99, 368)])
def test_a_quantile_needs_so_many_replications_for_an_interval(q, needed):
    # Both tails at most 2.5 %: 0.95^72 = 0.0249 and 0.95^71 = 0.0262; 0.99^368 = 0.02476, 0.99^367 = 0.02501; 0.5^6.
    assert replications_for_quantile(q, 0.95) == needed
    fewer = quantile_interval(np.arange(needed - 1, dtype=float), q, 0.95)
    assert (fewer.low, fewer.high) == (None, None)
    enough = quantile_interval(np.arange(needed, dtype=float), q, 0.95)
    assert enough.low is not None
    assert enough.high is not None


def test_the_interval_of_the_median_of_ten_is_the_second_and_the_ninth():
    # Binomial(10, 1/2): P(X <= 1) = 11/1024 = 1.07 %, P(X <= 2) = 5.5 %. So the 2nd and, by symmetry, the 9th.
    assert quantile_interval(np.arange(1.0, 11.0), 0.5, 0.95)[1:] == (2.0, 9.0)


@pytest.mark.parametrize(
    ("n", "q", "confidence"), [(72, 0.95, 0.95), (100, 0.95, 0.95), (368, 0.99, 0.95), (40, 0.5, 0.9)]
)
def test_the_order_statistics_are_the_tightest_that_the_binomial_allows(n, q, confidence):
    # With exact fractions: below(k) is the probability that at most k of n values lie under the quantile.
    share, tail = Fraction(str(q)), (1 - Fraction(str(confidence))) / 2
    chances = [math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)]
    below = list(accumulate(chances))
    lower = max(i for i in range(1, n + 1) if below[i - 1] <= tail)
    upper = min(i for i in range(1, n + 1) if 1 - below[i - 1] <= tail)
    assert quantile_interval(np.arange(n, 0.0, -1.0), q, confidence)[1:] == (lower, upper)


def test_the_mean_of_two_has_the_interval_of_one_degree_of_freedom():
    # t(0.975, 1) = tan(0.475 pi) = 12.7062; values 0 and 2: deviation sqrt(2), so half the interval is t.
    assert mean_interval(np.array([0.0, 2.0]), 0.95) == pytest.approx(
        (1.0, 1 - math.tan(0.475 * math.pi), 1 + math.tan(0.475 * math.pi)), rel=1e-9
    )


def test_values_without_spread_have_an_interval_without_width():
    assert mean_interval(np.full(7, 0.1), 0.95) == pytest.approx((0.1, 0.1, 0.1), rel=1e-15)
    assert quantile_interval(np.full(72, 3.0), 0.95, 0.95) == (3.0, 3.0, 3.0)


def test_the_order_of_the_values_does_not_matter():
    values = np.random.default_rng(1).exponential(size=100)
    for estimate in (lambda v: mean_interval(v, 0.95), lambda v: quantile_interval(v, 0.95, 0.95)):
        assert estimate(values) == estimate(np.sort(values)) == estimate(values[::-1])


def test_students_interval_covers_the_mean_as_often_as_it_says_and_the_normal_one_does_not():
    runs, n = 4000, 4
    values = np.random.default_rng(6).normal(size=(runs, n))
    intervals = np.array([mean_interval(each, 0.95) for each in values])
    error = math.sqrt(0.95 * 0.05 / runs)
    assert np.mean((intervals[:, 1] <= 0) & (intervals[:, 2] >= 0)) == pytest.approx(0.95, abs=4 * error)
    half = 1.96 * values.std(axis=1, ddof=1) / math.sqrt(n)  # covers P(|t(3)| < 1.96) = 85.5 %
    assert np.mean(np.abs(values.mean(axis=1)) <= half) == pytest.approx(0.855, abs=0.02)


def coverage(confidence: float, n: int, q: float, runs: int = 4000) -> float:
    chance = np.random.default_rng(5)
    truth = -math.log(1 - q)
    hits = 0
    for _ in range(runs):
        _, low, high = quantile_interval(chance.exponential(size=n), q, confidence)
        assert low is not None
        assert high is not None
        hits += low <= truth <= high
    return hits / runs


def test_the_interval_covers_the_quantile_at_least_as_often_as_it_says():
    error = math.sqrt(0.95 * 0.05 / 4000)
    assert coverage(0.95, 80, 0.95) >= 0.95 - 4 * error


def test_an_interval_of_less_confidence_does_not():
    error = math.sqrt(0.95 * 0.05 / 4000)
    assert coverage(0.80, 80, 0.95) < 0.95 - 4 * error
