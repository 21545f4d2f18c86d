"""Traffic: transfers, continuous traffic, lookups and attempts to reconnect."""

from __future__ import annotations

from numba import njit
from numpy.typing import NDArray

from fleetsim.engines.compiled.flows import left, move, offered_download, offered_upload
from fleetsim.engines.compiled.records import close_until
from fleetsim.engines.compiled.sessions import be_active
from fleetsim.engines.compiled.settings import OPTIONS
from fleetsim.engines.compiled.state import INACTIVE, NEVER, OFFERED, READY, UNDELIVERED, Held, Rules, Sim


@njit(**OPTIONS)
def move_now(sim: Sim, rules: Rules, held: Held, now: int, upload: int, download: int, dns: int) -> None:
    """Move bytes at this instant, in step 7: they are activity, and belong to the record that closes after it."""
    be_active(sim, rules, held, now)
    if sim.next_close <= now:
        close_until(sim, rules, held, now)
    move(sim, rules, held, upload, download, dns)
    if sim.ready_left <= 0 and sim.status == READY:
        sim.ready_turns = min(sim.ready_turns, now + 1)
        sim.ready_left = NEVER


@njit(**OPTIONS)
def stopped(sim: Sim, rules: Rules, held: Held, flow: int) -> bool:
    """Does the SIM's state keep this traffic from moving?"""
    return sim.status == INACTIVE or (sim.blocked == 1 and held.passes[flow] == 0)


@njit(**OPTIONS)
def begin_flow(
    sim: Sim, rules: Rules, held: Held, began: int, ends: int, upload: int, download: int, dns: int, continuous: int
) -> int:
    """Take on traffic that takes time; return its place, -1 where there is no room."""
    if sim.flows == held.began.size:
        sim.full = 1
        return -1
    flow = sim.flows
    held.began[flow], held.ends[flow], held.duration[flow] = began, ends, ends - began
    held.upload[flow], held.download[flow] = upload, download
    held.upload_done[flow] = 0
    held.download_done[flow] = 0
    held.dns[flow], held.continuous[flow] = dns, continuous
    held.passes[flow] = 1 if dns == 1 and rules.tunnels_pass == 1 else 0
    held.suspended[flow] = 0
    sim.flows += 1
    return sim.flows - 1


@njit(**OPTIONS)
def drop_flow(sim: Sim, rules: Rules, held: Held, place: int) -> None:
    """Forget a flow; the others keep their order."""
    for i in range(place, sim.flows - 1):
        held.began[i], held.ends[i], held.duration[i] = held.began[i + 1], held.ends[i + 1], held.duration[i + 1]
        held.upload[i], held.download[i] = held.upload[i + 1], held.download[i + 1]
        held.upload_done[i], held.download_done[i] = held.upload_done[i + 1], held.download_done[i + 1]
        held.dns[i], held.continuous[i] = held.dns[i + 1], held.continuous[i + 1]
        held.passes[i], held.suspended[i] = held.passes[i + 1], held.suspended[i + 1]
    sim.flows -= 1


@njit(**OPTIONS)
def look_up(sim: Sim, rules: Rules, held: Held, now: int) -> None:
    """Look a name up if it is due and if lookups pass now."""
    if rules.looks_up == 0 or (sim.last_lookup != NEVER and now - sim.last_lookup < rules.cache_ttl):
        return
    if sim.blocked == 1 and rules.lookups_pass == 0:
        return
    sim.last_lookup = now
    move_now(sim, rules, held, now, rules.query, rules.response, 1)


@njit(**OPTIONS)
def offer(sim: Sim, rules: Rules, held: Held, now: int, upload: int, download: int, duration: int, dns: int) -> None:
    """Start a transfer."""
    if sim.status == INACTIVE:
        return
    sim.row[OFFERED] += upload + download
    if dns == 0:
        look_up(sim, rules, held, now)
    if sim.blocked == 1 and not (dns == 1 and rules.tunnels_pass == 1):
        sim.row[UNDELIVERED] += upload + download
        return
    if duration == 0:
        move_now(sim, rules, held, now, upload, download, dns)
        return
    be_active(sim, rules, held, now)
    if begin_flow(sim, rules, held, now, now + duration, upload, download, dns, 0) >= 0:
        sim.moving += 1


@njit(**OPTIONS)
def begin_stream(sim: Sim, rules: Rules, held: Held, now: int, stream: NDArray, dns: int) -> None:
    """Begin continuous traffic: begin, end, its own clock's start, upload and download bytes a second."""
    flow = begin_flow(sim, rules, held, stream[2], stream[1], stream[3], stream[4], dns, 1)
    if flow < 0:
        return
    # What its clock has counted before the SIM was there is not offered.
    held.upload_done[flow] = offered_upload(held, flow, now)
    held.download_done[flow] = offered_download(held, flow, now)
    if stopped(sim, rules, held, flow):
        held.suspended[flow] = 1
    else:
        sim.moving += 1
        be_active(sim, rules, held, now)


@njit(**OPTIONS)
def end_flows(sim: Sim, rules: Rules, held: Held, now: int) -> None:
    """Running traffic comes to its end."""
    i = 0
    while i < sim.flows:
        if held.ends[i] > now:
            i += 1
            continue
        if held.suspended[i] == 0:
            sim.moving -= 1
            sim.last_activity = now
        drop_flow(sim, rules, held, i)


@njit(**OPTIONS)
def stop_traffic(sim: Sim, rules: Rules, held: Held, now: int) -> None:
    """Cut transfers and suspend continuous traffic that the SIM's state stops."""
    i = 0
    while i < sim.flows:
        if held.suspended[i] == 1 or not stopped(sim, rules, held, i):
            i += 1
            continue
        sim.moving -= 1
        sim.last_activity = now
        if held.continuous[i] == 1:
            held.suspended[i] = 1
            i += 1
        else:
            sim.row[UNDELIVERED] += left(held, i, held.ends[i])
            drop_flow(sim, rules, held, i)


@njit(**OPTIONS)
def go_on(sim: Sim, rules: Rules, held: Held, now: int) -> None:
    """Let suspended traffic go on after an unblock or a return."""
    for i in range(sim.flows):
        if held.suspended[i] == 1 and not stopped(sim, rules, held, i):
            held.suspended[i] = 0
            sim.moving += 1
            be_active(sim, rules, held, now)


@njit(**OPTIONS)
def attempt(sim: Sim, rules: Rules, held: Held, now: int) -> None:
    """Attempt to reconnect: the one that finds the SIM unblocked makes the handshake and ends the chain."""
    look_up(sim, rules, held, now)
    if sim.blocked == 1:
        sim.waits = min(sim.waits + 1, held.waits.size - 1)
        sim.attempt = now + held.waits[sim.waits]
        return
    if rules.handshake_up > 0 or rules.handshake_down > 0:
        move_now(sim, rules, held, now, rules.handshake_up, rules.handshake_down, 0)
    sim.attempt = NEVER


@njit(**OPTIONS)
def start_chain(sim: Sim, rules: Rules, held: Held, now: int) -> None:
    """Start a chain of attempts; one that is running ends."""
    if rules.reconnects == 1:
        sim.waits = 0
        sim.attempt = now + held.waits[0]
