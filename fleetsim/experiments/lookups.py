"""How often a device looks a name up, in theory: requests of several sources share one cache.

A lookup is followed by the first request that comes once its answer is too old. So lookups follow one another at the
cache's time plus a wait, whose law depends on whose request made the last one: that source knows where it stands, the
others are met at any moment. Lookups by source are a Markov chain, and their rate is one over the mean time between two
in its stationary state. Exact for a single source, or for one Poisson stream; an approximation where several periodic
ones drift past each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_POINTS = 400
_LONG = 40.0  # so many times its time constant, and nothing is left of an exponential


class Source(Protocol):
    """Requests of one kind. Times are ms, and `ttl` is how long a cache keeps an answer."""

    @property
    def per_ms(self) -> float:
        """Requests per ms on average."""

    def own(self, x: Floats, ttl: float) -> Floats:
        """Probability of no request in the x ms from `ttl` after one of its own that made a lookup."""

    def other(self, x: Floats, ttl: float) -> Floats:
        """Likewise after a lookup that another source's request made."""

    def longest(self, ttl: float, own: bool) -> float:
        """An x from which on these are as good as 0."""


class PeriodicRequests(NamedTuple):
    """A request every so often, each moved by up to ± jitter."""

    every_ms: float
    jitter_ms: float = 0.0

    @property
    def per_ms(self) -> float:
        return 1 / self.every_ms

    def own(self, x: Floats, ttl: float) -> Floats:
        none = np.ones_like(x)
        first = max(math.floor((ttl - 2 * self.jitter_ms) / self.every_ms), 1)
        for n in range(first, math.ceil(ttl / self.every_ms) + 3):
            # Two jitters apart: what one point is off another has a triangular law.
            at = n * self.every_ms
            none *= np.clip(1 - self._before(ttl + x - at) + self._before(ttl - at), 0, 1)
        return none

    def other(self, x: Floats, ttl: float) -> Floats:
        return np.clip(1 - x / self.every_ms, 0, 1)

    def longest(self, ttl: float, own: bool) -> float:
        if not own:
            return self.every_ms
        points = max(math.ceil((ttl + 2 * self.jitter_ms) / self.every_ms), 1)  # the last of these comes too late
        return points * self.every_ms + 2 * self.jitter_ms - ttl

    def _before(self, late: Floats | float) -> Floats:
        """Probability that a point comes by `late` after its place, seen from another point."""
        if self.jitter_ms == 0:
            return np.asarray(np.asarray(late) >= 0 if np.ndim(late) else late > 0, np.float64)
        z = np.clip(np.asarray(late) / (2 * self.jitter_ms), -1, 1)
        return np.asarray(np.where(z < 0, (1 + z) ** 2 / 2, 1 - (1 - z) ** 2 / 2))


class PoissonRequests(NamedTuple):
    """Requests of a Poisson process."""

    per_ms: float

    def own(self, x: Floats, ttl: float) -> Floats:
        return self.other(x, ttl)

    def other(self, x: Floats, ttl: float) -> Floats:
        none: Floats = np.exp(-self.per_ms * x)
        return none

    def longest(self, ttl: float, own: bool) -> float:
        return _LONG / self.per_ms


class OnOffRequests(NamedTuple):
    """Requests of a Poisson process of this rate that is on and off for exponential times of these means."""

    rate_per_ms: float
    on_ms: float
    off_ms: float

    @property
    def per_ms(self) -> float:
        return self.rate_per_ms * self._on_share

    @property
    def _on_share(self) -> float:
        return self.on_ms / (self.on_ms + self.off_ms)

    def own(self, x: Floats, ttl: float) -> Floats:
        left = math.exp(-ttl * (1 / self.on_ms + 1 / self.off_ms))  # it was on at the request
        return self._none(x, self._on_share + (1 - self._on_share) * left)

    def other(self, x: Floats, ttl: float) -> Floats:
        return self._none(x, self._on_share)

    def longest(self, ttl: float, own: bool) -> float:
        return _LONG / -self._roots()[0]

    def _roots(self) -> tuple[float, float]:
        """Eigenvalues of the chain on, off that ends at a request, the one nearer to 0 first."""
        trace = -(self.rate_per_ms + 1 / self.on_ms + 1 / self.off_ms)
        product = self.rate_per_ms / self.off_ms
        far = (trace - math.sqrt(trace**2 - 4 * product)) / 2
        return product / far, far

    def _none(self, x: Floats, on: float) -> Floats:
        """Probability of no request in x ms, if it is on at first with probability `on`."""
        near, far = self._roots()
        # 1 at x = 0, where the slope is minus the rate if on and 0 if off.
        share = (-on * self.rate_per_ms - far) / (near - far)
        return share * np.exp(near * x) + (1 - share) * np.exp(far * x)


def lookups_per_ms(sources: Sequence[Source], ttl_ms: int) -> float:
    """Lookups per ms of a device whose cache keeps an answer for `ttl_ms`."""
    if not sources or ttl_ms == 0:
        return sum(source.per_ms for source in sources)
    waits = np.empty(len(sources))
    follows = np.empty((len(sources), len(sources)))
    for i in range(len(sources)):
        end = max(min(source.longest(ttl_ms, j == i) for j, source in enumerate(sources)), 1e-3)
        x = np.concatenate([[0.0], np.geomspace(end * 1e-6, end, _POINTS)])
        x[-2] = end * (1 - 1e-9)  # where a point without jitter comes, the probability drops at once
        none = np.array([s.own(x, ttl_ms) if j == i else s.other(x, ttl_ms) for j, s in enumerate(sources)])
        none[:, 0] = 1.0  # a request that comes just as the answer is too old is the next lookup
        waits[i] = np.trapezoid(none.prod(axis=0), x)
        between = (none[:, 1:] + none[:, :-1]) / 2
        for j in range(len(sources)):
            others = np.delete(between, j, axis=0).prod(axis=0)
            follows[i, j] = (others * -np.diff(none[j])).sum()
    follows /= follows.sum(axis=1, keepdims=True)
    # pi P = pi and sum pi = 1
    equations = np.vstack([follows.T - np.eye(len(sources)), np.ones(len(sources))])
    right = np.append(np.zeros(len(sources)), 1.0)
    stationary = np.linalg.lstsq(equations, right, rcond=None)[0]
    return float(1 / (ttl_ms + stationary @ waits))
