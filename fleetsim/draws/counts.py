"""How many transfers of a Poisson process fall into each step of the horizon, one random word a step.

A step is a day, counted in 24 h from the scenario's start, or an equal part of one where the rate is high.
Its count is the inverse of the distribution function at the step's 32-bit word: monotone in the word, and
exact to 2^-33 in every cumulative probability.

Where every SIM has the same mean in a step, that function is a table (`draw_counts`). Where each SIM has means of its
own, there is none: a large mean is cut into parts of at most `MAX_PART`, each with a word of its own, which is inverted
by the recurrence of the probabilities (`draw_own_counts`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fleetsim.clock import MS_PER_DAY
from fleetsim.draws import elementary
from fleetsim.draws.elementary import FloatArray
from fleetsim.draws.philox import IntArray, Words, Words64, words

MAX_MEAN: Final = 1024
"""Largest mean of a step's count that has a table."""
MAX_PART: Final = 64
"""Largest mean that is inverted by the recurrence: e^-64 is far from the least float."""
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


def draw_step_counts(
    means: Sequence[float], key: int, sim: ArrayLike, replication: ArrayLike, first: int = 0
) -> IntArray:
    """Counts of steps that have a mean each, the same for every SIM, from step `first` on.

    Words and tables are those of `draw_counts`, so equal means give its counts.

    Returns
    -------
    Shape (n, len(means)).
    """
    u = words(key, sim, 0, replication, len(means), first).reshape(-1, len(means))
    counts = np.empty(u.shape, np.int64)
    mean_of_step = np.array(means)
    for mean in set(means):
        steps = mean_of_step == mean
        counts[:, steps] = counts_from_words(mean, u[:, steps])
    return counts


def counts_by_recurrence(mean: FloatArray, u: Words) -> IntArray:
    """Poisson counts that the given words stand for, where no table is worth its while.

    The count of word u is the number of k with F(k) 2^32 < u + 1/2, which is what a table rounds to. F is the running
    sum of p(0) = e^-mean, p(k + 1) = p(k) * mean / (k + 1), in this order of operations, each rounded to a double.

    Parameters
    ----------
    mean
        From 0 to `MAX_PART`, of the shape of `u`.

    Returns
    -------
    int64 of the same shape.

    Raises
    ------
    ValueError
        If a mean is out of bounds.
    """
    if not np.all((mean >= 0) & (mean <= MAX_PART)):  # not a number is neither
        raise ValueError(f"the mean of a part must be from 0 to {MAX_PART}")
    counts = np.empty(u.size, np.int64)
    at = np.arange(u.size)
    m: FloatArray = mean.ravel()
    target: FloatArray = u.ravel().astype(np.float64) + 0.5
    p: FloatArray = elementary.exp(-m) * 2.0**32
    below: FloatArray = p.copy()
    reached = np.zeros(u.size, np.int64)
    k = 0
    while at.size:
        for _ in range(8):  # going on where all is reached changes nothing, and picking out who goes on costs more
            reached += below < target
            k += 1
            p = p * m / k
            below = below + p
        going = below < target
        counts[at[~going]] = reached[~going]
        m, target, p, below = (a[going] for a in (m, target, p, below))
        at, reached = at[going], reached[going]
    return counts.reshape(u.shape)


def draw_own_counts(means: FloatArray, key: int, sim: ArrayLike, replication: ArrayLike, first: int = 0) -> IntArray:
    """Counts of SIMs that have a mean of their own in each step, from step `first` on.

    The count of step d is a sum of K = max(1, ceil(mean / 64)) Poisson counts of mean `mean` / K. Part j, from 0 on,
    takes word d of the stream with j as its step in the counter. So each SIM and step can be drawn by itself, and a
    mean up to 64 takes the word that `draw_counts` would take.

    Parameters
    ----------
    means
        Expected transfers, shape (n, steps), at least 0.
    key
        Stream key of purpose ``COUNT``.
    sim, replication
        Integers that broadcast to shape (n,).

    Returns
    -------
    Shape (n, steps).
    """
    means = np.asarray(means, np.float64)
    n, steps = means.shape
    sims, replications = (np.broadcast_to(np.asarray(a, np.int64), n) for a in (sim, replication))
    parts = np.maximum(np.ceil(means / MAX_PART), 1.0)
    each = means / parts
    counts = np.zeros(means.shape, np.int64)
    for j in range(int(parts.max(initial=0.0))):
        rows = np.flatnonzero((parts > j).any(axis=1))
        u = words(key, sims[rows], j, replications[rows], steps, first).reshape(-1, steps)
        counts[rows] += counts_by_recurrence(np.where(parts[rows] > j, each[rows], 0.0), u)
    return counts


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
