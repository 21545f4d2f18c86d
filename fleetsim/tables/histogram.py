"""How SIM-periods are distributed, in cells so narrow that a quantile is known to 0.1 %, for runs that keep no rows."""

from __future__ import annotations

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


@cache
def bounds() -> Ints:
    """Lower bounds of the cells: one a value below `EXACT`, from there on each a thousandth wide, whole numbers."""
    found, lower = list(range(EXACT)), EXACT
    while lower < 2**62:
        found.append(lower)
        lower += lower // EXACT
    return np.array([*found, lower], np.int64)


def histograms(replication: int, columns: Columns, place: Ints, places: Places) -> pa.Table:
    """Count the rows of a replication by fleet, role and metric, in cells that are not empty, ascending.

    The largest value has a cell of its own, so that it is known exactly.
    """
    sets = places.sets()
    parts: list[tuple[int, int, Ints]] = []
    for i, own in enumerate(sets.values()):
        chosen = np.isin(place, own)
        if chosen.any():
            parts += [(i, m, _cells(columns[metric][chosen])) for m, metric in enumerate(METRICS)]
    sizes = [cells.shape[1] for _, _, cells in parts]
    cells = np.concatenate([cells for _, _, cells in parts], axis=1) if parts else np.zeros((3, 0), np.int64)
    of_set = np.repeat(np.array([i for i, _, _ in parts], np.int64), sizes)
    of_metric = np.repeat(np.array([m for _, m, _ in parts], np.int64), sizes)
    arrays = [
        pa.array(np.full(of_set.shape, replication, np.int64)),
        encoded([fleet for fleet, _ in sets], of_set),
        encoded([role for _, role in sets], of_set),
        encoded(METRICS, of_metric),
        *map(pa.array, cells),
    ]
    return pa.Table.from_arrays(arrays, schema=SCHEMAS["histograms"])


def _cells(values: Ints) -> Ints:
    """Lower bounds, upper bounds and counts of the cells that hold `values`; shape (3, cells)."""
    edges = bounds()
    counts = np.bincount(np.searchsorted(edges, values, side="right") - 1)
    filled = np.flatnonzero(counts)
    lower, upper, count = edges[filled], edges[filled + 1], counts[filled]
    largest = values.max()
    with_it = (values == largest).sum()
    rest = count[-1] - with_it
    if rest:
        lower, upper, count = (np.append(part, part[-1]) for part in (lower, upper, count))
        upper[-2], count[-2] = largest, rest
    lower[-1], upper[-1], count[-1] = largest, largest + 1, with_it
    return np.stack([lower, upper, count])
