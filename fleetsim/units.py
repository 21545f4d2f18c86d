"""Quantities: parsed from text and printed again, exactly. No float is involved on the way in.

Durations are integer milliseconds, sizes integer bytes, money integer micro-units of a currency, rates exact
fractions. The parsers raise ``ValueError`` whose text says what was expected, so that whoever knows the place
of the text can put file, line and what was found in front of it.

The ``canonical_*`` functions print what the parsers read back to the same value; the ``format_*`` functions
print for people and round.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from fleetsim.clock import MS_PER_DAY

#: Longer texts are no quantity anybody means; Python's conversion of long digit strings is quadratic.
MAX_TEXT: Final = 100

DURATION_UNITS: Final[Mapping[str, int]] = {
    "ms": 1,
    "s": 1000,
    "min": 60_000,
    "h": 3_600_000,
    "hour": 3_600_000,
    "hours": 3_600_000,
    "day": MS_PER_DAY,
    "days": MS_PER_DAY,
    "week": 7 * MS_PER_DAY,
    "weeks": 7 * MS_PER_DAY,
}
BYTE_UNITS: Final[Mapping[str, int]] = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}
RATE_UNITS: Final[Mapping[str, int]] = {unit: DURATION_UNITS[unit] for unit in ("day", "week", "h", "min", "s")}

BIT_UNITS: Final[Mapping[str, int]] = {"bit": 1, "kbit": 10**3, "Mbit": 10**6, "Gbit": 10**9}

_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_PART = re.compile(rf"({_NUMBER})\s*([^\W\d_]+)\s*", re.ASCII)
_BYTES = re.compile(rf"({_NUMBER})\s*([A-Za-z]+)", re.ASCII)
_BIT_RATE = re.compile(rf"({_NUMBER})\s*([kMG]?bit)\s*(?:/|\bper\b)\s*s", re.ASCII)
_DECIMAL = re.compile(_NUMBER, re.ASCII)

DURATION_EXPECTED: Final = "expected a duration such as 90 s, 15 min, 36 h or 10 days 2 hours"
BYTES_EXPECTED: Final = "expected bytes such as 800 B, 5.4 kB, 1.2 MB or 4 KiB"
BYTE_RATE_EXPECTED: Final = "expected whole bytes per second such as 280 kB/s"
BIT_RATE_EXPECTED: Final = "expected whole bits per second such as 200 kbit/s (bit/s, kbit/s, Mbit/s or Gbit/s)"
RATE_EXPECTED: Final = "expected a rate such as 6 per day (per s, min, h, day or week)"
MONEY_EXPECTED: Final = "expected a decimal number such as 0.10, at most 6 digits after the point"


def parse_decimal(text: str) -> Fraction:
    """Read a plain decimal number (``2``, ``0.95``), exactly as written.

    Raises
    ------
    ValueError
        With the text ``expected a decimal number ...``: signs, exponents, NaN and infinity are refused.
    """
    text = text.strip()
    if len(text) > MAX_TEXT or not _DECIMAL.fullmatch(text):
        raise ValueError("expected a decimal number such as 0.5")
    return Fraction(text)


def parse_duration_ms(text: str) -> int:
    """Read a duration such as ``90 s``, ``1.5 h`` or ``10 days 2 hours`` in milliseconds.

    Raises
    ------
    ValueError
        Where a unit is missing or unknown (``m`` could be minutes or months), or the result is no whole
        number of milliseconds.
    """
    text = text.strip()
    if len(text) > MAX_TEXT:
        raise ValueError(DURATION_EXPECTED)
    if _DECIMAL.fullmatch(text):
        raise ValueError(f"{DURATION_EXPECTED}; a number needs its unit")
    total, end = Fraction(0), 0
    while end < len(text):
        part = _PART.match(text, end)
        if part is None:
            raise ValueError(DURATION_EXPECTED)
        number, unit = part.groups()
        if unit == "m":
            raise ValueError(f"{DURATION_EXPECTED}; 'm' is ambiguous: write 'min' or 'months'")
        if unit in ("month", "months"):
            raise ValueError(f"{DURATION_EXPECTED}; months have no fixed length")
        if unit not in DURATION_UNITS:
            raise ValueError(f"{DURATION_EXPECTED}; the units are ms, s, min, h, days and weeks")
        total += Fraction(number) * DURATION_UNITS[unit]
        end = part.end()
    if not text:
        raise ValueError(DURATION_EXPECTED)
    if total.denominator != 1:
        raise ValueError("expected a whole number of milliseconds")
    return total.numerator


def _bytes(text: str, expected: str) -> int:
    text = text.strip()
    if len(text) > MAX_TEXT:
        raise ValueError(expected)
    if _DECIMAL.fullmatch(text):
        raise ValueError(f"{expected}; a number needs its unit")
    match = _BYTES.fullmatch(text)
    if match is None:
        raise ValueError(expected)
    number, unit = match.groups()
    if unit == "KB":
        raise ValueError(f"{expected}; 'KB' is ambiguous: write 'kB' (1000 B) or 'KiB' (1024 B)")
    if unit not in BYTE_UNITS:
        raise ValueError(f"{expected}; the units are {', '.join(BYTE_UNITS)}")
    size = Fraction(number) * BYTE_UNITS[unit]
    if size.denominator != 1:
        raise ValueError("expected a whole number of bytes")
    return size.numerator


def parse_bytes(text: str) -> int:
    """Read a number of bytes such as ``800 B``, ``1.2 MB`` or ``4 KiB``; 1 MB = 10^6 bytes.

    Raises
    ------
    ValueError
        Where the unit is missing, unknown or ambiguous (``KB``), or no whole bytes result.
    """
    return _bytes(text, BYTES_EXPECTED)


def parse_bytes_per_second(text: str) -> int:
    """Read a rate of continuous traffic such as ``280 kB/s`` in whole bytes per second.

    Raises
    ------
    ValueError
        Where it is no whole number of bytes per second.
    """
    match = re.fullmatch(r"(.*?)\s*(?:/|\bper\b)\s*s", text.strip()) if len(text) <= MAX_TEXT else None
    if match is None:
        raise ValueError(BYTE_RATE_EXPECTED)
    return _bytes(match[1], BYTE_RATE_EXPECTED)


def parse_bits_per_second(text: str) -> int:
    """Read a throughput such as ``200 kbit/s`` in whole bits per second; 1 kbit = 1000 bits.

    Raises
    ------
    ValueError
        Where it is no whole number of bits per second, or a unit is none of bits (``kB/s``).
    """
    match = _BIT_RATE.fullmatch(text.strip()) if len(text) <= MAX_TEXT else None
    if match is None:
        raise ValueError(BIT_RATE_EXPECTED)
    rate = Fraction(match[1]) * BIT_UNITS[match[2]]
    if rate.denominator != 1:
        raise ValueError("expected a whole number of bits per second")
    return rate.numerator


def parse_rate_per_day(text: str) -> Fraction:
    """Read a rate such as ``6 per day`` or ``0.5 per h`` in events per day, exactly.

    Raises
    ------
    ValueError
        Where it is not a decimal number per s, min, h, day or week.
    """
    match = re.fullmatch(rf"({_NUMBER})\s+per\s+([a-z]+)", text.strip()) if len(text) <= MAX_TEXT else None
    if match is None or match[2] not in RATE_UNITS:
        raise ValueError(RATE_EXPECTED)
    return Fraction(match[1]) * MS_PER_DAY / RATE_UNITS[match[2]]


def parse_money_micros(text: str) -> int:
    """Read an amount such as ``0.10`` in micro-units of the currency.

    Raises
    ------
    ValueError
        Where it is no plain decimal number, or finer than a micro-unit.
    """
    try:
        micros = parse_decimal(text) * 1_000_000
    except ValueError:
        raise ValueError(MONEY_EXPECTED) from None
    if micros.denominator != 1:
        raise ValueError(MONEY_EXPECTED)
    return micros.numerator


def decimal_text(value: Fraction) -> str | None:
    """Print a fraction as the decimal number it is, or ``None`` where it is none (1/3)."""
    rest, digits = value.denominator, 0
    for factor in (2, 5):
        count = 0
        while rest % factor == 0:
            rest, count = rest // factor, count + 1
        digits = max(digits, count)
    if rest != 1:
        return None
    scaled = abs(value.numerator) * 10**digits // value.denominator
    whole, part = divmod(scaled, 10**digits)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole}.{part:0{digits}d}" if digits else f"{sign}{whole}"


def canonical_duration(ms: int) -> str:
    """Print milliseconds as the shortest chain of whole units, ``10 days 2 h``; read back exactly."""
    parts = []
    for unit, size in (("days", MS_PER_DAY), ("h", 3_600_000), ("min", 60_000), ("s", 1000), ("ms", 1)):
        count, ms = divmod(ms, size)
        if count:
            parts.append(f"{count} {'day' if unit == 'days' and count == 1 else unit}")
    return " ".join(parts) or "0 s"


def canonical_bytes(size: int) -> str:
    """Print bytes in the largest decimal unit that divides them; read back exactly."""
    for unit in ("TB", "GB", "MB", "kB"):
        if size and size % BYTE_UNITS[unit] == 0:
            return f"{size // BYTE_UNITS[unit]} {unit}"
    return f"{size} B"


def canonical_rate(per_day: Fraction) -> str:
    """Print a rate in the longest unit in which it is a decimal number; read back exactly.

    Raises
    ------
    ValueError
        Where no unit makes it a decimal number; a rate that was read always is one in its own unit.
    """
    for unit, ms in RATE_UNITS.items():
        text = decimal_text(per_day * ms / MS_PER_DAY)
        if text is not None:
            return f"{text} per {unit}"
    raise ValueError(RATE_EXPECTED)


def canonical_bit_rate(rate: int) -> str:
    """Print bits per second in the largest unit that divides them; read back exactly."""
    unit = next((unit for unit in ("Gbit", "Mbit", "kbit") if rate % BIT_UNITS[unit] == 0), "bit") if rate else "bit"
    return f"{rate // BIT_UNITS[unit]} {unit}/s"


def canonical_money(micros: int) -> str:
    """Print micro-units with two to six digits after the point; read back exactly."""
    whole, part = divmod(abs(micros), 1_000_000)
    digits = f"{part:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if micros < 0 else ''}{whole}.{digits}"


def format_bytes(size: float) -> str:
    """Print bytes for people in decimal units, rounded to three digits: ``1.23 MB``."""
    for unit in ("TB", "GB", "MB", "kB"):
        # 999,950 B would round to 1000 kB: the next unit starts where its own rounding does.
        if abs(size) >= 0.9995 * BYTE_UNITS[unit]:
            value = size / BYTE_UNITS[unit]
            return f"{value:,.0f} {unit}" if abs(value) >= 1000 else f"{value:.3g} {unit}"
    return f"{size:.3g} B" if abs(size) < 999.5 else f"{size:.0f} B"


def format_duration(ms: float) -> str:
    """Print milliseconds for people with the two largest units: ``10 days 2 h``."""
    if ms < 0:
        return "-" + format_duration(-ms)
    total = round(ms)
    for size, below in ((MS_PER_DAY, 3_600_000), (3_600_000, 60_000), (60_000, 1000)):
        if total >= size:
            total = (total + below // 2) // below * below
            break
    return canonical_duration(total)
