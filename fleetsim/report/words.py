"""Quantities as people read them: rounded, with a unit, never with an exponent."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from fleetsim.units import canonical_bytes, format_duration

_UNIT = re.compile(r"(\d) (%|[kMGT]?B\b|days?\b|h\b|min\b|m?s\b)")


def plain(name: str) -> str:
    """A name from a scenario on one line, with control and direction characters spelled out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def unbroken(text: str) -> str:
    """A text in which no line ends between a number and its unit."""
    return _UNIT.sub("\\1\u00a0\\2", text)


def number(value: float, digits: int = 3) -> str:
    """`value` to `digits` significant digits; whole numbers keep all of theirs: ``19,600``, ``0.013``."""
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return str(np.format_float_positional(value, precision=digits, unique=False, fractional=False, trim="-"))


def share(value: float, digits: int = 3) -> str:
    """A share as percent; only nothing is ``0 %`` and only all is ``100 %``."""
    percent = 100.0 * value
    if percent >= 100.0 or percent <= 0.0:
        return f"{number(percent)} %"
    if round(percent, 2) == 100.0:
        return "over 99.99 %"
    if percent < 0.001:
        return "under 0.001 %"
    if percent > 99.0:
        return f"{np.floor(percent * 100) / 100:g} %"  # cut, not rounded: 99.996 is not all
    return f"{number(percent, digits)} %"


def rough_share(value: float) -> str:
    """A part of a whole in whole percent: ``78 %``, ``under 1 %``, ``over 99 %``."""
    if 0.0 < value < 0.01:
        return "under 1 %"
    return "over 99 %" if 0.99 < value < 1.0 else f"{100 * value:.0f} %"


def estimated_count(value: float, low: float, high: float) -> tuple[str, str, str]:
    """A mean count and its interval, with the decimals that the interval's width deserves."""
    decimals = _decimals(high - low)
    value_text, low_text, high_text = (f"{max(x, 0.0):,.{decimals}f}" for x in (value, low, high))
    return value_text, low_text, high_text


def estimated_share(value: float, low: float, high: float) -> tuple[str, str, str]:
    """A share and its interval, with the decimals that the interval's width deserves."""
    percents = [100.0 * min(max(x, 0.0), 1.0) for x in (value, low, high)]
    decimals = _decimals(percents[2] - percents[1])
    while decimals < 6 and any(round(p, decimals) in (0.0, 100.0) and p not in (0.0, 100.0) for p in percents):
        decimals += 1  # only nothing is 0 %, only all is 100 %
    value_text, low_text, high_text = (f"{p:.{decimals}f} %" for p in percents)
    return value_text, low_text, high_text


def _decimals(width: float) -> int:
    # So that the interval is at least three steps of the last digit wide.
    return max(0, -math.floor(math.log10(width / 3))) if width > 0 else 2


def counted(n: int, one: str, many: str) -> str:
    """``1 entry``, ``2 entries``."""
    return f"{n:,} {one if n == 1 else many}"


def planned(n: int) -> str:
    """A number of replications that a plan comes to, to two digits and rounded up, for it is no better known."""
    step = 10 ** max(len(str(n)) - 2, 0)
    return f"{-(-n // step) * step:,}"


def amount(value: float) -> str:
    """Money as a number: cents, more digits below ten cents, none from 100,000 on."""
    if value == 0.0 or 0.1 <= abs(value) < 100_000:
        return f"{value:,.2f}"
    return number(value, 2) if abs(value) < 0.1 else f"{value:,.0f}"


def money(value: float, currency: str) -> str:
    """Money with its currency: ``$12.30``, ``EUR 12.30``."""
    return f"${amount(value)}" if currency == "USD" else f"{plain(currency)} {amount(value)}"


def money_decimals(width: float) -> int:
    """Decimals of money whose interval is so wide: whole units from ten units on, else cents, never one decimal."""
    return 0 if width >= 10.0 else 2


def estimated_money(value: float, low: float, high: float, currency: str) -> tuple[str, str, str]:
    """Money and its interval; cents only where the interval is narrow, see `money_decimals`."""
    whole = not money_decimals(high - low)
    texts = [f"{x:,.0f}" if whole else amount(x) for x in (value, max(low, 0.0), high)]
    sign = "$" if currency == "USD" else f"{plain(currency)} "
    return sign + texts[0], sign + texts[1], sign + texts[2]


def horizon(start: datetime, end: datetime) -> str:
    """The length of a run: calendar months where it is a whole number of them, else days and hours."""
    months = (end.year - start.year) * 12 + end.month - start.month
    # A month ends on the last day of a shorter one, so 31 January to 28 February is one.
    same_day = end.day == start.day or (end.day < start.day and (end + timedelta(days=1)).day == 1)
    if months > 0 and same_day and end.timetz() == start.timetz():
        return "1 month" if months == 1 else f"{months} months"
    return format_duration((end - start) / timedelta(milliseconds=1))


def lateness(ms: float) -> str:
    """A delay, to the nearest second from one second on."""
    return format_duration(ms if ms < 1000 else round(ms / 1000) * 1000)


def instant(when: datetime) -> str:
    """``15 Jan 2026 09:00 UTC``, with seconds only where there are some."""
    return f"{when.day} {when:%b %Y %H:%M:%S} UTC" if when.second else f"{when.day} {when:%b %Y %H:%M} UTC"


def limit(limit_bytes: int | None) -> str:
    """A data limit, exactly: ``5 MB`` or ``unlimited``."""
    return "unlimited" if limit_bytes is None else canonical_bytes(limit_bytes)


def listed(parts: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else list(parts))
