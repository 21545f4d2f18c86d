"""The limits asked for: ``1MB:20MB:1MB``, the last one included, or a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fleetsim import units
from fleetsim.errors import BadInput, Mistake
from fleetsim.scenario.quantities import LIMIT_EXPECTED, MAX_LIMIT_BYTES, is_whole_mb
from fleetsim.scenario.schema import Fleet
from fleetsim.scenario.source import quoted

MOST: Final = 1000
"""Limits that are judged at a time."""
_FORM: Final = "expected FROM:TO:STEP such as 1MB:20MB:1MB, or a list such as 2MB,5MB,10MB"

Given = str | Sequence[str | int]
"""Limits as a user gives them: text as on the command line, or a list of texts and of numbers of bytes."""


def read_limits(given: Given, fleet: Fleet) -> tuple[int, ...]:
    """Read the limits asked for.

    Parameters
    ----------
    given
        ``FROM:TO:STEP``, or a list: text with commas, or a sequence of texts and whole numbers of bytes.
    fleet
        Whose limits they would be: with ``any_limit`` any number of bytes will do.

    Returns
    -------
    tuple of int
        Bytes, ascending, each once.

    Raises
    ------
    BadInput
        With every limit that is none.
    """
    found: Sequence[int]
    if isinstance(given, str) and ":" in given:
        found = _range(given, fleet)
    else:
        parts = [part.strip() for part in given.split(",")] if isinstance(given, str) else list(given)
        if not parts or parts == [""]:
            raise _mistake(given, _FORM)
        found = _each(parts, fleet)
    limits = sorted(set(found))
    if len(limits) > MOST:
        raise BadInput(Mistake("limits", None, "", f"found {len(limits):,} limits; expected at most {MOST:,}"))
    return tuple(limits)


def _range(given: str, fleet: Fleet) -> Sequence[int]:
    parts = [part.strip() for part in given.split(":")]
    if len(parts) != 3:
        raise _mistake(given, _FORM)
    first, last, step = _each(parts, fleet)
    if step == 0:
        raise _mistake(given, "expected a STEP above 0")
    if last < first:
        raise _mistake(given, "expected a TO that is not below FROM")
    if (last - first) % step:
        below = last - (last - first) % step
        reached = f"{units.canonical_bytes(below)} or {units.canonical_bytes(below + step)}"
        raise _mistake(given, f"expected a TO that steps of {parts[2]} from {parts[0]} reach, such as {reached}")
    if (last - first) // step >= MOST:
        count = (last - first) // step + 1
        raise BadInput(Mistake("limits", None, "", f"found {count:,} limits; expected at most {MOST:,}"))
    return range(first, last + 1, step)


def _each(parts: Sequence[str | int], fleet: Fleet) -> list[int]:
    found, mistakes = [], []
    for part in parts:
        try:
            found.append(_bytes(part, fleet))
        except ValueError as error:
            mistakes.append(Mistake("limits", None, "", f"found {quoted(str(part))}; {error}"))
    if mistakes:
        raise BadInput(list(dict.fromkeys(mistakes)))
    return found


def _bytes(part: str | int, fleet: Fleet) -> int:
    if isinstance(part, str):
        if part == "unlimited":
            raise ValueError(f"{_expected(fleet)}; what SIMs use without a limit is told by the headroom in any case")
        try:
            limit = units.parse_bytes(part)
        except ValueError as error:
            raise ValueError(str(error).replace(units.BYTES_EXPECTED, _expected(fleet))) from None
    elif isinstance(part, int) and not isinstance(part, bool):
        limit = part
    else:
        raise ValueError(f"{_expected(fleet)}, as text or as a whole number of bytes")
    if not fleet.any_limit and not is_whole_mb(limit):
        raise ValueError(f"{LIMIT_EXPECTED}; other limits take any_limit: true in the fleet")
    if not 0 <= limit <= MAX_LIMIT_BYTES:
        raise ValueError(f"expected at most {units.format_bytes(MAX_LIMIT_BYTES)}")
    return limit


def _expected(fleet: Fleet) -> str:
    return "expected whole bytes such as 500 kB" if fleet.any_limit else LIMIT_EXPECTED


def _mistake(given: object, expected: str) -> BadInput:
    return BadInput(Mistake("limits", None, "", f"found {quoted(str(given))}; {expected}"))
