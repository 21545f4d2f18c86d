"""Made-up fleets whose right limit is known from a formula, and what replications of them would count.

Limits are 1, 2, ... k MB, the horizon is a month of 30 days. Each world is drawn from a seed: one problem after the
other, none like the last.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from fleetsim.inference.choice import Observed
from fleetsim.inference.estimate import Floats, Ints

MB = 1_000_000
DAY = 86_400_000
MONTH = 30 * DAY
MICROS = 1_000_000


def observed(
    blocked: Ints,
    of: Ints,
    *,
    blocked_ms: Ints | None = None,
    cost_micros: Ints | None = None,
    monotone: bool,
    periods: int = 1,
) -> Observed:
    """Put counts together; what is not given is nothing."""
    none = np.zeros_like(blocked)
    return Observed(
        limits=MB * np.arange(1, blocked.shape[1] + 1),
        sim_periods=of,
        blocked=blocked,
        blocked_ms=none if blocked_ms is None else blocked_ms,
        cost_micros=none if cost_micros is None else cost_micros,
        periods_per_sim=periods,
        longest_block_ms=MONTH * periods,
        monotone=monotone,
    )


@dataclass(frozen=True)
class Groups:
    """SIMs whose use in a month is lognormal: how many, the median in MB, and sigma, of each group."""

    count: Ints
    median: Floats
    sigma: Floats

    @staticmethod
    def drawn(chance: np.random.Generator) -> Groups:
        size = int(chance.integers(1, 4))
        return Groups(chance.integers(50, 400, size), chance.uniform(1, 8, size), chance.uniform(0.1, 0.8, size))

    @property
    def sims(self) -> int:
        return int(self.count.sum())

    def beyond(self, k: int) -> Floats:
        """Chance of each group's SIMs to use more than each limit, (groups, k)."""
        z = (np.log(np.arange(1, k + 1))[None, :] - np.log(self.median)[:, None]) / self.sigma[:, None]
        return np.asarray(stats.norm.sf(z), np.float64)

    def share(self, k: int) -> Floats:
        return np.asarray(self.count @ self.beyond(k) / self.sims, np.float64)

    def blocked(self, n: int, k: int, chance: np.random.Generator) -> Ints:
        """SIMs that use more than each limit, (n, k): the same SIMs under every limit."""
        total = np.zeros((n, k), np.int64)
        for count, beyond in zip(self.count, self.beyond(k), strict=True):
            cells = np.concatenate([[1.0], beyond]) - np.concatenate([beyond, [0.0]])  # uses between two limits
            drawn = chance.multinomial(count, np.maximum(cells, 0) / np.maximum(cells, 0).sum(), size=n)
            total += drawn[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
        return total


# ---- shares ------------------------------------------------------------------------------------------------------------


def smallest_that_keeps(share: Floats, x: float) -> int:
    """Index of the answer of the rule on shares; k where no limit meets it."""
    above = np.flatnonzero(share > x)
    return int(above[-1]) + 1 if above.size else 0


@dataclass(frozen=True)
class ShareProblem:
    seen: Observed
    x: Fraction
    truth: int


def monotone_share(seed: int, n: int, k: int = 30) -> ShareProblem:
    """Blocked is who uses more than the limit."""
    chance = np.random.default_rng([1, seed])
    groups = Groups.drawn(chance)
    share = groups.share(k)
    x = _near(share, chance)
    seen = observed(groups.blocked(n, k, chance), np.full(n, groups.sims), monotone=True)
    return ShareProblem(seen, x, smallest_that_keeps(share, float(x)))


def bumpy_share(seed: int, n: int, k: int = 30) -> ShareProblem:
    """A limit that is larger can block more: each limit has a factor of its own, and chance of its own on top."""
    chance = np.random.default_rng([2, seed])
    groups = Groups.drawn(chance)
    share = groups.share(k) * chance.uniform(0.2, 1.0, k)
    x = _near(share, chance)
    keep = share / np.maximum(groups.share(k), 1e-300)
    blocked = chance.binomial(groups.blocked(n, k, chance), keep)
    return ShareProblem(
        observed(blocked, np.full(n, groups.sims), monotone=False), x, smallest_that_keeps(share, float(x))
    )


def repeated_share(seed: int, n: int, k: int = 30, periods: int = 3) -> ShareProblem:
    """Several periods a SIM, alike for half of the SIMs: who uses much does so in each."""
    chance = np.random.default_rng([3, seed])
    groups = Groups.drawn(chance)
    share = groups.share(k)
    x = _near(share, chance)
    twice = Groups(groups.count * 2, groups.median, groups.sigma)
    alike = periods * groups.blocked(n, k, chance)
    apart = sum(groups.blocked(n, k, chance) for _ in range(periods))
    seen = observed(alike + apart, np.full(n, periods * twice.sims), monotone=True, periods=periods)
    return ShareProblem(seen, x, smallest_that_keeps(share, float(x)))


def _near(share: Floats, chance: np.random.Generator) -> Fraction:
    """Return a share that is allowed: near that of one of the limits, now and then below all of them."""
    place = int(chance.integers(1, share.size))
    x = share[place] * chance.uniform(0.7, 1.4)
    return Fraction(min(max(x, 1e-4), 0.5)).limit_denominator(10**7)


# ---- outage cost -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OutageProblem:
    seen: Observed
    micros_per_day: int
    truth: int
    mean: Floats
    """True means under the limits, in the currency, but for what no limit changes."""


def rare_outages(seed: int, n: int, k: int = 30) -> OutageProblem:
    """Faulty devices use up every limit, normal SIMs are blocked from where they cross it; steady use through a month.

    Under limit l a SIM that uses U > l is blocked for the share 1 - l / U of the month, and pays for l.
    """
    chance = np.random.default_rng([4, seed])
    groups = Groups.drawn(chance)
    faulty, price = int(chance.integers(1, 60)), 0.10
    a_day = float(np.exp(chance.uniform(math.log(0.2), math.log(50))))
    limits = np.arange(1.0, k + 1)
    mean = faulty * price * limits
    for count, median, sigma in zip(groups.count, groups.median, groups.sigma, strict=True):
        z = (np.log(limits) - math.log(median)) / sigma
        beyond, inverse = stats.norm.sf(z), math.exp(sigma**2 / 2) / median * stats.norm.sf(z + sigma)
        paid = median * math.exp(sigma**2 / 2) * stats.norm.cdf(z - sigma) + limits * beyond
        mean += count * (price * paid + 30 * a_day * (beyond - limits * inverse))
    use = np.concatenate(
        [
            chance.lognormal(math.log(median), sigma, (n, count))
            for count, median, sigma in zip(groups.count, groups.median, groups.sigma, strict=True)
        ],
        axis=1,
    )
    common = chance.lognormal(3, 0.5, n)  # what no limit changes: it cancels in paired differences
    blocked, blocked_ms, cost = (np.empty((n, k), np.int64) for _ in range(3))
    for place, limit in enumerate(limits):
        over = use > limit
        blocked[:, place] = over.sum(axis=1)
        blocked_ms[:, place] = np.where(over, MONTH * (1 - limit / use), 0).sum(axis=1)
        paid = np.minimum(use, limit).sum(axis=1) + faulty * limit
        cost[:, place] = (MICROS * (price * paid + common)).astype(np.int64)
    seen = observed(blocked, np.full(n, groups.sims), blocked_ms=blocked_ms, cost_micros=cost, monotone=True)
    return OutageProblem(seen, int(a_day * MICROS), int(np.argmin(mean)), mean)


def correlated_objectives(seed: int, n: int, k: int = 50) -> tuple[Floats, int]:
    """Normal objectives (n, k) with a common part, neighbours alike, spreads of their own; and which has least mean."""
    chance = np.random.default_rng([5, seed])
    mean = np.abs(np.arange(k) - chance.uniform(0, k)) ** chance.uniform(0.5, 2) * np.exp(chance.uniform(-6, 0))
    own = chance.normal(size=(n, k))
    near = chance.uniform(0, 0.99)
    for place in range(1, k):
        own[:, place] = near * own[:, place - 1] + math.sqrt(1 - near**2) * own[:, place]
    values = 100 + mean + 10 * chance.normal(size=(n, 1)) + own * chance.uniform(0.2, 3, k)
    return values, int(np.argmin(mean))


# ---- a budget ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BudgetProblem:
    seen: Observed
    budget_micros: int
    q: float
    truth: int
    """Index of the answer; k where no limit meets the rule."""


def skewed_costs(seed: int, n: int, k: int = 20, q: float = 0.9, monotone: bool = True) -> BudgetProblem:
    """Costs a + s Z with a common lognormal Z, so their quantiles are known; DNS of the blocked makes low limits dear.

    In half of the problems nobody uses more than some limit, so that shares tie from there on and cost decides.
    """
    chance = np.random.default_rng([6, seed, int(monotone)])
    groups = Groups.drawn(chance)
    limits = np.arange(1.0, k + 1)
    sigma = chance.uniform(0.2, 1.0)
    fixed = chance.uniform(5, 20) * limits + 300 * np.exp(-limits / chance.uniform(1, 4))
    spread = chance.uniform(20, 60) + chance.uniform(0, 3) * limits
    last = int(chance.integers(2, k)) if chance.random() < 0.5 else k
    share, blocked = groups.share(k), groups.blocked(n, k, chance)
    share[last:], blocked[:, last:] = 0, 0
    if not monotone:
        keep = chance.uniform(0.2, 1.0, k)
        share, blocked = share * keep, chance.binomial(blocked, keep)
    costs = fixed + spread * chance.lognormal(0, sigma, (n, 1))
    quantiles = fixed + spread * math.exp(sigma * stats.norm.ppf(q))
    means = fixed + spread * math.exp(sigma**2 / 2)
    budget = float(np.quantile(quantiles, chance.uniform(0.05, 0.95)) * chance.uniform(0.9, 1.05))
    fits = np.flatnonzero(quantiles <= budget)
    truth = min(fits, key=lambda i: (share[i], means[i])) if fits.size else k
    seen = observed(blocked, np.full(n, groups.sims), cost_micros=_micros(costs), monotone=monotone)
    return BudgetProblem(seen, int(budget * MICROS), q, int(truth))


def _micros(values: Floats) -> NDArray[np.int64]:
    return np.rint(values * MICROS).astype(np.int64)
