"""Intervals over replications: what can be said of a mean or a quantile, and from how many replications on."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Estimate(NamedTuple):
    """A value with its interval; the bounds are ``None`` where the data do not allow one."""

    value: float
    low: float | None
    high: float | None


def mean_interval(values: Floats, confidence: float) -> Estimate:
    """Mean over replications with Student's t interval; no interval from a single one.

    Parameters
    ----------
    values
        One value a replication, shape (n,), n >= 1.
    confidence
        Two-sided, for instance 0.95.
    """
    mean = math.fsum(values) / values.size
    if values.size < 2:
        return Estimate(mean, None, None)
    from scipy.stats import t

    deviation = math.sqrt(math.fsum((values - mean) ** 2) / (values.size - 1))
    half = float(t.ppf((1 + confidence) / 2, values.size - 1)) * deviation / math.sqrt(values.size)
    return Estimate(mean, mean - half, mean + half)


def quantile(values: Floats | NDArray[np.int64], q: float) -> float:
    """Smallest value that a share of at least `q` of the values does not exceed (an observed value)."""
    place = rank(q, values.size) - 1
    return float(np.partition(values, place)[place])


def rank(q: float, n: int) -> int:
    """Rank, from 1, of the `q`-quantile among n values in ascending order."""
    return max(math.ceil(round(q * n, 9)), 1)


def quantile_interval(values: Floats, q: float, confidence: float) -> Estimate:
    """Quantile over replications with a distribution-free interval from order statistics.

    The bounds are the order statistics l and u for which Binomial(n, q) lies below l, and at or above u, with at most
    half of 1 - `confidence` each (David and Nagaraja, Order Statistics, 7.1). Where there are too few replications for
    either bound there is none: see `replications_for_quantile`.
    """
    n = values.size
    value = quantile(values, q)
    if n < replications_for_quantile(q, confidence):
        return Estimate(value, None, None)
    from scipy.stats import binom

    tail = (1 - confidence) / 2
    below = binom.cdf(np.arange(n), n, q)  # below[k]: at most k replications lie under the quantile
    lower = int(np.searchsorted(below, tail, side="right"))  # P(at most lower - 1 under it) <= tail
    upper = int(np.searchsorted(below, 1 - tail, side="left")) + 1  # P(at least upper under it) <= tail
    ordered = np.sort(values)
    return Estimate(value, float(ordered[lower - 1]), float(ordered[upper - 1]))


def replications_for_quantile(q: float, confidence: float) -> int:
    """Fewest replications that give the `q`-quantile a two-sided distribution-free interval.

    The smallest n with q**n and (1 - q)**n both at most half of 1 - `confidence`: 72 for P95 and 368 for P99 at 95 %.
    """
    tail = (1 - confidence) / 2
    return max(math.ceil(math.log(tail) / math.log(max(q, 1 - q))), 1)
