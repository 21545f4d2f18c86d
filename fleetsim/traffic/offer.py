"""What each traffic item of a device group offers."""

from __future__ import annotations

from fleetsim.scenario.fleet import Group, streams
from fleetsim.scenario.schema import Continuous, Once, Periodic, Poisson, Scenario
from fleetsim.traffic import continuous, once, periodic, poisson, trace
from fleetsim.traffic.offered import Flows, Ints, Moments, Transfers


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
    horizon_ms = scenario.horizon_ms
    match content.arrivals:
        case Periodic() as arrivals:
            return periodic.offer(content, arrivals, chance, activation_ms, horizon_ms)
        case Poisson() as arrivals:
            return poisson.offer(content, arrivals, chance, activation_ms, horizon_ms)
        case Once() as arrivals:
            return once.offer(content, arrivals, chance, activation_ms, horizon_ms)
        case Continuous() as arrivals:
            return continuous.offer(content, arrivals, activation_ms, horizon_ms)
        case _:
            return trace.offer(scenario.trace(group.fleet, group.name, item), numbers, activation_ms, horizon_ms)


def moments(scenario: Scenario, group: Group, item: str, from_ms: int, until_ms: int) -> Moments:
    """Mean and variance over SIMs of the bytes that an item offers in [from, until), for SIMs active throughout.

    Periodic traffic counts from the activation, which is taken to be `from_ms`.
    """
    content = group.devices.traffic[item]
    match content.arrivals:
        case Periodic() as arrivals:
            return periodic.moments(content, arrivals, until_ms - from_ms)
        case Poisson() as arrivals:
            return poisson.moments(content, arrivals, until_ms - from_ms)
        case Once() as arrivals:
            return once.moments(content, arrivals, from_ms, until_ms)
        case Continuous() as arrivals:
            return continuous.moments(content, arrivals, from_ms, until_ms)
        case _:
            rows = scenario.trace(group.fleet, group.name, item)
            return trace.moments(rows, group.devices.count, from_ms, until_ms)
