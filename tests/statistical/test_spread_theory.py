"""SIMs that differ, rates that vary with the hour, bursts: against theory, with negative controls as in
test_traffic_theory. Formulas are derived here; the package's own moments are held to them.
"""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate, stats

from fleetsim.experiments.expected import expected_use
from fleetsim.scenario import Scenario
from fleetsim.scenario.fleet import groups, streams
from fleetsim.scenario.load import load_text
from fleetsim.traffic import Transfers, group_moments, moments, offer
from fleetsim.traffic.on_off import TimesOn, times_on
from fleetsim.traffic.spread import factors
from tests.statistical.test_traffic_theory import (
    BOUND,
    DAY,
    HOUR,
    LEVEL,
    bytes_per_sim,
    counts_between,
    follows,
    mean_agrees,
    offered,
    scenario_of,
    theory_of,
    uncorrelated,
    variance_agrees,
)

POISSON = {"process": "poisson", "rate": "6 per day"}
ON_OFF = {"process": "on-off", "rate": "12 per h", "on": "30 min", "off": "90 min"}


def rate_factors(scenario: Scenario, replication: int = 0) -> NDArray[np.float64]:
    group = groups(scenario)[0]
    drawn = factors(group.devices, streams(scenario, group, replication, np.arange(group.devices.count))).rate
    assert drawn is not None
    return drawn


def transfers(scenario: Scenario, item: str = "item") -> Transfers:
    found = offered(scenario, item)
    assert isinstance(found, Transfers)
    return found


# ---- a factor on the rates ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [0.1, 0.4, 1.0])
def test_the_factor_on_the_rates_has_mean_1_and_the_variance_of_its_sigma(sigma: float) -> None:
    drawn = rate_factors(scenario_of({"item": {"arrivals": POISSON, "upload": "1 B"}}, 100_000, DAY, rate_spread=sigma))
    assert mean_agrees(drawn, 1.0)
    assert not mean_agrees(drawn, 1.0 + 0.05 * sigma)
    assert follows(np.log(drawn), stats.norm(-(sigma**2) / 2, sigma).cdf)
    assert not follows(np.log(drawn), stats.norm(-(sigma**2) / 2, 1.05 * sigma).cdf)
    if sigma < 1:  # with 1 the fourth moment is too large for a test of the variance
        assert variance_agrees(drawn, math.expm1(sigma**2))
        assert not variance_agrees(drawn, 1.1 * math.expm1(sigma**2))
    assert np.array_equal(drawn * 2**20, np.rint(drawn * 2**20))


def test_the_factor_is_drawn_anew_in_each_replication() -> None:
    scenario = scenario_of({"item": {"arrivals": POISSON, "upload": "1 B"}}, 20_000, DAY, rate_spread=0.4)
    first, second = (rate_factors(scenario, replication) for replication in (0, 1))
    assert uncorrelated(first, second)
    assert not uncorrelated(first, second + 0.1 * first)


def test_transfers_of_sims_that_differ_are_a_mixed_poisson_count() -> None:
    # N given the factor L is Poisson(6 L): E N = 6, Var N = 6 + 36 (e^(sigma^2) - 1).
    scenario = scenario_of({"item": {"arrivals": POISSON, "upload": "1 B"}}, 100_000, DAY, rate_spread=0.4)
    drawn = bytes_per_sim(offered(scenario))
    variance = 6 + 36 * math.expm1(0.4**2)
    assert mean_agrees(drawn, 6)
    assert variance_agrees(drawn, variance)
    assert not mean_agrees(drawn, 1.01 * 6)
    assert not variance_agrees(drawn, 6 + 36 * math.expm1(0.37**2))
    assert theory_of(scenario) == pytest.approx((6, variance), rel=1e-9)


