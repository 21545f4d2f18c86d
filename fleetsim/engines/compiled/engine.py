"""Prepare arrays for the compiled lives, and collect what they counted."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleetsim.clock import MS_PER_DAY, add_months, to_ms
from fleetsim.counted import NO_LIMIT, Counted, Kept
from fleetsim.draws.philox import Purpose
from fleetsim.engines.compiled.items import GIVEN, STREAM
from fleetsim.engines.compiled.lists import Ragged, operations_of, periods_of
from fleetsim.engines.compiled.lives import lives
from fleetsim.engines.compiled.plan import Own, own, plan, signed
from fleetsim.engines.compiled.room import point_to, room_for_traffic, scratch
from fleetsim.engines.compiled.state import (
    ALL,
    BY_USE,
    DATA_LIMIT,
    DRAWN,
    FLEET,
    NEVER,
    NONE,
    RULES,
    TABLES,
    TRAFFIC,
    WIDTHS,
    held,
    nobody,
)
from fleetsim.engines.under_limits import Limits, UnderLimits, one_by_one
from fleetsim.rules.dns import lookup_passes, tunnel_passes
from fleetsim.rules.ready import READY_MONTHS
from fleetsim.rules.reconnecting import next_wait
from fleetsim.scenario.fleet import Group, activations_ms, groups, streams
from fleetsim.scenario.operations import Mask, Taken, taken
from fleetsim.scenario.schema import AlwaysOn, Move, OnDemand, Reconnect, Scenario, StatusChange

Ints = NDArray[np.int64]

BATCH, SMALL_BATCH = 4096, 128
"""SIMs that one call of the kernels takes; fewer where their traffic is drawn beforehand and has to be held."""
ROOM, SPANS_ROOM, KEPT_ROOM, TRANSFERS_ROOM, LIVES_ROOM = 1024, 4096, 1 << 16, 1 << 14, 8
WAITS_ROOM = (64, 1 << 12, 1 << 18, 1 << 24)
"""Rooms that are compiled for: of the next one where a chain of attempts grows too slowly."""
KEEPS = {"none": NONE, "traffic": TRAFFIC, "all": ALL}


class CompiledEngine:
    """The model as compiled loops; see the package's docstring."""

    name = "compiled"

    def __init__(self, *, by_event: bool = False) -> None:
        self.by_event = by_event  # live every day instant by instant: the same rows, more slowly

    def compile(self) -> None:
        """Compile, or load what was compiled before."""
        none, offsets = np.zeros(0, np.int64), np.zeros(1, np.int64)
        rows = rows_of(0, 6), Ragged(offsets, rows_of(0, 2)), Ragged(offsets, rows_of(0, 5))
        own = Own(
            rows_of(0, 0), np.zeros((1, 0, 3)), np.zeros(0), rows_of(0, 1), (none,) * 4, np.zeros((0, 0, 5), np.int64)
        )
        holds = np.zeros(1, held(ROOM, WAITS_ROOM[0]))
        collects = gc.isenabled()
        gc.disable()  # a compiler makes much and drops little: a tenth of its time went into looking for that
        try:
            lives(
                np.zeros(1, RULES), nobody(), holds, 0, 0, none, rows[0], *rows[1], *rows[2], own, none, rows_of(0, 2)
            )
        finally:
            if collects:
                gc.enable()

    def simulate(self, scenario: Scenario, replication: int, sims: range, records: Kept = "none") -> Counted:
        """Count what SIMs `sims` do in replication number `replication`; see the reference engine's."""
        found = [
            whole.batch(numbers)[0]
            for group in groups(scenario)
            for whole, numbers in self._batches(scenario, group, replication, sims, KEEPS[records])
        ]
        rows, spans, kept, events, _ = Written.joined(found or [Written.room((0, 0, 0, 0))])
        return Counted(rows, spans, kept, events)

    def simulate_under(
        self, scenario: Scenario, fleet: str, limits: Limits, replication: int, sims: range
    ) -> UnderLimits:
        """Count what SIMs do under each of many limits, their traffic drawn once; see `under_limits.simulate_under`."""
        if _depends(scenario, fleet):
            return one_by_one(self, scenario, fleet, limits, replication, sims)
        tried = np.array([_number_of(limit) for limit in limits], np.int64)
        found = []
        for group in groups(scenario):
            own = tried if group.fleet == fleet else np.array([_limit_of(scenario, group)])
            for whole, numbers in self._batches(scenario, group, replication, sims, NONE):
                written = whole.batch(numbers, limits=own)[0]
                if group.fleet != fleet:
                    written.ranges[:, 1] = tried.size - 1
                found.append(written)
        joined = Written.joined(found or [Written.room((0, 0, 0, 0))])
        first, last = joined.ranges.T
        several = first < last  # then the limit in the file is the only one, and the largest of them stands in the row
        if several.any():
            own_fleet = joined.rows[:, FLEET] == list(scenario.fleets).index(fleet)
            joined.rows[:, DATA_LIMIT] = np.where(several & own_fleet, tried[first], joined.rows[:, DATA_LIMIT])
        return UnderLimits(joined.rows, first, last)

    def _batches(
        self, scenario: Scenario, group: Group, replication: int, sims: range, keeps: int
    ) -> Iterator[tuple[_Replication, Ints]]:
        """Yield SIMs of a group, by their numbers in it, as many at a time as one call of the kernels takes."""
        first, last = max(sims.start, group.sims.start), min(sims.stop, group.sims.stop)
        if first < last:
            whole = _Replication(scenario, group, replication, keeps, by_event=self.by_event)
            whole.taken = taken(scenario, group, whole.turned)
            numbers = np.arange(first, last) - group.first_sim
            for start in range(0, numbers.size, whole.size):
                yield whole, numbers[start : start + whole.size]


