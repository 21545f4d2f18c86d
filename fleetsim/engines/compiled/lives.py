"""The lives of many SIMs, one after the other, into one set of tables."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fleetsim.engines.compiled.code import kept
from fleetsim.engines.compiled.days import add_days, calm_until, days_before
from fleetsim.engines.compiled.drawn import draw_traffic, fill_with, last_for, sum_days
from fleetsim.engines.compiled.items import DAY, PERIODIC, POISSON, instants
from fleetsim.engines.compiled.kept import BY_ACTIVATION, BY_INITIAL
from fleetsim.engines.compiled.life import carry_off, live_until, up_to
from fleetsim.engines.compiled.lifecycle import end_of_horizon, start_period
from fleetsim.engines.compiled.sessions import open_session
from fleetsim.engines.compiled.settings import OPTIONS
from fleetsim.engines.compiled.state import CARRIED, LIMIT, NEVER, READY, Held, Rules, Sim
from fleetsim.rules.ready import READY_BYTES


@njit(**OPTIONS)
def begin_life(
    sim: Sim, rules: Rules, held: Held, activation: int, first_close: int, ready_until: int, start: int, end: int
) -> None:
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
    sim.grid = first_close
    if rules.on_demand == 0:
        open_session(sim, rules, held, activation, first_close)
    start_period(sim, rules, held, start, end)
    if activation > 0:
        sim.returned = activation
        sim.return_cause = BY_ACTIVATION


@njit(**OPTIONS)
def go_on_with_period(sim: Sim, rules: Rules, held: Held, used: int, blocked: int) -> None:
    """The period began before the scenario: what was used by then counts as moved and recorded."""
    sim.row[CARRIED] = used
    sim.fee_paid = 1
    sim.moved = used
    sim.counted = used
    sim.recorded = used
    # A block without the usage for it, or usage without a block, stands until the next evaluation.
    sim.judged = 1 if (blocked == 1) == (used > sim.cached_limit) else 0
    if blocked == 1:
        sim.pending = 1
        sim.pending_due = 0
        sim.pending_cause = BY_INITIAL


@njit(**OPTIONS)
def live(
    sim: Sim,
    rules: Rules,
    held: Held,
    items: NDArray,
    number: int,
    replication: int,
    periods: NDArray,
    operations: NDArray,
    origins: NDArray,
    counts: NDArray,
    places: NDArray,
    offsets: NDArray,
    fixed: NDArray,
    step_places: tuple,
    transfers: tuple[NDArray, NDArray, NDArray, NDArray],
    streams: NDArray,
    via_dns: NDArray,
    sums: tuple[NDArray, NDArray, NDArray, NDArray],
    words: NDArray,
    out: tuple[NDArray, NDArray, NDArray, NDArray],
    written: NDArray,
) -> bool:
    """Live to the horizon, in sums where they do; say whether there was room for what was written."""
    days = places.shape[1] - 1
    first, last = np.zeros(items.size, np.int64), np.zeros(items.size, np.int64)
    activation = sim.settled_at
    day = activation // DAY
    if rules.sums == 1:
        sum_days(places, offsets, fixed, transfers, sums)
    while day < days:
        if rules.sums == 1:
            operation = operations[sim.operation, 0] if sim.operation < operations.shape[0] else NEVER
            start = day * DAY
            alone = operation > start and sim.refresh_due > start and sim.attempt > start
            if alone and sim.awake == 1 and sim.in_period == 1 and sim.row_end == start:
                up_to(sim, rules, held, start, periods)  # nothing but a new period comes at this instant
                if not carry_off(held, out, written):
                    return False
            calm = calm_until(sim, rules, day, days, operation, sums[0], sums[3], via_dns)
            if calm < days and sim.row_end != calm * DAY:
                calm -= days_before(rules)
            if calm > day:
                add_days(sim, rules, held, day, calm, sums[0], sums[1], sums[2], via_dns)
                day = calm
                continue
        for k in range(items.size):
            first[k], last[k] = offsets[k] + places[k, day], offsets[k] + places[k, day + 1]
            if items[k].kind == POISSON or items[k].kind == PERIODIC:
                begin, n = places[k, day], last[k] - first[k]
                instants(
                    transfers[0],
                    first[k],
                    items[k],
                    day,
                    begin,
                    n,
                    counts,
                    origins[k],
                    step_places,
                    number,
                    replication,
                    words,
                )
                for way in range(2):
                    if fixed[k, way] >= 0:
                        fill_with(transfers[1] if way == 0 else transfers[2], first[k], n, fixed[k, way])
                last_for(items[k], transfers, first[k], n)
                while first[k] < last[k] and transfers[0][first[k]] < activation:
                    first[k] += 1
                while first[k] < last[k] and transfers[0][last[k] - 1] >= rules.horizon:
                    last[k] -= 1
        stop = min((day + 1) * DAY, rules.horizon)
        if not live_until(
            sim, rules, held, stop, periods, operations, transfers, first, last, streams, via_dns, out, written
        ):
            return False
        day += 1
    end_of_horizon(sim, rules, held, rules.horizon)
    return carry_off(held, out, written) and sim.full == 0


@kept
def lives(
    rules_: NDArray,
    nobody: NDArray,
    held_: NDArray,
    begin: int,
    fleet: int,
    limit: int,
    replication: int,
    each: NDArray,
    period_offsets: NDArray,
    periods: NDArray,
    operation_offsets: NDArray,
    operations: NDArray,
    items: NDArray,
    laws: tuple,
    steps: tuple,
    own: tuple,
    out: tuple[NDArray, NDArray, NDArray, NDArray],
    written: NDArray,
    turned: NDArray,
) -> int:
    """Live through the lives of SIMs `begin` and after; return the first one that found no room, or how many there are.

    Parameters
    ----------
    rules_, nobody, held_
        One record each: `RULES`, `SIM` before a life, `held`.
    fleet, limit
        Of the group: number of its fleet, and the limit in the file.
    each
        Of each SIM, shape (sims, 7): number, number in the group, activation, first close of its records, when it turns
        active at the latest (NEVER: it is active), what it had used of its period before the start (-1: the period
        begins), is it blocked?
    items, laws, steps, own
        Of `plan.Plan` and `plan.Own`.
    turned
        Is told when each ready SIM turns active by itself.
    """
    rules, held = rules_[0], held_[0]
    state = nobody.copy()
    means, step_places = steps
    origins, own_means, size_factors, given_offsets, given, all_streams = own
    days = (rules.horizon + DAY - 1) // DAY
    counts = np.zeros(means[0].size, np.int64)
    places, offsets = np.zeros((items.size, days + 1), np.int64), np.zeros(items.size, np.int64)
    fixed = np.zeros((items.size, 2), np.int64)
    shape = (items.size, days)
    sums = (np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.int64))
    empty = np.zeros(0, np.int64)
    transfers = (empty, empty, empty, empty)
    words, slow = np.zeros(64, np.uint32), np.zeros(64, np.int64)
    via_dns = np.zeros(items.size, np.int64)
    for k in range(items.size):
        via_dns[k] = items[k].dns
    for i in range(begin, each.shape[0]):
        number, activation = each[i, 1], each[i, 2]
        if activation >= rules.horizon:
            continue
        before = written.copy()
        state[0] = nobody[0]
        sim = state[0]
        sim.number = each[i, 0]
        sim.fleet = fleet
        sim.fleet_limit = limit
        happens = operations[operation_offsets[i] : operation_offsets[i + 1]]
        while sim.operation < happens.shape[0] and happens[sim.operation, 0] < activation:
            if happens[sim.operation, 1] == LIMIT:
                sim.fleet_limit = happens[sim.operation, 3]
            sim.operation += 1
        bounds = periods[period_offsets[i] : period_offsets[i + 1]]
        begin_life(sim, rules, held, activation, each[i, 3], each[i, 4], bounds[0, 0], bounds[0, 1])
        if each[i, 5] >= 0:
            go_on_with_period(sim, rules, held, each[i, 5], each[i, 6])
        transfers = draw_traffic(
            items,
            laws,
            means,
            own_means[min(i, own_means.shape[0] - 1)],
            size_factors[i],
            number,
            replication,
            days,
            origins[:, i].copy(),
            given_offsets[:, i].copy(),
            given_offsets[:, i + 1].copy(),
            given,
            counts,
            places,
            offsets,
            fixed,
            transfers,
            words,
            slow,
        )
        if not live(
            sim,
            rules,
            held,
            items,
            number,
            replication,
            bounds,
            happens,
            origins[:, i].copy(),
            counts,
            places,
            offsets,
            fixed,
            step_places,
            transfers,
            all_streams[i].copy(),
            via_dns,
            sums,
            words,
            out,
            written,
        ):
            for table in range(4):
                written[table] = before[table]
                held.count[table] = 0
            written[4] = sim.full
            held.written = 0
            return i
        turned[i] = sim.ready_turns
    return each.shape[0]
