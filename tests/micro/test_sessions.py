"""Data sessions and the records that they make (model, section 4, settled: sessions)."""

from __future__ import annotations

from functools import partial

import pytest

from fleetsim.errors import BadInput
from tests.micro import uploads
from tests.micro.uploads import TRACE, check, trace

FLOW = "flow: {arrivals: {process: continuous, from: %s, until: %s}, upload: 1 B/s}"

scenario = partial(uploads.scenario, session="mode: on-demand, idle_timeout: 5 min")


# On demand: from the first activity to the idle timeout after the last


@pytest.mark.parametrize(
    ("idle", "blocked_at", "blocked_ms"),
    [("1 ms", 120_001, 1_679_999), ("1 min", 180_000, 1_620_000), ("359999 ms", 479_999, 1_320_001)],
)
def test_an_on_demand_session_closes_the_idle_timeout_after_its_last_activity(row, idle, blocked_at, blocked_ms):
    # One burst at 2:00: the only record closes with the session.
    text = scenario(session=f"mode: on-demand, idle_timeout: {idle}")
    check(
        row(text, trace_csv=trace((120_000, 150))),
        offered_bytes=150,
        used_bytes=150,
        overage_metering_bytes=50,
        blocks=1,
        first_blocked_at=blocked_at,
        blocked_ms=blocked_ms,
    )


@pytest.mark.parametrize(
    ("second", "blocked_at"),
    [(240_000, 480_000), (419_999, 480_000), (180_000, 480_000), (179_999, 479_999)],
    ids=["4:00", "6:59.999", "3:00", "2:59.999"],
)
def test_activity_extends_a_session_and_its_records_count_from_its_start(row, second, blocked_at):
    # 60 bytes at 2:00 and 60 more later, idle for 5 minutes: a record on the grid at 8:00, unless the session
    # ends before (with the second burst 1 ms before 3:00 at 7:59.999, 5 minutes after it).
    check(
        row(scenario(), trace_csv=trace((120_000, 60), (second, 60))),
        used_bytes=120,
        overage_metering_bytes=20,
        blocks=1,
        first_blocked_at=blocked_at,
    )


def test_an_on_demand_session_that_stays_open_makes_a_record_every_interval(row):
    # From 1:00, a burst every 4 minutes: records at 7:00 (80), 13:00 (120).
    transfers = trace((60_000, 40), (300_000, 40), (540_000, 40), (780_000, 3))
    check(
        row(scenario(), trace_csv=transfers),
        offered_bytes=123,
        used_bytes=120,
        undelivered_bytes=3,
        overage_metering_bytes=20,
        blocks=1,
        first_blocked_at=780_000,
        blocked_ms=1_020_000,
    )


def test_the_session_of_an_always_on_device_does_not_end_by_itself(row):
    # Nothing between 1:00 and 23:00: the grid of 6:00 still makes the record of 24:00.
    text = scenario(session="mode: always-on, first_record: 6 min")
    check(
        row(text, trace_csv=trace((60_000, 60), (1_380_000, 60))),
        used_bytes=120,
        blocks=1,
        first_blocked_at=1_440_000,
        blocked_ms=360_000,
    )


@pytest.mark.parametrize(
    ("second", "blocked_at", "blocked_ms"),
    [(239_999, 360_000, 1_440_000), (240_000, 480_000, 1_320_000)],
    ids=["1 ms before the end", "at the end"],
)
def test_activity_at_the_instant_at_which_a_session_ends_belongs_to_a_new_session(row, second, blocked_at, blocked_ms):
    # 60 bytes at 0, idle for 4 minutes. 60 more at 3:59.999: same session, record at 6:00. At 4:00: a new
    # session, with a grid of its own (10:00), which ends at 8:00.
    text = scenario(session="mode: on-demand, idle_timeout: 4 min")
    check(
        row(text, trace_csv=trace((0, 60), (second, 60))),
        used_bytes=120,
        overage_metering_bytes=20,
        blocks=1,
        first_blocked_at=blocked_at,
        blocked_ms=blocked_ms,
    )


def test_a_session_that_ends_on_its_record_grid_ends_with_that_record(row):
    # Idle for 6 minutes: the session of 0:00 ends at 6:00, where a record is due, with 60 recorded. The burst
    # of 6:00 opens another one, which ends at 12:00 in the same way.
    text = scenario(session="mode: on-demand, idle_timeout: 6 min")
    check(
        row(text, trace_csv=trace((0, 60), (360_000, 60), (720_000, 5))),
        offered_bytes=125,
        used_bytes=120,
        undelivered_bytes=5,
        overage_metering_bytes=20,
        blocks=1,
        first_blocked_at=720_000,
        blocked_ms=1_080_000,
    )