def _limit_of(scenario: Scenario, group: Group) -> int:
    return _number_of(scenario.fleets[group.fleet].data_limit_bytes)


def _number_of(limit: int | None) -> int:
    return NO_LIMIT if limit is None else limit


def _depends(scenario: Scenario, fleet: str) -> bool:
    """Does what the owner does to single SIMs depend on the limit that a fleet has from the start on?"""
    comes = any(isinstance(entry, Move) and entry.to == fleet for entry in scenario.timeline)
    ready = any(devices.status == "ready" for devices in scenario.fleets[fleet].devices.values())
    return comes or (ready and any(isinstance(entry, StatusChange) for entry in scenario.timeline))


def rows_of(count: int, width: int) -> Ints:
    """Return room for a table."""
    return np.empty((count, width), np.int64)


class Written(NamedTuple):
    """What SIMs have counted, in the order of `Counted`; and the limits under which each row holds, from and to."""

    rows: Ints
    spans: Ints
    records: Ints
    events: Ints
    ranges: Ints

    @classmethod
    def room(cls, lines: Sequence[int]) -> Written:
        """Return tables with room for so many lines each."""
        return cls(*(rows_of(n, width) for n, width in zip((*lines, lines[0]), (*WIDTHS, 2), strict=True)))

    def filled(self, lines: Sequence[int]) -> Written:
        """Return the lines that have been written."""
        return Written(*(part[:n] for part, n in zip(self, (*lines, lines[0]), strict=True)))

    @classmethod
    def joined(cls, parts: Sequence[Written]) -> Written:
        """Return the tables of all parts, one after the other."""
        return parts[0] if len(parts) == 1 else cls(*(np.concatenate(tables) for tables in zip(*parts, strict=True)))


