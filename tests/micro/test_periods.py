"""Billing periods: where they begin and end, and what a boundary does. Tables derived by hand."""

import pytest

from tests.micro.one_sim import TRACE, counted, scenario, trace

HALF_HOURS = {"billing_period": "30 min"}


def span(row):
    return row["period"], row["period_start"], row["period_end"], row["complete"]


def idle(start, duration, billing_period, activation="{at: 0 s, over: 0 s}"):
    """A SIM that moves 1 B at its activation: long periods, one record a day."""
    text = scenario(
        {"s": "{arrivals: {process: periodic, every: 1000 days, first: 0 s}, upload: 1 B}"},
        duration=duration,
        platform={"billing_period": billing_period, "record_interval": "1 day"},
        activation=activation,
        session="{mode: always-on, first_record: 1 day}",
    )
    return text.replace("start: 2026-01-01T00:00:00Z", f"start: {start}")


# ---- where periods begin and end


def test_a_month_from_31_january_ends_on_28_february_then_on_31_march_then_on_30_april(simulate):
    # 28, 59 and 89 days after the first start, at the same clock time; the last end is the horizon
    rows = simulate(idle("2026-01-31T10:00:00Z", "89 days", "activation-month"))
    assert [span(row) for row in rows] == [
        (0, 0, 2_419_200_000, True),
        (1, 2_419_200_000, 5_097_600_000, True),
        (2, 5_097_600_000, 7_689_600_000, True),
    ]


def test_a_month_from_31_january_of_a_leap_year_ends_on_29_february(simulate):
    # 29 and 60 days; one millisecond short of the second end
    rows = simulate(idle("2028-01-31T00:00:00Z", "5183999999 ms", "activation-month"))
    assert [span(row) for row in rows] == [
        (0, 0, 2_505_600_000, True),
        (1, 2_505_600_000, 5_184_000_000, False),
    ]


def test_a_month_from_30_january_ends_on_28_february_then_on_30_march(simulate):
    # 29 and 59 days, counted from the first start, not from 28 February (which would give 28 March, 57 days)
    rows = simulate(idle("2026-01-30T00:00:00Z", "59 days", "activation-month"))
    assert [span(row) for row in rows] == [
        (0, 0, 2_505_600_000, True),
        (1, 2_505_600_000, 5_097_600_000, True),
    ]


def test_an_activation_month_counts_from_the_sims_activation(simulate):
    # activated on 11 January: ends 11 February (41 days after the start) and 11 March (69 days).
    # Two months from 1 January are 59 days: the second period is cut by the horizon and keeps its own end.
    rows = simulate(idle("2026-01-01T00:00:00Z", "2 months", "activation-month", activation="{at: 10 days, over: 0 s}"))
    assert [span(row) for row in rows] == [
        (0, 864_000_000, 3_542_400_000, True),
        (1, 3_542_400_000, 5_961_600_000, False),
    ]


def test_the_first_calendar_month_runs_from_activation_to_the_months_end(simulate):
    # 15 January 12:00 to 1 February 00:00: 16.5 days; to 1 March: 44.5 days; the horizon: 15 February 12:00
    rows = simulate(idle("2026-01-15T12:00:00Z", "1 month", "calendar-month"))
    assert [span(row) for row in rows] == [
        (0, 0, 1_425_600_000, True),
        (1, 1_425_600_000, 3_844_800_000, False),
    ]


def test_a_calendar_month_from_an_activation_at_its_first_instant_is_whole(simulate):
    # 1 February to 1 March, the horizon: one row
    rows = simulate(idle("2026-02-01T00:00:00Z", "1 month", "calendar-month"))
    assert [span(row) for row in rows] == [(0, 0, 2_419_200_000, True)]


def test_a_calendar_month_ends_at_midnight_utc_though_the_start_is_written_with_an_offset(simulate):
    # 2026-01-31T23:00:00-02:00 is 1 February 01:00 UTC: to 1 March 00:00 UTC 27 days and 23 h
    rows = simulate(idle("2026-01-31T23:00:00-02:00", "2415600000 ms", "calendar-month"))
    assert [span(row) for row in rows] == [(0, 0, 2_415_600_000, True)]


