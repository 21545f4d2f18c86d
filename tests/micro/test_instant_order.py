"""What happens at one instant, pair by pair of the seven steps (model, section 3).

1 boundary, 2 statuses and limits, 3 refreshes, 4 sessions and records close, 5 evaluations, 6 blocks,
7 traffic. A row cannot tell the order of 2 and 4, of 2 and 6, of 4 and 6, nor that of transfers within 7:
nothing that is counted happens between them. Of 3 and 4 it tells that a refresh does not know the record that
closes at its instant. The record grid is 6, 12, 18, 24 minutes throughout.
"""

from __future__ import annotations

import pytest

from tests.micro.uploads import check, scenario, trace

# Step 1, the boundary, comes before ...


def test_1_before_2_a_sim_made_inactive_at_a_boundary_has_the_new_period(simulate):
    # 15:00 the new period starts, then the SIM becomes inactive: a second row, which owes nothing.
    text = scenario(
        platform="limit_propagation: 4 min, billing_period: 15 min",
        timeline=("at: 15 min, sims: f/d, status: inactive",),
    )
    rows = simulate(text, trace_csv=trace((60_000, 10), (900_000, 20), (1_200_000, 30)))
    assert len(rows) == 2
    check(
        rows[0],
        period=0,
        period_start=0,
        period_end=900_000,
        complete=True,
        offered_bytes=10,
        used_bytes=10,
        fee_due=True,
    )
    check(
        rows[1],
        period=1,
        period_start=900_000,
        period_end=1_800_000,
        complete=True,
        offered_bytes=0,
        used_bytes=0,
        undelivered_bytes=0,
        fee_due=False,
    )


def test_1_before_2_a_limit_set_at_a_boundary_is_the_new_periods(simulate):
    # 1 byte a second from 14:10, under 1000 until 15:00, then 20: 50 bytes in the old period, none over;
    # 50 in the new one, bytes 21 to 50 over, cached limit 1000.
    text = scenario(
        limit="1000 B",
        platform="limit_propagation: 20 min, billing_period: 15 min",
        timeline=("at: 15 min, fleet: f, data_limit: 20 B",),
    )
    old, new = simulate(text, trace_csv=trace((850_000, 100, 100_000)))
    check(old, data_limit_bytes=1000, offered_bytes=100, used_bytes=50, overage_bytes=0, blocks=0)
    check(
        new,
        data_limit_bytes=20,
        offered_bytes=0,
        used_bytes=50,
        overage_bytes=30,
        overage_propagation_bytes=30,
        overage_metering_bytes=0,
        blocks=0,
    )


def test_1_before_3_a_refresh_at_a_boundary_evaluates_the_new_periods_usage(simulate):
    # 150 recorded at 6:00; the limit 100, set at 11:00, arrives at 15:00, when usage is 0 again: nobody is
    # blocked. The new period has cached 100: 90 + 20 = 110 recorded at 18:00, blocked.
    text = scenario(
        limit="200 B",
        platform="limit_propagation: 4 min, billing_period: 15 min",
        timeline=("at: 11 min, fleet: f, data_limit: 100 B",),
    )
    old, new = simulate(text, trace_csv=trace((60_000, 150), (900_000, 90), (960_000, 20)))
    check(
        old,
        data_limit_bytes=100,
        used_bytes=150,
        undelivered_bytes=0,
        overage_bytes=0,
        blocks=0,
        first_blocked_at=None,
        blocked_ms=0,
    )
    check(
        new,
        data_limit_bytes=100,
        used_bytes=110,
        undelivered_bytes=0,
        overage_bytes=10,
        overage_metering_bytes=10,
        blocks=1,
        first_blocked_at=1_080_000,
        blocked_ms=720_000,
    )


