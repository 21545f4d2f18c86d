"""What cannot happen in a scenario, whatever is drawn: without any limit nobody is blocked, and nothing is overage."""

from __future__ import annotations

from typing import Final

from fleetsim.billing import CAUSES
from fleetsim.scenario import Scenario
from fleetsim.scenario.timeline import StatusChange

_OF_LIMITS: Final = (
    *("blocked_sim_periods_share", "blocked_sims", "blocked_hours"),
    *("overage_bytes", *(f"overage_{cause}_bytes" for cause in CAUSES)),
    *("overage_cost", *(f"overage_cost_{cause}" for cause in CAUSES)),
)


def can_block(scenario: Scenario) -> bool:
    """Whether a SIM may ever be blocked, or have overage.

    Some fleet has a limit, in the file or by the timeline, or a SIM is blocked as the scenario starts.
    """
    limits = [fleet.data_limit_bytes for fleet in scenario.fleets.values()]
    limits += [change.data_limit_bytes for change in scenario.limit_changes]
    initial = (scenario.initial(fleet, group) for fleet, of in scenario.fleets.items() for group in of.devices)
    return any(limit is not None for limit in limits) or any(
        rows is not None and rows.blocked.any() for rows in initial
    )


def never(scenario: Scenario) -> tuple[str, ...]:
    """Metrics of a run's summary that are 0 by construction.

    Bytes are undelivered where SIMs are blocked, and where a transfer is cut because a SIM is made inactive.
    """
    if can_block(scenario):
        return ()
    cut = any(isinstance(entry, StatusChange) and entry.status == "inactive" for entry in scenario.timeline)
    return _OF_LIMITS if cut else (*_OF_LIMITS, "undelivered_bytes")
