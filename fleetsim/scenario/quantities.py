"""The kinds of value a scenario has: how each is read, what is said when it is not one, its JSON schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from pydantic import ValidationInfo

from fleetsim import units
from fleetsim.clock import MS_PER_DAY
from fleetsim.draws.laws import MAX_SIZE_BYTES
from fleetsim.scenario.base import Reads
from fleetsim.scenario.wording import MAX_NAME, NAME_EXPECTED, is_name, one_of

#: 50 years with their leap days.
MAX_HORIZON_MS: Final = 18_263 * MS_PER_DAY
MAX_LIMIT_BYTES: Final = 10**18
MAX_BIT_RATE: Final = 10**12
#: The largest transfer then costs less than 2^63 micro-units, and so does the largest increment. That all rows together
#: do is looked at by `fleetsim.scenario.costs`.
MAX_PRICE_MICROS: Final = 10**12
#: With it, and 168 times it in the one hour of a profile that has a weight, a ms has a mean that can be drawn.
MAX_RATE_PER_DAY: Final = 5 * MS_PER_DAY
LIMIT_EXPECTED: Final = "expected whole MB from 1 to 2,000,000"
ANY_LIMIT_EXPECTED: Final = "expected whole bytes such as 500 kB, or unlimited"

_DURATION_SCHEMA: Final = {
    "type": "string",
    "pattern": r"^\s*([0-9]+(\.[0-9]+)?\s*(ms|s|min|h|hours?|days?|weeks?)\s*)+$",
    "examples": ["90 s", "15 min", "36 h", "10 days 2 hours"],
}
_BYTES_PATTERN: Final = r"[0-9]+(\.[0-9]+)?\s*(B|kB|MB|GB|TB|KiB|MiB|GiB)"


def text_of(raw: Any, expected: str) -> str:
    """Return a scalar as the text it was written with; lists, mappings, nothing and truths are none."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | Decimal):
        raise ValueError(expected)
    return format(raw, "f") if isinstance(raw, Decimal) else str(raw)


def _bounded(
    parse: Callable[[str], Any],
    expected: str,
    low: int | Fraction | float,
    high: int | float,
    between: str,
    schema: Mapping[str, Any],
) -> Reads:
    """Make a reader of `parse` with bounds, both included; `between` names them for people."""

    def read(raw: Any, info: ValidationInfo) -> Any:
        value = parse(text_of(raw, expected))
        if not low <= value <= high:
            raise ValueError(f"expected {between}")
        return value

    return Reads(read, expected, schema)


def optional(reads: Reads) -> Reads:
    """Make a reader that also takes nothing (``null``), which stands for the default."""

    def read(raw: Any, info: ValidationInfo) -> Any:
        return None if raw is None else reads.read(raw, info)

    return Reads(read, reads.expected, {"anyOf": [dict(reads.schema), {"type": "null"}]})


def whole(low: int, high: int) -> Reads:
    """Read a whole number from `low` to `high`."""
    expected = f"expected a whole number from {low:,} to {high:,}"

    def parse(text: str) -> int:
        if len(text) > units.MAX_TEXT or not re.fullmatch(r"-?[0-9]+", text, re.ASCII):
            raise ValueError(expected)
        return int(text)

    schema = {"type": "integer", "minimum": low, "maximum": high}
    return _bounded(parse, expected, low, high, expected.removeprefix("expected "), schema)


def duration(low_ms: int = 0, high_ms: int = MAX_HORIZON_MS) -> Reads:
    """Read a duration from `low_ms` to `high_ms`."""
    longest = "50 years" if high_ms == MAX_HORIZON_MS else units.canonical_duration(high_ms)
    between = f"a duration from {units.canonical_duration(low_ms)} to {longest}"
    return _bounded(units.parse_duration_ms, units.DURATION_EXPECTED, low_ms, high_ms, between, _DURATION_SCHEMA)


def size(low: int = 0, high: int = MAX_SIZE_BYTES) -> Reads:
    """Read a number of bytes."""
    between = f"from {low} B to {units.format_bytes(high)}"
    schema = {"type": "string", "pattern": rf"^\s*{_BYTES_PATTERN}\s*$", "examples": ["800 B", "1.2 MB"]}
    return _bounded(units.parse_bytes, units.BYTES_EXPECTED, low, high, between, schema)


def number(low: float, high: float) -> Reads:
    """Read a decimal number as a float, from `low` to `high`."""
    expected = f"expected a decimal number from {low:g} to {high:g}"

    def parse(text: str) -> float:
        try:
            return float(units.parse_decimal(text))
        except ValueError:
            raise ValueError(expected) from None

    schema = {"type": "number", "minimum": low, "maximum": high}
    return _bounded(parse, expected, low, high, expected.removeprefix("expected "), schema)


def fraction(low: int, high: int) -> Reads:
    """Read a decimal number exactly as written, from `low` to `high`."""
    expected = f"expected a decimal number from {low} to {high:,}"
    schema = {"type": "number", "minimum": low, "maximum": high}
    return _bounded(units.parse_decimal, expected, low, high, expected.removeprefix("expected "), schema)


def as_decimal(value: Fraction) -> int | Decimal:
    """Return a decimal number that was read exactly, for writing it again."""
    text = units.decimal_text(value)
    return value.numerator if value.denominator == 1 or text is None else Decimal(text)


def choice(*words: str, none: bool = False) -> Reads:
    """Read one of several words, or nothing (``null``) where `none` says so."""

    def read(raw: Any, info: ValidationInfo) -> Any:
        if (raw is None and none) or (isinstance(raw, str) and raw in words):
            return raw
        raise one_of(raw, words)

    return Reads(read, f"expected {' or '.join(words)}", {"enum": [*words, None] if none else [*words]})


