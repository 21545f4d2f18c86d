"""Evaluation, pending blocks and blocks (model, section 4, settled: recorded usage, blocks).

Records close at 6, 12, 18 and 24 minutes throughout.
"""

from __future__ import annotations

import pytest

from tests.micro.uploads import check, scenario, trace

# More than the limit


@pytest.mark.parametrize(
    ("size", "overage", "blocks", "blocked_at", "blocked_ms"),
    [(99, 0, 0, None, 0), (100, 0, 0, None, 0), (101, 1, 1, 360_000, 1_440_000)],
)
def test_usage_is_above_the_limit_only_where_it_is_more(row, size, overage, blocks, blocked_at, blocked_ms):
    check(
        row(scenario(), trace_csv=trace((60_000, size))),
        data_limit_bytes=100,
        offered_bytes=size,
        used_bytes=size,
        undelivered_bytes=0,
        overage_bytes=overage,
        overage_metering_bytes=overage,
        blocks=blocks,
        first_blocked_at=blocked_at,
        blocked_ms=blocked_ms,
    )


def test_usage_that_rests_exactly_at_the_limit_is_never_blocked(row):
    # 100 bytes by 6:00, then four evaluations of 100, then one more byte at 25:00 that no record finds.
    check(
        row(scenario(), trace_csv=trace((60_000, 100), (1_500_000, 1))),
        used_bytes=101,
        overage_bytes=1,
        overage_metering_bytes=1,
        blocks=0,
        first_blocked_at=None,
        blocked_ms=0,
    )


def test_an_unlimited_fleet_has_no_overage_and_no_block(row):
    check(
        row(scenario(limit="unlimited"), trace_csv=trace((60_000, 1_000_000))),
        data_limit_bytes=None,
        used_bytes=1_000_000,
        overage_bytes=0,
        blocks=0,
        blocked_ms=0,
    )


def test_what_moves_between_the_crossing_and_the_record_is_unseen(row):
    # The limit is crossed at 2:00; 3:00 and 5:59.999 pass as well, 6:00 does not.
    transfers = trace((60_000, 60), (120_000, 60), (180_000, 500), (359_999, 7), (360_000, 11))
    check(
        row(scenario(), trace_csv=transfers),
        offered_bytes=638,
        used_bytes=627,
        undelivered_bytes=11,
        overage_bytes=527,
        overage_metering_bytes=527,
        overage_enforcement_bytes=0,
        overage_propagation_bytes=0,
        overage_dns_bytes=0,
        blocks=1,
        first_blocked_at=360_000,
        blocked_ms=1_440_000,
    )


@pytest.mark.parametrize(
    ("start", "used", "undelivered", "overage", "blocked_at", "blocked_ms"),
    [(180_000, 180, 120, 80, 360_000, 1_440_000), (300_000, 300, 0, 200, 720_000, 1_080_000)],
    ids=["cut in the middle", "over before it is found out"],
)
def test_a_running_transfer_that_crosses_the_limit_is_cut_where_it_is_when_the_block_takes_effect(
    row, start, used, undelivered, overage, blocked_at, blocked_ms
):
    # 300 bytes in 300 s. From 3:00: 180 recorded at 6:00. From 5:00: 60 at 6:00, all 300 at 12:00.
    check(
        row(scenario(), trace_csv=trace((start, 300, 300_000))),
        offered_bytes=300,
        used_bytes=used,
        undelivered_bytes=undelivered,
        overage_bytes=overage,
        overage_metering_bytes=overage,
        blocks=1,
        first_blocked_at=blocked_at,
        blocked_ms=blocked_ms,
    )


def test_a_burst_exactly_on_a_records_end_belongs_to_the_next_record(row):
    # 60 + 40 = 100 recorded at 6:00; the 41 bytes of 6:00 make it 141 at 12:00.
    check(
        row(scenario(), trace_csv=trace((60_000, 60), (359_999, 40), (360_000, 41))),
        used_bytes=141,
        undelivered_bytes=0,
        overage_metering_bytes=41,
        blocks=1,
        first_blocked_at=720_000,
        blocked_ms=1_080_000,
    )


# Delays


def test_a_record_is_evaluated_its_delay_after_it_closed(row):
    # Closed at 6:00, evaluated at 7:30: until then all is metering, and 7:30 is blocked.
    text = scenario(platform="limit_propagation: 4 min, record_delay: 90 s")
    check(
        row(text, trace_csv=trace((60_000, 150), (420_000, 10), (449_999, 10), (450_000, 10))),
        offered_bytes=180,
        used_bytes=170,
        undelivered_bytes=10,
        overage_bytes=70,
        overage_metering_bytes=70,
        overage_enforcement_bytes=0,
        blocks=1,
        first_blocked_at=450_000,
        blocked_ms=1_350_000,
    )