def test_1_before_4_a_record_that_ends_at_a_boundary_belongs_to_the_ending_period(simulate):
    # Boundary and grid both at 12:00. The 150 bytes of 11:00 are the old period's; 60 at 12:00 are the new
    # one's.
    text = scenario(duration="24 min", platform="limit_propagation: 4 min, billing_period: 12 min")
    old, new = simulate(text, trace_csv=trace((660_000, 150), (720_000, 60), (1_110_000, 40)))
    check(old, used_bytes=150, overage_bytes=50, overage_metering_bytes=50, blocks=0, blocked_ms=0)
    check(
        new,
        used_bytes=100,
        undelivered_bytes=0,
        overage_bytes=0,
        blocks=0,
        first_blocked_at=None,
        blocked_ms=0,
    )


def test_1_before_5_an_evaluation_due_at_a_boundary_is_dropped(simulate):
    # The record of 12:00 would be evaluated at 15:00, where the period ends.
    text = scenario(platform="limit_propagation: 4 min, record_delay: 3 min, billing_period: 15 min")
    old, new = simulate(text, trace_csv=trace((660_000, 150), (900_000, 60), (960_000, 40)))
    check(old, used_bytes=150, overage_bytes=50, overage_metering_bytes=50, blocks=0, blocked_ms=0)
    check(new, used_bytes=100, undelivered_bytes=0, overage_bytes=0, blocks=0, first_blocked_at=None)


def test_1_before_6_a_block_due_at_a_boundary_is_lifted(simulate):
    # Found out at 12:00, due at 15:00, where the period ends: it never takes effect.
    text = scenario(platform="limit_propagation: 4 min, enforcement_delay: 3 min, billing_period: 15 min")
    old, new = simulate(text, trace_csv=trace((660_000, 150), (780_000, 7), (900_000, 60)))
    check(
        old,
        used_bytes=157,
        overage_metering_bytes=50,
        overage_enforcement_bytes=7,
        blocks=0,
        first_blocked_at=None,
        blocked_ms=0,
    )
    check(new, used_bytes=60, undelivered_bytes=0, overage_bytes=0, blocks=0, first_blocked_at=None)


def test_1_before_7_a_burst_at_a_boundary_passes_and_belongs_to_the_new_period(simulate):
    # Blocked at 6:00. At 14:59.999 a burst is lost, at 15:00 the SIM is unblocked first.
    text = scenario(platform="limit_propagation: 4 min, billing_period: 15 min")
    old, new = simulate(text, trace_csv=trace((60_000, 150), (899_999, 60), (900_000, 70)))
    check(
        old,
        offered_bytes=210,
        used_bytes=150,
        undelivered_bytes=60,
        overage_bytes=50,
        blocks=1,
        first_blocked_at=360_000,
        blocked_ms=540_000,
    )
    check(
        new,
        offered_bytes=70,
        used_bytes=70,
        undelivered_bytes=0,
        overage_bytes=0,
        blocks=0,
        first_blocked_at=None,
        blocked_ms=0,
    )


# Step 2, statuses, moves and limits, comes before ...


def test_2_before_3_a_refresh_reads_the_limit_set_at_its_own_instant(row):
    # 500 set at 6:00 starts the refresh of 12:00; 100 set at 12:00 is what it reads: 150 recorded, blocked at
    # once.
    text = scenario(
        limit="200 B",
        platform="limit_propagation: 6 min",
        timeline=(
            "at: 6 min, fleet: f, data_limit: 500 B",
            "at: 12 min, fleet: f, data_limit: 100 B",
        ),
    )
    check(
        row(text, trace_csv=trace((60_000, 150), (720_000, 10))),
        data_limit_bytes=100,
        offered_bytes=160,
        used_bytes=150,
        undelivered_bytes=10,
        overage_bytes=0,
        blocks=1,
        first_blocked_at=720_000,
        blocked_ms=1_080_000,
    )


def test_2_before_5_the_record_that_a_status_change_closes_is_evaluated_at_its_instant(row):
    # Made inactive at 2:00, off the grid: the record [0, 2:00) closes, 150 > 100, blocked at 2:00.
    text = scenario(timeline=("at: 2 min, sims: f/d, status: inactive",))
    check(
        row(text, trace_csv=trace((60_000, 150), (120_000, 10), (180_000, 10))),
        offered_bytes=150,
        used_bytes=150,
        undelivered_bytes=0,
        overage_metering_bytes=50,
        blocks=1,
        first_blocked_at=120_000,
        blocked_ms=1_680_000,
    )


