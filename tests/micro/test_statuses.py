"""SIMs that leave `new`, are made inactive and come back (model, section 8, settled: statuses, while inactive).

Records close at 6, 12, 18 and 24 minutes, a limit arrives 4 minutes after it was set, the limit is 100 bytes and the
one period lasts 30 minutes, unless a test says otherwise. Times in comments are minutes:seconds.
"""

from __future__ import annotations

import pytest

from tests.micro.lifecycle import (
    DAY,
    MINUTE,
    ON_DEMAND,
    bursts,
    bursts_of_sims,
    limit_set,
    line,
    move,
    off,
    on,
    scenario,
    told,
)
from tests.micro.one_sim import trace as both_ways

AT_10 = ("activation: {at: 10 min, over: 0 s}",)
FROM_10 = (0, 10 * MINUTE, 40 * MINUTE, False)
LOOKUPS = "dns: {query: 70 B, response: 150 B, cache_ttl: 0 s, resolver: public}"
TEN_MINUTES = {"period": "10 min"}


def attempts(first: str, longest: str = "1 h") -> str:
    """Attempts that double their wait, with a handshake of 60 bytes."""
    return f"when_blocked: {{reconnect: {{first: {first}, factor: 2, max: {longest}}}, handshake: {{upload: 40 B, download: 20 B}}}}"


# ---- leaving new


def test_period_session_and_traffic_begin_with_the_activation(simulate):
    # 7 at 9:59.999 are not offered, 20 at 10:00 are. Records count from 10:00: 120 are found out at 16:00.
    text = scenario(group=AT_10)
    rows = simulate(text, trace_csv=bursts((599_999, 7), (600_000, 20), (959_999, 100), (960_000, 5)))
    assert told(rows) == [
        line(
            *FROM_10,
            offered=125,
            used=120,
            metering=20,
            undelivered=5,
            blocks=1,
            first_blocked=960_000,
            blocked_ms=840_000,
        )
    ]


def test_a_transfer_due_before_the_activation_is_not_offered_in_part_and_a_stream_is(simulate):
    # 60 bytes over 2 minutes from 9:00: nothing. 1 byte a second from 9:00 to 11:00: 60 of its 120.
    flow = "f: {arrivals: {process: continuous, from: 9 min, until: 11 min}, upload: 1 B/s}"
    text = scenario(group=AT_10, traffic=f"{{t: {{arrivals: {{process: trace, file: trace.csv}}}}, {flow}}}")
    rows = simulate(text, trace_csv=bursts((540_000, 60, 120_000)))
    assert told(rows) == [line(*FROM_10, offered=60, used=60)]


def test_a_limit_set_before_the_activation_starts_no_refresh(simulate):
    # 500 set at 9:00 would be read at 14:00 and find 100; the SIM reads 500 at 10:00. 100 set at 12:00 arrives at
    # 17:00: the record of 16:00 is held against 500. None of the 150 is over 500, the Fleet's limit at 11:00.
    text = scenario(
        limit="1000 B",
        propagation="5 min",
        group=AT_10,
        timeline=(limit_set("9 min", "500 B"), limit_set("12 min", "100 B")),
    )
    rows = simulate(text, trace_csv=bursts((660_000, 150)))
    assert told(rows) == [line(*FROM_10, offered=150, used=150, blocks=1, first_blocked=1_020_000, blocked_ms=780_000)]


def test_an_activation_reads_the_limit_that_the_fleet_has_then(simulate):
    # 100 set at 5:00: in the cache at 10:00, so that bytes 101 to 150 at 10:00 are metering.
    text = scenario(limit="1000 B", group=AT_10, timeline=(limit_set("5 min", "100 B"),))
    rows = simulate(text, trace_csv=bursts((600_000, 150)))
    assert told(rows) == [
        line(*FROM_10, offered=150, used=150, metering=50, blocks=1, first_blocked=960_000, blocked_ms=840_000)
    ]


def test_at_the_start_the_cache_holds_the_limit_as_the_file_gives_it(simulate):
    # 100 set at 0 arrives at 4:00: until then 1000 is cached, bytes 101 to 150 are propagation. Nothing is
    # recorded at 4:00; 150 > 100 at 6:00.
    text = scenario(limit="1000 B", timeline=(limit_set("0 s", "100 B"),))
    assert told(simulate(text, trace_csv=bursts((0, 150)))) == [
        line(
            offered=150,
            used=150,
            propagation=50,
            blocks=1,
            first_blocked=360_000,
            blocked_ms=1_440_000,
        )
    ]


def test_a_millisecond_after_the_start_the_cache_is_refreshed(simulate):
    # 100 set at 1 ms is read in step 3 of 1 ms: metering. First record 6:00.001.
    text = scenario(
        limit="1000 B", group=("activation: {at: 1 ms, over: 0 s}",), timeline=(limit_set("1 ms", "100 B"),)
    )
    assert told(simulate(text, trace_csv=bursts((1, 150)))) == [
        line(
            *(0, 1, 1_800_001, False),
            offered=150,
            used=150,
            metering=50,
            blocks=1,
            first_blocked=360_001,
            blocked_ms=1_439_999,
        )
    ]


