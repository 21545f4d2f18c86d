"""A figure with what it may be: the shapes in which the other modules answer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Estimate(NamedTuple):
    """A value with its interval; the bounds are ``None`` where the data do not allow one."""

    value: float
    low: float | None
    high: float | None


class Bounds(NamedTuple):
    """Estimates of the same figure under each of k limits, each of shape (k,)."""

    value: Floats
    low: Floats
    high: Floats
