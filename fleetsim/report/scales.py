"""Scales of axes: instants and sizes as matplotlib takes them, and how their ticks read."""

from __future__ import annotations

import math
from datetime import UTC

import numpy as np
from matplotlib.axis import Axis
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num, num2date
from matplotlib.ticker import Locator, MaxNLocator

_S_PER_DAY = 86_400
_STEPS_S = (
    *(1, 2, 5, 10, 15, 30),
    *(60 * n for n in (1, 2, 5, 10, 15, 30)),
    *(3600 * n for n in (1, 2, 3, 6, 12)),
    *(_S_PER_DAY * n for n in (1, 2, 4, 7, 14)),
)


def largest_unit(value_bytes: int) -> tuple[str, int]:
    """The largest decimal unit that a size has at least one of, and how many bytes that is."""
    units = (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3))
    return next(((unit, factor) for unit, factor in units if value_bytes >= factor), ("B", 1))


class EvenDates(Locator):
    """Ticks that are equally far apart and stand at whole days, hours or minutes; over months, their first days."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._months = AutoDateLocator(tz=UTC, minticks=3, maxticks=most)  # type: ignore[no-untyped-call]

    def __call__(self) -> list[float]:
        assert self.axis is not None
        return self.tick_values(*self.axis.get_view_interval())

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        """The ticks of an interval, in days since 1970."""
        step = next((each for each in _STEPS_S if each * self._most >= (vmax - vmin) * _S_PER_DAY), None)
        if step is None:
            return list(self._months.tick_values(*num2date([vmin, vmax])))  # type: ignore[no-untyped-call]
        # Days are counted from the first midnight that is seen, parts of a day from the one before.
        midnight = math.ceil(round(vmin, 6)) if step >= _S_PER_DAY else math.floor(vmin)
        first, last = (round((each - midnight) * _S_PER_DAY, 3) / step for each in (vmin, vmax))
        return [midnight + n * step / _S_PER_DAY for n in range(math.ceil(first), math.floor(last) + 1)]


def date_axis(axis: Axis, most: int = 8) -> None:
    """Each tick says its own day or hour; nothing is left to a corner of the axis."""
    locator = EvenDates(most)
    axis.set_major_locator(locator)
    axis.set_major_formatter(
        ConciseDateFormatter(  # type: ignore[no-untyped-call]
            locator,
            tz=UTC,
            formats=["%Y", "%b %Y", "%d %b", "%H:%M", "%H:%M", "%H:%M:%S"],
            zero_formats=["%Y", "%b %Y", "%d %b", "%d %b", "%H:%M", "%H:%M:%S"],
            show_offset=False,
        )
    )


def decimals_of(step: float) -> int:
    """How many decimals tell numbers apart that lie a step of 1, 2 or 5 times a power of ten apart."""
    return max(0, -math.floor(math.log10(step) + 1e-9))


def amount_axis(axis: Axis, low: float, high: float, most: int) -> None:
    """Ticks of an amount of money over [low, high], each as precise as the step between them takes."""
    places = np.asarray(MaxNLocator(most, steps=[1, 2, 5, 10]).tick_values(low, high))
    ticks = places[(places >= low) & (places <= high)]
    decimals = decimals_of(float(places[1] - places[0]))
    decimals += decimals == 1  # cents
    axis.set_ticks(ticks, [f"{tick:,.{decimals}f}" for tick in ticks])


def days(when: object) -> np.ndarray:
    """Times in matplotlib's unit."""
    return np.asarray(date2num(when))  # type: ignore[no-untyped-call]
