"""Sums by limit: against figures on paper, against rows of runs, and however rows are cut into ranges and blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fleetsim
from fleetsim.billing import CAUSES
from fleetsim.choice.figures import use_quantile
from fleetsim.choice.judging import JUDGED, Judge, Judgement, counted
from fleetsim.choice.tables import Judged
from fleetsim.choice.task import LimitTask
from fleetsim.counted import COUNTED
from fleetsim.engines.under_limits import UnderLimits
from fleetsim.scenario.limits import with_limit
from fleetsim.scenario.load import load_text
from fleetsim.scenario.schema import Scenario
from fleetsim.tables.histogram import bounds
from tests.unit.choice.fleets import BIG, HOURS, MB, PAPER, SMALL, blocked_ms, cost_micros, paper, transfers

LIMITS = tuple(MB * million for million in range(1, 8))


def judged(scenario: Scenario, fleet: str = "meters", limits: tuple[int, ...] = LIMITS, **more: Any) -> Judgement:
    task = LimitTask(scenario, "reference", fleet, limits, with_use=True)
    return Judgement.joined([task(0, block) for block in task.blocks(more.get("largest", 250), 1)])


def sums(judgement: Judgement) -> dict[str, list[int]]:
    return dict(zip(JUDGED, judgement.sums.tolist(), strict=True))


def test_service_and_money_are_those_on_paper():
    found = sums(judged(paper()))
    assert found["sim_periods"] == [10] * 7  # the faulty one and the other fleet's are none of service
    assert found["blocked_sim_periods"] == [10, 10, 1, 1, 1, 0, 0]
    assert found["blocked_ms"] == [9 * blocked_ms(limit, SMALL) + blocked_ms(limit, BIG) for limit in LIMITS]
    lost = [9 * (HOURS - transfers(limit, SMALL)) * SMALL + (HOURS - transfers(limit, BIG)) * BIG for limit in LIMITS]
    assert found["undelivered_bytes"] == lost
    assert found["cost_micros"] == [cost_micros(limit) for limit in LIMITS]
    over = [9 * SMALL * (limit <= 2 * MB) + BIG * (limit <= 5 * MB) + MB for limit in LIMITS]
    assert found["overage_metering_bytes"] == over


def test_what_normal_devices_use_without_a_limit_is_kept():
    judgement = judged(paper())
    small, big = HOURS * SMALL, HOURS * BIG
    assert judgement.use.tolist() == [[small, big], [small + 1, big + 1], [9, 1]]
    one = Judged(0, LIMITS, judgement)
    assert (use_quantile([one], 0.9), use_quantile([one], 0.91)) == (small, big)
    other = Judged(1, LIMITS, Judgement(judgement.sums, 1, np.array([[7], [8], [90]])))
    assert (use_quantile([one, other], 0.9), use_quantile([one, other], 0.91)) == (7, small)
    assert use_quantile([Judged(0, LIMITS, Judgement(judgement.sums, 1, np.zeros((3, 0), np.int64)))]) is None


def test_of_many_sims_use_is_kept_to_a_thousandth(monkeypatch):
    monkeypatch.setattr("fleetsim.choice.judging.EXACT_SIMS", 10)  # eleven SIMs are concerned
    judgement = judged(paper(), largest=4)
    small, big = HOURS * SMALL, HOURS * BIG
    lower, upper, counts = judgement.use
    assert counts.tolist() == [9, 1]
    for low, high, used in zip(lower.tolist(), upper.tolist(), (small, big), strict=True):
        assert low <= used < high <= low * 1.001
        assert {low, high} <= set(bounds().tolist())
    one = Judged(0, LIMITS, judgement)
    assert use_quantile([one], 0.9) == pytest.approx(small, rel=0.0005)
    assert use_quantile([one], 0.99) == pytest.approx(big, rel=0.0005)


def test_use_is_counted_without_any_limit_of_the_timeline_too():
    lowered = load_text(PAPER + "timeline:\n  - {at: 1 day, fleet: meters, data_limit: 1 MB}\n")
    assert judged(lowered).use.tolist() == judged(paper()).use.tolist()
    assert sums(judged(lowered))["blocked_sim_periods"] == [10] * 7


MIXED = """\
start: 2026-01-20T00:00:00Z
duration: 3 months
seed: 5
platform: {preset: super-sim, billing_period: calendar-month, enforcement_delay: 2 h}
tariff: {preset: super-sim-payg, networks: {A: 0.37, B: 0.0021}, increment: 64 KiB}
fleets:
  first:
    data_limit: 3 MB
    devices:
      meter: {count: 3, network: A, rate_spread: 0.8, traffic: {t: {arrivals: {process: poisson, rate: 9 per day}, upload: 9 kB}},
              dns: {cache_ttl: 1 h}, when_blocked: {reconnect: {first: 1 h, factor: 2, max: 9 h}, handshake: {upload: 5 kB}}}
      wild: {count: 2, network: B, role: faulty, traffic: {t: {arrivals: {process: continuous, from: 9 days}, upload: 2 B/s}}}
  second:
    data_limit: 2 MB
    devices:
      guest: {count: 3, traffic: {t: {arrivals: {process: periodic, every: 3 h}, upload: 9 kB}}}