class _Replication:
    """A device group in one replication."""

    def __init__(self, scenario: Scenario, group: Group, replication: int, keeps: int, *, by_event: bool) -> None:
        self.scenario = scenario
        self.group = group
        self.replication = replication
        self.keeps = keeps
        self.by_event = by_event
        self.plan = plan(scenario, group, replication)
        self.size = SMALL_BATCH if (self.plan.items["kind"] == GIVEN).any() else BATCH
        self.taken: Sequence[Taken] = ()

    def turned(self, before: Sequence[Taken], at: int) -> Mask:
        """Which SIMs have turned active by themselves up to step 2 of instant `at`, after the entries `before`?"""
        asked = _Replication(self.scenario, self.group, self.replication, NONE, by_event=self.by_event)
        asked.taken = before
        numbers = np.arange(self.group.devices.count)
        parts = [asked.batch(numbers[i : i + self.size], at)[1] <= at for i in range(0, numbers.size, self.size)]
        return np.concatenate(parts)

    def batch(self, numbers: Ints, horizon: int | None = None, limits: Ints | None = None) -> tuple[Written, Ints]:
        """Let SIMs live up to the horizon; return what they counted, and when each turns active by itself.

        `horizon` is another one than the scenario's; `limits` are tried instead of the one in the file.
        """
        scenario, group = self.scenario, self.group
        chance = streams(scenario, group, self.replication, numbers)
        activations = activations_ms(scenario, group, chance)
        starts, carried, blocked = self._initial(numbers, activations)
        operations, lists, which = operations_of(scenario, group, self.taken, numbers, chance)
        periods = periods_of(scenario, starts, lists, which)
        traffic = own(scenario, group, self.replication, self.plan, numbers, activations)
        rules, waits = self._rules(scenario.horizon_ms if horizon is None else horizon, traffic)
        turned = np.full(numbers.size, NEVER)
        if limits is None:
            limits = np.array([_limit_of(scenario, group)])
        rules["again"] = limits.size > 1
        each = np.stack(
            [numbers + group.first_sim, numbers, activations, self._ready_until(activations), carried, blocked],
            axis=1,
        )
        room, waiting = TRANSFERS_ROOM, ROOM
        lines = [
            len(periods.rows) * min(limits.size, LIVES_ROOM),
            SPANS_ROOM,
            *((KEPT_ROOM, KEPT_ROOM) if self.keeps else (0, 0)),
        ]
        found: list[Written] = []
        begin = 0
        while begin < numbers.size:
            holds = np.zeros(1, held(waiting, next(size for size in WAITS_ROOM if size >= waits.size)))
            holds["waits"][0, : waits.size] = waits
            holds["waits"][0, waits.size :] = waits[-1]
            out = Written.room(lines)
            arrays = self._room(room)
            point_to(holds[0], arrays | {f"{name}_out": table for name, table in zip(TABLES, out, strict=False)})
            holds["room"], holds["transfers"] = lines, room
            begin = lives(
                *(rules, nobody(), holds, begin, group.fleet_index, limits),
                *(each, *periods, *operations, traffic, turned, out.ranges),
            )
            found.append(out.filled(holds["done"][0].tolist()))
            if holds["transfers"] > room:
                room = 2 * int(holds["transfers"][0])
            elif holds["written"]:
                waiting *= 16
            else:
                lines = [lines[0] if limits.size == 1 else 4 * lines[0], *(4 * n for n in lines[1:])]
        return Written.joined(found), turned

    def _room(self, transfers: int) -> dict[str, NDArray]:
        """Room for the traffic of one SIM and for its drawing."""
        items, kinds = self.plan.items, self.plan.mean_of_kind.size
        days, steps = -(-self.scenario.horizon_ms // MS_PER_DAY), self.plan.drawn_from["kinds"].size
        room = room_for_traffic(items.size, days, steps, transfers)
        room["via_dns"][:] = items["dns"]
        return room | scratch(kinds)

    def _initial(self, numbers: Ints, activations: Ints) -> tuple[Ints, Ints, NDArray[np.int64]]:
        """Start of each SIM's first period, what it had used of it by then (-1: nothing), and is it blocked?"""
        starts, carried, blocked = activations.copy(), np.full(numbers.size, -1), np.zeros(numbers.size, np.int64)
        rows = self.scenario.initial(self.group.fleet, self.group.name)
        if rows is not None and rows.sims.size:
            at = np.minimum(np.searchsorted(rows.sims, numbers), rows.sims.size - 1)
            there = rows.sims[at] == numbers
            starts[there], carried[there] = rows.period_start_ms[at[there]], rows.used_bytes[at[there]]
            blocked[there] = np.where(rows.by_use[at[there]], BY_USE, rows.blocked[at[there]])
        return starts, carried, blocked

    def _ready_until(self, activations: Ints) -> Ints:
        if self.group.devices.status != "ready":
            return np.full(activations.shape, NEVER)
        start = self.scenario.start
        return np.array(
            [to_ms(start, add_months(self.scenario.instant(at), READY_MONTHS)) for at in activations.tolist()], np.int64
        )

    def _rules(self, horizon: int, traffic: Own) -> tuple[NDArray[np.void], Ints]:
        platform, devices = self.scenario.platform, self.group.devices
        dns, session, when_blocked = devices.dns, devices.session, devices.when_blocked
        asking = np.flatnonzero((self.plan.items["dns"] == 0) & (self.plan.items["kind"] != STREAM))
        rules = np.zeros(1, RULES)
        values = {
            "horizon": horizon,
            "days": -(-horizon // MS_PER_DAY),
            "replication": self.replication,
            "item_count": self.plan.items.size,
            "kind_count": self.plan.mean_of_kind.size,
            "streams": (self.plan.items["kind"] == STREAM).any(),
            "merges": dns is not None and dns.cache_ttl_ms > 0 and asking.size > 1,
            "asking_item": asking[0] if asking.size == 1 else -1,
            "takes_time": not self._at_once(traffic),
            "record_interval": NEVER if platform.record_interval_ms is None else platform.record_interval_ms,
            "record_delay": platform.record_delay_ms,
            "enforcement_delay": platform.enforcement_delay_ms,
            "dns_counts": platform.dns_counts,
            "tunnels_pass": tunnel_passes(platform.dns_when_blocked),
            "keeps": self.keeps,
            "first_close": NEVER,
        }
        if dns is not None:
            values |= {
                "looks_up": 1,
                "lookups_pass": lookup_passes(platform.dns_when_blocked, dns.resolver),
                "query": dns.query_bytes,
                "response": dns.response_bytes,
                "cache_ttl": dns.cache_ttl_ms,
            }
        if isinstance(session, AlwaysOn) and platform.record_interval_ms is not None:
            values["first_close"] = DRAWN if session.first_record_ms is None else session.first_record_ms
            chance = streams(self.scenario, self.group, self.replication, rows_of(0, 1)[:, 0])
            values["phase_key"] = int(signed(chance, Purpose.RECORD_PHASE))
        if isinstance(session, OnDemand):
            values |= {"on_demand": 1, "idle_timeout": session.idle_timeout_ms}
        values["sums"] = not self.by_event and self._in_sums(traffic)
        waits = np.zeros(1, np.int64)
        if when_blocked is not None:
            handshake = when_blocked.handshake
            values |= {
                "reconnects": 1,
                "handshake_up": handshake.upload_bytes,
                "handshake_down": handshake.download_bytes,
            }
            waits = waits_of(when_blocked.reconnect)
        for name, value in values.items():
            rules[name] = value
        point_to(rules[0], self.plan.drawn_from)
        return rules, waits

    def _in_sums(self, traffic: Own) -> bool:
        """May time pass in sums? Where nothing is kept, no session depends on traffic, and no transfer takes time."""
        return not (self.keeps or isinstance(self.group.devices.session, OnDemand)) and self._at_once(traffic)

    def _at_once(self, traffic: Own) -> bool:
        """Does no transfer take time?"""
        items, (_, _, _, durations) = self.plan.items, traffic.given
        return not (items["duration"].any() or items["bits_per_s"].any() or durations.any())


def waits_of(reconnect: Reconnect) -> Ints:
    """Waits between the attempts of a chain, up to the one that stays."""
    found = [reconnect.first_ms]
    while (wait := next_wait(found[-1], reconnect.factor, reconnect.max_ms)) != found[-1]:
        found.append(wait)
    return np.array(found, np.int64)
