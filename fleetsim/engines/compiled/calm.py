"""How long nothing can be decided by an instant, so that time may be taken as sums.

Bytes that are taken as sums count as recorded at once. So the calm ends early enough before an instant at which records
are judged that each of those bytes will have been recorded by then.
"""

from __future__ import annotations

from numba import njit

from fleetsim.counted import NO_LIMIT
from fleetsim.engines.compiled.drawn import begin_day, count_of_days, download_of_days, upload_of_days
from fleetsim.engines.compiled.flows import coming
from fleetsim.engines.compiled.items import DAY
from fleetsim.engines.compiled.lifecycle import next_operation
from fleetsim.engines.compiled.passing import next_item
from fleetsim.engines.compiled.pointed import copy_to, numbers_at
from fleetsim.engines.compiled.room import stream_of
from fleetsim.engines.compiled.settings import OPTIONS
from fleetsim.engines.compiled.state import INACTIVE, NEVER, READY, Held, Rules, Sim


@njit(**OPTIONS)
def recorded_after(rules: Rules) -> int:
    """How long after it has moved a byte is recorded at the latest."""
    return 0 if rules.record_interval == NEVER else rules.record_interval + rules.record_delay


@njit(**OPTIONS)
def next_stream(rules: Rules, held: Held) -> int:
    """When the next continuous traffic begins."""
    found = NEVER
    if rules.streams == 1:
        for item in range(rules.item_count):
            stream = stream_of(held, item)
            if stream[0] < stream[1]:
                found = min(found, stream[0])
    return found


@njit(**OPTIONS)
def calm_until(sim: Sim, rules: Rules, held: Held, now: int) -> int:
    """Up to which instant everything may be taken as sums; `now`, if nothing may."""
    if sim.awake == 0 or sim.pending == 1 or sim.judged == 0:
        return now
    if sim.attempt != NEVER and sim.blocked == 0:
        return now
    decides = min(next_operation(sim), sim.refresh_due)
    found = min(rules.horizon, decides if decides == NEVER else decides - recorded_after(rules))
    found = min(found, next_stream(rules, held))
    for i in range(sim.flows):
        found = min(found, held.ends[i])
    if sim.in_period == 1:
        found = min(found, sim.row_end)
    if found <= now:
        return now
    spare = NEVER  # bytes that may be counted until usage decides something
    if sim.in_period == 1 and sim.blocked == 0 and sim.cached_limit != NO_LIMIT:
        spare = sim.cached_limit - sim.counted
    ready = NEVER  # bytes that may move until a ready SIM turns active
    if sim.status == READY and sim.ready_left != NEVER:
        ready = sim.ready_left - 1
    if spare < 0:  # a record may wait for its evaluation
        return now
    if (spare == NEVER and ready == NEVER) or sim.status == INACTIVE:
        return found
    if ready < 0 or (ready != NEVER and (sim.attempt != NEVER or sim.flows > 0)):
        return now
    crosses = crossing(sim, rules, held, now, found, spare, ready)
    if crosses >= found:
        return found
    calm = max(crosses - recorded_after(rules), now)
    if rules.cache_ttl == 0:  # else fewer lookups are made than was thought, so look again from there
        sim.decisive = calm
    return calm


@njit(**OPTIONS)
def crossing(sim: Sim, rules: Rules, held: Held, now: int, until: int, spare: int, ready: int) -> int:
    """When more bytes than that may have been counted or have moved, if every lookup is made; NEVER before `until`.

    Until then nothing but usage changes anything.
    """
    day, last = now // DAY, (until + DAY - 1) // DAY
    if day * DAY < now:
        if sim.day != day:
            begin_day(sim, rules, held, day)
        crosses, spare, ready = first_over(sim, rules, held, now, min((day + 1) * DAY, until), spare, ready)
        day += 1
        if crosses != NEVER or day >= last:
            return crosses
    counted, moved = most_bytes(rules, held, day, last)
    if counted + coming(sim, rules, held, until) <= spare and moved <= ready:
        return NEVER
    while last - day > 1:  # it is on one of these days; on which half of them?
        middle = (day + last) // 2
        counted, moved = most_bytes(rules, held, day, middle)
        if counted + coming(sim, rules, held, middle * DAY) <= spare and moved <= ready:
            spare -= counted
            ready -= moved
            day = middle
        else:
            last = middle
    begin_day(sim, rules, held, day)
    crosses, _, _ = first_over(sim, rules, held, day * DAY, min((day + 1) * DAY, until), spare, ready)
    return crosses


@njit(**OPTIONS)
def most_bytes(rules: Rules, held: Held, first: int, last: int) -> tuple[int, int]:
    """Bytes that transfers of days `first` to `last` - 1 can count, and move, if every lookup is made."""
    via_dns = numbers_at(held.via_dns, rules.item_count)
    counted, moved = 0, 0
    for item in range(rules.item_count):
        size = upload_of_days(rules, held, item, first, last) + download_of_days(rules, held, item, first, last)
        lookups = 0
        if via_dns[item] == 0 and rules.looks_up == 1:
            lookups = count_of_days(rules, held, item, first, last) * (rules.query + rules.response)
        moved += size + lookups
        counted += lookups * rules.dns_counts
        counted += size if via_dns[item] == 0 else size * rules.dns_counts
    return counted, moved


@njit(**OPTIONS)
def first_over(
    sim: Sim, rules: Rules, held: Held, now: int, until: int, spare: int, ready: int
) -> tuple[int, int, int]:
    """When what has still to come of a day may first be more than that; and what its transfers leave of it.

    NEVER, if it is not before `until`. What running traffic brings is not taken from `spare`, for it is known up to any
    instant.
    """
    first, mark = numbers_at(held.first, rules.item_count), numbers_at(held.mark, rules.item_count)
    times, via_dns = numbers_at(held.times, held.transfers), numbers_at(held.via_dns, rules.item_count)
    uploads, downloads = numbers_at(held.uploads, held.transfers), numbers_at(held.downloads, held.transfers)
    lookup = (rules.query + rules.response) * rules.looks_up
    copy_to(mark, first)
    found = NEVER
    while found == NEVER:
        item = next_item(rules, held, until)
        if item < 0:
            break
        i = first[item]
        if sim.flows > 0 and coming(sim, rules, held, times[i]) > spare:
            break
        first[item] += 1
        size = uploads[i] + downloads[i]
        if via_dns[item] == 0:
            spare -= size + lookup * rules.dns_counts
            ready -= size + lookup
        else:
            spare -= size * rules.dns_counts
            ready -= size
        if spare < 0 or ready < 0:
            found = times[i]
    copy_to(first, mark)
    if found == NEVER and sim.flows > 0 and coming(sim, rules, held, until) > spare:
        found = flows_over(sim, rules, held, now, until, spare)
    return found, spare, ready


@njit(**OPTIONS)
def flows_over(sim: Sim, rules: Rules, held: Held, low: int, high: int, spare: int) -> int:
    """First instant, at most `high`, by which running traffic brings more than that."""
    while low < high:
        middle = (low + high) >> 1
        if coming(sim, rules, held, middle) > spare:
            high = middle
        else:
            low = middle + 1
    return high