def text(longest: int, *, empty: bool = False, lines: bool = False) -> Reads:
    """Read printable text."""
    expected = f"expected {'at most' if empty else '1 to'} {longest:,} printable characters"

    def read(raw: Any, info: ValidationInfo) -> str:
        value = text_of(raw, expected)
        shown = value.replace("\n", "").replace("\t", "") if lines else value
        if len(value) > longest or not (shown.isprintable() and (empty or value.strip())):
            raise ValueError(expected)
        return value

    return Reads(read, expected, {"type": "string", "maxLength": longest})


def _name(raw: Any, info: ValidationInfo) -> str:
    value = text_of(raw, NAME_EXPECTED)
    if not is_name(value):
        raise ValueError(NAME_EXPECTED)
    return value


def _truth(raw: Any, info: ValidationInfo) -> bool:
    if not isinstance(raw, bool):
        raise ValueError("expected true or false")
    return raw


def _rate(raw: Any, info: ValidationInfo) -> Fraction:
    rate = units.parse_rate_per_day(text_of(raw, units.RATE_EXPECTED))
    if rate <= 0:
        raise ValueError("expected a rate above 0")
    if rate > MAX_RATE_PER_DAY:
        raise ValueError("expected at most 5,000 per s")
    return rate


def _limit(raw: Any, info: ValidationInfo) -> int | None:
    """Read a limit of the timeline; that it is whole MB is checked where the fleet's `any_limit` is known."""
    return _limit_or_none(raw, f"{LIMIT_EXPECTED} (where the fleet has any_limit, any bytes), or unlimited")


def _limit_or_none(raw: Any, expected: str) -> int | None:
    value = text_of(raw, expected).strip()
    if value == "unlimited":
        return None
    try:
        limit = units.parse_bytes(value)
    except ValueError as error:
        raise ValueError(str(error).replace(units.BYTES_EXPECTED, expected)) from None
    if limit > MAX_LIMIT_BYTES:
        raise ValueError(f"expected at most {units.format_bytes(MAX_LIMIT_BYTES)}, or unlimited")
    return limit


def is_whole_mb(limit: int | None) -> bool:
    """Say whether the provider takes this limit: unlimited, or whole MB from 1 to 2,000,000."""
    return limit is None or (limit % 10**6 == 0 and 10**6 <= limit <= 2 * 10**12)


def _fleet_limit(raw: Any, info: ValidationInfo) -> int | None:
    any_limit = info.data.get("any_limit", True)
    limit = _limit_or_none(raw, ANY_LIMIT_EXPECTED if any_limit else f"{LIMIT_EXPECTED}, or unlimited")
    if not any_limit and not is_whole_mb(limit):
        raise ValueError(LIMIT_EXPECTED)
    return limit


def _money(raw: Any, info: ValidationInfo) -> int:
    micros = units.parse_money_micros(text_of(raw, units.MONEY_EXPECTED))
    if micros > MAX_PRICE_MICROS:
        raise ValueError(f"expected at most {MAX_PRICE_MICROS // 10**6:,}")
    return micros


def _byte_rate(raw: Any, info: ValidationInfo) -> int:
    rate = units.parse_bytes_per_second(text_of(raw, units.BYTE_RATE_EXPECTED))
    if rate > MAX_SIZE_BYTES:
        raise ValueError(f"expected at most {units.format_bytes(MAX_SIZE_BYTES)} per second")
    return rate


def _bit_rate(raw: Any, info: ValidationInfo) -> int:
    rate = units.parse_bits_per_second(text_of(raw, units.BIT_RATE_EXPECTED))
    if not 1 <= rate <= MAX_BIT_RATE:
        raise ValueError(f"expected from 1 bit/s to {units.canonical_bit_rate(MAX_BIT_RATE)}")
    return rate


_LIMIT_SCHEMA: Final = {
    "type": "string",
    "pattern": rf"^\s*(unlimited|{_BYTES_PATTERN})\s*$",
    "examples": ["unlimited", "5 MB"],
}
Name: Final = Reads(_name, NAME_EXPECTED, {"type": "string", "pattern": "^[^./]+$", "maxLength": MAX_NAME})
Truth: Final = Reads(_truth, "expected true or false", {"type": "boolean"})
Limit: Final = Reads(_limit, f"{LIMIT_EXPECTED}, or unlimited", _LIMIT_SCHEMA)
FleetLimit: Final = Reads(_fleet_limit, f"{LIMIT_EXPECTED}, or unlimited", _LIMIT_SCHEMA)
Rate: Final = Reads(
    _rate,
    units.RATE_EXPECTED,
    {
        "type": "string",
        "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s+per\s+(s|min|h|day|week)\s*$",
        "examples": ["6 per day"],
    },
)
ByteRate: Final = Reads(
    _byte_rate,
    units.BYTE_RATE_EXPECTED,
    {"type": "string", "pattern": rf"^\s*{_BYTES_PATTERN}\s*(/|per)\s*s\s*$", "examples": ["280 kB/s"]},
)
BitRate: Final = Reads(
    _bit_rate,
    units.BIT_RATE_EXPECTED,
    {
        "type": "string",
        "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*[kMG]?bit\s*(/|per)\s*s\s*$",
        "examples": ["200 kbit/s"],
    },
)
Money: Final = Reads(_money, units.MONEY_EXPECTED, {"type": ["number", "string"], "examples": ["0.10"]})
