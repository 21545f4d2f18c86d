"""The first half of the answer: at which limit, and how many SIMs were blocked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from fleetsim.experiments.over_sims import Part, of
from fleetsim.inference.means import mean_interval
from fleetsim.report import words
from fleetsim.report.source import (
    FEW_EVENTS,
    ROLES,
    Estimate,
    Result,
    confidence,
    has_rows,
    replications,
    start_and_end,
)
from fleetsim.scenario.schema import LimitChange

_MOST_FLEETS = 3  # whose limits a sentence can name


def limits(result: Result) -> str:
    """``At 5 MB``; ``unlimited`` where no limit ever stands; counted where there are several."""
    fleets = result.scenario.fleets
    first = {fleet.data_limit_bytes for fleet in fleets.values()}
    # Some limit set anew is no change of it.
    changes = [change for change in result.scenario.limit_changes if {change.data_limit_bytes} != first]
    if first | {change.data_limit_bytes for change in changes} == {None}:
        return words.limit(None)
    if len(first) > 1:
        return _of_each_fleet(result)
    (old,) = first
    begun = "Without a data limit at first" if old is None else f"At {words.limit(old)}"
    if not changes:
        return begun
    if len(changes) > 1:
        return f"{begun}, changed by {words.counted(len(changes), 'entry', 'entries')} of the timeline"
    whose = f" for {words.plain(changes[0].fleet)}" if len(fleets) > 1 else ""
    if old is None and not whose:
        new, when = words.limit(changes[0].data_limit_bytes), _when(result, changes[0])
        return f"Without a data limit, and at {new} from {when}"
    return f"{begun}, {_changed(result, changes[0], old)}{whose}"


def later(result: Result, fleet: str) -> str:
    """``, lowered to 3 MB on ...``: how the limit of a fleet changes; ``at first``, where it does several times."""
    times, said = _changes(result, fleet)
    return f", {said}" if said else " at first" if times else ""


def _changes(result: Result, fleet: str) -> tuple[int, str]:
    """How often the limit of a fleet changes, and to what, if it does once."""
    old = result.scenario.fleets[fleet].data_limit_bytes
    changes = [change for change in result.scenario.limit_changes if change.fleet == fleet]
    if all(change.data_limit_bytes == old for change in changes):  # some limit set anew is no change
        return 0, ""
    return len(changes), _changed(result, changes[0], old) if len(changes) == 1 else ""


def _changed(result: Result, change: LimitChange, old: int | None) -> str:
    new = change.data_limit_bytes
    verb = "lowered" if old is None or (new is not None and new < old) else "raised"
    return f"{verb} to {words.limit(new)} on {_when(result, change)}"


def _when(result: Result, change: LimitChange) -> str:
    return words.instant(start_and_end(result)[0] + timedelta(milliseconds=change.at_ms))


def _of_each_fleet(result: Result) -> str:
    fleets = result.scenario.fleets
    if len(fleets) > _MOST_FLEETS:
        return f"With the limits of all {len(fleets)} fleets"
    told = []
    for name, fleet in fleets.items():
        limit = "no limit" if fleet.data_limit_bytes is None else words.limit(fleet.data_limit_bytes)
        times, said = _changes(result, name)
        first, then = " at first" if times > 1 else "", f" ({said})" if said else ""
        told.append(f"{limit}{first} for {words.plain(name)}{then}")
    return f"With {words.listed(told)}"


@dataclass(frozen=True)
class Counts:
    """How many there are of a role, and how many of these were blocked at least once.

    Parameters
    ----------
    seen, blocked
        int64, shape (replications,).
    one, many
        What is counted.
    """

    seen: NDArray[np.int64]
    blocked: NDArray[np.int64]
    one: str
    many: str


def counts(result: Result, role: str, fleet: str) -> Counts:
    """SIMs of a role in a fleet (or ``all``); SIM-periods where the run kept no rows."""
    if has_rows(result):
        sims = result.overview.sims(role, fleet)
        return Counts(sims.seen, sims.blocked, "SIM", "SIMs")
    frame = of(result.replications, Part(role, fleet))
    sums = frame.groupby("replication")[["sim_periods", "blocked_sim_periods"]].sum()
    seen, ever = sums.reindex(range(replications(result)), fill_value=0).to_numpy(np.int64).T
    return Counts(seen, ever, "SIM-period", "SIM-periods")


def blocked(result: Result, fleet: str) -> str:
    """Who was blocked, one phrase a role: ``19 of 980 normal SIMs on average ... were blocked at least once``."""
    by_role = {role: counts(result, role, fleet) for role in ROLES}
    by_role = {role: each for role, each in by_role.items() if each.seen.any()}
    n = replications(result)
    if not any(each.blocked.any() for each in by_role.values()):
        every = next(iter(by_role.values()))
        size = sum(float(each.seen.mean()) for each in by_role.values())
        again = f" in any of {n:,} replications" if n > 1 else ""
        return f"none of {_of(size, every)} was blocked{again}"
    # One role only: no need to tell it from another.
    adjective = {role: f"{role} " if len(by_role) > 1 else "" for role in by_role}
    phrases = [_phrase(result, each, adjective[role]) for role, each in by_role.items()]
    certain = all(not each.blocked.any() or (each.blocked == each.seen).all() for each in by_role.values())
    again = f", in each of {n:,} replications" if certain and n > 1 else ""
    return f"{words.listed(phrases)} were blocked at least once{again}"


def _phrase(result: Result, count: Counts, adjective: str) -> str:
    n, seen, ever = replications(result), int(count.seen.sum()), int(count.blocked.sum())
    of = _of(seen / n, count, adjective)
    if ever in (0, seen):
        return f"all {of}" if ever else f"none of {of}"
    share = words.share(ever / seen)
    if ever < FEW_EVENTS or n == 1:
        # An interval of their mean would promise too much.
        runs = f" in {n:,} replications" if n > 1 else ""
        return f"{ever:,} of {_of(seen, count, adjective)}{runs} ({share})"
    estimate = Estimate(*mean_interval(count.blocked.astype(np.float64), confidence(result)))
    if (bounds := estimate.interval) is None:
        return f"{words.number(estimate.value)} of {of} ({share})"
    value, low, high = words.estimated_count(estimate.value, *bounds)
    sure = f"{words.share(confidence(result))} interval {low} to {high} {count.many}"
    return f"{value} of {of} on average ({sure}; {share})"


def _of(size: float, count: Counts, adjective: str = "") -> str:
    return f"{words.number(size)} {adjective}{count.one if size == 1 else count.many}"


def periods(seen: int, result: Result) -> str:
    """``400 SIM-periods in 20 replications``."""
    n = replications(result)
    runs = f" in {n:,} replications" if n > 1 else ""
    return f"{words.counted(seen, 'SIM-period', 'SIM-periods')}{runs}"
