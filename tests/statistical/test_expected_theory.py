"""What `validate` expects of a fleet against 300 SIMs that are simulated.

Seeds are fixed. A check allows four standard errors; each has a negative control. Where theory is an approximation, a
share of SIMs is allowed two percentage points more.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import ArrayLike

import fleetsim
from fleetsim.experiments.expected import Theory
from fleetsim.experiments.lookups import OnOffRequests, PeriodicRequests, PoissonRequests, Source, lookups_per_ms
from fleetsim.experiments.outlook import Outlook
from fleetsim.scenario import Scenario
from fleetsim.scenario.fleet import groups
from fleetsim.scenario.load import load_text
from fleetsim.traffic import group_moments

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
BOUND = 4.0
ROUGH = 0.02

POISSON = "{arrivals: {process: poisson, rate: 30 per day}, upload: {distribution: exponential, mean: 2 kB}}"
PROFILE = POISSON.replace("per day", "per day, profile: human")
ON_OFF = "{arrivals: {process: on-off, rate: 1 per min, on: 10 min, off: 3 h}, upload: {distribution: gamma, mean: 700 B, shape: 2}}"
PERIODIC = "{arrivals: {process: periodic, every: 40 min, jitter: 2 min}, upload: 300 B, download: 90 B}"
ONCE = "{arrivals: {process: once, at: 6 days, spread: 8 days}, download: 100 kB}"

KINDS = {
    "alike": f"traffic: {{a: {POISSON}, b: {PERIODIC}, c: {ONCE}}}",
    "profile": f"traffic: {{a: {PROFILE}, b: {PERIODIC}}}",
    "on-off": f"traffic: {{a: {ON_OFF}}}",
    "rate_spread": f"rate_spread: 0.6, traffic: {{a: {PROFILE}, b: {ON_OFF}, c: {PERIODIC}}}",
    "monthly_use": f"monthly_use: {{median: 2 MB, p95: 5 MB}}, traffic: {{a: {POISSON}, b: {PERIODIC}, c: {ONCE}}}",
}


def mean_agrees(sample: ArrayLike, mean: float) -> bool:
    """Is the sample's mean within four standard errors of `mean`?"""
    x = np.asarray(sample, np.float64)
    return bool(abs(x.mean() - mean) <= BOUND * x.std(ddof=1) / math.sqrt(x.size))


def share_agrees(sample: ArrayLike, share: float) -> bool:
    """Is the share of what holds in the sample near `share`?"""
    x = np.asarray(sample, bool)
    error = math.sqrt(max(share * (1 - share), 1 / x.size) / x.size)
    return bool(abs(x.mean() - share) <= BOUND * error + ROUGH)


def text_of(kind: str, limit: str = "unlimited", *, dns: bool = True, extra: str = "") -> str:
    lookups = "dns: {query: 70 B, response: 150 B, cache_ttl: 5 min}," if dns else ""
    return (
        "{start: 2026-01-05, duration: 10 days, seed: 20260105, timezone: Europe/Berlin, platform: {billing_period:"
        f" 10 days}}, fleets: {{f: {{any_limit: true, data_limit: {limit}, devices: {{g: {{count: 300, {extra} {lookups}"
        f" {KINDS[kind]}}}}}}}}}}}"
    )


@cache
def simulated(kind: str) -> tuple[Scenario, pd.DataFrame]:
    scenario = load_text(text_of(kind))
    return scenario, fleetsim.run(scenario, replications=1, workers=1).sim_periods


@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_and_the_spread_of_used_bytes_are_those_of_simulated_sims(kind: str) -> None:
    scenario, rows = simulated(kind)
    use = Theory(scenario, groups(scenario)[0]).use(0, scenario.horizon_ms)
    assert use is not None
    assert use.deviation is not None
    used = rows["used_bytes"].to_numpy(np.float64)
    error = used.std(ddof=1) / math.sqrt(used.size)
    assert mean_agrees(used, use.expected)
    assert not mean_agrees(used, use.expected + 9 * error)
    assert mean_agrees((used - used.mean()) ** 2, use.deviation**2)
    assert not mean_agrees((used - used.mean()) ** 2, 3 * use.deviation**2)


@pytest.mark.parametrize("kind", KINDS)
def test_lookups_are_nearly_those_of_simulated_sims(kind: str) -> None:
    scenario, rows = simulated(kind)
    theory, group = Theory(scenario, groups(scenario)[0]), groups(scenario)[0]
    use, offered = theory.use(0, scenario.horizon_ms), group_moments(scenario, group, 0, scenario.horizon_ms).mean
    assert use is not None
    assert offered is not None
    lookups = rows["dns_bytes"].to_numpy(np.float64)
    allowed = 0.02 * lookups.mean() + BOUND * lookups.std(ddof=1) / math.sqrt(lookups.size)
    assert use.expected - offered == pytest.approx(lookups.mean(), abs=allowed)
    assert allowed < 0.2 * lookups.mean()


@pytest.mark.parametrize("kind", KINDS)
def test_without_lookups_the_mixture_has_the_moments_of_the_traffic(kind: str) -> None:
    scenario = load_text(text_of(kind, dns=False))
    group = groups(scenario)[0]
    use = Theory(scenario, group).use(DAY, 9 * DAY)
    assert use is not None
    mean, variance = group_moments(scenario, group, DAY, 9 * DAY)
    assert (use.expected, (use.deviation or 0) ** 2) == pytest.approx((mean, variance), rel=1e-9)