def test_a_limit_set_at_the_activation_is_read_by_it_and_starts_a_refresh_of_its_own(simulate):
    # 100 set at 10:00 is read at 10:00 (bytes 101 to 150 at 11:00 are metering) and starts the refresh of 15:00,
    # which reads the 500 of 12:00: 150 at 16:00 are not above it. By itself the 500 would arrive at 17:00.
    text = scenario(
        limit="1000 B",
        propagation="5 min",
        group=AT_10,
        timeline=(limit_set("10 min", "100 B"), limit_set("12 min", "500 B")),
    )
    rows = simulate(text, trace_csv=bursts((660_000, 150), (990_000, 30)))
    assert told(rows) == [line(*FROM_10, limit=500, offered=180, used=180, metering=50)]


@pytest.mark.parametrize("back", [True, False])
def test_a_sim_is_activated_before_it_is_made_inactive_at_the_same_instant(simulate, back):
    # Its period starts at 10:00, but it is active at no instant of it before 20:00. The session of 20:00 has the
    # record grid of 10:00 + 6:00: 16:00, 22:00. 150 at 20:00 are found out at 22:00.
    text = scenario(group=AT_10, timeline=(off("10 min"), *([on("20 min")] if back else [])))
    rows = simulate(text, trace_csv=bursts((600_000, 7), (1_200_000, 150)))
    if back:
        expected = line(
            *FROM_10, offered=150, used=150, metering=50, blocks=1, first_blocked=1_320_000, blocked_ms=480_000
        )
    else:
        expected = line(*FROM_10, fee=False)
    assert told(rows) == [expected]


def test_a_sim_activated_at_the_horizon_has_no_row_and_one_activated_a_millisecond_before_has(simulate):
    trace = bursts((1_799_999, 10))
    assert simulate(scenario(group=("activation: {at: 30 min, over: 0 s}",)), trace_csv=trace) == []
    assert simulate(scenario(group=("activation: {at: 31 min, over: 0 s}",)), trace_csv=trace) == []
    rows = simulate(scenario(group=("activation: {at: 1799999 ms, over: 0 s}",)), trace_csv=trace)
    assert told(rows) == [line(0, 1_799_999, 3_599_999, False, offered=10, used=10)]


# ---- made inactive: what moves


def test_traffic_due_from_then_on_is_not_offered_and_the_period_runs_on_to_its_end(simulate):
    rows = simulate(scenario(timeline=(off("7 min"),)), trace_csv=bursts((419_999, 10), (420_000, 20), (1_000_000, 30)))
    assert told(rows) == [line(offered=10, used=10)]


def test_running_transfers_are_cut_where_they_are_and_do_not_go_on(simulate):
    # 7 up and 9 down over 10 s, cut after 5: 3 and 4 moved (7 * 5 // 10, 9 * 5 // 10), 9 undelivered.
    text = scenario(timeline=(off("405 s"), on("406 s")))
    rows = simulate(text, trace_csv=both_ways((400_000, 7, 9, 10_000)))
    assert told(rows) == [line(offered=16, used=7, down=4, undelivered=9)]


@pytest.mark.parametrize(("at", "moved"), [("420 s", 100), ("419999 ms", 99)], ids=["complete then", "not complete"])
def test_a_byte_that_is_complete_at_the_instant_has_moved(simulate, at, moved):
    # 100 bytes over 100 s from 320 s: 100 * 99999 // 100000 = 99 a millisecond before their end.
    rows = simulate(scenario(timeline=(off(at),)), trace_csv=bursts((320_000, 100, 100_000)))
    assert told(rows) == [line(offered=100, used=moved, undelivered=100 - moved)]


def test_a_stream_is_not_offered_meanwhile_and_goes_on_by_its_own_clock(simulate):
    # 3 bytes a second from 60 s to 1200 s. Until 160.333 s: 3 * 100333 // 1000 = 300. From 260.5 s on:
    # 3 * 1140000 // 1000 - 3 * 200500 // 1000 = 3420 - 601 = 2819.
    flow = "{f: {arrivals: {process: continuous, from: 1 min, until: 20 min}, upload: 3 B/s}}"
    text = scenario(limit="5000 B", traffic=flow, timeline=(off("160333 ms"), on("260500 ms")))
    assert told(simulate(text)) == [line(limit=5000, offered=3119, used=3119)]


def test_while_inactive_nothing_is_undelivered_though_the_sim_is_blocked_and_blocked_time_counts(simulate):
    # Blocked at 6:00. 10 at 7:00 are lost, 20 at 9:00 not offered, 30 at 13:00 lost: still blocked.
    text = scenario(timeline=(off("8 min"), on("12 min")))
    rows = simulate(text, trace_csv=bursts((60_000, 150), (420_000, 10), (540_000, 20), (780_000, 30)))
    assert told(rows) == [
        line(
            offered=190,
            used=150,
            metering=50,
            undelivered=40,
            blocks=1,
            first_blocked=360_000,
            blocked_ms=1_440_000,
        )
    ]


