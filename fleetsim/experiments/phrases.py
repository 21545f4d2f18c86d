"""Figures of the outline as people say them: rounded, with a unit."""

from __future__ import annotations

from collections.abc import Sequence

from fleetsim.scenario.schema import Scenario
from fleetsim.units import format_bytes

HARDLY = 0.0005
"""A share below it is not worth a word."""


def at(scenario: Scenario, ms: int) -> str:
    """Return an instant that is given in ms since the start, to the minute."""
    return scenario.instant(ms).strftime("%Y-%m-%d %H:%M UTC")


def limit(size: int | None) -> str:
    """Return a data limit."""
    return "unlimited" if size is None else f"limit {format_bytes(size)}"


def size(expected: float) -> str:
    """Return bytes that are expected."""
    return "under 1 B" if 0 < expected < 0.995 else format_bytes(expected)


def some(count: float, what: str) -> str:
    """Return a number of things: ``1 SIM``, ``980 SIMs``."""
    return f"{count:,.0f} {what}" + ("" if round(count) == 1 else "s")


def share(part: float) -> str:
    """Return a share in percent: ``12 %``, ``0.3 %``; only all is ``100 %``."""
    percent = 100 * part
    if 99.5 <= percent < 100 - 100 * HARDLY:
        return "over 99 %"
    if 0 < percent < 0.001:
        return "under 0.001 %"
    return f"{percent:,.0f} %" if percent >= 1.95 else f"{percent:.2g} %"


def of_the_sims(part: float) -> str:
    """Return how many SIMs a share is: ``about 12 % of the SIMs``."""
    if part < HARDLY:
        return "hardly any SIM"
    return "about all SIMs" if part > 1 - HARDLY else f"about {share(part)} of the SIMs"


def shares(parts: Sequence[tuple[str, float]]) -> str:
    """Return shares of groups: ``about 12 % of meter, about 100 % of stuck``; nothing where there are hardly any."""
    return ", ".join(f"about {share(part)} of {name}" for name, part in parts if part >= HARDLY)


def money(scenario: Scenario, value: float) -> str:
    """Return an amount of the scenario's currency, to the cent or to two digits."""
    return f"{amount(value)} {scenario.tariff.currency}"


def amount(value: float) -> str:
    """Return an amount without its currency."""
    if 0 < value < 0.001:
        return "under 0.001"
    return f"{value:,.2f}" if value >= 0.1 or value == 0 else f"{value:.2g}"
