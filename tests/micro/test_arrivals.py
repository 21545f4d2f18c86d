"""Arrival processes with fixed phases, traces, durations and throughputs. Tables derived by hand."""

import pytest

from tests.micro.one_sim import TRACE, counted, scenario, trace


def offered(**columns):
    return {"used": columns["offered"]} | columns


# The limit is 1 MB throughout: nothing is over, nothing is blocked. Instants are pinned by horizons: what is
# due at the horizon does not happen.


@pytest.mark.parametrize(
    ("first", "duration", "expected"),
    [
        # 0, 900, 1800, 2700 s; 3600 s is the horizon, or just inside it
        ("0 s", "3600000 ms", offered(offered=440, up=400, down=40)),
        ("0 s", "3600001 ms", offered(offered=550, up=500, down=50)),
        ("0 s", "1 ms", offered(offered=110, up=100, down=10)),
        # 60, 960, 1860, 2760 s
        ("1 min", "2760000 ms", offered(offered=330, up=300, down=30)),
        ("1 min", "2760001 ms", offered(offered=440, up=400, down=40)),
        ("1 min", "1 h", offered(offered=440, up=400, down=40)),
    ],
)
def test_periodic_traffic_comes_first_after_activation_then_every_so_often(row, first, duration, expected):
    item = f"{{arrivals: {{process: periodic, every: 15 min, first: {first}}}, upload: 100 B, download: 10 B}}"
    assert counted(row(scenario({"p": item}, limit="1 MB", duration=duration))) == expected


@pytest.mark.parametrize(("duration", "up"), [("3360000 ms", 300), ("3360001 ms", 400)])
def test_periodic_traffic_counts_from_activation(row, duration, up):
    # activated at 600 s, first 1 min: 660, 1560, 2460, 3360 s
    item = "{arrivals: {process: periodic, every: 15 min, first: 1 min}, upload: 100 B}"
    got = row(scenario({"p": item}, limit="1 MB", duration=duration, activation="{at: 10 min, over: 0 s}"))
    assert counted(got) == {"offered": up, "up": up, "used": up}


def test_periodic_traffic_goes_on_through_periods_by_its_own_clock(simulate):
    # every 7 min: 0, 420, ..., 1680 | 2100, ..., 3360 s: 5 before 1800 s, 4 after
    item = "{arrivals: {process: periodic, every: 7 min, first: 0 s}, upload: 10 B}"
    rows = simulate(scenario({"p": item}, limit="1 MB", platform={"billing_period": "30 min"}))
    assert [counted(row) for row in rows] == [
        {"offered": 50, "up": 50, "used": 50},
        {"offered": 40, "up": 40, "used": 40},
    ]


@pytest.mark.parametrize("at", ["10 min", "600000 ms", "2026-01-01T00:10:00Z", "2026-01-01T02:10:00+02:00"])
@pytest.mark.parametrize(
    ("duration", "expected"), [("600000 ms", {}), ("600001 ms", {"offered": 7, "down": 7, "used": 7})]
)
def test_once_comes_at_its_instant_since_the_start_or_in_the_calendar(row, at, duration, expected):
    item = f"{{arrivals: {{process: once, at: {at}}}, download: 7 B}}"
    assert counted(row(scenario({"o": item}, limit="1 MB", duration=duration))) == expected


@pytest.mark.parametrize(
    ("activation", "expected"), [("600000 ms", {"offered": 7, "up": 7, "used": 7}), ("600001 ms", {})]
)
def test_once_before_the_activation_is_not_offered_and_at_it_is(row, activation, expected):
    item = "{arrivals: {process: once, at: 10 min}, upload: 7 B}"
    got = row(scenario({"o": item}, limit="1 MB", activation=f"{{at: {activation}, over: 0 s}}"))
    assert counted(got) == expected


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        # 7 B/s up and 3 B/s down from 500 ms: each direction is rounded down by itself
        ("500 ms", {}),
        ("642 ms", {}),  # 0.994
        ("643 ms", {"offered": 1, "up": 1, "used": 1}),  # 1.001 and 0.429
        ("1000 ms", {"offered": 4, "up": 3, "down": 1, "used": 4}),  # 3.5 and 1.5
        ("10499 ms", {"offered": 98, "up": 69, "down": 29, "used": 98}),  # 69.993 and 29.997
        ("10500 ms", {"offered": 100, "up": 70, "down": 30, "used": 100}),
        ("1 h", {"offered": 100, "up": 70, "down": 30, "used": 100}),  # until 10500 ms
    ],
)
def test_continuous_traffic_flows_from_until(row, duration, expected):
    item = "{arrivals: {process: continuous, from: 500 ms, until: 10500 ms}, upload: 7 B/s, download: 3 B/s}"
    assert counted(row(scenario({"c": item}, limit="1 MB", duration=duration))) == expected


def test_continuous_traffic_before_the_activation_is_not_offered_and_its_clock_is_its_own(row):
    # 3 B/s from 0 to 1000 ms, activated at 500 ms: its own clock has counted 1 B by then (3 * 500 // 1000), which is
    # not offered, and 3 B at its end; so 2 B are offered, where a clock that started at the activation would count 1.
    item = "{arrivals: {process: continuous, from: 0 s, until: 1 s}, upload: 3 B/s}"
    got = row(scenario({"c": item}, limit="1 MB", activation="{at: 500 ms, over: 0 s}"))
    assert counted(got) == {"offered": 2, "up": 2, "used": 2}