def test_a_suspended_stream_is_undelivered_but_for_the_time_the_sim_is_inactive(simulate):
    # 1 byte a second. 360 until the block at 6:00 (260 over); 6:00 to 8:00 120 and 12:00 to 30:00 1080 undelivered.
    flow = "{f: {arrivals: {process: continuous, from: 0 s, until: 30 min}, upload: 1 B/s}}"
    text = scenario(traffic=flow, timeline=(off("8 min"), on("12 min")))
    assert told(simulate(text)) == [
        line(
            offered=1560,
            used=360,
            metering=260,
            undelivered=1200,
            blocks=1,
            first_blocked=360_000,
            blocked_ms=1_440_000,
        )
    ]


def test_a_dns_tunnel_moves_nothing_while_its_sim_is_inactive(simulate):
    # Blocked at 6:00; the tunnel's 10 at 7:00 and 11:00 pass, those of 9:00 are not offered.
    tunnel = "u: {via: dns, arrivals: {process: trace, file: tunnel.csv}}"
    text = scenario(
        traffic=f"{{t: {{arrivals: {{process: trace, file: trace.csv}}}}, {tunnel}}}",
        timeline=(off("8 min"), on("10 min")),
    )
    rows = simulate(
        text, trace_csv=bursts((60_000, 150)), tunnel_csv=bursts((420_000, 10), (540_000, 10), (660_000, 10))
    )
    assert told(rows) == [
        line(
            offered=170,
            used=170,
            dns=20,
            metering=50,
            leak=20,
            blocks=1,
            first_blocked=360_000,
            blocked_ms=1_440_000,
        )
    ]


def test_traffic_due_while_inactive_is_not_offered_in_part_either(simulate):
    # Inactive from 8:00 to 12:00. 100 over 10 minutes from 9:00: nothing. Bursts of 1 at 7:59.999, 2 at 8:00,
    # 4 at 11:59.999, 8 at 12:00: the first and the last.
    text = scenario(timeline=(off("8 min"), on("12 min")))
    rows = simulate(
        text, trace_csv=bursts((479_999, 1), (480_000, 2), (540_000, 100, 600_000), (719_999, 4), (720_000, 8))
    )
    assert told(rows) == [line(offered=9, used=9)]


# ---- made inactive: records, evaluations, blocks


@pytest.mark.parametrize(
    ("at", "blocked_at"),
    [("359999 ms", 359_999), ("6 min", 360_000), ("360001 ms", 360_000)],
    ids=["just before a record's close", "with it", "just after it"],
)
def test_the_open_record_closes_and_is_evaluated(simulate, at, blocked_at):
    # 150 at 1:00. At 6:00 the record closes anyway, once.
    rows = simulate(scenario(timeline=(off(at),)), trace_csv=bursts((60_000, 150)))
    assert told(rows) == [
        line(
            offered=150,
            used=150,
            metering=50,
            blocks=1,
            first_blocked=blocked_at,
            blocked_ms=1_800_000 - blocked_at,
        )
    ]


def test_the_record_that_closes_then_is_evaluated_a_record_delay_later_though_the_sim_is_back(simulate):
    # Record [6:00, 7:00), evaluated at 8:30. The refresh of the return at 8:00 knows nothing of it: 20 at 8:15 pass
    # and are metering like bytes 101 to 150.
    text = scenario(platform=", record_delay: 90 s", timeline=(off("7 min"), on("8 min")))
    rows = simulate(text, trace_csv=bursts((390_000, 150), (495_000, 20), (510_000, 5)))
    assert told(rows) == [
        line(
            offered=175,
            used=170,
            metering=70,
            undelivered=5,
            blocks=1,
            first_blocked=510_000,
            blocked_ms=1_290_000,
        )
    ]


@pytest.mark.parametrize("at", ["8 min", "9 min"], ids=["before the block", "at its instant"])
def test_a_pending_block_takes_effect_as_if_the_sim_were_active(simulate, at):
    # Evaluated at 6:00, blocked at 9:00. 30 at 7:00 are enforcement; 5 at the return at 12:00 are lost.
    text = scenario(platform=", enforcement_delay: 3 min", timeline=(off(at), on("12 min")))
    rows = simulate(text, trace_csv=bursts((60_000, 150), (420_000, 30), (720_000, 5)))
    assert told(rows) == [
        line(
            offered=185,
            used=180,
            metering=50,
            enforcement=30,
            undelivered=5,
            blocks=1,
            first_blocked=540_000,
            blocked_ms=1_260_000,
        )
    ]


def test_a_refresh_meanwhile_cancels_a_pending_block(simulate):
    # Evaluated at 6:00, due at 14:00. 200 set at 8:00 arrives at 12:00: 150 are not above it.
    text = scenario(
        platform=", enforcement_delay: 8 min", timeline=(off("7 min"), limit_set("8 min", "200 B"), on("20 min"))
    )
    rows = simulate(text, trace_csv=bursts((60_000, 150), (1_200_000, 20)))
    assert told(rows) == [line(limit=200, offered=170, used=170, metering=50)]


