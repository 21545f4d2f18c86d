"""The lives of many SIMs, one after the other, into one set of tables."""

from __future__ import annotations

from numba import njit
from numpy.typing import NDArray

from fleetsim.engines.compiled.calm import calm_until
from fleetsim.engines.compiled.code import kept
from fleetsim.engines.compiled.drawn import begin_day, draw_traffic
from fleetsim.engines.compiled.items import DAY
from fleetsim.engines.compiled.kept import BY_ACTIVATION, BY_INITIAL
from fleetsim.engines.compiled.life import carry_off, live_until
from fleetsim.engines.compiled.lifecycle import end_of_horizon, next_bounds, next_operation, start_period
from fleetsim.engines.compiled.pointed import copy_to, fill_with, numbers_at
from fleetsim.engines.compiled.regular import regular_item
from fleetsim.engines.compiled.room import stream_of
from fleetsim.engines.compiled.sessions import open_session
from fleetsim.engines.compiled.settings import OPTIONS
from fleetsim.engines.compiled.state import BY_USE, CARRIED, DRAWN, LIMIT, MOVE, NEVER, READY, Held, Rules, Sim
from fleetsim.engines.compiled.sums import take_as_sums
from fleetsim.engines.compiled.words import uniform_at
from fleetsim.rules.ready import READY_BYTES


@njit(**OPTIONS)
def begin_life(sim: Sim, rules: Rules, held: Held, activation: int, ready_until: int, start: int, end: int) -> None:
    """Let a SIM leave `new`: its first period starts, a device that is always on opens its session.

    Its number, fleet and limit are set. `ready_until` is NEVER for a SIM that is active from the first.
    """
    sim.cached_limit = sim.fleet_limit
    sim.active_since = activation
    sim.settled_at = activation
    if ready_until != NEVER:
        sim.status = READY
        sim.ready_since = activation
        sim.ready_turns = ready_until
        sim.ready_left = READY_BYTES
    sim.grid = first_close_after(sim, rules, activation)
    if rules.on_demand == 0:
        open_session(sim, rules, held, activation, sim.grid)
    start_period(sim, rules, held, start, end)
    if activation > 0:
        sim.returned = activation
        sim.return_cause = BY_ACTIVATION


@njit(**OPTIONS)
def first_close_after(sim: Sim, rules: Rules, activation: int) -> int:
    """First close on the grid of an always-on SIM's records: given, or random in an interval; NEVER without a grid."""
    if rules.first_close == NEVER:
        return NEVER
    if rules.first_close != DRAWN:
        return activation + rules.first_close
    phase = uniform_at(rules.phase_key, sim.number_in_group, 0, rules.replication, 0, rules.record_interval)
    return activation + 1 + phase


@njit(**OPTIONS)
def go_on_with_period(sim: Sim, rules: Rules, held: Held, used: int, blocked: int) -> None:
    """The period began before the scenario: what was used by then counts as moved and recorded."""
    sim.row[CARRIED] = used
    sim.fee_paid = 1
    sim.moved = used
    sim.counted = used
    sim.recorded = used
    if blocked == BY_USE:
        blocked = 1 if used > sim.cached_limit else 0
    # A block without the usage for it, or usage without a block, stands until the next evaluation.
    sim.judged = 1 if (blocked == 1) == (used > sim.cached_limit) else 0
    if blocked == 1:
        sim.pending = 1
        sim.pending_due = 0
        sim.pending_cause = BY_INITIAL