@pytest.mark.parametrize(
    ("set_at", "overage", "metering"),
    [("120000 ms", 0, 0), ("120001 ms", 200, 200)],
    ids=["at the burst", "1 ms later"],
)
def test_2_before_7_a_burst_is_judged_by_the_limit_set_at_its_instant(row, set_at, overage, metering):
    # 300 bytes at 2:00. 500 set at 2:00: none is over. Set 1 ms later: bytes 101 to 300 are, cached limit
    # 100. Refresh at 6:00 comes before the evaluation; 1 ms later the SIM has been blocked for that
    # millisecond.
    text = scenario(timeline=(f"at: {set_at}, fleet: f, data_limit: 500 B",))
    found = row(text, trace_csv=trace((120_000, 300)))
    check(
        found,
        used_bytes=300,
        undelivered_bytes=0,
        overage_bytes=overage,
        overage_metering_bytes=metering,
        overage_propagation_bytes=0,
    )


def test_2_before_7_traffic_at_the_instant_of_a_status_change_is_not_offered(row):
    text = scenario(timeline=("at: 2 min, sims: f/d, status: inactive",))
    check(
        row(text, trace_csv=trace((119_999, 10), (120_000, 20))),
        offered_bytes=10,
        used_bytes=10,
        undelivered_bytes=0,
        blocks=0,
    )


# Step 3, refreshes, comes before ...


def test_3_before_4_a_refresh_does_not_see_the_record_that_closes_at_its_instant(row):
    # 6:00: 150 > 100, a block is pending for 14:00. 12:00: the refresh (200) knows of 150 and cancels it;
    # then the record with 100 more is evaluated: 250 > 200, pending for 20:00. Over: 101..150 metering;
    # 201..250 at 8:00 (cached 100, pending) enforcement; 251..260 at 14:00 enforcement.
    text = scenario(
        platform="limit_propagation: 10 min, enforcement_delay: 8 min",
        timeline=("at: 2 min, fleet: f, data_limit: 200 B",),
    )
    transfers = trace((60_000, 150), (480_000, 100), (840_000, 10), (1_200_000, 5))
    check(
        row(text, trace_csv=transfers),
        offered_bytes=265,
        used_bytes=260,
        undelivered_bytes=5,
        overage_bytes=110,
        overage_metering_bytes=50,
        overage_enforcement_bytes=60,
        overage_propagation_bytes=0,
        blocks=1,
        first_blocked_at=1_200_000,
        blocked_ms=600_000,
    )


def test_3_before_5_a_refresh_does_not_see_the_record_that_is_evaluated_at_its_instant(row):
    # Records of 6:00 and 12:00 are evaluated at 7:00 and 13:00. Pending at 7:00 for 15:00; 13:00: the refresh
    # (200) knows of 150 and cancels; then 250 > 200, pending for 21:00.
    text = scenario(
        platform="limit_propagation: 10 min, record_delay: 1 min, enforcement_delay: 8 min",
        timeline=("at: 3 min, fleet: f, data_limit: 200 B",),
    )
    transfers = trace((60_000, 150), (480_000, 100), (900_000, 10), (1_260_000, 5))
    check(
        row(text, trace_csv=transfers),
        offered_bytes=265,
        used_bytes=260,
        undelivered_bytes=5,
        overage_bytes=110,
        overage_metering_bytes=50,
        overage_enforcement_bytes=60,
        blocks=1,
        first_blocked_at=1_260_000,
        blocked_ms=540_000,
    )


