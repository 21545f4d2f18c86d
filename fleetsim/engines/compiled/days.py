"""Two gears through a life: what comes before an instant that may matter is taken as sums, the rest event by event.

Bytes that are taken as sums count as recorded at once. So sums end early enough before an instant at which records are
judged that each of those bytes will have been recorded by then.
"""

from __future__ import annotations

from numba import njit
from numpy.typing import NDArray

from fleetsim.counted import NO_LIMIT
from fleetsim.engines.compiled.drawn import begin_day, begin_days, count_of_days, download_of_days, upload_of_days
from fleetsim.engines.compiled.items import DAY
from fleetsim.engines.compiled.lifecycle import next_operation
from fleetsim.engines.compiled.passing import move_all, next_item, pass_by
from fleetsim.engines.compiled.pointed import numbers_at
from fleetsim.engines.compiled.settings import OPTIONS
from fleetsim.engines.compiled.state import INACTIVE, NEVER, OFFERED, READY, UNDELIVERED, Held, Rules, Sim


@njit(**OPTIONS)
def recorded_after(rules: Rules) -> int:
    """How long after it has moved a byte is recorded at the latest."""
    return 0 if rules.record_interval == NEVER else rules.record_interval + rules.record_delay


@njit(**OPTIONS)
def calm_until(sim: Sim, rules: Rules, held: Held, now: int) -> int:
    """Up to which instant everything may be taken as sums; `now`, if nothing may."""
    if sim.awake == 0 or sim.pending == 1 or sim.judged == 0 or sim.flows > 0:
        return now
    if sim.attempt != NEVER and sim.blocked == 0:
        return now
    decides = min(next_operation(sim), sim.refresh_due)
    found = min(rules.horizon, decides if decides == NEVER else decides - recorded_after(rules))
    if sim.in_period == 1:
        found = min(found, sim.row_end)
    if found <= now:
        return now
    if sim.status == INACTIVE:
        return found
    spare = NEVER  # bytes that may be counted until usage decides something
    if sim.in_period == 1 and sim.blocked == 0 and sim.cached_limit != NO_LIMIT:
        spare = sim.cached_limit - sim.counted
    ready = NEVER  # bytes that may move until a ready SIM turns active
    if sim.status == READY and sim.ready_left != NEVER:
        ready = sim.ready_left - 1
    if spare == NEVER and ready == NEVER:
        return found
    if spare < 0 or ready < 0 or (ready != NEVER and sim.attempt != NEVER):
        return now
    day, last = now // DAY, (found + DAY - 1) // DAY
    crosses = NEVER
    if day * DAY < now:
        if sim.day != day:
            begin_day(sim, rules, held, day)
        crosses, spare, ready = first_over(rules, held, spare, ready)
        day += 1
    if crosses == NEVER and day < last:
        counted, moved = most_bytes(rules, held, day, last)
        if counted <= spare and moved <= ready:
            return found
        while last - day > 1:  # it is on one of these days; on which half of them?
            middle = (day + last) // 2
            counted, moved = most_bytes(rules, held, day, middle)
            if counted <= spare and moved <= ready:
                spare -= counted
                ready -= moved
                day = middle
            else:
                last = middle
        begin_day(sim, rules, held, day)
        crosses, _, _ = first_over(rules, held, spare, ready)
    return found if crosses >= found else max(crosses - recorded_after(rules), now)


@njit(**OPTIONS)
def most_bytes(rules: Rules, held: Held, first: int, last: int) -> tuple[int, int]:
    """Bytes that can be counted, and that can move, in days `first` to `last` - 1, if every lookup is made."""
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
def first_over(rules: Rules, held: Held, spare: int, ready: int) -> tuple[int, int, int]:
    """When the day's transfers may first count or move more than that, if every lookup is made; and what they leave."""
    first, mark = numbers_at(held.first, rules.item_count), numbers_at(held.mark, rules.item_count)
    times, via_dns = numbers_at(held.times, held.transfers), numbers_at(held.via_dns, rules.item_count)
    uploads, downloads = numbers_at(held.uploads, held.transfers), numbers_at(held.downloads, held.transfers)
    lookup = (rules.query + rules.response) * rules.looks_up
    mark[:] = first
    found = NEVER
    while found == NEVER:
        item = next_item(rules, held, NEVER)
        if item < 0:
            break
        i = first[item]
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
    first[:] = mark
    return found, spare, ready


@njit(**OPTIONS)
def take_as_sums(sim: Sim, rules: Rules, held: Held, now: int, until: int) -> None:
    """Let the time from `now` to `until` pass, in which no instant matters."""
    day, last = (now + DAY - 1) // DAY, until // DAY
    while now < until:
        if now == day * DAY and day < last:
            add_days(sim, rules, held, day, last)
            now = last * DAY
            continue
        today = now // DAY
        stop = min((today + 1) * DAY, until)
        if sim.status == INACTIVE:
            sim.day = -1
        else:
            if sim.day != today:
                begin_day(sim, rules, held, today)
            pass_by(sim, rules, held, stop, 0)
        now = stop
    sim.settled_at = until


