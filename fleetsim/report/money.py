"""The second half of the answer: what is paid beyond the limit and why, and what is paid in all."""

from __future__ import annotations

from fleetsim.report import words
from fleetsim.report.causes import CAUSES, Cause
from fleetsim.report.source import (
    FEW_EVENTS,
    Estimate,
    Result,
    Summary,
    confidence,
    periods_over,
    replications,
    start_and_end,
    total,
)
from fleetsim.units import format_bytes


def money(result: Result, summary: Summary) -> str:
    """What is paid in a run, beyond the limit and in all."""
    frame, n = result.replications, replications(result)
    over_bytes = total(frame, "overage_bytes")
    run = f"per run of {words.horizon(*start_and_end(result))}"
    whole = _amount(result, summary.get("cost"), total(frame, "cost_micros") / n / 1e6)
    pays = "The fleet pays" if len(result.scenario.fleets) == 1 else "The fleets together pay"
    faulty = _faulty(result, summary)
    if over_bytes == 0:
        limited = any(fleet.data_limit_bytes is not None for fleet in result.scenario.fleets.values())
        beyond = ", nothing of it beyond a limit" if limited else ""
        return f"{pays} {whole} {run}{beyond}{faulty}."
    over_micros = total(frame, "overage_cost_micros")
    reasons = _reasons(_parts(result, summary))
    if over_micros == 0:
        moved = format_bytes(over_bytes / n)
        return f"{moved} {run} move beyond the limit, free of charge: {reasons}. {pays} {whole}{faulty}."
    few = periods_over(result) < FEW_EVENTS
    over = _amount(result, None if few else summary.get("overage_cost"), over_micros / n / 1e6)
    return f"{pays} {over} beyond the limit {run}: {reasons}. The whole cost is {whole}{faulty}."


def _faulty(result: Result, summary: Summary) -> str:
    """What of the whole is due to faulty devices, where there are others too."""
    frame = result.replications
    if not all(total(frame, "sim_periods", role=role) for role in ("normal", "faulty")):
        return ""
    n, currency, whole = replications(result), str(result.manifest["currency"]), summary.get("cost")
    cost, fees = (total(frame, f"{name}_micros", role="faulty") / n / 1e6 for name in ("cost", "fee"))
    if not cost:
        return ""
    bounds = whole.interval if whole else None
    # As coarse as the whole.
    texts = [
        words.estimated_money(mean, *bounds, currency)[0] if bounds else words.money(mean, currency)
        for mean in (cost, fees)
    ]
    part = f", {texts[1]} of that fees" if 0 < fees < cost else ""
    return f", {texts[0]} of it for faulty devices{part}"


def _amount(result: Result, estimate: Estimate | None, fallback: float) -> str:
    currency = str(result.manifest["currency"])
    bounds = estimate.interval if estimate else None
    if estimate is None or bounds is None:
        return words.money(fallback if estimate is None else estimate.value, currency)
    value, low, high = words.estimated_money(estimate.value, *bounds, currency)
    if low == high:  # it has a width, but not one that a price shows
        return value
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
