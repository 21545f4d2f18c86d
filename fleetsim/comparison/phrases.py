"""Figures of a comparison as people read them, with the digits that an interval's width deserves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from fleetsim.billing import CAUSES
from fleetsim.comparison.differences import Row
from fleetsim.comparison.metrics import Metric
from fleetsim.experiments.summary import NORMAL
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

_DIGITS: Final = 5
"""That a figure has at most for the sake of a smaller one beside it."""


def label(metric: Metric, currency: str) -> str:
    """``cost, USD``; ``blocked, normal, %``."""
    unit = {"share": ", %", "bytes": ", MB", "money": f", {words.plain(currency)}"}.get(metric.unit, "")
    return _LABELS.get(metric.of, metric.of) + (f", {NORMAL[1:]}" if metric.normal else "") + unit


def scale(metric: Metric) -> float:
    """What a value is multiplied with to be shown in the unit that its label names."""
    return _SCALE.get(metric.unit, 1.0)


def mean(metric: Metric, value: float, low: float | None, high: float | None, decimals: int | None = None) -> str:
    """A mean as the table has it, without its unit; with so many decimals where `shared` says so."""
    return _text(metric, value, _decimals(metric, low, high, value) if decimals is None else decimals)


def difference(metric: Metric, found: Difference, decimals: int | None = None) -> tuple[str, str]:
    """A difference and its interval as the table has them: ``-12.94``, ``-12.95 to -12.92``."""
    own = _decimals(metric, found.low, found.high, found.value) if decimals is None else decimals
    value = _text(metric, found.value, own)
    if found.low is None or found.high is None:
        return value, ""
    if found.low == found.high:
        return value, "the same" if is_same(found) else "exactly"
    return value, between(metric, found.low, found.high, own)


def shared(metric: Metric, figures: Sequence[tuple[float, float | None, float | None]]) -> list[int | None]:
    """Decimals of figures that stand in one line or one column: those of the one that needs most.

    A large figure beside small ones gets no more of them than make five digits, but for money: its cents stand
    everywhere or nowhere.

    Parameters
    ----------
    figures
        Values with their bounds.

    Returns
    -------
    list
        ``None`` where a figure is written as it is: none has a width to go by, it is exactly 0, or exact money.
    """
    own = [_decimals(metric, low, high, value) for value, low, high in figures]
    known = [each for each in own if each is not None]
    if not known:
        return own
    if metric.unit == "money":
        return [None if each is None and figure[0] else max(known) for figure, each in zip(figures, own, strict=True)]
    digits = [_whole_digits(metric, figure) for figure in figures]
    pairs = list(zip(own, digits, strict=True))
    return [
        None
        if each is None and figure[0] == 0
        else max(
            each or 0,
            min(max(known), _DIGITS - of_it),
            *(other for other, there in pairs if other is not None and there >= of_it),
        )
        for figure, (each, of_it) in zip(figures, pairs, strict=True)
    ]


def of_row(row: Row, place: int) -> list[int | None]:
    """Decimals of the mean of the first scenario, of that of another one, and of their difference."""
    return shared(row.metric, [row.means[0], row.means[place], row.differences[place - 1][:3]])


def _whole_digits(metric: Metric, figure: tuple[float, float | None, float | None]) -> int:
    largest = max(abs(each) for each in figure if each is not None) * scale(metric)
    return 1 if largest < 10 else math.floor(math.log10(largest)) + 1


def column(metric: Metric, rows: Sequence[Mapping[str, float | None]]) -> list[tuple[str, str]]:
    """Means of points of a sweep and their intervals, a column of a table: empty where there is none."""
    ends = [tuple(row[f"{metric.name}{end}"] for end in ("", "_low", "_high")) for row in rows]
    there = [(value, low, high) for value, low, high in ends if value is not None]
    texts = (
        (
            mean(metric, value, low, high, decimals),
            "" if low is None or high is None or low == high else between(metric, low, high, decimals),
        )
        for (value, low, high), decimals in zip(there, shared(metric, there), strict=True)
    )
    return [("", "") if value is None else next(texts) for value, _, _ in ends]


def is_same(found: Difference) -> bool:
    """Whether the two are the same in every replication, as far as can be said."""
    return found.value == 0 and found.low == found.high


def between(metric: Metric, low: float, high: float, decimals: int | None = None) -> str:
    """``-12.95 to -12.92``."""
    own = _decimals(metric, low, high) if decimals is None else decimals
    return " to ".join(_text(metric, bound, own) for bound in (low, high))


def more(metric: Metric, found: Difference, currency: str, confidence: float, decimals: int | None = None) -> str:
    """A difference as a sentence has it, with its interval and the replications that it takes where it is open.

    ``$12.94 less (95 % interval $12.92 to $12.95)``,
    ``$0.30 more (95 % interval $1.20 less to $1.80 more; about 180 replications would tell)``.
    """
    if decimals is None:
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


def share(value: float, decimals: int | None) -> str:
    """``15.62 %``; only nothing is ``0 %`` and only all is ``100 %``."""
    text = "" if decimals is None else f"{100 * value:.{decimals}f}"
    return f"{text} %" if text and 0.0 < float(text) < 100.0 else words.share(value)


def percent(share: float) -> str:
    """``95 %``, ``99.9 %``."""
    return f"{100 * share:.6g} %"


def replications(n: int) -> str:
    """``1 replication``, ``20 replications``."""
    return words.counted(n, "replication", "replications")


def _decimals(metric: Metric, low: float | None, high: float | None, value: float = 0.0) -> int | None:
    """So that the interval is some steps of the last digit wide; ``None`` where there is no width to go by.

    Money has the decimals of `fleetsim.report.words.money_decimals`, more of them only below ten cents. Enough
    of them that a `value` that is not 0 does not look like it.
    """
    if low is None or high is None or high <= low:
        return None
    factor = scale(metric)
    decimals = min(max(0, -math.floor(math.log10((high - low) * factor / 3))), 6)
    if metric.unit == "money":
        cents_do = max(abs(value), abs(low), abs(high)) >= 0.1
        decimals = words.money_decimals(high - low) if cents_do else max(decimals, 2)
    while value and decimals < 6 and not round(value * factor, decimals):
        decimals += 2 if metric.unit == "money" and not decimals else 1
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