def test_a_block_takes_effect_its_delay_after_the_evaluation(row):
    # Evaluated at 6:00, blocked at 7:30.
    text = scenario(platform="limit_propagation: 4 min, enforcement_delay: 90 s")
    transfers = trace((60_000, 150), (359_999, 3), (360_000, 10), (449_999, 20), (450_000, 40))
    check(
        row(text, trace_csv=transfers),
        offered_bytes=223,
        used_bytes=183,
        undelivered_bytes=40,
        overage_bytes=83,
        overage_metering_bytes=53,
        overage_enforcement_bytes=30,
        blocks=1,
        first_blocked_at=450_000,
        blocked_ms=1_350_000,
    )


def test_both_delays_add_up(row):
    # Closed at 6:00, evaluated at 7:30, blocked at 8:30.
    text = scenario(platform="limit_propagation: 4 min, record_delay: 90 s, enforcement_delay: 60 s")
    transfers = trace((60_000, 150), (449_999, 3), (450_000, 10), (509_999, 20), (510_000, 40))
    check(
        row(text, trace_csv=transfers),
        offered_bytes=223,
        used_bytes=183,
        undelivered_bytes=40,
        overage_bytes=83,
        overage_metering_bytes=53,
        overage_enforcement_bytes=30,
        blocks=1,
        first_blocked_at=510_000,
        blocked_ms=1_290_000,
    )


def test_a_record_delay_longer_than_the_interval_keeps_the_records_apart(row):
    # Records of 6:00 (60) and 12:00 (60) are evaluated at 14:00 and 20:00.
    text = scenario(platform="limit_propagation: 4 min, record_delay: 8 min")
    check(
        row(text, trace_csv=trace((60_000, 60), (420_000, 60), (1_199_999, 5), (1_200_000, 7))),
        used_bytes=125,
        undelivered_bytes=7,
        overage_metering_bytes=25,
        overage_enforcement_bytes=0,
        blocks=1,
        first_blocked_at=1_200_000,
        blocked_ms=600_000,
    )


@pytest.mark.parametrize("delay", ["record_delay", "enforcement_delay"])
@pytest.mark.parametrize(
    ("duration", "blocks", "blocked_at", "blocked_ms"),
    [("720000 ms", 0, None, 0), ("720001 ms", 1, 720_000, 1)],
)
def test_a_block_due_at_the_horizon_does_not_take_effect(row, delay, duration, blocks, blocked_at, blocked_ms):
    # Closed at 6:00, due at 12:00.
    text = scenario(platform=f"limit_propagation: 4 min, {delay}: 6 min", duration=duration)
    check(
        row(text, trace_csv=trace((60_000, 150))),
        used_bytes=150,
        overage_metering_bytes=50,
        blocks=blocks,
        first_blocked_at=blocked_at,
        blocked_ms=blocked_ms,
    )


# A pending block


def test_a_further_evaluation_above_the_limit_does_not_move_a_pending_block(row):
    # Pending at 6:00 for 14:00; the record of 12:00 is above the limit, too.
    text = scenario(platform="limit_propagation: 4 min, enforcement_delay: 8 min")
    check(
        row(text, trace_csv=trace((60_000, 150), (420_000, 50), (839_999, 5), (840_000, 7))),
        offered_bytes=212,
        used_bytes=205,
        undelivered_bytes=7,
        overage_metering_bytes=50,
        overage_enforcement_bytes=55,
        blocks=1,
        first_blocked_at=840_000,
        blocked_ms=960_000,
    )


def test_a_refresh_above_the_limit_does_not_move_a_pending_block(row):
    # Pending at 6:00 for 14:00; the refreshes of 10:00 (80) and 13:30 (120) find 150 above as well.
    text = scenario(
        platform="limit_propagation: 3 min, enforcement_delay: 8 min",
        timeline=("at: 7 min, fleet: f, data_limit: 80 B", "at: 630 s, fleet: f, data_limit: 120 B"),
    )
    check(
        row(text, trace_csv=trace((60_000, 150), (839_999, 5), (840_000, 7))),
        data_limit_bytes=120,
        used_bytes=155,
        undelivered_bytes=7,
        overage_metering_bytes=50,
        overage_enforcement_bytes=5,
        blocks=1,
        first_blocked_at=840_000,
        blocked_ms=960_000,
    )


