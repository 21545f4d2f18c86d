"""Elementary functions whose every bit is the same on every machine.

Numbers that are drawn, and tables that they are drawn from, must not depend on the CPU or the C library. So
these functions use nothing but + - * /, comparisons, ``frexp``, ``ldexp`` and ``rint`` element by element
(each exact or correctly rounded), and `decimal` for the scalars of a law. No ``np.exp``, no ``math.log``, no
sums of floats in an order that numpy chooses.

They are accurate to a few units in the last place, the cumulative ones in absolute terms: tables round
probabilities to 2^-32.
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_DIGITS: Final = 40
_LN2_HIGH: Final = float.fromhex("0x1.62e42fee00000p-1")  # 32 bits of ln 2: times an exponent it is exact
_LN2_LOW: Final = float.fromhex("0x1.a39ef35793c76p-33")
_ONE_OVER_LN2: Final = 1.4426950408889634
_SQRT_HALF: Final = 0.7071067811865476
_ONE_OVER_SQRT_PI: Final = 0.5641895835477563
_EXP_SERIES: Final = tuple(1.0 / math.factorial(k) for k in range(15))
_ATANH_SERIES: Final = tuple(1.0 / (2 * k + 1) for k in range(13))


def _horner(coefficients: tuple[float, ...], x: FloatArray) -> FloatArray:
    """Polynomial with the given coefficients, constant term first."""
    value = np.full_like(x, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        value *= x
        value += c
    return value


def exp(x: FloatArray) -> FloatArray:
    """e^x for x <= 709; below -708 it is 0."""
    x = np.asarray(x, dtype=np.float64)
    y = np.maximum(x, -708.0)
    n = np.rint(y * _ONE_OVER_LN2)
    r = (y - n * _LN2_HIGH) - n * _LN2_LOW
    return np.where(x < -708.0, 0.0, np.ldexp(_horner(_EXP_SERIES, r), n.astype(np.int32)))


def one_minus_exp(x: FloatArray) -> FloatArray:
    """1 - e^-x for x >= 0, without cancellation near 0."""
    x = np.asarray(x, dtype=np.float64)
    small = x < 0.34
    y = np.where(small, -x, 0.0)
    return np.where(small, -y * _horner(_EXP_SERIES[1:], y), 1.0 - exp(-x))


def log(x: FloatArray) -> FloatArray:
    """Natural logarithm of normal numbers x > 0."""
    m, e = np.frexp(np.asarray(x, dtype=np.float64))
    low = m < _SQRT_HALF
    m = np.where(low, m + m, m)
    n = (e - low).astype(np.float64)
    s = (m - 1.0) / (m + 1.0)
    return n * _LN2_HIGH + (2.0 * s * _horner(_ATANH_SERIES, s * s) + n * _LN2_LOW)


# Rational approximations of erf on [0, 0.47] and of exp(x^2) erfc(x) on (0.47, 4] and beyond, from W. J.
# Cody, "Rational Chebyshev approximations for the error function", Mathematics of Computation 23 (1969).
_ERF_P: Final = (3209.37758913846947, 377.485237685302021, 113.864154151050156, 3.16112374387056560,
                 0.185777706184603153)  # fmt: skip
_ERF_Q: Final = (2844.23683343917062, 1282.61652607737228, 244.024637934444173, 23.6012909523441209, 1.0)
_MID_P: Final = (1230.33935479799725, 2051.07837782607147, 1712.04761263407058, 881.952221241769090,
                 298.635138197400131, 66.1191906371416295, 8.88314979438837594, 0.564188496988670089,
                 2.15311535474403846e-8)  # fmt: skip
_MID_Q: Final = (1230.33935480374942, 3439.36767414372164, 4362.61909014324716, 3290.79923573345963,
                 1621.38957456669019, 537.181101862009858, 117.693950891312499, 15.7449261107098347,
                 1.0)  # fmt: skip
_FAR_P: Final = (6.58749161529837803e-4, 1.60837851487422766e-2, 0.125781726111229246, 0.360344899949804439,
                 0.305326634961232344, 1.63153871373020978e-2)  # fmt: skip
_FAR_Q: Final = (2.33520497626869185e-3, 6.05183413124413191e-2, 0.527905102951428412, 1.87295284992346725,
                 2.56852019228982242, 1.0)  # fmt: skip


def normal_cdf(z: FloatArray) -> FloatArray:
    """Standard normal distribution function."""
    z = np.asarray(z, dtype=np.float64)
    x = np.abs(z) * _SQRT_HALF
    near = np.minimum(x, 0.5)
    erf_near = near * _horner(_ERF_P, near * near) / _horner(_ERF_Q, near * near)
    mid = np.minimum(x, 4.0)
    scaled_mid = _horner(_MID_P, mid) / _horner(_MID_Q, mid)
    w = 1.0 / (np.maximum(x, 4.0) * np.maximum(x, 4.0))
    scaled_far = (_ONE_OVER_SQRT_PI - w * _horner(_FAR_P, w) / _horner(_FAR_Q, w)) / np.maximum(x, 4.0)
    # exp(-x^2) with x^2 as a short exact square and a small rest: x^2 rounded would cost digits far out.
    head = np.rint(np.minimum(x, 40.0) * 16.0) * 0.0625
    rest = (np.minimum(x, 40.0) - head) * (np.minimum(x, 40.0) + head)
    tail = 0.5 * exp(-head * head) * exp(-rest) * np.where(x <= 4.0, scaled_mid, scaled_far)
    centre = x <= 0.46875
    return np.where(centre, np.where(z < 0, 0.5 - 0.5 * erf_near, 0.5 + 0.5 * erf_near),
                    np.where(z < 0, tail, 1.0 - tail))  # fmt: skip


def decimal_log(x: Decimal) -> Decimal:
    """Natural logarithm to 40 digits (`decimal` rounds correctly everywhere)."""
    with localcontext() as context:
        context.prec = _DIGITS
        return x.ln()


@lru_cache(maxsize=64)
def _bernoulli(n: int) -> Fraction:
    """Bernoulli number B_n by its recurrence."""
    if n == 0:
        return Fraction(1)
    return -sum((math.comb(n + 1, k) * _bernoulli(k) for k in range(n)), Fraction(0)) / (n + 1)


def decimal_log_gamma(x: Decimal) -> Decimal:
    """ln Gamma(x) for x > 0 to some 35 digits: Stirling's series (DLMF 5.11.1) after a shift to x >= 40."""
    with localcontext() as context:
        context.prec = _DIGITS + 10
        shift = Decimal(1)
        while x < 40:
            shift *= x
            x += 1
        half_log_two_pi = Decimal("0.91893853320467274178032973640561763986139747363778341281715")
        value = (x - Decimal("0.5")) * x.ln() - x + half_log_two_pi - shift.ln()
        for k in range(1, 20):
            b = _bernoulli(2 * k)
            value += Decimal(b.numerator) / (Decimal(b.denominator) * (2 * k) * (2 * k - 1) * x ** (2 * k - 1))
        return value


