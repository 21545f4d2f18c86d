"""Figures of a comparison as people read them, with the digits that an interval's width deserves."""

from __future__ import annotations

import math
from typing import Final

from fleetsim.billing import CAUSES
from fleetsim.comparison.metrics import NORMAL, Metric
from fleetsim.inference.means import Difference
from fleetsim.report import words

_SCALE: Final = {"share": 100.0, "bytes": 1e-6}
"""What a value is multiplied with to be shown: percent, MB."""
_LABELS: Final = {
    "blocked_sim_periods_share": "blocked",
    "blocked_sims": "SIM-periods blocked",
    "blocked_hours": "hours blocked",
    "offered_bytes": "offered",
    "used_bytes": "used",
    "dns_bytes": "used for DNS",
    "undelivered_bytes": "undelivered",
    "overage_bytes": "overage",
    "fee": "fees",
    "usage_cost": "usage",
    "overage_cost": "overage",
    "cost": "cost",
    **{f"overage_{cause}_bytes": f"overage, {cause}" for cause in CAUSES},
    **{f"overage_cost_{cause}": f"overage, {cause}" for cause in CAUSES},
}


def label(metric: Metric, currency: str) -> str:
    """``cost, USD``; ``blocked, normal, %``."""
    unit = {"share": ", %", "bytes": ", MB", "money": f", {words.plain(currency)}"}.get(metric.unit, "")
    return _LABELS.get(metric.of, metric.of) + (f", {NORMAL[1:]}" if metric.normal else "") + unit


def scale(metric: Metric) -> float:
    """What a value is multiplied with to be shown in the unit that its label names."""
    return _SCALE.get(metric.unit, 1.0)


def mean(metric: Metric, value: float, low: float | None, high: float | None) -> str:
    """A mean as the table has it, without its unit."""
    return _text(metric, value, _decimals(metric, low, high))


def difference(metric: Metric, found: Difference) -> tuple[str, str]:
    """A difference and its interval as the table has them: ``-12.94``, ``-12.95 to -12.92``."""
    value = _text(metric, found.value, _decimals(metric, found.low, found.high, found.value))
    if found.low is None or found.high is None:
        return value, ""
    if found.low == found.high:
        return value, "the same" if is_same(found) else "exactly"
    return value, between(metric, found.low, found.high)


def is_same(found: Difference) -> bool:
    """Whether the two are the same in every replication, as far as can be said."""
    return found.value == 0 and found.low == found.high


def between(metric: Metric, low: float, high: float) -> str:
    """``-12.95 to -12.92``."""
    return " to ".join(_text(metric, bound, _decimals(metric, low, high)) for bound in (low, high))


def more(metric: Metric, found: Difference, currency: str, confidence: float) -> str:
    """A difference as a sentence has it, with its interval and the replications that it takes where it is open.

    ``$12.94 less (95 % interval $12.92 to $12.95)``,
    ``$0.30 more (95 % interval $1.20 less to $1.80 more; about 180 replications would tell)``.
    """
    decimals = _decimals(metric, found.low, found.high, found.value)

    def size(value: float) -> str:
        text = _text(metric, abs(value), decimals)
        if metric.unit == "money":
            return f"${text}" if currency == "USD" else f"{words.plain(currency)} {text}"
        return text

    def with_word(value: float) -> str:
        return f"{size(value)} {'less' if value < 0 else 'more'}"

    unit = " percentage points" if metric.unit == "share" else ""
    word = "less" if found.value < 0 else "more"
    said = f"{size(found.value)}{unit} {word}"
    if found.low is None or found.high is None or found.low == found.high:
        return said
    interval = f"{percent(confidence)} interval"
    if not found.distinguishable:
        needed = found.replications_needed
        would = f"; about {needed:,} replications would tell" if needed else ""
        return f"{said} ({interval} {with_word(found.low)} to {with_word(found.high)}{would})"
    near, far = sorted((abs(found.low), abs(found.high)))
    return f"{said} ({interval} {size(near)} to {size(far)})"


def percent(share: float) -> str:
    """``95 %``, ``99.9 %``."""
    return f"{100 * share:.6g} %"


def replications(n: int) -> str:
    """``1 replication``, ``20 replications``."""
    return words.counted(n, "replication", "replications")


def _decimals(metric: Metric, low: float | None, high: float | None, value: float = 0.0) -> int | None:
    """So that the interval is some steps of the last digit wide; ``None`` where there is no width to go by.

    Enough of them that a `value` that is not 0 does not look like it.
    """
    if low is None or high is None or high <= low:
        return None
    factor = scale(metric)
    decimals = min(max(0, -math.floor(math.log10((high - low) * factor / 3))), 6)
    while value and decimals < 6 and not round(value * factor, decimals):
        decimals += 1
    return decimals


def _text(metric: Metric, value: float, decimals: int | None) -> str:
    shown = value * scale(metric)
    if decimals is not None:
        text = f"{shown:,.{decimals}f}"
    elif metric.unit == "money":
        text = words.amount(shown)
    else:
        text = words.number(shown)
    return text.removeprefix("-") if not any(digit in text for digit in "123456789") else text
