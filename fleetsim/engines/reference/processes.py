"""The processes of one SIM's life, as SimPy runs them.

Each reads as a sentence of the model. What decides nothing costs no event: the recorder and the enforcement sleep
until the bytes moved, with those that running traffic can still move, could be found above the limit (`Sim.in_doubt`).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence

import simpy

from fleetsim.clock import Step
from fleetsim.engines.reference.flows import Flow
from fleetsim.engines.reference.records import NEVER
from fleetsim.engines.reference.row import Row
from fleetsim.engines.reference.sim import Sim
from fleetsim.engines.reference.world import At
from fleetsim.rules.reconnecting import next_wait
from fleetsim.scenario.schema import OnDemand, Reconnect

Process = Generator[simpy.Event, object, None]


def device(sim: Sim, step: int, transfers: Iterable[tuple[int, int, int, int]], dns: bool) -> Process:
    """Offer the transfers of one traffic item: (time, upload, download, duration), in time order."""
    env = sim.env
    for time, upload, download, duration in transfers:
        yield At(env, time, step)
        running = sim.offer(upload, download, duration, dns=dns)
        if running is not None:
            env.process(transfer(sim, running))


def transfer(sim: Sim, running: Flow) -> Process:
    """Run to the end, unless a block cuts it."""
    yield At(sim.env, running.ends, Step.FLOW)
    if not running.over:
        sim.end_flow(running)


def stream(sim: Sim, step: int, begin: int, until: int, clock: int, rates: tuple[int, int], dns: bool) -> Process:
    """Flow from `begin` to `until` at the upload and download `rates`, bytes a second, by a clock of its own."""
    yield At(sim.env, begin, step)
    flow = sim.begin_stream(clock, until, *rates, dns=dns)
    yield At(sim.env, until, Step.FLOW)
    sim.end_flow(flow)


def going_on(sim: Sim) -> Process:
    """Take suspended traffic up again, in the traffic step of the instant of the unblock."""
    yield At(sim.env, sim.env.now, Step.RESUME)
    sim.goes_on()


def session(sim: Sim, idle_timeout: int) -> Process:
    """Serve a device on demand: opened by activity, closed when it has been idle for `idle_timeout`."""
    while True:
        yield sim.session_opened.next
        while sim.running or sim.last_activity + idle_timeout > sim.env.now:
            if sim.running:
                yield sim.fell_quiet.next
            else:
                yield At(sim.env, sim.last_activity + idle_timeout, Step.CLOSE)
        now = sim.settle()
        sim.session_open = False
        sim.records.session_ends(now)
        sim.evidence.give()


def recorder(sim: Sim) -> Process:
    """Make a usage record at every close that can decide something."""
    while True:
        yield sim.doubt_raised.next
        while sim.in_doubt:
            if sim.records.next_close == NEVER:  # a session's end makes the record
                yield sim.session_opened.next
                continue
            yield At(sim.env, sim.records.next_close, Step.CLOSE)
            sim.records.close_until(sim.settle())
            sim.evidence.give()


def enforcement(sim: Sim) -> Process:
    """Evaluate each record `record_delay` after it closed."""
    while True:
        if not (sim.in_doubt and sim.records.waiting):
            yield sim.evidence.next
            continue
        yield At(sim.env, sim.records.next_evaluation, Step.EVALUATE)
        now = sim.settle()
        if sim.records.evaluation_due(now):
            sim.evaluate(sim.records.recorded_until(now))


def block(sim: Sim, ticket: object) -> Process:
    """Take effect `enforcement_delay` after it was ordered, unless it was cancelled."""
    yield At(sim.env, sim.env.now + sim.platform.enforcement_delay_ms, Step.BLOCK)
    if sim.pending is ticket:
        sim.block()


def reconnecting(sim: Sim, reconnect: Reconnect) -> Process:
    """Attempt to reconnect, ever more rarely, until an attempt finds the SIM unblocked or a new block starts anew."""
    sim.chain = chain = object()
    wait = reconnect.first_ms
    attempt = sim.env.now + wait
    while True:
        yield At(sim.env, attempt, Step.ATTEMPT)
        if sim.chain is not chain or sim.attempt():
            return
        wait = next_wait(wait, reconnect.factor, reconnect.max_ms)
        attempt += wait


def limit_cache(sim: Sim, delays: dict[int, int]) -> Process:
    """Learn of a changed limit late: `delays` maps the instant of a change to what it takes to arrive."""
    while True:
        yield sim.limit_set.next
        now = sim.env.now
        yield At(sim.env, now + delays[now], Step.REFRESH)
        sim.refresh_limit()


def owner(sim: Sim, timeline: Sequence[tuple[int, int]]) -> Process:
    """Set the fleet's limit at the instants of the timeline."""
    for at, limit in timeline:
        yield At(sim.env, at, Step.OWNER)
        sim.settle()
        sim.fleet_limit = limit
        sim.limit_set.give()


def billing_period(sim: Sim, ends: Iterable[int]) -> Process:
    """Start anew at the end of each billing period."""
    start = sim.env.now
    for period, end in enumerate(ends):
        sim.start_period(Row(period, start, end))
        yield At(sim.env, end, Step.PERIOD)
        sim.end_period()
        start = end


def install_session(sim: Sim, first_close: int | None) -> None:
    """Open the one session of a device that is always on, or serve one on demand."""
    mode = sim.device.session
    if isinstance(mode, OnDemand):
        sim.env.process(session(sim, mode.idle_timeout_ms))
    else:
        sim.session_open = True
        sim.records.session_opens(sim.env.now, first_close)


def give_consequences(sim: Sim) -> None:
    """Let what happens to the SIM start the processes that follow from it."""
    start = sim.env.process

    def order_block(ticket: object) -> None:
        start(block(sim, ticket))

    def resume_traffic() -> None:
        start(going_on(sim))

    def start_chain() -> None:
        if sim.device.when_blocked is not None:
            start(reconnecting(sim, sim.device.when_blocked.reconnect))

    sim.order_block = order_block
    sim.resume_traffic = resume_traffic
    sim.start_chain = start_chain
