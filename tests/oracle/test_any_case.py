"""What must hold of the oracle whatever the case, with a lifecycle or without one; and how a case is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.oracle.by_hand import one_sim, rows
from tests.oracle.case import Case, Dns, Initial, Move, Reconnect, SetLimit, SetStatus, Stream
from tests.oracle.lifecycle import lifecycle_cases
from tests.oracle.oracle import Walk
from tests.oracle.strategies import cases
from tests.oracle.to_yaml import write

many = settings(
    max_examples=100,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


def any_case() -> st.SearchStrategy[Case]:
    return cases() | lifecycle_cases()


@given(any_case())
@many
def test_every_byte_offered_has_moved_or_is_undelivered_or_in_flight(case: Case) -> None:
    walk = Walk(case).run()
    offered = sum(r["offered_bytes"] for r in walk.rows)
    undelivered = sum(r["undelivered_bytes"] for r in walk.rows)
    assert offered == walk.moved_by_traffic + undelivered + walk.in_flight
    if case.dns is None and case.reconnect is None:
        assert walk.moved_by_traffic == sum(r["used_bytes"] for r in walk.rows)


@given(any_case())
@many
def test_the_causes_add_up_to_the_overage_and_with_a_constant_limit_to_what_is_beyond_it(case: Case) -> None:
    constant = not any(isinstance(entry, SetLimit | Move) for entry in case.timeline)
    for r in rows(case):
        assert sum(r["causes"]) == r["overage_bytes"]
        assert r["used_bytes"] == r["upload_bytes"] + r["download_bytes"]
        if constant and case.limit is None:
            assert r["overage_bytes"] == 0
        elif constant:
            beyond = max(0, r["carried_bytes"] + r["used_bytes"] - case.limit)
            assert r["overage_bytes"] == beyond - max(0, r["carried_bytes"] - case.limit)
            assert r["overage_propagation_bytes"] == 0


@given(any_case())
@many
def test_records_hold_every_byte_once_and_never_overlap(case: Case) -> None:
    walk = Walk(case).run()
    assert all(record.start < record.end for record in walk.records)
    assert all(one.end <= two.start for one, two in pairwise(walk.records))
    assert all(one.session <= two.session for one, two in pairwise(walk.records))
    for r in walk.rows:  # no record lies across a boundary
        inside = [record for record in walk.records if record.period == r["period"]]
        assert all(r["period_start"] <= record.start and record.end <= r["period_end"] for record in inside)
        for name in ("upload", "download", "dns"):
            assert sum(getattr(record, name) for record in inside) == r[f"{name}_bytes"]
    assert {record.period for record in walk.records} <= {r["period"] for r in walk.rows}


@given(any_case())
@many
def test_rows_follow_each_other_and_blocked_time_lies_in_them(case: Case) -> None:
    found = rows(case)
    assert bool(found) == (case.activation < case.horizon)
    assert [r["period"] for r in found] == list(range(len(found)))
    returns = {entry.at for entry in case.timeline if isinstance(entry, SetStatus) and entry.status == "active"}
    for one, two in pairwise(found):
        assert one["period_end"] == two["period_start"] or two["period_start"] in returns
    for r in found:
        start, end = max(r["period_start"], 0), min(r["period_end"], case.horizon)
        assert start < end
        assert r["complete"] == (start == r["period_start"] and end == r["period_end"])
        assert (r["first_blocked_at"] is None) == (r["blocks"] == 0) == (r["blocked_ms"] == 0)
        if r["blocks"]:
            assert r["period_start"] < r["first_blocked_at"] < end
            assert r["blocked_ms"] <= end - r["first_blocked_at"]


@given(any_case())
@many
def test_events_tell_blocks_their_time_and_the_cached_limit(case: Case) -> None:
    walk = Walk(case).run()
    assert [event.time for event in walk.events] == sorted(event.time for event in walk.events)
    turns = [event for event in walk.events if event.event != "limit"]
    assert [event.event for event in turns] == [("block", "unblock")[n % 2] for n in range(len(turns))]
    ends = [event.time for event in turns[1::2]] + [case.horizon]
    blocked_ms = sum(end - block.time for block, end in zip(turns[::2], ends, strict=False))
    assert blocked_ms == sum(r["blocked_ms"] for r in walk.rows)
    for r in walk.rows:
        blocks = [event.time for event in turns[::2] if event.period == r["period"]]
        assert (len(blocks), min(blocks, default=None)) == (r["blocks"], r["first_blocked_at"])
    cached = case.limit
    for event in walk.events:
        assert event.event == "limit" or event.limit == cached
        cached = event.limit


@given(lifecycle_cases())
@many
def test_a_ready_sim_differs_from_an_active_one_in_its_fees_only(case: Case) -> None:
    if any(isinstance(entry, SetStatus) and entry.status == "inactive" for entry in case.timeline):
        case = replace(case, timeline=())
    ready, active = (Walk(replace(case, status=status)).run() for status in ("ready", "active"))
    assert [r | {"fee_due": None} for r in ready.rows] == [r | {"fee_due": None} for r in active.rows]
    assert (ready.records, ready.events) == (active.records, active.events)
    fees = [r["fee_due"] for r in ready.rows if r["period_start"] >= 0]
    assert fees == sorted(fees)  # once active, always active
    assert all(r["fee_due"] == (r["period_start"] >= 0) for r in active.rows)


def test_a_case_is_written_as_a_scenario(tmp_path: Path) -> None:
    case = one_sim(
        (50, 1, 2, 3),
        more=(Stream(10, 1000, 5, 6, via_dns=True), Stream(0, 20, 1, 0)),
        limit=None,
        updates=((7, 12),),
        dns=Dns(1, 2, 3, "carrier"),
        reconnect=Reconnect(1, Fraction("1.5"), 4, 5, 6),
        billing_period=250,
    )
    path = write(case, tmp_path)
    text = path.read_text(encoding="utf-8")
    assert (tmp_path / "item-0.csv").read_text(encoding="utf-8") == (
        "time_ms,upload_bytes,download_bytes,duration_ms\n50,1,2,3\n"
    )
    for line in (
        "start: 2026-01-01T00:00:00.000Z",
        "    data_limit: unlimited",
        "            arrivals: {process: continuous, from: 10 ms}",
        "            arrivals: {process: continuous, from: 0 ms, until: 20 ms}",
        "  billing_period: 250 ms",
        "        dns: {query: 1 B, response: 2 B, cache_ttl: 3 ms, resolver: carrier}",
        "          reconnect: {first: 1 ms, factor: 1.5, max: 4 ms}",
        "  - {at: 7 ms, fleet: main, data_limit: 12 B}",
    ):
        assert line in text.splitlines()
    assert "status" not in text
    assert "initial" not in text


def test_a_lifecycle_is_written_as_a_scenario(tmp_path: Path) -> None:
    case = one_sim(
        others=(5, None),
        timeline=(Move(9, 1), SetStatus(8, "inactive"), SetLimit(7, None, 2), SetStatus(9, "active")),
        status="ready",
        start=datetime(2026, 1, 1, 12, tzinfo=UTC),
        initial=Initial(-1001, 77, False),
    )
    lines = write(case, tmp_path).read_text(encoding="utf-8").splitlines()
    assert (tmp_path / "sims.csv").read_text(encoding="utf-8") == (
        "sim,period_start,used_bytes,blocked\n0,2026-01-01T11:59:58.999Z,77,0\n"
    )
    assert lines[lines.index("timeline:") :] == [
        "timeline:",
        "  - {at: 9 ms, sims: main/device, to: other}",
        "  - {at: 8 ms, sims: main/device, status: inactive}",
        "  - {at: 7 ms, fleet: third, data_limit: unlimited}",
        "  - {at: 9 ms, sims: main/device, status: active}",
    ]
    for line in (
        "        status: ready",
        "        initial: {file: sims.csv}",
        "  other: {data_limit: 5 B, any_limit: true, devices: {}}",
        "  third: {data_limit: unlimited, any_limit: true, devices: {}}",
    ):
        assert line in lines
    write(replace(case, initial=Initial(-1, 7)), tmp_path)
    assert (tmp_path / "sims.csv").read_text(encoding="utf-8") == (
        "sim,period_start,used_bytes\n0,2026-01-01T11:59:59.999Z,7\n"
    )
