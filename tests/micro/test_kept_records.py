"""Usage records and events that a run keeps: sessions and grids of SIMs that come, go, move and come back.

Records close at 6, 12, 18 and 24 minutes and at the horizon, 30:00; a limit arrives 4 minutes after it was set; one
period of 30 minutes, a limit of 100 bytes, unless a test says otherwise. Times in comments are minutes:seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.micro.lifecycle import (
    MINUTE,
    ON_DEMAND,
    bursts,
    bursts_of_sims,
    limit_set,
    move,
    off,
    on,
    scenario,
    sims_file,
)

FILE = ("initial: {file: sims.csv}",)
SINCE = "2025-12-31T23:50:00Z"


@pytest.fixture
def kept(tmp_path: Path) -> Callable[..., tuple[list[tuple[int, ...]], list[tuple[object, ...]]]]:
    """Run a scenario text and list its usage records and events, instants in ms since the start."""

    def run(yaml_text: str, records: str = "all", **files: str):
        import fleetsim

        for name, content in files.items():
            (tmp_path / ".".join(name.rsplit("_", 1))).write_text(content)
        path = tmp_path / "scenario.yaml"
        path.write_text(yaml_text)
        scenario = fleetsim.load(path)
        result = fleetsim.run(scenario, engine="reference", workers=1, records=records)

        def ms(instants: pd.Series) -> list[int]:
            since = instants - pd.Timestamp(scenario.start_ms, unit="ms", tz="UTC")
            return [int(value) for value in since // pd.Timedelta(1, "ms")]

        frame, happened = result.usage_records, result.events
        plain = [frame[name].tolist() for name in ("sim", "period", "session")]
        moved = [frame[name].tolist() for name in ("upload_bytes", "download_bytes", "dns_bytes")]
        rows = list(zip(*plain, ms(frame["record_start"]), ms(frame["record_end"]), *moved, strict=True))
        limits = [None if pd.isna(value) else int(value) for value in happened["data_limit_bytes"]]
        events = list(
            zip(
                *(happened[name].tolist() for name in ("sim", "period")),
                ms(happened["time"]),
                happened["event"].tolist(),
                limits,
                happened["cause"].tolist(),
                strict=True,
            )
        )
        return rows, events

    return run


def record(session, start, end, up=0, down=0, dns=0, *, sim=0, period=0):
    """A record from `start` to `end`, in minutes."""
    return (sim, period, session, round(start * MINUTE), round(end * MINUTE), up, down, dns)


def what(events):
    """Events without their SIM and period: time in ms, kind, cached limit, cause."""
    return [event[2:] for event in events]


# ---- records


def test_records_of_an_always_on_session_and_the_last_one_ends_at_the_horizon(kept):
    text, trace = scenario(), bursts((60_000, 10), (780_000, 20))
    records, events = kept(text, trace_csv=trace)
    assert records == [
        record(0, 0, 6, 10),
        record(0, 6, 12),
        record(0, 12, 18, 20),
        record(0, 18, 24),
        record(0, 24, 30),
    ]
    assert events == []
    records, events = kept(text, "traffic", trace_csv=trace)
    assert records == [record(0, 0, 6, 10), record(0, 12, 18, 20)]
    assert events == []


def test_a_boundary_closes_the_open_record_and_the_session_goes_on(kept):
    # 5 bytes at 15:00 are the new period's.
    records, _ = kept(scenario(period="15 min"), trace_csv=bursts((899_999, 3), (900_000, 5)))
    assert records == [
        record(0, 0, 6),
        record(0, 6, 12),
        record(0, 12, 15, 3),
        record(0, 15, 18, 5, period=1),
        record(0, 18, 24, period=1),
        record(0, 24, 30, period=1),
    ]


def test_a_boundary_on_the_grid_makes_one_record(kept):
    records, _ = kept(scenario(period="12 min"), trace_csv=bursts((60_000, 3)))
    assert records == [
        record(0, 0, 6, 3),
        record(0, 6, 12),
        record(0, 12, 18, period=1),
        record(0, 18, 24, period=1),
        record(0, 24, 30, period=2),
    ]


def test_bytes_of_running_transfers_and_lookups_are_in_the_record_in_which_they_moved(kept):
    # A lookup of 70 + 150 at 5:10, then 100 bytes over 100 s: 50 by 6:00, 30 more by 6:30, where they are cut.
    text = scenario(
        limit="1000 B", group=("dns: {query: 70 B, response: 150 B, cache_ttl: 1 h}",), timeline=(off("390 s"),)
    )
    records, _ = kept(text, trace_csv=bursts((310_000, 100, 100_000)))
    assert records == [record(0, 0, 6, 120, 150, 220), record(0, 6, 6.5, 30)]


@pytest.mark.parametrize(
    ("gone", "back", "around"),
    [
        (7, 10, [record(0, 6, 7), record(1, 10, 12), record(1, 12, 18)]),
        (7, 12, [record(0, 6, 7), record(1, 12, 18)]),
        (12, 13, [record(0, 6, 12), record(1, 13, 18)]),
        (8, 8, [record(0, 6, 8), record(1, 8, 12), record(1, 12, 18)]),
        (12, 12, [record(0, 6, 12), record(1, 12, 18)]),
    ],
    ids=["inside", "back on the grid", "gone on the grid", "at one instant", "at one instant of the grid"],
)
def test_inactive_ends_the_session_and_a_return_opens_one_on_the_old_grid(kept, gone, back, around):
    text = scenario(timeline=(off(f"{gone} min"), on(f"{back} min")))
    records, _ = kept(text, trace_csv=bursts((60_000, 5)))
    assert records == [record(0, 0, 6, 5), *around, record(1, 18, 24), record(1, 24, 30)]


def test_a_session_of_no_length_makes_no_record(kept):
    records, events = kept(scenario(timeline=(off("0 s"),)), trace_csv=bursts((60_000, 5)))
    assert (records, events) == ([], [])


def test_a_return_after_the_period_is_in_a_period_of_its_own(kept):
    # Periods of 10 minutes: [0, 10:00), [17:00, 27:00), [27:00, ...).
    text = scenario(period="10 min", timeline=(off("7 min"), on("17 min")))
    records, _ = kept(text, trace_csv=bursts((60_000, 5), (1_050_000, 7)))
    assert records == [
        record(0, 0, 6, 5),
        record(0, 6, 7),
        record(1, 17, 18, 7, period=1),
        record(1, 18, 24, period=1),
        record(1, 24, 27, period=1),
        record(1, 27, 30, period=2),
    ]


def test_a_sim_made_inactive_at_a_boundary_has_no_record_in_the_new_period(kept):
    records, _ = kept(scenario(period="10 min", timeline=(off("10 min"),)), trace_csv=bursts((60_000, 5)))
    assert records == [record(0, 0, 6, 5), record(0, 6, 10)]


def test_the_grid_begins_with_the_activation(kept):
    text = scenario(group=("activation: {at: 10 min, over: 0 s}",))
    records, _ = kept(text, trace_csv=bursts((60_000, 9), (600_000, 5)))
    assert records == [record(0, 10, 16, 5), record(0, 16, 22), record(0, 22, 28), record(0, 28, 30)]


@pytest.mark.parametrize(
    ("status", "entry"),
    [
        ("active", on("8 min")),
        ("ready", on("8 min")),
        ("active", move("8 min", "g")),
        ("active", move("8 min", "f")),
        ("active", limit_set("8 min", "900 B")),
    ],
)
def test_what_ends_no_session_closes_no_record(kept, status, entry):
    text = scenario(others={"g": "500 B"}, group=(f"status: {status}",), timeline=(entry,))
    records, _ = kept(text, trace_csv=bursts((60_000, 5)))
    assert records == [record(0, 0, 6, 5), *(record(0, start, start + 6) for start in (6, 12, 18, 24))]


def test_turning_active_closes_no_record(kept):
    text = scenario(limit="1 MB", group=("status: ready",))
    records, _ = kept(text, trace_csv=bursts((480_000, 250_000)))
    assert records == [
        record(0, 0, 6),
        record(0, 6, 12, 250_000),
        *(record(0, start, start + 6) for start in (12, 18, 24)),
    ]


def test_on_demand_sessions_have_numbers_and_grids_of_their_own(kept):
    # 5 at 1:00: [1:00, 11:00), closing at 7:00. 6 at 11:00 belong to a new session, until 13:00. 7 at 14:00, after
    # the return at 13:30: [14:00, 24:00).
    text = scenario(session=ON_DEMAND, timeline=(off("13 min"), on("810 s")))
    records, _ = kept(text, trace_csv=bursts((60_000, 5), (660_000, 6), (840_000, 7)))
    assert records == [
        record(0, 1, 7, 5),
        record(0, 7, 11),
        record(1, 11, 13, 6),
        record(2, 14, 20, 7),
        record(2, 20, 24),
    ]


def test_a_stream_opens_an_on_demand_session_again_at_the_return(kept):
    # 1 byte a second from 0 on; away from 2:00 to 5:00. The second session has the grid 5:00 + 6:00, and goes on as
    # long as the stream flows.
    flow = "{f: {arrivals: {process: continuous, from: 0 s, until: 20 min}, upload: 1 B/s}}"
    text = scenario(limit="5000 B", session=ON_DEMAND, traffic=flow, timeline=(off("2 min"), on("5 min")))
    records, _ = kept(text)
    assert records == [
        record(0, 0, 2, 120),
        record(1, 5, 11, 360),
        record(1, 11, 17, 360),
        record(1, 17, 23, 180),
        record(1, 23, 29),
        record(1, 29, 30),
    ]


def test_the_session_of_a_sim_with_a_running_period_begins_at_the_start(kept):
    # Its period ends at 20:00; what was used before is in no record.
    text = scenario(limit="1000 B", group=FILE)
    records, events = kept(text, sims_csv=sims_file(f"0,{SINCE},80,0"), trace_csv=bursts((60_000, 5)))
    assert records == [
        record(0, 0, 6, 5),
        record(0, 6, 12),
        record(0, 12, 18),
        record(0, 18, 20),
        record(0, 20, 24, period=1),
        record(0, 24, 30, period=1),
    ]
    assert events == []


# ---- events


def test_a_block_a_limit_and_an_unblock_in_the_order_in_which_they_happen(kept):
    # 150 recorded at 6:00; 200 set at 8:00 arrives at 12:00. Records go on meanwhile.
    text = scenario(timeline=(limit_set("8 min", "200 B"),))
    for records in ("traffic", "all"):
        made, events = kept(text, records, trace_csv=bursts((60_000, 150)))
        assert len(made) == (1 if records == "traffic" else 5)
        assert events == [
            (0, 0, 360_000, "block", 100, "record"),
            (0, 0, 720_000, "limit", 200, "update"),
            (0, 0, 720_000, "unblock", 200, "refresh"),
        ]


def test_a_limit_that_arrives_as_it_was_is_no_event(kept):
    # 100 at 1:00 is what is there; 200 at 8:00 arrives at 12:00, 200 at 13:00 changes nothing, 100 at 18:00 at 22:00.
    sets = [("1 min", "100 B"), ("8 min", "200 B"), ("13 min", "200 B"), ("18 min", "100 B")]
    _, events = kept(scenario(timeline=tuple(limit_set(*each) for each in sets)), trace_csv=bursts((60_000, 50)))
    assert what(events) == [(720_000, "limit", 200, "update"), (1_320_000, "limit", 100, "update")]


def test_a_boundary_unblocks_and_the_horizon_does_not(kept):
    # 150 in each period of 15 minutes: blocked at 6:00 to 15:00, and from 18:00 on.
    _, events = kept(scenario(period="15 min"), trace_csv=bursts((60_000, 150), (960_000, 150)))
    assert what(events) == [
        (360_000, "block", 100, "record"),
        (900_000, "unblock", 100, "period"),
        (1_080_000, "block", 100, "record"),
    ]


def test_the_block_of_a_running_period_is_an_event_at_the_start(kept):
    # 50 used: the empty record of 6:00 unblocks.
    _, events = kept(scenario(group=FILE), sims_csv=sims_file(f"0,{SINCE},50,1"), trace_csv=bursts((1, 5)))
    assert what(events) == [(0, "block", 100, "initial"), (360_000, "unblock", 100, "record")]


def test_a_block_that_is_cancelled_is_no_event(kept):
    # 500 in the cache in step 3 of 0: 150 used are not above it.
    text = scenario(propagation="0 s", group=FILE, timeline=(limit_set("0 s", "500 B"),))
    _, events = kept(text, sims_csv=sims_file(f"0,{SINCE},150,1"), trace_csv=bursts((1, 5)))
    assert what(events) == [(0, "limit", 500, "update")]


def test_the_refresh_of_a_return_is_an_event_of_its_instant(kept):
    # 100 set at 3:00 is due at 23:00; read at 12:00. Blocked in step 6 of 12:00. 500 set at 14:00 is read at 23:00.
    text = scenario(
        limit="1000 B",
        propagation="20 min",
        timeline=(limit_set("3 min", "100 B"), off("8 min"), on("12 min"), limit_set("14 min", "500 B")),
    )
    _, events = kept(text, trace_csv=bursts((60_000, 150)))
    assert what(events) == [
        (720_000, "limit", 100, "return"),
        (720_000, "block", 100, "refresh"),
        (1_380_000, "limit", 500, "update"),
        (1_380_000, "unblock", 500, "refresh"),
    ]


def test_a_limit_reaches_the_cache_of_an_inactive_sim_and_blocks_it(kept):
    # 100 set at 8:00 arrives at 12:00, though the SIM is inactive from 9:00 on.
    text = scenario(limit="1000 B", timeline=(limit_set("8 min", "100 B"), off("9 min")))
    _, events = kept(text, trace_csv=bursts((60_000, 150)))
    assert what(events) == [(720_000, "limit", 100, "update"), (720_000, "block", 100, "refresh")]


def test_without_a_running_period_a_limit_reaches_the_cache_and_nothing_is_blocked(kept):
    # The period ends at 10:00, which lifts the block of 6:00. 50 set at 12:00 arrives at 16:00.
    text = scenario(period="10 min", timeline=(off("7 min"), limit_set("12 min", "50 B")))
    _, events = kept(text, trace_csv=bursts((60_000, 150)))
    assert what(events) == [
        (360_000, "block", 100, "record"),
        (600_000, "unblock", 100, "period"),
        (960_000, "limit", 50, "update"),
    ]


def test_a_pending_block_takes_effect_while_inactive(kept):
    # Evaluated at 6:00, inactive at 8:00, blocked at 9:00.
    text = scenario(platform=", enforcement_delay: 3 min", timeline=(off("8 min"),))
    _, events = kept(text, trace_csv=bursts((60_000, 150)))
    assert what(events) == [(540_000, "block", 100, "record")]


def test_a_moved_sim_gets_the_limit_of_its_new_fleet_later(kept):
    # SIM 0 at 8:00 to g (500), SIM 1 at 9:00 to h (unlimited): in their caches at 12:00 and 13:00. Both were blocked
    # at 6:00. Events are sorted by SIM, then by time.
    text = scenario(
        count=2,
        others={"g": "500 B", "h": "unlimited"},
        timeline=(move("8 min", "g", 1), move("9 min", "g"), move("9 min", "h", 2), move("9 min", "g", 1)),
    )
    _, events = kept(text, trace_csv=bursts_of_sims((0, 60_000, 150), (1, 60_000, 150)))
    assert events == [
        (0, 0, 360_000, "block", 100, "record"),
        (0, 0, 720_000, "limit", 500, "move"),
        (0, 0, 720_000, "unblock", 500, "refresh"),
        (1, 0, 360_000, "block", 100, "record"),
        (1, 0, 780_000, "limit", None, "move"),
        (1, 0, 780_000, "unblock", None, "refresh"),
    ]


def test_the_refresh_of_an_activation_is_an_event_after_the_start_only(kept):
    # 50 set at the activation at 10:00 is read then; set at 0 for a SIM activated at 0, it arrives at 4:00.
    late = scenario(group=("activation: {at: 10 min, over: 0 s}",), timeline=(limit_set("10 min", "50 B"),))
    _, events = kept(late, trace_csv=bursts((600_000, 5)))
    assert what(events)[0] == (600_000, "limit", 50, "activation")
    _, events = kept(scenario(timeline=(limit_set("0 s", "50 B"),)), trace_csv=bursts((600_000, 5)))
    assert what(events) == [(240_000, "limit", 50, "update")]