@pytest.mark.parametrize(
    ("transfers", "blocked_at"),
    [
        (((240_000, 150),), 540_000),
        (((0, 0), (240_000, 150)), 360_000),
        (((0, 0), (330_000, 150)), 630_000),
        (((0, 0, 180_000), (330_000, 150)), 360_000),
    ],
    ids=["none", "an instantaneous one", "one that ended too early", "a running one"],
)
def test_a_transfer_of_no_bytes_is_activity_as_size_does_not_matter(row, transfers, blocked_at):
    # 150 bytes at 4:00 alone: session [4:00, 9:00). With 0 bytes at 0:00: open until 5:00, so one session,
    # record at 6:00. 150 bytes at 5:30: a session of their own until 10:30, but 0 bytes that run until 3:00
    # keep it open.
    check(row(scenario(), trace_csv=trace(*transfers)), used_bytes=150, blocks=1, first_blocked_at=blocked_at)


# Running transfers


def test_the_whole_of_a_running_transfer_is_activity(row):
    # 1 byte a second from 1:00 to 11:00, idle for a minute: one session, record at 7:00 with 360, cut there.
    text = scenario(session="mode: on-demand, idle_timeout: 1 min")
    check(
        row(text, trace_csv=trace((60_000, 600, 600_000))),
        offered_bytes=600,
        used_bytes=360,
        undelivered_bytes=240,
        overage_metering_bytes=260,
        blocks=1,
        first_blocked_at=420_000,
        blocked_ms=1_380_000,
    )


@pytest.mark.parametrize(
    ("burst_at", "used", "undelivered", "blocked_at", "blocked_ms"),
    [(299_999, 153, 0, 360_000, 1_440_000), (300_000, 150, 3, 300_000, 1_500_000)],
    ids=["1 ms before the end", "at the end"],
)
def test_the_last_activity_of_a_running_transfer_is_the_instant_at_which_it_ends(
    row, burst_at, used, undelivered, blocked_at, blocked_ms
):
    # From 0 to 3:00, idle for 2 minutes: the session ends at 5:00, with a block, unless there is activity
    # before.
    text = scenario(session="mode: on-demand, idle_timeout: 2 min")
    check(
        row(text, trace_csv=trace((0, 150, 180_000), (burst_at, 3))),
        offered_bytes=153,
        used_bytes=used,
        undelivered_bytes=undelivered,
        overage_metering_bytes=used - 100,
        blocks=1,
        first_blocked_at=blocked_at,
        blocked_ms=blocked_ms,
    )


@pytest.mark.parametrize(
    ("burst_at", "blocked_ms"),
    [(659_999, 1_140_000), (660_000, 900_000)],
    ids=["1 ms before the end", "at the end"],
)
def test_the_last_activity_of_a_transfer_that_is_cut_is_the_cut_and_a_block_ends_no_session(row, burst_at, blocked_ms):
    # 1 byte a second from 0; record of 6:00: 360, blocked and cut; the session goes on until 11:00. Limit 400
    # arrives at 7:00: unblocked. 100 bytes at 10:59.999 are in the old session, record at 12:00: blocked for
    # 1 + 18 minutes. At 11:00 they are in a new one, which ends at 16:00: blocked for 1 + 14 minutes. Over:
    # 101..180 until 3:00, 401..460 in the burst.
    text = scenario(timeline=("at: 3 min, fleet: f, data_limit: 400 B",))
    check(
        row(text, trace_csv=trace((0, 1200, 1_200_000), (burst_at, 100))),
        offered_bytes=1300,
        used_bytes=460,
        undelivered_bytes=840,
        overage_bytes=140,
        overage_metering_bytes=140,
        blocks=2,
        first_blocked_at=360_000,
        blocked_ms=blocked_ms,
    )


def test_a_block_does_not_end_a_session_by_itself(row):
    # On demand from 1:00, record of 7:00: 360, blocked and cut, open until 12:00. Limit 1000, set at 4:30,
    # arrives at 8:30. 800 bytes at 9:00: 1160 in the grid's record of 13:00, not at 14:00 where a new session
    # would have ended. Over: 101..210 until 4:30, 1001..1160 in the burst.
    text = scenario(timeline=("at: 270 s, fleet: f, data_limit: 1000 B",))
    check(
        row(text, trace_csv=trace((60_000, 600, 600_000), (540_000, 800))),
        offered_bytes=1400,
        used_bytes=1160,
        undelivered_bytes=240,
        overage_bytes=270,
        overage_metering_bytes=270,
        blocks=2,
        first_blocked_at=420_000,
        blocked_ms=1_110_000,
    )


