"""Invoices by hand, to the micro-unit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetsim.billing import invoice, usage_cost
from fleetsim.scenario.schema import Tariff


def tariff(fee: str = "2.00", per_mb: str = "0.10", increment: str = "1 B") -> Tariff:
    return Tariff.model_validate({"fee": fee, "per_mb": per_mb, "increment": increment})


def test_the_cost_by_cause_is_the_successive_difference_in_the_order_of_causes():
    # 25 B used, the last 20 of them over: 5 by each cause; 0.10 per MB is 0.1 micro-units a byte, rounded half up:
    # cost(5) = (500000 + 500000) // 10^6 = 1, cost(10) = 1, cost(15) = 2, cost(20) = 2, cost(25) = 3.
    found = invoice(np.array([25]), np.array([[5], [5], [5], [5]]), np.array([True]), tariff())
    assert found.overage_by_cause[:, 0].tolist() == [0, 1, 0, 1]
    assert (found.usage_cost[0], found.overage_cost[0], found.fee[0], found.cost[0]) == (3, 2, 2_000_000, 2_000_003)


def test_with_an_increment_a_cause_that_fills_no_step_of_its_own_costs_nothing():
    # 1,000 B a step at 0.1 micro-units a byte: 100 micro-units. 900 within, 50 over by metering, 51 by DNS: steps 1, 1, 2.
    over = np.array([[50], [0], [0], [51]])
    found = invoice(np.array([1001]), over, np.array([False]), tariff(increment="1 kB"))
    assert found.overage_by_cause[:, 0].tolist() == [0, 0, 0, 100]
    assert found.cost[0] == 200


@given(
    st.lists(st.integers(0, 10**15), min_size=4, max_size=4),
    st.integers(0, 10**15),
    st.sampled_from(["0", "0.10", "0.000001", "123.456789", "999"]),
    st.sampled_from(["1 B", "1 kB", "1 MB", "1 KiB"]),
)
def test_costs_by_cause_add_up_and_are_exact(over, within, per_mb, increment):
    money = tariff(per_mb=per_mb, increment=increment)
    causes = np.array(over)[:, None]
    used = within + sum(over)
    found = invoice(np.array([used]), causes, np.array([True]), money)
    assert found.overage_by_cause.sum() == found.overage_cost[0]
    assert (found.overage_by_cause >= 0).all()
    step = money.increment_bytes
    exact = (-(-used // step) * step * money.per_mb_micros + 500_000) // 1_000_000
    assert usage_cost(np.array([used]), money)[0] == exact


@pytest.mark.parametrize("due", [True, False])
def test_a_fee_is_owed_or_not(due):
    found = invoice(np.array([0]), np.zeros((4, 1), np.int64), np.array([due]), tariff())
    assert found.cost.tolist() == [2_000_000 if due else 0]
