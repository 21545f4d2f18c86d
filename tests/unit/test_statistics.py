"""Intervals over replications."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fleetsim.experiments.statistics import (
    mean_interval,
    quantile,
    quantile_interval,
    replications_for_quantile,
)


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
