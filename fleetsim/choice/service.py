"""Whom a choice looks at: the device groups that are ever in the fleet, and whether any service can be counted."""

from __future__ import annotations

from collections.abc import Iterator

from fleetsim.errors import Mistake
from fleetsim.experiments.outlook import Outlook
from fleetsim.scenario.fleet import Group, groups
from fleetsim.scenario.schema import Move, Scenario
from fleetsim.units import canonical_duration


def concerned(scenario: Scenario, fleet: str) -> list[Group]:
    """Device groups that start in the fleet or that the timeline moves SIMs of to it, in the scenario's order."""
    coming = {entry.sims for entry in scenario.timeline if isinstance(entry, Move) and entry.to == fleet}
    return [group for group in groups(scenario) if group.fleet == fleet or (group.fleet, group.name) in coming]


def sims_concerned(scenario: Scenario, fleet: str) -> int:
    """How many SIMs these are."""
    return sum(group.devices.count for group in concerned(scenario, fleet))


def no_service(scenario: Scenario, fleet: str) -> Iterator[Mistake]:
    """Yield what is wrong with a fleet in which no service can be counted."""
    normal = [group for group in concerned(scenario, fleet) if group.devices.role == "normal"]
    if not normal:
        what = "found no normal device; expected one at least (role: normal), for service is counted of these"
        yield Mistake("fleet", None, fleet, what)
        return
    ends = [Outlook(scenario, group).complete_ms for group in normal]
    if not any(end is not None and end <= scenario.horizon_ms for end in ends):
        yield none_complete(scenario, fleet)


def none_complete(scenario: Scenario, fleet: str) -> Mistake:
    """Say that no normal device has a complete billing period."""
    what = f"found no complete billing period of a normal device in {canonical_duration(scenario.horizon_ms)}"
    return Mistake("fleet", None, fleet, f"{what}; expected a longer duration, for service is counted in these")