@njit(**OPTIONS)
def add_days(sim: Sim, rules: Rules, held: Held, first: int, last: int) -> None:
    """Add days `first` to `last` - 1."""
    if sim.status == INACTIVE:
        return
    via_dns = numbers_at(held.via_dns, rules.item_count)
    upload, download, tunnelled, counted, undelivered = 0, 0, 0, 0, 0
    for item in range(rules.item_count):
        up, down = upload_of_days(rules, held, item, first, last), download_of_days(rules, held, item, first, last)
        sim.row[OFFERED] += up + down
        if sim.blocked == 1 and (via_dns[item] == 0 or rules.tunnels_pass == 0):
            undelivered += up + down
            continue
        upload += up
        download += down
        if via_dns[item] == 1:
            tunnelled += up + down
        else:
            counted += up + down
    lookups = lookups_of_days(sim, rules, held, first, last)
    sim.row[UNDELIVERED] += undelivered
    dns = tunnelled + lookups * (rules.query + rules.response)
    move_all(sim, rules, held, upload + lookups * rules.query, download + lookups * rules.response, dns)
    counted += dns * rules.dns_counts
    sim.counted += counted
    if rules.record_interval == NEVER:
        sim.open_bytes += counted
    else:
        sim.recorded += counted


@njit(**OPTIONS)
def lookups_of_days(sim: Sim, rules: Rules, held: Held, first: int, last: int) -> int:
    """Lookups in days `first` to `last` - 1; the cache and a blocked device's attempts are moved on."""
    if rules.looks_up == 0 or (sim.blocked == 1 and rules.lookups_pass == 0):
        attempts_before(sim, held, last * DAY)
        return 0
    if rules.cache_ttl == 0:
        found = 0
        via_dns = numbers_at(held.via_dns, rules.item_count)
        for item in range(rules.item_count):
            if via_dns[item] == 0:
                found += count_of_days(rules, held, item, first, last)
        return found + attempts_before(sim, held, last * DAY)
    begin_days(sim, rules, held, first, last)
    return lookups_before(sim, rules, held, last * DAY)


@njit(**OPTIONS)
def lookups_before(sim: Sim, rules: Rules, held: Held, until: int) -> int:
    """Lookups of the transfers that have still to come, and of a blocked device's attempts, all before an instant."""
    first, last = numbers_at(held.first, rules.item_count), numbers_at(held.last, rules.item_count)
    times, via_dns = numbers_at(held.times, held.transfers), numbers_at(held.via_dns, rules.item_count)
    found = 0
    if sim.last_lookup == NEVER:
        sim.last_lookup = -NEVER
    if rules.item_count == 1 and via_dns[0] == 0:
        found = lookups_at(sim, rules, held, numbers_at(held.times + 8 * first[0], last[0] - first[0]))
    else:
        item = next_item(rules, held, until)
        while item >= 0:
            if via_dns[item] == 0:
                found += lookups_at(sim, rules, held, times[first[item] : first[item] + 1])
            first[item] += 1
            item = next_item(rules, held, until)
    found += lookups_of_attempts(sim, rules, held, until)
    if sim.last_lookup < 0:
        sim.last_lookup = NEVER
    return found


@njit(**OPTIONS)
def lookups_at(sim: Sim, rules: Rules, held: Held, times: NDArray) -> int:
    """Lookups of transfers at these instants, and of the attempts before them, where the last one is known."""
    ttl, looked_up, attempt, found = rules.cache_ttl, sim.last_lookup, sim.attempt, 0
    for i in range(times.size):
        now = times[i]
        if attempt <= now:  # attempts come before transfers
            sim.last_lookup = looked_up
            found += lookups_of_attempts(sim, rules, held, now + 1)
            looked_up, attempt = sim.last_lookup, sim.attempt
        due = now - looked_up >= ttl
        looked_up = now if due else looked_up
        found += due
    sim.last_lookup = looked_up
    return found


@njit(**OPTIONS)
def lookups_of_attempts(sim: Sim, rules: Rules, held: Held, until: int) -> int:
    """Lookups of a blocked device's attempts before an instant, where the last one is known; the chain is moved on."""
    found = 0
    while sim.attempt < until:
        wait, left = held.waits[sim.waits], 1
        if sim.waits + 1 == held.waits.size and wait >= rules.cache_ttl:  # one looks up, so all that follow do
            left = (until - 1 - sim.attempt) // wait + 1
        else:
            sim.waits = min(sim.waits + 1, held.waits.size - 1)
            wait = held.waits[sim.waits]
        cached = sim.attempt - sim.last_lookup < rules.cache_ttl
        if left > 1 or not cached:
            sim.last_lookup = sim.attempt + (left - 1) * wait
        found += left - cached
        sim.attempt += left * wait
    return found


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
