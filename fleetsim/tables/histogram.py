"""How SIM-periods are distributed, in cells so narrow that a quantile is known to 0.1 %, for runs that keep no rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import pyarrow as pa

from fleetsim.tables.places import Ints, Places, encoded
from fleetsim.tables.rows import Columns
from fleetsim.tables.schemas import SCHEMAS

METRICS: Final = ("used_bytes", "overage_bytes", "undelivered_bytes", "blocked_ms", "cost_micros")
"""Columns of a SIM-period of which there are histograms."""

RELATIVE_WIDTH: Final = 0.001
EXACT: Final = 1000
"""Values below this have a cell each."""
_DROPPED_BITS: Final = 52 - 11
"""Of a float's mantissa: what is left tells values apart that lie two cells or more from each other."""


@cache
def bounds() -> Ints:
    """Lower bounds of the cells: one a value below `EXACT`, from there on each a thousandth wide, whole numbers."""
    found, lower = list(range(EXACT)), EXACT
    while lower < 2**62:
        found.append(lower)
        lower += lower // EXACT
    return np.array([*found, lower], np.int64)


def cells_of(values: Ints) -> Ints:
    """Cells in which values from 0 on lie: the last one whose lower bound is not above the value.

    Looked up by the leading bits of the value, which leave two cells to choose from.
    """
    base, lowest = _by_leading_bits()
    leading = values.astype(np.float64).view(np.int64) >> _DROPPED_BITS
    cell: Ints = lowest[np.maximum(leading - base, 0)]
    edges = bounds()
    cell += edges[cell + 1] <= values
    cell -= edges[cell] > values  # the float was rounded up
    return cell


@cache
def _by_leading_bits() -> tuple[int, Ints]:
    """Leading bits of 1.0, and for those and each that follow the cell of the smallest whole number that has them."""
    base = int(np.float64(1).view(np.int64)) >> _DROPPED_BITS
    leading = np.arange(base, (int(np.float64(2**62).view(np.int64)) >> _DROPPED_BITS) + 1)
    smallest = (leading << _DROPPED_BITS).view(np.float64).astype(np.int64)
    lowest = np.searchsorted(bounds(), smallest, side="right") - 1
    lowest[0] = 0  # what is below 1 comes here
    return base, lowest


@dataclass(frozen=True)
class Cells:
    """Counts of the rows of some SIMs by set (fleet and role), metric and cell; those of other SIMs can be added.

    Attributes
    ----------
    key, count
        Of cells that are not empty, ascending: (set * metrics + metric) * cells + cell, and how many rows lie in it.
    largest, with_it
        Largest value of each set and metric (-1: no row), and how many rows have it; shape (sets, metrics).
    """

    key: Ints
    count: Ints
    largest: Ints
    with_it: Ints

    def __add__(self, other: Cells) -> Cells:
        if not self.key.size or not other.key.size:
            return self if self.key.size else other
        at = np.searchsorted(self.key, other.key)
        known = self.key[np.minimum(at, self.key.size - 1)] == other.key
        key, count = self.key, self.count.copy()
        count[at[known]] += other.count[known]
        if not known.all():
            key = np.insert(key, at[~known], other.key[~known])
            count = np.insert(count, at[~known], other.count[~known])
        largest = np.maximum(self.largest, other.largest)
        mine, theirs = (np.where(each.largest == largest, each.with_it, 0) for each in (self, other))
        return Cells(key, count, largest, mine + theirs)

    def table(self, replication: int, places: Places) -> pa.Table:
        """The table ``histograms``: the largest value has a cell of its own, so that it is known exactly."""
        edges, metrics = bounds(), len(METRICS)
        which, cell = np.divmod(self.key, edges.size)
        lower, upper, count = edges[cell], edges[cell + 1], self.count.copy()
        last = np.flatnonzero(np.diff(which, append=-1))
        largest, with_it = self.largest.ravel()[which[last]], self.with_it.ravel()[which[last]]
        count[last] -= with_it
        upper[last] = largest
        which, lower, upper, count = (
            np.insert(part, last + 1, own)
            for part, own in ((which, which[last]), (lower, largest), (upper, largest + 1), (count, with_it))
        )
        filled = count > 0
        which, lower, upper, count = which[filled], lower[filled], upper[filled], count[filled]
        sets = places.sets
        arrays = [
            pa.array(np.full(which.shape, replication, np.int64)),
            encoded([fleet for fleet, _ in sets], which // metrics),
            encoded([role for _, role in sets], which // metrics),
            encoded(METRICS, which % metrics),
            *map(pa.array, (lower, upper, count)),
        ]
        return pa.Table.from_arrays(arrays, schema=SCHEMAS["histograms"])


def counted_cells(columns: Columns, own: Ints, sets: int) -> Cells:
    """Count rows by set, metric and cell.

    Parameters
    ----------
    columns
        With the `METRICS`.
    own
        Set of each row, shape (rows,).
    sets
        How many there are.
    """
    metrics, size = len(METRICS), bounds().size
    largest = np.full((sets, metrics), -1, np.int64)
    starts = np.flatnonzero(np.diff(own, prepend=-1))
    if not starts.size:
        return Cells(np.zeros(0, np.int64), np.zeros(0, np.int64), largest, np.zeros_like(largest))
    with_it = np.zeros_like(largest)
    narrow = np.int32 if sets * metrics * size < 2**31 else np.int64  # sorted in half the time
    keys = np.empty((metrics, own.size), narrow)
    for m, values in enumerate(columns[metric] for metric in METRICS):
        np.maximum.at(largest[:, m], own[starts], np.maximum.reduceat(values, starts))
        with_it[:, m] = np.bincount(own[values == largest[own, m]], minlength=sets)
        keys[m] = (own * metrics + m) * size + cells_of(values)
    key = np.sort(keys, axis=None)
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    return Cells(key[starts].astype(np.int64), np.diff(starts, append=key.size), largest, with_it)