@pytest.mark.parametrize("q", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("kind", KINDS)
def test_the_share_of_sims_above_a_limit_is_that_of_simulated_sims(kind: str, q: float) -> None:
    _, rows = simulated(kind)
    used = rows["used_bytes"].to_numpy()
    limit = int(np.quantile(used, q))
    scenario = load_text(text_of(kind, f"{limit} B"))
    share = Outlook(scenario, groups(scenario)[0]).crossing.share
    assert share_agrees(used > limit, share)
    assert not share_agrees(used > limit, share + 0.25)
    use = Theory(scenario, groups(scenario)[0]).use(0, scenario.horizon_ms)
    assert use is not None
    assert share_agrees(used > use.quantile(q), 1 - q)


def test_sims_in_the_middle_of_a_period_cross_as_often_and_as_early_as_simulated_ones(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    used, age_ms = random.integers(0, 1_400_000, 300), random.integers(1, 10 * DAY, 300)
    start = np.datetime64("2026-01-05", "ms")
    lines = [f"{i},{start - age}Z,{size}" for i, (size, age) in enumerate(zip(used, age_ms, strict=True))]
    (tmp_path / "sims.csv").write_text("\n".join(["sim,period_start,used_bytes", *lines]) + "\n")
    limit = 1_400_000

    def loaded(limit: str) -> Scenario:
        path = tmp_path / "s.yaml"
        path.write_text(text_of("monthly_use", limit, extra="initial: {file: sims.csv},"))
        return fleetsim.load(path)

    result = fleetsim.run(loaded(f"{limit} B"), replications=1, workers=1).sim_periods
    first = result[result["period"] == 0]
    expected = Outlook(loaded(f"{limit} B"), groups(loaded(f"{limit} B"))[0]).crossing_now
    assert expected is not None
    blocked = first["blocks"].to_numpy() > 0
    assert 30 < blocked.sum() < 270
    assert share_agrees(blocked, expected.share)
    assert not share_agrees(blocked, expected.share + 0.2)
    # Half of those that cross have crossed by the median: so says a sample of them but for its own spread.
    days = (first["first_blocked_at"][blocked] - pd.Timestamp(start, tz="UTC")) / pd.Timedelta(days=1)
    assert expected.half_ms is not None
    share = (days <= expected.half_ms / DAY).mean()
    assert abs(share - 0.5) <= BOUND * 0.5 / math.sqrt(blocked.sum()) + ROUGH


# ---- lookups of several sources --------------------------------------------------------------------------------------


def requests(source: Source, span: float, random: np.random.Generator) -> np.ndarray:
    match source:
        case PeriodicRequests(every, jitter):
            points = np.arange(int(span / every)) * every + random.uniform(0, every)
            return points + random.uniform(-1, 1, points.size) * jitter
        case PoissonRequests(per_ms):
            return random.uniform(0, span, random.poisson(span * per_ms))
        case OnOffRequests(rate, on, off):
            cycles = int(1.2 * span / (on + off)) + 50
            lengths = random.exponential([on, off], (cycles, 2))
            begins = np.cumsum(lengths.ravel())[1::2] - lengths[:, 1] - lengths[:, 0]
            counts = random.poisson(lengths[:, 0] * rate)
            found = np.repeat(begins, counts) + random.uniform(0, 1, counts.sum()) * np.repeat(lengths[:, 0], counts)
            return found[found < span]
    raise TypeError(source)


ON_AND_OFF = OnOffRequests(1 / MINUTE, 10 * MINUTE, 120 * MINUTE)
SOURCES: dict[str, tuple[list[Source], float]] = {
    "one grid": ([PeriodicRequests(2 * MINUTE)], 5 * MINUTE),
    "a grid with jitter": ([PeriodicRequests(5 * MINUTE, MINUTE / 2)], 5 * MINUTE),
    "a grid and a stream": ([PeriodicRequests(15 * MINUTE, MINUTE / 2), PoissonRequests(30 / DAY)], 5 * MINUTE),
    "attempts among transfers": ([PeriodicRequests(2 * MINUTE), PeriodicRequests(15 * MINUTE, MINUTE / 2)], 5 * MINUTE),
    "on and off": ([ON_AND_OFF], 5 * MINUTE),
    "on and off, and a stream": ([ON_AND_OFF, PoissonRequests(24 / DAY)], 5 * MINUTE),
    "two streams and a grid": (
        [PeriodicRequests(20 * MINUTE, 5000.0), PoissonRequests(8 / DAY), PoissonRequests(50 / DAY)],
        60 * MINUTE,
    ),
}


@pytest.mark.parametrize("name", SOURCES)
def test_the_rate_of_lookups_is_within_five_percent_of_a_cache_that_is_played_through(name: str) -> None:
    sources, ttl = SOURCES[name]
    random, span = np.random.default_rng(3), 800 * DAY
    instants = np.sort(np.concatenate([requests(source, span, random) for source in sources]))
    last, count = -math.inf, 0
    for instant in instants.tolist():
        if instant - last >= ttl:
            last, count = instant, count + 1
    assert lookups_per_ms(sources, int(ttl)) == pytest.approx(count / span, rel=0.05)
    assert lookups_per_ms(sources, int(1.6 * ttl)) != pytest.approx(count / span, rel=0.05)
