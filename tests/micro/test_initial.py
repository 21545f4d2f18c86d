"""The fleet as it is: billing periods that run already when the scenario starts (model, section 8, settled: initial).

Start 2026-01-01 00:00. Unless a test says otherwise the running period began 10 minutes before it and lasts 30
minutes: its row is [-10:00, 20:00), the next one [20:00, 50:00); the limit is 100 bytes, records close at 6, 12, 18,
... minutes, the horizon is at 30:00. Times in comments are minutes:seconds.
"""

from __future__ import annotations

import pytest

from tests.micro.lifecycle import (
    DAY,
    ON_DEMAND,
    bursts,
    bursts_of_sims,
    limit_set,
    line,
    move,
    off,
    on,
    scenario,
    sims_file,
    told,
)

FILE = "initial: {file: sims.csv}"
SINCE = "2025-12-31T23:50:00Z"
RUNNING = (0, -600_000, 1_200_000, False)
NEXT = (1, 1_200_000, 3_000_000, False)


def initial(*, group=(), **keys):
    return scenario(group=(FILE, *group), **keys)


def used_before(used, blocked=0):
    return sims_file(f"0,{SINCE},{used},{blocked}")


def first(**counted):
    return line(*RUNNING, **{"fee": False} | counted)


def second(**counted):
    return line(*NEXT, **counted)


# ---- what was used before


def test_numbers_and_evaluations_go_on_from_what_was_used_and_the_next_row_starts_at_zero(simulate):
    # 80 before, 50 at 1:00: bytes 81 to 130, 30 over; found out at 6:00, blocked to 20:00. 90 at 21:00.
    rows = simulate(
        initial(),
        sims_csv=used_before(80),
        trace_csv=bursts((60_000, 50), (420_000, 5), (1_260_000, 90)),
    )
    assert told(rows) == [
        first(
            carried=80,
            offered=55,
            used=50,
            metering=30,
            undelivered=5,
            blocks=1,
            first_blocked=360_000,
            blocked_ms=840_000,
        ),
        second(offered=90, used=90),
    ]


def test_exactly_the_limit_is_neither_over_nor_blocked(simulate):
    rows = simulate(initial(), sims_csv=used_before(80), trace_csv=bursts((60_000, 20)))
    assert told(rows) == [first(carried=80, offered=20, used=20), second()]


def test_a_lowered_limit_is_held_against_what_was_used_too(simulate):
    # 90 set at 0:30: bytes 81 to 100 at 1:00 have 1000 in the cache, 91 to 100 are over. In the cache at 4:30, when
    # 80 are recorded; 100 > 90 at 6:00.
    text = initial(limit="1000 B", timeline=(limit_set("30 s", "90 B"),))
    rows = simulate(text, sims_csv=used_before(80), trace_csv=bursts((60_000, 20)))
    assert told(rows) == [
        first(
            limit=90,
            carried=80,
            offered=20,
            used=20,
            propagation=10,
            blocks=1,
            first_blocked=360_000,
            blocked_ms=840_000,
        ),
        second(limit=90),
    ]


def test_the_first_row_is_not_complete_and_owes_no_fee_and_the_second_is_and_does(simulate):
    # Horizon 50:00. 50 bytes at 0.10 a MB: (50 * 100000 + 500000) // 1000000 = 5 micro-units; the 80 before cost
    # nothing.
    rows = simulate(initial(duration="50 min"), sims_csv=used_before(10), trace_csv=bursts((60_000, 50)))
    assert told(rows) == [
        first(carried=10, offered=50, used=50),
        line(1, 1_200_000, 3_000_000, True),
    ]
    assert [(row["fee_micros"], row["usage_cost_micros"]) for row in rows] == [(0, 5), (2_000_000, 0)]


@pytest.mark.parametrize("counts", ["true", "false"])
def test_used_bytes_count_whole_whatever_dns_counts_says(simulate, counts):
    # Bytes of the run: a lookup of 220 and 15 at 1:00, 10 at 7:00. Numbers: 81 to 315, 215 over, then 10 more. With
    # dns_counts false 80 + 15 = 95 at 6:00 and 105 at 12:00 are evaluated, else 315 at 6:00, which loses the 10.
    text = initial(group=("dns: {query: 70 B, response: 150 B, cache_ttl: 1 h}",), platform=f", dns_counts: {counts}")
    rows = simulate(text, sims_csv=used_before(80), trace_csv=bursts((60_000, 15), (420_000, 10)))
    if counts == "true":
        outcome = {"used": 235, "metering": 215, "undelivered": 10, "first_blocked": 360_000, "blocked_ms": 840_000}
    else:
        outcome = {"used": 245, "metering": 225, "first_blocked": 720_000, "blocked_ms": 480_000}
    assert told(rows) == [first(carried=80, offered=25, down=150, dns=220, blocks=1, **outcome), second()]


