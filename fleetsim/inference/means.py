"""Means over replications: Student's interval, and differences between scenarios on common random numbers."""

from __future__ import annotations

import math
from typing import NamedTuple

from fleetsim.inference.estimate import Estimate, Floats
from fleetsim.inference.laws import student
from fleetsim.inference.planning import MOST, replications_to_show


def mean_interval(values: Floats, confidence: float) -> Estimate:
    """Mean over replications with Student's t interval; no interval from a single one.

    Parameters
    ----------
    values
        One value a replication, shape (n,), n >= 1.
    confidence
        Two-sided, for instance 0.95.

    Notes
    -----
    An event that no replication has seen leaves values without spread and an interval without width. For a share or a
    count of events see `fleetsim.inference.shares`.
    """
    mean, deviation = _moments(values)
    if values.size < 2:
        return Estimate(mean, None, None)
    half = student((1 - confidence) / 2, values.size) * deviation / math.sqrt(values.size)
    return Estimate(mean, mean - half, mean + half)


class Difference(NamedTuple):
    """Mean of a scenario less that of another on the same replications.

    Attributes
    ----------
    value, low, high
        The bounds are ``None`` where there is a single replication.
    distinguishable
        The interval does not hold 0.
    variance_saved
        Share of the variance of the difference that common random numbers saved, against replications of their own:
        1 - Var(a - b) / (Var(a) + Var(b)); below 0 where they harm, ``None`` where neither varies.
    replications_needed
        Where the two cannot be told apart: how many replications would (`fleetsim.inference.planning`), all told;
        ``None`` where no number that is worth a plan would. Where they can: those that there are.
    """

    value: float
    low: float | None
    high: float | None
    distinguishable: bool
    variance_saved: float | None
    replications_needed: int | None


def paired_difference(
    values: Floats,
    baseline: Floats,
    confidence: float,
    comparisons: int = 1,
    unseen: float = 0.0,
    most: int = MOST,
) -> Difference:
    """Difference of two scenarios on common random numbers, replication by replication.

    Parameters
    ----------
    values, baseline
        One value a replication, each of shape (n,); place r of both belongs to replication r.
    confidence
        Of all comparisons together.
    comparisons
        How many differences are looked at, >= 1. Each has 1 - `confidence` divided by that number (Bonferroni), so that
        all of them hold together.
    unseen
        What one event that no replication has seen would add to the difference in a replication; the interval is
        widened as in `fleetsim.inference.best`, so that a rare event does not leave one without width. It is not where
        the two are the same in every replication.
    most
        The largest number of replications to plan with.
    """
    if values.shape != baseline.shape:
        raise ValueError(f"{values.size} values against {baseline.size}: they are no pairs")
    differences = values - baseline
    n = differences.size
    mean, deviation = _moments(differences)
    if n < 2:
        return Difference(mean, None, None, False, None, None)
    tail = (1 - confidence) / (2 * comparisons)
    half = student(tail, n) * deviation / math.sqrt(n)
    if differences.any():
        half += math.log(1 / tail) / n * unseen
    low, high = mean - half, mean + half
    distinguishable = low > 0 or high < 0
    needed = n if distinguishable else replications_to_show(abs(mean), deviation, tail, n, unseen, most)
    apart = _moments(values)[1] ** 2 + _moments(baseline)[1] ** 2
    saved = 1 - deviation**2 / apart if apart > 0 else None
    return Difference(mean, low, high, distinguishable, saved, needed)


def _moments(values: Floats) -> tuple[float, float]:
    """Return mean and standard deviation (0 of a single value), summed exactly: the order does not matter."""
    mean = math.fsum(values) / values.size
    if values.size < 2:
        return mean, 0.0
    return mean, math.sqrt(math.fsum((values - mean) ** 2) / (values.size - 1))
