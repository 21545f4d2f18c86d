"""Where in a sweep a metric is least and where it is most: said of one point only where no other ties with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Final

import numpy as np

from fleetsim.comparison.axis import Axis
from fleetsim.comparison.differences import unseen
from fleetsim.comparison.metrics import Floats, Metric, observed
from fleetsim.comparison.points import Point, grid
from fleetsim.comparison.sweep import Sweep
from fleetsim.inference.means import paired_difference
from fleetsim.report import words

_FEW: Final = 3
"""Values of a path that are named one by one."""


def ends(sweep: Sweep, metric: Metric, cells: Sequence[str]) -> str:
    """Say where a metric is least and where it is most: ``least, 12.30 at data_limit 5MB; most, ...``.

    Points that have the same values in every replication tie, and are named together. The others are set beside the
    end, replication by replication, at the sweep's confidence for all of them at once: those that cannot be told from
    it are counted. A single replication tells nothing apart, so there nothing is counted.

    Parameters
    ----------
    metric
        One that some point has.
    cells
        What the table says of each point, empty where it has no value.
    """
    points = grid(sweep.axes)
    there = [place for place, cell in enumerate(cells) if cell]
    seen = observed(sweep.sums, len(points), sweep.provenance["replications"])
    values = seen.values(metric)[there]
    if (values == values[0]).all():
        return f"{cells[there[0]]} at every point"
    # By the means that the table has, so that the text and the table name the same point.
    means = np.array([sweep.arrow[metric.name][place].as_py() for place in there])
    found = []
    for name, at in (("least", int(means.argmin())), ("most", int(means.argmax()))):
        near = _near(values, at, unseen(seen, metric, values - values[at], 0), sweep.provenance["confidence"])
        ties = [points[there[place]] for place in np.flatnonzero(near.ties)]
        found.append(_End(name, cells[there[at]], _where(sweep.axes, ties), len(ties), int(near.open.sum())))
    least, most = found
    if least.ties + least.open == len(there):
        return f"{least.cell} at {least.where}, {most.cell} at {most.where}, and no point can be told from the least"
    return f"{least.said}; {most.said}"


@dataclass(frozen=True)
class _Near:
    """Which points have the values of an end, itself included, and which others cannot be told from it."""

    ties: np.ndarray
    open: np.ndarray


@dataclass(frozen=True)
class _End:
    """An end: what the table says there, where it is, at how many points, and how many cannot be told from it."""

    name: str
    cell: str
    where: str
    ties: int
    open: int

    @property
    def said(self) -> str:
        seen = " seen" if self.open else ""
        others = words.counted(self.open, "other point", "other points")
        at = f", the same at {self.where}" if self.ties > 1 else f" at {self.where}"
        return f"{self.name}{seen}, {self.cell}{at}" + (f", not to be told from {others}" if self.open else "")


def _near(values: Floats, at: int, width: float, confidence: float) -> _Near:
    ties = (values == values[at]).all(axis=1)
    open_ = np.zeros(len(values), np.bool_)
    if values.shape[1] > 1:
        others = np.flatnonzero(~ties)
        for place in others:
            found = paired_difference(values[place], values[at], confidence, len(others), width)
            open_[place] = not found.distinguishable
    return _Near(ties, open_)


def _where(axes: Sequence[Axis], points: Sequence[Point]) -> str:
    """``data_limit 20MB with every record_interval``; of points that make no grid the first, and their number."""
    own = [
        [value for value in axis.values if value in of_axis]
        for axis, of_axis in zip(axes, zip(*points, strict=True), strict=True)
    ]
    if prod(map(len, own)) != len(points):
        return f"{len(points):,} points, {_where(axes, points[:1])} among them"
    parts = []
    for axis, values in zip(axes, own, strict=True):
        name = words.plain(axis.path.rpartition(".")[2])
        shown = [words.plain(value) for value in values]
        if len(values) == len(axis.values) > 1:
            parts.append(f"every {name}")
        elif len(values) <= _FEW:
            parts.append(f"{name} {words.listed(shown)}")
        else:
            parts.append(f"{len(values):,} values of {name} from {shown[0]} to {shown[-1]}")
    return words.listed(parts) if len(points) == 1 else " with ".join(parts)
