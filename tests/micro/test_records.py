"""Usage records, the bytes in them, and the edges of intervals (model, sections 2 and 4, settled cases)."""

from __future__ import annotations

import pytest

from tests.micro.uploads import check, scenario, trace

# The record grid


@pytest.mark.parametrize(
    ("burst_at", "blocked_at", "blocked_ms"),
    [
        (0, 120_000, 1_680_000),
        (119_999, 120_000, 1_680_000),
        (120_000, 480_000, 1_320_000),
        (479_999, 480_000, 1_320_000),
        (480_000, 840_000, 960_000),
        (1_559_999, 1_560_000, 240_000),
    ],
)
def test_the_first_record_closes_after_the_given_phase_then_every_interval(row, burst_at, blocked_at, blocked_ms):
    # First record at 2:00: records close at 2:00, 8:00, 14:00, 20:00, 26:00.
    text = scenario(session="mode: always-on, first_record: 2 min")
    check(
        row(text, trace_csv=trace((burst_at, 150))),
        offered_bytes=150,
        used_bytes=150,
        undelivered_bytes=0,
        overage_bytes=50,
        overage_metering_bytes=50,
        blocks=1,
        first_blocked_at=blocked_at,
        blocked_ms=blocked_ms,
    )


@pytest.mark.parametrize(
    ("burst_at", "blocked_at"), [(0, 90_000), (90_000, 180_000), (269_999, 270_000), (270_000, 360_000)]
)
def test_the_platform_sets_the_record_interval(row, burst_at, blocked_at):
    # Interval 90 s, first record at its end: 1:30, 3:00, 4:30, 6:00.
    text = scenario(
        platform="limit_propagation: 4 min, record_interval: 90 s",
        session="mode: always-on, first_record: 90 s",
    )
    check(row(text, trace_csv=trace((burst_at, 101))), used_bytes=101, blocks=1, first_blocked_at=blocked_at)


@pytest.mark.parametrize(
    ("burst_at", "blocked_at", "blocked_ms"),
    [(60_000, 180_000, 1_620_000), (180_000, 540_000, 1_260_000)],
)
def test_the_session_of_an_always_on_device_opens_at_its_activation(row, burst_at, blocked_at, blocked_ms):
    # Activated at 1:00, first record 2 minutes later: 3:00, 9:00. The 40 bytes of 0:30 are not offered.
    text = scenario(group=("activation: {at: 1 min, over: 0 s}",), session="mode: always-on, first_record: 2 min")
    check(
        row(text, trace_csv=trace((30_000, 40), (burst_at, 150))),
        period=0,
        period_start=60_000,
        period_end=2_678_460_000,
        complete=False,
        offered_bytes=150,
        used_bytes=150,
        overage_bytes=50,
        blocks=1,
        first_blocked_at=blocked_at,
        blocked_ms=blocked_ms,
    )


def test_a_random_phase_lies_in_the_first_interval_and_the_grid_goes_on_from_it(simulate):
    # A burst at 0 is blocked at the phase p, 0 < p <= 6:00; the same SIM's burst at 6:00 is blocked at p +
    # 6:00.
    text = scenario(count=40, session="mode: always-on")
    phases = [found["first_blocked_at"] for found in simulate(text, trace_csv=trace((0, 101)))]
    later = [found["first_blocked_at"] for found in simulate(text, trace_csv=trace((360_000, 101)))]
    assert len(phases) == 40
    assert all(0 < phase <= 360_000 for phase in phases)
    assert len(set(phases)) > 30
    assert later == [phase + 360_000 for phase in phases]


def test_the_record_grid_goes_on_through_a_boundary(simulate):
    # Boundary at 15:00; the next record still closes at 18:00, not at 21:00.
    text = scenario(platform="limit_propagation: 4 min, billing_period: 15 min")
    old, new = simulate(text, trace_csv=trace((60_000, 40), (960_000, 150), (1_079_999, 5), (1_080_000, 7)))
    check(old, used_bytes=40, overage_bytes=0, blocks=0, first_blocked_at=None, blocked_ms=0)
    check(
        new,
        offered_bytes=162,
        used_bytes=155,
        undelivered_bytes=7,
        overage_bytes=55,
        blocks=1,
        first_blocked_at=1_080_000,
        blocked_ms=720_000,
    )


