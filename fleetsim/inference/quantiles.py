"""Quantiles over replications, with distribution-free bounds from order statistics.

Of n replications, X lie at or under the q-quantile, and X is Binomial(n, q) (at least so, where values tie). So the
r-th smallest value is above the quantile only if X < r, and below it only if X >= r: its rank alone says how sure it is
as a bound (David and Nagaraja, Order Statistics, 7.1). Few replications have no rank that is sure enough.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from functools import lru_cache, partial
from typing import Literal

import numpy as np

from fleetsim.inference.estimate import Estimate, Floats, Ints
from fleetsim.inference.laws import binomial_at_most


def quantile(values: Floats | Ints, q: float) -> float:
    """Smallest value that a share of at least `q` of the values does not exceed (an observed value)."""
    place = rank(q, values.size) - 1
    return float(np.partition(values, place)[place])


def rank(q: float, n: int) -> int:
    """Rank, from 1, of the `q`-quantile among n values in ascending order."""
    return max(math.ceil(round(q * n, 9)), 1)


@lru_cache(maxsize=1024)  # the same for each limit and each metric
def bound_ranks(q: float, n: int, tail: float) -> tuple[int | None, int | None]:
    """Ranks, from 1, of the closest lower and upper bound of the `q`-quantile that fail with at most `tail` each.

    Where no rank of n values is as sure as that, it is ``None``.
    """
    at_most = partial(binomial_at_most, n=n, p=q)
    lower = bisect_right(range(n), tail, key=at_most)  # P(X <= lower - 1) <= tail
    upper = bisect_left(range(n), 1 - tail, key=at_most) + 1  # P(X >= upper) <= tail
    return (lower if lower >= 1 else None), (upper if upper <= n else None)


def quantile_interval(values: Floats | Ints, q: float, confidence: float, limits: int = 1) -> Estimate:
    """Quantile over replications with a two-sided interval; none where there are too few replications for it.

    Parameters
    ----------
    values
        One value a replication, shape (n,), n >= 1.
    q
        For instance 0.95, 0 < q < 1.
    confidence
        Two-sided: half of what is missing to 1 belongs to each bound.
    limits
        How many intervals are to hold together (Bonferroni), >= 1.
    """
    value = quantile(values, q)
    lower, upper = bound_ranks(q, values.size, (1 - confidence) / (2 * limits))
    if lower is None or upper is None:
        return Estimate(value, None, None)
    ordered = np.sort(values)
    return Estimate(value, float(ordered[lower - 1]), float(ordered[upper - 1]))


def quantile_bound(
    values: Floats | Ints, q: float, confidence: float, side: Literal["lower", "upper"], limits: int = 1
) -> float | None:
    """One-sided bound of the `q`-quantile, ``None`` where there are too few replications for it."""
    lower, upper = bound_ranks(q, values.size, (1 - confidence) / limits)
    place = lower if side == "lower" else upper
    return None if place is None else float(np.sort(values)[place - 1])


def replications_for_quantile(q: float, confidence: float, tails: Literal[1, 2] = 2, limits: int = 1) -> int:
    """Fewest replications with which the `q`-quantile has its bounds.

    Parameters
    ----------
    tails
        2 for a two-sided interval, 1 where each one-sided bound may fail with all of 1 - `confidence`.
    limits
        How many limits are judged together, each with its share of 1 - `confidence` (Bonferroni).

    Notes
    -----
    The smallest n with q**n and (1 - q)**n both at most (1 - `confidence`) / (`tails` * `limits`), for only then do the
    largest and the smallest value bound the quantile. At 95 %, two tails, one limit: 72 for P95 and 368 for P99; one
    tail and 50 limits: 135 for P95.
    """
    tail = (1 - confidence) / (tails * limits)
    return max(math.ceil(round(math.log(tail) / math.log(max(q, 1 - q)), 9)), 1)
