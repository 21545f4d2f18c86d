"""Paired differences to the first scenario: by hand, corrected for their number, and what is the same everywhere."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from fleetsim.clock import MS_PER_DAY, MS_PER_HOUR
from fleetsim.comparison.answer import sentences
from fleetsim.comparison.differences import COMPARISON_SCHEMA, Differences, comparison_table, differences
from fleetsim.comparison.metrics import METRICS, Observed
from tests.unit.comparison.made import observed

MONTH_MS = 30 * MS_PER_DAY
USD = 1_000_000
COST_A = np.array([10, 20, 30, 40]) * USD


def compared(seen: Observed, confidence: float = 0.95) -> Differences:
    return differences(seen, confidence, MONTH_MS)


def said(found: Differences, *names: str) -> list[str]:
    return sentences(found, names, "USD", "1 month", 0.95)


def test_a_paired_difference_by_hand():
    # Differences 1 2 3 6: mean 3, s = sqrt(14 / 3), t(0.975, 3) = 3.182446305; one row, one comparison.
    found = compared(observed(2, 4, cost_micros=[COST_A, COST_A + np.array([1, 2, 3, 6]) * USD]))
    assert [row.metric.name for row in found.rows] == ["cost"]
    assert found.comparisons == 1
    half = 3.182446305 * math.sqrt(14 / 3) / 2
    (difference,) = found.rows[0].differences
    assert difference[:3] == pytest.approx((3, 3 - half, 3 + half), rel=1e-8)
    assert not difference.distinguishable
    assert [mean.value for mean in found.rows[0].means] == [25, 28]


def test_all_differences_are_counted_and_hold_together():
    # Three scenarios, cost and fee differ in each: 4 comparisons, each with 5 % / 4.
    costs = np.array([COST_A, COST_A + np.array([1, 2, 3, 6]) * USD, COST_A + np.array([5, 5, 6, 6]) * USD])
    found = compared(observed(3, 4, cost_micros=costs, fee_micros=2 * costs))
    assert found.comparisons == 4
    row = found.row("cost")
    assert row is not None
    half = float(stats.t.isf(0.05 / 4 / 2, 3)) * math.sqrt(14 / 3) / 2
    assert row.differences[0][:3] == pytest.approx((3, 3 - half, 3 + half))
    # The negative control: uncorrected it would be narrower, and call them apart where this does not.
    assert float(stats.t.isf(0.05 / 2, 3)) < 0.8 * float(stats.t.isf(0.05 / 4 / 2, 3))


def test_what_is_the_same_everywhere_is_left_out_and_named():
    found = compared(observed(2, 3, faulty=True, cost_micros=[[USD] * 3, [2 * USD, 3 * USD, 5 * USD]], used_bytes=7))
    assert [row.metric.name for row in found.rows] == ["cost"]
    assert set(found.same) == {metric.name for metric in METRICS} - {"cost"}


def test_metrics_of_the_normal_devices_stand_only_where_there_are_others():
    blocked = [[0, 1, 2, 0], [5, 6, 5, 9]]
    names = [row.metric.name for row in compared(observed(2, 4, blocked_sim_periods=blocked)).rows]
    assert names == ["blocked_sim_periods_share", "blocked_sims"]
    names = [row.metric.name for row in compared(observed(2, 4, faulty=True, blocked_sim_periods=blocked)).rows]
    assert names[2:] == ["blocked_sim_periods_share_normal", "blocked_sims_normal"]


def test_a_rare_event_leaves_no_interval_without_width():
    # One SIM-period more is blocked in each replication. What no replication saw adds log(1 / tail) / n of one, with a
    # tail of 5 % / 2 over two rows, and that many may be missing as well.
    found = compared(observed(2, 20, blocked_sim_periods=[[0] * 20, [1] * 20]))
    row = found.row("blocked_sims")
    assert row is not None
    (difference,) = row.differences
    half = math.log(1 / (0.05 / 4)) / 20
    assert difference[:3] == pytest.approx((1, 1 - half, 1 + half))


def test_shares_differ_by_at_most_1():
    found = compared(observed(2, 20, blocked_sim_periods=[[0] * 20, [100] * 20]))
    row = found.row("blocked_sim_periods_share")
    assert row is not None
    assert row.differences[0].high == 1
    assert row.differences[0].low < 1


def test_hours_that_only_some_replications_lack_are_widened_by_a_block_of_the_whole_length():
    hours = np.array([[0, 0, 0, 0], [0, 3, 0, 5]]) * MS_PER_HOUR
    rare = compared(observed(2, 4, blocked_ms=hours)).row("blocked_hours")
    often = compared(observed(2, 4, blocked_ms=hours + np.array([[0], [MS_PER_HOUR]]))).row("blocked_hours")
    assert rare is not None
    assert often is not None
    # The same spread; 720 h more, times log(1 / 0.025) / 4.
    wider = (
        rare.differences[0].high - rare.differences[0].value - (often.differences[0].high - often.differences[0].value)
    )
    assert wider == pytest.approx(720 * math.log(40) / 4)


def test_common_random_numbers_save_what_the_scenarios_share():
    common = np.array([0, 10, 20, 30, 40, 50]) * USD
    own = np.array([0, 1, 0, 1, 0, 1]) * USD
    row = compared(observed(2, 6, cost_micros=[common, common + own])).row("cost")
    assert row is not None
    apart = np.var(common / USD, ddof=1) + np.var((common + own) / USD, ddof=1)
    assert row.differences[0].variance_saved == pytest.approx(1 - 0.3 / apart)


def test_the_table_has_a_row_for_each_metric_and_scenario():
    found = compared(observed(3, 4, cost_micros=[COST_A, COST_A, COST_A + USD * np.array([9, 9, 9, 10])]))
    table = comparison_table(found, ["a", "b", "c"])
    assert table.schema.equals(COMPARISON_SCHEMA)
    rows = table.to_pylist()
    assert [(row["metric"], row["scenario"]) for row in rows] == [("cost", "a"), ("cost", "b"), ("cost", "c")]
    assert [rows[0][name] for name in COMPARISON_SCHEMA.names[5:]] == [None] * 6
    assert [rows[1][name] for name in ("diff", "diff_low", "diff_high", "distinguishable")] == [0, 0, 0, False]
    assert rows[1]["replications_needed"] is None
    assert rows[2]["distinguishable"]
    assert rows[2]["replications_needed"] == 4
    assert rows[2]["diff"] == 9.25


# ---- sentences -------------------------------------------------------------------------------------------------------


def test_the_sentence_says_what_differs_with_its_interval():
    seen = observed(
        2,
        4,
        cost_micros=[COST_A, COST_A - USD * np.array([12, 12, 13, 13])],
        blocked_sim_periods=[[4, 5, 4, 5], [44, 45, 44, 45]],
    )
    (sentence,) = said(compared(seen), "now", "then")
    # Cost: -12.5, s = 1 / sqrt(3), three rows, t(1 - 0.05 / 6, 3) = 4.8567: half 1.402.
    assert sentence == (
        "then costs $12.50 less (95 % interval $11.10 to $13.90) in 1 month than now, and blocks 44.5 % of SIM-periods"
        " instead of 4.5 %: 40.0 percentage points more (95 % interval 38.8 to 41.2)."
    )


def test_what_cannot_be_told_apart_is_said_with_the_replications_that_would():
    noise = USD * np.array([-1, 3, -2, 2])
    found = compared(observed(2, 4, cost_micros=[COST_A, COST_A + noise]))
    (sentence,) = said(found, "now", "then")
    row = found.row("cost")
    assert row is not None
    needed = row.differences[0].replications_needed
    assert sentence == (
        f"then cannot be told apart from now by its cost in 1 month: $0.50 more (95 % interval $3.29 less to $4.29 more;"
        f" about {needed} replications would tell), and blocks the same share of SIM-periods in every replication."
    )


def test_scenarios_that_are_the_same_are_said_to_be():
    (sentence,) = said(compared(observed(2, 4, faulty=True)), "now", "then")
    same = "blocks the same share of the normal devices' SIM-periods in every replication"
    assert sentence == f"then costs the same as now, and {same}."


def test_one_replication_has_differences_without_intervals():
    found = compared(observed(2, 1, cost_micros=[[USD], [3 * USD]]))
    (sentence,) = said(found, "now", "then")
    assert sentence.startswith("then costs $2.00 more in 1 month than now, in the one replication that there is, and")
    assert found.rows[0].differences[0].low is None


def test_a_deterministic_difference_is_exact():
    (sentence,) = said(compared(observed(2, 4, cost_micros=[COST_A, COST_A + 2 * USD])), "now", "then")
    assert sentence.startswith("then costs $2.00 more in 1 month than now, and")
