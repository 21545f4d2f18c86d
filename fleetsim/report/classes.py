"""Size classes for overage: how the few SIMs that go over are laid out on an axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_MOST = 12  # classes that an axis can label


@dataclass(frozen=True)
class OverageClasses:
    """SIM-periods with overage, by the size of their overage.

    Parameters
    ----------
    edges_bytes
        int64, shape (classes + 1,); class i holds [edge i, edge i + 1).
    even
        Whether all classes are equally wide (else they grow as 1, 2, 5, 10 or as decades).
    sim_periods
        int64, shape (classes,): SIM-periods of all replications.
    bytes_by_cause
        int64, shape (causes, classes): their overage of all replications, in the order of the causes.
    """

    edges_bytes: np.ndarray
    even: bool
    sim_periods: np.ndarray
    bytes_by_cause: np.ndarray


def alike(least: int, most: int) -> bool:
    """Whether sizes from `least` to `most` are all about the same: a distribution says nothing more."""
    return (most - least) * 20 < most


def edges(least: int, most: int, *, even: bool) -> np.ndarray:
    """Edges of classes that hold sizes from `least` to `most`; int64, shape (classes + 1,)."""
    return _even(least, most) if even else _growing(least, most)


def _even(smallest: int, largest: int) -> np.ndarray:
    steps = (digit * 10**exponent for exponent in range(19) for digit in (1, 2, 5))
    step = next(s for s in steps if largest // s - smallest // s < _MOST)
    return np.array([k * step for k in range(smallest // step, largest // step + 2)], dtype=np.int64)


def _growing(smallest: int, largest: int) -> np.ndarray:
    for digits in ((1, 2, 5), (1,)):
        grid = [digit * 10**exponent for exponent in range(19) for digit in digits]
        low = max(i for i, edge in enumerate(grid) if edge <= smallest)
        high = min(i for i, edge in enumerate(grid) if edge > largest)
        if high - low <= _MOST:
            break
    return np.array(grid[low : high + 1], dtype=np.int64)
