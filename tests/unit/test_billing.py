"""Invoices by hand, to the micro-unit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetsim.billing import invoice, prices_per_mb, usage_cost
from fleetsim.scenario.schema import Tariff


def tariff(fee: str = "2.00", per_mb: str = "0.10", increment: str = "1 B", **networks: str) -> Tariff:
    return Tariff.model_validate({"fee": fee, "per_mb": per_mb, "increment": increment, "networks": networks})


def everywhere(money: Tariff) -> tuple[Tariff, np.ndarray]:
    """The tariff, and its price for all rows."""
    return money, prices_per_mb(money, [None])


def test_the_cost_by_cause_is_the_successive_difference_in_the_order_of_causes():
    # 25 B used, the last 20 of them over: 5 by each cause; 0.10 per MB is 0.1 micro-units a byte, rounded half up:
    # cost(5) = (500000 + 500000) // 10^6 = 1, cost(10) = 1, cost(15) = 2, cost(20) = 2, cost(25) = 3.
    found = invoice(np.array([25]), np.array([[5], [5], [5], [5]]), np.array([True]), *everywhere(tariff()))
    assert found.overage_by_cause[:, 0].tolist() == [0, 1, 0, 1]
    assert (found.usage_cost[0], found.overage_cost[0], found.fee[0], found.cost[0]) == (3, 2, 2_000_000, 2_000_003)


@pytest.mark.parametrize(
    ("used", "micros"),
    [
        (0, 0),
        (4, 0),  # 0.4 micro-units
        (5, 1),  # 0.5: half up
        (14, 1),
        (15, 2),
        (1_234_567, 123_457),  # 123,456.7
        (2_000_000_000_000, 200_000_000_000),  # 2 TB: $200,000
    ],
)
def test_usage_is_priced_by_the_byte_and_rounded_half_up(used, micros):
    assert usage_cost(np.array([used]), *everywhere(tariff())).tolist() == [micros]


@pytest.mark.parametrize(("used", "micros"), [(0, 0), (1, 102), (1024, 102), (1025, 205)])
def test_usage_is_rounded_up_to_the_increment(used, micros):
    # 1 KiB is 1,024 B: 102.4 micro-units; two of them are 204.8.
    assert usage_cost(np.array([used]), *everywhere(tariff(increment="1 KiB"))).tolist() == [micros]


def test_an_invoice_of_three_sim_periods():
    # Fee 2.00 where due; 0.10 a MB. Within the limit of 5 MB; 1 MB over; nothing moved and no fee.
    over = np.zeros((4, 3), np.int64)
    over[:, 1] = 700_000, 0, 50_000, 250_000
    found = invoice(np.array([3_000_000, 6_000_000, 0]), over, np.array([True, True, False]), *everywhere(tariff()))
    assert found.fee.tolist() == [2_000_000, 2_000_000, 0]
    assert found.usage_cost.tolist() == [300_000, 600_000, 0]
    assert found.overage_cost.tolist() == [0, 100_000, 0]
    assert found.cost.tolist() == [2_300_000, 2_600_000, 0]
    assert found.overage_by_cause[:, 1].tolist() == [70_000, 0, 5_000, 25_000]
    assert {column.dtype for column in found} == {np.dtype(np.int64)}


def test_with_an_increment_a_cause_that_fills_no_step_of_its_own_costs_nothing():
    # 1,000 B a step at 0.1 micro-units a byte: 100 micro-units. 900 within, 50 over by metering, 51 by DNS: steps 1, 1, 2.
    over = np.array([[50], [0], [0], [51]])
    found = invoice(np.array([1001]), over, np.array([False]), *everywhere(tariff(increment="1 kB")))
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
    found = invoice(np.array([used]), causes, np.array([True]), *everywhere(money))
    assert found.overage_by_cause.sum() == found.overage_cost[0]
    assert (found.overage_by_cause >= 0).all()
    step = money.increment_bytes
    exact = (-(-used // step) * step * money.per_mb_micros + 500_000) // 1_000_000
    assert usage_cost(np.array([used]), *everywhere(money))[0] == exact


@pytest.mark.parametrize("due", [True, False])
def test_a_fee_is_owed_or_not(due):
    found = invoice(np.array([0]), np.zeros((4, 1), np.int64), np.array([due]), *everywhere(tariff()))
    assert found.cost.tolist() == [2_000_000 if due else 0]


def test_each_network_has_its_price_or_the_tariffs():
    money = tariff(per_mb="0.10", de="0.25", free="0")
    assert prices_per_mb(money, ["de", None, "free", "elsewhere", "de"]).tolist() == [
        250_000,
        100_000,
        0,
        100_000,
        250_000,
    ]
    assert prices_per_mb(money, []).dtype == np.int64


def test_rows_of_several_networks_are_each_priced_by_their_own():
    # By the kB: 1,500 B within and 600 B over cost 2 steps, then 3; 0.10 a MB is 100 a step, 0.25 is 250, 0 nothing.
    money = tariff(increment="1 kB", de="0.25", free="0")
    over = np.array([[500, 500, 500], [0, 0, 0], [0, 0, 0], [100, 100, 100]])
    per_mb = prices_per_mb(money, [None, "de", "free"])
    found = invoice(np.array([2100] * 3), over, np.array([True, False, True]), money, per_mb)
    assert found.usage_cost.tolist() == [300, 750, 0]
    assert found.overage_cost.tolist() == [100, 250, 0]
    assert found.overage_by_cause.tolist() == [[0, 0, 0], [0, 0, 0], [0, 0, 0], [100, 250, 0]]
    assert found.cost.tolist() == [2_000_300, 750, 2_000_000]


def test_the_largest_price_of_the_largest_transfer_stays_in_64_bits():
    money = tariff(per_mb="1000000")
    used = 2**40 - 1
    assert usage_cost(np.array([used]), *everywhere(money)).tolist() == [used * 10**12 // 10**6]