timeline:
  - {at: 40 days, sims: second/guest, count: 2, to: first}
  - {at: 50 days, sims: first/meter, count: 1, to: second}
  - {at: 60 days, fleet: first, data_limit: 4 MB}
"""


@pytest.mark.parametrize("fleet", ["first", "second"])
def test_sums_are_those_over_the_rows_of_runs(fleet):
    scenario = load_text(MIXED)
    limits = (1_000_000, 2_000_000, 4_000_000, 9_000_000)
    judgement = judged(scenario, fleet, limits)
    found = sums(judgement)
    for place, limit in enumerate(limits):
        rows = fleetsim.run(with_limit(scenario, fleet, limit), replications=1, engine="reference").sim_periods
        own = rows[rows["fleet"] == fleet]
        served = own[(own["role"] == "normal") & own["complete"]]
        expected = {
            "sim_periods": len(served),
            "blocked_sim_periods": (served["blocks"] > 0).sum(),
            "blocked_ms": served["blocked_ms"].sum(),
            "undelivered_bytes": served["undelivered_bytes"].sum(),
            **{f"overage_{cause}_bytes": own[f"overage_{cause}_bytes"].sum() for cause in CAUSES},
            "cost_micros": own["cost_micros"].sum(),
        }
        assert {name: values[place] for name, values in found.items()} == expected
        assert judgement.periods_per_sim >= served.groupby("sim").size().max()


def test_sums_do_not_depend_on_how_sims_are_cut_into_blocks():
    scenario = load_text(MIXED)
    whole, cut = judged(scenario, "first"), judged(scenario, "first", largest=2)
    assert np.array_equal(whole.sums, cut.sums)
    assert np.array_equal(whole.use, cut.use)
    assert whole.periods_per_sim == cut.periods_per_sim


def test_sums_do_not_depend_on_how_limits_are_cut_into_ranges():
    scenario = load_text(MIXED)
    task = LimitTask(scenario, "reference", "first", LIMITS, with_use=True)
    split = task._rows(0, range(scenario.sims))
    joined = merged(split)
    assert len(joined.rows) < len(split.rows)
    judge = Judge(scenario, "first", len(LIMITS))
    one, other = judge.judge(split), judge.judge(joined)
    assert np.array_equal(one.sums, other.sums)
    assert np.array_equal(one.use, other.use)


def merged(under: UnderLimits) -> UnderLimits:
    """Rows that are the same under limits that follow each other, but for the limit itself, as one."""
    limit = COUNTED.index("data_limit_bytes")
    found: dict[tuple[int, ...], list[list[int]]] = {}
    for row, first, last in zip(under.rows.tolist(), under.first.tolist(), under.last.tolist(), strict=True):
        ranges = found.setdefault((*row[:limit], *row[limit + 1 :]), [])
        if ranges and ranges[-1][1] == first - 1:
            ranges[-1][1] = last
        else:
            ranges.append([first, last])
    rows = [[*key[:limit], 0, *key[limit:], *span] for key, spans in found.items() for span in spans]
    table = np.array(rows, np.int64)
    return UnderLimits(table[:, :-2], table[:, -2], table[:, -1])


def test_sums_are_exact_beyond_what_floats_hold():
    rows = np.zeros((3, len(COUNTED)), np.int64)
    rows[:, COUNTED.index("sim")] = [0, 1, 2]
    rows[:, COUNTED.index("period_end_ms")] = 1
    rows[:, COUNTED.index("undelivered_bytes")] = [2**55 + 1, 2**55 + 1, 1]
    under = UnderLimits(rows, np.array([0, 1, 0]), np.array([2, 2, 0]))
    found = sums(Judge(paper(), "meters", 3).judge(under))
    assert found["undelivered_bytes"] == [2**55 + 2, 2**56 + 2, 2**56 + 2]
    assert found["sim_periods"] == [2, 2, 2]


def test_a_period_that_was_running_at_the_start_is_none_of_service(tmp_path):
    (tmp_path / "sims.csv").write_text("sim,period_start,used_bytes\n0,2025-12-30T00:00:00Z,3000000\n")
    text = PAPER.replace("duration: 10 days", "duration: 20 days").replace(
        "count: 9", "count: 9\n        initial: {file: sims.csv}"
    )
    (tmp_path / "s.yaml").write_text(text)
    scenario = fleetsim.load(tmp_path / "s.yaml")
    judgement = judged(scenario)
    # In 20 days of 10-day periods, that SIM has one complete one (8 to 18 January), each of the nine others two.
    assert sums(judgement)["sim_periods"] == [1 + 9 * 2] * 7
    assert judgement.periods_per_sim == 2


def test_each_value_is_counted_once():
    values = np.array([0, 0, 5, 999, 1000, 1_000_000, 1_000_001], np.int64)
    lower, upper, counts = counted(values, exactly=False)
    assert counts.tolist() == [2, 1, 1, 1, 2]
    assert lower.tolist() == [0, 5, 999, 1000, bounds()[bounds() <= 1_000_000][-1]]
    assert upper[-1] == bounds()[bounds() > 1_000_001][0]
    assert counted(values, exactly=True)[2].tolist() == [2, 1, 1, 1, 1, 1]
    assert all(counted(np.zeros(0, np.int64), exactly=exactly).shape == (3, 0) for exactly in (False, True))