def test_a_block_leaves_the_record_grid_of_an_always_on_device_alone(row):
    # Blocked at 6:00, unblocked at 7:00 (1000), 1050 moved at 7:30: record at 12:00.
    text = scenario(
        session="mode: always-on, first_record: 6 min",
        timeline=("at: 3 min, fleet: f, data_limit: 1000 B",),
    )
    check(
        row(text, trace_csv=trace((60_000, 150), (450_000, 900))),
        used_bytes=1050,
        overage_metering_bytes=100,
        blocks=2,
        first_blocked_at=360_000,
        blocked_ms=1_140_000,
    )


# Continuous traffic


@pytest.mark.parametrize(
    ("burst_at", "blocked_at", "blocked_ms"),
    [(779_999, 780_000, 1_020_000), (780_000, 1_020_000, 780_000)],
    ids=["1 ms before the end", "at the end"],
)
def test_continuous_traffic_is_activity_while_it_flows(row, burst_at, blocked_at, blocked_ms):
    # 1 byte a second from 1:00 to 9:00 (480), idle for 4 minutes: open until 13:00, records at 7:00 and
    # 13:00. 600 bytes at 12:59.999 are in the record of 13:00; at 13:00 in a new session's, which ends at
    # 17:00.
    text = scenario(
        limit="1000 B",
        session="mode: on-demand, idle_timeout: 4 min",
        traffic=TRACE + ", " + FLOW % ("1 min", "9 min"),
    )
    check(
        row(text, trace_csv=trace((burst_at, 600))),
        offered_bytes=1080,
        used_bytes=1080,
        undelivered_bytes=0,
        overage_metering_bytes=80,
        blocks=1,
        first_blocked_at=blocked_at,
        blocked_ms=blocked_ms,
    )


def test_continuous_traffic_opens_a_session_when_it_begins_to_flow(row):
    # From 1:30, so records at 7:30, 13:30: 360 there.
    text = scenario(session="mode: on-demand, idle_timeout: 1 ms", traffic=FLOW % ("90 s", "30 min"))
    check(
        row(text),
        offered_bytes=1710,
        used_bytes=360,
        undelivered_bytes=1350,
        blocks=1,
        first_blocked_at=450_000,
        blocked_ms=1_350_000,
    )


def test_suspended_traffic_is_no_activity_and_opens_a_session_when_it_goes_on(row):
    # 1 byte a second from 0. Blocked at 6:00 with 360; the session ends at 11:00. Limit 500, set at 9:00,
    # arrives at 13:00: a new session with records at 19:00: 720, blocked. Undelivered: 420 until 13:00, 660
    # after 19:00. Over: 101..360 under 100, 501..720 under 500.
    text = scenario(traffic=FLOW % ("0 s", "30 min"), timeline=("at: 9 min, fleet: f, data_limit: 500 B",))
    check(
        row(text),
        offered_bytes=1800,
        used_bytes=720,
        undelivered_bytes=1080,
        overage_bytes=480,
        overage_metering_bytes=480,
        blocks=2,
        first_blocked_at=360_000,
        blocked_ms=1_080_000,
    )


def test_traffic_that_goes_on_before_the_session_ends_goes_on_in_it(row):
    # Suspended at 6:00, so open until 11:00. Limit 400 arrives at 10:59.999; record of 12:00: 360 + 61 = 421
    # (byte 660 of the flow to byte 720), blocked. Undelivered: 299 in between, 1080 after 12:00. Over: 260
    # and 401..421.
    text = scenario(traffic=FLOW % ("0 s", "30 min"), timeline=("at: 419999 ms, fleet: f, data_limit: 400 B",))
    check(
        row(text),
        offered_bytes=1800,
        used_bytes=421,
        undelivered_bytes=1379,
        overage_bytes=281,
        overage_metering_bytes=281,
        blocks=2,
        first_blocked_at=360_000,
        blocked_ms=1_379_999,
    )


