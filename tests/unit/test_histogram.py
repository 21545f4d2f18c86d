"""Histograms of SIM-periods: their cells, and what the summary makes of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetsim.counted import COUNTED, HAPPENED, NOT_BLOCKED, RECORDED, Counted
from fleetsim.experiments.over_sims import ALL, FromHistograms, FromRows, Part, Spread
from fleetsim.experiments.summary import OVER_SIMS, summarise
from fleetsim.inference.quantiles import quantile
from fleetsim.scenario.load import load_text
from fleetsim.tables import SCHEMAS, Tables, Wanted, tabulate
from fleetsim.tables.histogram import METRICS, RELATIVE_WIDTH, bounds, cells_of

SCENARIO = """\
start: 2026-01-01T00:00:00Z
duration: 40 days
seed: 1
replications: 3
fleets:
  a: {data_limit: 1 MB, devices: {one: {count: 500, traffic: {}}, two: {count: 400, role: faulty, traffic: {}}}}
  b: {data_limit: 1 MB, devices: {one: {count: 100, traffic: {}}}}
"""
SUMS = Wanted(keep="sums")


def counted(**columns: np.ndarray) -> Counted:
    """What an engine counts of SIMs 0, 1, 2, ... with a row each; what is not said is 0."""
    (size,) = {column.size for column in columns.values()}
    rows = np.zeros((size, len(COUNTED)), np.int64)
    given = {"sim": np.arange(size), "first_blocked_at_ms": NOT_BLOCKED} | columns
    given["fleet"] = given["sim"] >= 900
    for name, values in given.items():
        rows[:, COUNTED.index(name)] = values
    empty = (np.zeros((0, width), np.int64) for width in (4, len(RECORDED), len(HAPPENED)))
    return Counted(rows, *empty)


def cells(values: list[int]) -> list[tuple[int, int, int]]:
    """Cells of `used_bytes` of SIMs that used so much."""
    (made,) = (tabulate(load_text(SCENARIO), 0, [counted(upload_bytes=np.array(values))], SUMS).histograms,)
    frame = made.to_pandas().query("metric == 'used_bytes'")
    return list(zip(frame["lower"], frame["upper"], frame["count"], strict=True))


# ---- cells -----------------------------------------------------------------------------------------------------------


def test_the_cells_are_one_a_value_below_1000_and_a_thousandth_wide_from_there_on():
    edges = bounds()
    assert edges[:1000].tolist() == list(range(1000))
    assert edges[1000:1004].tolist() == [1000, 1001, 1002, 1003]
    assert edges[2000 : 2000 + 2].tolist() == [edges[2000], edges[2000] + edges[2000] // 1000]
    widths = np.diff(edges)
    assert (widths >= 1).all()
    assert (widths[1:] <= np.maximum(edges[1:-1] * RELATIVE_WIDTH, 1)).all()
    assert edges[-1] >= 2**62


def test_a_value_lies_in_the_last_cell_that_begins_at_or_below_it():
    edges = bounds()
    near = np.concatenate([edges[:-1] + d for d in (-1, 0, 1)] + [np.arange(3000), 2 ** np.arange(62), [2**62 - 1]])
    values = near[(near >= 0) & (near < edges[-1])]
    assert cells_of(values).tolist() == (np.searchsorted(edges, values, side="right") - 1).tolist()


@given(st.lists(st.integers(0, 2**62), max_size=50))
def test_any_value_has_its_cell(values):
    found = cells_of(np.array(values, np.int64))
    assert found.tolist() == [int(np.searchsorted(bounds(), value, side="right")) - 1 for value in values]


def test_cells_that_are_not_empty_are_written_with_their_counts_and_the_largest_value_alone():
    # 2,000,000 lies in a cell about 2,000 wide, with the value one above it; 7,000,000 is the largest.
    found = cells([0, 0, 0, 7, 999, 1000, 2_000_000, 2_000_001, 7_000_000])
    assert found[:4] == [(0, 1, 3), (7, 8, 1), (999, 1000, 1), (1000, 1001, 1)]
    lower, upper, count = found[4]
    assert lower <= 2_000_000 < 2_000_001 < upper
    assert count == 2
    assert upper - lower == lower // 1000
    assert found[5:] == [(7_000_000, 7_000_001, 1)]


def test_what_lies_below_the_largest_value_in_its_cell_keeps_a_part_of_that_cell():
    (lower, upper, count), last = cells([2_000_000, 2_000_001, 2_000_001])
    assert lower <= 2_000_000
    assert (upper, count) == (2_000_001, 1)
    assert last == (2_000_001, 2_000_002, 2)


@given(st.lists(st.integers(0, 2**61), min_size=1, max_size=50))
def test_every_value_has_a_cell_and_the_cells_do_not_overlap(values):
    found = cells(values)
    for (_, upper, _), (lower, _, _) in itertools.pairwise(found):
        assert upper <= lower
    assert [count for _, _, count in found] == [
        sum(lower <= value < upper for value in values) for lower, upper, _ in found
    ]
    assert sum(count for _, _, count in found) == len(values)
    assert found[-1][:2] == (max(values), max(values) + 1)


def test_histograms_are_sorted_by_fleet_role_metric_and_value_and_have_the_columns_that_they_are_promised():
    table = made(3).histograms
    assert table.schema == SCHEMAS["histograms"]
    frame = table.to_pandas()
    order = [frame[name].cat.codes if name in ("fleet", "role", "metric") else frame[name] for name in frame.columns]
    keys = list(zip(*order[:5], strict=True))
    assert keys == sorted(set(keys))
    assert list(frame["metric"].cat.categories) == list(METRICS)
    groups = frame.groupby(["replication", "fleet", "role", "metric"], observed=True)["count"].sum()
    assert groups.unstack([1, 2, 3]).drop_duplicates().to_numpy().tolist() == [[500] * 5 + [400] * 5 + [100] * 5]


# ---- the summary from them -------------------------------------------------------------------------------------------


def made(replications: int, wanted: Wanted = SUMS) -> Tables:
    random = np.random.default_rng(5)
    parts = []
    for _i in range(replications):
        over = np.where(random.random(1000) < 0.06, random.pareto(1.2, 1000) * 30_000, 0).astype(np.int64)
        parts.append(
            counted(
                upload_bytes=random.lognormal(14, 0.7, 1000).astype(np.int64) + over,
                overage_metering_bytes=over,
                undelivered_bytes=np.minimum(random.geometric(0.004, 1000) - 1, 4000),
                blocked_ms=np.where(over > 0, random.integers(0, 86_400_000, 1000), 0),
                fee_due=np.ones(1000, np.int64),
            )
        )
    return Tables.concatenate([tabulate(load_text(SCENARIO), i, [part], wanted) for i, part in enumerate(parts)])


def in_replications(tables: Tables) -> Callable[[Sequence[str]], Iterator[pa.Table]]:
    """The rows of each replication, as a result yields them."""
    replication = tables.sim_periods["replication"].to_numpy()

    def rows(columns: Sequence[str]) -> Iterator[pa.Table]:
        for i in range(replication.max() + 1):
            yield tables.sim_periods.filter(replication == i).select(columns)

    return rows


def spread_of_use(tables: Tables, *quantiles: float) -> Spread:
    over_sims = FromHistograms(tables.histograms.to_pandas(), tables.replications.to_pandas())
    (spread,) = over_sims.spreads([Part(ALL, ALL)], ["used_bytes"], quantiles)[Part(ALL, ALL), "used_bytes"]
    return spread


def test_the_histograms_are_of_the_metrics_that_the_summary_gives_over_sims():
    assert set(METRICS) == {column for column, _ in OVER_SIMS.values()}


def test_quantiles_from_histograms_are_within_a_thousandth_and_all_else_is_the_same():
    sums, rows = made(3), made(3, Wanted())
    replications = sums.replications.to_pandas()
    found = pd.DataFrame(summarise(replications, FromHistograms(sums.histograms.to_pandas(), replications)))
    exact = pd.DataFrame(summarise(replications, FromRows(in_replications(rows))))
    assert sums.sim_periods is rows.histograms is None
    keys = ["metric", "role", "fleet", "over", "statistic", "n"]
    assert found[keys].equals(exact[keys])
    quantiles = found["statistic"].isin(["p50", "p95", "p99"]) & (found["over"] == "sims")
    assert found["value"][quantiles].to_numpy() == pytest.approx(exact["value"][quantiles].to_numpy(), rel=0.0005)
    assert (found["value"][quantiles] != exact["value"][quantiles]).any()
    rest = ~quantiles
    for name in ("value", "low", "high"):
        expected = exact[name][rest].to_numpy(float)
        assert found[name][rest].to_numpy(float) == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True)
    largest = found["statistic"] == "max"
    assert (found["value"][largest] == exact["value"][largest]).all()


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=60), st.sampled_from([0.01, 0.5, 0.95, 0.99, 1.0]))
def test_a_quantile_of_any_values_is_within_half_a_thousandth_and_exact_below_1000(values, q):
    tables = tabulate(load_text(SCENARIO), 0, [counted(upload_bytes=np.array(values))], SUMS)
    spread = spread_of_use(tables, q)
    exact = quantile(np.array(values), q)
    assert spread.quantiles[0] == pytest.approx(exact, rel=0.0005 if exact >= 1000 else 0, abs=0)
    assert (spread.size, spread.largest) == (len(values), max(values))
    assert spread.mean == pytest.approx(np.mean(values))


def test_the_cells_of_two_fleets_that_overlap_at_the_largest_value_of_one_are_put_in_one_order():
    # Fleet a: 2,000,005 alone, its largest. Fleet b: 2,000,001 and 2,000,009 in one cell, which is cut at the largest.
    used = np.zeros(902, np.int64)
    used[0], used[900], used[901] = 2_000_005, 2_000_001, 2_000_009
    tables = tabulate(load_text(SCENARIO), 0, [counted(upload_bytes=used)], SUMS)
    at = spread_of_use(tables, *(rank / 902 for rank in (899, 900, 901, 902))).quantiles
    assert at == pytest.approx((0, 2_000_001, 2_000_005, 2_000_009), rel=0.001)
