"""Instants, spans since the start, and the scenario's length."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import ValidationInfo

from fleetsim import units
from fleetsim.clock import add_months, epoch_ms, to_ms
from fleetsim.scenario.base import Reading, Reads
from fleetsim.scenario.quantities import MAX_HORIZON_MS, text_of

START_EXPECTED: Final = "expected an instant such as 2026-01-01T00:00:00Z"
MOMENT_EXPECTED: Final = "expected a duration since the start such as 10 days 2 hours, or an instant"
HORIZON_EXPECTED: Final = "expected a duration such as 1 month, 90 days or 36 h"

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:[Zz]|[+-]\d\d:?\d\d)?)?", re.ASCII)
_MONTHS = re.compile(r"([0-9]{1,4})\s*months?", re.ASCII)


def parse_instant(value: str) -> datetime:
    """Read an ISO 8601 instant in whole ms, UTC where it has no offset, of the years 1970 to 2999."""
    value = value.strip()
    try:
        if not _INSTANT.fullmatch(value):
            raise ValueError(value)
        instant = datetime.fromisoformat(value.upper())
        instant = (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(START_EXPECTED) from None
    if instant.microsecond % 1000:
        raise ValueError("expected an instant in whole milliseconds")
    if not 1970 <= instant.year <= 2999:
        raise ValueError("expected an instant in the years 1970 to 2999")
    return instant


def instant_text(instant: datetime) -> str:
    """Write an instant of UTC as a scenario has it."""
    precision = "milliseconds" if instant.microsecond else "seconds"
    return instant.isoformat(timespec=precision).replace("+00:00", "Z")


def _start(raw: Any, info: ValidationInfo) -> datetime:
    instant = parse_instant(text_of(raw, START_EXPECTED))
    if isinstance(info.context, Reading):
        info.context.start = instant
    return instant


def _horizon(raw: Any, info: ValidationInfo) -> int:
    value = text_of(raw, HORIZON_EXPECTED).strip()
    months = _MONTHS.fullmatch(value)
    if months is None:
        try:
            ms = units.parse_duration_ms(value)
        except ValueError as error:
            raise ValueError(str(error).replace(units.DURATION_EXPECTED, HORIZON_EXPECTED)) from None
    else:
        # With a wrong start the length does not matter: nothing will run.
        start = info.data.get("start", datetime(2000, 1, 1, tzinfo=UTC))
        ms = to_ms(start, add_months(start, int(months[1])))
    if not 1 <= ms <= MAX_HORIZON_MS:
        raise ValueError("expected a duration from 1 ms to 50 years")
    if isinstance(info.context, Reading) and (months is None or "start" in info.data):
        info.context.horizon_ms = ms
    return ms


def _moment(raw: Any, info: ValidationInfo) -> int:
    value = text_of(raw, MOMENT_EXPECTED).strip()
    if not _INSTANT.fullmatch(value):
        try:
            ms = units.parse_duration_ms(value)
        except ValueError as error:
            raise ValueError(str(error).replace(units.DURATION_EXPECTED, MOMENT_EXPECTED)) from None
    else:
        instant = parse_instant(value)
        start = info.context.start if isinstance(info.context, Reading) else None
        if start is None:
            return epoch_ms(instant)  # nothing will run; distances between instants are right
        ms = to_ms(start, instant)
        if ms < 0:
            raise ValueError("expected an instant at or after the scenario's start")
    if ms > MAX_HORIZON_MS:
        raise ValueError("expected at most 50 years after the scenario's start")
    return ms


Start: Final = Reads(_start, START_EXPECTED, {"type": "string", "examples": ["2026-01-15T09:00:00Z"]})
Horizon: Final = Reads(_horizon, HORIZON_EXPECTED, {"type": "string", "examples": ["1 month", "90 days", "36 h"]})
Moment: Final = Reads(
    _moment, MOMENT_EXPECTED, {"type": "string", "examples": ["10 days 2 hours", "2026-01-15T09:00:00Z"]}
)