# ---- the block


def test_where_the_file_does_not_say_a_sim_is_blocked_that_used_more_than_the_limit(simulate):
    # 100 is not more than 100. 101: blocked at 0, 5 at 0 are lost, evaluated again at 6:00, lifted at 20:00.
    file = sims_file(f"0,{SINCE},100", f"1,{SINCE},101", columns="sim,period_start,used_bytes")
    rows = simulate(initial(count=2), sims_csv=file, trace_csv=bursts_of_sims((1, 0, 5)))
    assert told(rows) == [
        first(carried=100),
        second(),
        first(sim=1, carried=101, offered=5, undelivered=5, blocks=1, first_blocked=0, blocked_ms=1_200_000),
        second(sim=1),
    ]


def test_a_block_without_the_usage_stands_until_the_next_evaluation(simulate):
    # The record of 6:00 is empty: 50 are not above 100. 5 at 0 and 7 at 5:59.999 are lost, 9 at 6:00 pass.
    rows = simulate(
        initial(), sims_csv=used_before(50, blocked=1), trace_csv=bursts((0, 5), (359_999, 7), (360_000, 9))
    )
    assert told(rows) == [
        first(carried=50, offered=21, used=9, undelivered=12, blocks=1, first_blocked=0, blocked_ms=360_000),
        second(),
    ]


def test_usage_without_the_block_stands_until_the_next_evaluation(simulate):
    # 10 at 1:00 pass: nothing has found the 150 out. Blocked at 6:00 to 20:00.
    rows = simulate(initial(), sims_csv=used_before(150), trace_csv=bursts((60_000, 10), (360_000, 9)))
    assert told(rows) == [
        first(
            carried=150,
            offered=19,
            used=10,
            metering=10,
            undelivered=9,
            blocks=1,
            first_blocked=360_000,
            blocked_ms=840_000,
        ),
        second(),
    ]


def test_without_a_session_there_is_no_evaluation_and_the_block_stands_to_the_periods_end(simulate):
    # On demand: 5 at 1:00 are lost and open no session. At 20:00 the new period lifts the block.
    rows = simulate(
        initial(session=ON_DEMAND), sims_csv=used_before(50, blocked=1), trace_csv=bursts((60_000, 5), (1_200_000, 7))
    )
    assert told(rows) == [
        first(carried=50, offered=5, undelivered=5, blocks=1, first_blocked=0, blocked_ms=1_200_000),
        second(offered=7, used=7),
    ]


def test_the_block_waits_for_no_enforcement_delay(simulate):
    text = initial(platform=", enforcement_delay: 5 min")
    rows = simulate(text, sims_csv=used_before(150, blocked=1), trace_csv=bursts((0, 5)))
    assert told(rows) == [
        first(carried=150, offered=5, undelivered=5, blocks=1, first_blocked=0, blocked_ms=1_200_000),
        second(),
    ]


@pytest.mark.parametrize(
    ("limit", "cancelled"), [("500 B", True), ("150 B", True), ("149 B", False)], ids=["above", "equal", "below"]
)
def test_a_refresh_at_the_start_cancels_the_block_or_leaves_it(simulate, limit, cancelled):
    # 150 used. Without propagation the limit set at 0 is in the cache in step 3 of 0, before the block in step 6.
    # Where it stands, the 5 bytes at 0 are lost. Where not: bytes 151 to 155, over 150, not over 500.
    text = initial(propagation="0 s", timeline=(limit_set("0 s", limit),))
    rows = simulate(text, sims_csv=used_before(150, blocked=1), trace_csv=bursts((0, 5)))
    value = int(limit.split()[0])
    if not cancelled:
        outcome = {"undelivered": 5, "blocks": 1, "first_blocked": 0, "blocked_ms": 1_200_000}
    elif value == 500:
        outcome = {"used": 5}
    else:  # 155 > 150, found out at 6:00
        outcome = {"used": 5, "metering": 5, "blocks": 1, "first_blocked": 360_000, "blocked_ms": 840_000}
    assert told(rows) == [first(limit=value, carried=150, offered=5, **outcome), second(limit=value)]


def test_a_move_at_the_start_can_cancel_the_block(simulate):
    text = initial(propagation="0 s", others={"g": "500 B"}, timeline=(move("0 s", "g"),))
    rows = simulate(text, sims_csv=used_before(150, blocked=1), trace_csv=bursts((0, 5)))
    assert told(rows) == [first(fleet="g", limit=500, carried=150, offered=5, used=5), second(fleet="g", limit=500)]


