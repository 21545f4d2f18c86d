"""The lives of many SIMs, one after the other, into one set of tables."""

from __future__ import annotations

from numba import njit
from numpy.typing import NDArray

from fleetsim.engines.compiled.code import kept
from fleetsim.engines.compiled.kept import BY_ACTIVATION, BY_INITIAL
from fleetsim.engines.compiled.life import live
from fleetsim.engines.compiled.lifecycle import start_period
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


@kept
def lives(
    rules_: NDArray,
    nobody: NDArray,
    held_: NDArray,
    begin: int,
    fleet: int,
    limit: int,
    each: NDArray,
    period_offsets: NDArray,
    periods: NDArray,
    operation_offsets: NDArray,
    operations: NDArray,
    offsets: NDArray,
    transfers: tuple[NDArray, NDArray, NDArray, NDArray],
    streams: NDArray,
    via_dns: NDArray,
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
        Of each SIM, shape (sims, 6): number, activation, first close of its records, when it turns active at the latest
        (NEVER: it is active), what it had used of its period before the start (-1: the period begins), is it blocked?
    offsets
        Shape (items, sims + 1): the transfers of an item of SIM i.
    streams
        Shape (sims, items, 5); see `live`.
    turned
        Is told when each ready SIM turns active by itself.
    """
    rules, held = rules_[0], held_[0]
    state = nobody.copy()
    for i in range(begin, each.shape[0]):
        activation = each[i, 1]
        if activation >= rules.horizon:
            continue
        before = written.copy()
        state[0] = nobody[0]
        sim = state[0]
        sim.number = each[i, 0]
        sim.fleet = fleet
        sim.fleet_limit = limit
        own = operations[operation_offsets[i] : operation_offsets[i + 1]]
        past = 0
        while past < own.shape[0] and own[past, 0] < activation:
            if own[past, 1] == LIMIT:
                sim.fleet_limit = own[past, 3]
            past += 1
        bounds = periods[period_offsets[i] : period_offsets[i + 1]]
        begin_life(sim, rules, held, activation, each[i, 2], each[i, 3], bounds[0, 0], bounds[0, 1])
        if each[i, 4] >= 0:
            go_on_with_period(sim, rules, held, each[i, 4], each[i, 5])
        first, last = offsets[:, i].copy(), offsets[:, i + 1].copy()
        own_streams = streams[i].copy()
        if not live(
            sim,
            rules,
            held,
            activation,
            bounds,
            own[past:],
            transfers,
            first,
            last,
            own_streams,
            via_dns,
            out,
            written,
        ):
            written[:] = before
            written[4] = sim.full
            held.count[:] = 0
            held.written = 0
            return i
        turned[i] = sim.ready_turns
    return each.shape[0]
