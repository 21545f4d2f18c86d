"""One SIM's life as a compiled loop: the seven steps of the model, at each instant at which something can be decided.

Usage records and evaluations are only looked at while they could decide something (`in_doubt`), or where the user keeps
them; in between they are made up for by arithmetic.
"""

from __future__ import annotations

from numba import njit
from numpy.typing import NDArray

from fleetsim.engines.compiled.calm import next_stream
from fleetsim.engines.compiled.enforcement import evaluate, in_doubt, take_effect
from fleetsim.engines.compiled.flows import settle
from fleetsim.engines.compiled.kept import BY_MOVE, BY_RECORD, BY_RETURN, BY_UPDATE
from fleetsim.engines.compiled.lifecycle import (
    ask_for_refresh,
    end_period,
    make_active,
    make_inactive,
    move_to,
    next_bounds,
    next_operation,
    refresh,
    start_period,
)
from fleetsim.engines.compiled.passing import is_plain, next_item, pass_by
from fleetsim.engines.compiled.pointed import numbers_at
from fleetsim.engines.compiled.records import close_until, recorded_until
from fleetsim.engines.compiled.room import stream_of
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
def next_instant(sim: Sim, rules: Rules, held: Held, plain: bool) -> int:
    """The next instant at which something can be decided but for traffic: an operation, or what the SIM waits for.

    Where transfers are `plain`, attempts of a blocked device are like them.
    """
    now = min(next_operation(sim), sim.refresh_due, sim.pending_due)
    if sim.blocked == 0 or not plain:
        now = min(now, sim.attempt)
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
def up_to(sim: Sim, rules: Rules, held: Held, now: int) -> None:
    """Running traffic moves up to now, and some ends. Step 1: a period ends, the next one starts."""
    settle(sim, rules, held, now)
    end_flows(sim, rules, held, now)
    if sim.in_period == 1 and sim.row_end == now:
        end_period(sim, rules, held, now)
        if sim.status != INACTIVE:
            bounds = next_bounds(sim)
            start_period(sim, rules, held, bounds[0], bounds[1])


@njit(**OPTIONS)
def operate(sim: Sim, rules: Rules, held: Held, now: int, operation: NDArray) -> None:
    """Step 2: the owner changes a status, moves the SIM, or sets its fleet's limit."""
    kind = operation[1]
    if kind == MAKE_INACTIVE:
        make_inactive(sim, rules, held, now)
    elif kind == MAKE_ACTIVE:
        make_active(sim, rules, held, now)
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
def offer_all(sim: Sim, rules: Rules, held: Held, now: int, item: int) -> None:
    """Start what an item has to start at an instant: transfers, or continuous traffic."""
    first, last = numbers_at(held.first, item + 1), numbers_at(held.last, item + 1)
    times, durations = numbers_at(held.times, held.transfers), numbers_at(held.durations, held.transfers)
    uploads, downloads = numbers_at(held.uploads, held.transfers), numbers_at(held.downloads, held.transfers)
    dns = numbers_at(held.via_dns, item + 1)[item]
    while first[item] < last[item] and times[first[item]] == now:
        i = first[item]
        first[item] += 1
        offer(sim, rules, held, now, uploads[i], downloads[i], durations[i], dns)
    stream = stream_of(held, item)
    if stream[0] == now and now < stream[1]:
        begin_stream(sim, rules, held, now, stream, dns)
        stream[0] = NEVER


@njit(**OPTIONS)
def steps(sim: Sim, rules: Rules, held: Held, now: int) -> None:
    """Steps 2 to 7 of an instant. What has come is left behind: the operation, the transfers, the streams."""
    while next_operation(sim) == now:
        operate(sim, rules, held, now, numbers_at(sim.operations, 5))
        sim.operations += 5 * 8
    enforce(sim, rules, held, now)
    resume(sim, rules, held, now)
    for item in range(rules.item_count):
        offer_all(sim, rules, held, now, item)
    if in_doubt(sim, rules, held):
        recorded_until(sim, rules, held, now)


@njit(**OPTIONS)
def live_until(sim: Sim, rules: Rules, held: Held, stop: int) -> int:
    """Live on through the day's instants before `stop`, or to one after which all may be calm; return the next one.

    -1 if there was no room for what happened.
    """
    blocked, flows = sim.blocked, sim.flows
    while True:
        if sim.awake == 1:
            plain = is_plain(sim, rules)
            quiet = min(stop, next_instant(sim, rules, held, plain), next_stream(rules, held))
            if plain:
                if pass_by(sim, rules, held, quiet):
                    if in_doubt(sim, rules, held):
                        recorded_until(sim, rules, held, sim.settled_at)
                    continue
                now = quiet
            else:
                item = next_item(rules, held, quiet)
                now = quiet
                if item >= 0:
                    now = numbers_at(held.times, held.transfers)[numbers_at(held.first, item + 1)[item]]
            if now >= stop:
                return stop
            up_to(sim, rules, held, now)
        else:  # at its activation what comes before step 2 has happened
            sim.awake = 1
            now = sim.settled_at
        steps(sim, rules, held, now)
        if sim.full == 1 or (held.written == 1 and not carry_off(held)):
            return -1
        if rules.sums == 1 and (sim.blocked > blocked or sim.flows != flows):
            return now + 1


@njit(**OPTIONS)
def carry_off(held: Held) -> bool:
    """Copy what the instant has written to the tables; say whether there was room."""
    for table in range(4):
        if held.done[table] + held.count[table] > held.room[table]:
            return False
    copy(held.rows_out, held.done[0], held.rows, held.count[0])
    copy(held.spans_out, held.done[1], held.spans, held.count[1])
    copy(held.records_out, held.done[2], held.records, held.count[2])
    copy(held.events_out, held.done[3], held.events, held.count[3])
    for table in range(4):
        held.done[table] += held.count[table]
        held.count[table] = 0
    held.written = 0
    return True


@njit(**OPTIONS)
def copy(table: int, first: int, lines: NDArray, count: int) -> None:
    """Copy lines into the table at an address."""
    width = lines.shape[1]
    for i in range(count):
        line = numbers_at(table + 8 * width * (first + i), width)
        for column in range(width):
            line[column] = lines[i, column]
