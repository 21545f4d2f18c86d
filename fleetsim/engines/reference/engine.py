"""Run the processes of one SIM after the other and collect what they counted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fleetsim.clock import Step, period_ends
from fleetsim.counted import COUNTED, NO_LIMIT, Counted
from fleetsim.engines.reference import processes
from fleetsim.engines.reference.sim import Sim
from fleetsim.engines.reference.world import World
from fleetsim.scenario.fleet import (
    Group,
    activations_ms,
    first_closes_ms,
    groups,
    limit_delays_ms,
    limits_of,
    streams,
)
from fleetsim.scenario.schema import Scenario
from fleetsim.traffic import Flows, Transfers, offer

BATCH = 64
"""SIMs whose traffic is drawn in one go: enough to make array operations worth while, little enough memory."""


class ReferenceEngine:
    """The model as SimPy processes; see the package's docstring."""

    name = "reference"

    def simulate(self, scenario: Scenario, replication: int, sims: range) -> Counted:
        """Count what SIMs `sims` do in replication number `replication`.

        Parameters
        ----------
        scenario
            A loaded scenario.
        replication
            From 0.
        sims
            SIMs by their numbers in the scenario's order.

        Returns
        -------
        Counted
            Rows sorted by (sim, period).
        """
        rows: list[tuple[int, ...]] = []
        spans: list[tuple[int, int, int]] = []
        for group in groups(scenario):
            first, last = max(sims.start, group.sims.start), min(sims.stop, group.sims.stop)
            for start in range(first, last, BATCH):
                numbers = np.arange(start, min(start + BATCH, last)) - group.first_sim
                for sim in _lives(scenario, group, replication, numbers):
                    rows += sim.rows
                    spans += sim.block_spans
        return Counted(np.array(rows, np.int64).reshape(-1, len(COUNTED)), np.array(spans, np.int64).reshape(-1, 3))


def _lives(scenario: Scenario, group: Group, replication: int, numbers: np.ndarray) -> Iterator[Sim]:
    """Live through the horizon with each SIM of a batch."""
    chance = streams(scenario, group, replication, numbers)
    activations = activations_ms(group, chance)
    first_closes = first_closes_ms(scenario, group, chance)
    limits = limits_of(scenario, group.fleet)
    delays = {at: limit_delays_ms(scenario, chance, at).tolist() for at, _ in limits}
    traffic = [
        (item.via == "dns", offer(scenario, group, name, replication, numbers, activations))
        for name, item in group.devices.traffic.items()
    ]
    for i, activation in enumerate(activations.tolist()):
        if activation >= scenario.horizon_ms:
            continue
        sim = _activate(scenario, group, group.first_sim + int(numbers[i]), activation)
        start = sim.env.process
        start(processes.billing_period(sim, period_ends(scenario.platform.billing_period, scenario.start, activation)))
        start(processes.owner(sim, [(at, _bytes(limit)) for at, limit in limits if at >= activation]))
        start(processes.limit_cache(sim, {at: late[i] for at, late in delays.items()}))
        start(processes.recorder(sim))
        start(processes.enforcement(sim))
        processes.install_session(sim, None if first_closes is None else activation + int(first_closes[i]))
        for position, (dns, offered) in enumerate(traffic):
            step = Step.TRANSFER + position
            if isinstance(offered, Transfers):
                start(processes.device(sim, step, offered.of(i), dns))
            else:
                _start_stream(sim, step, offered, i, dns)
        sim.env.run(until=scenario.horizon_ms)
        sim.end_of_horizon()
        yield sim


def _activate(scenario: Scenario, group: Group, number: int, activation: int) -> Sim:
    """Return the SIM at its activation, with the limits that its fleet and its cache have then.

    A SIM activated after the start reads, in step 3, the limit that the owner may have set in step 2 of that instant;
    one that is there from the start holds the limit as the file gives it.
    """
    fleet_limit = cached_limit = _bytes(scenario.fleets[group.fleet].data_limit_bytes)
    for at, limit in limits_of(scenario, group.fleet):
        if at < activation:
            fleet_limit = _bytes(limit)
        if at <= activation and activation > 0:
            cached_limit = _bytes(limit)
    env = World(initial_time=activation)
    sim = Sim(env, number, scenario.platform, group.devices, fleet_limit, cached_limit)
    processes.give_consequences(sim)
    return sim


def _start_stream(sim: Sim, step: int, offered: Flows, i: int, dns: bool) -> None:
    begin, until = int(offered.begin_ms[i]), int(offered.until_ms[i])
    if begin < until:
        rates = offered.upload_bytes_per_s, offered.download_bytes_per_s
        sim.env.process(processes.stream(sim, step, begin, until, offered.clock_ms, rates, dns))


def _bytes(limit: int | None) -> int:
    return NO_LIMIT if limit is None else limit