def test_no_period_starts_at_the_horizon_and_one_that_starts_a_millisecond_before_has_a_row(simulate):
    items = {"t": TRACE}
    rows = simulate(scenario(items, duration="3600000 ms", platform=HALF_HOURS), trace_csv=trace((0, 10, 0, 0)))
    assert [span(row) for row in rows] == [(0, 0, 1_800_000, True), (1, 1_800_000, 3_600_000, True)]
    rows = simulate(scenario(items, duration="3600001 ms", platform=HALF_HOURS), trace_csv=trace((0, 10, 0, 0)))
    assert [span(row) for row in rows] == [
        (0, 0, 1_800_000, True),
        (1, 1_800_000, 3_600_000, True),
        (2, 3_600_000, 5_400_000, False),
    ]
    assert [counted(row) for row in rows] == [{"offered": 10, "up": 10, "used": 10}, {}, {}]


# ---- what a boundary does


def test_usage_restarts_at_zero_with_a_new_period(simulate):
    # 800 B in each of two periods, limit 1000: neither is over, none blocks
    rows = simulate(
        scenario({"t": TRACE}, platform=HALF_HOURS), trace_csv=trace((0, 800, 0, 0), (1_800_000, 800, 0, 0))
    )
    assert [counted(row) for row in rows] == [
        {"offered": 800, "up": 800, "used": 800},
        {"offered": 800, "up": 800, "used": 800},
    ]


def test_the_end_of_the_period_lifts_a_block_and_a_transfer_at_that_instant_passes(simulate):
    # blocked at 360000, lifted at 1800000: 5 B at 1799999 lost, 7 B at 1800000 moved in period 1
    first, second = simulate(
        scenario({"t": TRACE}, platform=HALF_HOURS),
        trace_csv=trace((0, 1500, 0, 0), (1_799_999, 5, 0, 0), (1_800_000, 7, 0, 0)),
    )
    assert counted(first) == {
        "offered": 1505,
        "up": 1500,
        "used": 1500,
        "over": 500,
        "metering": 500,
        "undelivered": 5,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 1_440_000,
    }
    assert counted(second) == {"offered": 7, "up": 7, "used": 7}


@pytest.mark.parametrize("enforcement_delay", ["6 min", "10 min"])
def test_the_end_of_the_period_lifts_a_pending_block(simulate, enforcement_delay):
    # 1500 B at 1200000, evaluated at 1440000: due at 1800000 (the boundary itself, step 6 after step 1) or
    # 2040000. 100 B at 1500000 are enforcement; 50 B at 2100000 pass.
    first, second = simulate(
        scenario({"t": TRACE}, platform=HALF_HOURS | {"enforcement_delay": enforcement_delay}),
        trace_csv=trace((1_200_000, 1500, 0, 0), (1_500_000, 100, 0, 0), (2_100_000, 50, 0, 0)),
    )
    assert counted(first) == {
        "offered": 1600,
        "up": 1600,
        "used": 1600,
        "over": 600,
        "metering": 500,
        "enforcement": 100,
    }
    assert counted(second) == {"offered": 50, "up": 50, "used": 50}


def test_a_block_due_a_millisecond_before_the_periods_end_lasts_one_millisecond(simulate):
    # evaluated at 1440000 + 359999 ms
    first, second = simulate(
        scenario({"t": TRACE}, platform=HALF_HOURS | {"enforcement_delay": "359999 ms"}),
        trace_csv=trace((1_200_000, 1500, 0, 0), (2_100_000, 50, 0, 0)),
    )
    assert counted(first) == {
        "offered": 1500,
        "up": 1500,
        "used": 1500,
        "over": 500,
        "metering": 500,
        "blocks": 1,
        "first_blocked": 1_799_999,
        "blocked_ms": 1,
    }
    assert counted(second) == {"offered": 50, "up": 50, "used": 50}


