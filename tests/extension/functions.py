"""Functions as users write them, and scenarios that take them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from fleetsim.scenario.functions import ArrivalFunction, SimFacts, SizeFunction
from fleetsim.scenario.load import load_text
from fleetsim.scenario.schema import Scenario

HOUR = 3_600_000
DAY = 24 * HOUR
GROUP = "fleets.f.devices.x"
ITEM = f"{GROUP}.traffic.a"
PER_DAY = 6.0

SCENARIO = """
name: own
start: 2026-01-01T00:00:00Z
duration: 40 days
seed: 7
replications: 3
fleets:
  f:
    any_limit: true
    data_limit: 12 kB
    devices:
      x:
        count: 9
        activation: {at: 0 s, over: 2 days}
        traffic:
          a: {arrivals: {process: periodic, every: 6 h}, upload: 100 B, download: 20 B}
          b: {arrivals: {process: poisson, rate: 2 per day}, upload: 50 B}
        dns: {cache_ttl: 5 min}
        when_blocked: {reconnect: {first: 1 min, factor: 2, max: 2 h}}
"""


def scenario(*overrides: str) -> Scenario:
    """A fleet that some of its SIMs' traffic takes above the limit."""
    return load_text(SCENARIO, overrides)


def poisson(random: np.random.Generator, sim: SimFacts) -> ArrayLike:
    """A Poisson process of `PER_DAY`, as gaps."""
    mean = DAY / PER_DAY
    gaps = random.exponential(mean, int(2 * sim.horizon_ms / mean) + 50)
    return np.rint(np.cumsum(gaps)).astype(np.int64)


def on_the_grid(random: np.random.Generator, sim: SimFacts) -> ArrayLike:
    """Instants at which records close too, several at once, some before the activation and some after the end."""
    records = random.integers(0, 2 * sim.horizon_ms // 360_000, random.poisson(2 * PER_DAY * sim.horizon_ms / DAY))
    return np.sort(np.concatenate([records, records[:5]])) * 360_000


def every_other(random: np.random.Generator, sim: SimFacts) -> ArrayLike:
    """Nothing of every other SIM; of the others what goes by their activation and their number."""
    if sim.number % 2:
        return []
    return sim.activation_ms + sim.number * HOUR + np.arange(40) * 7 * HOUR


def small(random: np.random.Generator, sim: SimFacts, n: int) -> ArrayLike:
    """Sizes from 0 to 199 bytes."""
    return random.integers(0, 200, n)


def by_sim(random: np.random.Generator, sim: SimFacts, n: int) -> ArrayLike:
    """Each SIM has a size of its own, and an upload of many bytes once."""
    sizes = np.full(n, 5 * sim.number + int(random.integers(0, 30)))
    sizes[random.integers(0, n)] = 4_000
    return sizes.tolist()


ARRIVALS: Sequence[ArrivalFunction] = (poisson, on_the_grid, every_other)
SIZES: Sequence[SizeFunction] = (small, by_sim)


def own() -> Scenario:
    """The fleet with functions for all that can have one."""
    return (
        scenario()
        .with_arrivals(ITEM, on_the_grid)
        .with_sizes(f"{ITEM}.upload", small)
        .with_sizes(f"{GROUP}.traffic.b.upload", by_sim)
    )
