"""Lookups of a SIM whose regular transfers are so far apart that none finds what another one has looked up.

Of transfers on a grid, at least a cache's time apart, each looks up, unless one of the other items has done so shortly
before. So they are counted by the gaps between the others, and an instant on the grid is drawn only where its jitter
decides: next to one of the others, and at the cache's end.
"""

from __future__ import annotations

from numba import njit

from fleetsim.engines.compiled.drawn import NOT_TIMED, draw_others, others_before
from fleetsim.engines.compiled.items import PERIODIC, items_at, point
from fleetsim.engines.compiled.pointed import numbers_at
from fleetsim.engines.compiled.room import places_of
from fleetsim.engines.compiled.settings import OPTIONS
from fleetsim.engines.compiled.state import NEVER, Held, Rules, Sim


@njit(**OPTIONS)
def regular_item(rules: Rules, held: Held) -> int:
    """The item whose transfers are at least a cache's time apart, and most of those that ask; -1 if there is none."""
    items, via_dns = items_at(rules.items, rules.item_count), numbers_at(held.via_dns, rules.item_count)
    asking, most, found = 0, 0, -1
    for k in range(rules.item_count):
        if via_dns[k] == 1:
            continue
        item, count = items[k], places_of(rules, held, k)[rules.days]
        asking += count
        if item.kind == PERIODIC and item.every - 2 * item.jitter >= rules.cache_ttl and count > most:
            most, found = count, k
    return found if 2 * most > asking else -1


@njit(**OPTIONS)
def lookups_between(sim: Sim, rules: Rules, held: Held, first: int, last: int) -> int:
    """Lookups in days `first` to `last` - 1 of a SIM that is not blocked and has a regular item."""
    item = items_at(rules.items, rules.item_count)[held.regular]
    origin, ttl, width = numbers_at(held.origins, rules.item_count)[held.regular], rules.cache_ttl, 2 * item.jitter
    earliest = origin - item.jitter  # point n is not before this + n * every, and at most `width` later
    for day in range(first, last):
        if numbers_at(held.is_timed, rules.days)[day] == NOT_TIMED:
            draw_others(sim, rules, held, day)
    begin, end = others_before(rules, held, first), others_before(rules, held, last)
    others, places = numbers_at(held.others + 8 * begin, end - begin), places_of(rules, held, held.regular)
    n, behind = places[first], places[last]
    # The last lookup: that of a point, whose instant may not be known, or one at an instant.
    by, looked_up = -1, sim.last_lookup if sim.last_lookup != NEVER else -NEVER
    found = 0
    for i in range(others.size + 1):
        # Points up to the next of the others.
        until = behind
        if i < others.size:
            nearest = (others[i] - earliest) // item.every  # the last one that may not be after it
            until = min(max(nearest, n), behind)
            if n <= nearest < behind:
                after = others[i] - earliest - nearest * item.every
                if after >= width or moment(sim, rules, held, nearest) <= others[i]:
                    until += 1
        if n < until:
            found += until - n
            if by < 0:  # the first one may find the lookup at an instant; the next one is later by a cache's time
                since = earliest + n * item.every - looked_up
                if since < ttl and (since + width < ttl or moment(sim, rules, held, n) - looked_up < ttl):
                    found -= 1
                    n += 1
            if n < until:
                by = until - 1
            n = until
        if i < others.size:
            if by >= 0:
                since = others[i] - (earliest + by * item.every)
                if since < ttl or (since - width < ttl and others[i] - moment(sim, rules, held, by) < ttl):
                    continue
            elif others[i] - looked_up < ttl:
                continue
            by, looked_up = -1, others[i]
            found += 1
    if by >= 0:
        looked_up = moment(sim, rules, held, by)
    sim.last_lookup = looked_up if looked_up >= 0 else NEVER
    return found


@njit(**OPTIONS)
def moment(sim: Sim, rules: Rules, held: Held, n: int) -> int:
    """Instant of the regular item's point n."""
    item, origin = items_at(rules.items, rules.item_count)[held.regular], numbers_at(held.origins, rules.item_count)
    return point(item, origin[held.regular], n, sim.number_in_group, rules.replication)