@pytest.mark.parametrize(
    ("set_at", "expected"),
    [
        (
            "120000 ms",
            {
                "used_bytes": 160,
                "undelivered_bytes": 0,
                "blocks": 0,
                "first_blocked_at": None,
                "blocked_ms": 0,
            },
        ),
        (
            "120001 ms",
            {
                "used_bytes": 150,
                "undelivered_bytes": 10,
                "blocks": 1,
                "first_blocked_at": 720_000,
                "blocked_ms": 1,
            },
        ),
    ],
    ids=["due together", "refresh 1 ms later"],
)
def test_3_before_6_a_refresh_cancels_the_block_that_is_due_at_its_instant(row, set_at, expected):
    # Pending at 6:00 for 12:00. The refresh, 10 minutes after the limit was set, falls on 12:00 or 1 ms after
    # it.
    text = scenario(
        platform="limit_propagation: 10 min, enforcement_delay: 6 min",
        timeline=(f"at: {set_at}, fleet: f, data_limit: 200 B",),
    )
    check(row(text, trace_csv=trace((60_000, 150), (720_000, 10))), overage_metering_bytes=50, **expected)


def test_3_before_7_a_burst_at_the_instant_of_an_unblocking_refresh_passes(row):
    # Blocked at 6:00, unblocked by the refresh of 12:00.
    text = scenario(
        platform="limit_propagation: 10 min",
        timeline=("at: 2 min, fleet: f, data_limit: 200 B",),
    )
    check(
        row(text, trace_csv=trace((60_000, 150), (719_999, 20), (720_000, 10))),
        offered_bytes=180,
        used_bytes=160,
        undelivered_bytes=20,
        overage_bytes=50,
        overage_metering_bytes=50,
        blocks=1,
        first_blocked_at=360_000,
        blocked_ms=360_000,
    )


# Steps 4, 5 and 6 come before ...


def test_4_before_5_a_record_is_evaluated_at_the_instant_at_which_it_closes(row):
    # The burst 1 ms before 6:00 is in the record of 6:00.
    check(
        row(scenario(), trace_csv=trace((359_999, 101))),
        used_bytes=101,
        overage_metering_bytes=1,
        blocks=1,
        first_blocked_at=360_000,
        blocked_ms=1_440_000,
    )


def test_4_before_5_the_record_of_an_ending_session_is_evaluated_at_the_sessions_end(row):
    # On demand, idle for a minute: the session [1:00, 2:00).
    check(
        row(
            scenario(session="mode: on-demand, idle_timeout: 1 min"),
            trace_csv=trace((60_000, 101), (120_000, 9)),
        ),
        used_bytes=101,
        undelivered_bytes=9,
        blocks=1,
        first_blocked_at=120_000,
        blocked_ms=1_680_000,
    )


def test_4_before_7_a_burst_exactly_on_a_records_end_belongs_to_the_next_record(row):
    # 150 bytes at 6:00 are seen at 12:00 only; so 20 bytes at 11:59.999 still pass and 30 at 12:00 do not.
    check(
        row(scenario(), trace_csv=trace((360_000, 150), (719_999, 20), (720_000, 30))),
        offered_bytes=200,
        used_bytes=170,
        undelivered_bytes=30,
        overage_bytes=70,
        overage_metering_bytes=70,
        blocks=1,
        first_blocked_at=720_000,
        blocked_ms=1_080_000,
    )


def test_5_before_6_without_delays_a_record_blocks_at_the_instant_at_which_it_closes(row):
    # Closed, evaluated and blocked at 6:00, before the burst of 6:00.
    check(
        row(scenario(), trace_csv=trace((60_000, 150), (360_000, 10))),
        offered_bytes=160,
        used_bytes=150,
        undelivered_bytes=10,
        overage_metering_bytes=50,
        overage_enforcement_bytes=0,
        blocks=1,
        first_blocked_at=360_000,
        blocked_ms=1_440_000,
    )


def test_5_before_7_a_burst_at_the_instant_of_an_evaluation_knows_its_verdict(row):
    # Evaluated at 6:00, blocked at 7:00. 20 bytes at 5:59.999 are metering, 30 at 6:00 enforcement.
    text = scenario(platform="limit_propagation: 4 min, enforcement_delay: 1 min")
    check(
        row(text, trace_csv=trace((60_000, 150), (359_999, 20), (360_000, 30))),
        used_bytes=200,
        undelivered_bytes=0,
        overage_bytes=100,
        overage_metering_bytes=70,
        overage_enforcement_bytes=30,
        blocks=1,
        first_blocked_at=420_000,
        blocked_ms=1_380_000,
    )