def test_a_record_that_straddles_the_boundary_is_closed_at_it_and_each_part_counts_in_its_period(simulate):
    # periods of 1000 s; record of [720000, 1080000) is cut at 1000000. 800 B on either side: were they in one
    # record, 1080000 would find 1600 > 1000.
    first, second = simulate(
        scenario({"t": TRACE}, duration="2000 s", platform={"billing_period": "1000 s"}),
        trace_csv=trace((900_000, 800, 0, 0), (1_050_000, 800, 0, 0)),
    )
    assert counted(first) == {"offered": 800, "up": 800, "used": 800}
    assert counted(second) == {"offered": 800, "up": 800, "used": 800}


def test_the_record_grid_goes_on_through_a_boundary(simulate):
    # periods of 1000 s; 1500 B at 1050000: recorded at 1080000, the old grid, not at 1000000 + 360000
    first, second = simulate(
        scenario({"t": TRACE}, duration="2000 s", platform={"billing_period": "1000 s"}),
        trace_csv=trace((1_050_000, 1500, 0, 0)),
    )
    assert counted(first) == {}
    assert counted(second) == {
        "offered": 1500,
        "up": 1500,
        "used": 1500,
        "over": 500,
        "metering": 500,
        "blocks": 1,
        "first_blocked": 1_080_000,
        "blocked_ms": 920_000,
    }


def test_the_record_that_closes_at_the_boundary_blocks_nothing(simulate):
    # 1500 B at 1500000; the grid point 1800000 is the boundary: the record belongs to period 0, its
    # evaluation is dropped, and it does not count in period 1 (900 B at 1800000 there)
    first, second = simulate(
        scenario({"t": TRACE}, platform=HALF_HOURS),
        trace_csv=trace((1_500_000, 1500, 0, 0), (1_800_000, 900, 0, 0)),
    )
    assert counted(first) == {"offered": 1500, "up": 1500, "used": 1500, "over": 500, "metering": 500}
    assert counted(second) == {"offered": 900, "up": 900, "used": 900}


@pytest.mark.parametrize("record_delay", ["6 min", "7 min"])
def test_evaluations_still_due_at_a_boundary_are_dropped_those_due_at_that_instant_included(simulate, record_delay):
    # 1500 B at 1300000 close at 1440000 and are due at 1800000 or 1860000: nobody sees them.
    # 900 B of period 1, recorded at 2160000, stay alone: no block.
    first, second = simulate(
        scenario({"t": TRACE}, platform=HALF_HOURS | {"record_delay": record_delay}),
        trace_csv=trace((1_300_000, 1500, 0, 0), (1_800_000, 900, 0, 0)),
    )
    assert counted(first) == {"offered": 1500, "up": 1500, "used": 1500, "over": 500, "metering": 500}
    assert counted(second) == {"offered": 900, "up": 900, "used": 900}


def test_an_evaluation_due_a_millisecond_before_the_boundary_still_counts(simulate):
    # closed at 1440000, evaluated at 1799999: blocked for one millisecond
    first, second = simulate(
        scenario({"t": TRACE}, platform=HALF_HOURS | {"record_delay": "359999 ms"}),
        trace_csv=trace((1_300_000, 1500, 0, 0), (1_800_000, 900, 0, 0)),
    )
    assert counted(first) == {
        "offered": 1500,
        "up": 1500,
        "used": 1500,
        "over": 500,
        "metering": 500,
        "blocks": 1,
        "first_blocked": 1_799_999,
        "blocked_ms": 1,
    }
    assert counted(second) == {"offered": 900, "up": 900, "used": 900}


def test_a_block_at_the_horizon_ends_with_it(row):
    # the record of [0, 360000) closes at the horizon of 360000, where nothing happens any more: no block
    at_horizon = row(scenario({"t": TRACE}, duration="360000 ms"), trace_csv=trace((0, 1500, 0, 0)))
    later = row(scenario({"t": TRACE}, duration="360001 ms"), trace_csv=trace((0, 1500, 0, 0)))
    assert counted(at_horizon) == {"offered": 1500, "up": 1500, "used": 1500, "over": 500, "metering": 500}
    assert counted(later) == {
        "offered": 1500,
        "up": 1500,
        "used": 1500,
        "over": 500,
        "metering": 500,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 1,
    }


