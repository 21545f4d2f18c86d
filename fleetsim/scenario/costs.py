"""What a tariff means for a whole scenario: networks without a price, and money beyond what is counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fleetsim import units
from fleetsim.clock import MS_PER_DAY
from fleetsim.scenario.checks import item_bytes
from fleetsim.scenario.schema import Scenario

#: What all SIMs may be expected to cost in a replication: sums of micro-units stay in 64 bits, with room for chance.
MAX_TOTAL_MICROS: Final = 10**18
_MB: Final = 10**6


def unpriced_networks(scenario: Scenario) -> Iterator[str]:
    """Yield a warning for each device group whose network the tariff does not know, where it knows any."""
    tariff = scenario.tariff
    for fleet, content in scenario.fleets.items():
        for name, group in content.devices.items():
            if tariff.networks and group.network is not None and group.network not in tariff.networks:
                price = units.canonical_money(tariff.per_mb_micros)
                yield (
                    f"fleets.{fleet}.devices.{name}.network: '{group.network}' has no price of its own in the tariff:"
                    f" it is priced at per_mb, {price}"
                )


def expected_micros(scenario: Scenario) -> float:
    """Return what all SIMs cost at most on average if nothing stops them: fees, and usage rounded up each period.

    Lookups and handshakes apart.
    """
    tariff, period = scenario.tariff, scenario.platform.billing_period
    shortest_ms = period if isinstance(period, int) else 28 * MS_PER_DAY
    periods = scenario.horizon_ms // shortest_ms + 2
    total = 0.0
    for fleet in scenario.fleets.values():
        for group in fleet.devices.values():
            per_mb = tariff.networks.get(group.network or "", tariff.per_mb_micros)
            used = sum(item_bytes(group, item, scenario.horizon_ms) for item in group.traffic.values())
            usage = (used + periods * tariff.increment_bytes) * per_mb / _MB
            total += group.count * (usage + periods * tariff.fee_micros)
    return total


def too_dear(scenario: Scenario) -> tuple[str, str] | None:
    """Say what was expected and found of the tariff's prices, where money would not fit; else nothing."""
    micros = expected_micros(scenario)
    if micros <= MAX_TOTAL_MICROS:
        return None
    currency = scenario.tariff.currency
    return (
        f"expected prices at which all SIMs cost at most {MAX_TOTAL_MICROS // 10**6:,} {currency}",
        f"prices at which they can come to {micros / 1e6:,.0f} {currency}",
    )