def test_6_before_7_a_burst_at_the_instant_of_a_block_is_lost(row):
    # Found out at 6:00, blocked at 7:00: 20 bytes at 6:59.999 pass, 30 at 7:00 are lost.
    text = scenario(platform="limit_propagation: 4 min, enforcement_delay: 1 min")
    check(
        row(text, trace_csv=trace((60_000, 150), (419_999, 20), (420_000, 30))),
        offered_bytes=200,
        used_bytes=170,
        undelivered_bytes=30,
        overage_bytes=70,
        overage_metering_bytes=50,
        overage_enforcement_bytes=20,
        blocks=1,
        first_blocked_at=420_000,
        blocked_ms=1_380_000,
    )


# Bytes of running transfers up to an instant have moved before anything happens at it.


def test_running_bytes_up_to_a_boundary_belong_to_the_ending_period(simulate):
    # 2 bytes in 2 s from 14:59: byte 1 is complete exactly at 15:00, so before it.
    text = scenario(platform="limit_propagation: 4 min, billing_period: 15 min")
    old, new = simulate(text, trace_csv=trace((899_000, 2, 2_000)))
    check(old, offered_bytes=2, used_bytes=1, undelivered_bytes=0)
    check(new, offered_bytes=0, used_bytes=1, undelivered_bytes=0)


def test_running_bytes_up_to_a_limit_change_moved_under_the_old_limit(row):
    # 1 byte a second from 0. At 5:00 the limit falls from 1000 to 100 when 300 bytes have moved, byte 300
    # just then. Refresh at 9:00: 360 recorded > 100, cut at 540 bytes. Bytes 301..540 are over, all at cached
    # 1000.
    text = scenario(limit="1000 B", timeline=("at: 5 min, fleet: f, data_limit: 100 B",))
    check(
        row(text, trace_csv=trace((0, 600, 600_000))),
        offered_bytes=600,
        used_bytes=540,
        undelivered_bytes=60,
        overage_bytes=240,
        overage_propagation_bytes=240,
        overage_metering_bytes=0,
        blocks=1,
        first_blocked_at=540_000,
        blocked_ms=1_260_000,
    )


def test_running_bytes_up_to_a_refresh_moved_under_the_old_cached_limit(row):
    # 1 byte a second from 0. Limit 1000, at 5:00 it is 400, which arrives at 9:00 (360 recorded: not above).
    # Over: 401..540 until 9:00 propagation, 541..720 until the record of 12:00 metering.
    text = scenario(limit="1000 B", timeline=("at: 5 min, fleet: f, data_limit: 400 B",))
    check(
        row(text, trace_csv=trace((0, 1200, 1_200_000))),
        offered_bytes=1200,
        used_bytes=720,
        undelivered_bytes=480,
        overage_bytes=320,
        overage_propagation_bytes=140,
        overage_metering_bytes=180,
        overage_enforcement_bytes=0,
        blocks=1,
        first_blocked_at=720_000,
        blocked_ms=1_080_000,
    )


def test_running_bytes_up_to_an_evaluation_and_up_to_a_block_moved_before_them(row):
    # 1 byte a second from 0. Evaluated at 6:00 (360), blocked at 8:00 (480): metering 101..360, enforcement
    # 361..480.
    text = scenario(platform="limit_propagation: 4 min, enforcement_delay: 2 min")
    check(
        row(text, trace_csv=trace((0, 1200, 1_200_000))),
        offered_bytes=1200,
        used_bytes=480,
        undelivered_bytes=720,
        overage_bytes=380,
        overage_metering_bytes=260,
        overage_enforcement_bytes=120,
        blocks=1,
        first_blocked_at=480_000,
        blocked_ms=1_320_000,
    )
