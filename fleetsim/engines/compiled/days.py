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
from fleetsim.engines.compiled.passing import move_all, next_item
from fleetsim.engines.compiled.pointed import copy_to, numbers_at
from fleetsim.engines.compiled.settings import CALLED_ONCE, OPTIONS
from fleetsim.engines.compiled.state import INACTIVE, NEVER, OFFERED, READY, UNDELIVERED, Held, Rules, Sim


@njit(**OPTIONS)
def recorded_after(rules: Rules) -> int:
    """How long after it has moved a byte is recorded at the latest."""
    return 0 if rules.record_interval == NEVER else rules.record_interval + rules.record_delay


@njit(**CALLED_ONCE)
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
    if crosses >= found:
        return found
    sim.decisive = max(crosses - recorded_after(rules), now)
    return sim.decisive


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
    copy_to(mark, first)
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
    copy_to(first, mark)
    return found, spare, ready


@njit(**CALLED_ONCE)
def take_as_sums(sim: Sim, rules: Rules, held: Held, now: int, until: int) -> None:
    """Let the time from `now` to `until` pass, in which no instant matters."""
    if sim.status != INACTIVE:
        day, last = (now + DAY - 1) // DAY, until // DAY
        if now < day * DAY:
            add_part(sim, rules, held, day - 1, min(day * DAY, until))
        if day < last:
            add_days(sim, rules, held, day, last)
        if last >= day and last * DAY < until:
            add_part(sim, rules, held, last, until)
    else:
        sim.day = -1
    sim.settled_at = until


@njit(**OPTIONS)
def add_days(sim: Sim, rules: Rules, held: Held, first: int, last: int) -> None:
    """Add days `first` to `last` - 1."""
    via_dns = numbers_at(held.via_dns, rules.item_count)
    offered, upload, download, tunnelled = 0, 0, 0, 0
    for item in range(rules.item_count):
        up, down = upload_of_days(rules, held, item, first, last), download_of_days(rules, held, item, first, last)
        offered += up + down
        if moves(sim, rules, via_dns[item]):
            upload += up
            download += down
            tunnelled += (up + down) * via_dns[item]
    lookups = lookups_of_days(sim, rules, held, first, last)
    add(sim, rules, held, offered, upload, download, tunnelled, lookups)


@njit(**OPTIONS)
def add_part(sim: Sim, rules: Rules, held: Held, day: int, until: int) -> None:
    """Add what has still to come of a day before an instant of it, or its end."""
    if sim.day != day:
        begin_day(sim, rules, held, day)
    first, last = numbers_at(held.first, rules.item_count), numbers_at(held.last, rules.item_count)
    times, via_dns = numbers_at(held.times, held.transfers), numbers_at(held.via_dns, rules.item_count)
    uploads, downloads = numbers_at(held.uploads, held.transfers), numbers_at(held.downloads, held.transfers)
    offered, upload, download, tunnelled, transfers = 0, 0, 0, 0, 0
    for item in range(rules.item_count):
        up, down, i = 0, 0, first[item]
        while i < last[item] and times[i] < until:
            up += uploads[i]
            down += downloads[i]
            i += 1
        offered += up + down
        transfers += (i - first[item]) * (1 - via_dns[item])
        if moves(sim, rules, via_dns[item]):
            upload += up
            download += down
            tunnelled += (up + down) * via_dns[item]
        if not remembers(sim, rules):
            first[item] = i
    if remembers(sim, rules):
        lookups = lookups_before(sim, rules, held, until)
    else:
        lookups = lookups_of(sim, rules, held, transfers, until)
    add(sim, rules, held, offered, upload, download, tunnelled, lookups)


@njit(**OPTIONS)
def moves(sim: Sim, rules: Rules, dns: int) -> bool:
    """Does a transfer move its bytes in the SIM's state?"""
    return sim.blocked == 0 or (dns == 1 and rules.tunnels_pass == 1)


@njit(**OPTIONS)
def remembers(sim: Sim, rules: Rules) -> bool:
    """Does it depend on instants whether a transfer looks a name up?"""
    return rules.looks_up == 1 and rules.cache_ttl > 0 and (sim.blocked == 0 or rules.lookups_pass == 1)