def test_given_its_factor_a_sim_is_a_poisson_process_with_even_times() -> None:
    scenario = scenario_of({"item": {"arrivals": POISSON, "upload": "1 B"}}, 40_000, 3 * DAY, rate_spread=0.4)
    found, factor = transfers(scenario), rate_factors(scenario)
    daily = counts_between(found, [0, DAY, 2 * DAY, 3 * DAY])
    # Pearson's residuals (N - 6 L) / sqrt(6 L) have mean 0 and variance 1, and days are independent given L.
    residual = (daily - 6 * factor[:, None]) / np.sqrt(6 * factor[:, None])
    assert mean_agrees(residual.ravel(), 0.0)
    assert mean_agrees(residual.ravel() ** 2, 1.0)
    assert uncorrelated(residual[:, 0], residual[:, 2])
    assert not uncorrelated(daily[:, 0], daily[:, 2])  # they share the factor
    assert follows(found.time_ms[:100_000], stats.uniform(0, 3 * DAY).cdf)


def test_all_items_of_a_sim_have_one_factor_and_its_total_has_the_variance_that_comes_of_it() -> None:
    # Periodic traffic has no factor. Of the others: E Var = 6 + Var of the on-off count given L, averaged over L;
    # and their means, 6 and 72, move together: Var L * (6 + 72)^2.
    items = {
        "poisson": {"arrivals": POISSON, "upload": "1 kB"},
        "on-off": {"arrivals": ON_OFF, "upload": "1 kB"},
        "periodic": {"arrivals": {"process": "periodic", "every": "5 h"}, "upload": "1 kB"},
    }
    scenario = scenario_of(items, 30_000, DAY, rate_spread=0.4)
    each = [bytes_per_sim(offered(scenario, item)) for item in items]
    total = sum(each)
    spread = math.expm1(0.4**2)
    given = 6 + 72 + (1 + spread) * 12**2 * on_time_variance(0.5, 1.5, 24)
    grid = 0.8 * 0.2  # of 24 h / 5 h = 4.8 points
    variance = 1e6 * (given + spread * 78**2 + grid)
    assert mean_agrees(total, 1000 * (78 + 4.8))
    assert variance_agrees(total, variance)
    assert not variance_agrees(total, variance - 1e6 * spread * 2 * 6 * 72)  # as if items were independent
    assert not uncorrelated(each[0], each[1])
    assert uncorrelated(each[0], each[2])

    group = groups(scenario)[0]
    assert group_moments(scenario, group, 0, DAY) == pytest.approx((82_800, variance), rel=1e-9)
    assert expected_use(scenario, group, 0, DAY) == pytest.approx((82_800, math.sqrt(variance)), rel=1e-9)
    alone = [moments(scenario, group, item, 0, DAY).variance for item in items]
    assert sum(filter(None, alone)) == pytest.approx(variance - 1e6 * spread * 2 * 6 * 72, rel=1e-9)


# ---- rates by the local hour -----------------------------------------------------------------------------------------------


def by_hour(weights: Any, timezone: str, sims: int, duration_ms: int, **group: Any) -> Scenario:
    """Six transfers a day of 1 byte, from a week before the clock goes back in Berlin."""
    item = {"arrivals": {**POISSON, "profile": weights}, "upload": "1 B"}
    document = {
        "start": "2026-10-18T22:00:00Z",  # a Monday in Berlin, 0 h
        "duration": f"{duration_ms} ms",
        "seed": 20260101,
        "timezone": timezone,
        "fleets": {
            "fleet": {
                "data_limit": "unlimited",
                "devices": {"group": {"count": sims, "traffic": {"item": item}, **group}},
            }
        },
    }
    return load_text(json.dumps(document))


OFFICE = [.32, .24, .16, .12, .11, .15, .24, .75, 1.55, 1.93, 1.99, 2.01, 2.01, 2.02, 1.95, 1.80, 1.52, 1.16, .82, .73,
          .70, .67, .61, .44]  # fmt: skip