# What a record holds


def test_recorded_usage_is_the_sum_of_the_periods_records(row):
    # 60 recorded at 6:00, 100 at 12:00 (not above), 101 at 18:00.
    check(
        row(scenario(), trace_csv=trace((60_000, 60), (420_000, 40), (780_000, 1), (1_080_000, 3))),
        offered_bytes=104,
        used_bytes=101,
        undelivered_bytes=3,
        overage_bytes=1,
        overage_metering_bytes=1,
        blocks=1,
        first_blocked_at=1_080_000,
        blocked_ms=720_000,
    )


@pytest.mark.parametrize(
    ("size", "used", "undelivered", "blocked_at"),
    [(200, 200, 0, 720_000), (202, 101, 101, 360_000)],
)
def test_a_record_holds_what_a_running_transfer_moved_in_its_window(row, size, used, undelivered, blocked_at):
    # From 5:00 to 7:00, so half of it by 6:00: 100 bytes are not above the limit, 101 are.
    check(
        row(scenario(), trace_csv=trace((300_000, size, 120_000))),
        offered_bytes=size,
        used_bytes=used,
        undelivered_bytes=undelivered,
        overage_bytes=used - 100,
        overage_metering_bytes=used - 100,
        blocks=1,
        first_blocked_at=blocked_at,
    )


def test_upload_and_download_are_recorded_together(simulate):
    # 60 up and 40 down are the limit; one byte more, either way, is above it.
    text = scenario(count=3)
    file = "sim,time_ms,upload_bytes,download_bytes,duration_ms\n0,60000,60,40,0\n1,60000,61,40,0\n2,60000,60,41,0\n"
    at_limit, up, down = simulate(text, trace_csv=file)
    check(at_limit, sim=0, upload_bytes=60, download_bytes=40, used_bytes=100, overage_bytes=0, blocks=0)
    check(up, sim=1, upload_bytes=61, download_bytes=40, used_bytes=101, overage_bytes=1, blocks=1)
    check(down, sim=2, upload_bytes=60, download_bytes=41, used_bytes=101, overage_bytes=1, blocks=1)


def test_every_sim_gets_the_limit_in_full(simulate):
    # Three SIMs of 100 bytes each under a limit of 100: nobody is above it.
    rows = simulate(scenario(count=3), trace_csv=trace((60_000, 100)))
    assert [(found["used_bytes"], found["overage_bytes"], found["blocks"]) for found in rows] == [
        (100, 0, 0),
        (100, 0, 0),
        (100, 0, 0),
    ]


def test_a_record_that_waits_for_its_delay_is_not_in_the_recorded_usage(row):
    # The record of 6:00 is evaluated at 10:00. The refresh of 8:00 (from 1000 to 100) still sees nothing
    # recorded.
    text = scenario(
        limit="1000 B",
        platform="limit_propagation: 4 min, record_delay: 4 min",
        timeline=("at: 4 min, fleet: f, data_limit: 100 B",),
    )
    check(
        row(text, trace_csv=trace((60_000, 150), (599_999, 20), (600_000, 30))),
        offered_bytes=200,
        used_bytes=170,
        undelivered_bytes=30,
        overage_bytes=20,
        overage_metering_bytes=20,
        overage_propagation_bytes=0,
        blocks=1,
        first_blocked_at=600_000,
        blocked_ms=1_200_000,
    )


def test_a_record_of_an_ended_period_no_longer_matters_to_the_new_one(simulate):
    # The old period's 150 bytes of 14:00 close at 15:00 and would be evaluated at 17:00; the new one records
    # 100.
    text = scenario(platform="limit_propagation: 4 min, record_delay: 2 min, billing_period: 15 min")
    old, new = simulate(text, trace_csv=trace((840_000, 150), (960_000, 100)))
    check(old, used_bytes=150, overage_metering_bytes=50, blocks=0)
    check(new, used_bytes=100, overage_bytes=0, undelivered_bytes=0, blocks=0, first_blocked_at=None)


