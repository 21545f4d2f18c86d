"""The half-sentences about service: at which limit, and what share of the SIM-periods was blocked."""

from __future__ import annotations

from datetime import timedelta

from fleetsim.report import words
from fleetsim.report.source import (
    FEW_EVENTS,
    ROLES,
    Estimate,
    Result,
    Summary,
    confidence,
    replications,
    start_and_end,
    total,
)


def limits(result: Result) -> str:
    """``At 5 MB``; ``unlimited`` where no limit ever stands; counted where there are several."""
    fleets, changes = result.scenario.fleets, result.scenario.limit_changes
    ever = {f.data_limit_bytes for f in fleets.values()} | {change.data_limit_bytes for change in changes}
    if ever == {None}:
        return words.limit(None)
    first = {f.data_limit_bytes for f in fleets.values()}
    if len(first) > 1:
        return f"With the limits of all {len(fleets)} fleets"
    text = words.limit(*first)
    if not changes:
        return f"At {text}"
    if len(changes) > 1 or len(fleets) > 1:
        return f"At {text} first, changed by {_counted(len(changes), 'entry', 'entries')} of the timeline"
    change = changes[0]
    when = start_and_end(result)[0] + timedelta(milliseconds=change.at_ms)
    return f"At {text}, and {words.limit(change.data_limit_bytes)} from {words.instant(when)}"


def blocked(result: Result, summary: Summary, fleet: str) -> str:
    """Who was blocked, one phrase a role: ``1.9 % of SIM-periods of normal devices ... were blocked``."""
    frame = result.replications
    if fleet != "all":
        frame = frame[frame["fleet"] == fleet]
    seen = {role: total(frame, "sim_periods", role=role) for role in ROLES}
    roles = [role for role in ROLES if seen[role]]
    count = {role: total(frame, "blocked_sim_periods", role=role) for role in roles}
    if not any(count.values()):
        return f"none of {periods(sum(seen.values()), result)} was blocked"
    phrases = []
    for role in roles:
        # One role only: no need to tell it from another.
        whose = f" of {role} devices" if len(roles) > 1 else ""
        estimate = summary.get("blocked_sim_periods_share", role=role, fleet=fleet)
        phrases.append(_share_of_periods(result, count[role], seen[role], whose, estimate))
    return f"{words.listed(phrases)} were blocked at least once"


def _share_of_periods(result: Result, count: int, seen: int, whose: str, estimate: Estimate | None) -> str:
    if count in (0, seen):
        return f"{'all' if count else 'none'} of {periods(seen, result, whose)}"
    if count < FEW_EVENTS:
        return f"{words.number(count)} of {periods(seen, result, whose)} ({words.share(count / seen)})"
    bounds = estimate.interval if estimate else None
    if estimate is None or bounds is None:
        return f"{words.share(count / seen if estimate is None else estimate.value)} of SIM-periods{whose}"
    value, low, high = words.estimated_share(estimate.value, *bounds)
    return f"{value} of SIM-periods{whose} ({words.share(confidence(result))} interval {low} to {high})"


def periods(seen: int, result: Result, whose: str = "") -> str:
    """``400 SIM-periods of faulty devices in 20 replications``."""
    n = replications(result)
    runs = f" in {n:,} replications" if n > 1 else ""
    return f"{_counted(seen, 'SIM-period', 'SIM-periods')}{whose}{runs}"


def _counted(n: int, one: str, many: str) -> str:
    return f"{n:,} {one if n == 1 else many}"
