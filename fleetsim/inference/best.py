"""Which of k alternatives may have the least mean, on common random numbers: multiple comparisons with the best.

Alternative i may be the best unless some j is shown to have a smaller mean: unless

    mean(Y_i - Y_j) > t * S_ij / sqrt(n) + unseen,   t = t(1 - alpha / (k - 1); n - 1),

S_ij being the standard deviation of the paired differences. **The promise**: let b be the true best. It is left out
only if the bound fails for one of the k - 1 pairs (b, j), for none of those differences has a mean above 0. Each fails
with at most alpha / (k - 1), so b is in with at least 1 - alpha, whichever it is, and whatever the data chose (Hsu,
Annals of Statistics 12, 1984, with the union bound of Nelson and Matejcik, Management Science 41, 1995). Hsu's own
table supposes alternatives that vary alike and independently, which common random numbers are there to prevent; a
pair's own deviation supposes nothing of the kind. Alternatives without any difference stay together.

**What was not seen.** Where two alternatives differ through rare events, n replications may hold none of these, and the
differences then vary little or not at all: t alone would call them apart with certainty, mostly in the wrong direction.
Up to log(1 / tail) / n such events a replication can be expected and still none be seen with a chance of `tail`. So
each bound is widened by that number times what one event would change, where the caller says what that is. It makes up
for the skewness of sums of a few such events as well, and vanishes as 1 / n.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from fleetsim.inference.estimate import Bools, Bounds, Floats
from fleetsim.inference.laws import student
from fleetsim.inference.planning import MOST, replications_to_show


class Pairs(NamedTuple):
    """Paired differences of k alternatives; place [i, j] is about Y_i - Y_j.

    Attributes
    ----------
    n
        Replications.
    mean, error
        Of the differences: mean, and standard error of it (infinite from a single replication), each (k, k).
    """

    n: int
    mean: Floats
    error: Floats

    def upper(self, tail: float, unseen: Floats | float = 0.0) -> Floats:
        """Upper bounds of the mean differences, each of which fails with at most `tail`; (k, k).

        `unseen[i, j]`, >= 0: how much one event that no replication has seen would add to Y_i - Y_j.
        """
        if self.n < 2:
            return np.full_like(self.mean, np.inf)
        return self.mean + student(tail, self.n) * self.error + math.log(1 / tail) / self.n * unseen


def pairs(values: Floats) -> Pairs:
    """Compare every two columns of `values`, shape (n, k): replications, alternatives."""
    n, k = values.shape
    mean, error = np.zeros((k, k)), np.full((k, k), np.inf if n < 2 else 0.0)
    for i in range(k):
        # Differences first: a variance put together from covariances would lose small ones beside a large common part.
        differences = values[:, i : i + 1] - values
        mean[i] = differences.mean(axis=0)
        if n > 1:
            error[i] = differences.std(axis=0, ddof=1) / math.sqrt(n)
    return Pairs(n, mean, error)


def may_be_best(compared: Pairs, confidence: float, unseen: Floats | float = 0.0) -> Bools:
    """Tell which alternatives may have the least mean; the true best is one of them with at least `confidence`.

    Parameters
    ----------
    compared
        From `pairs`, of k alternatives.
    confidence
        Of the whole set.
    unseen
        [i, j]: what one event not seen would add to Y_i - Y_j; (k, k) or one number for all.

    Returns
    -------
    array of bool, shape (k,)
        The alternative of least observed mean is always among them.
    """
    k = len(compared.mean)
    if k == 1:
        return np.ones(1, np.bool_)
    shown_less = compared.upper((1 - confidence) / (k - 1), unseen) < 0  # [j, i]: the mean of j is below that of i
    np.fill_diagonal(shown_less, False)
    return np.logical_not(shown_less.any(axis=0), dtype=np.bool_)


def differences_to(compared: Pairs, chosen: int, confidence: float, unseen: Floats | float = 0.0) -> Bounds:
    """Differences of every alternative to one that the same data have chosen, with intervals that hold together.

    The chosen one could have been any, so the intervals are those for all k (k - 1) / 2 pairs at once (Bonferroni):
    they hold for the one that was chosen. That is more than `may_be_best` asks, so an interval may hold 0 for an
    alternative that is not in the set. Of a single replication the bounds are infinite.
    """
    k = len(compared.mean)
    if k == 1:
        return Bounds(np.zeros(1), np.zeros(1), np.zeros(1))
    upper = compared.upper((1 - confidence) / (k * (k - 1)), unseen)
    value, low, high = compared.mean[:, chosen].copy(), -upper[chosen], upper[:, chosen].copy()
    low[chosen] = high[chosen] = 0.0
    return Bounds(value, low, high)


def replications_to_single_out(
    compared: Pairs, chosen: int, confidence: float, unseen: Floats | float = 0.0, most: int = MOST
) -> int | None:
    """Replications with which only the chosen alternative, and those without any difference to it, would be left.

    ``None`` where they are left already, and where no number that is worth a plan would do.
    """
    k, n = len(compared.mean), compared.n
    left = may_be_best(compared, confidence, unseen)
    same = (compared.mean[chosen] == 0) & (compared.error[chosen] == 0)
    rivals = np.flatnonzero(left & ~same)
    if not rivals.size or n < 2:
        return None
    tail = (1 - confidence) / (k - 1)
    added = np.broadcast_to(unseen, (k, k))
    needed = 0
    for rival in rivals:
        gap, deviation = compared.mean[rival, chosen], compared.error[rival, chosen] * math.sqrt(n)
        for_it = replications_to_show(gap, deviation, tail, n, float(added[chosen, rival]), most)
        if for_it is None:
            return None
        needed = max(needed, for_it)
    return needed
