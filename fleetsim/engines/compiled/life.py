"""One SIM's life as a compiled loop: the seven steps of the model, at each instant at which something can be decided.

Usage records and evaluations are only looked at while they could decide something (`in_doubt`), or where the user keeps
them; in between they are made up for by arithmetic.
"""

from __future__ import annotations

from numba import njit
from numpy.typing import NDArray

from fleetsim.engines.compiled.enforcement import evaluate, in_doubt, take_effect
from fleetsim.engines.compiled.flows import settle
from fleetsim.engines.compiled.kept import BY_MOVE, BY_RECORD, BY_RETURN, BY_UPDATE
from fleetsim.engines.compiled.lifecycle import (
    ask_for_refresh,
    end_period,
    make_active,
    make_inactive,
    move_to,
    refresh,
    start_period,
)
from fleetsim.engines.compiled.records import close_until, recorded_until
from fleetsim.engines.compiled.sessions import end_session, session_end
from fleetsim.engines.compiled.settings import OPTIONS
from fleetsim.engines.compiled.state import (
    INACTIVE,
    MAKE_ACTIVE,
    MAKE_INACTIVE,
    MOVE,
    NEVER,
    Held,
    Rules,
    Sim,
)
from fleetsim.engines.compiled.traffic import attempt, begin_stream, end_flows, go_on, offer, start_chain


@njit(**OPTIONS)
def next_instant(sim: Sim, rules: Rules, held: Held, operation: int) -> int:
    """The next instant at which something can be decided but for traffic: an operation, or what the SIM waits for."""
    now = min(operation, sim.refresh_due, sim.pending_due, sim.attempt)
    if sim.in_period == 1:
        now = min(now, sim.row_end)
    now = min(now, session_end(sim, rules, held))
    for i in range(sim.flows):
        now = min(now, held.ends[i])
    doubt = in_doubt(sim, rules, held)
    if doubt or rules.keeps != 0:
        now = min(now, sim.next_close)
    if doubt and sim.head < sim.tail:
        now = min(now, held.due[sim.head])
    return now


@njit(**OPTIONS)
def next_transfer(times: NDArray, first: NDArray, last: NDArray) -> int:
    """When the next transfer starts."""
    found = NEVER
    for item in range(first.size):
        if first[item] < last[item]:
            found = min(found, times[first[item]])
    return found


@njit(**OPTIONS)
def next_stream(streams: NDArray) -> int:
    """When the next continuous traffic begins."""
    found = NEVER
    for item in range(streams.shape[0]):
        if streams[item, 0] < streams[item, 1]:
            found = min(found, streams[item, 0])
    return found


@njit(**OPTIONS)
def up_to(sim: Sim, rules: Rules, held: Held, now: int, periods: NDArray) -> None:
    """Running traffic moves up to now, and some ends. Step 1: a period ends, the next one starts."""
    settle(sim, rules, held, now)
    end_flows(sim, rules, held, now)
    if sim.in_period == 1 and sim.row_end == now:
        end_period(sim, rules, held, now)
        if sim.status != INACTIVE:
            start_period(sim, rules, held, periods[sim.periods, 0], periods[sim.periods, 1])


@njit(**OPTIONS)
def operate(sim: Sim, rules: Rules, held: Held, now: int, operation: NDArray, periods: NDArray) -> None:
    """Step 2: the owner changes a status, moves the SIM, or sets its fleet's limit."""
    kind = operation[1]
    if kind == MAKE_INACTIVE:
        make_inactive(sim, rules, held, now)
    elif kind == MAKE_ACTIVE:
        make_active(sim, rules, held, now, periods)
    else:
        if kind == MOVE:
            move_to(sim, rules, held, now, operation[2], operation[3])
        else:
            sim.fleet_limit = operation[3]
        ask_for_refresh(sim, rules, held, now, operation[4], BY_MOVE if kind == MOVE else BY_UPDATE)


@njit(**OPTIONS)
def enforce(sim: Sim, rules: Rules, held: Held, now: int) -> None:
    """Steps 3 to 6: cached limits are refreshed, sessions end, records close and are evaluated, blocks take effect."""
    if sim.refresh_due == now or sim.returned == now:
        refresh(sim, rules, held, now)
    if session_end(sim, rules, held) == now:
        end_session(sim, rules, held, now)
    if rules.keeps != 0:
        close_until(sim, rules, held, now)
    if in_doubt(sim, rules, held):
        close_until(sim, rules, held, now)
        if sim.head < sim.tail and held.due[sim.head] <= now:
            evaluate(sim, rules, held, now, recorded_until(sim, rules, held, now), BY_RECORD)
    if sim.pending == 1 and sim.pending_due == now:
        take_effect(sim, rules, held, now)


@njit(**OPTIONS)
def resume(sim: Sim, rules: Rules, held: Held, now: int) -> None:
    """Step 7 begins: a device that is back and blocked starts its attempts, traffic goes on, attempts are made."""
    if sim.returned == now and sim.return_cause == BY_RETURN and sim.blocked == 1 and sim.status != INACTIVE:
        start_chain(sim, rules, held, now)
    if sim.resume == now:
        go_on(sim, rules, held, now)
    if sim.attempt == now:
        attempt(sim, rules, held, now)


