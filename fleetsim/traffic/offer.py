"""What each traffic item of a device group offers."""

from __future__ import annotations

from fleetsim.scenario.fleet import Group, streams
from fleetsim.scenario.schema import Continuous, Once, OnOff, Periodic, Poisson, Scenario
from fleetsim.traffic import continuous, on_off, once, periodic, poisson, trace
from fleetsim.traffic.offered import Flows, Ints, Transfers
from fleetsim.traffic.profile import LocalClock
from fleetsim.traffic.spread import factors


def offer(
    scenario: Scenario, group: Group, item: str, replication: int, numbers: Ints, activation_ms: Ints
) -> Transfers | Flows:
    """Offer the traffic of one item.

    Parameters
    ----------
    item
        The item's name in the group.
    numbers, activation_ms
        int64 arrays of shape (sims,): the SIMs' numbers in the group, and when each is activated.
    """
    content = group.devices.traffic[item]
    chance = streams(scenario, group, replication, numbers, item)
    own = factors(group.devices, streams(scenario, group, replication, numbers))
    horizon_ms = scenario.horizon_ms
    match content.arrivals:
        case Periodic() as arrivals:
            return periodic.offer(content, arrivals, chance, activation_ms, horizon_ms, own.size)
        case Poisson() as arrivals:
            clock = LocalClock(scenario.timezone, scenario.start_ms)
            return poisson.offer(content, arrivals, chance, activation_ms, horizon_ms, clock, own)
        case OnOff() as arrivals:
            return on_off.offer(content, arrivals, chance, activation_ms, horizon_ms, own)
        case Once() as arrivals:
            return once.offer(content, arrivals, chance, activation_ms, horizon_ms)
        case Continuous() as arrivals:
            return continuous.offer(content, arrivals, activation_ms, horizon_ms)
        case _:
            return trace.offer(scenario.trace(group.fleet, group.name, item), numbers, activation_ms, horizon_ms)
