"""Transfers that come one after the other while nothing else does: what they move is added up, and told at the end."""

from __future__ import annotations

from numba import njit

from fleetsim.counted import NO_LIMIT
from fleetsim.engines.compiled.flows import charge
from fleetsim.engines.compiled.pointed import numbers_at
from fleetsim.engines.compiled.records import close_until
from fleetsim.engines.compiled.settings import OPTIONS
from fleetsim.engines.compiled.state import (
    DNS,
    DOWNLOAD,
    INACTIVE,
    NEVER,
    OFFERED,
    READY,
    UNDELIVERED,
    UPLOAD,
    Held,
    Rules,
    Sim,
)
from fleetsim.engines.compiled.traffic import offer


@njit(**OPTIONS)
def is_plain(sim: Sim, rules: Rules) -> bool:
    """Does a transfer do no more than move its bytes, or fail to, and perhaps look a name up before?"""
    if sim.flows > 0 or rules.on_demand == 1 or rules.keeps != 0 or sim.status == INACTIVE:
        return False
    return sim.status != READY or sim.ready_left == NEVER


@njit(**OPTIONS)
def next_item(rules: Rules, held: Held, until: int) -> int:
    """The item whose transfer comes next, -1 if none comes before an instant; at one instant, the first in the file."""
    first, last = numbers_at(held.first, rules.item_count), numbers_at(held.last, rules.item_count)
    times = numbers_at(held.times, held.transfers)
    now, found = until, -1
    for item in range(rules.item_count):
        if first[item] < last[item] and times[first[item]] < now:
            now, found = times[first[item]], item
    return found


@njit(**OPTIONS)
def move_all(sim: Sim, rules: Rules, held: Held, upload: int, download: int, dns: int) -> None:
    """Number bytes that have moved while the SIM's state was one and the same; they are counted elsewhere."""
    size = upload + download
    sim.row[UPLOAD] += upload
    sim.row[DOWNLOAD] += download
    sim.row[DNS] += dns
    sim.ready_left -= size
    first = sim.moved
    sim.moved += size
    if sim.moved > sim.fleet_limit and size > 0:
        charge(sim, rules, held, first, sim.moved)


@njit(**OPTIONS)
def pass_by(sim: Sim, rules: Rules, held: Held, until: int) -> bool:
    """Let transfers and a blocked device's attempts come that come before an instant; say whether to look up again.

    That is after a transfer that brings the SIM over its cached limit, or one that takes time.
    Nothing else comes before `until`.
    """
    first, via_dns = numbers_at(held.first, rules.item_count), numbers_at(held.via_dns, rules.item_count)
    times, durations = numbers_at(held.times, held.transfers), numbers_at(held.durations, held.transfers)
    uploads, downloads = numbers_at(held.uploads, held.transfers), numbers_at(held.downloads, held.transfers)
    blocked, looks_up = sim.blocked, rules.looks_up
    if blocked == 1 and rules.lookups_pass == 0:
        looks_up = 0
    limit = sim.cached_limit
    if blocked == 1 or limit == NO_LIMIT or sim.counted > limit:
        limit = NEVER  # nothing is brought over it
    lookup, counted_lookup = rules.query + rules.response, (rules.query + rules.response) * rules.dns_counts
    ttl, last_lookup = rules.cache_ttl, sim.last_lookup
    attempt, waits = NEVER, sim.waits
    if blocked == 1:
        attempt = sim.attempt
    counted, open_bytes, next_close = sim.counted, sim.open_bytes, sim.next_close
    lookups, offered, upload, download, tunnelled, undelivered = 0, 0, 0, 0, 0, 0
    now, stays, begins = sim.settled_at, True, -1
    while stays:
        item = next_item(rules, held, until)
        i = first[item] if item >= 0 else 0
        next_time = times[i] if item >= 0 else until
        more = 0
        if attempt <= next_time and attempt < until:  # before a transfer of the same instant
            now = attempt
            waits = min(waits + 1, held.waits.size - 1)
            attempt += held.waits[waits]
            dns, moves = 0, 0
        elif item < 0:
            break
        else:
            now = next_time
            dns = via_dns[item]
            moves = 1 if blocked == 0 or (dns == 1 and rules.tunnels_pass == 1) else 0
            if rules.takes_time == 1 and durations[i] > 0 and moves == 1:
                stays, begins = False, item
                break
            first[item] += 1
            size = uploads[i] + downloads[i]
            offered += size
            if moves == 1:
                upload += uploads[i]
                download += downloads[i]
                if dns == 1:
                    tunnelled += size
                    more = size * rules.dns_counts
                else:
                    more = size
            else:
                undelivered += size
        if looks_up == 1 and dns == 0 and (last_lookup == NEVER or now - last_lookup >= ttl):
            last_lookup = now
            lookups += 1
            more += counted_lookup
        if now >= next_close and more > 0:
            sim.open_bytes = open_bytes
            close_until(sim, rules, held, now)
            open_bytes, next_close = sim.open_bytes, sim.next_close
        counted += more
        open_bytes += more
        stays = counted <= limit
    sim.settled_at = now
    sim.last_lookup = last_lookup
    if blocked == 1:
        sim.attempt = attempt
        sim.waits = waits
    sim.counted = counted
    sim.open_bytes = open_bytes
    sim.row[OFFERED] += offered
    sim.row[UNDELIVERED] += undelivered
    move_all(
        sim,
        rules,
        held,
        upload + lookups * rules.query,
        download + lookups * rules.response,
        tunnelled + lookups * lookup,
    )
    if begins >= 0:
        i = first[begins]
        first[begins] += 1
        dns = via_dns[begins]
        offer(sim, rules, held, now, uploads[i], downloads[i], durations[i], dns)
    return not stays