@njit(**OPTIONS)
def steps(
    sim: Sim,
    rules: Rules,
    held: Held,
    now: int,
    periods: NDArray,
    operations: NDArray,
    transfers: tuple[NDArray, NDArray, NDArray, NDArray],
    first: NDArray,
    last: NDArray,
    streams: NDArray,
    via_dns: NDArray,
) -> None:
    """Steps 2 to 7 of an instant. What has come is left behind: the operation, the transfers, the streams."""
    times, uploads, downloads, durations = transfers
    while sim.operation < operations.shape[0] and operations[sim.operation, 0] == now:
        operate(sim, rules, held, now, operations[sim.operation], periods)
        sim.operation += 1
    enforce(sim, rules, held, now)
    resume(sim, rules, held, now)
    for item in range(first.size):
        while first[item] < last[item] and times[first[item]] == now:
            i = first[item]
            offer(sim, rules, held, now, uploads[i], downloads[i], durations[i], via_dns[item])
            first[item] += 1
        if streams[item, 0] == now and now < streams[item, 1]:
            begin_stream(sim, rules, held, now, streams[item], via_dns[item])
            streams[item, 0] = NEVER
    if in_doubt(sim, rules, held):
        recorded_until(sim, rules, held, now)


@njit(**OPTIONS)
def live_until(
    sim: Sim,
    rules: Rules,
    held: Held,
    stop: int,
    periods: NDArray,
    operations: NDArray,
    transfers: tuple[NDArray, NDArray, NDArray, NDArray],
    first: NDArray,
    last: NDArray,
    streams: NDArray,
    via_dns: NDArray,
    out: tuple[NDArray, NDArray, NDArray, NDArray],
    written: NDArray,
) -> bool:
    """Live on through all instants before `stop`; say whether there was room for what was written.

    Parameters
    ----------
    periods
        Starts and ends of the SIM's billing periods, shape (periods, 2).
    operations
        What the owner does, shape (operations, 5): instant, kind, fleet, limit, delay with which it arrives.
    transfers
        Instants, upload and download bytes and durations of all items up to `stop`; those of item k are number
        ``first[k]`` to ``last[k]`` - 1. `first` is moved on.
    streams
        Continuous traffic of item k: begin, end, clock, upload and download bytes a second; begin >= end: none.
    via_dns
        Of each item: does it go through DNS?
    out, written
        Rows, spans, records and events, and how many of each there are.
    """
    while True:
        if sim.awake == 1:
            operation = operations[sim.operation, 0] if sim.operation < operations.shape[0] else NEVER
            quiet = min(stop, next_instant(sim, rules, held, operation), next_stream(streams))
            if pass_quietly(sim, rules, held, quiet, transfers, first, last, via_dns):
                continue
            now = min(quiet, next_transfer(transfers[0], first, last))
            if now >= stop:
                return True
            up_to(sim, rules, held, now, periods)
        else:  # at its activation what comes before step 2 has happened
            sim.awake = 1
            now = sim.settled_at
        steps(sim, rules, held, now, periods, operations, transfers, first, last, streams, via_dns)
        if sim.full == 1 or (held.written == 1 and not carry_off(held, out, written)):
            return False


@njit(**OPTIONS)
def pass_quietly(
    sim: Sim,
    rules: Rules,
    held: Held,
    quiet: int,
    transfers: tuple[NDArray, NDArray, NDArray, NDArray],
    first: NDArray,
    last: NDArray,
    via_dns: NDArray,
) -> bool:
    """Let transfers start that come before `quiet`, when something else comes; say whether one has changed what comes.

    Where a transfer is all that happens at its instant, six of the seven steps have nothing to do.
    """
    times, uploads, downloads, durations = transfers
    if sim.flows > 0 or rules.on_demand == 1 or rules.keeps != 0:
        return False
    while True:
        now, item = quiet, -1
        for k in range(first.size):
            if first[k] < last[k] and times[first[k]] < now:
                now, item = times[first[k]], k
        if item < 0:
            return False
        i = first[item]
        sim.settled_at = now
        offer(sim, rules, held, now, uploads[i], downloads[i], durations[i], via_dns[item])
        first[item] += 1
        if sim.flows > 0 or (sim.counted > sim.cached_limit and sim.blocked == 0):
            if in_doubt(sim, rules, held):
                recorded_until(sim, rules, held, now)
            return True


@njit(**OPTIONS)
def carry_off(held: Held, out: tuple[NDArray, NDArray, NDArray, NDArray], written: NDArray) -> bool:
    """Copy what the instant has written to the tables; say whether there was room."""
    rows, spans, records, events = out
    if written[0] + held.count[0] > rows.shape[0] or written[1] + held.count[1] > spans.shape[0]:
        return False
    if written[2] + held.count[2] > records.shape[0] or written[3] + held.count[3] > events.shape[0]:
        return False
    copy(rows, written[0], held.rows, held.count[0])
    copy(spans, written[1], held.spans, held.count[1])
    copy(records, written[2], held.records, held.count[2])
    copy(events, written[3], held.events, held.count[3])
    for table in range(4):
        written[table] += held.count[table]
        held.count[table] = 0
    held.written = 0
    return True


@njit(**OPTIONS)
def copy(table: NDArray, first: int, lines: NDArray, count: int) -> None:
    """Copy lines into a table."""
    for i in range(count):
        for column in range(lines.shape[1]):
            table[first + i, column] = lines[i, column]
