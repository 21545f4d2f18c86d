"""Phases, delays, overshoot and common random numbers against theory; with negative controls as in test_traffic_theory.

What the reference engine must show of a stream is derived here from docs/model.md, in whole ms.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from fleetsim.counted import COUNTED
from fleetsim.engines.reference import ReferenceEngine
from fleetsim.scenario import Scenario
from fleetsim.scenario.fleet import Group, activations_ms, first_closes_ms, groups, limit_delays_ms, streams
from fleetsim.scenario.load import load_text
from fleetsim.traffic import Transfers, offer
from tests.statistical.test_traffic_theory import (
    HOUR,
    LEVEL,
    bytes_per_sim,
    even_on,
    follows,
    mean_agrees,
    uncorrelated,
    uniform,
    variance_agrees,
)

MINUTE = 60_000
Ints = NDArray[np.int64]
METERS = {
    "arrivals": {"process": "poisson", "rate": "12 per day"},
    "upload": {"distribution": "exponential", "mean": "1 kB"},
    "download": {"distribution": "exponential", "mean": "1 kB"},
}
STREAM = {"arrivals": {"process": "continuous"}, "upload": "2 kB/s", "download": "1 kB/s"}
STREAM_BYTES_PER_MS = 3


def scenario_of(
    sims: int,
    *,
    limit: str = "unlimited",
    duration: str = "2 h",
    seed: int = 20260101,
    platform: dict[str, str] | None = None,
    timeline: tuple[tuple[str, str], ...] = (),
    traffic: dict[str, Any] | None = None,
    others: dict[str, Any] | None = None,
    **group: Any,
) -> Scenario:
    """Groups `others` and after them one of `sims` devices; `timeline`: (at, limit)."""
    mine = {"count": sims, "traffic": {"item": STREAM} if traffic is None else traffic, **group}
    document = {
        "name": "theory",
        "start": "2026-01-01T00:00:00Z",
        "duration": duration,
        "seed": seed,
        "platform": {"preset": "super-sim", **(platform or {})},
        "fleets": {"fleet": {"data_limit": limit, "devices": {**(others or {}), "group": mine}}},
        "timeline": [{"at": at, "fleet": "fleet", "data_limit": new} for at, new in timeline],
    }
    return load_text(json.dumps(document))


def the_group(scenario: Scenario) -> Group:
    return groups(scenario)[-1]


def simulate(scenario: Scenario, replication: int = 0) -> dict[str, Ints]:
    """Columns of the rows, one a SIM, that the reference engine counts for the last group."""
    counted = ReferenceEngine().simulate(scenario, replication, the_group(scenario).sims)
    assert len(counted.rows) == the_group(scenario).devices.count
    return dict(zip(COUNTED, counted.rows.T, strict=True))


def chance_of(scenario: Scenario, replication: int = 0) -> Any:
    group = the_group(scenario)
    return streams(scenario, group, replication, np.arange(group.devices.count))


# ---- who is when: activations and record phases ------------------------------------------------------------------------


def activations(sims: int, at: str, over: str) -> Ints:
    scenario = scenario_of(sims, activation={"at": at, "over": over})
    return activations_ms(scenario, the_group(scenario), chance_of(scenario))


def test_activations_are_uniform_from_at_to_at_and_over_both_included() -> None:
    drawn = activations(20_000, "1 s", "4 ms")
    assert even_on(drawn, 1000, 1004)
    assert not even_on(drawn, 1000, 1003)
    assert not even_on(drawn, 1000, 1005)
    assert not even_on(drawn, 999, 1004)
    wide = activations(20_000, "2 h", "4 h")
    assert follows(wide, uniform(2 * HOUR, 6 * HOUR))
    assert not follows(wide, uniform(2 * HOUR, (2 + 4 * 1.05) * HOUR))
    assert set(activations(1000, "2 h", "0 s").tolist()) == {2 * HOUR}


def first_closes(sims: int, interval: str) -> Ints:
    scenario = scenario_of(sims, platform={"record_interval": interval})
    drawn = first_closes_ms(scenario, the_group(scenario), chance_of(scenario))
    assert drawn is not None
    return drawn


def test_record_phases_are_uniform_from_1_ms_to_the_interval_itself() -> None:
    drawn = first_closes(20_000, "5 ms")
    assert even_on(drawn, 1, 5)
    assert not even_on(drawn, 0, 4)
    assert not even_on(drawn, 0, 5)
    assert not even_on(drawn, 1, 6)
    wide = first_closes(20_000, "6 min")
    assert follows(wide - 0.5, uniform(0, 6 * MINUTE))
    assert not follows(wide - 0.5, uniform(0, 1.05 * 6 * MINUTE))


def test_activation_record_phase_and_delay_of_a_sim_are_independent() -> None:
    scenario = scenario_of(40_000, activation={"at": "0 s", "over": "1 h"})
    chance, group = chance_of(scenario), the_group(scenario)
    phases = first_closes_ms(scenario, group, chance)
    assert phases is not None
    drawn = [
        activations_ms(scenario, group, chance),
        phases,
        *(limit_delays_ms(scenario, chance, at) for at in (0, HOUR)),
    ]
    for i, a in enumerate(drawn):
        for b in drawn[:i]:
            assert uncorrelated(a, b)
            assert not uncorrelated(a, b / b.std() + 0.05 * a / a.std())
        assert uncorrelated(a[1:], a[:-1])


# ---- overshoot of a stream: metering and enforcement ---------------------------------------------------------------------

LIMIT_MS = 1000 * 1000  # a limit of 3 MB, 3 bytes a ms: reached, and not passed, at this instant
DELAYS = {  # record_delay, enforcement_delay
    "neither": (0, 0),
    "record delay": (7 * MINUTE, 0),
    "enforcement delay": (0, 4 * MINUTE),
    "a record delay longer than the interval, and an enforcement delay": (17 * MINUTE, 3 * MINUTE),
}


@pytest.mark.parametrize("name", DELAYS)
def test_a_stream_overshoots_by_half_an_interval_and_the_delays(name: str) -> None:
    """Derived for rate r, record interval d, record_delay D, enforcement_delay E.

    The limit is reached at T. Records close on a grid of distance d; the first that holds more than the limit in all
    closes at C, the first point of the grid after T, and with a random phase C - T is uniform on 1, ..., d ms. It is
    evaluated at C + D: what moves from T until then is found out by no evaluation, so is `metering`: r (C - T + D), of
    mean r ((d + 1) / 2 + D), which is r (d / 2 + D) but for half a ms, and variance r^2 (d^2 - 1) / 12. From
    then on the block is pending, and takes effect at C + D + E: `enforcement`, r E for every SIM alike.
    """
    late, pending = DELAYS[name]
    interval, sims, r = 6 * MINUTE, 6000, STREAM_BYTES_PER_MS
    platform = {"record_delay": f"{late} ms", "enforcement_delay": f"{pending} ms"}
    columns = simulate(scenario_of(sims, limit="3 MB", platform=platform))
    metering = columns["overage_metering_bytes"]

    def mean(d: float, delay: float) -> float:
        return r * ((d + 1) / 2 + delay)

    assert mean_agrees(metering, mean(interval, late))
    assert variance_agrees(metering, r**2 * (interval**2 - 1) / 12)
    assert follows((metering / r - late - 0.5) / interval, uniform(0, 1))
    assert set(columns["overage_enforcement_bytes"].tolist()) == {r * pending}
    assert not columns["overage_propagation_bytes"].any()
    assert not columns["overage_dns_bytes"].any()
    moved = columns["upload_bytes"] + columns["download_bytes"]
    assert (moved == r * LIMIT_MS + metering + r * pending).all()
    assert mean_agrees(columns["first_blocked_at_ms"], LIMIT_MS + (interval + 1) / 2 + late + pending)

    assert not mean_agrees(metering, mean(1.05 * interval, late))
    assert not variance_agrees(metering, r**2 * (1.05 * interval) ** 2 / 12)
    assert not follows((metering / r - late - 0.5) / interval, uniform(0, 1.05))
    if late:
        assert not mean_agrees(metering, mean(interval, 1.05 * late))
    if pending:  # it is no part of metering, nor metering of it
        assert not mean_agrees(metering, mean(interval, late + 0.05 * pending))


def test_overshoot_on_a_grid_of_few_ms_takes_each_of_its_values_alike() -> None:
    # 1 MB is reached at 100 ms; the first record that holds more closes 1 to 4 ms later, never 0 ms and never more.
    item = {"arrivals": {"process": "continuous"}, "upload": "4 MB/s", "download": "6 MB/s"}
    scenario = scenario_of(
        2000,
        limit="1 MB",
        duration="200 ms",
        platform={"record_interval": "4 ms", "record_delay": "2 ms"},
        traffic={"item": item},
    )
    metering = simulate(scenario)["overage_metering_bytes"]
    assert not (metering % 10_000).any()
    after_limit = metering // 10_000 - 2
    assert even_on(after_limit, 1, 4)
    assert not even_on(after_limit, 0, 4)
    assert not even_on(after_limit, 1, 5)
    assert not even_on(after_limit + 1, 1, 4)


def test_a_fixed_first_record_takes_chance_out_of_the_overshoot() -> None:
    # The control of the random phase: closes at 6, 12, 18 min; 1,000 s are passed in the record that closes at 1,080 s.
    fixed = simulate(scenario_of(50, limit="3 MB", session={"mode": "always-on", "first_record": "6 min"}))
    assert set(fixed["overage_metering_bytes"].tolist()) == {STREAM_BYTES_PER_MS * 80_000}
    assert not mean_agrees(fixed["overage_metering_bytes"], STREAM_BYTES_PER_MS * (6 * MINUTE + 1) / 2)


# ---- a changed limit -------------------------------------------------------------------------------------------------------------


def delays(scenario: Scenario, at_ms: int = HOUR, replication: int = 0) -> Ints:
    return limit_delays_ms(scenario, chance_of(scenario, replication), at_ms)


def mean_delay(share: float, typical: int, most: int) -> float:
    """Uniform on 1, ..., typical with probability `share`, else on typical + 1, ..., most."""
    return share * (1 + typical) / 2 + (1 - share) * (typical + 1 + most) / 2


def delay_variance(share: float, typical: int, most: int) -> float:
    """Second moment of the mixture; that of n whole numbers in a row of mean m is m^2 + (n^2 - 1) / 12."""

    def square(first: int, last: int) -> float:
        return ((first + last) / 2) ** 2 + ((last - first + 1) ** 2 - 1) / 12

    mean = mean_delay(share, typical, most)
    return share * square(1, typical) + (1 - share) * square(typical + 1, most) - mean**2


def test_a_changed_limit_reaches_95_in_100_sims_within_5_minutes_and_all_within_15() -> None:
    drawn = delays(scenario_of(200_000))
    typical = drawn <= 5 * MINUTE
    assert mean_agrees(typical, 0.95)
    assert not mean_agrees(typical, 0.95 * 0.95)
    assert not mean_agrees(typical, 0.955)
    assert drawn.min() >= 1
    assert drawn.max() <= 15 * MINUTE
    assert follows(drawn[typical] - 0.5, uniform(0, 5 * MINUTE))
    assert not follows(drawn[typical] - 0.5, uniform(0, 1.05 * 5 * MINUTE))
    assert follows(drawn[~typical] - 0.5, uniform(5 * MINUTE, 15 * MINUTE))
    assert not follows(drawn[~typical] - 0.5, uniform(5 * MINUTE, 15.5 * MINUTE))
    assert not follows(drawn[~typical] - 0.5, uniform(4.5 * MINUTE, 15 * MINUTE))
    assert mean_agrees(drawn, mean_delay(0.95, 5 * MINUTE, 15 * MINUTE))
    assert variance_agrees(drawn, delay_variance(0.95, 5 * MINUTE, 15 * MINUTE))
    assert not mean_agrees(drawn, mean_delay(0.9, 5 * MINUTE, 15 * MINUTE))
    assert not variance_agrees(drawn, delay_variance(0.9, 5 * MINUTE, 15 * MINUTE))


def test_each_ms_of_the_typical_delays_and_of_the_late_ones_is_as_likely_as_the_next() -> None:
    # Few ms, so that 0, the last typical ms, the first late one and the last are seen one by one.
    few = {"limit_propagation": {"typical": "3 ms", "typical_share": "0.6", "max": "8 ms"}}
    drawn = delays(scenario_of(100_000, platform=few))
    assert drawn.min() == 1
    assert drawn.max() == 8
    seen = np.bincount(drawn, minlength=9)[1:]

    def fit(share: float, typical: int) -> float:
        expected = np.r_[np.full(typical, share / typical), np.full(8 - typical, (1 - share) / (8 - typical))]
        return float(stats.chisquare(seen, expected * drawn.size).pvalue)

    assert fit(0.6, 3) > LEVEL
    assert fit(0.6 * 1.05, 3) < LEVEL
    assert fit(0.6, 4) < LEVEL
    assert fit(0.6, 2) < LEVEL


def test_delays_of_two_changes_are_independent_and_another_entry_moves_none_of_them() -> None:
    scenario = scenario_of(40_000)
    first, second, next_ms = (delays(scenario, at) for at in (HOUR, 25 * HOUR, HOUR + 1))
    for other in (second, next_ms):
        assert uncorrelated(first, other)
        assert not uncorrelated(first, other + 0.05 * first)
    with_entries = scenario_of(40_000, limit="9 MB", timeline=(("30 min", "8 MB"), ("1 h", "7 MB")))
    assert (delays(with_entries, HOUR) == first).all()


def test_a_lowered_limit_costs_the_rate_times_the_mean_delay_until_it_arrives() -> None:
    """The stream has passed the new limit before it is set at T.

    Each byte from T until the SIM's refresh at T + delay is over the fleet's limit and not over the cached one:
    `propagation`, r * delay. By then records hold more than the new limit, so the refresh itself orders the block: no
    byte is `metering`, and those of the enforcement_delay E are `enforcement`, r E.
    """
    lowered = scenario_of(
        10_000, limit="100 MB", timeline=(("30 min", "2 MB"),), platform={"enforcement_delay": "2 min"}
    )  # 5.4 MB moved at 30 min
    columns = simulate(lowered)
    late, r = columns["overage_propagation_bytes"], STREAM_BYTES_PER_MS
    preset = (0.95, 5 * MINUTE, 15 * MINUTE)
    assert mean_agrees(late, r * mean_delay(*preset))
    assert variance_agrees(late, r**2 * delay_variance(*preset))
    assert not mean_agrees(late, 1.05 * r * mean_delay(*preset))
    assert not mean_agrees(late, r * mean_delay(0.9, 5 * MINUTE, 15 * MINUTE))
    assert not variance_agrees(late, r**2 * delay_variance(0.9, 5 * MINUTE, 15 * MINUTE))
    assert mean_agrees(late <= r * 5 * MINUTE, 0.95)
    assert not mean_agrees(late <= r * 5 * MINUTE, 0.95 * 0.95)
    assert late.min() > 0
    assert late.max() <= r * 15 * MINUTE
    assert (late == r * delays(lowered, 30 * MINUTE)).all()
    assert not columns["overage_metering_bytes"].any()
    assert set(columns["overage_enforcement_bytes"].tolist()) == {r * 2 * MINUTE}


def test_a_second_change_is_read_by_the_refresh_that_is_pending_or_draws_a_delay_of_its_own() -> None:
    """Changed at T and again, to a limit that is passed already, at U = T + 150 s.

    The refresh of the first change is pending at U, one that is due at U included, where its delay is 150,000 ms or
    more: typical ones with probability 0.95 * 150,001 / 300,000, uniform on 0, ..., 150,000 ms after U, and all late
    ones, 150,001 to 750,000 ms after U. Elsewhere a new delay is drawn.
    """
    changes = (("30 min", "90 MB"), ("1950 s", "2 MB"))
    late = simulate(scenario_of(4000, limit="100 MB", timeline=changes))["overage_propagation_bytes"]
    fresh = mean_delay(0.95, 5 * MINUTE, 15 * MINUTE)
    typical = 0.95 * 150_001 / 300_000
    mean = typical * 150_000 / 2 + 0.05 * (150_001 + 750_000) / 2 + (0.95 - typical) * fresh
    assert mean_agrees(late, STREAM_BYTES_PER_MS * mean)
    assert not mean_agrees(late, STREAM_BYTES_PER_MS * fresh)  # each change a delay of its own
    assert not mean_agrees(late, STREAM_BYTES_PER_MS * 1.1 * mean)


def test_a_raised_limit_unblocks_after_the_mean_delay() -> None:
    # Passed at 1,000 s, found out by the record that closes at 18 min; raised at 30 min.
    raised = scenario_of(
        4000, limit="3 MB", timeline=(("30 min", "100 MB"),), session={"mode": "always-on", "first_record": "6 min"}
    )
    columns = simulate(raised)
    waited = columns["blocked_ms"] - 12 * MINUTE
    preset = (0.95, 5 * MINUTE, 15 * MINUTE)
    assert mean_agrees(waited, mean_delay(*preset))
    assert variance_agrees(waited, delay_variance(*preset))
    assert not mean_agrees(waited, mean_delay(0.9, 5 * MINUTE, 15 * MINUTE))
    assert not variance_agrees(waited, delay_variance(0.9, 5 * MINUTE, 15 * MINUTE))
    assert (columns["undelivered_bytes"] == STREAM_BYTES_PER_MS * columns["blocked_ms"]).all()


# ---- common random numbers ---------------------------------------------------------------------------------------------------------


def traffic(scenario: Scenario, replication: int = 0, item: str = "item") -> Transfers:
    group = the_group(scenario)
    numbers = np.arange(group.devices.count)
    found = offer(scenario, group, item, replication, numbers, np.zeros_like(numbers))
    assert isinstance(found, Transfers)
    return found


def same(a: Transfers, b: Transfers) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in Transfers.__dataclass_fields__)


def meters(sims: int, **keys: Any) -> Scenario:
    return scenario_of(sims, **{"duration": "5 days", "traffic": {"item": METERS}, **keys})


def test_two_limits_are_compared_on_the_same_offered_traffic() -> None:
    dns = {"query": "70 B", "response": "150 B", "cache_ttl": "0 s"}
    again = {"reconnect": {"first": "1 h", "factor": 2, "max": "1 day"}, "handshake": {"upload": "800 B"}}
    # 60 transfers of 21 kB are expected: most SIMs pass the one limit, none the other.
    large = METERS | {"upload": {"distribution": "exponential", "mean": "20 kB"}}
    keys = {"traffic": {"item": large}, "dns": dns, "when_blocked": again}
    tight, loose = (meters(300, limit=limit, **keys) for limit in ("1 MB", "5 MB"))
    assert same(traffic(tight), traffic(loose))
    under_tight, under_loose = simulate(tight), simulate(loose)
    assert (under_tight["offered_bytes"] == under_loose["offered_bytes"]).all()
    assert (under_tight["offered_bytes"] == bytes_per_sim(traffic(tight))).all()
    assert (under_tight["blocks"] > under_loose["blocks"]).sum() > 100  # the limits did make a difference
    assert (under_tight["undelivered_bytes"] > under_loose["undelivered_bytes"]).sum() > 100


def test_overshoot_has_the_same_record_phases_under_two_limits() -> None:
    # Reached at 1,000 s and 2,000 s, five intervals of 200 s apart: the next close is as far away in both.
    def overshoot(limit: str, seed: int = 1) -> Ints:
        platform = {"record_interval": "200 s"}
        return simulate(scenario_of(200, limit=limit, platform=platform, seed=seed))["overage_metering_bytes"]

    assert (overshoot("3 MB") == overshoot("6 MB")).all()
    assert not (overshoot("3 MB") == overshoot("4 MB")).any()  # six intervals and two thirds of one apart
    assert not (overshoot("3 MB") == overshoot("6 MB", seed=2)).all()


def test_the_same_key_gives_the_same_traffic_again() -> None:
    assert same(traffic(meters(500)), traffic(meters(500)))


def test_another_group_or_item_moves_nobody_elses_traffic() -> None:
    alone = meters(500)
    assert same(traffic(alone), traffic(meters(500, others={"first": {"count": 77, "traffic": {"item": METERS}}})))
    assert same(traffic(alone), traffic(meters(500, traffic={"other": METERS, "item": METERS})))
    assert same(traffic(alone), traffic(meters(500, dns={"cache_ttl": "1 min"}, activation={"over": "1 h"})))
    more = traffic(meters(600))  # one's draws go by one's number
    assert np.array_equal(more.offsets[:501], traffic(alone).offsets)
    assert np.array_equal(more.upload_bytes[: more.offsets[500]], traffic(alone).upload_bytes)


@pytest.fixture(scope="module")
def usual() -> Transfers:
    """18 transfers are expected of each SIM; some SIM of 20,000 has none with a probability of 20,000 e^-18."""
    return traffic(many_meters())


def many_meters(**keys: Any) -> Scenario:
    return meters(20_000, duration="36 h", **keys)


OTHERS: dict[str, Callable[[], Transfers]] = {
    "replication": lambda: traffic(many_meters(), replication=1),
    "a far replication": lambda: traffic(many_meters(), replication=999_999),
    "seed": lambda: traffic(many_meters(seed=20260102)),
    "seed and replication": lambda: traffic(many_meters(seed=20260100), replication=1),
    "item": lambda: traffic(many_meters(traffic={"other": METERS}), item="other"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_key_gives_other_and_uncorrelated_traffic(name: str, usual: Transfers) -> None:
    other = OTHERS[name]()
    assert not same(usual, other)
    for a, b in (
        (bytes_per_sim(usual), bytes_per_sim(other)),
        (np.diff(usual.offsets), np.diff(other.offsets)),
        (usual.time_ms[usual.offsets[:-1]], other.time_ms[other.offsets[:-1]]),
        (usual.upload_bytes[usual.offsets[:-1]], other.upload_bytes[other.offsets[:-1]]),
    ):
        assert uncorrelated(a, b)
        assert not uncorrelated(a, b + 0.05 * a)


def test_neighbouring_sims_offer_uncorrelated_traffic(usual: Transfers) -> None:
    drawn = bytes_per_sim(usual)
    assert uncorrelated(drawn[1:], drawn[:-1])
    assert not uncorrelated(drawn[1:] + 0.05 * drawn[:-1], drawn[:-1])


def test_overshoot_and_delays_of_replications_are_uncorrelated() -> None:
    scenario = scenario_of(2000, limit="3 MB")
    one, other = (simulate(scenario, replication)["overage_metering_bytes"] for replication in (0, 1))
    assert uncorrelated(one, other)
    assert not uncorrelated(one, other + 0.15 * one)  # what 2,000 SIMs tell apart
    late, otherwise_late = (delays(scenario_of(40_000), replication=replication) for replication in (0, 1))
    assert uncorrelated(late, otherwise_late)
    assert not uncorrelated(late, otherwise_late + 0.05 * late)


def test_means_of_replications_scatter_as_means_of_independent_sims_do() -> None:
    # 60 transfers of two exponential sizes of mean 1,000 bytes: E X = 2,000, E X^2 = 2 * 1,000^2 + 2,000^2.
    scenario, sims = meters(50), 50
    means = np.array([bytes_per_sim(traffic(scenario, replication)).mean() for replication in range(300)])
    variance = 60 * 6e6 / sims
    assert mean_agrees(means, 60 * 2000)
    assert variance_agrees(means, variance)
    assert not mean_agrees(means, 1.05 * 60 * 2000)
    # A correlation of 2 % between the SIMs of a replication would nearly double it.
    assert not variance_agrees(means, variance * (1 + (sims - 1) * 0.02))
