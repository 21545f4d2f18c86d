"""How many transfers of a Poisson process fall into each step of the horizon, one random word a step.

A step is a day, counted in 24 h from the scenario's start, or an equal part of one where the rate is high.
Its count is the inverse of the distribution function at the step's 32-bit word: monotone in the word, and
exact to 2^-33 in every cumulative probability.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fleetsim.clock import MS_PER_DAY
from fleetsim.draws.philox import IntArray, Words64, words

MAX_MEAN: Final = 1024
"""Largest mean of a step's count."""
_NEGLIGIBLE: Final = 2.0**-70


@lru_cache(maxsize=4096)
def poisson_table(mean: float) -> Words64:
    """Thresholds for the inversion: a word u gives the number of k with ``table[k] <= u``.

    ``table[k]`` is F(k) 2^32 rounded to the nearest integer; the last entry is 2^32. F comes from the
    recurrence p(k) = p(k - 1) mean / k, started at the mode and normalised at the end: operations that every
    machine rounds alike.

    Raises
    ------
    ValueError
        If the mean is negative or above `MAX_MEAN`.
    """
    if not 0 <= mean <= MAX_MEAN:
        raise ValueError(f"the mean of a step's count must be from 0 to {MAX_MEAN}")
    mode = int(mean)
    below: list[float] = []
    above = [1.0]
    k = mode
    while k > 0 and (p := (below[-1] if below else 1.0) * k / mean) > _NEGLIGIBLE:
        below.append(p)
        k -= 1
    first = k  # counts below it have no mass on the grid
    k = mode + 1
    while (p := above[-1] * mean / k) > _NEGLIGIBLE:
        above.append(p)
        k += 1
    weights = below[::-1] + above
    total = math.fsum(weights)
    cumulative = np.cumsum(np.array(weights)) / total
    table = np.floor(cumulative * 2.0**32 + 0.5).astype(np.uint64)
    last = int(np.searchsorted(table, 2**32))
    table = np.concatenate([np.zeros(first, np.uint64), table[:last], np.array([2**32], np.uint64)])
    table.flags.writeable = False
    return table


def counts_from_words(mean: float, u: NDArray[np.uint32]) -> IntArray:
    """Counts that the given words stand for, int64 of the same shape."""
    return np.searchsorted(poisson_table(mean), u.astype(np.uint64), side="right").astype(np.int64)


def draw_counts(mean: float, key: int, sim: ArrayLike, replication: ArrayLike, steps: int, first: int = 0) -> IntArray:
    """Counts of steps ``first`` to ``first + steps - 1``.

    Parameters
    ----------
    mean
        Expected transfers of a step.
    key
        Stream key of purpose ``COUNT``.
    sim, replication
        Integers that broadcast to shape (n,).
    steps
        How many steps; step d takes word d of the SIM's stream.

    Returns
    -------
    Shape (n, steps).
    """
    u = words(key, sim, 0, replication, steps, first)
    return counts_from_words(mean, u).reshape(-1, steps) if steps else np.empty((np.size(sim), 0), np.int64)


@lru_cache(maxsize=1)
def _divisors_of_a_day() -> tuple[int, ...]:
    small = [m for m in range(1, math.isqrt(MS_PER_DAY) + 1) if MS_PER_DAY % m == 0]
    return tuple(sorted({*small, *(MS_PER_DAY // m for m in small)}))


def steps_per_day(rate_per_day: Fraction) -> int:
    """The least number of equal steps in whole ms that a day needs for means up to `MAX_MEAN`.

    Raises
    ------
    ValueError
        If even steps of 1 ms have a larger mean.
    """
    for m in _divisors_of_a_day():
        if rate_per_day <= MAX_MEAN * m:
            return m
    raise ValueError(f"a rate above {MAX_MEAN * MS_PER_DAY} per day cannot be drawn")