def test_an_open_session_goes_on_through_a_boundary(simulate):
    # on demand, idle_timeout 5 min: opened at 1700000, records every 6 min from there: 1500 B at 1900000 are
    # recorded at 2060000. A session opened anew at 1900000 would have its first record at 2200000, when it
    # closes.
    first, second = simulate(
        scenario({"t": TRACE}, platform=HALF_HOURS, session="{mode: on-demand, idle_timeout: 5 min}"),
        trace_csv=trace((1_700_000, 800, 0, 0), (1_900_000, 1500, 0, 0)),
    )
    assert counted(first) == {"offered": 800, "up": 800, "used": 800}
    assert counted(second) == {
        "offered": 1500,
        "up": 1500,
        "used": 1500,
        "over": 500,
        "metering": 500,
        "blocks": 1,
        "first_blocked": 2_060_000,
        "blocked_ms": 1_540_000,
    }


# ---- the limit and the boundary


@pytest.mark.parametrize(("at", "first_limit"), [("1799999 ms", 2000), ("1800000 ms", 1000)])
def test_a_rows_data_limit_is_the_fleets_limit_just_before_the_rows_end(simulate, at, first_limit):
    first, second = simulate(
        scenario({"t": TRACE}, limits={at: "2000 B"}, platform=HALF_HOURS), trace_csv=trace((0, 10, 0, 0))
    )
    assert (first["data_limit_bytes"], second["data_limit_bytes"]) == (first_limit, 2000)


def test_the_data_limit_of_a_row_cut_by_the_horizon_is_the_one_just_before_the_horizon(simulate):
    # periods of 2 h, horizon 1 h
    (only,) = simulate(
        scenario({"t": TRACE}, limits={"3599999 ms": "2000 B"}, platform={"billing_period": "2 h"}),
        trace_csv=trace((0, 10, 0, 0)),
    )
    assert (only["data_limit_bytes"], only["complete"]) == (2000, False)


def test_the_cached_limit_and_a_pending_refresh_go_on_through_a_boundary(simulate):
    # 2000 B set at 1700 s, there 10 min later, at 2300000. 1500 B at 1800000: within the Fleet's 2000, but
    # over the cached 1000 at 2160000: blocked until 2300000.
    first, second = simulate(
        scenario(
            {"t": TRACE},
            limits={"1700 s": "2000 B"},
            platform=HALF_HOURS | {"limit_propagation": "10 min"},
        ),
        trace_csv=trace((1_800_000, 1500, 0, 0)),
    )
    assert counted(first) == {}
    assert counted(second) == {
        "offered": 1500,
        "up": 1500,
        "used": 1500,
        "blocks": 1,
        "first_blocked": 2_160_000,
        "blocked_ms": 140_000,
    }


def test_a_refresh_at_the_boundary_finds_no_usage_and_holds_for_the_transfers_of_that_instant(simulate):
    # 5000 -> 1000 at 1500 s, there at 1800000 (step 3, after step 1): recorded usage is 0, no block. Period
    # 0: numbers 2501 to 2600 at 1600000 over 1000: propagation. Period 1: 1500 B at 1800000 (step 7) are
    # beyond the cached 1000: metering; blocked at 2160000.
    first, second = simulate(
        scenario({"t": TRACE}, limit="5000 B", limits={"1500000 ms": "1000 B"}, platform=HALF_HOURS),
        trace_csv=trace((0, 2500, 0, 0), (1_600_000, 100, 0, 0), (1_800_000, 1500, 0, 0)),
    )
    assert counted(first) == {
        "offered": 2600,
        "up": 2600,
        "used": 2600,
        "over": 100,
        "propagation": 100,
    }
    assert counted(second) == {
        "offered": 1500,
        "up": 1500,
        "used": 1500,
        "over": 500,
        "metering": 500,
        "blocks": 1,
        "first_blocked": 2_160_000,
        "blocked_ms": 1_440_000,
    }