def test_bytes_belong_to_the_period_in_which_they_moved(simulate):
    # 100 bytes in 100 s from 14:20: 40 by 15:00. Offered whole where the transfer starts.
    text = scenario(platform="limit_propagation: 4 min, billing_period: 15 min")
    old, new = simulate(text, trace_csv=trace((860_000, 100, 100_000)))
    check(old, offered_bytes=100, used_bytes=40, undelivered_bytes=0)
    check(new, offered_bytes=0, used_bytes=60, undelivered_bytes=0)


# Records without bytes, and records that are not made


EMPTY = "sim,period_start,used_bytes,blocked\n"


def test_a_record_without_bytes_is_evaluated_like_any_other(simulate):
    # Nothing has moved by 6:00. Carried 150 without a block: the empty record of 6:00 blocks. Carried 100
    # with a block: blocked at the start, the empty record of 6:00 unblocks.
    text = scenario(count=2, group=("initial: {file: sims.csv}",))
    sims = EMPTY + "0,2025-12-31T00:00:00Z,150,0\n1,2025-12-31T00:00:00Z,100,1\n"
    file = "sim,time_ms,upload_bytes,download_bytes,duration_ms\n0,360000,5,0,0\n"
    above, blocked = simulate(text, sims_csv=sims, trace_csv=file)
    check(
        above,
        period_start=-86_400_000,
        period_end=2_592_000_000,
        complete=False,
        carried_bytes=150,
        offered_bytes=5,
        used_bytes=0,
        undelivered_bytes=5,
        overage_bytes=0,
        blocks=1,
        first_blocked_at=360_000,
        blocked_ms=1_440_000,
        fee_due=False,
    )
    check(
        blocked,
        carried_bytes=100,
        used_bytes=0,
        overage_bytes=0,
        blocks=1,
        first_blocked_at=0,
        blocked_ms=360_000,
        fee_due=False,
    )


@pytest.mark.parametrize(
    ("at", "blocks", "blocked_at", "blocked_ms"),
    [("0 ms", 0, None, 0), ("1 ms", 1, 1, 1_799_999)],
)
def test_a_record_of_zero_length_is_not_made_and_nothing_is_evaluated(row, at, blocks, blocked_at, blocked_ms):
    # Carried 150 without a block. Made inactive at 0 the session has no length, so there is no record; made
    # inactive 1 ms later there is an empty one, and it blocks.
    text = scenario(group=("initial: {file: sims.csv}",), timeline=(f"at: {at}, sims: f/d, status: inactive",))
    sims = EMPTY + "0,2025-12-31T00:00:00Z,150,0\n"
    check(
        row(text, sims_csv=sims, trace_csv=trace((60_000, 5))),
        carried_bytes=150,
        offered_bytes=0,
        used_bytes=0,
        undelivered_bytes=0,
        blocks=blocks,
        first_blocked_at=blocked_at,
        blocked_ms=blocked_ms,
    )


def test_without_a_session_there_is_no_record_and_nothing_is_evaluated(row):
    # Carried 150 without a block, on demand: the first session is [20:00, 21:00), its record blocks.
    text = scenario(group=("initial: {file: sims.csv}",), session="mode: on-demand, idle_timeout: 1 min")
    sims = EMPTY + "0,2025-12-31T00:00:00Z,150,0\n"
    check(
        row(text, sims_csv=sims, trace_csv=trace((1_200_000, 5))),
        carried_bytes=150,
        used_bytes=5,
        overage_bytes=5,
        overage_metering_bytes=5,
        blocks=1,
        first_blocked_at=1_260_000,
        blocked_ms=540_000,
    )


# The horizon


@pytest.mark.parametrize(
    ("duration", "blocks", "blocked_at", "blocked_ms"),
    [("360000 ms", 0, None, 0), ("360001 ms", 1, 360_000, 1)],
)
def test_the_record_that_closes_at_the_horizon_blocks_nobody(row, duration, blocks, blocked_at, blocked_ms):
    check(
        row(scenario(duration=duration), trace_csv=trace((60_000, 150))),
        offered_bytes=150,
        used_bytes=150,
        overage_bytes=50,
        overage_metering_bytes=50,
        blocks=blocks,
        first_blocked_at=blocked_at,
        blocked_ms=blocked_ms,
    )


def test_no_traffic_is_due_at_the_horizon(row):
    # 0:00 and 15:00; the grid point of 30:00 is the horizon.
    text = scenario(traffic="beat: {arrivals: {process: periodic, every: 15 min, first: 0 s}, upload: 10 B}")
    check(row(text), offered_bytes=20, used_bytes=20, undelivered_bytes=0, blocks=0)


