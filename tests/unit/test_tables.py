"""The tables that a run leaves: columns, types, order, and how counts become rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fleetsim
from fleetsim.counted import COUNTED, HAPPENED, NO_LIMIT, NOT_BLOCKED, RECORDED, Counted
from fleetsim.scenario.load import load_text
from fleetsim.tables import SCHEMAS, Tables, Wanted, tabulate
from fleetsim.tables.blocked import grid_ms

# As the interface page has them: whoever reads a result by these names must not be let down.
SIM_PERIODS = [
    "replication",
    "fleet",
    "device_group",
    "role",
    "sim",
    "period",
    "period_start",
    "period_end",
    "complete",
    "data_limit_bytes",
    "carried_bytes",
    "offered_bytes",
    "upload_bytes",
    "download_bytes",
    "used_bytes",
    "dns_bytes",
    "overage_bytes",
    "overage_metering_bytes",
    "overage_enforcement_bytes",
    "overage_propagation_bytes",
    "overage_dns_bytes",
    "undelivered_bytes",
    "blocks",
    "first_blocked_at",
    "blocked_ms",
    "fee_due",
    "fee_micros",
    "usage_cost_micros",
    "overage_cost_micros",
    "cost_micros",
]
REPLICATIONS = [
    "replication",
    "fleet",
    "device_group",
    "role",
    "sims",
    "sim_periods",
    "blocked_sim_periods",
    "complete_sim_periods",
]
NAMES = {"fleet", "device_group", "role"}
TIMES = {"period_start", "period_end", "first_blocked_at"}
TRUTHS = {"complete", "fee_due"}
NULLABLE = {"data_limit_bytes", "first_blocked_at"}

SCENARIO = """\
start: 2026-01-15T00:00:00Z
duration: 60 days
seed: 3
replications: 3
fleets:
  zebra:
    data_limit: 1 MB
    devices:
      second: {count: 3, activation: {at: 0 s, over: 50 days}, traffic: {t: &often {arrivals: {process: poisson, rate: 40 per day}, upload: 2 kB}}}
      first: {count: 2, role: faulty, traffic: {t: *often}, when_blocked: {reconnect: {first: 1 h, factor: 1, max: 1 h}}, dns: {query: 70 B, response: 150 B, cache_ttl: 0 s}}
  ant: {data_limit: unlimited, devices: {first: {count: 2, traffic: {t: *often}}}}
timeline:
  - {at: 20 days, fleet: zebra, data_limit: 2 MB}
  - {at: 20 days, fleet: ant, data_limit: 2 MB}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tables") / "out"
    fleetsim.run(load_text(SCENARIO), out=out, report=False, workers=1)
    return out


@pytest.fixture(scope="module")
def sim_periods(folder: Path) -> pa.Table:
    return pq.read_table(folder / "sim_periods.parquet")


@pytest.fixture(scope="module")
def replications(folder: Path) -> pa.Table:
    return pq.read_table(folder / "replications.parquet")


# ---- columns ---------------------------------------------------------------------------------------------------------


def test_sim_periods_has_these_columns_in_this_order(sim_periods):
    assert sim_periods.column_names == SIM_PERIODS


def test_each_column_has_the_type_that_it_is_promised(sim_periods):
    for field in sim_periods.schema:
        if field.name in NAMES:
            assert pa.types.is_dictionary(field.type), field
            assert field.type.value_type == pa.string()
        elif field.name in TIMES:
            assert field.type == pa.timestamp("ms", tz="UTC"), field
        else:
            assert field.type == (pa.bool_() if field.name in TRUTHS else pa.int64()), field
        assert field.nullable == (field.name in NULLABLE), field


def test_replications_has_the_sums_of_bytes_time_and_money(replications):
    assert replications.column_names[:8] == REPLICATIONS
    sums = [name for name in SIM_PERIODS if name.endswith(("_bytes", "_micros")) and name != "data_limit_bytes"]
    assert {*sums, "blocked_ms"} <= set(replications.column_names)
    assert {str(field.type) for field in replications.schema if field.name not in NAMES} == {"int64"}
    assert not any(field.nullable for field in replications.schema)


# ---- rows ------------------------------------------------------------------------------------------------------------


def test_rows_are_sorted_by_replication_sim_and_period(sim_periods):
    keys = list(zip(*(sim_periods[name].to_pylist() for name in ("replication", "sim", "period")), strict=True))
    assert keys == sorted(set(keys))


