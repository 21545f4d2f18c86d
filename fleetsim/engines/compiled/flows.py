"""Bytes that move: numbered, put to their cause, counted into their record; and traffic that takes time."""

from __future__ import annotations

from numba import njit

from fleetsim.engines.compiled.arithmetic import share
from fleetsim.engines.compiled.records import close_until
from fleetsim.engines.compiled.settings import OPTIONS
from fleetsim.engines.compiled.state import (
    DNS,
    DOWNLOAD,
    ENFORCEMENT,
    INACTIVE,
    LEAK,
    METERING,
    NEVER,
    OFFERED,
    PROPAGATION,
    READY,
    UNDELIVERED,
    UPLOAD,
    Held,
    Rules,
    Sim,
)


@njit(**OPTIONS)
def offered_upload(held: Held, flow: int, until: int) -> int:
    """Upload bytes from the flow's start to an instant, were it never stopped."""
    elapsed = min(until, held.ends[flow]) - held.began[flow]
    if held.continuous[flow] == 1:
        return held.upload[flow] * (elapsed // 1000) + held.upload[flow] * (elapsed % 1000) // 1000
    return share(held.upload[flow], elapsed, held.duration[flow])


@njit(**OPTIONS)
def offered_download(held: Held, flow: int, until: int) -> int:
    """Download bytes, likewise."""
    elapsed = min(until, held.ends[flow]) - held.began[flow]
    if held.continuous[flow] == 1:
        return held.download[flow] * (elapsed // 1000) + held.download[flow] * (elapsed % 1000) // 1000
    return share(held.download[flow], elapsed, held.duration[flow])


@njit(**OPTIONS)
def left(held: Held, flow: int, until: int) -> int:
    """Bytes that it can still move up to an instant."""
    upload = offered_upload(held, flow, until) - held.upload_done[flow]
    return upload + offered_download(held, flow, until) - held.download_done[flow]


@njit(**OPTIONS)
def coming(sim: Sim, rules: Rules, held: Held, until: int) -> int:
    """Bytes that moving traffic has still to move up to an instant."""
    total = 0
    for i in range(sim.flows):
        if held.suspended[i] == 0:
            total += left(held, i, until)
    return total


@njit(**OPTIONS)
def watch_ready(sim: Sim, rules: Rules, held: Held, until: int) -> None:
    """Running traffic is about to be accounted for: find the first instant by which a ready SIM has moved enough."""
    if coming(sim, rules, held, until) < sim.ready_left:
        return
    low, high = sim.ready_since, until
    while low < high:
        middle = (low + high) // 2
        if coming(sim, rules, held, middle) >= sim.ready_left:
            high = middle
        else:
            low = middle + 1
    sim.ready_turns = min(sim.ready_turns, high)
    sim.ready_left = NEVER


@njit(**OPTIONS)
def charge(sim: Sim, rules: Rules, held: Held, first: int, last: int) -> None:
    """Put the bytes numbered `first` + 1 to `last` that are over the fleet's limit to their causes."""
    over = max(first, sim.fleet_limit)
    if sim.blocked == 1:
        sim.row[LEAK] += last - over
        return
    beyond_cache = max(over, min(sim.cached_limit, last))
    sim.row[PROPAGATION] += beyond_cache - over
    sim.row[ENFORCEMENT if sim.pending == 1 else METERING] += last - beyond_cache


@njit(**OPTIONS)
def move(sim: Sim, rules: Rules, held: Held, upload: int, download: int, dns: int) -> None:
    """Number bytes that move, put those over the limit to their cause, and count them into the open record."""
    size = upload + download
    sim.row[UPLOAD] += upload
    sim.row[DOWNLOAD] += download
    if dns == 1:
        sim.row[DNS] += size
    sim.ready_left -= size
    if rules.keeps != 0:
        sim.log_upload += upload
        sim.log_download += download
        if dns == 1:
            sim.log_dns += size
    first = sim.moved
    last = first + size
    sim.moved = last
    if last > sim.fleet_limit and size > 0:
        charge(sim, rules, held, first, last)
    if dns == 0 or rules.dns_counts == 1:
        sim.counted += size
        sim.open_bytes += size


@njit(**OPTIONS)
def advance_flows(sim: Sim, rules: Rules, held: Held, until: int) -> None:
    """Let running traffic go on up to an instant; what continuous traffic counts while inactive is not offered."""
    if sim.status == READY:
        watch_ready(sim, rules, held, until)
    for flow in range(sim.flows):
        upload, download = offered_upload(held, flow, until), offered_download(held, flow, until)
        more_up, more_down = upload - held.upload_done[flow], download - held.download_done[flow]
        held.upload_done[flow], held.download_done[flow] = upload, download
        if sim.status == INACTIVE:
            continue
        if held.continuous[flow] == 1:
            sim.row[OFFERED] += more_up + more_down
        if held.suspended[flow] == 1:
            sim.row[UNDELIVERED] += more_up + more_down
        elif more_up > 0 or more_down > 0:
            move(sim, rules, held, more_up, more_down, held.dns[flow])


@njit(**OPTIONS)
def settle(sim: Sim, rules: Rules, held: Held, now: int) -> None:
    """Let running traffic move up to now, under the state that held until now, each byte in its own record."""
    if sim.flows > 0 and sim.settled_at < now:
        close_until(sim, rules, held, sim.settled_at)
        while sim.next_close < now:
            close = sim.next_close
            advance_flows(sim, rules, held, close)
            close_until(sim, rules, held, close)
        advance_flows(sim, rules, held, now)
    sim.settled_at = now
