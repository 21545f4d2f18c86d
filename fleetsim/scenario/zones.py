"""Time zones by their IANA names.

They are read from the package `tzdata`, a dependency, and not from the operating system: the rules that a result
depends on are those of a version that can be named and installed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationInfo

from fleetsim.clock import MS_PER_HOUR, epoch_ms
from fleetsim.scenario.base import Reads
from fleetsim.scenario.quantities import text_of
from fleetsim.scenario.wording import did_you_mean, wrong

ZONE_EXPECTED: Final = "expected the name of a time zone such as UTC or Europe/Berlin"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Ints = NDArray[np.int64]


@cache
def zone_names() -> frozenset[str]:
    """Return the names of all time zones."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="ascii").split())


@cache
def _zone(name: str) -> ZoneInfo:
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def _offset_ms(zone: ZoneInfo, at_ms: int) -> int:
    offset = (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(zone).utcoffset()
    assert offset is not None  # a zone always has one
    return offset // timedelta(milliseconds=1)


@cache
def _offsets_in_year(name: str, year: int) -> tuple[tuple[int, int], ...]:
    """Offsets of a UTC year: (instant from which it holds, offset), both in ms; the first from the year's start."""
    zone = _zone(name)
    at, end = (epoch_ms(datetime(y, 1, 1, tzinfo=UTC)) for y in (year, year + 1))
    found = [(at, _offset_ms(zone, at))]
    for after in range(at + MS_PER_HOUR, end, MS_PER_HOUR):
        offset = _offset_ms(zone, after)
        if offset == found[-1][1]:
            continue
        low, high = after - MS_PER_HOUR, after  # no zone has changed twice in an hour
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if _offset_ms(zone, middle) == offset else (middle, high)
        found.append((high, offset))
    return tuple(found)


def offsets(name: str, from_ms: int, until_ms: int) -> tuple[Ints, Ints]:
    """Offsets from UTC in [from, until), ms since 1970-01-01T00:00:00Z.

    Returns
    -------
    Instants from which each offset holds, the first being `from_ms`; the offsets, ms to add to UTC for local time.
    """
    years = range((_EPOCH + timedelta(milliseconds=from_ms)).year, (_EPOCH + timedelta(milliseconds=until_ms)).year + 1)
    known = [pair for year in years for pair in _offsets_in_year(name, year)]
    instants, held = np.array(known, np.int64).T
    first = int(np.searchsorted(instants, from_ms, side="right")) - 1
    inside = slice(first, int(np.searchsorted(instants, until_ms)))
    return np.maximum(instants[inside], from_ms), held[inside]


def _read(raw: Any, info: ValidationInfo) -> str:
    name = text_of(raw, ZONE_EXPECTED)
    if name not in zone_names():
        raise wrong(f"{ZONE_EXPECTED}{did_you_mean(name, zone_names())}")
    return name


Timezone: Final = Reads(_read, ZONE_EXPECTED, {"type": "string", "examples": ["UTC", "Europe/Berlin"]})
