"""Offered traffic against the theory of its process and its size law.

Seeds are fixed. A check allows four standard errors, or the same probability of a false alarm; each has a negative
control: the same check refuses a neighbouring parameter. Formulas are derived here and not asked of the package, whose
own figures (`fleetsim.traffic.moments`) are held to them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from fleetsim.scenario import Scenario
from fleetsim.scenario.fleet import activations_ms, groups, streams
from fleetsim.scenario.load import load_text
from fleetsim.traffic import Flows, Transfers, moments, offer

HOUR = 3_600_000
DAY = 24 * HOUR
BOUND = 4.0
LEVEL = 2 * stats.norm.sf(BOUND)

Floats = NDArray[np.float64]


class Moments(NamedTuple):
    mean: float
    variance: float


# ---- checks -----------------------------------------------------------------------------------------------------------


def mean_agrees(sample: ArrayLike, mean: float) -> bool:
    """Is the sample's mean within four standard errors of `mean`?"""
    x = np.asarray(sample, np.float64)
    return bool(abs(x.mean() - mean) <= BOUND * x.std(ddof=1) / math.sqrt(x.size))


def variance_agrees(sample: ArrayLike, variance: float) -> bool:
    """Likewise for the variance, the mean of the squared deviations."""
    x = np.asarray(sample, np.float64)
    return mean_agrees((x - x.mean()) ** 2, variance)


def uncorrelated(a: ArrayLike, b: ArrayLike) -> bool:
    """Is the correlation within four standard errors, 1 / sqrt(n) each, of 0?"""
    x, y = np.ravel(a), np.ravel(b)
    return bool(abs(np.corrcoef(x, y)[0, 1]) * math.sqrt(x.size) <= BOUND)


def even_on(drawn: NDArray[np.int64], first: int, last: int) -> bool:
    """Are whole numbers uniform on first, ..., last (few of them; chi-square)?"""
    if drawn.min() < first or drawn.max() > last:
        return False
    return bool(stats.chisquare(np.bincount(drawn.ravel() - first, minlength=last - first + 1)).pvalue > LEVEL)


def follows(sample: ArrayLike, cdf: Callable[..., Any]) -> bool:
    """Do they follow a continuous distribution function (Kolmogorov and Smirnov)?"""
    return bool(stats.kstest(np.ravel(sample), cdf).pvalue > LEVEL)


def uniform(low: float, high: float) -> Callable[..., Any]:
    return stats.uniform(low, high - low).cdf


# ---- traffic ----------------------------------------------------------------------------------------------------------


def scenario_of(items: dict[str, Any], sims: int, duration_ms: int, *, folder: Path = Path(), **group: Any) -> Scenario:
    """One fleet of one group with the given traffic items."""
    document = {
        "name": "theory",
        "start": "2026-01-01T00:00:00Z",
        "duration": f"{duration_ms} ms",
        "seed": 20260101,
        "fleets": {
            "fleet": {"data_limit": "unlimited", "devices": {"group": {"count": sims, "traffic": items, **group}}}
        },
    }
    return load_text(json.dumps(document), file=str(folder / "scenario.yaml"))


def offered(scenario: Scenario, item: str = "item", replication: int = 0) -> Transfers | Flows:
    """What an item of the scenario's first group offers."""
    group = groups(scenario)[0]
    numbers = np.arange(group.devices.count)
    activations = activations_ms(scenario, group, streams(scenario, group, replication, numbers))
    return offer(scenario, group, item, replication, numbers, activations)


def transfers_of(arrivals: dict[str, Any], sims: int, duration_ms: int, **group: Any) -> Transfers:
    """Transfers of 1 byte at the instants of an arrival process."""
    found = offered(scenario_of({"item": {"arrivals": arrivals, "upload": "1 B"}}, sims, duration_ms, **group))
    assert isinstance(found, Transfers)
    return found


