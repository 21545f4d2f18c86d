"""The sentences that begin the terminal's output and the page: what it costs and who falls silent."""

from __future__ import annotations

from dataclasses import dataclass

from fleetsim.report import words
from fleetsim.report.causes import CAUSES, Cause
from fleetsim.report.service import blocked, limits, periods
from fleetsim.report.source import (
    FEW_EVENTS,
    ROLES,
    Estimate,
    Result,
    Summary,
    confidence,
    has_rows,
    largest_overage,
    periods_over,
    replications,
    start_and_end,
    total,
)
from fleetsim.units import format_bytes, format_duration


@dataclass(frozen=True)
class Answer:
    """What a run says, in plain words (names are not escaped: whoever shows them does that).

    Parameters
    ----------
    service
        Who is blocked.
    money
        What is paid beyond the limit, and why.
    details
        For how long, how unequally, and how sure this is.
    """

    service: str
    money: str
    details: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of them, in the order of reading."""
        return (self.service, self.money, *self.details)


def answer(result: Result) -> Answer:
    """The answer of a run.

    Parameters
    ----------
    result
        A run's tables, summary and manifest. A metric that the summary lacks takes its sentence, or the
        half of it, away; nothing fails.

    Returns
    -------
    Answer
        Intervals are those of the summary. Where fewer than ``FEW_EVENTS`` events were seen they are
        counted instead.
    """
    summary = Summary(result)
    details = [
        *_by_fleet(result, summary),
        *_silence(result),
        *_inequality(result),
        *_use(summary),
        *_replications(result),
        *_kept(result),
    ]
    return Answer(_service(result, summary), _money(result, summary), tuple(details))


def _service(result: Result, summary: Summary) -> str:
    frame = result.replications
    if total(frame, "sim_periods") == 0:
        return "No SIM was activated before the run ended, so there is nothing to say."
    limit = limits(result)
    if limit == words.limit(None):
        return "Without a data limit no SIM is blocked and nothing is overage."
    return f"{limit}, {blocked(result, summary, 'all')}."


def _money(result: Result, summary: Summary) -> str:
    frame, n = result.replications, replications(result)
    over_bytes = total(frame, "overage_bytes")
    run = f"per run of {words.horizon(*start_and_end(result))}"
    whole = _amount(result, summary.get("cost"), total(frame, "cost_micros") / n / 1e6)
    pays = "The fleet pays" if len(result.scenario.fleets) == 1 else "The fleets together pay"
    if over_bytes == 0:
        return f"{pays} {whole} {run}, nothing of it beyond a limit."
    over_micros = total(frame, "overage_cost_micros")
    reasons = _reasons(_parts(result, summary))
    if over_micros == 0:
        moved = format_bytes(over_bytes / n)
        return f"{moved} {run} move beyond the limit, free of charge: {reasons}. {pays} {whole}."
    few = periods_over(result) < FEW_EVENTS
    over = _amount(result, None if few else summary.get("overage_cost"), over_micros / n / 1e6)
    return f"{pays} {over} beyond the limit {run}: {reasons}. The whole cost is {whole}."


def _amount(result: Result, estimate: Estimate | None, fallback: float) -> str:
    currency = str(result.manifest["currency"])
    bounds = estimate.interval if estimate else None
    if estimate is None or bounds is None:
        return words.money(fallback if estimate is None else estimate.value, currency)
    value, low, high = words.estimated_money(estimate.value, *bounds, currency)
    return f"{value} ({words.share(confidence(result))} interval {low} to {high})"


def _parts(result: Result, summary: Summary) -> list[float]:
    """What each cause has of the overage: in money, or in bytes where that is free or not in the summary."""
    costs = [summary.get(f"overage_cost_{cause.key}") for cause in CAUSES]
    if sum(cost.value for cost in costs if cost) > 0 and all(costs):
        return [cost.value for cost in costs if cost]
    return [float(total(result.replications, f"overage_{cause.key}_bytes")) for cause in CAUSES]


def _reasons(parts: list[float]) -> str:
    """Each cause with its share, the largest first; those under 1 % are only named."""
    whole = sum(parts)
    ranked = sorted(((part / whole, cause) for part, cause in zip(parts, CAUSES, strict=True) if part), key=_share)
    if len(ranked) == 1:
        return f"all of it because {ranked[0][1].because} ({ranked[0][1].label})"
    named = [
        f"{words.rough_share(part)} because {cause.because} ({cause.label})" for part, cause in ranked if part >= 0.01
    ]
    small = [cause.label for part, cause in ranked if part < 0.01]
    rest = f"; under 1 % each: {words.listed(small)}" if len(small) > 1 else f"; {small[0]}: under 1 %" if small else ""
    return words.listed(named) + rest


def _share(ranked: tuple[float, Cause]) -> float:
    return -ranked[0]


def _by_fleet(result: Result, summary: Summary) -> list[str]:
    """With several fleets: one sentence each, where anybody was blocked."""
    frame = result.replications
    names = [name for name in result.scenario.fleets if total(frame, "sim_periods", fleet=name)]
    if len(names) < 2:
        return []
    changed = {change.fleet for change in result.scenario.limit_changes}
    sentences = []
    for name in names:
        if total(frame, "blocked_sim_periods", fleet=name):
            limit = words.limit(result.scenario.fleets[name].data_limit_bytes)
            first = " at first" if name in changed else ""
            who = blocked(result, summary, name)
            sentences.append(f"Fleet {words.plain(name)}, {limit}{first}: {who}.")
    return sentences


def _silence(result: Result) -> list[str]:
    """For how long a SIM that was blocked said nothing, and what normal devices lost by it."""
    frame = result.replications
    roles = [role for role in ROLES if total(frame, "sim_periods", role=role)]
    silent: list[str] = []
    for role in roles:
        if count := total(frame, "blocked_sim_periods", role=role):
            who = f"{role} devices" if len(roles) > 1 else "SIMs"
            were = "" if silent else " were silent"
            silent.append(f"{who}{were} for {format_duration(total(frame, 'blocked_ms', role=role) / count)}")
    if not silent:
        return []
    said = [f"Once blocked, {words.listed(silent)} of a billing period on average."]
    if lost := total(frame, "undelivered_bytes", role="normal"):
        said.append(f"{format_bytes(lost / replications(result))} per run of normal devices' data was not delivered.")
    return said


def _inequality(result: Result) -> list[str]:
    """Means hide that overage sits with a few SIMs; this is over SIMs, not over replications."""
    over = periods_over(result)
    if not over:
        return []
    seen = total(result.replications, "sim_periods")
    part = f"{words.share(over / seen)} of SIM-periods" if over >= FEW_EVENTS else f"{over} of {periods(seen, result)}"
    largest = format_bytes(largest_overage(result))
    return [f"{part} went over the limit; the largest overage of one SIM in one period was {largest}."]


def _use(summary: Summary) -> list[str]:
    half, most = (summary.get("used_bytes", role="normal", over="sims", statistic=s) for s in ("p50", "p99"))
    if half is None or most is None:
        return []
    return [
        f"Over SIM-periods of normal devices, half used at most {format_bytes(half.value)} and 99 % at most "
        f"{format_bytes(most.value)}."
    ]


def _replications(result: Result) -> list[str]:
    if replications(result) > 1:
        return []
    return ["There was one replication, so no interval can be given; --replications 20 gives one."]


def _kept(result: Result) -> list[str]:
    if has_rows(result):
        return []
    return [
        "The run kept sums and no rows (--keep sums): quantiles over SIM-periods come from a histogram with cells of "
        "0.1 %."
    ]
