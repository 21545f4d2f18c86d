"""A SIM's statuses, fleets and billing periods."""

from __future__ import annotations

from fleetsim.engines.reference.enforcement import count_blocked, lift_block, stop_traffic
from fleetsim.engines.reference.records import NEVER
from fleetsim.engines.reference.row import Row
from fleetsim.engines.reference.sim import Sim
from fleetsim.rules.metering import close_after


def start_period(sim: Sim, start: int, end: int) -> None:
    """Begin a billing period: usage starts at zero."""
    sim.row = Row(len(sim.rows), start, end)
    sim.in_period = True
    sim.moved = sim.counted = 0
    if sim.records.log is not None:
        sim.records.log.period = sim.row.period
    sim.raise_doubt(start - 1)


def continue_period(sim: Sim, start: int, end: int, used: int, *, blocked: bool) -> None:
    """Go on with a period that began before the scenario: what was used by then counts as moved and recorded."""
    sim.row = Row(0, start, end, carried=used)
    sim.in_period = True
    sim.moved = sim.counted = sim.records.recorded = used
    # A block without the usage for it, or usage without a block, stands until the next evaluation.
    sim.records.judged = blocked == (used > sim.cached_limit)
    if blocked:
        sim.pending = ticket = object()
        sim.order_block(ticket, "initial")


def end_period(sim: Sim) -> None:
    """End the running period: a block or a pending block is lifted, the open record is closed."""
    now = sim.settle()
    sim.records.period_ends(now)
    lift_block(sim, "period")
    close_row(sim, now)
    sim.in_period = False


def end_of_horizon(sim: Sim, now: int) -> None:
    """Close what is open at the horizon's end, up to which running traffic has moved."""
    sim.settle()
    sim.records.horizon_ends(now)
    if sim.blocked:
        count_blocked(sim, now)
    if sim.in_period:
        close_row(sim, now)


def close_row(sim: Sim, until: int) -> None:
    """Finish the row of the running period."""
    owe_fee(sim, until)
    sim.rows.append(sim.row.counted(sim.number, sim.fleet, sim.fleet_limit))


def owe_fee(sim: Sim, until: int) -> None:
    """The running period owes its fee if the SIM was active at any instant of it; see what it was before `until`."""
    turn_active(sim, until)
    if sim.status == "active" and max(sim.active_since, sim.row.start) < until:
        sim.row.fee_due = True


def turn_active(sim: Sim, now: int) -> None:
    """A ready SIM is active by itself since it had moved enough, or been ready long enough, if that was up to `now`."""
    if sim.ready is not None and sim.ready.turns <= now:
        sim.status, sim.active_since, sim.ready = "active", sim.ready.turns, None


def make_inactive(sim: Sim) -> None:
    """It moves nothing any more: running transfers are cut, the session ends, cache and attempts are forgotten."""
    now = sim.settle()
    if sim.in_period:
        owe_fee(sim, now)
    sim.status, sim.ready = "inactive", None
    stop_traffic(sim)
    if sim.session is not None:
        sim.end_session(now)
    sim.last_lookup = None
    sim.chain = None


def make_active(sim: Sim) -> bool:
    """Make a ready SIM active, or let an inactive one return; say whether it has returned."""
    now = sim.settle()
    turn_active(sim, now)
    if sim.status == "active":
        return False
    has_returned = sim.status == "inactive"
    sim.status, sim.active_since, sim.ready = "active", now, None
    return has_returned


def reopen_session(sim: Sim, grid: int | None) -> None:
    """Open the session of an always-on device that has returned; its records close on the old grid."""
    now = sim.env.now
    interval = sim.records.interval_ms
    first = NEVER if grid is None or interval is None else grid if grid > now else close_after(grid, interval, now)
    sim.open_session(now, first)


def move_to(sim: Sim, fleet: int, limit: int) -> None:
    """Move the SIM to a fleet with this limit; its usage stays with its period."""
    now = sim.settle()
    if sim.blocked:
        count_blocked(sim, now)
    sim.fleet, sim.fleet_limit = fleet, limit


def set_limit(sim: Sim, limit: int) -> None:
    """The fleet's limit is set."""
    sim.settle()
    sim.fleet_limit = limit