def test_no_period_starts_at_the_horizon(simulate):
    # Periods of 15 minutes in 30 minutes: two rows, both complete. In 30 minutes and 1 ms a third one, which
    # is not.
    platform = "limit_propagation: 4 min, billing_period: 15 min"
    rows = simulate(scenario(platform=platform), trace_csv=trace((60_000, 10)))
    assert [(found["period_start"], found["period_end"], found["complete"]) for found in rows] == [
        (0, 900_000, True),
        (900_000, 1_800_000, True),
    ]
    rows = simulate(scenario(platform=platform, duration="1800001 ms"), trace_csv=trace((60_000, 10)))
    assert [(found["period_start"], found["period_end"], found["complete"]) for found in rows] == [
        (0, 900_000, True),
        (900_000, 1_800_000, True),
        (1_800_000, 2_700_000, False),
    ]


def test_what_a_transfer_has_still_to_move_at_the_horizon_is_offered_only(row):
    # 1 byte a second from 25:00: byte 300 is complete at 30:00, so before it. 300 more would have followed.
    text = scenario(limit="1000 B")
    check(
        row(text, trace_csv=trace((1_500_000, 600, 600_000))),
        offered_bytes=600,
        used_bytes=300,
        undelivered_bytes=0,
        overage_bytes=0,
        blocks=0,
    )


def test_a_block_lasts_to_the_horizon(row):
    check(
        row(scenario(duration="10 min"), trace_csv=trace((60_000, 150))),
        complete=False,
        blocks=1,
        first_blocked_at=360_000,
        blocked_ms=240_000,
    )


# How bytes move


def test_a_running_transfer_has_moved_the_floor_of_its_share_each_way(simulate):
    # 10 up, 7 down in 3 s from 14:59: by 15:00 10 // 3 = 3 up and 7 // 3 = 2 down.
    text = scenario(platform="limit_propagation: 4 min, billing_period: 15 min")
    file = "time_ms,upload_bytes,download_bytes,duration_ms\n899000,10,7,3000\n"
    old, new = simulate(text, trace_csv=file)
    check(old, offered_bytes=17, upload_bytes=3, download_bytes=2, used_bytes=5)
    check(new, offered_bytes=0, upload_bytes=7, download_bytes=5, used_bytes=12)


def test_an_instantaneous_transfer_moves_whole_at_its_start(simulate):
    # 14:59.999 and 15:00, at the boundary and on its other side.
    text = scenario(platform="limit_propagation: 4 min, billing_period: 15 min")
    file = "time_ms,upload_bytes,download_bytes,duration_ms\n899999,10,7,0\n900000,3,2,0\n"
    old, new = simulate(text, trace_csv=file)
    check(old, offered_bytes=17, upload_bytes=10, download_bytes=7, used_bytes=17)
    check(new, offered_bytes=5, upload_bytes=3, download_bytes=2, used_bytes=5)


def test_a_running_byte_complete_at_an_instant_lies_before_it_an_instantaneous_one_after_it(simulate):
    # At the record of 6:00: 100 bytes from 5:00 in 60 s are complete, the burst of 6:00 is in the next
    # record.
    text = scenario(count=2)
    file = (
        "sim,time_ms,upload_bytes,download_bytes,duration_ms\n"
        "0,300000,101,0,60000\n1,300000,100,0,60000\n1,360000,1,0,0\n"
    )
    running, burst = simulate(text, trace_csv=file)
    check(running, used_bytes=101, blocks=1, first_blocked_at=360_000, blocked_ms=1_440_000)
    check(burst, used_bytes=101, blocks=1, first_blocked_at=720_000, blocked_ms=1_080_000)


def test_continuous_traffic_moves_the_floor_of_rate_times_time_each_way(row):
    # From 0.333 s to 1 s: 4 * 667 // 1000 = 2 up, 5 * 667 // 1000 = 3 down.
    text = scenario(
        duration="1 s",
        traffic="flow: {arrivals: {process: continuous, from: 333 ms, until: 1 s}, upload: 4 B/s, download: 5 B/s}",
    )
    check(row(text), offered_bytes=5, upload_bytes=2, download_bytes=3, used_bytes=5, undelivered_bytes=0)