def test_transfers_fall_into_the_local_hours_as_their_weights_say() -> None:
    # Two weeks from Monday 19 October: on the 25th the hour 2 comes twice in Berlin.
    found = transfers(by_hour("office-hours", "Europe/Berlin", 5000, 14 * DAY))
    change = 6 * DAY + 3 * HOUR  # from the start to the instant at which 3 h becomes 2 h
    hours = np.array([14.0] * 24)
    hours[2] += 1
    hours[23] -= 1  # the last hour of the two weeks lies beyond 14 times 24 h
    theory = hours * OFFICE / np.dot(hours, OFFICE)

    def p_value(back_ms: int) -> float:
        local = (found.time_ms - np.where(found.time_ms >= change, back_ms, 0)) // HOUR % 24
        return float(stats.chisquare(np.bincount(local, minlength=24), theory * local.size).pvalue)

    assert p_value(HOUR) > LEVEL
    assert p_value(0) < LEVEL  # the hours of the day in UTC + 2 all along
    within = found.time_ms % HOUR
    assert follows(within[:100_000], stats.uniform(0, HOUR).cdf)


def test_a_profile_moves_the_mean_of_a_part_of_a_day_and_leaves_it_a_poisson_count() -> None:
    mean = 6 / sum(OFFICE) * (0.5 * OFFICE[7] + OFFICE[8] + OFFICE[9] + 0.25 * OFFICE[10])
    scenario = by_hour(OFFICE, "Europe/Berlin", 100_000, DAY)
    begin, end = 15 * HOUR // 2, 41 * HOUR // 4
    drawn = counts_between(transfers(scenario), [0, begin, end, DAY])[:, 1]
    assert mean_agrees(drawn, mean)
    assert variance_agrees(drawn, mean)
    assert not mean_agrees(drawn, 2.75 * 6 / 24)  # without the profile
    assert not variance_agrees(drawn, 1.05 * mean)
    group = groups(scenario)[0]
    assert moments(scenario, group, "item", begin, end) == pytest.approx((mean, mean), rel=1e-9)
    assert moments(scenario, group, "item", 0, DAY) == pytest.approx((6, 6), rel=1e-9)


def test_the_presets_weights_are_the_published_ones() -> None:
    human = [.80, .57, .39, .29, .24, .23, .30, .49, .78, .99, 1.14, 1.25, 1.35, 1.40, 1.37, 1.35, 1.39, 1.44, 1.48,
             1.46, 1.40, 1.38, 1.33, 1.16]  # fmt: skip
    for name, weights in (("human", human), ("office-hours", OFFICE)):
        named, listed = by_hour(name, "UTC", 1, DAY), by_hour(weights, "UTC", 1, DAY)
        assert named == listed


def test_profile_and_factor_go_together() -> None:
    scenario = by_hour(OFFICE, "Europe/Berlin", 60_000, DAY, rate_spread=0.4)
    drawn = counts_between(transfers(scenario), [0, 8 * HOUR, 12 * HOUR, DAY])[:, 1]
    mean = 6 / sum(OFFICE) * sum(OFFICE[8:12])
    variance = mean + mean**2 * math.expm1(0.4**2)
    assert mean_agrees(drawn, mean)
    assert variance_agrees(drawn, variance)
    assert not variance_agrees(drawn, mean)
    found = moments(scenario, groups(scenario)[0], "item", 8 * HOUR, 12 * HOUR)
    assert found == pytest.approx((mean, variance), rel=1e-9)


# ---- on and off -----------------------------------------------------------------------------------------------------------


def on_time_variance(on: float, off: float, span: float) -> float:
    """Variance of the time on in a span, stationary: its covariance integrated over the square, without a closed form.

    P(on at u and at v) - p^2 = p (1 - p) exp(-|u - v| (1 / on + 1 / off)) with p = on / (on + off).
    """
    p, s = on / (on + off), 1 / on + 1 / off
    found, _ = integrate.quad(lambda u: 2 * (span - u) * p * (1 - p) * math.exp(-u * s), 0, span, epsrel=1e-12)
    return float(found)


