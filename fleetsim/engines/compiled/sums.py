"""Time in which no instant matters, as sums: of whole days, and of parts of them."""

from __future__ import annotations

from numba import njit

from fleetsim.engines.compiled.drawn import begin_day, count_of_days, download_of_days, upload_of_days
from fleetsim.engines.compiled.flows import advance_flows
from fleetsim.engines.compiled.items import DAY
from fleetsim.engines.compiled.lookups import attempts_before, known_lookups, lookups_before, lookups_in, remembers
from fleetsim.engines.compiled.passing import move_all
from fleetsim.engines.compiled.pointed import numbers_at
from fleetsim.engines.compiled.records import close_until
from fleetsim.engines.compiled.settings import OPTIONS
from fleetsim.engines.compiled.state import INACTIVE, NEVER, OFFERED, UNDELIVERED, Held, Rules, Sim


@njit(**OPTIONS)
def take_as_sums(sim: Sim, rules: Rules, held: Held, now: int, until: int) -> None:
    """Let the time from `now` to `until` pass, in which no instant matters."""
    if sim.flows > 0:
        not_recorded = sim.open_bytes
        advance_flows(sim, rules, held, until)
        if rules.record_interval != NEVER:
            sim.recorded += sim.open_bytes - not_recorded
            sim.open_bytes = not_recorded
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
    if sim.flows > 0:  # the next close may be the next thing to happen
        close_until(sim, rules, held, until - 1)
    sim.settled_at = until


@njit(**OPTIONS)
def add_days(sim: Sim, rules: Rules, held: Held, first: int, last: int) -> None:
    """Add days `first` to `last` - 1."""
    via_dns = numbers_at(held.via_dns, rules.item_count)
    offered, upload, download, tunnelled, transfers = 0, 0, 0, 0, 0
    for item in range(rules.item_count):
        up, down = upload_of_days(rules, held, item, first, last), download_of_days(rules, held, item, first, last)
        offered += up + down
        if via_dns[item] == 0:
            transfers += count_of_days(rules, held, item, first, last)
        if moves(sim, rules, via_dns[item]):
            upload += up
            download += down
            tunnelled += (up + down) * via_dns[item]
    if not remembers(sim, rules):
        lookups = lookups_of(sim, rules, held, transfers, last * DAY)
    elif sim.blocked == 0 and rules.again == 1:
        lookups = known_lookups(sim, rules, held, first, last)
    else:
        lookups = lookups_in(sim, rules, held, first, last)
    add(sim, rules, held, offered, upload, download, tunnelled, lookups)


@njit(**OPTIONS)
def add_part(sim: Sim, rules: Rules, held: Held, day: int, until: int) -> None:
    """Add what has still to come of a day before an instant of it, or its end."""
    if sim.day != day:
        begin_day(sim, rules, held, day)
    first, last = numbers_at(held.first, rules.item_count), numbers_at(held.last, rules.item_count)
    times, via_dns = numbers_at(held.times, held.transfers), numbers_at(held.via_dns, rules.item_count)
    uploads, downloads = numbers_at(held.uploads, held.transfers), numbers_at(held.downloads, held.transfers)
    offsets = numbers_at(held.offsets, rules.item_count)
    offered, upload, download, tunnelled, begin, end = 0, 0, 0, 0, 0, 0
    for item in range(rules.item_count):
        up, down, i = 0, 0, first[item]
        while i < last[item] and times[i] < until:
            up += uploads[i]
            down += downloads[i]
            i += 1
        offered += up + down
        if via_dns[item] == 0:
            begin += first[item] - offsets[item]
            end += i - offsets[item]
        if moves(sim, rules, via_dns[item]):
            upload += up
            download += down
            tunnelled += (up + down) * via_dns[item]
        first[item] = i
    if remembers(sim, rules):
        lookups = lookups_before(sim, rules, held, begin, end, until)
    else:
        lookups = lookups_of(sim, rules, held, end - begin, until)
    add(sim, rules, held, offered, upload, download, tunnelled, lookups)


@njit(**OPTIONS)
def moves(sim: Sim, rules: Rules, dns: int) -> bool:
    """Does a transfer move its bytes in the SIM's state?"""
    return sim.blocked == 0 or (dns == 1 and rules.tunnels_pass == 1)


@njit(**OPTIONS)
def lookups_of(sim: Sim, rules: Rules, held: Held, transfers: int, until: int) -> int:
    """Lookups of so many transfers and of the attempts before an instant, where each makes one or none does."""
    if sim.attempt < until:
        transfers += attempts_before(sim, held, until)
    return transfers if rules.looks_up == 1 and (sim.blocked == 0 or rules.lookups_pass == 1) else 0


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
