"""Data sessions."""

from __future__ import annotations

from numba import njit

from fleetsim.engines.compiled.records import close_open, close_until
from fleetsim.engines.compiled.settings import OPTIONS
from fleetsim.engines.compiled.state import NEVER, Held, Rules, Sim


@njit(**OPTIONS)
def open_session(sim: Sim, rules: Rules, held: Held, now: int, first_close: int) -> None:
    """Open a data session with a record that closes first at `first_close`."""
    sim.session = 1
    sim.sessions += 1
    sim.begun = now
    sim.next_close = first_close


@njit(**OPTIONS)
def be_active(sim: Sim, rules: Rules, held: Held, now: int) -> None:
    """Note activity, which opens a session where none is open."""
    sim.last_activity = now
    if sim.session == 0:
        open_session(sim, rules, held, now, NEVER if rules.record_interval == NEVER else now + rules.record_interval)


@njit(**OPTIONS)
def end_session(sim: Sim, rules: Rules, held: Held, now: int) -> None:
    """End the open data session, and with it its record."""
    close_until(sim, rules, held, now)
    close_open(sim, rules, held, now)
    sim.session = 0
    sim.begun = NEVER
    sim.next_close = NEVER


@njit(**OPTIONS)
def session_end(sim: Sim, rules: Rules, held: Held) -> int:
    """Instant at which the session on demand ends if nothing more happens."""
    if rules.on_demand == 0 or sim.session == 0 or sim.moving > 0:
        return NEVER
    return sim.last_activity + rules.idle_timeout