def test_each_replication_is_a_row_group_of_its_own_in_every_table(folder):
    for name in ("sim_periods", "replications", "blocked"):
        file = pq.ParquetFile(folder / f"{name}.parquet")
        found = [set(file.read_row_group(i)["replication"].to_pylist()) for i in range(file.num_row_groups)]
        assert found == [{0}, {1}, {2}], name


def test_sims_are_numbered_in_the_order_of_the_scenario_and_periods_without_a_gap(sim_periods):
    frame = sim_periods.to_pandas()
    groups = frame.groupby("sim")[["fleet", "device_group"]].first().astype(str).agg("/".join, axis=1)
    assert groups.tolist() == ["zebra/second"] * 3 + ["zebra/first"] * 2 + ["ant/first"] * 2
    for _, periods in frame.groupby(["replication", "sim"])["period"]:
        assert periods.tolist() == list(range(len(periods)))
    assert (frame["role"] == np.where(frame["sim"].isin([3, 4]), "faulty", "normal")).all()


def test_a_period_follows_the_one_before_and_is_complete_if_it_ends_by_the_horizon(sim_periods):
    frame = sim_periods.to_pandas()
    end = frame.groupby(["replication", "sim"])["period_end"].shift()
    later = frame["period"] > 0
    assert (frame["period_start"][later] == end[later]).all()
    assert (frame["complete"] == (frame["period_end"] <= "2026-03-16T00:00:00Z")).all()
    always_there = frame[(frame["sim"] == 3) & (frame["replication"] == 0)]
    assert [f"{at:%Y-%m-%d}" for at in always_there["period_end"]] == ["2026-02-15", "2026-03-15", "2026-04-15"]
    assert always_there["complete"].tolist() == [True, True, False]


def test_a_rows_limit_is_the_fleets_before_its_end_and_null_where_there_is_none(sim_periods):
    # The limits change on 4 February, inside the first period of SIMs 3 to 6.
    frame = sim_periods.to_pandas()
    assert (frame.loc[frame["sim"] >= 3, "data_limit_bytes"] == 2_000_000).all()
    without = tabulate(load_text(SCENARIO), 0, [counted(row(sim=5, fleet=1, limit=NO_LIMIT))]).sim_periods
    assert without["data_limit_bytes"].to_pylist() == [None]


def test_sums_within_a_row_hold(sim_periods):
    column = {name: sim_periods[name].to_numpy() for name in SIM_PERIODS if name not in NAMES | TIMES}
    assert (column["used_bytes"] == column["upload_bytes"] + column["download_bytes"]).all()
    causes = ("metering", "enforcement", "propagation", "dns")
    assert (column["overage_bytes"] == sum(column[f"overage_{cause}_bytes"] for cause in causes)).all()
    assert (column["cost_micros"] == column["fee_micros"] + column["usage_cost_micros"]).all()
    assert (column["fee_micros"] == np.where(column["fee_due"], 2_000_000, 0)).all()
    assert column["overage_bytes"].any()
    assert column["dns_bytes"].any()
    blocked = column["blocks"] > 0
    assert (np.array(pc.is_valid(sim_periods["first_blocked_at"])) == blocked).all()
    assert (column["blocked_ms"][~blocked] == 0).all()
    assert blocked.any()
    assert not blocked.all()


def test_replications_are_the_sums_of_their_rows(sim_periods, replications):
    frame = sim_periods.to_pandas()
    keys = ["replication", "fleet", "device_group", "role"]
    frame["sims"] = frame["period"] == 0
    frame["sim_periods"] = 1
    frame["blocked_sim_periods"] = frame["blocks"] > 0
    frame["complete_sim_periods"] = frame["complete"]
    found = replications.to_pandas().astype(dict.fromkeys(keys[1:], str)).set_index(keys).sort_index()
    names = [name for name in found.columns if not name.startswith("overage_cost_") or name == "overage_cost_micros"]
    expected = frame.astype(dict.fromkeys(keys[1:], str)).groupby(keys)[names].sum()
    assert (found[names].to_numpy() == expected.to_numpy()).all()
    by_cause = [f"overage_cost_{cause}_micros" for cause in ("metering", "enforcement", "propagation", "dns")]
    assert (found[by_cause].sum(axis=1) == found["overage_cost_micros"]).all()


# ---- from counts, by hand --------------------------------------------------------------------------------------------