def test_a_lowered_limit_blocks_a_sim_while_it_is_inactive(simulate):
    # 100 set at 8:00 arrives at 12:00. None of the 150 was over 1000 at 1:00.
    text = scenario(limit="1000 B", timeline=(limit_set("8 min", "100 B"), off("9 min")))
    rows = simulate(text, trace_csv=bursts((60_000, 150)))
    assert told(rows) == [line(offered=150, used=150, blocks=1, first_blocked=720_000, blocked_ms=1_080_000)]


@pytest.mark.parametrize("away", [True, False])
def test_a_sim_unblocked_while_it_is_inactive_makes_no_handshake_when_it_is_back(simulate, away):
    # Blocked at 6:00, attempts at 7:00, 9:00 and 13:00. 500 set at 9:00 arrives at 13:00, and the attempt of 13:00
    # moves 60 bytes, unless the SIM was made inactive at 8:00.
    text = scenario(
        group=(attempts("1 min"),),
        timeline=(limit_set("9 min", "500 B"), *((off("8 min"), on("20 min")) if away else ())),
    )
    rows = simulate(text, trace_csv=bursts((60_000, 150)))
    handshake = {"used": 150} if away else {"used": 210, "down": 20}
    assert told(rows) == [
        line(limit=500, offered=150, metering=50, blocks=1, first_blocked=360_000, blocked_ms=420_000, **handshake)
    ]


def test_the_lookup_cache_is_emptied(simulate):
    # Lookups of 70 + 150 at 1:00 and, after the return, at 11:00; 10 bytes at 1:00, 2:00, 11:00 and 12:00.
    text = scenario(limit="10000 B", group=(LOOKUPS.replace("0 s", "1 h"),), timeline=(off("5 min"), on("10 min")))
    rows = simulate(text, trace_csv=bursts((60_000, 10), (120_000, 10), (660_000, 10), (720_000, 10)))
    assert told(rows) == [line(limit=10_000, offered=40, used=480, down=300, dns=440)]


def test_an_on_demand_session_ends_and_the_return_opens_none(simulate):
    # 50 at 1:00, recorded at 5:00. 100 at 9:00 open a session with a grid of its own: found out at 15:00.
    text = scenario(session=ON_DEMAND, timeline=(off("5 min"), on("8 min")))
    rows = simulate(text, trace_csv=bursts((60_000, 50), (540_000, 100)))
    assert told(rows) == [line(offered=150, used=150, metering=50, blocks=1, first_blocked=900_000, blocked_ms=900_000)]


# ---- made inactive: periods and fees


def test_no_period_follows_and_the_end_of_the_running_one_lifts_the_block(simulate):
    # Blocked from 6:00 to the period's end at 10:00.
    rows = simulate(scenario(**TEN_MINUTES, timeline=(off("7 min"),)), trace_csv=bursts((60_000, 150)))
    assert told(rows) == [
        line(
            *(0, 0, 600_000, True),
            offered=150,
            used=150,
            metering=50,
            blocks=1,
            first_blocked=360_000,
            blocked_ms=240_000,
        )
    ]


@pytest.mark.parametrize(
    ("at", "fees"),
    [("599999 ms", [True]), ("10 min", [True, False]), ("600001 ms", [True, True])],
    ids=["just before a boundary", "at it", "just after it"],
)
def test_a_sim_made_inactive_at_a_boundary_has_the_new_period_without_a_fee(simulate, at, fees):
    rows = simulate(scenario(**TEN_MINUTES, timeline=(off(at),)), trace_csv=bursts((60_000, 10), (600_000, 20)))
    moved = 20 if at == "600001 ms" else 0
    expected = [
        line(0, 0, 600_000, True, offered=10, used=10),
        line(1, 600_000, 1_200_000, True, offered=moved, used=moved),
    ]
    expected[1]["fee"] = fees[-1]
    assert told(rows) == expected[: len(fees)]


@pytest.mark.parametrize(
    ("back", "fee"), [("1199999 ms", True), ("20 min", False)], ids=["in its last millisecond", "at its end"]
)
def test_a_period_owes_its_fee_if_the_sim_was_active_at_any_instant_of_it(simulate, back, fee):
    # Inactive from 10:00 on. Back at 20:00, period 1 has ended; a new one starts then.
    text = scenario(**TEN_MINUTES, timeline=(off("10 min"), on(back)))
    rows = simulate(text, trace_csv=bursts((1_200_000, 3)))
    assert told(rows) == [
        line(0, 0, 600_000, True),
        line(1, 600_000, 1_200_000, True, fee=fee),
        line(2, 1_200_000, 1_800_000, True, offered=3, used=3),
    ]


@pytest.mark.parametrize(("at", "limit"), [("599999 ms", 200), ("10 min", 100)])
def test_the_row_of_an_inactive_sim_has_the_fleets_limit_just_before_its_end(simulate, at, limit):
    text = scenario(**TEN_MINUTES, timeline=(off("7 min"), limit_set(at, "200 B")))
    assert told(simulate(text, trace_csv=bursts((60_000, 5)))) == [
        line(0, 0, 600_000, True, limit=limit, offered=5, used=5)
    ]


