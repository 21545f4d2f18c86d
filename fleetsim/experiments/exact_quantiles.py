"""Quantiles of more values than are held at a time: their cells are counted first, then those in a cell looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from fleetsim.inference.quantiles import rank
from fleetsim.tables.histogram import bounds, cells_of

Ints = NDArray[np.int64]

_FEW = 4096


def quantiles(passes: Callable[[], Iterable[Ints]], shares: Sequence[float]) -> list[int] | None:
    """Quantiles, exactly: for each share the smallest value that this share of the values does not exceed.

    ``None`` where there is no value.

    Parameters
    ----------
    passes
        Returns all values, from 0 on, piece by piece; called twice.
    shares
        Each above 0 and at most 1.
    """
    counts = np.zeros(bounds().size, np.int64)
    for values in passes():
        counts += np.bincount(cells_of(values), minlength=counts.size)
    up_to = np.cumsum(counts)
    if not up_to[-1]:
        return None
    ranks = np.array([rank(share, int(up_to[-1])) for share in shares])
    cells = np.searchsorted(up_to, ranks)
    inside: dict[int, list[Ints]] = {cell: [] for cell in cells.tolist()}
    for values in passes():
        for cell, found in inside.items():
            found.append(values[(values >= bounds()[cell]) & (values < bounds()[cell + 1])])
    ordered = {cell: np.sort(np.concatenate(found)) for cell, found in inside.items()}
    before = up_to[cells] - counts[cells]
    return [
        int(ordered[cell][place]) for cell, place in zip(cells.tolist(), (ranks - 1 - before).tolist(), strict=True)
    ]


def quantiles_of(values: Ints, shares: Sequence[float]) -> list[int]:
    """Quantiles of values that are held, at least one; see `quantiles`."""
    if values.size > _FEW:
        found = quantiles(lambda: [values], shares)
        assert found is not None
        return found
    ordered = np.sort(values)
    return [int(ordered[rank(share, values.size) - 1]) for share in shares]