def test_traffic_that_goes_on_at_the_instant_at_which_the_session_ends_opens_a_new_one(row):
    # Suspended at 6:00, so open until 11:00, when limit 400 arrives. The session ends first, then the flow
    # goes on: record of 17:00: 720, blocked. Undelivered: 300 and 780. Over: 260 and 401..720.
    text = scenario(traffic=FLOW % ("0 s", "30 min"), timeline=("at: 7 min, fleet: f, data_limit: 400 B",))
    check(
        row(text),
        offered_bytes=1800,
        used_bytes=720,
        undelivered_bytes=1080,
        overage_bytes=580,
        overage_metering_bytes=580,
        blocks=2,
        first_blocked_at=360_000,
        blocked_ms=1_080_000,
    )


# What is no activity, and what is


def test_a_lost_transfer_is_no_activity(row):
    # Session [0, 5:00), blocked at its end; 7 bytes at 5:30 are lost. Limit 1000 arrives at 7:00. 900 bytes
    # at 8:00: a session of their own, which ends at 13:00. A session from 5:30 would make a record at 11:30.
    text = scenario(timeline=("at: 3 min, fleet: f, data_limit: 1000 B",))
    check(
        row(text, trace_csv=trace((0, 150), (330_000, 7), (480_000, 900))),
        offered_bytes=1057,
        used_bytes=1050,
        undelivered_bytes=7,
        overage_metering_bytes=100,
        blocks=2,
        first_blocked_at=300_000,
        blocked_ms=1_140_000,
    )


def test_a_transfer_lost_while_a_session_is_open_does_not_extend_it(row):
    # From 1:00; record of 7:00: 150, blocked; last activity at 5:30, so open until 10:30, whatever is lost at
    # 8:00. Limit 1000, set at 5:00, arrives at 9:00. 900 bytes at 10:30 are in a new session, which ends at
    # 15:30; in a session that was still open the record of 13:00 would have held them.
    text = scenario(timeline=("at: 5 min, fleet: f, data_limit: 1000 B",))
    check(
        row(text, trace_csv=trace((60_000, 75), (330_000, 75), (480_000, 7), (630_000, 900))),
        offered_bytes=1057,
        used_bytes=1050,
        undelivered_bytes=7,
        overage_metering_bytes=50,
        blocks=2,
        first_blocked_at=420_000,
        blocked_ms=990_000,
    )


@pytest.mark.parametrize(
    ("handshake", "used", "overage", "blocked_ms"),
    [("0 B", 1050, 100, 1_110_000), ("1 B", 1051, 101, 1_140_000)],
)
def test_a_handshake_is_activity_unless_it_has_no_bytes_and_an_attempt_that_moves_nothing_is_none(
    row, handshake, used, overage, blocked_ms
):
    # Session [0, 5:00), blocked at its end; attempts at 5:30, 6:00, 6:30 move nothing. Limit 1000 arrives at
    # 7:00, where the fourth attempt succeeds. 900 bytes at 8:30: with a handshake the session is that of
    # 7:00, record at 13:00; without one they open their own, which ends at 13:30. Over: 101..150, and what is
    # above 1000.
    text = scenario(
        group=(
            "when_blocked:",
            "  reconnect: {first: 30 s, factor: 1, max: 30 s}",
            f"  handshake: {{upload: {handshake}, download: 0 B}}",
        ),
        timeline=("at: 3 min, fleet: f, data_limit: 1000 B",),
    )
    check(
        row(text, trace_csv=trace((0, 150), (510_000, 900))),
        offered_bytes=1050,
        used_bytes=used,
        undelivered_bytes=0,
        overage_bytes=overage,
        overage_metering_bytes=overage,
        blocks=2,
        first_blocked_at=300_000,
        blocked_ms=blocked_ms,
    )


@pytest.mark.parametrize(
    ("passes", "used", "dns", "overage", "blocked_ms"),
    [("public", 1140, 90, 220, 1_230_000), ("none", 1110, 60, 190, 1_140_000)],
)
def test_a_lookup_is_activity_where_it_passes(row, passes, used, dns, overage, blocked_ms):
    # 30 bytes a lookup, one at each transfer's start. 180 at 0: session [0, 5:00), blocked at its end. The
    # lookup of 5:30, whose transfer is lost, opens a session where it passes: open through 8:00, when limit
    # 1000 (since 7:00) lets 30 + 900 pass, record at 11:30. Where it does not pass: session [8:00, 13:00).
    # Over: 101..180, and what is above 1000; the lookup at 5:30 is not (the Fleet's limit is 1000 since
    # 3:00).
    text = scenario(
        platform=f"limit_propagation: 4 min, dns_when_blocked: {passes}",
        group=("dns: {query: 10 B, response: 20 B, cache_ttl: 0 s, resolver: public}",),
        timeline=("at: 3 min, fleet: f, data_limit: 1000 B",),
    )
    check(
        row(text, trace_csv=trace((0, 150), (330_000, 7), (480_000, 900))),
        offered_bytes=1057,
        used_bytes=used,
        dns_bytes=dns,
        undelivered_bytes=7,
        overage_bytes=overage,
        overage_metering_bytes=overage,
        overage_dns_bytes=0,
        blocks=2,
        first_blocked_at=300_000,
        blocked_ms=blocked_ms,
    )


