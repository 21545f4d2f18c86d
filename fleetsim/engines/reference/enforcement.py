"""What evaluations, refreshes and blocks do to a SIM."""

from __future__ import annotations

from fleetsim.engines.reference.flows import Stream
from fleetsim.engines.reference.sim import Sim
from fleetsim.rules.enforcement import above_limit


def evaluate(sim: Sim, recorded: int, cause: str) -> None:
    """Judge the recorded usage against the cached limit."""
    sim.records.judged = True
    if not above_limit(recorded, sim.cached_limit):
        lift_block(sim, cause)
    elif not sim.blocked and sim.pending is None:
        sim.pending = ticket = object()
        sim.order_block(ticket, cause)


def refresh_limit(sim: Sim, cause: str) -> None:
    """Read the fleet's limit into the cache, and evaluate on what has been recorded so far."""
    now = sim.settle()
    if sim.cached_limit != sim.fleet_limit or cause == "activation":  # before which there was none in the cache
        sim.cached_limit = sim.fleet_limit
        sim.note("limit", cause)
    if sim.in_period:
        evaluate(sim, sim.records.recorded_until(now - 1), "refresh")  # closes and evaluations due now come later
        sim.raise_doubt(now - 1)


def take_effect(sim: Sim, cause: str) -> None:
    """A block takes effect: cut transfers, suspend continuous traffic, start a chain of attempts."""
    now = sim.settle()
    sim.pending = None
    sim.blocked = True
    sim.blocked_since = now
    sim.row.blocks += 1
    if sim.row.blocks == 1:
        sim.row.first_blocked_at = now
    sim.note("block", cause)
    if stop_traffic(sim):
        sim.fall_quiet(now)
    if sim.status != "inactive":
        sim.start_chain()


def stop_traffic(sim: Sim) -> bool:
    """Cut transfers and suspend continuous traffic that the SIM's state stops; say whether there was any."""
    stopped = [flow for flow in sim.flows if not flow.suspended and sim.stopped(flow)]
    for flow in stopped:
        if isinstance(flow, Stream):
            flow.suspended = True
        else:
            sim.row.undelivered += flow.left(flow.ends)
            sim.flows.remove(flow)
            flow.over = True
    return bool(stopped)


def lift_block(sim: Sim, cause: str) -> None:
    """Cancel a pending block; unblock a blocked SIM."""
    sim.pending = None
    if sim.blocked:
        count_blocked(sim, sim.settled_at)
        sim.blocked = False
        sim.note("unblock", cause)
        if any(flow.suspended for flow in sim.flows):
            sim.resume_traffic()


def count_blocked(sim: Sim, until: int) -> None:
    """Count the time for which the SIM has been blocked in its fleet."""
    sim.row.blocked_ms += until - sim.blocked_since
    if until > sim.blocked_since:
        sim.block_spans.append((sim.number, sim.fleet, sim.blocked_since, until))
    sim.blocked_since = until
