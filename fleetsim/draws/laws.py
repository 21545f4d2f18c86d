"""Size laws: the distribution functions that a size in bytes can have.

A law is a continuous distribution of a non-negative quantity; a size is that quantity rounded to whole bytes,
so size k has the probability ``cdf(k + 1/2) - cdf(k - 1/2)`` and size 0 has ``cdf(1/2)``. (Rounding halves to
even or up makes no difference: they have no mass.) Sizes stop at `MAX_SIZE_BYTES`, which also gets the mass
above it.

A new law needs a ``cdf`` built from the operations that `fleetsim.draws.elementary` allows, ``breaks``, and a
place in `Law`: the tables in `fleetsim.draws.sizes` ask for nothing else. Its ``expectation`` takes part in what is
drawn as well (sizes that are scaled to an expected use), and has to be the same everywhere.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import Final

import numpy as np

from fleetsim.draws import elementary
from fleetsim.draws.elementary import FloatArray

MAX_SIZE_BYTES: Final = 2**40 - 1
"""Largest size that is drawn (1 TiB less a byte)."""
SIGMA_BOUNDS: Final = (0.001, 10.0)
GAMMA_SHAPE_BOUNDS: Final = (0.01, 10_000.0)
PARETO_SHAPE_BOUNDS: Final = (0.1, 100.0)
MAX_VALUES: Final = 10_000
"""Most values that a law lists."""


def _check_bytes(name: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name} must be a whole number of bytes")
    if not least <= value <= MAX_SIZE_BYTES:
        raise ValueError(f"{name} must be from {least} to {MAX_SIZE_BYTES} bytes")


def _check_number(name: str, value: float, bounds: tuple[float, float]) -> None:
    if not bounds[0] <= value <= bounds[1]:  # false for nan as well
        raise ValueError(f"{name} must be from {bounds[0]:g} to {bounds[1]:g}")


@dataclass(frozen=True)
class Constant:
    """Always `value` bytes. Drawing it consumes no random word."""

    value: int

    def __post_init__(self) -> None:
        _check_bytes("value", self.value, 0)

    def cdf(self, x: FloatArray) -> FloatArray:
        """Probability of a value <= x."""
        return np.where(x >= self.value, 1.0, 0.0)

    def breaks(self) -> tuple[int, ...]:
        """Sizes at which the density jumps, so that they need a cell of their own."""
        return (self.value,)

    def expectation(self) -> float | None:
        """Mean of the continuous law in bytes; None where it is infinite."""
        return float(self.value)

    def variance(self) -> float | None:
        """Variance of the continuous law in bytes squared; None where it is infinite."""
        return 0.0


@dataclass(frozen=True)
class Uniform:
    """Uniform on [minimum, maximum] bytes; after rounding the two ends have half the mass of the others."""

    minimum: int
    maximum: int

    def __post_init__(self) -> None:
        _check_bytes("minimum", self.minimum, 0)
        _check_bytes("maximum", self.maximum, 0)
        if self.minimum > self.maximum:
            raise ValueError("minimum must not be above maximum")

    def cdf(self, x: FloatArray) -> FloatArray:
        """Probability of a value <= x."""
        if self.minimum == self.maximum:
            return np.where(x >= self.minimum, 1.0, 0.0)
        return np.clip((x - self.minimum) / float(self.maximum - self.minimum), 0.0, 1.0)

    def breaks(self) -> tuple[int, ...]:
        """Sizes at which the density jumps."""
        return (self.minimum, self.maximum)

    def expectation(self) -> float | None:
        """Mean in bytes."""
        return (self.minimum + self.maximum) / 2

    def variance(self) -> float | None:
        """Variance in bytes squared."""
        return (self.maximum - self.minimum) ** 2 / 12


@dataclass(frozen=True)
class Exponential:
    """Exponential with the given mean in bytes."""

    mean: int

    def __post_init__(self) -> None:
        _check_bytes("mean", self.mean, 1)

    def cdf(self, x: FloatArray) -> FloatArray:
        """Probability of a value <= x."""
        return elementary.one_minus_exp(np.maximum(x, 0.0) / float(self.mean))

    def breaks(self) -> tuple[int, ...]:
        """Sizes at which the density jumps."""
        return (0,)

    def expectation(self) -> float | None:
        """Mean in bytes."""
        return float(self.mean)

    def variance(self) -> float | None:
        """Variance in bytes squared."""
        return float(self.mean) ** 2


@dataclass(frozen=True)
class Gamma:
    """Gamma with the given mean in bytes and shape; its scale is mean / shape."""

    mean: int
    shape: float

    def __post_init__(self) -> None:
        _check_bytes("mean", self.mean, 1)
        _check_number("shape", self.shape, GAMMA_SHAPE_BOUNDS)

    def cdf(self, x: FloatArray) -> FloatArray:
        """Probability of a value <= x: the regularised lower incomplete gamma function."""
        return elementary.gamma_cdf(np.maximum(x, 0.0) / float(self.mean), float(self.shape))

    def breaks(self) -> tuple[int, ...]:
        """Sizes at which the density jumps."""
        return (0,)

    def expectation(self) -> float | None:
        """Mean in bytes."""
        return float(self.mean)

    def variance(self) -> float | None:
        """Variance in bytes squared."""
        return self.mean**2 / self.shape


@lru_cache(maxsize=1024)
def _log_median(median: int | None, mean: int | None, sigma: float) -> float:
    if mean is None:
        return float(elementary.decimal_log(Decimal(median or 1)))
    s = Decimal(sigma)
    return float(elementary.decimal_log(Decimal(mean)) - s * s / 2)


@dataclass(frozen=True)
class LogNormal:
    """Lognormal: the logarithm is normal with standard deviation `sigma`.

    Exactly one of `median` and `mean` (bytes) is given; `from_mean` reads better for the second. The one that
    was given is kept as it is, because the other is no whole number.
    """

    median: int | None
    sigma: float
    mean: int | None = None

    def __post_init__(self) -> None:
        if (self.median is None) == (self.mean is None):
            raise ValueError("a lognormal takes a median or a mean, and not both")
        if self.median is not None:
            _check_bytes("median", self.median, 1)
        if self.mean is not None:
            _check_bytes("mean", self.mean, 1)
        _check_number("sigma", self.sigma, SIGMA_BOUNDS)

    @classmethod
    def from_mean(cls, mean: int, sigma: float) -> LogNormal:
        """The lognormal with this mean in bytes."""
        return cls(None, sigma, mean)

    @property
    def mu(self) -> float:
        """Mean of the logarithm: ln(median), or ln(mean) - sigma^2 / 2."""
        return _log_median(self.median, self.mean, float(self.sigma))

    def cdf(self, x: FloatArray) -> FloatArray:
        """Probability of a value <= x."""
        above = x > 0.0
        z = (elementary.log(np.where(above, x, 1.0)) - self.mu) / float(self.sigma)
        return np.where(above, elementary.normal_cdf(z), 0.0)

    def breaks(self) -> tuple[int, ...]:
        """Sizes at which the density jumps."""
        return ()

    def expectation(self) -> float | None:
        """Mean in bytes."""
        if self.median is None:
            return None if self.mean is None else float(self.mean)
        with localcontext() as context:
            context.prec = 40
            s = Decimal(self.sigma)
            return float(self.median * (s * s / 2).exp())

    def variance(self) -> float | None:
        """Variance in bytes squared."""
        return math.expm1(self.sigma**2) * math.exp(2 * self.mu + self.sigma**2)


@dataclass(frozen=True)
class Pareto:
    """Pareto: P(X > x) = (minimum / x)^shape from `minimum` on; with a `maximum`, given that X <= maximum."""

    minimum: int
    shape: float
    maximum: int | None = None

    def __post_init__(self) -> None:
        _check_bytes("minimum", self.minimum, 1)
        _check_number("shape", self.shape, PARETO_SHAPE_BOUNDS)
        if self.maximum is not None:
            _check_bytes("maximum", self.maximum, 1)
            if self.maximum <= self.minimum:
                raise ValueError("maximum must be above minimum")

    def cdf(self, x: FloatArray) -> FloatArray:
        """Probability of a value <= x."""
        below = self._untruncated_cdf(x)
        if self.maximum is None:
            return below
        share: float = self._untruncated_cdf(np.array([float(self.maximum)]))[0]
        return np.minimum(below / share, 1.0)

    def _untruncated_cdf(self, x: FloatArray) -> FloatArray:
        ratio = np.maximum(x / float(self.minimum), 1.0)
        return elementary.one_minus_exp(float(self.shape) * elementary.log(ratio))

    def breaks(self) -> tuple[int, ...]:
        """Sizes at which the density jumps."""
        return (self.minimum,) if self.maximum is None else (self.minimum, self.maximum)

    def expectation(self) -> float | None:
        """Mean in bytes; None for an untruncated law with shape <= 1."""
        return self._moment(1)

    def variance(self) -> float | None:
        """Variance in bytes squared; None for an untruncated law with shape <= 2."""
        first, second = self._moment(1), self._moment(2)
        return None if first is None or second is None else second - first**2

    def _moment(self, k: int) -> float | None:
        """E[X^k] = shape minimum^k (1 - q^(shape - k)) / ((shape - k)(1 - q^shape)); q = minimum/maximum."""
        a, low = Decimal(self.shape), Decimal(self.minimum)
        with localcontext() as context:
            context.prec = 40
            if self.maximum is None:
                return float(a * low**k / (a - k)) if a > k else None
            log_q = elementary.decimal_log(low) - elementary.decimal_log(Decimal(self.maximum))
            part = -log_q if a == k else (1 - ((a - k) * log_q).exp()) / (a - k)
            return float(a * low**k * part / (1 - (a * log_q).exp()))


@dataclass(frozen=True)
class Empirical:
    """One of the `values`, each as likely as its part of the `weights`; in any order, and more than once if need be.

    It is no continuous law, and rounding changes nothing: sizes are its values and no other.
    """

    values: tuple[int, ...]
    weights: tuple[Fraction, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.values) <= MAX_VALUES:
            raise ValueError(f"there must be from 1 to {MAX_VALUES} values")
        if len(self.weights) != len(self.values):
            raise ValueError("there must be as many weights as values")
        for value in self.values:
            _check_bytes("a value", value, 0)
        if min(self.weights) < 0 or sum(self.weights) <= 0:
            raise ValueError("weights must be at least 0, and one of them more")

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        # Tables are looked up by their law, and this one can be long.
        return hash((self.values, self.weights))

    @cached_property
    def _shares(self) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """Ascending values of positive weight, and the exact probability of each and all below, rounded once."""
        weight_of: dict[int, Fraction] = defaultdict(Fraction)
        for value, weight in zip(self.values, self.weights, strict=True):
            weight_of[value] += weight
        ascending = sorted(value for value, weight in weight_of.items() if weight)
        up_to = accumulate(weight_of[value] for value in ascending)
        total = sum(self.weights)
        return tuple(ascending), tuple(float(weight / total) for weight in up_to)

    def cdf(self, x: FloatArray) -> FloatArray:
        """Probability of a value <= x."""
        values, up_to = self._shares
        steps = np.array([0.0, *up_to])
        return steps[np.searchsorted(np.array(values, np.float64), x, side="right")]

    def breaks(self) -> tuple[int, ...]:
        """Sizes that need a cell of their own: the values."""
        return self._shares[0]

    def expectation(self) -> float | None:
        """Mean in bytes."""
        return self._moments[0]

    def variance(self) -> float | None:
        """Variance in bytes squared."""
        return self._moments[1]

    @cached_property
    def _moments(self) -> tuple[float, float]:
        mean, square = (
            sum((weight * value**k for value, weight in zip(self.values, self.weights, strict=True)), Fraction())
            / sum(self.weights)
            for k in (1, 2)
        )
        return float(mean), float(square - mean**2)


Law = Constant | Uniform | Exponential | Gamma | LogNormal | Pareto | Empirical
