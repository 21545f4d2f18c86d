"""Events and usage records that are kept for the user; the loop carries them off after each instant."""

from __future__ import annotations

from numba import njit

from fleetsim.counted import EVENT_CAUSES, EVENTS
from fleetsim.engines.compiled.settings import OPTIONS
from fleetsim.engines.compiled.state import ALL, Held, Rules, Sim

BLOCK, UNBLOCK, LIMIT_ARRIVES = (EVENTS.index(name) for name in ("block", "unblock", "limit"))
BY_RECORD, BY_REFRESH, BY_PERIOD, BY_INITIAL, BY_UPDATE, BY_MOVE, BY_ACTIVATION, BY_RETURN = (
    EVENT_CAUSES.index(name)
    for name in ("record", "refresh", "period", "initial", "update", "move", "activation", "return")
)


@njit(**OPTIONS)
def note(sim: Sim, rules: Rules, held: Held, now: int, event: int, cause: int) -> None:
    """Keep an event, where the user asked for them."""
    if rules.keeps == 0:
        return
    kept = held.events[held.count[3]]
    kept[0], kept[1], kept[2] = sim.number, sim.period, now
    kept[3], kept[4], kept[5] = event, sim.cached_limit, cause
    held.count[3] += 1
    held.written = 1


@njit(**OPTIONS)
def keep_record(sim: Sim, rules: Rules, held: Held, start: int, end: int) -> None:
    """Keep the open record and begin the next one."""
    if rules.keeps == ALL or sim.log_upload > 0 or sim.log_download > 0:
        kept = held.records[held.count[2]]
        kept[0], kept[1], kept[2], kept[3], kept[4] = sim.number, sim.period, sim.sessions - 1, start, end
        kept[5], kept[6], kept[7] = sim.log_upload, sim.log_download, sim.log_dns
        held.count[2] += 1
        held.written = 1
    sim.log_upload = 0
    sim.log_download = 0
    sim.log_dns = 0
