"""The beta law over a span, for what is drawn once within it: an instant in whole ms."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Final

import numpy as np

from fleetsim.draws import elementary
from fleetsim.draws.elementary import FloatArray
from fleetsim.draws.laws import MAX_SIZE_BYTES, Law

BETA_SHAPE_BOUNDS: Final = (0.1, 100.0)
MAX_SPAN: Final = MAX_SIZE_BYTES
"""Longest span: what a table of sizes can hold, in ms some 34 years."""

_TERMS: Final = 128
"""Terms of the continued fraction: within the bounds of the shapes 100 of them reach the last bits."""
_DIGITS: Final = 40
_FINE_OCTAVE: Final = 11


@dataclass(frozen=True)
class Beta:
    """Beta(alpha, beta) stretched over [0, maximum]; drawn by the tables of sizes, so rounded to whole numbers."""

    alpha: float
    beta: float
    maximum: int

    def __post_init__(self) -> None:
        low, high = BETA_SHAPE_BOUNDS
        if not (low <= self.alpha <= high and low <= self.beta <= high):
            raise ValueError(f"alpha and beta must be from {low:g} to {high:g}")
        if not 1 <= self.maximum <= MAX_SPAN:
            raise ValueError(f"maximum must be from 1 to {MAX_SPAN}")

    def cdf(self, x: FloatArray) -> FloatArray:
        """Probability of a value <= x."""
        end = float(self.maximum)
        at = np.clip(x, 0.0, end)
        # The distance from the upper end by itself: near it, 1 - x would have lost its digits.
        return beta_cdf(at / end, (end - at) / end, float(self.alpha), float(self.beta))

    def breaks(self) -> tuple[int, ...]:
        """Where cells must end: at the upper end, and ever more densely towards it where the density is steep there.

        Cells are finest near 0 by themselves. Inside them, what is drawn is off by less than 2^-29 in the cumulative
        probability as for sizes, and below a beta of 2 by less than 2^-24.
        """
        ends = [self.maximum]
        if self.beta < 2.0:
            step = 1
            while (first := step << _FINE_OCTAVE) < self.maximum:
                ends += [self.maximum - first - step * i for i in range(1 << _FINE_OCTAVE)]
                step *= 2
            ends += [self.maximum - i for i in range(1 << _FINE_OCTAVE)]
        return tuple(end for end in ends if end >= 0)


def beta_cdf(x: FloatArray, y: FloatArray, alpha: float, beta: float) -> FloatArray:
    """Regularised incomplete beta function I_x(alpha, beta), where y is 1 - x, x and y from 0 to 1.

    By the continued fraction of DLMF 8.17.22 with a fixed number of terms, from the last to the first: no element
    depends on its neighbours. It converges fast below the mean; above it, I_x(a, b) = 1 - I_y(b, a) (DLMF 8.17.4).
    """
    out = np.empty_like(x)
    for i in range(0, x.size, 4096):  # short pieces stay in the cache
        px, py = x[i : i + 4096], y[i : i + 4096]
        below = px * (alpha + beta + 2.0) < alpha + 1.0
        piece = np.empty_like(px)
        piece[below] = _lower(px[below], py[below], alpha, beta)
        piece[~below] = 1.0 - _lower(py[~below], px[~below], beta, alpha)
        out[i : i + 4096] = piece
    return out


def _lower(x: FloatArray, y: FloatArray, a: float, b: float) -> FloatArray:
    """x^a y^b / (a B(a, b)) / (1 + d1 / (1 + d2 / ...)), for x below (a + 1) / (a + b + 2)."""
    fraction = np.ones_like(x)
    for k in range(_TERMS, 0, -1):
        m = k // 2
        if k % 2:
            d = -((a + m) * (a + b + m)) / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            d = m * (b - m) / ((a + 2 * m - 1) * (a + 2 * m))
        fraction = 1.0 + d * x / fraction
    positive = np.maximum(x, 1e-300)
    power = a * elementary.log(positive) + b * elementary.log(y) + _log_factor(a, b)
    return np.where(x > 0.0, elementary.exp(np.minimum(power, 0.0)) / fraction, 0.0)


@lru_cache(maxsize=1024)
def _log_factor(a: float, b: float) -> float:
    """-ln(a B(a, b))."""
    p, q = Decimal(a), Decimal(b)
    with localcontext() as context:
        context.prec = _DIGITS
        return float(
            elementary.decimal_log_gamma(p + q) - elementary.decimal_log_gamma(p + 1) - elementary.decimal_log_gamma(q)
        )


Tabulated = Law | Beta
"""What a table can be made of."""
