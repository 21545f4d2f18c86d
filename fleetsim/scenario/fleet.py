"""The scenario's fleet as integers per SIM: who is who, when it is activated, when a changed limit reaches it.

Everything here that chance decides is drawn from streams keyed by (seed, replication, fleet, group, SIM's number in the
group, purpose), so no other group, block or worker moves it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetsim.clock import MS_PER_DAY
from fleetsim.draws.philox import Purpose
from fleetsim.draws.streams import Streams
from fleetsim.scenario.schema import AlwaysOn, DeviceGroup, Scenario

Ints = NDArray[np.int64]
_SHARE_UNIT = 1 << 52  # a share is compared to a draw on this grid


@dataclass(frozen=True)
class Group:
    """A device group in its place.

    Attributes
    ----------
    fleet, name
        Where the scenario defines it.
    index, fleet_index
        Its number, and its fleet's, in the scenario's order.
    devices
        What the scenario says of its devices.
    first_sim
        Number of its first SIM in the scenario's order; its SIMs follow one another.
    """

    fleet: str
    name: str
    index: int
    fleet_index: int
    devices: DeviceGroup
    first_sim: int

    @property
    def sims(self) -> range:
        """Its SIMs, by their numbers in the scenario's order."""
        return range(self.first_sim, self.first_sim + self.devices.count)


def groups(scenario: Scenario) -> tuple[Group, ...]:
    """All device groups in the scenario's order."""
    found: list[Group] = []
    first_sim = 0
    for fleet_index, (fleet, content) in enumerate(scenario.fleets.items()):
        for name, devices in content.devices.items():
            found.append(Group(fleet, name, len(found), fleet_index, devices, first_sim))
            first_sim += devices.count
    return tuple(found)


def limits_of(scenario: Scenario, fleet: str) -> list[tuple[int, int | None]]:
    """Limits that the owner sets for `fleet`: (ms, bytes or None) in time order, the file's order at one instant."""
    changes = [(each.at_ms, each.data_limit_bytes) for each in scenario.limit_changes if each.fleet == fleet]
    return sorted(changes, key=lambda change: change[0])


def streams(scenario: Scenario, group: Group, replication: int, numbers: Ints, item: str = "") -> Streams:
    """Streams of the SIMs `numbers` (0-based in the group), or of one of their traffic items."""
    return Streams(scenario.seed, replication, group.fleet, group.name, item, numbers)


def activations_ms(scenario: Scenario, group: Group, chance: Streams) -> Ints:
    """Instant of each SIM's activation: uniform on [at, at + over], whole ms; the start, where it was active before."""
    activation = group.devices.activation
    instants = activation.at_ms + chance.uniform(Purpose.ACTIVATION, activation.over_ms + 1)[:, 0]
    rows = scenario.initial(group.fleet, group.name)
    return instants if rows is None else np.where(np.isin(chance.numbers, rows.sims), 0, instants)


def first_closes_ms(scenario: Scenario, group: Group, chance: Streams) -> Ints | None:
    """From activation to the first close of an always-on SIM's records: random in (0, interval], or as the file has it.

    ``None`` where records close by no grid of the SIM's own: on demand, or only at a session's end.
    """
    session = group.devices.session
    interval = scenario.platform.record_interval_ms
    if interval is None or not isinstance(session, AlwaysOn):
        return None
    if session.first_record_ms is not None:
        return np.full(chance.numbers.shape, session.first_record_ms, np.int64)
    return 1 + chance.uniform(Purpose.RECORD_PHASE, interval)[:, 0]


def limit_delays_ms(scenario: Scenario, chance: Streams, at_ms: int) -> Ints:
    """Delay with which a limit set at `at_ms` reaches each SIM.

    With the typical share uniform on (0, typical], else uniform on (typical, max]. The draws are numbered by the
    instant, so that another entry on the timeline moves none of them.
    """
    spread = scenario.platform.limit_propagation
    if spread.fixed:
        return np.full(chance.numbers.shape, spread.max_ms, np.int64)
    day, instant = divmod(at_ms, MS_PER_DAY)

    def draw(below: int, which: int) -> Ints:
        return chance.uniform(Purpose.LIMIT_DELAY, below, step=day, first=2 * instant + which)[:, 0]

    is_typical = draw(_SHARE_UNIT, 0) < int(spread.typical_share * _SHARE_UNIT)
    late_ms = max(spread.max_ms - spread.typical_ms, 1)  # where there is none, no draw is late
    return np.where(is_typical, 1 + draw(spread.typical_ms, 1), spread.typical_ms + 1 + draw(late_ms, 1))