def test_an_evaluation_that_is_due_after_the_end_of_the_running_period_is_dropped(simulate):
    # 150 in the record [6:00, 7:00), due at 11:00. The period ends at 10:00; at 11:00 a new one starts, in which
    # recorded usage is 0: 5 bytes at 11:00 pass.
    text = scenario(**TEN_MINUTES, platform=", record_delay: 4 min", timeline=(off("7 min"), on("11 min")))
    rows = simulate(text, trace_csv=bursts((390_000, 150), (660_000, 5)))
    assert told(rows) == [
        line(0, 0, 600_000, True, offered=150, used=150, metering=50),
        line(1, 660_000, 1_260_000, True, offered=5, used=5),
        line(2, 1_260_000, 1_860_000, False),
    ]


def test_without_a_running_period_an_update_starts_a_refresh_that_the_return_leaves_pending(simulate):
    # 200 set at 16:00 is due at 26:00 and read at the return at 21:00. 250 at 21:30: 50 over, found out at 24:00.
    # 1000 set at 24:00 is read at 26:00 (by itself it would be at 34:00): 2 minutes blocked, 10 at 26:00 pass.
    text = scenario(
        **TEN_MINUTES,
        propagation="10 min",
        timeline=(off("7 min"), limit_set("16 min", "200 B"), on("21 min"), limit_set("24 min", "1000 B")),
    )
    rows = simulate(text, trace_csv=bursts((1_290_000, 250), (1_560_000, 10)))
    assert told(rows) == [
        line(0, 0, 600_000, True),
        line(
            *(1, 1_260_000, 1_860_000, False),
            limit=1000,
            offered=260,
            used=260,
            metering=50,
            blocks=1,
            first_blocked=1_440_000,
            blocked_ms=120_000,
        ),
    ]


def test_without_a_running_period_refreshes_fire(simulate):
    # 200 set at 12:00 fires at 16:00, so that 300 set at 18:00 starts a refresh of its own, at 22:00. The return at
    # 20:00 reads 300: 50 of 350 at 20:30 are over. The refresh of 22:00 reads the 1000 of 21:00, and 350 at 24:00
    # are not above it.
    text = scenario(
        **TEN_MINUTES,
        timeline=(
            off("7 min"),
            limit_set("12 min", "200 B"),
            limit_set("18 min", "300 B"),
            on("20 min"),
            limit_set("21 min", "1000 B"),
        ),
    )
    rows = simulate(text, trace_csv=bursts((1_230_000, 350)))
    assert told(rows) == [
        line(0, 0, 600_000, True),
        line(1, 1_200_000, 1_800_000, True, limit=1000, offered=350, used=350, metering=50),
    ]


# ---- active again: the period


def test_inside_the_running_period_that_period_and_its_usage_go_on(simulate):
    # 60 at 1:00 and 60 at 11:00: 120 at 12:00.
    text = scenario(timeline=(off("7 min"), on("10 min")))
    rows = simulate(text, trace_csv=bursts((60_000, 60), (660_000, 60)))
    assert told(rows) == [
        line(offered=120, used=120, metering=20, blocks=1, first_blocked=720_000, blocked_ms=1_080_000)
    ]


def test_after_it_a_new_one_starts_with_the_return_and_numbers_have_no_gap(simulate):
    # 90 in each: usage restarts.
    text = scenario(**TEN_MINUTES, timeline=(off("7 min"), on("17 min")))
    rows = simulate(text, trace_csv=bursts((60_000, 90), (1_080_000, 90)))
    assert told(rows) == [
        line(0, 0, 600_000, True, offered=90, used=90),
        line(1, 1_020_000, 1_620_000, True, offered=90, used=90),
        line(2, 1_620_000, 2_220_000, False),
    ]


DAYS = {
    "platform": ", record_interval: 1 day",
    "session": "{mode: always-on, first_record: 1 day}",
    "traffic": "{}",
    "period": "activation-month",
}


def test_months_are_counted_from_the_second_activation(simulate):
    # Start 31 January 10:00. Period 0 ends on 28 February (28 days). Back on 31 March 08:00 (58 days 22 h):
    # to 30 April 08:00 (88 days 22 h), to 31 May 08:00 (119 days 22 h).
    text = scenario(
        **DAYS,
        start="2026-01-31T10:00:00Z",
        duration="100 days",
        timeline=(off("10 days"), on("2026-03-31T08:00:00Z")),
    )
    assert told(simulate(text)) == [
        line(0, 0, 28 * DAY, True),
        line(1, 5_090_400_000, 7_682_400_000, True),
        line(2, 7_682_400_000, 10_360_800_000, False),
    ]


def test_a_return_at_the_end_of_the_running_period_starts_a_new_one_with_its_own_day(simulate):
    # From 31 January, away since 10 February. On 28 February (28 days) the period ends in step 1, and a new one
    # starts in step 2: to 28 March (56 days), to 28 April (87 days).
    text = scenario(**DAYS, start="2026-01-31T10:00:00Z", duration="57 days", timeline=(off("10 days"), on("28 days")))
    assert told(simulate(text)) == [
        line(0, 0, 28 * DAY, True),
        line(1, 28 * DAY, 56 * DAY, True),
        line(2, 56 * DAY, 87 * DAY, False),
    ]


