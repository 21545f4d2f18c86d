"""Multiple comparisons with the best on common random numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from fleetsim.inference.best import differences_to, may_be_best, pairs, replications_to_single_out

RISING = np.array([1, 2, 3, 6])
NOISE = np.random.default_rng(4).normal(size=(10, 3))


def test_of_two_alternatives_the_set_is_the_paired_t_test():
    # Differences 1 2 3 6: mean 3, error sqrt(14 / 3) / 2, t = 2.777, one tail of 3 degrees: 3.46 %.
    base = np.array([10.0, 20.0, 30.0, 40.0])
    compared = pairs(np.stack([base, base + RISING], axis=1))
    assert compared.mean[1, 0] == 3
    assert compared.error[1, 0] == pytest.approx(math.sqrt(14 / 3) / 2)
    assert may_be_best(compared, 0.95).tolist() == [True, False]
    assert may_be_best(compared, 0.97).tolist() == [True, True]
    assert float(stats.t.sf(3 / compared.error[1, 0], 3)) == pytest.approx(0.0346, abs=5e-4)


def test_more_alternatives_ask_for_more():
    base = np.array([10.0, 20.0, 30.0, 40.0])
    far = base + 1000 + NOISE[:4, 0]
    compared = pairs(np.stack([base, base + RISING, far], axis=1))
    assert may_be_best(compared, 0.95).tolist() == [True, True, False]  # 3.46 % is more than 5 % / 2


def test_an_alternative_can_be_beaten_by_another_than_the_best():
    # The least mean varies wildly, so it beats nobody; the second beats the third.
    steady = np.array([5.0, 5.1, 4.9, 5.0, 5.05, 4.95])
    wild = np.array([-90.0, 95.0, -80.0, 85.0, -60.0, 50.0])
    found = may_be_best(pairs(np.stack([wild, steady, steady + 1 + 0.1 * NOISE[:6, 0]], axis=1)), 0.95)
    assert found.tolist() == [True, True, False]


def test_alternatives_without_any_difference_stay_together():
    values = 100 + NOISE[:, :1]
    found = may_be_best(pairs(np.concatenate([values, values, values + 3], axis=1)), 0.95)
    assert found.tolist() == [True, True, False]


def test_a_small_difference_is_seen_beside_a_large_common_part():
    common = 1e9 * (1 + NOISE[:, :1])
    own = np.array([0.0, 0.5]) + 0.1 * NOISE[:, :2]
    compared = pairs(common + own)
    assert compared.error[0, 1] == pytest.approx((own[:, 0] - own[:, 1]).std(ddof=1) / math.sqrt(10), rel=1e-5)
    assert may_be_best(compared, 0.95).tolist() == [True, False]


def test_of_one_replication_any_can_be_best():
    compared = pairs(np.array([[1.0, 2.0, 3.0]]))
    assert may_be_best(compared, 0.95).all()
    assert np.isinf(differences_to(compared, 0, 0.95).high[1:]).all()


def test_a_single_alternative_is_the_best():
    compared = pairs(np.arange(4.0)[:, None])
    assert may_be_best(compared, 0.95).tolist() == [True]
    assert [bound.tolist() for bound in differences_to(compared, 0, 0.95)] == [[0.0], [0.0], [0.0]]


def test_what_was_not_seen_keeps_an_alternative_in():
    # Always 2 dearer; one event that was never seen would cost the first 50: log(1 / 0.05) / 10 * 50 = 14.98 > 2.
    values = np.repeat([[1.0, 3.0]], 10, axis=0)
    compared = pairs(values)
    assert may_be_best(compared, 0.95).tolist() == [True, False]
    costs_the_first, costs_the_second = np.array([[0.0, 50.0], [0.0, 0.0]]), np.array([[0.0, 0.0], [50.0, 0.0]])
    assert may_be_best(compared, 0.95, costs_the_first).tolist() == [True, True]
    assert may_be_best(compared, 0.95, costs_the_second).tolist() == [True, False]
    # ... and with 75 replications it is 50 * 2.996 / 75 = 1.997 < 2.
    assert may_be_best(pairs(np.repeat(values, 8, axis=0)[:74]), 0.95, costs_the_first).tolist() == [True, True]
    assert may_be_best(pairs(np.repeat(values, 8, axis=0)[:75]), 0.95, costs_the_first).tolist() == [True, False]
    assert replications_to_single_out(compared, 0, 0.95, costs_the_first) == 75


def test_intervals_to_the_chosen_one_are_those_of_all_pairs():
    values = NOISE + np.array([0.0, 1.0, 2.0])
    found = differences_to(pairs(values), 0, 0.95)
    difference = values[:, 2] - values[:, 0]
    half = stats.t.isf(0.025 / 3, 9) * difference.std(ddof=1) / math.sqrt(10)  # three pairs, two tails each
    assert (found.value[2], found.low[2], found.high[2]) == pytest.approx(
        (difference.mean(), difference.mean() - half, difference.mean() + half)
    )
    assert (found.value[0], found.low[0], found.high[0]) == (0, 0, 0)


def test_intervals_to_the_chosen_one_allow_for_what_was_not_seen_on_its_own_side():
    compared = pairs(np.repeat([[1.0, 3.0]], 10, axis=0))
    found = differences_to(compared, 0, 0.95, np.array([[0.0, 50.0], [0.0, 0.0]]))
    assert (found.low[1], found.high[1]) == pytest.approx((2 - 5 * math.log(40), 2))


def test_the_replications_that_single_it_out_do():
    values = NOISE + np.array([0.0, 0.3, 0.5])
    best = int(values.mean(axis=0).argmin())
    needed = replications_to_single_out(pairs(values), best, 0.95)
    assert needed is not None
    # Twice as many as needed, with the means and deviations that were seen, leave only the best.
    many = np.tile(values, (2 * needed // 10 + 1, 1))
    assert may_be_best(pairs(many), 0.95).tolist() == [i == best for i in range(3)]
    assert replications_to_single_out(pairs(many), best, 0.95) is None
