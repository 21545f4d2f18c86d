"""Usage records: which are open, made, evaluated."""

from __future__ import annotations

from numba import njit

from fleetsim.engines.compiled.kept import keep_record
from fleetsim.engines.compiled.settings import OPTIONS
from fleetsim.engines.compiled.state import ALL, Held, Rules, Sim


@njit(**OPTIONS)
def close_open(sim: Sim, rules: Rules, held: Held, at: int) -> None:
    """Close the open record; one of zero length is not made."""
    if sim.begun == at:
        return
    if rules.keeps != 0:
        keep_record(sim, rules, held, sim.begun, at)
    if sim.open_bytes > 0 or sim.judged == 0:
        while sim.head < sim.tail and held.due[sim.head] < at:  # evaluations that have come
            sim.recorded += held.size[sim.head]
            sim.head += 1
        if sim.head == sim.tail:
            sim.head = 0
            sim.tail = 0
        elif sim.tail == held.due.size:
            for i in range(sim.head, sim.tail):
                held.due[i - sim.head] = held.due[i]
                held.size[i - sim.head] = held.size[i]
            sim.tail -= sim.head
            sim.head = 0
        if sim.tail == held.due.size:
            sim.full = 1
            return
        held.due[sim.tail], held.size[sim.tail] = at + rules.record_delay, sim.open_bytes
        sim.tail += 1
        sim.open_bytes = 0
    sim.begun = at


@njit(**OPTIONS)
def close_until(sim: Sim, rules: Rules, held: Held, now: int) -> None:
    """Close what the grid closes up to and including `now`."""
    if sim.next_close > now:
        return
    interval = rules.record_interval
    close_open(sim, rules, held, sim.next_close)
    last = sim.next_close + (now - sim.next_close) // interval * interval
    if rules.keeps == ALL:
        for k in range((last - sim.next_close) // interval):
            keep_record(sim, rules, held, sim.next_close + k * interval, sim.next_close + (k + 1) * interval)
    sim.begun = last
    sim.next_close = last + interval


@njit(**OPTIONS)
def recorded_until(sim: Sim, rules: Rules, held: Held, now: int) -> int:
    """Recorded usage once the evaluations due up to and including `now` have come."""
    close_until(sim, rules, held, now)
    while sim.head < sim.tail and held.due[sim.head] <= now:
        sim.recorded += held.size[sim.head]
        sim.head += 1
    return sim.recorded