def test_a_sim_made_inactive_and_active_at_a_boundary_goes_on_in_the_period_that_starts_then(simulate):
    # Active until 28 February: period 1 starts in step 1 and runs to 31 March (59 days), the day of the first one.
    text = scenario(**DAYS, start="2026-01-31T10:00:00Z", duration="57 days", timeline=(off("28 days"), on("28 days")))
    assert told(simulate(text)) == [line(0, 0, 28 * DAY, True), line(1, 28 * DAY, 59 * DAY, False)]


def test_a_calendar_month_begun_by_a_return_runs_to_the_months_end(simulate):
    # From 15 January: 17 days to 1 February. Back on 10 February 06:00 (26 days 6 h): to 1 March (45 days), to
    # 1 April (76 days).
    text = scenario(
        **DAYS | {"period": "calendar-month"},
        start="2026-01-15T00:00:00Z",
        duration="50 days",
        timeline=(off("1 day"), on("2026-02-10T06:00:00Z")),
    )
    assert told(simulate(text)) == [
        line(0, 0, 17 * DAY, True),
        line(1, 2_268_000_000, 45 * DAY, True),
        line(2, 45 * DAY, 76 * DAY, False),
    ]


# ---- active again: the refresh


def test_a_return_refreshes_at_once_and_leaves_a_pending_refresh_where_it_is(simulate):
    # 100 set at 3:00 is due at 23:00; the return at 12:00 reads it and blocks: 5 at 12:00 are lost. At 23:00 the
    # 500 of 14:00 is read (by itself at 34:00): unblocked, 20 pass.
    text = scenario(
        limit="1000 B",
        propagation="20 min",
        timeline=(limit_set("3 min", "100 B"), off("8 min"), on("12 min"), limit_set("14 min", "500 B")),
    )
    rows = simulate(text, trace_csv=bursts((60_000, 150), (720_000, 5), (1_380_000, 20)))
    assert told(rows) == [
        line(
            limit=500,
            offered=175,
            used=170,
            undelivered=5,
            blocks=1,
            first_blocked=720_000,
            blocked_ms=660_000,
        )
    ]


@pytest.mark.parametrize(
    ("set_at", "blocked_ms"),
    [("8 min", 360_000), ("12 min", 240_000)],
    ids=["due at the return: one refresh", "set at the return: one of its own as well"],
)
def test_a_refresh_of_a_return_and_an_update(simulate, set_at, blocked_ms):
    # 100 is read at 12:00 either way and blocks. Set at 8:00, its refresh is the one of 12:00: the 500 of 14:00
    # arrives at 18:00. Set at 12:00, its own refresh is that of 16:00, which reads the 500.
    text = scenario(
        limit="1000 B",
        timeline=(limit_set(set_at, "100 B"), off("7 min"), on("12 min"), limit_set("14 min", "500 B")),
    )
    assert told(simulate(text, trace_csv=bursts((60_000, 150)))) == [
        line(limit=500, offered=150, used=150, blocks=1, first_blocked=720_000, blocked_ms=blocked_ms)
    ]


def test_a_limit_set_at_a_return_starts_no_refresh_where_one_is_due_then(simulate):
    # 500 set at 8:00 is due at 12:00, which counts as pending in step 2 of 12:00: 100 set then is read by it, and the
    # 500 of 14:00 arrives at 18:00.
    text = scenario(
        limit="1000 B",
        timeline=(
            limit_set("8 min", "500 B"),
            off("7 min"),
            on("12 min"),
            limit_set("12 min", "100 B"),
            limit_set("14 min", "500 B"),
        ),
    )
    assert told(simulate(text, trace_csv=bursts((60_000, 150)))) == [
        line(limit=500, offered=150, used=150, blocks=1, first_blocked=720_000, blocked_ms=360_000)
    ]


def test_a_sim_that_the_refresh_of_its_return_unblocks_starts_no_chain(simulate):
    # Blocked at 6:00, attempt at 7:00. 200 set at 9:00 is due at 29:00 and read at 12:00: 10 at 12:00 pass.
    text = scenario(
        propagation="20 min",
        group=(attempts("1 min"),),
        timeline=(off("8 min"), limit_set("9 min", "200 B"), on("12 min")),
    )
    rows = simulate(text, trace_csv=bursts((60_000, 150), (720_000, 10)))
    assert told(rows) == [
        line(limit=200, offered=160, used=160, metering=50, blocks=1, first_blocked=360_000, blocked_ms=360_000)
    ]


# ---- active again: sessions, chains, traffic


@pytest.mark.parametrize(
    ("back", "burst_at", "blocked_at"),
    [("10 min", 660_000, 720_000), ("719999 ms", 719_999, 720_000), ("12 min", 720_000, 1_080_000)],
    ids=["between two points", "just before one", "at one: the next"],
)
def test_the_record_grid_is_the_old_one(simulate, back, burst_at, blocked_at):
    rows = simulate(scenario(timeline=(off("7 min"), on(back))), trace_csv=bursts((burst_at, 150)))
    assert told(rows) == [
        line(
            offered=150,
            used=150,
            metering=50,
            blocks=1,
            first_blocked=blocked_at,
            blocked_ms=1_800_000 - blocked_at,
        )
    ]


