"""Run the processes of one SIM after the other and collect what they counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from fleetsim.clock import Step, add_months, period_ends, to_ms
from fleetsim.counted import COUNTED, HAPPENED, RECORDED, Counted, Kept
from fleetsim.engines.reference import lifecycle, processes
from fleetsim.engines.reference.ready import Ready
from fleetsim.engines.reference.records import Log
from fleetsim.engines.reference.sim import Sim
from fleetsim.engines.reference.world import World, limit_in_bytes
from fleetsim.rules.ready import READY_MONTHS
from fleetsim.scenario.fleet import Group, activations_ms, first_closes_ms, groups, limit_delays_ms, streams
from fleetsim.scenario.operations import Mask, Operation, SetLimit, Taken, operations, taken
from fleetsim.scenario.schema import OnDemand, Scenario
from fleetsim.traffic import Flows, Transfers, offer

BATCH = 64
"""SIMs whose traffic is drawn in one go: enough to make array operations worth while, little enough memory."""


class ReferenceEngine:
    """The model as SimPy processes; see the package's docstring."""

    name = "reference"

    def simulate(self, scenario: Scenario, replication: int, sims: range, records: Kept = "none") -> Counted:
        """Count what SIMs `sims` do in replication number `replication`.

        Parameters
        ----------
        scenario
            A loaded scenario.
        replication
            From 0.
        sims
            SIMs by their numbers in the scenario's order.
        records
            Usage records to keep; with any of them events are kept too.

        Returns
        -------
        Counted
            Rows sorted by (sim, period).
        """
        found: dict[tuple[str, ...], list[tuple[int, ...]]] = {COUNTED: [], RECORDED: [], HAPPENED: []}
        spans: list[tuple[int, ...]] = []
        for group in groups(scenario):
            first, last = max(sims.start, group.sims.start), min(sims.stop, group.sims.stop)
            if first >= last:
                continue
            whole = _Replication(scenario, group, replication, records)
            whole.taken = taken(scenario, group, whole.turned)
            for sim in whole.lives(np.arange(first, last) - group.first_sim, scenario.horizon_ms):
                lifecycle.end_of_horizon(sim, scenario.horizon_ms)
                found[COUNTED] += sim.rows
                found[HAPPENED] += sim.events
                spans += sim.block_spans
                if sim.records.log is not None:
                    found[RECORDED] += [(sim.number, *record) for record in sim.records.log.rows]
        rows, kept, events = (np.array(each, np.int64).reshape(-1, len(names)) for names, each in found.items())
        return Counted(rows, np.array(spans, np.int64).reshape(-1, 4), kept, events)


class _Replication:
    """A device group in one replication."""

    def __init__(self, scenario: Scenario, group: Group, replication: int, records: Kept) -> None:
        self.scenario = scenario
        self.group = group
        self.replication = replication
        self.records = records
        self.taken: Sequence[Taken] = ()
        self.initial: dict[int, tuple[int, int, bool]] = {}
        rows = scenario.initial(group.fleet, group.name)
        if rows is not None:
            columns: list[list[Any]] = [each.tolist() for each in (rows.period_start_ms, rows.used_bytes, rows.blocked)]
            self.initial = dict(zip(rows.sims.tolist(), zip(*columns, strict=True), strict=True))

    def turned(self, before: Sequence[Taken], at: int) -> Mask:
        """Which SIMs have turned active by themselves up to step 2 of instant `at`, after the entries `before`?"""
        asked = _Replication(self.scenario, self.group, self.replication, "none")
        asked.taken = before
        found = np.zeros(self.group.devices.count, bool)
        for sim in asked.lives(np.arange(found.size), at):
            sim.settle()
            lifecycle.turn_active(sim, at)
            found[sim.number - self.group.first_sim] = sim.status == "active"
        return found

    def lives(self, numbers: np.ndarray, until: int) -> Iterator[Sim]:
        """Let SIMs live up to the instant `until`, one after the other."""
        for start in range(0, numbers.size, BATCH):
            yield from self._batch(numbers[start : start + BATCH], until)

    def _batch(self, numbers: np.ndarray, until: int) -> Iterator[Sim]:
        scenario, group = self.scenario, self.group
        chance = streams(scenario, group, self.replication, numbers)
        activations = activations_ms(scenario, group, chance)
        first_closes = first_closes_ms(scenario, group, chance)
        happens = [operations(scenario, group, self.taken, number) for number in numbers.tolist()]
        instants = {each.at_ms for life in happens for each in life}
        delays = {at: limit_delays_ms(scenario, chance, at).tolist() for at in instants}
        traffic = [
            (item.via == "dns", offer(scenario, group, name, self.replication, numbers, activations))
            for name, item in group.devices.traffic.items()
        ]
        for i, activation in enumerate(activations.tolist()):
            if activation >= until:
                continue
            grid = None if first_closes is None else activation + int(first_closes[i])
            sim = self._activate(int(numbers[i]), activation, grid, happens[i])
            start = sim.env.process
            start(processes.limit_cache(sim, {at: late[i] for at, late in delays.items()}))
            start(processes.recorder(sim))
            start(processes.enforcement(sim))
            for position, (dns, offered) in enumerate(traffic):
                step = Step.TRANSFER + position
                if isinstance(offered, Transfers):
                    start(processes.device(sim, step, offered.of(i), dns))
                else:
                    _start_stream(sim, step, offered, i, dns)
            sim.env.run(until=until)
            yield sim

    def _activate(self, number: int, activation: int, grid: int | None, happens: list[Operation]) -> Sim:
        """Let a SIM leave `new`: its first period starts, a device that is always on opens its session.

        One activated after the start has its cache refreshed in step 3, after what the owner does in step 2 of that
        instant; one that is there from the start holds the limit as the file gives it.
        """
        scenario, group = self.scenario, self.group
        limit = scenario.fleets[group.fleet].data_limit_bytes
        for operation in happens:
            if isinstance(operation, SetLimit) and operation.at_ms < activation:
                limit = operation.data_limit_bytes
        log = None if self.records == "none" else Log(self.records)
        env = World(initial_time=activation)
        place = group.first_sim + number
        sim = Sim(env, place, scenario.platform, group.devices, group.fleet_index, limit_in_bytes(limit), log)
        processes.give_consequences(sim)
        if group.devices.status == "ready":
            until = add_months(scenario.instant(activation), READY_MONTHS)
            sim.status, sim.ready = "ready", Ready(activation, to_ms(scenario.start, until))

        def anchor(start: int) -> Iterator[int]:
            return period_ends(scenario.platform.billing_period, scenario.start, start)

        if not isinstance(group.devices.session, OnDemand):
            sim.open_session(activation, grid)
        if number in self.initial:
            processes.go_on_with_period(sim, anchor, *self.initial[number])
        else:
            processes.begin_period(sim, anchor(activation))
        if activation > 0:
            env.process(processes.refreshing(sim, "activation"))
        env.process(processes.owner(sim, [each for each in happens if each.at_ms >= activation], anchor, grid))
        return sim


def _start_stream(sim: Sim, step: int, offered: Flows, i: int, dns: bool) -> None:
    begin, until = int(offered.begin_ms[i]), int(offered.until_ms[i])
    if begin < until:
        rates = offered.upload_bytes_per_s, offered.download_bytes_per_s
        sim.env.process(processes.stream(sim, step, begin, until, offered.clock_ms, rates, dns))