@njit(**OPTIONS)
def add(
    sim: Sim, rules: Rules, held: Held, offered: int, upload: int, download: int, tunnelled: int, lookups: int
) -> None:
    """Add bytes that were offered, those of them that have moved, and lookups; all counts as recorded at once."""
    sim.row[OFFERED] += offered
    sim.row[UNDELIVERED] += offered - upload - download
    dns = tunnelled + lookups * (rules.query + rules.response)
    counted = upload + download - tunnelled + dns * rules.dns_counts
    move_all(sim, rules, held, upload + lookups * rules.query, download + lookups * rules.response, dns)
    sim.counted += counted
    if rules.record_interval == NEVER:
        sim.open_bytes += counted
    else:
        sim.recorded += counted


@njit(**OPTIONS)
def lookups_of_days(sim: Sim, rules: Rules, held: Held, first: int, last: int) -> int:
    """Lookups in days `first` to `last` - 1; the cache and a blocked device's attempts are moved on."""
    if not remembers(sim, rules):
        via_dns, transfers = numbers_at(held.via_dns, rules.item_count), 0
        for item in range(rules.item_count):
            transfers += count_of_days(rules, held, item, first, last) * (1 - via_dns[item])
        return lookups_of(sim, rules, held, transfers, last * DAY)
    if sim.blocked == 0 and rules.again == 1:
        return known_lookups(sim, rules, held, first, last)
    begin_days(sim, rules, held, first, last)
    return lookups_before(sim, rules, held, last * DAY)


@njit(**OPTIONS)
def lookups_of(sim: Sim, rules: Rules, held: Held, transfers: int, until: int) -> int:
    """Lookups of so many transfers and of the attempts before an instant, where each makes one or none does."""
    if sim.attempt < until:
        transfers += attempts_before(sim, held, until)
    return transfers if rules.looks_up == 1 and (sim.blocked == 0 or rules.lookups_pass == 1) else 0


@njit(**OPTIONS)
def known_lookups(sim: Sim, rules: Rules, held: Held, first: int, last: int) -> int:
    """Lookups in days of a SIM that is not blocked; all that they depend on is the last one before. They are kept."""
    lookups, looked_up = (
        numbers_at(held.lookups_by_day, rules.days + 1),
        numbers_at(held.looked_up_by_day, rules.days + 1),
    )
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
        begin_days(sim, rules, held, day, day + 1)
        more = lookups_before(sim, rules, held, (day + 1) * DAY)
        found += more
        day += 1
        if is_known:
            held.known_until = day
            lookups[day], looked_up[day] = lookups[day - 1] + more, sim.last_lookup
    return found


@njit(**OPTIONS)
def lookups_before(sim: Sim, rules: Rules, held: Held, until: int) -> int:
    """Lookups of the transfers that have still to come, and of a blocked device's attempts, all before an instant."""
    first, last = numbers_at(held.first, rules.item_count), numbers_at(held.last, rules.item_count)
    times, via_dns = numbers_at(held.times, held.transfers), numbers_at(held.via_dns, rules.item_count)
    found = 0
    if sim.last_lookup == NEVER:
        sim.last_lookup = -NEVER
    if rules.item_count == 1 and via_dns[0] == 0:
        begin, end = first[0], last[0]
        while begin < end and times[end - 1] >= until:
            end -= 1
        found = lookups_at(sim, rules, held, numbers_at(held.times + 8 * begin, end - begin))
        first[0] = end
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
    ttl, looked_up, found, i = rules.cache_ttl, sim.last_lookup, 0, 0
    wait, longest = held.waits[held.waits.size - 1], held.waits.size - 1
    while i < times.size and sim.attempt != NEVER and (sim.waits < longest or wait < ttl):
        now = times[i]
        sim.last_lookup = looked_up
        found += lookups_of_attempts(sim, rules, held, now + 1)  # attempts come before transfers
        looked_up = sim.last_lookup
        if now - looked_up >= ttl:
            looked_up = now
            found += 1
        i += 1
    # From here on each attempt looks up, but for the one that finds a transfer's lookup in the cache.
    begin, made = sim.attempt, 0
    for k in range(i, times.size if begin == NEVER else i):
        due = times[k] - looked_up >= ttl
        looked_up = times[k] if due else looked_up
        found += due
    for k in range(i, i if begin == NEVER else times.size):
        now = times[k]
        # A quotient of doubles is exact enough for its whole part: both numbers are far below 2^53.
        so_far = int(max(now - begin + wait, 0) / wait)
        next_one, last_one = begin + made * wait, begin + (so_far - 1) * wait
        cached = so_far > made and next_one - looked_up < ttl
        looked_up = last_one if so_far - made > cached else looked_up
        found += so_far - made - cached
        made = so_far
        due = now - looked_up >= ttl
        looked_up = now if due else looked_up
        found += due
    if begin != NEVER:
        sim.attempt = begin + made * wait
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