def test_a_chain_ends_with_the_status_and_a_blocked_sim_starts_a_new_one_when_it_is_back(simulate):
    # 220 + 150 = 370 > 300, blocked at 6:00. Attempts, each a lookup of 220: 7:00, then none before the return at
    # 10:00; 11:00, 13:00, 17:00, 25:00 (waits 1, 2, 4, 8, then 10). 1 + 5 lookups.
    text = scenario(limit="300 B", group=(LOOKUPS, attempts("1 min", "10 min")), timeline=(off("8 min"), on("10 min")))
    rows = simulate(text, trace_csv=bursts((60_000, 150)))
    assert told(rows) == [
        line(
            limit=300,
            offered=150,
            used=1470,
            down=900,
            dns=1320,
            metering=70,
            leak=1100,
            blocks=1,
            first_blocked=360_000,
            blocked_ms=1_440_000,
        )
    ]


@pytest.mark.parametrize(
    ("delay", "blocked_at"), [("3 min", 540_000), ("10 min", 960_000)], ids=["meanwhile", "at the return"]
)
def test_a_block_that_takes_effect_while_inactive_or_at_the_return_has_one_chain_from_the_return(
    simulate, delay, blocked_at
):
    # Evaluated at 6:00; inactive 8:00 to 16:00. Attempts at 18:00 and 22:00, each a lookup of 220; the next would be
    # at 30:00. 3 lookups in all.
    text = scenario(
        limit="300 B",
        platform=f", enforcement_delay: {delay}",
        group=(LOOKUPS, attempts("2 min")),
        timeline=(off("8 min"), on("16 min")),
    )
    rows = simulate(text, trace_csv=bursts((60_000, 150)))
    assert told(rows) == [
        line(
            limit=300,
            offered=150,
            used=810,
            down=450,
            dns=660,
            metering=70,
            leak=440,
            blocks=1,
            first_blocked=blocked_at,
            blocked_ms=1_800_000 - blocked_at,
        )
    ]


def test_traffic_goes_by_its_own_clocks_as_if_the_sim_had_never_been_away(simulate):
    # Periodic at 1:00, 11:00, 21:00: two of 10 bytes. Once at 11:00: not offered; once at 13:00: 3 bytes.
    items = ", ".join(
        [
            "p: {arrivals: {process: periodic, every: 10 min, first: 1 min}, upload: 10 B}",
            "a: {arrivals: {process: once, at: 11 min}, upload: 7 B}",
            "b: {arrivals: {process: once, at: 13 min}, upload: 3 B}",
        ]
    )
    text = scenario(traffic=f"{{{items}}}", timeline=(off("10 min"), on("12 min")))
    assert told(simulate(text)) == [line(offered=23, used=23)]


# ---- a status that is there already, and two at one instant


def test_active_changes_nothing_for_a_sim_that_is_active(simulate):
    # 100 set at 7:00 arrives at 11:00, not at 8:00; 100 bytes over 100 s from 7:30 are not cut: propagation.
    text = scenario(limit="1000 B", timeline=(limit_set("7 min", "100 B"), on("8 min")))
    rows = simulate(text, trace_csv=bursts((60_000, 150), (450_000, 100, 100_000)))
    assert told(rows) == [
        line(offered=250, used=250, propagation=100, blocks=1, first_blocked=660_000, blocked_ms=1_140_000)
    ]


def test_inactive_changes_nothing_for_a_sim_that_is_inactive(simulate):
    # Again inside the running period, and again after it.
    text = scenario(**TEN_MINUTES, timeline=(off("7 min"), off("9 min"), off("12 min"), on("17 min")))
    rows = simulate(text, trace_csv=bursts((60_000, 9), (1_020_000, 5)))
    assert told(rows) == [
        line(0, 0, 600_000, True, offered=9, used=9),
        line(1, 1_020_000, 1_620_000, True, offered=5, used=5),
        line(2, 1_620_000, 2_220_000, False),
    ]


def test_inactive_then_active_at_one_instant_is_an_end_and_a_return(simulate):
    # 100 bytes over 100 s from 7:30: 30 at 8:00, cut, 70 undelivered. The return reads the 100 that was set at 7:00,
    # 150 are recorded: blocked, 20 at 8:00 are offered and lost. Bytes 151 to 180 had 1000 in the cache.
    text = scenario(limit="1000 B", timeline=(limit_set("7 min", "100 B"), off("8 min"), on("8 min")))
    rows = simulate(text, trace_csv=bursts((60_000, 150), (450_000, 100, 100_000), (480_000, 20)))
    assert told(rows) == [
        line(
            offered=270,
            used=180,
            propagation=30,
            undelivered=90,
            blocks=1,
            first_blocked=480_000,
            blocked_ms=1_320_000,
        )
    ]


