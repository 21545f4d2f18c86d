"""A SIM's statuses, fleets and billing periods, and how a changed limit reaches it."""

from __future__ import annotations

from numba import njit
from numpy.typing import NDArray

from fleetsim.counted import NOT_BLOCKED
from fleetsim.engines.compiled.enforcement import count_blocked, lift_block, refresh_limit
from fleetsim.engines.compiled.flows import settle
from fleetsim.engines.compiled.kept import BY_PERIOD, BY_RETURN
from fleetsim.engines.compiled.pointed import numbers_at
from fleetsim.engines.compiled.records import close_open, close_until
from fleetsim.engines.compiled.sessions import end_session, open_session
from fleetsim.engines.compiled.settings import OPTIONS
from fleetsim.engines.compiled.state import (
    ACTIVE,
    DATA_LIMIT,
    END,
    FEE_DUE,
    FIRST_BLOCKED,
    FLEET,
    INACTIVE,
    NEVER,
    NUMBER,
    PERIOD,
    READY,
    START,
    Held,
    Rules,
    Sim,
)
from fleetsim.engines.compiled.traffic import stop_traffic


@njit(**OPTIONS)
def next_operation(sim: Sim) -> int:
    """When the owner does something next."""
    found: int = numbers_at(sim.operations, 1)[0]
    return found


@njit(**OPTIONS)
def next_bounds(sim: Sim) -> NDArray:
    """Start and end of the SIM's next billing period."""
    return numbers_at(sim.bounds + 16 * sim.periods, 2)


@njit(**OPTIONS)
def start_period(sim: Sim, rules: Rules, held: Held, start: int, end: int) -> None:
    """Begin a billing period: usage starts at zero."""
    for column in range(len(sim.row)):
        sim.row[column] = 0
    sim.period = sim.periods
    sim.periods += 1
    sim.in_period = 1
    sim.row_start, sim.row_end = start, end
    sim.moved = 0
    sim.counted = 0
    sim.fee_paid = 0
    sim.row[FIRST_BLOCKED] = NOT_BLOCKED


@njit(**OPTIONS)
def turn_active(sim: Sim, rules: Rules, held: Held, now: int) -> None:
    """A ready SIM is active by itself since it had moved enough, or been ready long enough, if that was up to `now`."""
    if sim.status == READY and sim.ready_turns <= now:
        sim.status = ACTIVE
        sim.active_since = sim.ready_turns


@njit(**OPTIONS)
def owe_fee(sim: Sim, rules: Rules, held: Held, until: int) -> None:
    """The running period owes its fee if the SIM was active at any instant of it; see what it was before `until`."""
    turn_active(sim, rules, held, until)
    if sim.status == ACTIVE and max(sim.active_since, sim.row_start) < until:
        sim.row[FEE_DUE] = 1


@njit(**OPTIONS)
def close_row(sim: Sim, rules: Rules, held: Held, until: int) -> None:
    """Finish the row of the running period."""
    row = sim.row
    sim.peak = max(sim.peak, sim.moved, sim.counted)
    owe_fee(sim, rules, held, until)
    if sim.fee_paid == 1:
        row[FEE_DUE] = 0
    row[NUMBER], row[FLEET], row[PERIOD] = sim.number, sim.fleet, sim.period
    row[START], row[END], row[DATA_LIMIT] = sim.row_start, sim.row_end, sim.fleet_limit
    for column in range(len(row)):
        held.rows[held.count[0], column] = row[column]
    held.count[0] += 1
    held.written = 1


@njit(**OPTIONS)
def end_period(sim: Sim, rules: Rules, held: Held, now: int) -> None:
    """End the running period: the open record is closed, a block or a pending block is lifted."""
    close_until(sim, rules, held, now)
    if sim.begun != NEVER:
        close_open(sim, rules, held, now)
    sim.head = 0
    sim.tail = 0
    sim.recorded = 0
    sim.judged = 1
    lift_block(sim, rules, held, now, BY_PERIOD)
    close_row(sim, rules, held, now)
    sim.in_period = 0


@njit(**OPTIONS)
def make_inactive(sim: Sim, rules: Rules, held: Held, now: int) -> None:
    """It moves nothing any more: running transfers are cut, the session ends, cache and attempts are forgotten."""
    if sim.in_period == 1:
        owe_fee(sim, rules, held, now)
    sim.status = INACTIVE
    stop_traffic(sim, rules, held, now)
    if sim.session == 1:
        end_session(sim, rules, held, now)
    sim.last_lookup = NEVER
    sim.attempt = NEVER


@njit(**OPTIONS)
def make_active(sim: Sim, rules: Rules, held: Held, now: int) -> None:
    """Make a ready SIM active, or let an inactive one return, with a new period where none is running."""
    turn_active(sim, rules, held, now)
    if sim.status == ACTIVE:
        return
    returns = sim.status == INACTIVE
    sim.status = ACTIVE
    sim.active_since = now
    if not returns:
        return
    if sim.in_period == 0:
        start_period(sim, rules, held, now, next_bounds(sim)[1])
    if sim.returned != now:  # where it is activated at this instant too, that comes first
        sim.returned = now
        sim.return_cause = BY_RETURN
    sim.resume = now
    if rules.on_demand == 0:
        first = sim.grid  # the old one
        if first <= now:
            first += ((now - first) // rules.record_interval + 1) * rules.record_interval
        open_session(sim, rules, held, now, first)


@njit(**OPTIONS)
def move_to(sim: Sim, rules: Rules, held: Held, now: int, fleet: int, limit: int) -> None:
    """Move the SIM to a fleet with this limit; its usage stays with its period."""
    if sim.blocked == 1:
        count_blocked(sim, rules, held, now)
    sim.fleet, sim.fleet_limit = fleet, limit


@njit(**OPTIONS)
def ask_for_refresh(sim: Sim, rules: Rules, held: Held, now: int, delay: int, cause: int) -> None:
    """The limit has changed for this SIM: its cache is renewed after a while, unless that is under way already."""
    if sim.refresh_due == NEVER:
        sim.refresh_due = now + delay
        sim.refresh_asked = now
        sim.refresh_cause = cause


@njit(**OPTIONS)
def refresh(sim: Sim, rules: Rules, held: Held, now: int) -> None:
    """Step 3: a refresh that waits comes first, then that of an activation or a return, then one asked for just now."""
    if sim.refresh_due == now and sim.refresh_asked < now:
        sim.refresh_due = NEVER
        refresh_limit(sim, rules, held, now, sim.refresh_cause)
    if sim.returned == now:
        refresh_limit(sim, rules, held, now, sim.return_cause)
    if sim.refresh_due == now:
        sim.refresh_due = NEVER
        refresh_limit(sim, rules, held, now, sim.refresh_cause)


@njit(**OPTIONS)
def end_of_horizon(sim: Sim, rules: Rules, held: Held, horizon: int) -> None:
    """Close what is open at the horizon's end, up to which running traffic has moved."""
    settle(sim, rules, held, horizon)
    if rules.keeps != 0:
        close_until(sim, rules, held, horizon)
        if sim.begun != NEVER:
            close_open(sim, rules, held, horizon)
    if sim.blocked == 1:
        count_blocked(sim, rules, held, horizon)
    if sim.in_period == 1:
        close_row(sim, rules, held, horizon)
