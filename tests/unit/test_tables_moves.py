"""Tables of runs in which SIMs change fleets, and of the records and events that a run may keep."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from test_tables import counted, row

from fleetsim.counted import EVENT_CAUSES, EVENTS, NO_LIMIT, RECORDED
from fleetsim.scenario.load import load_text
from fleetsim.tables import SCHEMAS, Tables, Wanted, tabulate
from fleetsim.tables.blocked import grid_ms

MOVES = """\
start: 2026-01-01T00:00:00Z
duration: 60 days
seed: 3
replications: 2
fleets:
  a:
    data_limit: 1 MB
    devices:
      meter: {count: 3, traffic: {}}
      stuck: {count: 1, role: faulty, traffic: {}}
  b: {data_limit: 2 MB, devices: {meter: {count: 2, traffic: {}}}}
  c: {data_limit: 3 MB, devices: {}}
timeline:
  - {at: 20 days, sims: a/stuck, to: c}
  - {at: 10 days, sims: a/meter, count: 1, to: b}
  - {at: 30 days, sims: a/meter, to: c}
  - {at: 40 days, sims: a/meter, to: a}
"""
A, B, C = range(3)
KEPT = Wanted(records="all")


def lines(tables: Tables, *columns: str) -> list[tuple[object, ...]]:
    table = tables.replications.select(["fleet", "device_group", "role", *columns])
    return [tuple(line.values()) for line in table.to_pylist()]


# ---- places ----------------------------------------------------------------------------------------------------------


def test_a_row_has_the_fleet_at_its_end_and_the_group_and_role_of_its_sims_origin():
    rows = [row(sim=0, fleet=B), row(sim=0, period=1, fleet=C), row(sim=3, fleet=C), row(sim=4, fleet=B)]
    table = tabulate(load_text(MOVES), 0, [counted(*rows)]).sim_periods
    assert [tuple(line.values()) for line in table.select(["fleet", "device_group", "role", "sim"]).to_pylist()] == [
        ("b", "meter", "normal", 0),
        ("c", "meter", "normal", 0),
        ("c", "stuck", "faulty", 3),
        ("b", "meter", "normal", 4),
    ]


def test_where_sims_start_and_where_the_timeline_takes_them_there_is_a_line_even_without_rows():
    assert lines(tabulate(load_text(MOVES), 0, [counted()]), "sims", "sim_periods", "cost_micros") == [
        ("a", "meter", "normal", 0, 0, 0),
        ("a", "stuck", "faulty", 0, 0, 0),
        ("b", "meter", "normal", 0, 0, 0),
        ("c", "meter", "normal", 0, 0, 0),
        ("c", "stuck", "faulty", 0, 0, 0),
    ]


def test_a_sim_counts_once_in_every_fleet_in_which_it_has_rows():
    # SIM 0 goes a, c and back to a; SIM 1 stays; SIM 0 of group b/meter shares the line of those that came from a/meter.
    rows = [row(sim=0, period=i, fleet=fleet, upload_bytes=10**i) for i, fleet in enumerate((A, C, A))]
    rows += [row(sim=1, fleet=A, upload_bytes=1000), row(sim=2, fleet=B, upload_bytes=3), row(sim=4, fleet=B, blocks=2)]
    assert lines(
        tabulate(load_text(MOVES), 0, [counted(*rows)]), "sims", "sim_periods", "used_bytes", "blocked_sim_periods"
    ) == [
        ("a", "meter", "normal", 2, 3, 1101, 0),
        ("a", "stuck", "faulty", 0, 0, 0, 0),
        ("b", "meter", "normal", 2, 2, 3, 1),
        ("c", "meter", "normal", 1, 1, 10, 0),
        ("c", "stuck", "faulty", 0, 0, 0, 0),
    ]


def test_a_sim_is_blocked_in_the_fleet_that_the_span_names():
    scenario = load_text(MOVES)
    at = [int(i) for i in grid_ms(scenario.horizon_ms)[:6]]
    spans = ((0, A, at[1], at[3]), (0, C, at[3], at[5]), (3, A, at[0], at[1]))
    frame = tabulate(scenario, 0, [counted(row(fleet=C), spans=spans)]).blocked.to_pandas()
    blocked = frame[frame["blocked_sims"] > 0]
    found = [
        (fleet, role, at.index(int((when - frame["time"][0]) / np.timedelta64(1, "ms"))))
        for fleet, role, when in zip(blocked["fleet"], blocked["role"], blocked["time"], strict=True)
    ]
    assert found == [("a", "normal", 1), ("a", "normal", 2), ("a", "faulty", 0), ("c", "normal", 3), ("c", "normal", 4)]
    assert set(blocked["blocked_sims"]) == {1}


def test_a_fleet_that_nothing_brings_a_sim_to_is_an_error_of_the_engine():
    with pytest.raises(AssertionError, match="nothing brings it to"):
        tabulate(load_text(MOVES), 0, [counted(row(sim=4, fleet=A))])


def test_a_period_that_began_before_the_start_is_not_complete():
    rows = [row(sim=i, period_start_ms=start, period_end_ms=1000) for i, start in enumerate((-1, 0))]
    tables = tabulate(load_text(MOVES), 0, [counted(*rows)])
    assert tables.sim_periods["complete"].to_pylist() == [False, True]
    assert lines(tables, "complete_sim_periods")[0][-1] == 1
    assert tables.sim_periods["period_start"][0].as_py().isoformat() == "2025-12-31T23:59:59.999000+00:00"


# ---- records and events ----------------------------------------------------------------------------------------------


def record(**values: int) -> list[int]:
    assert values.keys() <= set(RECORDED)
    return [values.get(name, 0) for name in RECORDED]


def event(sim: int, time_ms: int, what: str, cause: str, limit: int = NO_LIMIT) -> list[int]:
    return [sim, 0, time_ms, EVENTS.index(what), limit, EVENT_CAUSES.index(cause)]


def test_records_and_events_have_these_columns_and_types():
    tables = tabulate(load_text(MOVES), 0, [counted()], KEPT)
    assert tables.usage_records.column_names == [
        "replication",
        "sim",
        "period",
        "session",
        "record_start",
        "record_end",
        "upload_bytes",
        "download_bytes",
        "dns_bytes",
    ]
    assert tables.events.column_names == ["replication", "sim", "period", "time", "event", "data_limit_bytes", "cause"]
    for table in (tables.usage_records, tables.events):
        assert table.num_rows == 0
        for field in table.schema:
            assert field.nullable == (field.name == "data_limit_bytes"), field
            if field.name in ("event", "cause"):
                assert pa.types.is_dictionary(field.type)
            elif field.name in ("record_start", "record_end", "time"):
                assert field.type == pa.timestamp("ms", tz="UTC")
            else:
                assert field.type == pa.int64(), field


def test_records_are_put_one_after_the_other_in_the_order_of_their_ranges():
    first = record(sim=0, period=1, session=2, record_start_ms=5, record_end_ms=360_005, upload_bytes=7, dns_bytes=3)
    second = record(sim=4, record_start_ms=0, record_end_ms=1, download_bytes=9)
    tables = tabulate(load_text(MOVES), 8, [counted(records=[first]), counted(), counted(records=[second])], KEPT)
    assert tables.usage_records.schema == SCHEMAS["usage_records"]
    rows = tables.usage_records.to_pylist()
    start = rows[0].pop("record_start"), rows[0].pop("record_end")
    assert [when.isoformat() for when in start] == [
        "2026-01-01T00:00:00.005000+00:00",
        "2026-01-01T00:06:00.005000+00:00",
    ]
    assert rows[0] == {
        "replication": 8,
        "sim": 0,
        "period": 1,
        "session": 2,
        "upload_bytes": 7,
        "download_bytes": 0,
        "dns_bytes": 3,
    }
    assert (rows[1]["sim"], rows[1]["download_bytes"]) == (4, 9)


def test_events_have_names_and_no_limit_is_null():
    events = [event(0, 1, "block", "record", 5_000_000), event(0, 2, "limit", "move"), event(3, 0, "unblock", "period")]
    table = tabulate(load_text(MOVES), 0, [counted(events=events)], KEPT).events
    assert table.schema == SCHEMAS["events"]
    assert [
        tuple(line.values()) for line in table.select(["sim", "event", "data_limit_bytes", "cause"]).to_pylist()
    ] == [
        (0, "block", 5_000_000, "record"),
        (0, "limit", None, "move"),
        (3, "unblock", None, "period"),
    ]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (Wanted(), {"sim_periods", "replications", "blocked"}),
        (Wanted("traffic"), {"sim_periods", "replications", "blocked", "usage_records", "events"}),
        (Wanted("none", "sums"), {"histograms", "replications", "blocked"}),
        (Wanted("all", "sums"), {"histograms", "replications", "blocked", "usage_records", "events"}),
    ],
)
def test_a_run_has_the_tables_that_were_wanted_and_no_others(wanted, names):
    tables = tabulate(load_text(MOVES), 0, [counted(row())], wanted)
    assert set(wanted.tables) == names
    assert {name for name in SCHEMAS if getattr(tables, name) is not None} == names
    whole = Tables.concatenate([tables, tables])
    assert {name for name in SCHEMAS if getattr(whole, name) is not None} == names
