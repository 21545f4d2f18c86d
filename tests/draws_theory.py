"""Size laws to test with, and what scipy knows of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import stats

from fleetsim.draws.laws import Constant, Empirical, Exponential, Gamma, Law, LogNormal, Pareto, Uniform

GRID: list[Law] = [
    Uniform(0, 1),
    Uniform(7, 7),
    Uniform(100, 5000),
    Uniform(10**9, 10**12),
    *(Exponential(m) for m in (1, 10, 4000, 10**6, 10**9)),
    *(Gamma(m, s) for m in (1, 200, 4000, 10**9) for s in (0.1, 0.5, 3.0, 50.0)),
    Gamma(10**6, 10_000.0),
    *(LogNormal(m, s) for m in (1, 10, 4000, 10**6, 10**9) for s in (0.1, 0.5, 1.0, 3.0)),
    LogNormal(10**9, 0.001),
    LogNormal(200, 10.0),
    LogNormal.from_mean(4000, 1.0),
    *(Pareto(m, s) for m in (1, 20, 1000, 10**6, 10**9) for s in (0.1, 1.1, 2.5, 20.0)),
    Pareto(20, 1.5, 200),
    Pareto(20, 2.5, 21),
    Pareto(10**6, 1.5, 10**7),
    Empirical((1000, 100, 0, 100), (Fraction(3), Fraction(1, 10), Fraction(1), Fraction(1, 3))),
    Empirical((10**12, 10**12 + 1, 5), (Fraction(1), Fraction(1, 1000), Fraction(10**6))),
]


def theory_cdf(law: Law) -> Callable[[Any], Any]:
    """Distribution function of the continuous law by scipy."""
    match law:
        case Constant(value):
            return lambda x: np.where(np.asarray(x) >= value, 1.0, 0.0)
        case Uniform(low, high):
            return stats.uniform(low, high - low).cdf if high > low else theory_cdf(Constant(low))
        case Exponential(mean):
            return stats.expon(scale=mean).cdf
        case Gamma(mean, shape):
            return stats.gamma(shape, scale=mean / shape).cdf
        case LogNormal(median, sigma, mean):
            scale = median if mean is None else mean * math.exp(-(sigma**2) / 2)
            return stats.lognorm(sigma, scale=scale).cdf
        case Empirical(values, weights):
            shares = np.array(weights, np.float64) / float(sum(weights))
            return lambda x: (np.asarray(x)[..., None] >= np.array(values)).astype(np.float64) @ shares
        case Pareto(low, shape, high):
            cdf = stats.pareto(shape, scale=low).cdf
            return cdf if high is None else lambda x: np.minimum(cdf(x) / cdf(high), 1.0)