def test_a_refresh_a_millisecond_after_the_start_unblocks(simulate):
    # 5 bytes at 0 are lost, 6 at 1 ms pass.
    text = initial(propagation="1 ms", timeline=(limit_set("0 s", "500 B"),))
    rows = simulate(text, sims_csv=used_before(150, blocked=1), trace_csv=bursts((0, 5), (1, 6)))
    assert told(rows) == [
        first(limit=500, carried=150, offered=11, used=6, undelivered=5, blocks=1, first_blocked=0, blocked_ms=1),
        second(limit=500),
    ]


def test_the_cache_holds_the_limit_as_the_file_gives_it_and_the_default_block_goes_by_that(simulate):
    # 500 in the file; 100 set at 0 arrives at 4:00 and finds the 150 that were used before: blocked then. 5 at 1:00
    # had 500 in the cache: propagation.
    file = sims_file(f"0,{SINCE},150", columns="sim,period_start,used_bytes")
    text = initial(limit="500 B", timeline=(limit_set("0 s", "100 B"),))
    rows = simulate(text, sims_csv=file, trace_csv=bursts((60_000, 5)))
    assert told(rows) == [
        first(carried=150, offered=5, used=5, propagation=5, blocks=1, first_blocked=240_000, blocked_ms=960_000),
        second(),
    ]


def test_the_block_starts_a_chain_that_goes_on_through_the_boundary(simulate):
    # Attempts at 1, 3, 7, 11, 15 and 19 minutes, each a lookup of 220 (waits 1, 2, 4, 4, ...); that of 23:00 finds the
    # SIM unblocked: a lookup and a handshake of 60.
    group = (
        "dns: {query: 70 B, response: 150 B, cache_ttl: 0 s}",
        "when_blocked: {reconnect: {first: 1 min, factor: 2, max: 4 min}, handshake: {upload: 40 B, download: 20 B}}",
    )
    rows = simulate(initial(limit="1000 B", group=group, traffic="{}"), sims_csv=used_before(1500, blocked=1))
    assert told(rows) == [
        first(
            limit=1000,
            carried=1500,
            used=1320,
            down=900,
            dns=1320,
            leak=1320,
            blocks=1,
            first_blocked=0,
            blocked_ms=1_200_000,
        ),
        second(limit=1000, used=280, down=170, dns=220),
    ]


def test_a_tunnel_at_the_start_is_a_leak_of_the_blocked_sim(simulate):
    # 10 bytes at 0 in step 7, after the block: 151 to 160.
    tunnel = "{u: {via: dns, arrivals: {process: trace, file: trace.csv}}}"
    rows = simulate(initial(traffic=tunnel), sims_csv=used_before(150, blocked=1), trace_csv=bursts((0, 10)))
    assert told(rows) == [
        first(carried=150, offered=10, used=10, dns=10, leak=10, blocks=1, first_blocked=0, blocked_ms=1_200_000),
        second(),
    ]


# ---- from where things count


def test_record_phase_and_periodic_traffic_count_from_the_start_and_other_sims_go_by_the_activation(simulate):
    # SIM 0 is in the file: 10 bytes at 1, 11 and 21 minutes, two of them before 20:00. SIM 1 is not: from 10:00 on,
    # 10 bytes at 11:00 and 21:00.
    text = initial(
        count=2,
        group=("activation: {at: 10 min, over: 0 s}",),
        traffic="{p: {arrivals: {process: periodic, every: 10 min, first: 1 min}, upload: 10 B}}",
    )
    rows = simulate(text, sims_csv=used_before(20))
    assert told(rows) == [
        first(carried=20, offered=20, used=20),
        second(offered=10, used=10),
        line(0, 600_000, 2_400_000, False, sim=1, offered=20, used=20),
    ]


def test_a_sim_without_a_row_starts_as_the_activation_says_and_rows_may_stand_in_any_order(simulate):
    file = sims_file(f"2,{SINCE},30,0", f"0,{SINCE},10,0")
    rows = simulate(initial(count=3), sims_csv=file, trace_csv=bursts((60_000, 5)))
    assert told(rows) == [
        first(carried=10, offered=5, used=5),
        second(),
        line(sim=1, offered=5, used=5),
        first(sim=2, carried=30, offered=5, used=5),
        second(sim=2),
    ]


def test_the_lookup_cache_is_empty(simulate):
    # A lookup of 220 at 0, though the device has been running.
    text = initial(limit="1000 B", group=("dns: {query: 70 B, response: 150 B, cache_ttl: 1 h}",))
    rows = simulate(text, sims_csv=used_before(30), trace_csv=bursts((0, 5), (60_000, 5)))
    assert told(rows) == [first(limit=1000, carried=30, offered=10, used=230, down=150, dns=220), second(limit=1000)]


# ---- where the running period ends