@njit(**OPTIONS)
def live(sim: Sim, rules: Rules, held: Held) -> bool:
    """Live to the horizon, in sums where that may be; say whether there was room for what was written."""
    now = sim.settled_at
    while now < rules.horizon:
        sim.reached = now
        stop = min((now // DAY + 1) * DAY, rules.horizon)
        if rules.sums == 1:
            if sim.awake == 0 and next_operation(sim) > now:
                sim.awake = 1  # nothing more happens at an activation
            calm = now if sim.decisive == now else calm_until(sim, rules, held, now)
            if calm > now:
                take_as_sums(sim, rules, held, now, calm)
                now = calm
                continue
            if sim.in_period == 1 and sim.row_end == now:
                stop = now + 1
        if sim.day != now // DAY:
            begin_day(sim, rules, held, now // DAY)
        now = live_until(sim, rules, held, stop)
        if now < 0:
            return False
    end_of_horizon(sim, rules, held, rules.horizon)
    return carry_off(held) and sim.full == 0


@njit(**OPTIONS)
def live_under(
    sim: Sim, rules: Rules, held: Held, limit: int, activation: int, ready_until: int, used: int, blocked: int
) -> bool:
    """Live a whole life under a limit in the file; say whether there was room for what was written.

    Its numbers, its fleet and where its periods and operations begin are set; its traffic is drawn.
    """
    sim.fleet_limit = limit
    while next_operation(sim) < activation:
        operation = numbers_at(sim.operations, 5)
        if operation[1] == LIMIT:
            sim.fleet_limit = operation[3]
        sim.operations += 40
    bounds = next_bounds(sim)
    begin_life(sim, rules, held, activation, ready_until, bounds[0], bounds[1])
    if used >= 0:
        go_on_with_period(sim, rules, held, used, blocked)
    return live(sim, rules, held)


@njit(**OPTIONS)
def is_alone(sim: Sim) -> bool:
    """Does the SIM have the limit in the file, and no other, for all its life?"""
    found, at = True, sim.operations
    while numbers_at(at, 1)[0] != NEVER:
        kind = numbers_at(at, 5)[1]
        found &= kind != LIMIT and kind != MOVE
        at += 40
    return found


@kept
def lives(
    rules_: NDArray,
    nobody: NDArray,
    held_: NDArray,
    begin: int,
    fleet: int,
    limits: NDArray,
    each: NDArray,
    period_offsets: NDArray,
    periods: NDArray,
    operation_offsets: NDArray,
    operations: NDArray,
    own: tuple,
    turned: NDArray,
    ranges: NDArray,
) -> int:
    """Live through the lives of SIMs `begin` and after; return the first one that found no room, or how many there are.

    A SIM's traffic does not depend on its limit, so it is drawn once for all of them. Where its usage never comes over
    a limit, its life under that one is its life under any larger one.

    Parameters
    ----------
    rules_, nobody, held_
        One record each: `RULES`, `SIM` before a life, `held`.
    fleet, limits
        Of the group: number of its fleet, and the limits that the file might give it, ascending.
    each
        Of each SIM, shape (sims, 6): number, number in the group, activation, when it turns active at the latest
        (NEVER: it is active), what it had used of its period before the start (-1: the period begins), is it blocked?
    periods, operations
        Of all SIMs, one after the other; SIM i's begin at number ``offsets[i]``.
    own
        `plan.Own`.
    turned
        Is told when each ready SIM turns active by itself, under the smallest limit.
    ranges
        Is told of each row under which limits it holds: the first and the last one.
    """
    rules, held = rules_[0], held_[0]
    state = nobody.copy()
    origins, own_means, size_factors, given_offsets, given, streams = own
    for i in range(begin, each.shape[0]):
        activation = each[i, 2]
        if activation >= rules.horizon:
            continue
        done = held.done[0], held.done[1], held.done[2], held.done[3]
        sim = state[0]
        sim.number_in_group = each[i, 1]
        for k in range(rules.item_count):
            numbers_at(held.origins, rules.item_count)[k] = origins[k, i]
        means = own_means[min(i, own_means.shape[0] - 1)]
        has_room = draw_traffic(sim, rules, held, means, size_factors[i], i, given_offsets, given)
        if has_room:
            held.regular = regular_item(rules, held)
        last = limits.size - 1
        while last >= 0 and has_room:
            state[0] = nobody[0]
            sim.number, sim.number_in_group, sim.fleet = each[i, 0], each[i, 1], fleet
            sim.bounds = periods.ctypes.data + 16 * period_offsets[i]
            sim.operations = operations.ctypes.data + 40 * operation_offsets[i]
            alone = is_alone(sim)
            for k in range(streams.shape[1]):
                copy_to(stream_of(held, k), streams[i, k])
            rows = held.done[0]
            has_room = live_under(sim, rules, held, limits[last], activation, each[i, 3], each[i, 4], each[i, 5])
            first = last
            while alone and first > 0 and limits[first - 1] >= sim.peak:
                first -= 1
            for row in range(rows, held.done[0]):
                ranges[row, 0], ranges[row, 1] = first, last
            last = first - 1
            if limits.size > 1:
                held.done[1] = 0  # nobody asks when it was blocked under each of them
        if not has_room:
            held.done[0], held.done[1], held.done[2], held.done[3] = done
            fill_with(held.count, 0)
            held.written = sim.full
            return i
        turned[i] = sim.ready_turns
    return each.shape[0]