@pytest.mark.parametrize("hours", [0.25, 2, 30])
def test_transfers_of_bursts_are_an_interrupted_poisson_count_in_any_span(hours: float) -> None:
    begin, span = 5 * HOUR, int(hours * HOUR)
    end = begin + span + HOUR
    scenario = scenario_of({"item": {"arrivals": ON_OFF, "upload": "1 B"}}, 30_000, end)
    drawn = counts_between(transfers(scenario), [0, begin, begin + span, end])[:, 1]
    mean = 12 * 0.25 * hours
    variance = mean + 12**2 * on_time_variance(0.5, 1.5, hours)
    assert mean_agrees(drawn, mean)
    assert variance_agrees(drawn, variance)
    assert not mean_agrees(drawn, 1.07 * mean)
    assert not variance_agrees(drawn, mean + 12**2 * on_time_variance(0.55, 1.65, hours + 0.1))
    found = moments(scenario, groups(scenario)[0], "item", begin, begin + span)
    assert found == pytest.approx((mean, variance), rel=1e-9)


def test_the_moments_of_a_span_far_shorter_than_the_states_are_right() -> None:
    scenario = scenario_of({"item": {"arrivals": ON_OFF, "upload": "1 B"}}, 1, DAY)
    for span in (1, 100, 2000):
        variance = 12 / HOUR * 0.25 * span + (12 / HOUR) ** 2 * on_time_variance(HOUR / 2, 1.5 * HOUR, span)
        found = moments(scenario, groups(scenario)[0], "item", 0, span)
        assert found.variance == pytest.approx(variance, rel=1e-9)


def times_of(scenario: Scenario, end_ms: int) -> TimesOn:
    group = groups(scenario)[0]
    chance = streams(scenario, group, 0, np.arange(group.devices.count), "item")
    arrivals = group.devices.traffic["item"].arrivals
    return times_on(arrivals, chance, end_ms)  # type: ignore[arg-type]