# Boundaries, and records at a session's end only


def test_an_open_session_goes_on_through_a_boundary(simulate):
    # 1 byte a second from 10:00 to 25:00, boundary at 15:00. The session's grid: 16:00 (60 of the new
    # period), 22:00 (420): blocked. A session that began anew at 15:00 would have made a record at 21:00.
    text = scenario(
        platform="limit_propagation: 4 min, billing_period: 15 min",
        session="mode: on-demand, idle_timeout: 1 min",
    )
    old, new = simulate(text, trace_csv=trace((600_000, 900, 900_000)))
    check(
        old,
        offered_bytes=900,
        used_bytes=300,
        undelivered_bytes=0,
        overage_metering_bytes=200,
        blocks=0,
        first_blocked_at=None,
    )
    check(
        new,
        offered_bytes=0,
        used_bytes=420,
        undelivered_bytes=180,
        overage_metering_bytes=320,
        blocks=1,
        first_blocked_at=1_320_000,
        blocked_ms=480_000,
    )


def test_without_an_interval_records_close_only_at_a_sessions_end(row):
    # 1 byte a second from 0 to 20:00, idle for a minute: the one record closes at 21:00.
    text = scenario(
        platform="limit_propagation: 4 min, record_interval: none",
        session="mode: on-demand, idle_timeout: 1 min",
    )
    check(
        row(text, trace_csv=trace((0, 1200, 1_200_000), (1_320_000, 5))),
        offered_bytes=1205,
        used_bytes=1200,
        undelivered_bytes=5,
        overage_metering_bytes=1100,
        blocks=1,
        first_blocked_at=1_260_000,
        blocked_ms=540_000,
    )


def test_without_an_interval_an_always_on_device_is_not_found_out(row):
    # Not even by a refresh: nothing is recorded.
    text = scenario(
        platform="limit_propagation: 4 min, record_interval: none",
        session="mode: always-on",
        timeline=("at: 10 min, fleet: f, data_limit: 50 B",),
    )
    check(
        row(text, trace_csv=trace((60_000, 150), (1_740_000, 20))),
        used_bytes=170,
        undelivered_bytes=0,
        overage_bytes=70,
        overage_metering_bytes=70,
        blocks=0,
        first_blocked_at=None,
        blocked_ms=0,
    )


def test_without_an_interval_a_device_made_inactive_ends_its_session_and_is_found_out(row):
    text = scenario(
        platform="limit_propagation: 4 min, record_interval: none",
        session="mode: always-on",
        timeline=("at: 10 min, sims: f/d, status: inactive",),
    )
    check(
        row(text, trace_csv=trace((60_000, 150), (900_000, 20))),
        offered_bytes=150,
        used_bytes=150,
        undelivered_bytes=0,
        blocks=1,
        first_blocked_at=600_000,
        blocked_ms=1_200_000,
    )


# Bounds


@pytest.mark.parametrize(
    "session",
    [
        "mode: on-demand, idle_timeout: 0 s",
        "mode: always-on, first_record: 0 s",
        "mode: always-on, first_record: 360001 ms",
    ],
)
def test_a_timeout_of_nothing_and_a_first_record_outside_the_interval_are_mistakes(simulate, session):
    with pytest.raises(BadInput):
        simulate(scenario(session=session), trace_csv=trace((60_000, 10)))


@pytest.mark.parametrize(
    ("session", "blocked_at"),
    [
        ("mode: on-demand, idle_timeout: 1 ms", 60_001),
        ("mode: always-on, first_record: 1 ms", 360_001),
        ("mode: always-on, first_record: 360000 ms", 360_000),
    ],
)
def test_the_bounds_themselves_are_allowed(row, session, blocked_at):
    # 101 bytes at 1:00: the session ends 1 ms later; records at 0.001 s and 6:00.001; a record at 6:00.
    check(
        row(scenario(session=session), trace_csv=trace((60_000, 101))),
        used_bytes=101,
        blocks=1,
        first_blocked_at=blocked_at,
    )