def test_continuous_traffic_counts_from_its_own_start_through_a_boundary(simulate):
    # 1 byte a second. By 90.5 s 90 bytes, by 181 s 181: the second period has 91, not 90.
    text = scenario(
        limit="1000 B",
        duration="181 s",
        platform="limit_propagation: 4 min, billing_period: 90500 ms",
        traffic="flow: {arrivals: {process: continuous, from: 0 s, until: 1 h}, upload: 1 B/s}",
    )
    old, new = simulate(text)
    check(old, period_end=90_500, offered_bytes=90, used_bytes=90, complete=True)
    check(new, period_end=181_000, offered_bytes=91, used_bytes=91, complete=True)


def test_continuous_traffic_counts_from_its_own_start_through_a_suspension(row):
    # 1 byte a second from 0.5 s. Blocked at 6:00: 359 moved. Limit 10000 set at 2:01.2 arrives at 12:01.2,
    # when 720 would have moved: 361 undelivered. By 30:00 1799: 1079 more, not 1078. Over: 101..120, before
    # the limit was set.
    text = scenario(
        platform="limit_propagation: 10 min",
        traffic="flow: {arrivals: {process: continuous, from: 500 ms, until: 30 min}, upload: 1 B/s}",
        timeline=("at: 121200 ms, fleet: f, data_limit: 10000 B",),
    )
    check(
        row(text),
        offered_bytes=1799,
        used_bytes=1438,
        undelivered_bytes=361,
        overage_bytes=20,
        overage_metering_bytes=20,
        blocks=1,
        first_blocked_at=360_000,
        blocked_ms=361_200,
    )


# Which period undelivered bytes belong to


def test_the_missing_bytes_of_a_transfer_belong_to_the_period_in_which_it_was_cut(simulate):
    # 1 byte a second from 10:00 to 30:00; limit 350. 300 by 15:00; 180 at 18:00, 540 at 24:00: cut with 360
    # to go.
    text = scenario(limit="350 B", platform="limit_propagation: 4 min, billing_period: 15 min")
    old, new = simulate(text, trace_csv=trace((600_000, 1200, 1_200_000)))
    check(old, offered_bytes=1200, used_bytes=300, undelivered_bytes=0, overage_bytes=0, blocks=0)
    check(
        new,
        offered_bytes=0,
        used_bytes=540,
        undelivered_bytes=360,
        overage_bytes=190,
        overage_metering_bytes=190,
        blocks=1,
        first_blocked_at=1_440_000,
        blocked_ms=360_000,
    )


def test_a_lost_transfer_belongs_whole_to_the_period_in_which_it_was_lost(simulate):
    # Blocked at 6:00. The transfer [14:00, 16:00) is lost at its start; the unblock of 15:00 does not revive
    # it.
    text = scenario(platform="limit_propagation: 4 min, billing_period: 15 min")
    old, new = simulate(text, trace_csv=trace((60_000, 150), (840_000, 120, 120_000)))
    check(old, offered_bytes=270, used_bytes=150, undelivered_bytes=120, blocks=1, blocked_ms=540_000)
    check(new, offered_bytes=0, used_bytes=0, undelivered_bytes=0, blocks=0, blocked_ms=0)


def test_suspended_bytes_belong_to_the_period_in_which_they_would_have_flowed(simulate):
    # 1 byte a second. 360 until the block of 6:00, 540 suspended until 15:00; then 180 until the block of
    # 18:00.
    text = scenario(
        platform="limit_propagation: 4 min, billing_period: 15 min",
        traffic="flow: {arrivals: {process: continuous, from: 0 s, until: 30 min}, upload: 1 B/s}",
    )
    old, new = simulate(text)
    check(
        old,
        offered_bytes=900,
        used_bytes=360,
        undelivered_bytes=540,
        overage_metering_bytes=260,
        blocks=1,
        first_blocked_at=360_000,
        blocked_ms=540_000,
    )
    check(
        new,
        offered_bytes=900,
        used_bytes=180,
        undelivered_bytes=720,
        overage_metering_bytes=80,
        blocks=1,
        first_blocked_at=1_080_000,
        blocked_ms=720_000,
    )
