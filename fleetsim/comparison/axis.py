"""What is varied: a path, and its values, ``FROM:TO:STEP`` with the last one included, or a list."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Real
from typing import Any, Final

from fleetsim import units
from fleetsim.errors import BadInput, Mistake
from fleetsim.scenario.source import quoted

MOST: Final = 1000
"""Points that a sweep may have."""
FORM: Final = (
    "expected PATH=FROM:TO:STEP such as fleets.meters.data_limit=1MB:20MB:1MB,"
    " or PATH=LIST such as platform.record_interval=6min,1h"
)
_THE_SAME_EVERYWHERE: Final = {
    "seed": "every point has the same random numbers; give another seed with --seed",
    "replications": "every point has as many; give their number with --replications",
}

Given = str | Sequence[Any]
"""Values as a user gives them: text as on the command line, or a list of values as a scenario has them."""


@dataclass(frozen=True)
class Axis:
    """A path with the values that it takes, as they stand in a scenario."""

    path: str
    values: tuple[str, ...]


def read_vary(given: str) -> Axis:
    """Read ``PATH=FROM:TO:STEP`` or ``PATH=LIST``.

    Raises
    ------
    BadInput
        It is neither.
    """
    path, equals, values = given.partition("=")
    if not equals:
        raise BadInput(Mistake(f"--vary {given}", None, "", FORM))
    return read_axis(path, values)


def read_axis(path: str, given: Given) -> Axis:
    """Read the values that a path takes.

    Parameters
    ----------
    path
        As for ``--set``.
    given
        ``FROM:TO:STEP``, TO included, or a list: text with commas, or values as a scenario has them (text with units,
        numbers, truths, mappings).

    Returns
    -------
    Axis
        With each value once, in the order given.

    Raises
    ------
    BadInput
        They are none, or the path is that of something that is the same at every point.
    """
    path = str(path).strip()
    asked = f"--vary {path}={given if isinstance(given, str) else '...'}"
    if not path or not all(path.split(".")):
        raise BadInput(Mistake(asked, None, "", FORM))
    if path in _THE_SAME_EVERYWHERE:
        raise BadInput(Mistake(asked, None, path, f"expected another path: {_THE_SAME_EVERYWHERE[path]}"))
    try:
        texts = _from_text(given) if isinstance(given, str) else [_as_written(value) for value in given]
    except (ValueError, TypeError) as error:
        raise BadInput(Mistake(asked, None, path, str(error))) from None
    values = tuple(dict.fromkeys(texts))
    if not values or "" in values:
        raise BadInput(Mistake(asked, None, path, f"found an empty value; {FORM}"))
    return Axis(path, values)


# ---- text ------------------------------------------------------------------------------------------------------------


def _from_text(given: str) -> Iterable[str]:
    parts = [part.strip() for part in _split(given, ":")]
    listed = [part.strip() for part in _split(given, ",")]
    # An instant has colons too, and does not begin with a quantity.
    if len(parts) == 1 or len(listed) > 1 or not _is_quantity(parts[0]):
        return listed
    if len(parts) != 3:
        raise ValueError(f"found {quoted(given)}; {FORM}")
    return _range(*parts)


def _split(text: str, mark: str) -> list[str]:
    """Split where a mark stands outside brackets and quotes: a value may be a mapping or a list of its own."""
    parts, depth, quote = [""], 0, ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        else:
            depth += (character in "{[(") - (character in "}])")
        if character == mark and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += character
    return parts


_NUMBER: Final = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)(\s*)([^0-9]*)", re.ASCII)
_SINGULAR: Final = {"months": "month", "days": "day", "hours": "hour", "weeks": "week"}


def _per_second(size: int) -> str:
    return f"{units.canonical_bytes(size)}/s"


_KINDS: Final[tuple[tuple[Callable[[str], Any], Callable[[Any], str]], ...]] = (
    (units.parse_bytes, units.canonical_bytes),
    (units.parse_duration_ms, units.canonical_duration),
    (units.parse_rate_per_day, units.canonical_rate),
    (units.parse_bytes_per_second, _per_second),
    (units.parse_bits_per_second, units.canonical_bit_rate),
)
"""Quantities whose values may have different units: how each is read, and how it is written again."""


def _is_quantity(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text)) or any(_parsed(parse, [text]) for parse, _ in _KINDS)


def _parsed(parse: Callable[[str], Any], texts: Iterable[str]) -> list[Any] | None:
    try:
        return [parse(text) for text in texts]
    except ValueError:
        return None


def _range(first: str, last: str, step: str) -> Iterable[str]:
    """The values from `first` to `last`, both included, exactly: in the unit given where it is one for all three."""
    given = f"{first}:{last}:{step}"
    matches = [_NUMBER.fullmatch(part) for part in (first, last, step)]
    if all(matches):
        of = [(Decimal(match[1]), match[2], match[3].strip()) for match in matches if match]
        if len({_SINGULAR.get(unit, unit) for _, _, unit in of}) == 1:
            space, unit = of[1][1:]
            return _steps([number for number, _, _ in of], lambda number: f"{number:f}{space}{unit}", given)
    for parse, written in _KINDS:
        numbers = _parsed(parse, (first, last, step))
        if numbers is not None:
            return _steps(numbers, written, given)
    raise ValueError(f"found {quoted(given)}; expected FROM, TO and STEP of one kind, each with its unit")


def _steps(numbers: Sequence[Any], written: Callable[[Any], str], given: str) -> Iterable[str]:
    first, last, step = (Fraction(number) for number in numbers)
    if step <= 0:
        raise ValueError(f"found {quoted(given)}; expected a STEP above 0")
    if last < first:
        raise ValueError(f"found {quoted(given)}; expected a TO that is not below FROM")
    count, rest = divmod(last - first, step)

    def at(place: int) -> str:
        return written(numbers[0] + place * numbers[2])

    if rest:
        raise ValueError(
            f"found {quoted(given)}; expected a TO that steps of {written(numbers[2])} from {at(0)} reach,"
            f" such as {at(int(count))} or {at(int(count) + 1)}"
        )
    if count >= MOST:
        raise ValueError(f"found {int(count) + 1:,} values; expected at most {MOST:,}")
    return [at(place) for place in range(int(count) + 1)]


# ---- values of Python ------------------------------------------------------------------------------------------------


def _as_written(value: object) -> str:
    """A value as it stands in a scenario."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Decimal | Real):
        exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
        if not exact.is_finite():
            raise ValueError(f"found {value}; expected a finite number")
        return format(exact, "f")
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=_as_written)
    raise ValueError(f"found {quoted(repr(value))}; expected text, a number, true or false, a list or a mapping")
