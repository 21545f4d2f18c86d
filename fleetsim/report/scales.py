"""Scales of axes: instants and sizes as matplotlib takes them, and how their ticks read."""

from __future__ import annotations

from datetime import UTC

import numpy as np
from matplotlib.axis import Axis
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num


def largest_unit(value_bytes: int) -> tuple[str, int]:
    """The largest decimal unit that a size has at least one of, and how many bytes that is."""
    units = (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3))
    return next(((unit, factor) for unit, factor in units if value_bytes >= factor), ("B", 1))


def date_axis(axis: Axis, minticks: int = 4, maxticks: int = 9) -> None:
    """Each tick says its own day or hour; nothing is left to a corner of the axis."""
    locator = AutoDateLocator(tz=UTC, minticks=minticks, maxticks=maxticks)  # type: ignore[no-untyped-call]
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


def days(when: object) -> np.ndarray:
    """Times in matplotlib's unit."""
    return np.asarray(date2num(when))  # type: ignore[no-untyped-call]