def row(sim: int = 0, period: int = 0, limit: int = 1_000_000, **counts: int) -> list[int]:
    """A row as an engine counts it; what is not said is 0."""
    given = {"sim": sim, "period": period, "data_limit_bytes": limit, "first_blocked_at_ms": NOT_BLOCKED} | counts
    assert given.keys() <= set(COUNTED)
    return [given.get(name, 0) for name in COUNTED]


def counted(
    *rows: list[int],
    spans: Sequence[Sequence[int]] = (),
    records: Sequence[Sequence[int]] = (),
    events: Sequence[Sequence[int]] = (),
) -> Counted:
    widths = {len(COUNTED): rows, 4: spans, len(RECORDED): records, len(HAPPENED): events}
    return Counted(*(np.array(part, np.int64).reshape(-1, width) for width, part in widths.items()))


def test_counts_become_a_row():
    # 1,500,000 B used of which 500,000 are over: 100,000 micro-units a MB make 150,000, and 50,000 of them over.
    made = row(
        sim=4,
        period=2,
        period_start_ms=1,
        period_end_ms=5_000,
        offered_bytes=9_000_000,
        upload_bytes=1_400_000,
        download_bytes=100_000,
        dns_bytes=220,
        overage_metering_bytes=400_000,
        overage_dns_bytes=100_000,
        undelivered_bytes=7,
        blocks=1,
        first_blocked_at_ms=3_000,
        blocked_ms=2_000,
        fee_due=1,
    )
    (found,) = tabulate(load_text(SCENARIO), 6, [counted(made)]).sim_periods.to_pylist()
    start = found["period_start"]
    assert start.isoformat() == "2026-01-15T00:00:00.001000+00:00"
    assert (found["first_blocked_at"] - start).total_seconds() == 2.999
    assert {name: found[name] for name in ("replication", "fleet", "device_group", "role", "sim", "period")} == {
        "replication": 6,
        "fleet": "zebra",
        "device_group": "first",
        "role": "faulty",
        "sim": 4,
        "period": 2,
    }
    assert (found["used_bytes"], found["overage_bytes"], found["dns_bytes"]) == (1_500_000, 500_000, 220)
    assert (found["usage_cost_micros"], found["overage_cost_micros"]) == (150_000, 50_000)
    assert (found["fee_micros"], found["cost_micros"]) == (2_000_000, 2_150_000)
    assert (found["complete"], found["fee_due"], found["blocks"], found["blocked_ms"]) == (True, True, 1, 2_000)


def test_a_period_that_ends_at_the_horizon_is_complete_and_one_a_millisecond_later_is_not():
    scenario = load_text(SCENARIO)
    rows = [row(sim=i, period_end_ms=scenario.horizon_ms + i) for i in (0, 1)]
    assert tabulate(scenario, 0, [counted(*rows)]).sim_periods["complete"].to_pylist() == [True, False]


def test_ranges_of_sims_are_put_one_after_the_other():
    scenario = load_text(SCENARIO)
    rows = [row(sim=0, blocks=1), row(sim=0, period=1), row(sim=3, upload_bytes=5), row(sim=6, fleet=1, upload_bytes=8)]
    whole = tabulate(scenario, 0, [counted(*rows)])
    cut = tabulate(scenario, 0, [counted(*rows[:2]), counted(), counted(*rows[2:])])
    assert cut == whole
    sums = whole.replications.select(["fleet", "device_group", "sims", "sim_periods", "blocked_sim_periods"])
    assert [tuple(line.values()) for line in sums.to_pylist()] == [
        ("zebra", "second", 1, 2, 1),
        ("zebra", "first", 1, 1, 0),
        ("ant", "first", 1, 1, 0),
    ]


@st.composite
def counts_of_sims(draw: st.DrawFn) -> list[Counted]:
    """What each of some SIMs counted: rows in the fleets that it can be in, and blocks."""
    made = []
    for sim in sorted(draw(st.sets(st.integers(0, 4), max_size=5))):
        fleets = [1] if sim > 2 else [0, 1]  # SIMs 0 to 2 are moved, and moved back
        rows, spans = [], []
        for period in range(draw(st.integers(0, 3))):
            fleet, blocks = draw(st.sampled_from(fleets)), draw(st.integers(0, 2))
            over = draw(st.sampled_from([0, 3, 5_000_000, 2**40]))
            used = over + draw(st.sampled_from([0, 1, 999, 1000, 10**6, 2**41]))
            more = {"upload_bytes": used, "overage_dns_bytes": over, "blocks": blocks, "blocked_ms": 7 * blocks}
            rows.append(row(sim, period, fleet=fleet, fee_due=blocks % 2, **more))
            since = draw(st.integers(0, 86_399_999))
            spans.append((sim, fleet, since, draw(st.integers(since + 1, 86_400_000))))
        made.append(counted(*rows, spans=spans))
    return made


