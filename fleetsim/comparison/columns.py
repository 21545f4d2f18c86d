"""A column for a varied path: numbers in the unit that the tables of a run have, or the words that were given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import pyarrow as pa

from fleetsim import units
from fleetsim.comparison.axis import Axis

WITHOUT_NUMBER: Final = ("unlimited", "none", "null")
"""Words that stand for no number beside values that are numbers: null there, as an unlimited ``data_limit_bytes``."""
UNIT: Final = b"unit"


def _whole(text: str) -> int:
    if not text.removeprefix("-").isdecimal():
        raise ValueError("no whole number")
    return int(text)


def _decimal(text: str) -> float:
    return float(units.parse_decimal(text.removeprefix("-"))) * (-1 if text.startswith("-") else 1)


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("no truth")
    return text.lower() == "true"


_KINDS: Final[tuple[tuple[Callable[[str], Any], pa.DataType, str], ...]] = (
    (_whole, pa.int64(), ""),
    (_decimal, pa.float64(), ""),
    (_truth, pa.bool_(), ""),
    (units.parse_bytes, pa.int64(), "bytes"),
    (units.parse_duration_ms, pa.int64(), "ms"),
    (lambda text: float(units.parse_rate_per_day(text)), pa.float64(), "per day"),
    (units.parse_bytes_per_second, pa.int64(), "bytes/s"),
    (units.parse_bits_per_second, pa.int64(), "bit/s"),
)


def column(axis: Axis) -> tuple[pa.Field, list[Any]]:
    """The column of a path: its field, whose metadata names the unit, and what it has for each value of the axis.

    Bytes, milliseconds, bytes or bits per second and whole numbers are int64; events per day and decimal numbers are
    float64; true and false are bool. Where values are of different kinds, or none of these (``1 month``), it is text,
    as it was given.
    """
    numbers = [text for text in axis.values if text not in WITHOUT_NUMBER]
    words = set(axis.values) - set(numbers)
    for parse, kind, unit in _KINDS if numbers and len(words) <= 1 else ():
        values = _parsed(parse, numbers)
        if values is not None and not (words and kind == pa.bool_()):
            found = dict(zip(numbers, values, strict=True))
            field = pa.field(axis.path, kind, metadata={UNIT: unit.encode()} if unit else None)
            return field, [found.get(text) for text in axis.values]
    return pa.field(axis.path, pa.string()), list(axis.values)


def unit_of(field: pa.Field) -> str:
    """Unit of a column, empty where it has none."""
    return str((field.metadata or {}).get(UNIT, b"").decode())


def _parsed(parse: Callable[[str], Any], texts: Sequence[str]) -> list[Any] | None:
    try:
        values = [parse(text) for text in texts]
    except ValueError:
        return None
    return None if any(isinstance(value, int) and abs(value) >= 2**63 for value in values) else values
