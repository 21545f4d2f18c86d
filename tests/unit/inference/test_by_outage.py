"""The limit of least cost with outages."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made import DAY_MS, observed

from fleetsim.inference.by_outage import choose_by_outage, objective

FIVE = 5_000_000
NOISE = np.random.default_rng(9).normal(size=(40, 3))


def micros(values):
    return np.rint(1e6 * np.asarray(values)).astype(np.int64)


def test_the_objective_is_cost_and_days_blocked():
    seen = observed([[2, 0]], blocked_ms=np.array([[3 * DAY_MS // 2, 0]]), cost_micros=micros([[10, 12]]))
    assert objective(seen, FIVE).tolist() == [[17_500_000.0, 12_000_000.0]]


def test_the_least_is_recommended_and_what_is_clearly_dearer_is_out():
    cost = micros(1000 + 100 * NOISE[:, :1] + NOISE + [20, 0, 30])
    choice = choose_by_outage(observed(np.zeros((40, 3)), cost_micros=cost, longest_block_ms=0), FIVE, 0.95)
    assert (choice.recommended, choice.could_be, choice.confirmed, choice.edge) == (1, (1,), True, False)
    assert choice.objective.value == pytest.approx(cost.mean(axis=0))
    # Pointwise intervals are as wide as the common part, differences are not.
    assert (choice.objective.high - choice.objective.low > 30e6).all()
    assert (choice.difference.high - choice.difference.low < 4e6).all()
    assert choice.difference.value.tolist() == pytest.approx((cost.mean(axis=0) - cost.mean(axis=0)[1]).tolist())


def test_a_tie_goes_to_the_smaller_limit_and_the_same_stay_together():
    cost = micros(1000 + 100 * NOISE[:, :1] + [5, 0, 0])
    choice = choose_by_outage(observed(np.zeros((40, 3)), cost_micros=cost, longest_block_ms=0), FIVE, 0.95)
    assert (choice.recommended, choice.could_be) == (1, (1, 2))
    assert choice.confirmed  # no replication tells 1 and 2 apart, nor ever will
    assert choice.replications_needed is None


def test_a_tie_between_cost_and_outage_is_one():
    # 5 days at 3 a day against 15: equal, though in floats 5 days * (3 / a day) is less.
    blocked_ms, cost = DAY_MS * np.array([[0, 5]] * 3), np.array([[15, 0]] * 3)
    seen = observed(np.array([[0, 1]] * 3), blocked_ms=blocked_ms, cost_micros=cost, longest_block_ms=0)
    assert objective(seen, 3)[0, 1] < 15
    choice = choose_by_outage(seen, 3, 0.95)
    assert choice.recommended == 0
    assert 0 in choice.could_be


def test_a_smaller_limit_is_not_better_only_because_nobody_was_seen_blocked():
    # Each MB costs 2 more in each replication, and no replication of 40 saw a block. A block at 1 MB that does not
    # happen at 2 MB can cost 5 * 30 = 150: with 40 replications there may be log(2 / 0.05) / 40 of them, worth 13.8.
    cost = micros(1000 + np.zeros((40, 3)) + [0, 2, 14])
    seen = observed(np.zeros((40, 3)), cost_micros=cost)
    choice = choose_by_outage(seen, FIVE, 0.95)
    assert (choice.recommended, choice.could_be, choice.confirmed) == (0, (0, 1), False)
    assert choice.replications_needed == math.ceil(150 * math.log(40) / 2)
    # The other way round, where blocking is monotone, the larger limit cannot block whom the smaller does not ...
    turned = cost[:, ::-1].copy()
    choice = choose_by_outage(observed(np.zeros((40, 3)), cost_micros=turned), FIVE, 0.95)
    assert (choice.recommended, choice.could_be, choice.confirmed) == (2, (2,), True)
    # ... and where it is not, it can.
    choice = choose_by_outage(observed(np.zeros((40, 3)), cost_micros=turned, monotone=False), FIVE, 0.95)
    assert choice.could_be == (1, 2)


def test_one_replication_is_too_few():
    choice = choose_by_outage(observed(np.zeros((1, 2)), cost_micros=micros([[2, 1]])), FIVE, 0.95)
    assert choice.too_few
    assert (choice.recommended, choice.nearest, choice.could_be, choice.replications_needed) == (None, 1, (0, 1), 2)
    assert not choice.edge
    assert np.isinf(choice.objective.high).all()


def test_the_recommended_limit_is_always_in_the_set():
    chance = np.random.default_rng(10)
    for _ in range(200):
        n, k = int(chance.integers(2, 9)), int(chance.integers(1, 9))
        cost = chance.integers(0, 4, (n, k))
        seen = observed(np.zeros((n, k)), cost_micros=cost, longest_block_ms=0)
        choice = choose_by_outage(seen, FIVE, 0.9)
        sums = cost.sum(axis=0).tolist()
        assert choice.recommended == sums.index(min(sums))
        assert choice.recommended in choice.could_be
        assert choice.confirmed or len(choice.could_be) > 1
