"""Traffic multiplied: as overrides, so that what comes of it is a scenario like any other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from fleetsim import units
from fleetsim.draws import laws
from fleetsim.draws.laws import Law
from fleetsim.scenario.arrivals import Continuous, OnOff, Periodic, Poisson, Trace
from fleetsim.scenario.devices import DeviceGroup, TrafficItem
from fleetsim.scenario.sizes import as_written


@dataclass(frozen=True)
class Factors:
    """What traffic is multiplied by.

    Parameters
    ----------
    often
        How often transfers start; of what flows without end, its rates. One transfer a SIM and a trace stay.
    large
        How large each is, with whole bytes again. A trace stays; so does what flows without end, for it has no sizes.
    """

    often: Fraction = Fraction(1)
    large: Fraction = Fraction(1)


NOTHING: Final = Factors()
_SIZES: Final = ("value", "minimum", "maximum", "mean", "median")
"""Fields of laws that are bytes."""


def scales(group: DeviceGroup) -> tuple[bool, bool]:
    """Whether a group has traffic whose rates, and whose sizes, can be multiplied."""
    processes = [item.arrivals for item in group.traffic.values()]
    often = any(isinstance(each, Periodic | Poisson | OnOff | Continuous) for each in processes)
    return often, any(not isinstance(each, Continuous | Trace) for each in processes)


def scaled(path: str, group: DeviceGroup, factors: Factors) -> list[str]:
    """Overrides ``PATH=VALUE`` that multiply the traffic of a device group at `path`.

    Whole milliseconds and whole bytes come out, at least one where there was one.
    """
    found = [
        f"{path}.traffic.{name}.{key}={value}"
        for name, item in group.traffic.items()
        for key, value in (*_often(item, factors.often), *_large(item, factors.large))
    ]
    if group.monthly_use is not None and factors.large != 1:
        # It scales the sizes of a SIM to bytes a month, whatever they are.
        use = group.monthly_use
        for key, size in (("median", use.median_bytes), ("p95", use.p95_bytes)):
            found.append(f"{path}.monthly_use.{key}={units.canonical_bytes(_times(size, factors.large))}")
    return found


def _often(item: TrafficItem, factor: Fraction) -> Iterator[tuple[str, str]]:
    if factor == 1:
        return
    match item.arrivals:
        case Periodic() as process:
            yield "arrivals.every", units.canonical_duration(_times(process.every_ms, 1 / factor))
            yield "arrivals.jitter", units.canonical_duration(int(process.jitter_ms / factor))
            if process.first_ms is not None:
                yield "arrivals.first", units.canonical_duration(int(process.first_ms / factor))
        case Poisson() | OnOff() as process:
            yield "arrivals.rate", _rate(process.rate_per_day * factor)
        case Continuous():
            rates = {"upload": item.upload_bytes_per_s, "download": item.download_bytes_per_s}
            for key, rate in rates.items():
                if rate:
                    yield key, f"{units.canonical_bytes(_times(rate, factor))}/s"


def _large(item: TrafficItem, factor: Fraction) -> Iterator[tuple[str, str]]:
    if factor == 1 or isinstance(item.arrivals, Continuous | Trace):
        return
    for key, law in (("upload", item.upload), ("download", item.download)):
        if isinstance(law, Law) and law != laws.Constant(0):
            yield key, as_text(as_written(_larger(law, factor)))


def _larger(law: Law, factor: Fraction) -> Law:
    if isinstance(law, laws.Empirical):
        return replace(law, values=tuple(_times(value, factor) for value in law.values))
    given = {each.name: getattr(law, each.name) for each in fields(law) if each.name in _SIZES}
    larger: dict[str, Any] = {name: _times(size, factor) for name, size in given.items() if size is not None}
    return replace(law, **larger)


def _times(size: int, factor: Fraction) -> int:
    return max(round(size * factor), 1) if size else 0


def _rate(per_day: Fraction) -> str:
    """A rate as a scenario writes it; where no decimal number is it, the nearest to a millionth of an event a day."""
    rounded = per_day if units.decimal_text(per_day) is not None else max(round(per_day, 6), Fraction(1, 10**6))
    return units.canonical_rate(rounded)


def as_text(value: Any) -> str:
    """A value of a resolved scenario on one line, as a file may have it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {as_text(below)}" for key, below in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(as_text(each) for each in value) + "]"
    return format(value, "f") if isinstance(value, Decimal) else str(value)
