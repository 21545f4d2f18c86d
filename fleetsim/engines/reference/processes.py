"""The processes of one SIM's life, as SimPy runs them.

Each reads as a sentence of the model. What decides nothing costs no event: the recorder and the enforcement sleep
until the bytes moved, with those that running traffic can still move, could be found above the limit (`Sim.in_doubt`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

import simpy

from fleetsim.clock import Step
from fleetsim.engines.reference import enforcement as enforce
from fleetsim.engines.reference import lifecycle
from fleetsim.engines.reference.flows import Flow
from fleetsim.engines.reference.records import NEVER
from fleetsim.engines.reference.sim import Sim
from fleetsim.engines.reference.world import At, limit_in_bytes
from fleetsim.rules.reconnecting import next_wait
from fleetsim.scenario.operations import MoveTo, Operation, SetStatus
from fleetsim.scenario.schema import OnDemand, Reconnect

Process = Generator[simpy.Event, object, None]
PeriodEnds = Callable[[int], Iterator[int]]
"""Ends of the billing periods of a SIM whose first one starts at an instant."""


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
    """Take suspended traffic up again, in the traffic step of the instant of the unblock or the return."""
    yield At(sim.env, sim.env.now, Step.RESUME)
    sim.goes_on()


def session(sim: Sim, own: object, idle_timeout: int) -> Process:
    """End a session on demand when it has been idle for `idle_timeout`, unless something else has ended it."""
    while sim.session is own and (sim.running or sim.last_activity + idle_timeout > sim.env.now):
        if sim.running:
            yield sim.fell_quiet.next
        else:
            yield At(sim.env, sim.last_activity + idle_timeout, Step.CLOSE)
    if sim.session is own:
        sim.end_session(sim.settle())


def recorder(sim: Sim) -> Process:
    """Make a usage record at every close that can decide something."""
    while True:
        if not sim.in_doubt:
            yield sim.doubt_raised.next
        elif sim.records.next_close == NEVER:  # a session's end makes the record
            yield sim.session_opened.next
        else:
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
            enforce.evaluate(sim, sim.records.recorded_until(now), "record")


def block(sim: Sim, ticket: object, cause: str) -> Process:
    """Take effect `enforcement_delay` after it was ordered, unless it was cancelled; one from before takes no delay."""
    delay = 0 if cause == "initial" else sim.platform.enforcement_delay_ms
    yield At(sim.env, sim.env.now + delay, Step.BLOCK)
    if sim.pending is ticket:
        enforce.take_effect(sim, cause)


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
        cause = yield sim.limit_set.next
        now = sim.env.now
        yield At(sim.env, now + delays[now], Step.REFRESH)
        enforce.refresh_limit(sim, str(cause))


def refreshing(sim: Sim, cause: str) -> Process:
    """Refresh the cached limit in this instant's step 3: the SIM is activated, or active again."""
    yield At(sim.env, sim.env.now, Step.REFRESH)
    enforce.refresh_limit(sim, cause)


def owner(sim: Sim, timeline: Sequence[Operation], anchor: PeriodEnds, grid: int | None) -> Process:
    """Do what the timeline says at its instants; `anchor` and `grid` are what a SIM needs that comes back."""
    for operation in timeline:
        yield At(sim.env, operation.at_ms, Step.OWNER)
        if isinstance(operation, SetStatus):
            if not operation.active:
                lifecycle.make_inactive(sim)
            elif lifecycle.make_active(sim):
                come_back(sim, anchor, grid)
        elif isinstance(operation, MoveTo):
            lifecycle.move_to(sim, operation.fleet_index, limit_in_bytes(operation.data_limit_bytes))
            sim.limit_set.give("move")
        else:
            lifecycle.set_limit(sim, limit_in_bytes(operation.data_limit_bytes))
            sim.limit_set.give("update")


def come_back(sim: Sim, anchor: PeriodEnds, grid: int | None) -> None:
    """Begin what a return begins: a period where none is running, a refresh, a session, traffic, attempts."""
    start = sim.env.process
    if not sim.in_period:
        begin_period(sim, anchor(sim.env.now))
    start(refreshing(sim, "return"))
    if not isinstance(sim.device.session, OnDemand):
        lifecycle.reopen_session(sim, grid)
    start(attempting_again(sim))
    start(going_on(sim))


def attempting_again(sim: Sim) -> Process:
    """Start a chain of attempts if the SIM is blocked as its device is back."""
    yield At(sim.env, sim.env.now, Step.RETURN)
    if sim.blocked and sim.status != "inactive":
        sim.start_chain()


def begin_period(sim: Sim, ends: Iterator[int]) -> None:
    """Start a billing period now, and others after it for as long as the SIM is not inactive."""
    lifecycle.start_period(sim, sim.env.now, next(ends))
    sim.env.process(billing_periods(sim, ends))


def go_on_with_period(sim: Sim, anchor: PeriodEnds, start: int, used: int, blocked: bool) -> None:
    """Go on with a billing period that began before the scenario, and others after it."""
    ends = anchor(start)
    lifecycle.continue_period(sim, start, next(ends), used, blocked=blocked)
    sim.env.process(billing_periods(sim, ends))


def billing_periods(sim: Sim, ends: Iterator[int]) -> Process:
    """Start anew at the end of each billing period."""
    while True:
        yield At(sim.env, sim.row.end, Step.PERIOD)
        lifecycle.end_period(sim)
        if sim.status == "inactive":
            return
        lifecycle.start_period(sim, sim.env.now, next(ends))


def give_consequences(sim: Sim) -> None:
    """Let what happens to the SIM start the processes that follow from it."""
    start = sim.env.process

    def order_block(ticket: object, cause: str) -> None:
        start(block(sim, ticket, cause))

    def resume_traffic() -> None:
        start(going_on(sim))

    def start_chain() -> None:
        if sim.device.when_blocked is not None:
            start(reconnecting(sim, sim.device.when_blocked.reconnect))

    def watch_session(own: object) -> None:
        assert isinstance(sim.device.session, OnDemand)
        start(session(sim, own, sim.device.session.idle_timeout_ms))

    sim.order_block = order_block
    sim.resume_traffic = resume_traffic
    sim.start_chain = start_chain
    sim.watch_session = watch_session