def test_a_trace_without_sims_is_replayed_by_every_sim(simulate):
    rows = simulate(
        scenario({"t": TRACE}, limit="1 MB", count=3),
        trace_csv=trace((0, 1, 2, 0), (0, 3, 4, 0), (9, 5, 6, 1)),
    )
    assert [row["sim"] for row in rows] == [0, 1, 2]
    assert [counted(row) for row in rows] == [{"offered": 21, "up": 9, "down": 12, "used": 21}] * 3


def test_a_trace_with_sims_finds_columns_by_name_and_takes_sims_in_any_order(simulate):
    # sim 1 has no rows; equal times within sim 2; sim 0 comes last
    rows = simulate(
        scenario({"t": TRACE}, limit="1 MB", count=3),
        trace_csv="duration_ms,download_bytes,sim,upload_bytes,time_ms\n0,2,2,1,5\n0,4,2,3,5\n0,6,0,5,3\n0,8,2,7,6\n",
    )
    assert [counted(row) for row in rows] == [
        {"offered": 11, "up": 5, "down": 6, "used": 11},
        {},
        {"offered": 25, "up": 11, "down": 14, "used": 25},
    ]


def test_a_trace_that_starts_before_the_activation_is_not_offered_until_then(row):
    # activated at 10 s; 1 B running over it from 9999 ms is not offered at all
    got = row(
        scenario({"t": TRACE}, limit="1 MB", activation="{at: 10 s, over: 0 s}"),
        trace_csv=trace((0, 100, 0, 0), (9999, 1, 0, 1000), (10_000, 20, 0, 0), (10_001, 3, 0, 0)),
    )
    assert counted(got) == {"offered": 23, "up": 23, "used": 23}


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        ("1000 ms", {}),
        ("1001 ms", {"offered": 1500}),  # 1000 * 1 // 3000, 500 * 1 // 3000
        ("1003 ms", {"offered": 1500, "up": 1, "used": 1}),  # 1000 * 3 // 3000 and 500 * 3 // 3000
        ("1006 ms", {"offered": 1500, "up": 2, "down": 1, "used": 3}),
        ("3999 ms", {"offered": 1500, "up": 999, "down": 499, "used": 1498}),
        ("4000 ms", {"offered": 1500, "up": 1000, "down": 500, "used": 1500}),
    ],
)
def test_a_transfer_with_a_duration_has_moved_its_share_rounded_down_in_each_direction(row, duration, expected):
    # 1000 up and 500 down over 3000 ms from 1000 ms, cut by the horizon
    item = "{arrivals: {process: once, at: 1 s}, upload: 1000 B, download: 500 B, duration: 3 s}"
    assert counted(row(scenario({"o": item}, limit="1 MB", duration=duration))) == expected


@pytest.mark.parametrize(
    ("duration", "moved"),
    [
        ("1020 ms", 488),  # 1001 * 20 // 41 = 488.29; with 40 ms it would be 500
        ("1040 ms", 976),  # 1001 * 40 // 41 = 976.58
        ("1041 ms", 1001),
    ],
)
def test_a_duration_from_a_throughput_is_rounded_up_to_the_millisecond(row, duration, moved):
    # 8000 * 1001 / 200000 = 40.04: 41 ms from 1000 ms on
    item = "{arrivals: {process: once, at: 1 s}, upload: 1001 B, throughput: 200 kbit/s}"
    got = row(scenario({"o": item}, limit="1 MB", duration=duration))
    assert counted(got) == {"offered": 1001, "up": moved, "used": moved}


def test_upload_and_download_share_a_throughput(row):
    # 8000 * (1000 + 600) / 8000 = 1600 ms from 1 s on; at 2 s 1000 of them have passed: 625 up, 375 down
    item = "{arrivals: {process: once, at: 1 s}, upload: 1000 B, download: 600 B, throughput: 8 kbit/s}"
    got = row(scenario({"o": item}, limit="1 MB", duration="2 s"))
    assert counted(got) == {"offered": 1600, "up": 625, "down": 375, "used": 1000}


def test_sizes_of_a_list_are_its_values_alone(row):
    # 3 transfers of 9 B: the other values have no weight
    item = (
        "{arrivals: {process: periodic, every: 20 min, first: 0 s}, "
        "upload: {distribution: empirical, values: [1 B, 9 B, 100 B], weights: [0, 0.25, 0.0]}}"
    )
    got = row(scenario({"p": item}, limit="1 MB"))
    assert counted(got) == {"offered": 27, "up": 27, "used": 27}


def test_items_of_one_group_add_up(row):
    # periodic 0, 1200, 2400 s: 30 B; once 7 B; continuous 2 B/s for 10 s: 20 B; trace 4 + 5 B
    got = row(
        scenario(
            {
                "p": "{arrivals: {process: periodic, every: 20 min, first: 0 s}, upload: 10 B}",
                "o": "{arrivals: {process: once, at: 20 min}, download: 7 B}",
                "c": "{arrivals: {process: continuous, from: 20 min, until: 1210 s}, upload: 2 B/s}",
                "t": TRACE,
            },
            limit="1 MB",
        ),
        trace_csv=trace((1_200_000, 4, 5, 0)),
    )
    assert counted(got) == {"offered": 66, "up": 54, "down": 12, "used": 66}