SLOW = {
    "platform": ", record_interval: 1 day",
    "session": "{mode: always-on, first_record: 1 day}",
    "traffic": "{}",
}


def test_months_are_counted_from_the_start_of_the_running_period(simulate):
    # From 31 January, 10 days before the start: to 28 February (18 days), 31 March (49 days), 30 April (79 days).
    text = initial(**SLOW, start="2026-02-10T10:00:00Z", duration="60 days", period="activation-month")
    rows = simulate(text, sims_csv=sims_file("0,2026-01-31T10:00:00Z,7,0"))
    assert told(rows) == [
        line(0, -10 * DAY, 18 * DAY, False, carried=7, fee=False),
        line(1, 18 * DAY, 49 * DAY, True),
        line(2, 49 * DAY, 79 * DAY, False),
    ]


def test_a_running_calendar_month_ends_with_the_month(simulate):
    # From 3 February 08:00, 6 days 16 h before the start, to 1 March (19 days).
    text = initial(**SLOW, start="2026-02-10T00:00:00Z", duration="30 days", period="calendar-month")
    rows = simulate(text, sims_csv=sims_file("0,2026-02-03T08:00:00Z,7,0"))
    assert told(rows) == [
        line(0, -576_000_000, 19 * DAY, False, carried=7, fee=False),
        line(1, 19 * DAY, 50 * DAY, False),
    ]


def test_a_running_period_may_end_a_millisecond_after_the_start(simulate):
    # From 23:30:00.001 to 0:00:00.001. Blocked for that millisecond: 5 at 0 are lost, 6 at 1 ms pass.
    rows = simulate(initial(), sims_csv=sims_file("0,2025-12-31T23:30:00.001Z,150,1"), trace_csv=bursts((0, 5), (1, 6)))
    assert told(rows) == [
        line(
            *(0, -1_799_999, 1, False),
            fee=False,
            carried=150,
            offered=5,
            undelivered=5,
            blocks=1,
            first_blocked=0,
            blocked_ms=1,
        ),
        line(1, 1, 1_800_001, False, offered=6, used=6),
    ]


def test_a_running_period_may_have_begun_a_millisecond_before_the_start(simulate):
    rows = simulate(initial(), sims_csv=sims_file("0,2025-12-31T23:59:59.999Z,7,0"), trace_csv=bursts((0, 5)))
    assert told(rows) == [
        line(0, -1, 1_799_999, False, fee=False, carried=7, offered=5, used=5),
        line(1, 1_799_999, 3_599_999, False),
    ]


def test_an_instant_may_have_an_offset(simulate):
    # 01:50 at +02:00 is 23:50 UTC.
    rows = simulate(initial(), sims_csv=sims_file("0,2026-01-01T01:50:00+02:00,7,0"), trace_csv=bursts((0, 5)))
    assert told(rows) == [first(carried=7, offered=5, used=5), second()]


# ---- with statuses


def test_a_running_period_of_a_sim_made_inactive_runs_on_and_none_follows_until_its_return(simulate):
    # Blocked from 0; inactive from 1:00. The period ends at 20:00, which lifts the block. Back at 25:00.
    text = initial(timeline=(off("1 min"), on("25 min")))
    rows = simulate(text, sims_csv=used_before(150, blocked=1), trace_csv=bursts((120_000, 5), (1_500_000, 9)))
    assert told(rows) == [
        first(carried=150, blocks=1, first_blocked=0, blocked_ms=1_200_000),
        line(1, 1_500_000, 3_300_000, False, offered=9, used=9),
    ]


def test_made_inactive_at_the_start_a_block_takes_effect_all_the_same(simulate):
    # Step 2 of 0, then the block in step 6. Back at 10:00: 100 used are not above 100, but nothing has evaluated that
    # before the refresh of the return, which unblocks: 9 at 10:00 pass.
    text = initial(timeline=(off("0 s"), on("10 min")))
    rows = simulate(text, sims_csv=used_before(91, blocked=1), trace_csv=bursts((0, 5), (600_000, 9)))
    assert told(rows) == [
        first(carried=91, offered=9, used=9, blocks=1, first_blocked=0, blocked_ms=600_000),
        second(),
    ]


def test_usage_before_the_start_counts_in_the_refresh_of_a_return(simulate):
    # 150 without a block; inactive at 0, when a session of no length makes no record. Back at 4:00: the refresh finds
    # 150 > 100: blocked at 4:00.
    text = initial(timeline=(off("0 s"), on("4 min")))
    rows = simulate(text, sims_csv=used_before(150), trace_csv=bursts((240_000, 5)))
    assert told(rows) == [
        first(carried=150, offered=5, undelivered=5, blocks=1, first_blocked=240_000, blocked_ms=960_000),
        second(),
    ]