def test_a_refresh_a_millisecond_after_the_boundary_leaves_the_transfers_of_the_boundary_to_propagation(
    simulate,
):
    # the same, one millisecond later: the refresh of 1800001 has nothing recorded and blocks nothing
    first, second = simulate(
        scenario({"t": TRACE}, limit="5000 B", limits={"1500001 ms": "1000 B"}, platform=HALF_HOURS),
        trace_csv=trace((0, 2500, 0, 0), (1_600_000, 100, 0, 0), (1_800_000, 1500, 0, 0)),
    )
    assert counted(first) == {
        "offered": 2600,
        "up": 2600,
        "used": 2600,
        "over": 100,
        "propagation": 100,
    }
    assert counted(second) == {
        "offered": 1500,
        "up": 1500,
        "used": 1500,
        "over": 500,
        "propagation": 500,
        "blocks": 1,
        "first_blocked": 2_160_000,
        "blocked_ms": 1_440_000,
    }


# ---- transfers over the boundary


def test_bytes_belong_to_the_period_in_which_they_moved_offered_ones_to_that_of_the_start(simulate):
    # 1001 up and 333 down over 200 s from 1700 s: by 1800000 half: 500 and 166
    first, second = simulate(
        scenario({"t": TRACE}, platform=HALF_HOURS), trace_csv=trace((1_700_000, 1001, 333, 200_000))
    )
    assert counted(first) == {"offered": 1334, "up": 500, "down": 166, "used": 666}
    assert counted(second) == {"up": 501, "down": 167, "used": 668}


def test_undelivered_bytes_belong_to_the_period_in_which_they_were_cut(simulate):
    # 10000 B over 1000 s from 1700 s: 1000 by 1800000; 4600 by 2160000, where period 1 has 3600 > 1000: cut
    first, second = simulate(
        scenario({"t": TRACE}, platform=HALF_HOURS), trace_csv=trace((1_700_000, 10_000, 0, 1_000_000))
    )
    assert counted(first) == {"offered": 10_000, "up": 1000, "used": 1000}
    assert counted(second) == {
        "up": 3600,
        "used": 3600,
        "over": 2600,
        "metering": 2600,
        "undelivered": 5400,
        "blocks": 1,
        "first_blocked": 2_160_000,
        "blocked_ms": 1_440_000,
    }


def test_a_transfer_lost_before_the_boundary_stays_lost_after_it(simulate):
    # 100 B over 200 s from 1700 s, blocked until 1800000: all of it undelivered in period 0
    first, second = simulate(
        scenario({"t": TRACE}, platform=HALF_HOURS),
        trace_csv=trace((0, 1500, 0, 0), (1_700_000, 100, 0, 200_000)),
    )
    assert counted(first) == {
        "offered": 1600,
        "up": 1500,
        "used": 1500,
        "over": 500,
        "metering": 500,
        "undelivered": 100,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 1_440_000,
    }
    assert counted(second) == {}


def test_a_byte_complete_at_the_boundary_belongs_to_the_ending_period_an_instantaneous_one_to_the_new(
    simulate,
):
    first, second = simulate(
        scenario({"t": TRACE}, platform=HALF_HOURS),
        trace_csv=trace((1_799_000, 11, 0, 1000), (1_800_000, 13, 0, 0)),
    )
    assert counted(first) == {"offered": 11, "up": 11, "used": 11}
    assert counted(second) == {"offered": 13, "up": 13, "used": 13}


def test_continuous_traffic_is_split_at_the_boundary_by_what_it_offers_from_its_own_start(simulate):
    # 7 B/s from 0 to 20 s, periods of 10500 ms: 7 * 10500 // 1000 = 73 (73.5), then 140 - 73
    stream = "{arrivals: {process: continuous, from: 0 s, until: 20 s}, download: 7 B/s}"
    first, second = simulate(scenario({"s": stream}, duration="21 s", platform={"billing_period": "10500 ms"}))
    assert counted(first) == {"offered": 73, "down": 73, "used": 73}
    assert counted(second) == {"offered": 67, "down": 67, "used": 67}


