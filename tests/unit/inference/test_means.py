"""Means over replications and differences on common random numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from fleetsim.inference.means import mean_interval, paired_difference


def test_the_mean_has_students_t_interval():
    # Values 2 4 6 8: mean 5, sum of squares 20, s = sqrt(20 / 3); t(0.975, 3) = 3.182446305.
    found = mean_interval(np.array([2.0, 4.0, 6.0, 8.0]), 0.95)
    half = 3.182446305 * math.sqrt(20 / 3) / 2
    assert found == pytest.approx((5.0, 5.0 - half, 5.0 + half), rel=1e-8)


def test_the_mean_of_two_has_the_interval_of_one_degree_of_freedom():
    # t(0.975, 1) = tan(0.475 pi) = 12.7062; values 0 and 2: deviation sqrt(2), so half the interval is t.
    t = math.tan(0.475 * math.pi)
    assert mean_interval(np.array([0.0, 2.0]), 0.95) == pytest.approx((1.0, 1 - t, 1 + t), rel=1e-9)


def test_one_replication_has_no_interval_and_no_difference():
    assert mean_interval(np.array([3.0]), 0.95) == (3.0, None, None)
    assert paired_difference(np.array([3.0]), np.array([1.0]), 0.95) == (2.0, None, None, False, None, None)


def test_values_without_spread_have_an_interval_without_width():
    assert mean_interval(np.full(7, 0.1), 0.95) == pytest.approx((0.1, 0.1, 0.1), rel=1e-15)


def test_the_order_of_the_replications_does_not_matter():
    a, b = np.random.default_rng(1).exponential(size=(2, 100))
    order = np.random.default_rng(2).permutation(100)
    assert mean_interval(a, 0.95) == mean_interval(a[order], 0.95)
    assert paired_difference(a, b, 0.95) == paired_difference(a[order], b[order], 0.95)


def test_a_paired_difference_by_hand():
    # Differences 1 2 3 6: mean 3, squares 4 + 1 + 0 + 9 = 14, s = sqrt(14 / 3).
    base = np.array([10.0, 20.0, 30.0, 40.0])
    found = paired_difference(base + np.array([1, 2, 3, 6]), base, 0.95)
    half = 3.182446305 * math.sqrt(14 / 3) / 2
    assert found[:3] == pytest.approx((3.0, 3.0 - half, 3.0 + half), rel=1e-8)
    assert not found.distinguishable


def test_common_random_numbers_save_the_variance_that_two_scenarios_share():
    # Variances 1 and 4, that of the difference 1: saved 1 - 1 / 5. Turned round, the difference has 9: 1 - 9 / 5.
    a, b = np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])
    assert paired_difference(a, b, 0.95).variance_saved == pytest.approx(0.8)
    assert paired_difference(a, b[::-1], 0.95).variance_saved == pytest.approx(-0.8)
    assert paired_difference(np.ones(3), np.ones(3), 0.95).variance_saved is None


def test_pairs_of_another_number_are_refused():
    with pytest.raises(ValueError, match="no pairs"):
        paired_difference(np.ones(3), np.ones(4), 0.95)


def test_more_comparisons_have_a_wider_interval_each():
    a, b = np.random.default_rng(3).normal(size=(2, 12)) + np.array([[1.5], [0.0]])
    one, ten = (paired_difference(a, b, 0.95, comparisons) for comparisons in (1, 10))
    assert one.low is not None
    assert ten.low is not None
    width = stats.t.isf(0.0025, 11) / stats.t.isf(0.025, 11)
    assert (ten.value - ten.low) / (one.value - one.low) == pytest.approx(width)
    assert one.distinguishable
    assert not ten.distinguishable


def test_what_can_be_told_apart_needs_no_more_and_what_is_the_same_never_will():
    base = np.arange(8.0)
    noise = np.array([0.0, 0.1] * 4)
    assert paired_difference(base + 5 + noise, base, 0.95).replications_needed == 8
    assert paired_difference(base, base, 0.95).replications_needed is None
    swings = np.array([1.0, -1.0] * 4)  # mean difference exactly 0
    assert paired_difference(base + swings, base, 0.95).replications_needed is None


@pytest.mark.parametrize("comparisons", [1, 6])
def test_the_replications_needed_tell_apart_in_four_of_five_studies(comparisons):
    values = np.tile([3.0, -2.5], 10)  # mean 0.25, deviation about 2.8
    needed = paired_difference(values, np.zeros(20), 0.95, comparisons).replications_needed
    assert needed is not None
    # The power of the t test from the noncentral t law, at the mean and the deviation that were seen.
    shift = 0.25 / values.std(ddof=1) * math.sqrt(needed)
    power = stats.nct.sf(stats.t.isf(0.025 / comparisons, needed - 1), needed - 1, shift)
    assert power == pytest.approx(0.8, abs=0.005)


def test_beyond_the_largest_number_there_is_no_plan():
    values = np.tile([3.0, -2.5], 10)
    needed = paired_difference(values, np.zeros(20), 0.95).replications_needed
    assert needed is not None
    assert paired_difference(values, np.zeros(20), 0.95, most=needed).replications_needed == needed
    assert paired_difference(values, np.zeros(20), 0.95, most=needed - 1).replications_needed is None
