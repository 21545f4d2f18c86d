"""A scenario under another limit of one of its fleets, as if its file said so."""

from __future__ import annotations

from fleetsim.scenario.schema import LimitChange, Scenario


def with_limit(scenario: Scenario, fleet: str, data_limit_bytes: int | None) -> Scenario:
    """Return the scenario as it is loaded with ``--set fleets.FLEET.data_limit=...``; the one given stays as it is.

    The limit is in force from the start; what the timeline sets later stays. Where a file of SIMs in the middle of
    their billing period leaves open which of them are blocked, those are that have used more than the new limit.

    Parameters
    ----------
    fleet
        Name of a fleet of the scenario.
    data_limit_bytes
        Any number of bytes, or ``None``: unlimited. Whether the provider takes it is for the caller to check.
    """
    fleets = dict(scenario.fleets)
    fleets[fleet] = fleets[fleet].model_copy(update={"data_limit_bytes": data_limit_bytes})
    other = scenario.model_copy(update={"fleets": fleets})
    other._initial = {
        place: rows.under(data_limit_bytes) if place[0] == fleet else rows for place, rows in scenario._initial.items()
    }
    return other


def without_limit(scenario: Scenario, fleet: str) -> Scenario:
    """Return the scenario in which `fleet` never has a limit: neither in its file nor by the timeline."""
    timeline = tuple(
        entry.model_copy(update={"data_limit_bytes": None})
        if isinstance(entry, LimitChange) and entry.fleet == fleet
        else entry
        for entry in scenario.timeline
    )
    return with_limit(scenario.model_copy(update={"timeline": timeline}), fleet, None)
