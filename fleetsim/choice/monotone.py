"""Where a larger limit can block no SIM-period that a smaller one does not, nor for longer; docs/choosing-a-limit.md.

Up to its first block of a period, what a SIM does there depends on the limit only through its state as the period
starts. If that is the same under all limits, then so are its bytes and records, and usage known passes a larger limit
no earlier than a smaller one. Under one limit it then stays above: the block lasts until the period ends.

So it is asked whether a block can leave a trace in a later period (a running transfer that was cut, a session or an
answer kept for a while, a chain of attempts), and whether later periods count at all. What is not sure is taken to do
so: to say "not monotone" costs nothing but width.
"""

from __future__ import annotations

from fleetsim.clock import period_ends
from fleetsim.scenario.fleet import Group, groups
from fleetsim.scenario.schema import AlwaysOn, Continuous, DeviceGroup, LimitChange, Move, Scenario, Trace, TrafficItem


def is_monotone(scenario: Scenario, fleet: str) -> bool:
    """Tell whether each counted SIM-period that is blocked under a limit is so under every smaller one, as long."""
    normal = [group for group in groups(scenario) if group.devices.role == "normal"]
    names = {(group.fleet, group.name) for group in normal}
    for entry in scenario.timeline:
        if isinstance(entry, LimitChange):
            touched = entry.fleet == fleet
        else:
            comes = isinstance(entry, Move) and entry.to == fleet
            touched = entry.sims in names and (entry.sims[0] == fleet or comes)
        if touched:
            return False
    own = [group for group in normal if group.fleet == fleet]
    return all(_starts_the_same(scenario, group) or _counts_first_periods_only(scenario, group) for group in own)


def _starts_the_same(scenario: Scenario, group: Group) -> bool:
    """Is a SIM's state at the start of each period the same, whatever was blocked before?"""
    devices = group.devices
    return (
        isinstance(devices.session, AlwaysOn)
        and (devices.dns is None or devices.dns.cache_ttl_ms == 0)
        and not _attempts_move_bytes(devices)
        and all(
            _leaves_nothing_running(scenario, (group.fleet, group.name, name), item)
            for name, item in devices.traffic.items()
        )
    )


def _attempts_move_bytes(devices: DeviceGroup) -> bool:
    """Can an attempt that goes on into the next period move bytes there?"""
    if devices.when_blocked is None:
        return False
    handshake = devices.when_blocked.handshake
    return devices.dns is not None or handshake.upload_bytes + handshake.download_bytes > 0


def _leaves_nothing_running(scenario: Scenario, place: tuple[str, str, str], item: TrafficItem) -> bool:
    """Is traffic at once, or such that a block only suspends: by its own clock it goes on as if there had been none?"""
    if isinstance(item.arrivals, Continuous):
        return True
    if isinstance(item.arrivals, Trace):
        return not scenario.trace(*place).duration_ms.any()
    return item.duration_ms == 0 and item.throughput_bits_per_s is None


def _counts_first_periods_only(scenario: Scenario, group: Group) -> bool:
    """Does no SIM of the group have a complete period before which it can have been blocked?"""
    if scenario.initial(group.fleet, group.name) is not None:
        return False
    ends = period_ends(scenario.platform.billing_period, scenario.start, group.devices.activation.at_ms)
    next(ends)
    return next(ends) > scenario.horizon_ms