def test_active_then_inactive_at_one_instant_leaves_an_active_sim_inactive(simulate):
    # As above, but no return: 20 at 8:00 are not offered, 100 arrives at 11:00 and blocks.
    text = scenario(limit="1000 B", timeline=(limit_set("7 min", "100 B"), on("8 min"), off("8 min")))
    rows = simulate(text, trace_csv=bursts((60_000, 150), (450_000, 100, 100_000), (480_000, 20)))
    assert told(rows) == [
        line(
            offered=250,
            used=180,
            propagation=30,
            undelivered=70,
            blocks=1,
            first_blocked=660_000,
            blocked_ms=1_140_000,
        )
    ]


@pytest.mark.parametrize("stays", [True, False])
def test_a_return_and_an_end_at_one_instant_start_a_period_in_either_order(simulate, stays):
    # Away since 7:00. Active then inactive at 17:00: the new period has no instant at which the SIM is active.
    # Inactive (which it is) then active: a return.
    entries = (off("17 min"), on("17 min")) if stays else (on("17 min"), off("17 min"))
    rows = simulate(scenario(**TEN_MINUTES, timeline=(off("7 min"), *entries)), trace_csv=bursts((1_020_000, 5)))
    first = line(0, 0, 600_000, True)
    if stays:
        new = line(1, 1_020_000, 1_620_000, True, offered=5, used=5)
        assert told(rows) == [first, new, line(2, 1_620_000, 2_220_000, False)]
    else:
        assert told(rows) == [first, line(1, 1_020_000, 1_620_000, True, fee=False)]


# ---- some of a group

BITS = ((450_000, 1), (600_000, 2), (780_000, 4))  # 1 byte at 7:30, 2 at 10:00, 4 at 13:00


def moved_by(simulate, count, *timeline):
    """Which of the bursts at 7:30, 10:00 and 13:00 each SIM made, as a sum of 1, 2 and 4; nothing else is counted."""
    rows = simulate(scenario(count=count, timeline=timeline), trace_csv=bursts(*BITS))
    assert told(rows) == [
        line(sim=sim, offered=row["used_bytes"], used=row["used_bytes"]) for sim, row in enumerate(rows)
    ]
    return [row["used_bytes"] for row in rows]


def test_a_count_takes_the_lowest_numbers_that_have_another_status(simulate):
    # SIM 0 is off at 7:00, SIM 1 at 8:00; SIM 0 is back at 12:00.
    assert moved_by(simulate, 3, off("7 min", 1), off("8 min", 1), on("12 min", 1)) == [4, 1, 7]


def test_a_count_takes_all_where_there_are_fewer(simulate):
    # SIM 0 at 7:00; at 8:00 two of a count of three are left.
    assert moved_by(simulate, 3, off("7 min", 1), off("8 min", 3)) == [0, 1, 1]


def test_without_a_count_all_change(simulate):
    assert moved_by(simulate, 3, off("7 min", 2), off("8 min"), on("12 min")) == [4, 4, 5]


def test_two_counts_at_one_instant_take_one_sim_after_the_other(simulate):
    assert moved_by(simulate, 3, off("7 min", 1), off("7 min", 1)) == [0, 0, 7]


def test_counts_of_both_statuses_at_one_instant_go_by_the_files_order(simulate):
    # Inactive then active: SIM 0 is made inactive and is the lowest that active changes. Active then inactive:
    # active changes none.
    assert moved_by(simulate, 2, off("7 min", 1), on("7 min", 1)) == [7, 7]
    assert moved_by(simulate, 2, on("7 min", 1), off("7 min", 1)) == [0, 7]


def test_entries_may_stand_in_any_order_where_their_instants_differ(simulate):
    assert moved_by(simulate, 2, on("12 min", 1), off("8 min", 1), off("7 min", 1)) == [4, 1]


def test_an_entry_concerns_the_sims_of_its_group_only(simulate):
    # Group e of the same fleet goes on; the SIMs of d are 0 and 1, that of e is 2.
    other = ", e: {count: 1, session: {mode: always-on, first_record: 6 min}, traffic: {o: {arrivals: {process: once, at: 10 min}, upload: 9 B}}}"
    text = scenario(count=2, more_devices=other, timeline=(off("7 min", 3),))
    rows = simulate(text, trace_csv=bursts_of_sims((0, 60_000, 1), (0, 600_000, 2), (1, 600_000, 2)))
    assert told(rows) == [
        line(sim=0, offered=1, used=1),
        line(sim=1),
        line(sim=2, group="e", offered=9, used=9),
    ]


def test_statuses_come_before_moves_and_limits_whatever_the_files_order(simulate):
    # Back at 12:00, moved to g at 12:00, g set to 120 at 12:00: the refresh of the return reads 120, and 150 are
    # recorded: blocked at 12:00.
    entries = (on("12 min"), move("12 min", "g"), limit_set("12 min", "120 B", fleet="g"))
    for timeline in (entries, entries[::-1]):
        text = scenario(limit="1000 B", others={"g": "500 B"}, timeline=(off("7 min"), *timeline))
        rows = simulate(text, trace_csv=bursts((60_000, 150), (720_000, 5)))
        assert told(rows) == [
            line(
                fleet="g",
                limit=120,
                offered=155,
                used=150,
                undelivered=5,
                blocks=1,
                first_blocked=720_000,
                blocked_ms=1_080_000,
            )
        ]
