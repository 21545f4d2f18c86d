"""Critical values and tail probabilities, from SciPy, which is imported when first asked: that takes long."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from fleetsim.inference.estimate import Floats


def student(tail: float, n: int) -> float:
    """Value that Student's t of n - 1 degrees of freedom exceeds with probability `tail`; n >= 2."""
    from scipy.special import stdtrit

    return -float(stdtrit(n - 1, tail))


def students(tail: float, n: ArrayLike) -> Floats:
    """`student` for an array of n."""
    from scipy.special import stdtrit

    return -np.asarray(stdtrit(np.asarray(n, np.float64) - 1, tail), np.float64)


def binomial_at_most(x: int, n: int, p: float) -> float:
    """P(Binomial(n, p) <= x), for 0 <= x <= n."""
    from scipy.special import bdtr

    return float(bdtr(x, n, p))


def binomial_lower(x: ArrayLike, n: ArrayLike, tail: float) -> Floats:
    """Lower bound of p from x successes in n trials: the p under which x or more have probability `tail`.

    Clopper and Pearson (Biometrika 26, 1934). Exact: P(bound > p) <= `tail` whatever p is.
    """
    from scipy.special import betaincinv

    x, n = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(n, np.float64))
    return np.where(x > 0, betaincinv(np.maximum(x, 1), n - x + 1, tail), 0.0)


def binomial_upper(x: ArrayLike, n: ArrayLike, tail: float) -> Floats:
    """Upper bound of p from x successes in n trials: the p under which x or fewer have probability `tail`."""
    from scipy.special import betainccinv

    x, n = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(n, np.float64))
    return np.where(x < n, betainccinv(x + 1, np.maximum(n - x, 1), tail), 1.0)


def binomial_quantile(share: float, n: int, p: float) -> int:
    """Smallest x with P(Binomial(n, p) <= x) >= `share`."""
    from scipy.special import bdtrik

    if p <= 0 or p >= 1:
        return n if p >= 1 else 0
    x = max(math.ceil(bdtrik(share, n, p)), 0)  # real, and right to its last digits
    return x - 1 if x > 0 and binomial_at_most(x - 1, n, p) >= share else x