@lru_cache(maxsize=1024)
def _gamma_factor(shape: float) -> float:
    """shape^shape e^-shape / Gamma(shape + 1)."""
    a = Decimal(shape)
    with localcontext() as context:
        context.prec = _DIGITS
        return float((a * a.ln() - a - decimal_log_gamma(a + 1)).exp())


def gamma_cdf(x: FloatArray, shape: float) -> FloatArray:
    """Distribution function of the gamma law of mean 1 at x >= 0: P(shape, shape x) in the usual notation.

    The series P(a, y) = y^a e^-y / Gamma(a + 1) * (1 + y/(a+1) + y^2/((a+1)(a+2)) + ...) (DLMF 8.11.4) has
    positive terms only, so it is good in absolute terms everywhere; where 1 - P < 2^-60 by Chernoff's bound,
    P is 1.
    """
    x = np.asarray(x, dtype=np.float64)
    out = np.empty_like(x)
    # Short pieces stay in the cache and stop as soon as their own last element has converged. Where a term is
    # below 2^-60 of its sum, adding it changes nothing, so no element depends on its neighbours.
    for i in range(0, x.size, 4096):
        out[i : i + 4096] = _gamma_cdf_piece(x[i : i + 4096], shape)
    return out


def _gamma_cdf_piece(x: FloatArray, a: float) -> FloatArray:
    # phi = u - ln(1 + u) with u = x - 1, so that x^a e^(-a (x - 1)) = exp(-a phi); near u = 0 by the series
    # of atanh(s), s = u / (2 + u), whose first terms cancel exactly: u - 2 s = s u.
    u = x - 1.0
    s = u / (2.0 + u)
    near = np.abs(s) < 0.15
    t = np.where(near, s, 0.0)
    phi_near = t * u - 2.0 * t * t * t * _horner(_ATANH_SERIES[1:], t * t)
    positive = np.maximum(x, 1e-300)
    exponent = a * np.where(near, phi_near, u - log(positive))
    sure = (u > 0.0) & (exponent > 42.0)
    y = np.where(sure, 0.0, a * x)
    term = np.ones_like(y)
    total = np.ones_like(y)
    n = 0.0
    while np.any(term > 2.0**-60 * total):
        n += 1.0
        term *= y / (a + n)
        total += term
    below = np.minimum(exp(-np.minimum(exponent, 800.0)) * _gamma_factor(a) * total, 1.0)
    return np.where(sure, 1.0, np.where(x > 0.0, below, 0.0))
