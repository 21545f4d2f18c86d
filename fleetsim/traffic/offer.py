"""What each traffic item of a device group offers."""

from __future__ import annotations

from fleetsim.draws.streams import Streams
from fleetsim.scenario.fleet import Group, streams
from fleetsim.scenario.schema import Continuous, Once, OnOff, OwnArrivals, Periodic, Poisson, Scenario, TrafficItem
from fleetsim.traffic import continuous, on_off, once, own, periodic, poisson, trace
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
    if not own.has_function(content):
        return _offer(scenario, group, content, chance, activation_ms, scenario.horizon_ms)
    calling = own.Calling.of(chance, scenario, activation_ms)
    offered = _offer(scenario, group, content, calling, activation_ms, scenario.functions_ms)
    assert isinstance(offered, Transfers)
    return offered if scenario.functions_ms == scenario.horizon_ms else offered.before(scenario.horizon_ms)


def _offer(
    scenario: Scenario, group: Group, content: TrafficItem, chance: Streams, activation_ms: Ints, horizon_ms: int
) -> Transfers | Flows:
    factor = factors(group.devices, streams(scenario, group, chance.replication, chance.numbers))
    match content.arrivals:
        case Periodic() as arrivals:
            return periodic.offer(content, arrivals, chance, activation_ms, horizon_ms, factor.size)
        case Poisson() as arrivals:
            clock = LocalClock(scenario.timezone, scenario.start_ms)
            return poisson.offer(content, arrivals, chance, activation_ms, horizon_ms, clock, factor)
        case OnOff() as arrivals:
            return on_off.offer(content, arrivals, chance, activation_ms, horizon_ms, factor)
        case Once() as arrivals:
            return once.offer(content, arrivals, chance, activation_ms, horizon_ms)
        case OwnArrivals() as arrivals:
            return own.offer(content, arrivals, chance, activation_ms, horizon_ms)
        case Continuous() as arrivals:
            return continuous.offer(content, arrivals, activation_ms, horizon_ms)
        case _:
            rows = scenario.trace(group.fleet, group.name, chance.item)
            return trace.offer(rows, chance.numbers, activation_ms, horizon_ms)