@pytest.mark.parametrize(
    ("new_limit", "blocks", "blocked_at", "blocked_ms"),
    [("149 B", 1, 840_000, 960_000), ("150 B", 0, None, 0)],
)
def test_recorded_usage_not_above_the_limit_cancels_a_pending_block(row, new_limit, blocks, blocked_at, blocked_ms):
    # 150 recorded at 6:00, pending for 14:00; the new limit arrives at 9:00.
    text = scenario(
        platform="limit_propagation: 4 min, enforcement_delay: 8 min",
        timeline=(f"at: 5 min, fleet: f, data_limit: {new_limit}",),
    )
    check(
        row(text, trace_csv=trace((60_000, 150))),
        used_bytes=150,
        overage_metering_bytes=50,
        blocks=blocks,
        first_blocked_at=blocked_at,
        blocked_ms=blocked_ms,
    )


def test_after_a_cancelled_block_a_new_one_waits_its_whole_delay_and_bytes_are_metering_again(row):
    # Pending at 6:00 for 14:00, cancelled at 9:00 (200). 190 at 12:00; 255 at 18:00: pending for 26:00.
    # Over: 101..150 at 1:00; 201..250 at 13:00 and 251..255 at 14:00 metering; 7 at 20:00 enforcement.
    text = scenario(
        platform="limit_propagation: 4 min, enforcement_delay: 8 min",
        timeline=("at: 5 min, fleet: f, data_limit: 200 B",),
    )
    transfers = trace((60_000, 150), (600_000, 40), (780_000, 60), (840_000, 5), (1_200_000, 7), (1_560_000, 9))
    check(
        row(text, trace_csv=transfers),
        offered_bytes=271,
        used_bytes=262,
        undelivered_bytes=9,
        overage_bytes=112,
        overage_metering_bytes=105,
        overage_enforcement_bytes=7,
        blocks=1,
        first_blocked_at=1_560_000,
        blocked_ms=240_000,
    )


def test_a_boundary_lifts_a_pending_block(simulate):
    # Pending at 6:00 for 14:00; the period ends at 12:00.
    text = scenario(platform="limit_propagation: 4 min, enforcement_delay: 8 min, billing_period: 12 min")
    old, new, last = simulate(text, trace_csv=trace((60_000, 150), (780_000, 60), (840_000, 40)))
    check(old, used_bytes=150, overage_bytes=50, blocks=0, first_blocked_at=None, blocked_ms=0)
    check(new, used_bytes=100, undelivered_bytes=0, overage_bytes=0, blocks=0, first_blocked_at=None)
    check(last, used_bytes=0, blocks=0)


# A blocked SIM


@pytest.mark.parametrize(
    ("new_limit", "used", "undelivered", "blocked_ms"),
    [("149 B", 150, 10, 1_440_000), ("150 B", 160, 0, 480_000)],
)
def test_recorded_usage_not_above_the_limit_unblocks(row, new_limit, used, undelivered, blocked_ms):
    # 150 recorded, blocked at 6:00; the new limit arrives at 14:00. 10 bytes at 27:00 find the SIM as it is
    # then. With 150 the record closing at the horizon, 160 in it, evaluates nothing.
    text = scenario(timeline=(f"at: 10 min, fleet: f, data_limit: {new_limit}",))
    check(
        row(text, trace_csv=trace((60_000, 150), (1_620_000, 10))),
        offered_bytes=160,
        used_bytes=used,
        undelivered_bytes=undelivered,
        blocks=1,
        first_blocked_at=360_000,
        blocked_ms=blocked_ms,
    )


def test_a_further_evaluation_above_the_limit_is_no_new_block(row):
    # Evaluated at 8:00 (150) and at 14:00 (170), both above.
    text = scenario(platform="limit_propagation: 4 min, record_delay: 2 min")
    check(
        row(text, trace_csv=trace((60_000, 150), (420_000, 20), (840_000, 30))),
        used_bytes=170,
        undelivered_bytes=30,
        overage_metering_bytes=70,
        blocks=1,
        first_blocked_at=480_000,
        blocked_ms=1_320_000,
    )