@given(counts_of_sims(), st.lists(st.booleans(), min_size=5, max_size=5), st.sampled_from(["rows", "sums"]))
def test_however_sims_are_cut_into_ranges_the_tables_are_the_same(sims, cuts, keep):
    text = """
start: 2026-01-01T00:00:00Z
duration: 1 day
seed: 1
fleets:
  a: {data_limit: 1 MB, devices: {moved: {count: 3, traffic: {}}}}
  b: {data_limit: 1 MB, devices: {one: {count: 1, role: faulty, traffic: {}}, two: {count: 1, traffic: {}}}}
timeline: [{at: 1 h, sims: a/moved, to: b}]
"""
    pieces: list[list[Counted]] = [[]]
    for sim, cut in zip(sims, cuts, strict=False):
        if cut:
            pieces.append([])
        pieces[-1].append(sim)
    whole, cut_up = (
        tabulate(load_text(text), 0, [joined(each) for each in ranges], Wanted(keep=keep))
        for ranges in ([sims], pieces)
    )
    assert cut_up == whole


def joined(parts: list[Counted]) -> Counted:
    fields = ("rows", "blocked", "records", "events")
    return Counted(*(np.concatenate([getattr(part, name) for part in [*parts, counted()]]) for name in fields))


def test_blocked_sims_are_counted_at_each_instant_from_the_blocks_start_up_to_its_end():
    scenario = load_text(SCENARIO)
    grid = grid_ms(scenario.horizon_ms)
    # SIM 0 is blocked from the second instant of the grid, SIM 1 to the fourth, of which it is no more.
    spans = ((0, 0, int(grid[1]), int(grid[5])), (1, 0, int(grid[2]), int(grid[3])))
    table = tabulate(scenario, 0, [counted(row(), spans=spans)]).blocked
    assert table.schema == SCHEMAS["blocked"]
    frame = table.to_pandas()
    normal = frame[(frame["fleet"] == "zebra") & (frame["role"] == "normal")]["blocked_sims"].tolist()
    assert normal[:7] == [0, 1, 2, 1, 1, 0, 0]
    assert sum(normal[7:]) == 0
    assert frame["blocked_sims"].sum() == sum(normal)


@pytest.mark.parametrize("horizon_ms", [1, 999, 1000, 1001, 86_400_000, 31 * 86_400_000, 100 * 365 * 86_400_000])
def test_the_grid_begins_at_the_start_ends_before_the_horizon_and_has_at_most_1000_instants(horizon_ms):
    grid = grid_ms(horizon_ms)
    assert grid[0] == 0
    assert grid[-1] < horizon_ms
    assert 1 <= grid.size <= 1000
    assert np.unique(np.diff(grid)).size <= 1


def test_tables_of_replications_can_be_put_one_after_the_other():
    parts = [tabulate(load_text(SCENARIO), i, [counted(row(upload_bytes=i))]) for i in (0, 1)]
    whole = Tables.concatenate(parts)
    assert whole.sim_periods["upload_bytes"].to_pylist() == [0, 1]
    assert whole.sim_periods.schema == parts[0].sim_periods.schema


def test_a_group_without_a_row_has_sums_of_zero_so_that_means_count_it():
    # Activated on the second day of a run of one day: no row, and no cost in any replication.
    text = """
start: 2026-01-01T00:00:00Z
duration: 1 day
seed: 1
replications: 2
fleets: {f: {data_limit: 1 MB, devices: {late: {count: 3, activation: {at: 1 day}, traffic: {}}, d: {count: 1, traffic: {}}}}}
"""
    result = fleetsim.run(load_text(text), workers=1)
    assert result.replications["device_group"].tolist() == ["late", "d"] * 2
    assert result.replications["sim_periods"].tolist() == [0, 1] * 2
    assert result.replications["cost_micros"].tolist() == [0, 2_000_000] * 2
