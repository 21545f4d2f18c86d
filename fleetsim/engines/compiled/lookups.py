"""Lookups with a cache, counted over many transfers and attempts at once."""

from __future__ import annotations

from typing import Final

from numba import njit
from numpy.typing import NDArray

from fleetsim.engines.compiled.drawn import begin_days
from fleetsim.engines.compiled.items import DAY
from fleetsim.engines.compiled.pointed import numbers_at
from fleetsim.engines.compiled.regular import lookups_between
from fleetsim.engines.compiled.room import asked_before
from fleetsim.engines.compiled.settings import OPTIONS
from fleetsim.engines.compiled.state import NEVER, Held, Rules, Sim

FEW: Final = 8
"""So many lookups of attempts in a row are counted one by one; that takes less time than a division."""


@njit(**OPTIONS)
def remembers(sim: Sim, rules: Rules) -> bool:
    """Does it depend on instants whether a transfer looks a name up?"""
    return rules.looks_up == 1 and rules.cache_ttl > 0 and (sim.blocked == 0 or rules.lookups_pass == 1)


@njit(**OPTIONS)
def known_lookups(sim: Sim, rules: Rules, held: Held, first: int, last: int) -> int:
    """Lookups in days of a SIM that is not blocked; all that they depend on is the last one before. They are kept."""
    lookups = numbers_at(held.lookups_by_day, rules.days + 1)
    looked_up = numbers_at(held.looked_up_by_day, rules.days + 1)
    found, day = 0, first
    if held.known_from == NEVER:
        held.known_from = first
        held.known_until = first
        lookups[first], looked_up[first] = 0, sim.last_lookup
    while day < last:
        is_known = held.known_from <= day <= held.known_until and looked_up[day] == sim.last_lookup
        if is_known and day < held.known_until:
            until = min(last, held.known_until)
            found += lookups[until] - lookups[day]
            sim.last_lookup = looked_up[until]
            day = until
            continue
        more = lookups_in(sim, rules, held, day, day + 1)
        found += more
        day += 1
        if is_known:
            held.known_until = day
            lookups[day], looked_up[day] = lookups[day - 1] + more, sim.last_lookup
    return found


@njit(**OPTIONS)
def lookups_in(sim: Sim, rules: Rules, held: Held, first: int, last: int) -> int:
    """Lookups in days `first` to `last` - 1, which depend on instants."""
    if held.regular >= 0 and sim.blocked == 0:
        return lookups_between(sim, rules, held, first, last)
    begin_days(sim, rules, held, first, last)
    begin, end = asked_before(rules, held, first), asked_before(rules, held, last)
    return lookups_before(sim, rules, held, begin, end, last * DAY)


@njit(**OPTIONS)
def lookups_before(sim: Sim, rules: Rules, held: Held, begin: int, end: int, until: int) -> int:
    """Lookups of transfers number `begin` to `end` - 1 of those that ask, and of a blocked device's attempts.

    All before `until`, and none between.
    """
    at = held.asks
    if rules.asking_item >= 0:  # the only one
        at = held.times + 8 * numbers_at(held.offsets, rules.item_count)[rules.asking_item]
    times = numbers_at(at + 8 * begin, end - begin)
    if sim.last_lookup == NEVER:
        sim.last_lookup = -NEVER
    if sim.attempt < until:
        found = lookups_with_attempts(sim, rules, held, times, until)
    else:
        found = lookups_at(sim, rules, times)
    if sim.last_lookup < 0:
        sim.last_lookup = NEVER
    return found


@njit(**OPTIONS)
def lookups_at(sim: Sim, rules: Rules, times: NDArray) -> int:
    """Lookups of transfers at these instants."""
    ttl, looked_up, found = rules.cache_ttl, sim.last_lookup, 0
    for i in range(times.size):
        due = times[i] - looked_up >= ttl
        looked_up = times[i] if due else looked_up
        found += due
    sim.last_lookup = looked_up
    return found


@njit(**OPTIONS)
def lookups_with_attempts(sim: Sim, rules: Rules, held: Held, times: NDArray, until: int) -> int:
    """Likewise, and of the attempts before `until`; at one instant attempts come before transfers."""
    ttl, found = rules.cache_ttl, 0
    longest = held.waits.size - 1
    wait = held.waits[longest]
    i = 0
    while sim.waits < longest and sim.attempt < until:  # the distances still grow
        now = sim.attempt
        if i < times.size and times[i] < now:
            now = times[i]
            i += 1
        else:
            sim.waits += 1
            sim.attempt += held.waits[sim.waits]
        if now - sim.last_lookup >= ttl:
            sim.last_lookup = now
            found += 1
    # From here on attempts come in equal distances, and of so many of them one looks up.
    begin, looked_up = sim.attempt, sim.last_lookup
    every = (ttl + wait - 1) // wait * wait
    next_one = first_after(begin, wait, looked_up + ttl)
    while i < times.size:
        now = times[i]
        i += 1
        if next_one <= now:
            if now - next_one > FEW * every:
                more = steps(now - next_one, every)
                next_one += more * every
                found += more
            while next_one <= now:
                next_one += every
                found += 1
            looked_up = next_one - every
        if now - looked_up >= ttl:
            looked_up = now
            found += 1
            next_one = first_after(begin, wait, now + ttl)
    if next_one < until:
        more = steps(until - 1 - next_one, every)
        looked_up = next_one + more * every
        found += more + 1
    if begin < until:
        sim.attempt = begin + (steps(until - 1 - begin, wait) + 1) * wait
    sim.last_lookup = looked_up
    return found


@njit(**OPTIONS)
def first_after(begin: int, wait: int, due: int) -> int:
    """First of the attempts from `begin` on, so far apart, that is not before an instant."""
    return begin + steps(max(due - begin, 0) + wait - 1, wait) * wait


@njit(**OPTIONS)
def steps(span: int, step: int) -> int:
    """Whole steps in a span, neither negative nor near 2^53: a quotient of doubles is exact enough."""
    return int(span / step)


@njit(**OPTIONS)
def attempts_before(sim: Sim, held: Held, until: int) -> int:
    """How many attempts a blocked device makes before an instant; the chain is moved on."""
    count = 0
    while sim.attempt < until:
        if sim.waits + 1 < held.waits.size:
            sim.waits += 1
            sim.attempt += held.waits[sim.waits]
            count += 1
        else:
            wait = held.waits[sim.waits]
            left = (until - 1 - sim.attempt) // wait + 1
            sim.attempt += left * wait
            count += left
    return count
