"""Figures of a choice as people read them; the sentences are in `why`."""

from __future__ import annotations

from collections.abc import Sequence

from fleetsim.choice.rules import MICROS
from fleetsim.choice.verdict import Verdict
from fleetsim.report import words
from fleetsim.units import canonical_bytes


def limit(verdict: Verdict, place: int) -> str:
    """``5 MB``."""
    return canonical_bytes(verdict.limits[place])


def limits(verdict: Verdict, places: Sequence[int]) -> str:
    """``5 MB``, ``5 MB and 8 MB``, ``4 MB to 8 MB``: three and more that follow each other are a range."""
    runs: list[list[int]] = []
    for place in sorted(places):
        if runs and runs[-1][-1] == place - 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    parts: list[str] = []
    for run in runs:
        texts = [limit(verdict, place) for place in run]
        parts += [f"{texts[0]} to {texts[-1]}"] if len(run) > 2 else texts
    return words.listed(parts)


def percent(share: float) -> str:
    """``95 %``, ``99.9 %``."""
    return f"{100 * share:.6g} %"


def replications(n: int) -> str:
    """``1 replication``, ``20 replications``."""
    return words.counted(n, "replication", "replications")


def horizon(verdict: Verdict) -> str:
    """``1 month``: what sums are over."""
    return words.horizon(verdict.scenario.start, verdict.scenario.end)


def blocked(verdict: Verdict, place: int, *, sure: bool = False) -> str:
    """``0.12 % (0.08 % to 0.17 %)``, ``none (up to 0.002 %)``; `sure` adds how sure the interval is."""
    value, low, high = (verdict.figures[f"blocked_share{end}"][place] for end in ("", "_low", "_high"))
    said = _interval(verdict) if sure else ""
    if value == 0:
        return f"none ({said}up to {words.share(high, 2)})"
    if value == 1:
        return f"all ({said}from {words.share(low)})"
    texts = words.estimated_share(value, low, high)
    return f"{texts[0]} ({said}{texts[1]} to {texts[2]})"


def in_currency(verdict: Verdict, micros: float) -> str:
    """``$4,123`` for micro-units."""
    return words.money(micros / MICROS, verdict.currency)


def mean(verdict: Verdict, place: int, name: str, *, sure: bool = False) -> str:
    """``$4,123 ($4,110 to $4,136)``: ``cost`` or ``objective`` of a limit, and its interval where it has one."""
    figures = verdict.figures
    value = figures["cost_mean" if name == "cost" else name][place]
    return _with_bounds(value, figures[f"{name}_low"][place], figures[f"{name}_high"][place], verdict, sure=sure)


def dearer(verdict: Verdict, value: float, low: float | None, high: float | None) -> str:
    """A difference of cost: ``$120 less ($118 to $122)``, ``$3.10 more``, ``as much``."""
    if low is None or high is None or low == high:
        return "as much" if value == 0 else _more(value, verdict)
    if low <= 0 <= high:  # which is dearer is not sure
        return f"{_more(value, verdict)} ({_more(low, verdict)} to {_more(high, verdict)})"
    low, high = sorted((abs(low), abs(high)))
    texts = words.estimated_money(abs(value), low, high, verdict.currency)
    what = "more" if value > 0 else "less"
    return f"{texts[0]} {what}" + ("" if texts[1] == texts[2] else f" ({texts[1]} to {texts[2]})")


def _with_bounds(value: float, low: float | None, high: float | None, verdict: Verdict, *, sure: bool) -> str:
    if low is None or high is None or low == high:
        return words.money(value, verdict.currency)
    texts = words.estimated_money(value, low, high, verdict.currency)
    said = _interval(verdict) if sure else ""
    return texts[0] if texts[1] == texts[2] else f"{texts[0]} ({said}{texts[1]} to {texts[2]})"


def _interval(verdict: Verdict) -> str:
    return f"{percent(verdict.confidence)} interval "


def _more(value: float, verdict: Verdict) -> str:
    return f"{words.money(abs(value), verdict.currency)} {'more' if value >= 0 else 'less'}"
