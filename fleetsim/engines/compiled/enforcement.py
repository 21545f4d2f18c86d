"""What evaluations, refreshes and blocks do to a SIM."""

from __future__ import annotations

from numba import njit

from fleetsim.counted import NO_LIMIT
from fleetsim.engines.compiled.flows import coming
from fleetsim.engines.compiled.kept import BLOCK, BY_ACTIVATION, BY_REFRESH, LIMIT_ARRIVES, UNBLOCK, note
from fleetsim.engines.compiled.records import recorded_until
from fleetsim.engines.compiled.settings import OPTIONS
from fleetsim.engines.compiled.state import BLOCKED_MS, BLOCKS, FIRST_BLOCKED, INACTIVE, NEVER, Held, Rules, Sim
from fleetsim.engines.compiled.traffic import start_chain, stop_traffic


@njit(**OPTIONS)
def count_blocked(sim: Sim, rules: Rules, held: Held, until: int) -> None:
    """Count the time for which the SIM has been blocked in its fleet."""
    sim.row[BLOCKED_MS] += until - sim.blocked_since
    if until > sim.blocked_since:
        span = held.spans[held.count[1]]
        span[0], span[1], span[2], span[3] = sim.number, sim.fleet, sim.blocked_since, until
        held.count[1] += 1
        held.written = 1
    sim.blocked_since = until


@njit(**OPTIONS)
def lift_block(sim: Sim, rules: Rules, held: Held, now: int, cause: int) -> None:
    """Cancel a pending block; unblock a blocked SIM."""
    sim.pending = 0
    sim.pending_due = NEVER
    if sim.blocked == 1:
        count_blocked(sim, rules, held, now)
        sim.blocked = 0
        note(sim, rules, held, now, UNBLOCK, cause)
        sim.resume = now


@njit(**OPTIONS)
def in_doubt(sim: Sim, rules: Rules, held: Held) -> bool:
    """Could an evaluation of what has moved, or is about to move in this period, change anything?"""
    if sim.in_period == 0:
        return False
    if sim.judged == 0:
        return True
    if sim.blocked == 1 or sim.pending == 1 or sim.cached_limit == NO_LIMIT:
        return False
    if sim.counted > sim.cached_limit:
        return True
    return sim.flows > 0 and sim.counted + coming(sim, rules, held, sim.row_end) > sim.cached_limit


@njit(**OPTIONS)
def evaluate(sim: Sim, rules: Rules, held: Held, now: int, recorded: int, cause: int) -> None:
    """Judge the recorded usage against the cached limit."""
    sim.judged = 1
    if recorded <= sim.cached_limit:
        lift_block(sim, rules, held, now, cause)
    elif sim.blocked == 0 and sim.pending == 0:
        sim.pending = 1
        sim.pending_due = now + rules.enforcement_delay
        sim.pending_cause = cause


@njit(**OPTIONS)
def refresh_limit(sim: Sim, rules: Rules, held: Held, now: int, cause: int) -> None:
    """Read the fleet's limit into the cache, and evaluate on what has been recorded so far."""
    if sim.cached_limit != sim.fleet_limit or cause == BY_ACTIVATION:  # before which there was none in the cache
        sim.cached_limit = sim.fleet_limit
        note(sim, rules, held, now, LIMIT_ARRIVES, cause)
    if sim.in_period == 1:
        evaluate(
            sim, rules, held, now, recorded_until(sim, rules, held, now - 1), BY_REFRESH
        )  # closes and evaluations due now come later


@njit(**OPTIONS)
def take_effect(sim: Sim, rules: Rules, held: Held, now: int) -> None:
    """A block takes effect: cut transfers, suspend continuous traffic, start a chain of attempts."""
    sim.pending = 0
    sim.pending_due = NEVER
    sim.blocked = 1
    sim.blocked_since = now
    sim.row[BLOCKS] += 1
    if sim.row[BLOCKS] == 1:
        sim.row[FIRST_BLOCKED] = now
    note(sim, rules, held, now, BLOCK, sim.pending_cause)
    stop_traffic(sim, rules, held, now)
    if sim.status != INACTIVE:
        start_chain(sim, rules, held, now)