def test_an_unblocked_sim_that_is_above_the_limit_again_has_a_second_block(row):
    # Blocked at 6:00, unblocked at 7:00 (200); 190 at 12:00, 220 at 18:00. Over: 101..150 and 201..220.
    text = scenario(timeline=("at: 3 min, fleet: f, data_limit: 200 B",))
    check(
        row(text, trace_csv=trace((60_000, 150), (480_000, 40), (780_000, 30), (1_080_000, 5))),
        offered_bytes=225,
        used_bytes=220,
        undelivered_bytes=5,
        overage_bytes=70,
        overage_metering_bytes=70,
        blocks=2,
        first_blocked_at=360_000,
        blocked_ms=780_000,
    )


def test_a_sim_unblocked_and_blocked_at_one_instant_has_a_new_block(row):
    # Records of 6:00 and 12:00 are evaluated at 8:00 and 14:00. Blocked at 8:00 with 150. At 14:00 the
    # refresh (200) unblocks, then 250 > 200 blocks, before the burst of 14:00. Over: 101..150 at 1:00,
    # 201..250 at 7:00.
    text = scenario(
        platform="limit_propagation: 10 min, record_delay: 2 min",
        timeline=("at: 4 min, fleet: f, data_limit: 200 B",),
    )
    check(
        row(text, trace_csv=trace((60_000, 150), (420_000, 100), (840_000, 10))),
        offered_bytes=260,
        used_bytes=250,
        undelivered_bytes=10,
        overage_bytes=100,
        overage_metering_bytes=100,
        blocks=2,
        first_blocked_at=480_000,
        blocked_ms=1_320_000,
    )


def test_a_boundary_lifts_a_block_and_the_new_period_can_have_its_own(simulate):
    # Blocked [6:00, 15:00) and, with the new period's own 150 bytes, [18:00, 30:00).
    text = scenario(platform="limit_propagation: 4 min, billing_period: 15 min")
    old, new = simulate(text, trace_csv=trace((60_000, 150), (960_000, 150)))
    check(
        old,
        used_bytes=150,
        overage_metering_bytes=50,
        blocks=1,
        first_blocked_at=360_000,
        blocked_ms=540_000,
    )
    check(
        new,
        used_bytes=150,
        overage_metering_bytes=50,
        blocks=1,
        first_blocked_at=1_080_000,
        blocked_ms=720_000,
    )


# A refresh evaluates, too


@pytest.mark.parametrize(
    ("new_limit", "blocks", "blocked_at", "blocked_ms"),
    [("149 B", 1, 840_000, 960_000), ("150 B", 0, None, 0)],
)
def test_a_refresh_blocks_where_recorded_usage_is_above_the_new_limit(row, new_limit, blocks, blocked_at, blocked_ms):
    # 150 recorded at 6:00 under 1000; the new limit, set at 10:00, arrives at 14:00.
    text = scenario(limit="1000 B", timeline=(f"at: 10 min, fleet: f, data_limit: {new_limit}",))
    check(
        row(text, trace_csv=trace((60_000, 150))),
        used_bytes=150,
        overage_bytes=0,
        blocks=blocks,
        first_blocked_at=blocked_at,
        blocked_ms=blocked_ms,
    )


def test_a_refresh_evaluates_what_has_been_recorded_so_far_not_what_has_moved(row):
    # 90 recorded at 12:00, 60 more at 13:00. The refresh of 14:00 (100) finds 90, the record of 18:00 finds
    # 150.
    text = scenario(limit="1000 B", timeline=("at: 10 min, fleet: f, data_limit: 100 B",))
    check(
        row(text, trace_csv=trace((60_000, 90), (780_000, 60), (1_079_999, 5))),
        used_bytes=155,
        undelivered_bytes=0,
        overage_bytes=55,
        overage_propagation_bytes=50,
        overage_metering_bytes=5,
        blocks=1,
        first_blocked_at=1_080_000,
        blocked_ms=720_000,
    )


def test_the_block_of_a_refresh_waits_for_the_enforcement_delay_as_well(row):
    # 150 recorded at 6:00 under 1000. 100 arrives at 14:00, blocked at 16:00.
    text = scenario(
        limit="1000 B",
        platform="limit_propagation: 4 min, enforcement_delay: 2 min",
        timeline=("at: 10 min, fleet: f, data_limit: 100 B",),
    )
    transfers = trace((60_000, 150), (839_999, 10), (840_000, 20), (960_000, 40))
    check(
        row(text, trace_csv=transfers),
        offered_bytes=220,
        used_bytes=180,
        undelivered_bytes=40,
        overage_bytes=30,
        overage_propagation_bytes=10,
        overage_enforcement_bytes=20,
        overage_metering_bytes=0,
        blocks=1,
        first_blocked_at=960_000,
        blocked_ms=840_000,
    )
