"""What a reader of the figures has to know: fees that are not due, periods that the run cuts, moves, idle SIMs, use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from fleetsim.experiments.over_sims import ALL
from fleetsim.report import words
from fleetsim.report.assumptions import owner_does
from fleetsim.report.service import periods
from fleetsim.report.source import (
    FEW_EVENTS,
    Result,
    Summary,
    has_rows,
    largest_overage,
    periods_over,
    replications,
    start_and_end,
    total,
)
from fleetsim.scenario.schema import Entry, Move, StatusChange
from fleetsim.units import format_bytes

_MOST_ENTRIES = 2  # of the timeline, that a sentence names
_MOST_FLEETS = 3  # whose use it names
_BY_SUMS = "SIM-periods of normal devices"


def remarks(result: Result, summary: Summary) -> list[str]:
    """All of these sentences, each only where the run has what it is about."""
    return [
        *_fees(result),
        *_carried(result),
        *_moves(result),
        *_inactive(result),
        *_inequality(result),
        *_use(result, summary),
        *_cut(result),
    ]


def _fees(result: Result) -> list[str]:
    """Fees, where SIM-periods that lie in the run owe none."""
    if not has_rows(result) or not result.scenario.tariff.fee_micros:
        return []
    seen = result.overview.begun
    if seen.due == seen.inside:
        return []
    n, currency = replications(result), str(result.manifest["currency"])
    fees = words.money(total(result.replications, "fee_micros") / n / 1e6, currency)
    begun, due, free = (words.number(count / n) for count in (seen.inside, seen.due, seen.inside - seen.due))
    return [
        f"Fees are {fees} of the cost: of {begun} SIM-periods that begin in the run, {due} owe one and {free} do not, "
        f"for the SIM was {_why(result)} throughout."
    ]


def _why(result: Result) -> str:
    """Why a SIM owes no fee, as far as the scenario leaves a choice."""
    ready = any(
        group.status == "ready" for fleet in result.scenario.fleets.values() for group in fleet.devices.values()
    )
    idle = any(isinstance(each, StatusChange) and each.status == "inactive" for each in result.scenario.timeline)
    return " or ".join(name for name, there in (("ready", ready), ("inactive", idle)) if there) or "not active"


def _carried(result: Result) -> list[str]:
    """Periods that began before the run."""
    if not has_rows(result):
        return []
    n = replications(result)
    count = result.overview.begun.before
    if not count:
        return []
    used = format_bytes(total(result.replications, "carried_bytes") / n)
    return [
        f"{words.number(count / n)} SIM-periods began before the run. The {used} used in them by then count toward the "
        "limit; what these cost, and the fees of these periods, were paid before and are not in the cost."
    ]


def _moves(result: Result) -> list[str]:
    entries = [each for each in result.scenario.timeline if isinstance(each, Move)]
    if not entries:
        return []
    return [
        f"{_named(result, entries)} a SIM's billing period counts whole for the fleet that the SIM is in at its end."
    ]


def _inactive(result: Result) -> list[str]:
    entries = [each for each in result.scenario.timeline if isinstance(each, StatusChange)]
    if not any(each.status == "inactive" for each in entries):
        return []
    return [f"{_named(result, entries)} an inactive SIM moves nothing, and if it is blocked that time counts on."]


def _named(result: Result, entries: Sequence[Entry]) -> str:
    """The beginning of a sentence: what the owner does, when that is little."""
    if len(entries) > _MOST_ENTRIES:
        return f"The timeline has {len(entries):,} such entries:"
    start = start_and_end(result)[0]
    told = [
        f"{owner_does(each)} on {words.instant(start + timedelta(milliseconds=each.at_ms))}"
        for each in sorted(entries, key=lambda each: int(each.at_ms))
    ]
    text = words.listed(told)
    return f"{text[0].upper()}{text[1:]}:"


def _inequality(result: Result) -> list[str]:
    """Means hide that overage sits with a few SIMs; this is over SIMs, not over replications."""
    over = periods_over(result)
    if not over:
        return []
    seen = total(result.replications, "sim_periods")
    part = f"{words.share(over / seen)} of SIM-periods" if over >= FEW_EVENTS else f"{over} of {periods(seen, result)}"
    largest = format_bytes(largest_overage(result))
    return [f"{part} went over the limit; the largest overage of one SIM in one period was {largest}."]


def _use(result: Result, summary: Summary) -> list[str]:
    """How much normal devices use: headroom. Fleets are not alike, so each of a few is told by itself."""
    frame = result.replications
    fleets = [name for name in result.scenario.fleets if total(frame, "sim_periods", fleet=name, role="normal")]
    asked = fleets if 1 < len(fleets) <= _MOST_FLEETS else [ALL]
    found = [(fleet, used) for fleet in asked if (used := _used(result, summary, fleet)) is not None]
    if not found:
        return []
    # What a period that goes on after the run will have used is not known.
    whose = "billing periods of normal devices that ended in the run" if has_rows(result) else _BY_SUMS
    told = []
    for place, (fleet, (half_bytes, most_bytes)) in enumerate(found):
        where = "" if fleet == ALL else f" in {words.plain(fleet)}"
        half = "half used at most" if place == 0 else "half"
        told.append(f"{half} {format_bytes(half_bytes)} and 99 % at most {format_bytes(most_bytes)}{where}")
    return [f"Of {whose}, {', '.join(told)}."]


def _used(result: Result, summary: Summary, fleet: str) -> tuple[float, float] | None:
    if has_rows(result):
        return result.overview.used_by_normal_bytes(fleet)
    half, most = (
        summary.get("used_bytes", role="normal", fleet=fleet, over="sims", statistic=statistic)
        for statistic in ("p50", "p99")
    )
    return None if half is None or most is None else (half.value, most.value)


def _cut(result: Result) -> list[str]:
    """The share of SIM-periods that the run's start or end cuts."""
    seen, whole = (total(result.replications, name) for name in ("sim_periods", "complete_sim_periods"))
    if whole == seen:
        return []
    part = f"{words.share((seen - whole) / seen, 2)} of the SIM-periods lie" if whole else "Every SIM-period lies"
    return [f"{part} in the run only in part."]