def test_states_are_stationary_and_their_times_exponential() -> None:
    scenario = scenario_of({"item": {"arrivals": ON_OFF, "upload": "1 B"}}, 20_000, DAY)
    times = times_of(scenario, DAY)
    sim = times.start_ms // DAY
    start, end = times.start_ms % DAY, times.start_ms % DAY + times.length_ms
    for instant in (0, 7 * HOUR, DAY - 1):  # on with the probability 1/4 at each
        on = int(np.sum((start <= instant) & (instant < end)))
        assert abs(on - 5000) <= BOUND * math.sqrt(20_000 * 0.25 * 0.75)
        assert abs(on - 5500) > BOUND * math.sqrt(20_000 * 0.25 * 0.75)
    # The first times that begin in the first hours end, for all but nearly none, before the end of the day.
    early = (start > 0) & (start < 6 * HOUR)
    first = np.unique(sim[early], return_index=True)[1]
    length = times.length_ms[early][first]
    assert follows(length, stats.expon(0, 0.5 * HOUR).cdf)
    assert not follows(length, stats.expon(0, 0.53 * HOUR).cdf)
    # What is left of the state at the start is exponential as well.
    assert follows(times.length_ms[start == 0], stats.expon(0, 0.5 * HOUR).cdf)
    gap = (start[1:] - end[:-1])[(sim[1:] == sim[:-1]) & (end[:-1] < 6 * HOUR)]
    assert follows(gap[:: gap.size // 20_000], stats.expon(0, 1.5 * HOUR).cdf)


def test_transfers_start_while_their_sim_is_on_and_evenly_in_that_time() -> None:
    scenario = scenario_of({"item": {"arrivals": ON_OFF, "upload": "1 B"}}, 4000, DAY)
    found, times = transfers(scenario), times_of(scenario, DAY)
    at = np.repeat(np.arange(4000), np.diff(found.offsets)) * DAY + found.time_ms
    k = np.searchsorted(times.start_ms, at, side="right") - 1
    into = at - times.start_ms[k]
    assert np.all(into < times.length_ms[k])
    assert follows((into + 0.5) / times.length_ms[k], stats.uniform(0, 1).cdf)


@pytest.mark.parametrize(("on", "off"), [("1 min", "10 min"), ("1 ms", "3 ms"), ("5 days", "2 days")])
def test_time_on_until_an_instant_is_what_a_walk_through_the_states_finds(on: str, off: str) -> None:
    arrivals = {"process": "on-off", "rate": "12 per h", "on": on, "off": off}
    end = 3000 if on == "1 ms" else DAY
    scenario = scenario_of({"item": {"arrivals": arrivals, "upload": "1 B"}}, 40, DAY)
    times = times_of(scenario, end)
    edges = np.arange(7) * (end // 6)
    found = times.until(edges)
    for sim in range(40):
        own = times.start_ms // end == sim
        spans = [
            (a - sim * end, a - sim * end + n) for a, n in zip(times.start_ms[own], times.length_ms[own], strict=True)
        ]
        assert all(0 <= a < b <= end for a, b in spans)
        assert all(b <= c for (_, b), (c, _) in itertools.pairwise(spans))
        assert found[sim].tolist() == [sum(max(min(b, edge) - a, 0) for a, b in spans) for edge in edges]
        for position in {0, int(found[sim, -1]) // 2, int(found[sim, -1]) - 1} if found[sim, -1] else ():
            left = position
            for a, b in spans:
                if left < b - a:
                    break
                left -= b - a
            assert times.instants_ms(np.array([sim]), np.array([position])).tolist() == [a + left]


def test_any_sim_of_a_bursty_group_can_be_drawn_by_itself() -> None:
    scenario = scenario_of({"item": {"arrivals": ON_OFF, "upload": "1 B"}}, 30, DAY, rate_spread=0.4)
    group = groups(scenario)[0]

    def own(numbers: list[int]) -> list[list[tuple[int, int, int, int]]]:
        block = np.array(numbers)
        found = offer(scenario, group, "item", 0, block, np.zeros(block.size, np.int64))
        assert isinstance(found, Transfers)
        return [list(found.of(i)) for i in range(block.size)]

    whole = own(list(range(30)))
    assert own([17, 3]) == [whole[17], whole[3]]


# ---- a factor on the sizes --------------------------------------------------------------------------------------------------

USE = {"median": "3 MB", "p95": "9 MB"}


def share_agrees(below: Any, share: float) -> bool:
    """Is a share of SIMs within four standard errors of `share`?"""
    hits = np.asarray(below)
    return bool(abs(hits.mean() - share) <= BOUND * math.sqrt(share * (1 - share) / hits.size))


@pytest.mark.parametrize("seed_item", ["meter", "tracker"])
def test_expected_use_has_the_median_and_the_p95_that_were_asked_for(seed_item: str) -> None:
    # Chance has no part in a periodic item of constant sizes: what a SIM moves in 30 days is what it is expected to.
    arrivals = {"process": "periodic", "every": "6 h", "first": "0 s"}
    item = {"arrivals": arrivals, "upload": "20 kB", "download": "7 kB"}
    scenario = scenario_of({seed_item: item}, 4000, 30 * DAY, monthly_use=USE)
    use = bytes_per_sim(offered(scenario, seed_item))
    assert share_agrees(use <= 3e6, 0.5)
    assert share_agrees(use <= 9e6, 0.95)
    assert not share_agrees(use <= 3.2e6, 0.5)
    assert not share_agrees(use <= 11e6, 0.95)
    sigma = math.log(3) / stats.norm.ppf(0.95)
    assert follows(np.log(use), stats.norm(math.log(3e6), sigma).cdf)
    # E over SIMs of the use is median e^(sigma^2 / 2); its variance, all of it the factor's, e^(sigma^2) - 1 times that^2.
    mean = 3e6 * math.exp(sigma**2 / 2)
    found = group_moments(scenario, groups(scenario)[0], 0, 30 * DAY)
    assert found == pytest.approx((mean, math.expm1(sigma**2) * mean**2), rel=1e-6)


def test_the_factor_scales_all_but_single_transfers_and_streams_and_leaves_their_times() -> None:
    size = {"distribution": "exponential", "mean": "2 kB"}
    items = {
        "periodic": {"arrivals": {"process": "periodic", "every": "2 h", "jitter": "5 min"}, "upload": size},
        "poisson": {"arrivals": POISSON, "upload": "1 kB", "download": size},
        "on-off": {"arrivals": ON_OFF, "download": size},
        "once": {"arrivals": {"process": "once", "at": "2 h"}, "download": "1 MB"},
    }
    plain, scaled = (scenario_of(items, 300, DAY, **group) for group in ({}, {"monthly_use": USE}))
    group = groups(scaled)[0]
    own = factors(group.devices, streams(scaled, group, 0, np.arange(300)))
    assert own.rate is None
    assert own.size is not None
    # 12 * 2 kB + 6 * 3 kB + 72 * 2 kB a day
    bytes_of_30_days = 30 * (12 * 2000 + 6 * 3000 + 72 * 2000)
    assert group.devices.month_bytes == bytes_of_30_days
    drawn = own.size * bytes_of_30_days  # whole bytes
    assert np.all(np.abs(drawn - np.rint(drawn)) < 1e-6)
    for name in items:
        before, after = transfers(plain, name), transfers(scaled, name)
        assert np.array_equal(before.time_ms, after.time_ms)
        factor = np.repeat(own.size, np.diff(after.offsets)) if name != "once" else 1.0
        for part in ("upload_bytes", "download_bytes"):
            assert np.array_equal(getattr(after, part), np.rint(getattr(before, part) * factor))


def test_a_scaled_group_has_the_moments_of_a_product() -> None:
    # Given the factor F the use has the mean F M and the variance F^2 V: in all F's mean square * V + Var F * M^2.
    items = {
        "periodic": {"arrivals": {"process": "periodic", "every": "5 h"}, "upload": "4 kB"},
        "poisson": {"arrivals": POISSON, "upload": {"distribution": "exponential", "mean": "8 kB"}},
        "update": {"arrivals": {"process": "once", "at": "2 h"}, "download": "100 kB"},
    }
    scenario = scenario_of(items, 100_000, DAY, monthly_use={"median": "3 MB", "p95": "4.5 MB"})
    sigma = math.log(1.5) / stats.norm.ppf(0.95)
    mean = 4.8 * 4000 + 6 * 8000
    variance = 0.16 * 4000**2 + 6 * 2 * 8000**2
    factor = 3e6 * math.exp(sigma**2 / 2) / (30 * mean)
    square = factor**2 * math.exp(sigma**2)
    expected = (factor * mean + 100_000, square * variance + (square - factor**2) * mean**2)
    total = sum(bytes_per_sim(offered(scenario, item)) for item in items)
    assert mean_agrees(total, expected[0])
    assert variance_agrees(total, expected[1])
    assert not mean_agrees(total, 1.01 * expected[0])
    assert not variance_agrees(total, square * variance)  # as if all SIMs had one factor
    assert group_moments(scenario, groups(scenario)[0], 0, DAY) == pytest.approx(expected, rel=1e-9)


def test_scaled_sizes_stop_at_the_largest_size() -> None:
    item = {"arrivals": {"process": "periodic", "every": "1 h", "first": "0 s"}, "upload": {"distribution": "pareto",
            "minimum": "1 B", "shape": 1.01}}  # fmt: skip
    scenario = scenario_of({"item": item}, 300, DAY, monthly_use={"median": "900 GB", "p95": "1 TB"})
    assert transfers(scenario).upload_bytes.max() == 2**40 - 1
