"""Shares of SIM-periods and rare events."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fleetsim.inference.laws import binomial_at_most, binomial_lower, binomial_quantile, binomial_upper, student
from fleetsim.inference.shares import any_in_a_replication, influence, none_seen, share_bounds, share_interval


def test_the_bounds_of_clopper_and_pearson_by_hand():
    # One of two: (1 - p)^2 = 0.975 below, p^2 = 0.975 above. None of ten: (1 - p)^10 = tail. All of ten: p^10 = tail.
    assert binomial_lower(1, 2, 0.025) == pytest.approx(1 - math.sqrt(0.975), rel=1e-12)
    assert binomial_upper(1, 2, 0.025) == pytest.approx(math.sqrt(0.975), rel=1e-12)
    assert binomial_upper(0, 10, 0.05) == pytest.approx(1 - 0.05**0.1, rel=1e-12)
    assert binomial_lower(10, 10, 0.05) == pytest.approx(0.05**0.1, rel=1e-12)
    assert (binomial_lower(0, 10, 0.05), binomial_upper(10, 10, 0.05)) == (0, 1)


@pytest.mark.parametrize(("x", "n"), [(3, 100), (700, 40_000_000), (39_999_999, 40_000_000)])
def test_the_bounds_are_where_the_tail_is_what_was_asked_for(x, n):
    assert binomial_at_most(x, n, float(binomial_upper(x, n, 0.001))) == pytest.approx(0.001, rel=1e-5)
    assert 1 - binomial_at_most(x - 1, n, float(binomial_lower(x, n, 0.001))) == pytest.approx(0.001, rel=1e-5)


def test_a_binomial_quantile_that_is_hit_exactly_is_enough():
    assert binomial_quantile(0.5, 5, 0.5) == 2  # P(X <= 2) = 1 / 2


@pytest.mark.parametrize(("n", "p"), [(10, 0.3), (5000, 0.001), (8_000_000, 1e-5), (50, 0.0), (50, 1.0)])
def test_a_binomial_quantile_is_the_smallest_that_is_enough(n, p):
    x = binomial_quantile(0.8, n, p)
    assert binomial_at_most(x, n, p) >= 0.8
    assert x == 0 or binomial_at_most(x - 1, n, p) < 0.8


def test_sims_of_all_replications_are_trials_of_one_kind():
    blocked, of = np.array([[1, 0], [2, 0], [0, 0]]), np.array([[10, 10], [20, 20], [10, 10]])
    found = share_bounds(blocked, of, 1, 0.025)
    assert found.value.tolist() == [3 / 40, 0.0]
    assert found.low.tolist() == pytest.approx([float(binomial_lower(3, 40, 0.025)), 0.0])
    assert found.high.tolist() == pytest.approx([float(binomial_upper(3, 40, 0.025)), 1 - 0.025 ** (1 / 40)])


def test_periods_of_one_sim_are_not_trials_of_their_own():
    # Shares 0.1, 0.3, 0.2 of 30 SIM-periods, two a SIM: t(0.95, 2) * 0.1 / sqrt(3), and what one SIM's two would add.
    blocked, of = np.array([[3], [9], [6]]), np.full((3, 1), 30)
    found = share_bounds(blocked, of, 2, 0.05)
    half = 2.9199855804 * 0.1 / math.sqrt(3) + 2 * math.log(20) / 90
    assert (found.value[0], found.low[0], found.high[0]) == pytest.approx((0.2, max(0.2 - half, 0), 0.2 + half))


def test_several_periods_say_less_than_as_many_sims():
    blocked, of = np.zeros((20, 1), np.int64), np.full((20, 1), 500)
    one, six = (share_bounds(blocked, of, periods, 0.025).high[0] for periods in (1, 6))
    assert one == pytest.approx(1 - 0.025 ** (1 / 10_000))
    assert six == pytest.approx(6 * math.log(40) / 10_000)  # about that of 10,000 / 6 SIMs


def test_of_one_replication_with_several_periods_nothing_is_known():
    found = share_bounds(np.array([[5]]), np.array([[60]]), 2, 0.025)
    assert (found.low[0], found.high[0]) == (0, 1)


def test_bounds_stay_between_none_and_all():
    all_blocked = share_interval(np.full(5, 12), np.full(5, 12), 3, 0.95)
    assert all_blocked.high == 1
    assert all_blocked.low == pytest.approx(1 - 3 * math.log(40) / 60)
    assert share_interval(np.zeros(5, np.int64), np.full(5, 12), 3, 0.95).low == 0


def test_what_replications_say_of_a_pooled_share_averages_to_it():
    blocked, of = np.array([[1], [4], [0]]), np.array([[10], [20], [15]])
    found = influence(blocked, of)
    assert found.mean() == pytest.approx(5 / 45)
    # By hand: residuals 1 - 10/9, 4 - 20/9, 0 - 15/9, over the mean of 15.
    assert (found[:, 0] - 1 / 9).tolist() == pytest.approx([-1 / 135, 16 / 135, -15 / 135])
    assert influence(blocked, np.full((3, 1), 10))[:, 0].tolist() == pytest.approx([0.1, 0.4, 0.0])


def test_a_residual_interval_of_the_ratio_by_hand():
    found = share_interval(np.array([1, 4, 0]), np.array([10, 20, 15]), 2, 0.9)
    error = math.sqrt((1 + 256 + 225) / 135**2 / 2 / 3)
    assert found.high == pytest.approx(1 / 9 + student(0.05, 3) * error + 2 * math.log(20) / 45)


def test_any_in_a_replication_counts_replications():
    found = any_in_a_replication(np.array([0, 7, 0, 1]), 0.95)
    assert found == pytest.approx((0.5, float(binomial_lower(2, 4, 0.025)), float(binomial_upper(2, 4, 0.025))))


def test_none_seen_is_the_rule_of_three_made_exact():
    found = none_seen(100, 1000, 0.95)
    assert found.any_in_a_replication == pytest.approx(1 - 0.05**0.01)  # 2.95 %, "3 / n" says 3 %
    assert found.share == pytest.approx(1 - 0.05**1e-5)
    # The second follows from the first: 1,000 SIMs have none with (1 - share)^1000.
    assert 1 - (1 - found.share) ** 1000 == pytest.approx(found.any_in_a_replication)
