"""How many replications would decide a question that is still open, if what was seen goes on as it is.

A plan asks for enough replications that `POWER` of all studies of that size would decide, not half of them, as would a
plan that only moves the bound onto the value. It is a plan, not a promise: it takes what was seen for the truth.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from fleetsim.inference.laws import student

POWER = 0.8
"""Share of studies of the planned size that would decide."""

MOST = 1_000_000
"""Beyond so many replications there is no plan: what differs so little is the same for every purpose."""


def fewest(enough: Callable[[int], bool], above: int, most: int = MOST) -> int | None:
    """Smallest n > `above` for which `enough` is true, or None where it is not up to `most`.

    `enough` is taken to stay true once it is.
    """
    short, n = above, above + 1
    while not enough(n):
        if n >= most:
            return None
        short, n = n, min(2 * n, most)
    while n - short > 1:
        middle = (short + n) // 2
        short, n = (short, middle) if enough(middle) else (middle, n)
    return n if n <= most else None


def replications_to_show(
    gap: float, deviation: float, tail: float, above: int, unseen: float = 0.0, most: int = MOST
) -> int | None:
    """Replications, more than `above`, that would show a mean to lie on its side of a mark `gap` away.

    Parameters
    ----------
    gap
        Distance of the mean from the mark, > 0 where any number can show it.
    deviation
        Standard deviation between replications, in the same unit.
    tail
        Probability of a wrong statement: of one tail, already shared out among the statements made.
    unseen
        What one event that was not seen would change in a replication; see `fleetsim.inference.best`.

    Notes
    -----
    The smallest n with (t(1 - tail) + t(POWER)) * deviation / sqrt(n) + unseen * log(1 / tail) / n <= gap, the t
    quantiles of n - 1 degrees of freedom (the usual plan of a t test; Law, Simulation Modeling and Analysis, 9.4).
    """
    if gap <= 0:
        return None

    def enough(n: int) -> bool:
        if n < 2:
            return False
        reach = student(tail, n) + student(1 - POWER, n)
        return reach * deviation / math.sqrt(n) + unseen * math.log(1 / tail) / n <= gap

    return fewest(enough, above, most)