def bytes_per_sim(found: Transfers | Flows) -> Floats:
    if isinstance(found, Transfers):
        running = np.concatenate([[0], np.cumsum(found.upload_bytes + found.download_bytes)])
        return np.diff(running[found.offsets]).astype(np.float64)
    # r bytes a second since the clock's start have offered r * t // 1000 bytes.
    flowing = found.begin_ms < found.until_ms
    total = np.zeros(found.begin_ms.size)
    for rate in (found.upload_bytes_per_s, found.download_bytes_per_s):
        first, last = (rate * (t - found.clock_ms) // 1000 for t in (found.begin_ms, found.until_ms))
        total += np.where(flowing, last - first, 0)
    return total


def counts_between(found: Transfers, bounds_ms: list[int]) -> NDArray[np.int64]:
    """Transfers of each SIM in each span: shape (sims, len(bounds_ms) - 1)."""
    sims, spans = found.offsets.size - 1, len(bounds_ms) - 1
    sim = np.repeat(np.arange(sims), np.diff(found.offsets))
    span = np.searchsorted(bounds_ms, found.time_ms, side="right") - 1
    return np.bincount(sim * spans + span, minlength=sims * spans).reshape(sims, spans)


def theory_of(scenario: Scenario) -> Moments:
    """What the package says of the first group's item over the whole horizon."""
    found = moments(scenario, groups(scenario)[0], "item", 0, scenario.horizon_ms)
    assert found.mean is not None
    assert found.variance is not None
    return Moments(found.mean, found.variance)


def sum_of(count: Moments, size: Moments) -> Moments:
    """A sum of N independent sizes: E N E X, and by the law of total variance E N Var X + Var N (E X)^2."""
    return Moments(count.mean * size.mean, count.mean * size.variance + count.variance * size.mean**2)


# ---- size laws: mean and variance of a compound Poisson sum ---------------------------------------------------------------


def pareto_moment(k: int, low: float, shape: float, high: float | None = None) -> float:
    """Integrate x^k over the density shape low^shape x^(-shape-1), which a truncation divides by its mass."""
    if high is None:
        return shape * low**k / (shape - k)
    mass = 1 - (low / high) ** shape
    return shape * low**shape * (low ** (k - shape) - high ** (k - shape)) / (shape - k) / mass


Raw = Callable[[int, float], float]
LAWS: dict[str, tuple[dict[str, Any], Raw]] = {  # E X^k of a law whose sizes are `c` times larger
    "constant": ({"distribution": "constant", "value": "4 kB"}, lambda k, c: (4000 * c) ** k),
    "uniform": (
        {"distribution": "uniform", "minimum": "1 kB", "maximum": "9 kB"},
        lambda k, c: c**k * (9000 ** (k + 1) - 1000 ** (k + 1)) / ((k + 1) * 8000),
    ),
    "exponential": (
        {"distribution": "exponential", "mean": "4 kB"},
        lambda k, c: math.factorial(k) * (4000 * c) ** k,
    ),
    "gamma": (  # scale^k a (a + 1) ... (a + k - 1)
        {"distribution": "gamma", "mean": "4 kB", "shape": 0.5},
        lambda k, c: (4000 * c / 0.5) ** k * math.prod(0.5 + i for i in range(k)),
    ),
    "lognormal by median": (
        {"distribution": "lognormal", "median": "4 kB", "sigma": 0.5},
        lambda k, c: (4000 * c) ** k * math.exp(k * k * 0.5**2 / 2),
    ),
    "lognormal by mean": (
        {"distribution": "lognormal", "mean": "4 kB", "sigma": 0.5},
        lambda k, c: (4000 * c) ** k * math.exp((k * k - k) * 0.5**2 / 2),
    ),
    "pareto": (
        {"distribution": "pareto", "minimum": "4 kB", "shape": 6},
        lambda k, c: pareto_moment(k, 4000 * c, 6),
    ),
    "truncated pareto": (
        {"distribution": "pareto", "minimum": "1 kB", "shape": 1.5, "maximum": "20 kB"},
        lambda k, c: pareto_moment(k, 1000 * c, 1.5, 20_000 * c),
    ),
}


@pytest.mark.parametrize("name", LAWS)
def test_offered_bytes_have_the_cumulants_of_a_compound_poisson_sum_of_their_size_law(name: str) -> None:
    written, raw = LAWS[name]
    item = {"arrivals": {"process": "poisson", "rate": "6 per day"}, "upload": written}
    scenario = scenario_of({"item": item}, 20_000, 30 * HOUR)
    drawn = bytes_per_sim(offered(scenario))
    expected = 6 * 30 / 24  # transfers; the k-th cumulant of the sum is that many times E X^k

    assert mean_agrees(drawn, expected * raw(1, 1.0))
    assert variance_agrees(drawn, expected * raw(2, 1.0))
    assert not mean_agrees(drawn, expected * raw(1, 1.05))
    assert not variance_agrees(drawn, expected * raw(2, 1.05))
    assert theory_of(scenario) == pytest.approx((expected * raw(1, 1.0), expected * raw(2, 1.0)), rel=1e-9)


@pytest.mark.parametrize("name", LAWS)
def test_one_transfer_a_sim_has_the_mean_and_variance_of_its_size_law(name: str) -> None:
    written, raw = LAWS[name]
    item = {"arrivals": {"process": "once", "at": "1 h"}, "download": written}
    scenario = scenario_of({"item": item}, 100_000, 2 * HOUR)
    drawn = bytes_per_sim(offered(scenario))
    mean, variance = raw(1, 1.0), raw(2, 1.0) - raw(1, 1.0) ** 2

    assert mean_agrees(drawn, mean)
    assert variance_agrees(drawn, variance)
    assert not mean_agrees(drawn, 1.05 * mean)
    if variance:
        assert not variance_agrees(drawn, 1.15 * variance)
    assert theory_of(scenario) == pytest.approx((mean, variance), rel=1e-9)


def test_upload_and_download_are_independent_so_their_variances_add() -> None:
    item = {
        "arrivals": {"process": "once", "at": "1 h"},
        "upload": {"distribution": "exponential", "mean": "2 kB"},
        "download": {"distribution": "uniform", "minimum": "0 B", "maximum": "6 kB"},
    }
    scenario = scenario_of({"item": item}, 60_000, 2 * HOUR)
    found = offered(scenario)
    assert isinstance(found, Transfers)
    variance = 2000**2 + 6000**2 / 12
    assert mean_agrees(bytes_per_sim(found), 2000 + 3000)
    assert variance_agrees(bytes_per_sim(found), variance)
    assert not variance_agrees(bytes_per_sim(found), 1.05 * variance)
    assert uncorrelated(found.upload_bytes, found.download_bytes)
    assert not uncorrelated(found.upload_bytes, found.download_bytes + 0.05 * found.upload_bytes)
    assert theory_of(scenario) == pytest.approx((5000, variance), rel=1e-9)


# ---- arrival processes: how many transfers, so how many bytes ---------------------------------------------------------------


def on_a_grid(horizon_ms: float, every_ms: float) -> Moments:
    """Points of a grid of random phase in [0, horizon): floor(h / e), and one more with the probability of the rest."""
    more = horizon_ms / every_ms % 1
    return Moments(horizon_ms / every_ms, more * (1 - more))


def on_a_jittered_grid(horizon_ms: int, points: int, jitter_ms: int) -> Moments:
    """Points that a jitter leaves in [0, horizon), a grid of random phase having `points` there, one an interval e.

    Let J be uniform on -j, ..., j with j <= e / 2. The point of phase p at the beginning is lost with the probability
    a(p) = P(J < -p) = (j - p) / (2j + 1), p < j; so is the last one, a distance p before the end, with
    P(J >= p) = (j - p + 1) / (2j + 1), 0 < p <= j; and the next one, p beyond the end, comes in with a(p).
    Over the phases each of the three has the mean m = j (j + 1) / (2 (2j + 1) e) and the mean square m / 3. The first
    and the third cancel in the conditional mean, the three are independent given the phase, so the mean is
    points - m, and the variance is 3 (m - m / 3) + (m / 3 - m^2).
    """
    every_ms = horizon_ms / points
    assert jitter_ms <= every_ms / 2
    m = jitter_ms * (jitter_ms + 1) / (2 * (2 * jitter_ms + 1) * every_ms)
    return Moments(points - m, 7 * m / 3 - m * m)


def perhaps_one(probability: float) -> Moments:
    return Moments(probability, probability * (1 - probability))


@dataclass(frozen=True)
class Case:
    """An arrival process, and its transfers a SIM where its parameter (a distance, a spread) is `c` times larger."""

    arrivals: dict[str, Any]
    count: Callable[[float], Moments]
    horizon_ms: int = 30 * HOUR
    sims: int = 60_000
    near: tuple[float, float] = (1.05, 1.05)  # neighbours that mean and variance tell apart
    activation: dict[str, str] | None = None  # default: all at the start


CASES = {
    "periodic with a random phase": Case({"process": "periodic", "every": "174 min"}, lambda c: on_a_grid(30, 2.9 * c)),
    "periodic with first": Case(
        {"process": "periodic", "every": "174 min", "first": "3 h"},
        lambda c: Moments(math.ceil((30 - 3) / (2.9 * c)), 0.0),
    ),
    "poisson": Case({"process": "poisson", "rate": "6 per day"}, lambda c: Moments(7.5 / c, 7.5 / c)),
    "once, the spread beyond the horizon": Case(  # it starts on one of spread + 1 ms
        {"process": "once", "at": "10 h", "spread": "4 h"},
        lambda c: perhaps_one(HOUR / (4 * HOUR * c + 1)),
        horizon_ms=11 * HOUR,
        sims=200_000,
        near=(1.05, 1.2),
    ),
    "poisson from a random activation": Case(  # N is Poisson(rate t), the rest t of the horizon uniform on (0, 30 h)
        {"process": "poisson", "rate": "6 per day"},
        lambda c: Moments(7.5 / c / 2, 7.5 / c / 2 + (7.5 / c) ** 2 / 12),
        activation={"at": "0 s", "over": "30 h"},
    ),
}
SIZES = {
    "constant": ("1 kB", Moments(1000, 0)),
    "exponential": ({"distribution": "exponential", "mean": "1 kB"}, Moments(1000, 1000**2)),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", CASES)
def test_offered_bytes_have_the_mean_and_variance_of_their_arrival_process(name: str, size: str) -> None:
    case, (written, each) = CASES[name], SIZES[size]
    group = {} if case.activation is None else {"activation": case.activation}
    item = {"arrivals": case.arrivals, "upload": written}
    scenario = scenario_of({"item": item}, case.sims, case.horizon_ms, **group)
    drawn = bytes_per_sim(offered(scenario))
    expected = sum_of(case.count(1.0), each)

    assert mean_agrees(drawn, expected.mean)
    assert variance_agrees(drawn, expected.variance)
    assert not mean_agrees(drawn, sum_of(case.count(case.near[0]), each).mean)
    if expected.variance:
        assert not variance_agrees(drawn, sum_of(case.count(case.near[1]), each).variance)
    if case.activation is None:
        assert theory_of(scenario) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("size", SIZES)
def test_a_jitter_costs_the_transfers_that_it_carries_before_the_activation(size: str) -> None:
    written, each = SIZES[size]
    item = {"arrivals": {"process": "periodic", "every": "3 h", "jitter": "1 h"}, "upload": written}
    scenario = scenario_of({"item": item}, 60_000, 30 * HOUR)
    drawn = bytes_per_sim(offered(scenario))
    count = on_a_jittered_grid(30 * HOUR, 10, HOUR)
    expected = sum_of(count, each)

    assert mean_agrees(drawn, expected.mean)
    assert variance_agrees(drawn, expected.variance)
    denser = sum_of(on_a_jittered_grid(30 * HOUR, 11, HOUR), each)
    assert not mean_agrees(drawn, denser.mean)
    assert not variance_agrees(drawn, denser.variance)
    if not each.variance:  # else sizes drown the loss
        assert not mean_agrees(drawn, sum_of(on_a_grid(30, 3), each).mean)
    # `moments` leaves the ends out, and says so: a part of one transfer.
    said, lost = theory_of(scenario), 10 - count.mean
    assert abs(said.mean - expected.mean) <= lost * each.mean * (1 + 1e-9)
    assert abs(said.variance - expected.variance) <= 7 / 3 * lost * (each.mean**2 + each.variance)


def test_several_items_of_a_sim_add_up_as_independent_ones() -> None:
    items = {
        name: {"arrivals": {"process": "poisson", "rate": rate}, "upload": "1 kB"}
        for name, rate in {"often": "6 per day", "rarely": "2 per day"}.items()
    }
    scenario = scenario_of(items, 40_000, 30 * HOUR)
    often, rarely = (bytes_per_sim(offered(scenario, name)) for name in items)
    assert uncorrelated(often, rarely)
    assert not uncorrelated(often, rarely + 0.05 * often)
    assert variance_agrees(often + rarely, 8 * 30 / 24 * 1000**2)  # a Poisson process of the rates' sum
    assert not variance_agrees(often + rarely, 1.05 * 8 * 30 / 24 * 1000**2)


# ---- arrival processes in which chance has no part ---------------------------------------------------------------------------


def test_a_stream_offers_its_rate_while_it_flows_to_every_sim_alike() -> None:
    item = {
        "arrivals": {"process": "continuous", "from": "2 h", "until": "20 h"},
        "upload": "1 kB/s",
        "download": "500 B/s",
    }
    scenario = scenario_of({"item": item}, 1000, 30 * HOUR)
    assert set(bytes_per_sim(offered(scenario))) == {1500 * 18 * 3600}
    assert theory_of(scenario) == (1500 * 18 * 3600, 0)
    cut = scenario_of({"item": item}, 1000, 19 * HOUR)
    assert set(bytes_per_sim(offered(cut))) == {1500 * 17 * 3600}
    assert theory_of(cut) == (1500 * 17 * 3600, 0)


def test_a_stream_from_a_random_activation_offers_the_rest() -> None:
    item = {"arrivals": {"process": "continuous", "from": "2 h", "until": "20 h"}, "upload": "1 kB/s"}
    drawn = bytes_per_sim(
        offered(scenario_of({"item": item}, 20_000, 30 * HOUR, activation={"at": "0 s", "over": "20 h"}))
    )
    # 18 h with probability 2 / 20, else uniform on (0, 18 h).
    mean_h = 0.1 * 18 + 0.9 * 18 / 2
    variance_h2 = 0.1 * 18**2 + 0.9 * 18**2 / 3 - mean_h**2
    assert mean_agrees(drawn, 3.6e6 * mean_h)
    assert variance_agrees(drawn, 3.6e6**2 * variance_h2)
    assert not mean_agrees(drawn, 1.05 * 3.6e6 * mean_h)
    assert not variance_agrees(drawn, 1.05 * 3.6e6**2 * variance_h2)


def test_a_trace_offers_its_rows_and_moments_are_those_of_the_sims_in_it(tmp_path: Path) -> None:
    # SIM i has i rows of 100 + 50 bytes before the horizon, and one after it; SIM 4 comes first in the file.
    rows = [(sim, k * 1000) for sim in (4, 1, 3, 2) for k in range(sim)] + [(sim, 3 * HOUR) for sim in range(5)]
    lines = ["sim,time_ms,upload_bytes,download_bytes,duration_ms", *(f"{s},{t},100,50,0" for s, t in rows)]
    (tmp_path / "trace.csv").write_text("\n".join(lines))
    item = {"arrivals": {"process": "trace", "file": "trace.csv"}}
    scenario = scenario_of({"item": item}, 5, 2 * HOUR, folder=tmp_path)
    assert bytes_per_sim(offered(scenario)).tolist() == [0, 150, 300, 450, 600]
    # Uniform on 0, ..., 4: mean 2, variance (5^2 - 1) / 12.
    assert theory_of(scenario) == pytest.approx((2 * 150, 2 * 150**2))
    one_more = scenario_of({"item": item}, 6, 2 * HOUR, folder=tmp_path)  # its sixth SIM has no rows
    assert theory_of(one_more) == pytest.approx((10 * 150 / 6, (30 / 6 - (10 / 6) ** 2) * 150**2))


def test_a_trace_without_sims_is_replayed_by_each_from_its_activation_on(tmp_path: Path) -> None:
    # A row of 10 bytes every minute from 30 s on; activation uniform on [0, 100 min].
    lines = ["time_ms,upload_bytes,download_bytes,duration_ms", *(f"{60_000 * k + 30_000},10,0,0" for k in range(100))]
    (tmp_path / "trace.csv").write_text("\n".join(lines))
    item = {"arrivals": {"process": "trace", "file": "trace.csv"}}
    at_once = scenario_of({"item": item}, 3, 2 * HOUR, folder=tmp_path)
    assert bytes_per_sim(offered(at_once)).tolist() == [1000, 1000, 1000]
    assert theory_of(at_once) == (1000, 0)
    late = scenario_of({"item": item}, 20_000, 2 * HOUR, folder=tmp_path, activation={"at": "0 s", "over": "100 min"})
    drawn = bytes_per_sim(offered(late))
    # The rows left are 0 and 100 with probability 1 / 200 each, 1 to 99 with 1 / 100 each.
    mean, square = 50.0, (sum(k * k for k in range(1, 100)) + 100**2 / 2) / 100
    assert mean_agrees(drawn, 10 * mean)
    assert variance_agrees(drawn, 100 * (square - mean**2))
    assert not mean_agrees(drawn, 1.05 * 10 * mean)
    assert not variance_agrees(drawn, 1.05 * 100 * (square - mean**2))


# ---- when: Poisson ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def poisson() -> Transfers:
    """24 a day over 8 days: a step is a day."""
    return transfers_of({"process": "poisson", "rate": "24 per day"}, 2000, 8 * DAY)


@pytest.fixture(scope="module")
def busy() -> Transfers:
    """1,100 a day, more than a step of a day takes: steps of 12 h, of which 18 h take one and a half."""
    return transfers_of({"process": "poisson", "rate": "1100 per day"}, 1200, 18 * HOUR)


def test_above_1024_a_day_counts_have_the_mean_and_variance_of_the_whole_rate(busy: Transfers) -> None:
    drawn, expected = bytes_per_sim(busy), 1100 * 18 / 24
    assert mean_agrees(drawn, expected)
    assert variance_agrees(drawn, expected)
    assert not mean_agrees(drawn, 1.05 * expected)
    assert not variance_agrees(drawn, 1.25 * expected)  # what 1,200 SIMs tell apart
    item = {"arrivals": {"process": "poisson", "rate": "1100 per day"}, "upload": "1 B"}
    assert theory_of(scenario_of({"item": item}, 1, 18 * HOUR)) == pytest.approx((expected, expected))


def heavier_first_half(x: ArrayLike) -> Floats:
    """Distribution function on (0, 1) of times that are 5 % denser in the first half than in the second."""
    y = np.asarray(x)
    return np.where(y < 0.5, y, 0.5 + (y - 0.5) / 1.05) / (0.5 + 0.5 / 1.05)


def test_poisson_times_are_uniform_over_the_day(poisson: Transfers) -> None:
    of_day = poisson.time_ms % DAY / DAY
    assert follows(of_day, uniform(0, 1))
    assert not follows(of_day, heavier_first_half)
    by_hour = np.bincount((of_day * 24).astype(np.int64), minlength=24)
    per_hour = 2000 * 8  # one an hour: a figure of theory, not of the sample
    assert stats.chi2(24).sf(((by_hour - per_hour) ** 2 / per_hour).sum()) > LEVEL
    assert stats.chi2(24).sf(((by_hour - 1.05 * per_hour) ** 2 / (1.05 * per_hour)).sum()) < LEVEL


def test_poisson_times_are_uniform_over_shorter_steps_and_across_their_bounds(busy: Transfers) -> None:
    of_300_sims = busy.time_ms[: busy.offsets[300]] / (18 * HOUR)
    assert follows(of_300_sims, uniform(0, 1))
    assert not follows(of_300_sims, heavier_first_half)
    near_bound = busy.time_ms[abs(busy.time_ms - 12 * HOUR) < HOUR] - 11 * HOUR
    assert follows(near_bound / (2 * HOUR), uniform(0, 1))
    assert not follows(near_bound / (2 * HOUR), heavier_first_half)


def first_gaps(found: Transfers, count: int) -> Floats:
    """From the start to the first transfer, from it to the second, ...: `count` gaps of each SIM.

    Every SIM has more transfers than that: gaps picked by whether they fit the horizon would be too short.
    """
    assert np.diff(found.offsets).min() >= count
    times = found.time_ms[found.offsets[:-1, None] + np.arange(count)]
    return np.diff(times, axis=1, prepend=0).astype(np.float64)


@pytest.mark.parametrize(("process", "rate_per_day", "count"), [("poisson", 24, 100), ("busy", 1100, 400)])
def test_times_between_poisson_arrivals_are_exponential_and_independent(
    process: str, rate_per_day: int, count: int, request: pytest.FixtureRequest
) -> None:
    gaps = first_gaps(request.getfixturevalue(process), count)
    assert follows(gaps + 0.5, stats.expon(scale=DAY / rate_per_day).cdf)
    assert not follows(gaps + 0.5, stats.expon(scale=DAY / rate_per_day / 1.05).cdf)
    assert uncorrelated(gaps[:, 1:], gaps[:, :-1])
    assert not uncorrelated(gaps[:, 1:] + 0.05 * gaps[:, :-1], gaps[:, :-1])


def test_poisson_counts_of_disjoint_days_are_independent_and_poisson(poisson: Transfers) -> None:
    counts = counts_between(poisson, [day * DAY for day in range(9)])
    assert uncorrelated(counts[:, 1:], counts[:, :-1])
    assert not uncorrelated(counts[:, 1:] + 0.05 * counts[:, :-1], counts[:, :-1])
    assert variance_agrees(counts.sum(axis=1), 8 * 24)  # variances of independent days add
    assert not variance_agrees(counts.sum(axis=1), 1.2 * 8 * 24)
    classes = np.arange(14, 36)

    def fit(mean: float) -> float:
        expected = np.diff(np.concatenate([[0], stats.poisson(mean).cdf(classes), [1]])) * counts.size
        drawn = np.bincount(np.searchsorted(classes, counts.ravel()), minlength=classes.size + 1)
        return float(stats.chisquare(drawn, expected).pvalue)

    assert fit(24) > LEVEL
    assert fit(24 * 1.05) < LEVEL


def test_poisson_counts_of_disjoint_hours_and_steps_are_independent(poisson: Transfers, busy: Transfers) -> None:
    hours = counts_between(poisson, [hour * HOUR for hour in range(8 * 24 + 1)])
    assert uncorrelated(hours[:, 1:], hours[:, :-1])
    assert not uncorrelated(hours[:, 1:] + 0.05 * hours[:, :-1], hours[:, :-1])
    spans = counts_between(busy, [0, 12 * HOUR, 18 * HOUR])
    assert uncorrelated(spans[:, 0], spans[:, 1])
    assert not uncorrelated(spans[:, 0], spans[:, 1] + 0.25 * spans[:, 0])  # what 1,200 SIMs tell apart


def test_sizes_say_nothing_about_times() -> None:
    item = {
        "arrivals": {"process": "poisson", "rate": "24 per day"},
        "upload": {"distribution": "exponential", "mean": "1 kB"},
    }
    found = offered(scenario_of({"item": item}, 5000, DAY))
    assert isinstance(found, Transfers)
    of_day = found.time_ms / DAY
    assert uncorrelated(of_day, found.upload_bytes)
    assert not uncorrelated(of_day, found.upload_bytes * (1 + 0.1 * of_day))


# ---- when: periodic, with jitter, once --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", [0, 7], ids=["from the start", "from an activation"])
def test_periodic_phases_are_uniform_from_0_to_the_last_ms_before_the_distance(activation: int) -> None:
    found = transfers_of(
        {"process": "periodic", "every": "10 ms"}, 20_000, activation + 10, activation={"at": f"{activation} ms"}
    )
    assert np.diff(found.offsets).tolist() == [1] * 20_000
    assert even_on(found.time_ms, activation, activation + 9)
    assert not even_on(found.time_ms, activation, activation + 10)
    assert not even_on(found.time_ms, activation - 1, activation + 9)
    wide = transfers_of({"process": "periodic", "every": "15 min"}, 20_000, 900_000).time_ms
    assert follows(wide + 0.5, uniform(0, 900_000))
    assert not follows(wide + 0.5, uniform(0, 1.05 * 900_000))


def test_without_jitter_all_gaps_are_the_distance() -> None:
    found = transfers_of({"process": "periodic", "every": "15 min"}, 1000, DAY)
    gaps = np.diff(found.time_ms)
    of_one_sim = np.ones(gaps.size, bool)
    of_one_sim[found.offsets[1:-1] - 1] = False
    assert set(gaps[of_one_sim].tolist()) == {900_000}


def test_jitter_is_uniform_on_its_whole_numbers_of_ms_and_never_cumulative() -> None:
    found = transfers_of({"process": "periodic", "every": "1 s", "first": "500 ms", "jitter": "3 ms"}, 500, 200 * 1000)
    jitter = found.time_ms.reshape(500, 200) - (500 + 1000 * np.arange(200))
    for part in (jitter, jitter[:, :20], jitter[:, -20:]):  # as far from the grid late as early
        assert even_on(part, -3, 3)
        assert not even_on(part, -4, 4)
        assert not even_on(part, -3, 4)
        assert not even_on(part, -2, 3)
    assert variance_agrees(jitter, 3 * 4 / 3)  # ((2j + 1)^2 - 1) / 12 = j (j + 1) / 3
    assert not variance_agrees(jitter, 1.05 * 3 * 4 / 3)
    assert not even_on(np.cumsum(jitter, axis=1)[:, -20:], -3, 3)
    assert uncorrelated(jitter[:, 1:], jitter[:, :-1])
    assert not uncorrelated(jitter[:, 1:] + 0.05 * jitter[:, :-1], jitter[:, :-1])


def test_a_jitter_as_large_as_the_distance_leaves_a_uniform_stream_in_time_order() -> None:
    found = transfers_of({"process": "periodic", "every": "1 s", "jitter": "1 s"}, 2000, 100 * 1000)
    sim = np.repeat(np.arange(2000), np.diff(found.offsets))
    assert (np.diff(found.time_ms)[np.diff(sim) == 0] >= 0).all()
    # Beyond the reach of a jitter from the activation, phase + jitter leaves no instant of the second better served.
    settled = found.time_ms[(found.time_ms >= 2000) & (found.time_ms < 99_000)]
    assert even_on(settled % 1000 // 10, 0, 99)
    assert not even_on((settled % 1000 * 0.99).astype(np.int64) // 10, 0, 99)
    by_second = np.bincount(settled // 1000)[2:]
    # One a second and SIM, with a variance of at most 1: given the phase, the count is a sum of independent chances.
    assert mean_agrees(by_second, 2000)
    assert not mean_agrees(by_second, 1.05 * 2000)
    assert (abs(by_second - 2000) <= BOUND * math.sqrt(2000)).all()
    assert not (abs(by_second - 1.15 * 2000) <= BOUND * math.sqrt(2000)).all()


def test_once_is_uniform_from_at_to_at_and_spread_both_included() -> None:
    times = transfers_of({"process": "once", "at": "1 s", "spread": "4 ms"}, 20_000, 2000).time_ms
    assert even_on(times, 1000, 1004)
    assert not even_on(times, 1000, 1003)
    assert not even_on(times, 1000, 1005)
    assert not even_on(times, 999, 1004)
    wide = transfers_of({"process": "once", "at": "10 h", "spread": "4 h"}, 20_000, 20 * HOUR).time_ms
    assert follows(wide, uniform(10 * HOUR, 14 * HOUR))
    assert not follows(wide, uniform(10 * HOUR, 10 * HOUR + 1.05 * 4 * HOUR))
    exact = transfers_of({"process": "once", "at": "10 h"}, 1000, 20 * HOUR).time_ms
    assert set(exact.tolist()) == {10 * HOUR}


def test_a_shape_fills_the_spread_as_its_beta_law_says_and_not_as_a_neighbour() -> None:
    shaped = {"process": "once", "at": "10 h", "spread": "4 h", "shape": "beta(3, 4)"}
    times = transfers_of(shaped, 20_000, 20 * HOUR).time_ms
    assert follows(times, stats.beta(3, 4, 10 * HOUR, 4 * HOUR).cdf)
    assert not follows(times, stats.beta(3, 4.2, 10 * HOUR, 4 * HOUR).cdf)
    # mean 3 / 7 of the spread, variance 3 * 4 / (7^2 * 8) of its square
    assert mean_agrees(times, 10 * HOUR + 3 / 7 * 4 * HOUR)
    assert not mean_agrees(times, 10 * HOUR + 0.44 * 4 * HOUR)
    assert variance_agrees(times, 12 / 392 * (4 * HOUR) ** 2)
    # both ends belong to it, and nothing beyond
    steep = transfers_of(shaped | {"spread": "2 ms", "shape": "beta(0.1, 0.1)"}, 1000, 20 * HOUR).time_ms
    assert set(steep.tolist()) == {10 * HOUR, 10 * HOUR + 1, 10 * HOUR + 2}


def test_moments_of_a_shaped_spread_count_what_is_due_by_then() -> None:
    item = {
        "arrivals": {"process": "once", "at": "10 h", "spread": "4 h", "shape": "beta(3, 4)"},
        "upload": {"distribution": "exponential", "mean": "3 kB"},
    }
    # I_x(3, 4) = sum over k >= 3 of C(6, k) x^k (1 - x)^(6 - k): 42 / 64 at the half, 694 / 4096 at the quarter
    due = {12 * HOUR: 42 / 64, 11 * HOUR: 694 / 4096, 10 * HOUR: 0.0, 14 * HOUR + 1: 1.0, 20 * HOUR: 1.0}
    long = scenario_of({"item": item}, 1, 20 * HOUR)
    for begin, end in ((0, 12 * HOUR), (11 * HOUR, 12 * HOUR), (12 * HOUR, 20 * HOUR), (0, 14 * HOUR + 1)):
        probability = due[end] - due.get(begin, 0.0)
        found = moments(long, groups(long)[0], "item", begin, end)
        assert found.mean == pytest.approx(probability * 3000, rel=1e-6)
        assert found.variance == pytest.approx(probability * 3000**2 * (2 - probability), rel=1e-6)
    # what is offered until a horizon within the spread has those moments
    short = scenario_of({"item": item}, 40_000, 12 * HOUR)
    per_sim = bytes_per_sim(offered(short))
    theory = theory_of(short)
    assert mean_agrees(per_sim, theory.mean)
    assert variance_agrees(per_sim, theory.variance)
    assert not mean_agrees(per_sim, 0.5 * 3000)  # half of them are due by then in a uniform spread
