"""Traffic by functions against the theory of what the functions do.

As in `tests.statistical.test_traffic_theory`: fixed seeds, four standard errors, a negative control for each check.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import fleetsim
from fleetsim.scenario.fleet import groups
from fleetsim.scenario.functions import ArrivalFunction
from fleetsim.scenario.schema import Scenario
from fleetsim.traffic import Transfers, moments, offer
from fleetsim.traffic.generators import generator
from tests.extension.functions import DAY, ITEM, PER_DAY, poisson, scenario, small

SIMS = 4_000
BOUND = 4.0
SPAN_DAYS = 40


def fleet(arrivals: ArrivalFunction) -> Scenario:
    loaded = scenario(f"fleets.f.devices.x.count={SIMS}", "fleets.f.devices.x.activation.over=0 s")
    return loaded.with_arrivals(ITEM, arrivals).with_sizes(f"{ITEM}.upload", small)


def transfers(loaded: Scenario, replication: int = 0) -> Transfers:
    (group,) = groups(loaded)
    numbers = np.arange(group.devices.count)
    found = offer(loaded, group, "a", replication, numbers, np.zeros_like(numbers))
    assert isinstance(found, Transfers)
    return found


def per_sim(found: Transfers, values: NDArray[Any] | None = None) -> NDArray[np.float64]:
    sims = np.repeat(np.arange(found.offsets.size - 1), np.diff(found.offsets))
    return np.bincount(sims, values, found.offsets.size - 1).astype(np.float64)


def mean_agrees(sample: NDArray[np.float64], mean: float) -> bool:
    return bool(abs(sample.mean() - mean) <= BOUND * sample.std(ddof=1) / math.sqrt(sample.size))


def variance_agrees(sample: NDArray[np.float64], variance: float) -> bool:
    squares = (sample - sample.mean()) ** 2
    return bool(abs(squares.mean() - variance) <= BOUND * squares.std(ddof=1) / math.sqrt(sample.size))


MEAN = PER_DAY * SPAN_DAYS
SIZE_MEAN, SIZE_SQUARE = 199 / 2, sum(size**2 for size in range(200)) / 200


def test_a_poisson_process_of_ones_own_has_its_mean_and_its_variance() -> None:
    found = transfers(fleet(poisson))
    counts, used = per_sim(found), per_sim(found, found.upload_bytes)
    assert mean_agrees(counts, MEAN)
    assert variance_agrees(counts, MEAN)
    assert mean_agrees(used, MEAN * SIZE_MEAN)
    assert variance_agrees(used, MEAN * SIZE_SQUARE)
    assert not mean_agrees(counts, 1.01 * MEAN)
    assert not variance_agrees(counts, 1.2 * MEAN)
    assert not mean_agrees(used, 1.02 * MEAN * SIZE_MEAN)
    assert not variance_agrees(used, MEAN * SIZE_SQUARE * 0.8)


def test_it_has_the_moments_of_the_one_that_comes_with_the_program() -> None:
    built_in = scenario(f"{ITEM}.arrivals={{process: poisson, rate: {PER_DAY:g} per day}}", f"{ITEM}.download=0 B")
    theirs = moments(built_in, groups(built_in)[0], "a", 0, SPAN_DAYS * DAY)
    assert theirs.mean is not None
    assert theirs.variance is not None
    found = transfers(fleet(poisson))
    assert mean_agrees(100 * per_sim(found), theirs.mean)
    assert variance_agrees(100 * per_sim(found), theirs.variance)
    faster = transfers(fleet(functools.partial(_poisson_of, 1.02 * PER_DAY)))
    assert not mean_agrees(100 * per_sim(faster), theirs.mean)


def _poisson_of(per_day: float, random: np.random.Generator, sim: fleetsim.SimFacts) -> Any:
    return np.sort(random.integers(0, sim.horizon_ms, random.poisson(per_day * sim.horizon_ms / DAY)))


def test_sims_replications_and_uses_are_independent() -> None:
    loaded = fleet(poisson)
    first, second = transfers(loaded, 0), transfers(loaded, 1)
    counts, used = per_sim(first), per_sim(first, first.upload_bytes)
    bound = BOUND / math.sqrt(SIMS)
    size = used / counts - SIZE_MEAN
    for one, other in ((counts, per_sim(second)), (counts[:-1], counts[1:]), (counts, size)):
        assert abs(np.corrcoef(one, other)[0, 1]) <= bound
    assert abs(np.corrcoef(counts, used)[0, 1]) > bound  # what is not independent is seen


def test_the_first_number_of_each_sim_is_uniform() -> None:
    key = 0x0123456789ABCDEF
    first = np.array([generator(key, sim, replication).random() for sim in range(2_000) for replication in range(5)])
    level = 2 * stats.norm.sf(BOUND)
    assert stats.kstest(first, "uniform").pvalue > level
    assert stats.kstest(first**1.1, "uniform").pvalue < level


@pytest.mark.parametrize(("sim", "replication"), [(0, 0), (5, 0), (0, 3), (2**32 - 1, 2**32 - 1)])
def test_the_generator_is_the_one_that_the_docs_define(sim: int, replication: int) -> None:
    key = 2**64 - 59
    whole = key + 2**64 * (sim + 2**32 * replication)
    expected = np.random.Generator(np.random.Philox(key=whole))
    assert np.array_equal(generator(key, sim, replication).integers(2**63, size=99), expected.integers(2**63, size=99))
    jumped = [np.random.Generator(generator(key, each, 0).bit_generator.jumped()) for each in (sim, sim ^ 1)]
    assert jumped[0].random() != generator(key, sim ^ 1, 0).random() != jumped[1].random()