# ---- late activation


def test_a_sims_first_period_and_record_grid_start_with_its_activation(row):
    # activated at 100000: traffic before is not offered, that of 100000 is (step 7 after step 2). First
    # record at 460000: blocked. The period ends at 1 February 00:01:40: 31 days and 100 s.
    got = row(
        scenario({"t": TRACE}, activation="{at: 100 s, over: 0 s}"),
        trace_csv=trace((50_000, 700, 0, 0), (99_999, 800, 0, 0), (100_000, 1500, 0, 0)),
    )
    assert counted(got) == {
        "offered": 1500,
        "up": 1500,
        "used": 1500,
        "over": 500,
        "metering": 500,
        "blocks": 1,
        "first_blocked": 460_000,
        "blocked_ms": 3_140_000,
    }
    assert span(got) == (0, 100_000, 2_678_500_000, False)


@pytest.mark.parametrize("at", ["50 s", "100 s"])
def test_an_activation_reads_the_fleets_limit_one_set_at_that_instant_included(row, at):
    # 5000 B set before or at the activation of 100000: 1500 B then are within it, cached in step 3: no block
    got = row(
        scenario({"t": TRACE}, limits={at: "5000 B"}, activation="{at: 100 s, over: 0 s}"),
        trace_csv=trace((100_000, 1500, 0, 0)),
    )
    assert counted(got) == {"offered": 1500, "up": 1500, "used": 1500}
    assert got["data_limit_bytes"] == 5000


def test_a_limit_set_a_millisecond_after_the_activation_has_to_propagate(row):
    # 5000 B set at 100001, there 15 min later, at 1000001; blocked by 1500 > 1000 at 460000; 500 over at
    # 100000
    got = row(
        scenario(
            {"t": TRACE},
            limits={"100001 ms": "5000 B"},
            platform={"limit_propagation": "15 min"},
            activation="{at: 100 s, over: 0 s}",
        ),
        trace_csv=trace((100_000, 1500, 0, 0)),
    )
    assert counted(got) == {
        "offered": 1500,
        "up": 1500,
        "used": 1500,
        "over": 500,
        "metering": 500,
        "blocks": 1,
        "first_blocked": 460_000,
        "blocked_ms": 540_001,
    }


TWO_GROUPS = """
name: micro
start: 2026-01-01T00:00:00Z
duration: 1 h
seed: 1
platform: {{preset: super-sim, limit_propagation: 5 min}}
fleets:
  f:
    data_limit: 1000 B
    any_limit: true
    devices:
      late:
        count: 2
        activation: {{at: {at}, over: 0 s}}
        traffic: {{t: {{arrivals: {{process: periodic, every: 1 day, first: 0 s}}, upload: 3 B}}}}
      early:
        count: 1
        traffic: {{t: {{arrivals: {{process: periodic, every: 1 day, first: 0 s}}, upload: 5 B}}}}
"""


@pytest.mark.parametrize("at", ["3600000 ms", "2 h"])
def test_a_sim_activated_at_the_horizon_or_later_has_no_row_and_keeps_its_number(simulate, at):
    (only,) = simulate(TWO_GROUPS.format(at=at))
    assert (only["sim"], only["device_group"]) == (2, "early")
    assert counted(only) == {"offered": 5, "up": 5, "used": 5}


def test_a_sim_activated_a_millisecond_before_the_horizon_has_a_row(simulate):
    late, twin, early = simulate(TWO_GROUPS.format(at="3599999 ms"))
    assert [row["sim"] for row in (late, twin, early)] == [0, 1, 2]
    assert counted(late) == {"offered": 3, "up": 3, "used": 3}
    # 31 days after 3599999
    assert span(late) == (0, 3_599_999, 2_681_999_999, False)
    assert span(twin) == (0, 3_599_999, 2_681_999_999, False)
    assert counted(early) == {"offered": 5, "up": 5, "used": 5}
