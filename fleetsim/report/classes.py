"""Size classes for overage: how the few SIMs that go over are laid out on an axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fleetsim.report.causes import CAUSES
from fleetsim.report.source import ROLES

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


def overage_classes(sim_periods: pd.DataFrame, roles: tuple[str, ...] = ROLES) -> OverageClasses:
    """Sort the SIM-periods with overage of some roles into about 12 classes at most.

    Equal classes where the sizes are of one kind (the median is a good part of the largest); classes of
    growing width where a few are far larger than the rest.

    Raises
    ------
    ValueError
        If no such SIM-period has overage.
    """
    frame = sim_periods[(sim_periods["overage_bytes"] > 0) & sim_periods["role"].isin(roles)]
    if frame.empty:
        raise ValueError("no SIM-period has overage")
    sizes = frame["overage_bytes"].to_numpy(np.int64)
    even = bool(np.median(sizes) * 5 >= sizes.max())
    edges = _even(int(sizes.min()), int(sizes.max())) if even else _growing(int(sizes.min()), int(sizes.max()))
    place = np.searchsorted(edges, sizes, side="right") - 1
    by_cause = np.zeros((len(CAUSES), len(edges) - 1), np.int64)
    for i, cause in enumerate(CAUSES):
        np.add.at(by_cause[i], place, frame[f"overage_{cause.key}_bytes"].to_numpy(np.int64))
    return OverageClasses(edges, even, np.bincount(place, minlength=len(edges) - 1), by_cause)


def alike(sim_periods: pd.DataFrame, role: str) -> bool:
    """Whether the SIM-periods with overage of a role all have about the same: a distribution says nothing more."""
    sizes = sim_periods.loc[(sim_periods["overage_bytes"] > 0) & (sim_periods["role"] == role), "overage_bytes"]
    return bool((sizes.max() - sizes.min()) * 20 < sizes.max())


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
