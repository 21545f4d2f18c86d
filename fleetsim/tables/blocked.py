"""How many SIMs are blocked at each instant of a regular grid over the horizon: the table ``blocked``."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from fleetsim.clock import MS_PER_DAY, MS_PER_HOUR
from fleetsim.tables.places import Ints, Places, encoded
from fleetsim.tables.schemas import SCHEMAS, timestamps

_STEPS_MS = (1, 10, 100, 1_000, 10_000, 60_000, 360_000, 900_000, MS_PER_HOUR, 6 * MS_PER_HOUR)


def grid_ms(horizon_ms: int) -> Ints:
    """Instants at which blocked SIMs are counted: as fine as 1,000 of them, on steps that people read, allow."""
    return np.arange(0, horizon_ms, _step_ms(horizon_ms), dtype=np.int64)


def changes(spans: Ints, places: Places, horizon_ms: int) -> Ints:
    """How many more SIMs are blocked at each instant of the grid than at the one before; other SIMs' can be added.

    Parameters
    ----------
    spans
        SIM, fleet, start and end of each block, shape (blocks, 4).

    Returns
    -------
    int64 of shape (sets, instants).
    """
    step, size = _step_ms(horizon_ms), grid_ms(horizon_ms).size
    sets = len(places.sets)
    if not len(spans):
        return np.zeros((sets, size), np.int64)
    first = places.own[places.of(spans[:, 1], spans[:, 0])] * (size + 1)
    begun, over = (
        np.bincount(first + np.clip(-(-at // step), 0, size), minlength=sets * (size + 1)) for at in spans[:, 2:].T
    )
    return (begun - over).reshape(sets, size + 1)[:, :size]


def blocked_table(replication: int, start_ms: int, horizon_ms: int, changes: Ints, places: Places) -> pa.Table:
    """The table ``blocked`` of one replication."""
    grid, sets = grid_ms(horizon_ms), places.sets
    index = np.repeat(np.arange(len(sets)), grid.size)
    arrays = [
        pa.array(np.full(index.shape, replication, np.int64)),
        timestamps(np.tile(grid, len(sets)) + start_ms),
        encoded([fleet for fleet, _ in sets], index),
        encoded([role for _, role in sets], index),
        pa.array(np.cumsum(changes, axis=1).ravel()),
    ]
    return pa.Table.from_arrays(arrays, schema=SCHEMAS["blocked"])


def _step_ms(horizon_ms: int) -> int:
    return next((s for s in _STEPS_MS if horizon_ms <= 1000 * s), -(-horizon_ms // (1000 * MS_PER_DAY)) * MS_PER_DAY)
