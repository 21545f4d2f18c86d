"""Bytes over SIMs as a mixture of normal laws, and the stretches of a lognormal factor that it is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetsim.scenario.fleet import Group

Floats = NDArray[np.float64]

_NORMAL_Z = np.linspace(-8.0, 8.0, 3201)
_NORMAL = np.array([0.5 * math.erfc(-z / math.sqrt(2)) for z in _NORMAL_Z.tolist()])
_EDGES = np.concatenate([[-np.inf], np.linspace(-4.5, 4.5, 37), [np.inf]])  # of the stretches of a lognormal factor


@dataclass(frozen=True, eq=False)
class Use:
    """Bytes that SIMs move in a span, as a mixture of normal laws, one for each stretch of the SIMs' own factor.

    Normal because it is a sum of many transfers: an approximation, and a poor one where a few large ones decide.

    Attributes
    ----------
    weight, mean, variance
        Shape (stretches,). Variances are 0 where `known_spread` is false.
    known_spread
        Whether there is a variance: a Pareto law may have none.
    """

    weight: Floats
    mean: Floats
    variance: Floats
    known_spread: bool

    @property
    def expected(self) -> float:
        """Mean over SIMs."""
        return float(self.weight @ self.mean)

    @property
    def deviation(self) -> float | None:
        """Standard deviation over SIMs."""
        if not self.known_spread:
            return None
        return math.sqrt(float(self.weight @ (self.variance + (self.mean - self.expected) ** 2)))

    def above(self, size: Floats | float) -> Floats:
        """Probability of more than `size` bytes in each stretch: shape of `size` and (stretches,) after it."""
        over = self.mean - np.asarray(size, np.float64)[..., np.newaxis]
        deviation = np.sqrt(self.variance)
        z = np.divide(over, deviation, out=np.where(over > 0, np.inf, -np.inf), where=deviation > 0)
        return normal(z)

    def share_above(self, size: float) -> float:
        """Share of SIMs that move more than `size` bytes."""
        return float(self.above(size) @ self.weight)

    def quantile(self, q: float) -> float:
        """Bytes that a share `q` of the SIMs do not exceed."""
        spread = 9 * np.sqrt(self.variance)
        low, high = float((self.mean - spread).min()), float((self.mean + spread).max())
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (low, middle) if self.share_above(middle) <= 1 - q else (middle, high)
        return max(high, 0.0)


def normal(z: Floats) -> Floats:
    """Distribution function of the normal law, to some 1e-6."""
    below: Floats = np.interp(z, _NORMAL_Z, _NORMAL, left=0.0, right=1.0)
    return below


def stretches(group: Group) -> tuple[Floats, Floats, Floats]:
    """Weights of the stretches of a SIM's factor, and in each the mean of the factor and of its square.

    Of a lognormal factor exp(mu + sigma z): the partial moments between two values of z, so that the whole has the
    law's own mean and mean square.
    """
    devices = group.devices
    if devices.monthly_use is not None and devices.month_bytes:
        sigma, mu = devices.monthly_use.law.sigma, math.log(devices.monthly_use.median_bytes / devices.month_bytes)
    elif devices.rate_spread:
        sigma, mu = devices.rate_spread, -(devices.rate_spread**2) / 2
    else:
        return np.ones(1), np.ones(1), np.ones(1)

    def partial(k: int) -> Floats:
        below = np.array([0.5 * math.erfc((k * sigma - z) / math.sqrt(2)) for z in _EDGES.tolist()])
        moment: Floats = math.exp(k * mu + (k * sigma) ** 2 / 2) * np.diff(below)
        return moment

    weight = partial(0)
    return weight, partial(1) / weight, partial(2) / weight
