"""Two gears through a life: days in which no instant decides anything are taken as sums, all others instant by instant.

A day is 24 h from the scenario's start. Bytes of a day that is taken as a sum count as recorded at once, so the days
before one that matters are lived instant by instant too: as many as it takes for a record to close and be evaluated.
"""

from __future__ import annotations

from numba import njit
from numpy.typing import NDArray

from fleetsim.engines.compiled.flows import charge
from fleetsim.engines.compiled.items import DAY
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


@njit(**OPTIONS)
def days_before(rules: Rules) -> int:
    """How many days before one that matters are lived instant by instant."""
    if rules.record_interval == NEVER:
        return 0
    return (rules.record_interval + rules.record_delay + DAY - 1) // DAY


@njit(**OPTIONS)
def may_be_summed(sim: Sim, rules: Rules, start: int, end: int, operation: int) -> bool:
    """Could nothing but usage decide anything in [start, end)?"""
    if sim.awake == 0 or sim.pending == 1 or sim.judged == 0 or sim.flows > 0 or sim.attempt != NEVER:
        return False
    if (
        end - start < DAY
        or operation < end
        or (sim.refresh_due != NEVER and sim.refresh_due < end)
        or sim.settled_at > start
    ):
        return False
    return sim.in_period == 0 or (sim.row_start <= start and end <= sim.row_end)


@njit(**OPTIONS)
def lookup_bytes(rules: Rules, transfers: int) -> int:
    """Bytes of the lookups of so many transfers, where each makes one."""
    return transfers * (rules.query + rules.response) * rules.looks_up


@njit(**OPTIONS)
def calm_until(
    sim: Sim, rules: Rules, first: int, days: int, operation: int, numbers: NDArray, sizes: NDArray, via_dns: NDArray
) -> int:
    """The first day from `first` on in which an instant may matter.

    Parameters
    ----------
    operation
        Instant of the owner's next operation.
    numbers, sizes
        Transfers and their bytes, up and down together, shape (items, days).
    """
    moved, counted, ready = sim.moved, sim.counted, sim.ready_left
    for day in range(first, days):
        end = min((day + 1) * DAY, rules.horizon)
        if not may_be_summed(sim, rules, day * DAY, end, operation):
            return day
        for item in range(via_dns.size if sim.status != INACTIVE else 0):
            more, lookups = sizes[item, day], 0
            if via_dns[item] == 0:
                lookups = lookup_bytes(rules, numbers[item, day])
            if sim.blocked == 1:
                more = more if via_dns[item] == 1 and rules.tunnels_pass == 1 else 0
                lookups = lookups if rules.lookups_pass == 1 else 0
            moved += more + lookups
            ready -= more + lookups
            if rules.dns_counts == 1:
                counted += more + lookups
            elif via_dns[item] == 0:
                counted += more
        if sim.status == READY and ready <= 0:
            return day
        if sim.in_period == 1 and sim.blocked == 0 and (counted > sim.cached_limit or moved > sim.fleet_limit):
            return day
    return days


@njit(**OPTIONS)
def add_days(
    sim: Sim,
    rules: Rules,
    held: Held,
    first: int,
    last: int,
    numbers: NDArray,
    uploads: NDArray,
    downloads: NDArray,
    via_dns: NDArray,
) -> None:
    """Take days `first` to `last` - 1 as sums."""
    if sim.status == INACTIVE:
        return
    for item in range(via_dns.size):
        n, up, down = 0, 0, 0
        for day in range(first, last):
            n += numbers[item, day]
            up += uploads[item, day]
            down += downloads[item, day]
        sim.row[OFFERED] += up + down
        if via_dns[item] == 1:
            if sim.blocked == 1 and rules.tunnels_pass == 0:
                sim.row[UNDELIVERED] += up + down
            else:
                add(sim, rules, held, up, down, 1)
            continue
        if rules.looks_up == 1 and (sim.blocked == 0 or rules.lookups_pass == 1):
            add(sim, rules, held, n * rules.query, n * rules.response, 1)
        if sim.blocked == 1:
            sim.row[UNDELIVERED] += up + down
        else:
            add(sim, rules, held, up, down, 0)


@njit(**OPTIONS)
def add(sim: Sim, rules: Rules, held: Held, upload: int, download: int, dns: int) -> None:
    """Number bytes that have moved, and count them as recorded."""
    size = upload + download
    sim.row[UPLOAD] += upload
    sim.row[DOWNLOAD] += download
    if dns == 1:
        sim.row[DNS] += size
    sim.ready_left -= size
    first = sim.moved
    sim.moved += size
    if sim.moved > sim.fleet_limit and size > 0:
        charge(sim, rules, held, first, sim.moved)
    if dns == 0 or rules.dns_counts == 1:
        sim.counted += size
        if rules.record_interval == NEVER:
            sim.open_bytes += size
        else:
            sim.recorded += size
