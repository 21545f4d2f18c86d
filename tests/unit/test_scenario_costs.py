"""Prices in a scenario: networks with and without one, and money that would not fit."""

from __future__ import annotations

import pytest
from scenario_texts import SMALL

import fleetsim
from fleetsim.errors import BadInput
from fleetsim.scenario import load_text
from fleetsim.scenario.costs import MAX_TOTAL_MICROS, expected_micros

GROUP = "fleets.meters.devices.meter"
ITEM = f"{GROUP}.traffic.readings"


def mistakes(*changes: str) -> list[str]:
    with pytest.raises(BadInput) as caught:
        load_text(SMALL, changes, file="s.yaml")
    return str(caught.value).split("\n")


def test_a_network_without_a_price_is_warned_of_where_the_tariff_has_networks():
    changes = [f"{GROUP}.network=US-9", "tariff.networks={US-1: 0.2}"]
    assert load_text(SMALL, changes).warnings == (
        f"{GROUP}.network: 'US-9' has no price of its own in the tariff: it is priced at per_mb, 0.10",
    )


@pytest.mark.parametrize(
    "changes",
    [
        [f"{GROUP}.network=US-9"],
        [f"{GROUP}.network=US-9", "tariff.networks={}"],
        [f"{GROUP}.network=US-1", "tariff.networks={US-1: 0.2}"],
        ["tariff.networks={US-1: 0.2}"],
    ],
)
def test_nothing_is_warned_of_where_every_network_has_its_price_or_the_tariff_knows_none(changes):
    assert load_text(SMALL, changes).warnings == ()


def test_what_a_scenario_can_cost_is_added_up_by_hand():
    # 3 SIMs, 31 days, so at most 3 periods: fees of 9 * 2.00. 2,976 transfers of 800 B a SIM are 2,380,800 B, and 3 kB
    # for rounding up: 2,383,800 B at 0.20 a MB are 476,760 micro-units each.
    scenario = load_text(SMALL, [f"{GROUP}.network=a", "tariff={increment: 1 kB, networks: {a: 0.2}}"])
    assert expected_micros(scenario) == pytest.approx(18_000_000 + 3 * 476_760)


def test_prices_at_which_all_sims_together_leave_64_bits_are_a_mistake():
    # 10^6 SIMs of 3.1 * 10^8 B at 1,000 a MB: 3 * 10^17 micro-units; at 10,000 a MB 3 * 10^18.
    many = [f"{GROUP}.count=1000000", f"{ITEM}.upload=100 kB"]
    assert expected_micros(load_text(SMALL, [*many, "tariff.per_mb=1000"])) < MAX_TOTAL_MICROS
    assert mistakes(*many, "tariff={per_mb: 10000}") == [
        "--set tariff={per_mb: 10000}: tariff: found prices at which they can come to 2,976,006,030,000 USD; "
        "expected prices at which all SIMs cost at most 1,000,000,000,000 USD"
    ]
    assert len(mistakes(*many, f"{GROUP}.network=a", "tariff.networks={a: 10000}")) == 1
    assert len(mistakes(*many, "tariff.fee=1000000")) == 1


def test_a_run_is_not_priced_again_at_such_prices():
    changes = ["duration=1 day", f"{GROUP}.count=1", f"{ITEM}.upload=1 TB", f"{ITEM}.arrivals.every=2 h"]
    result = fleetsim.run(load_text(SMALL, changes), engine="reference", workers=1)
    with pytest.raises(BadInput, match=r"tariff: found prices at which they can come to 12,0.* USD; expected prices"):
        fleetsim.reprice(result, {"per_mb": "1000000"})
