"""How a scenario shows itself in a notebook."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from fleetsim.markup import Grid, card
from fleetsim.units import canonical_bytes, canonical_duration, canonical_money, format_duration

if TYPE_CHECKING:
    from fleetsim.scenario.schema import Scenario

_MOST_GROUPS = 12


def scenario_card(scenario: Scenario) -> str:
    """Give what is simulated: who is in which fleet, on which platform, at which price; and for how long."""
    rows = [
        (
            name,
            "unlimited" if fleet.data_limit_bytes is None else canonical_bytes(fleet.data_limit_bytes),
            group_name,
            group.role,
            ", ".join(group.traffic),
            f"{group.count:,}",
        )
        for name, fleet in scenario.fleets.items()
        for group_name, group in fleet.devices.items()
    ]
    shown = rows[:_MOST_GROUPS]
    left_out = len(rows) - len(shown)
    grid = Grid(("fleet", "limit", "devices", "role", "traffic", "SIMs"), shown, 5)
    notes = [
        f"and {left_out:,} more device groups" if left_out else "",
        f"{_instant(scenario.start)} to {_instant(scenario.end)}; "
        f"{_counted(scenario.replications, 'replication')}, seed {scenario.seed}",
        _platform(scenario),
        f"The timeline has {_counted(len(scenario.timeline), 'entry', 'entries')}." if scenario.timeline else "",
        *scenario.warnings,
    ]
    return card(scenario.name, f"scenario of {_counted(scenario.sims, 'SIM')}", [scenario.description], grid, notes)


def _platform(scenario: Scenario) -> str:
    platform, tariff = scenario.platform, scenario.tariff
    interval = platform.record_interval_ms
    records = "at the end of a data session" if interval is None else f"every {canonical_duration(interval)}"
    latest = platform.limit_propagation.max_ms
    prices = f"{tariff.currency} {canonical_money(tariff.fee_micros)} a SIM and billing period"
    return (
        f"Records {records}; a changed limit arrives within {format_duration(latest)}; "
        f"{prices}, {canonical_money(tariff.per_mb_micros)} per MB"
    )


def _instant(when: datetime) -> str:
    return f"{when.day} {when:%b %Y %H:%M} UTC"


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
