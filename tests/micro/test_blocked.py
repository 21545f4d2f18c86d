"""What a block does to transfers and streams: cut, lost, suspended, resumed. Tables derived by hand."""

from tests.micro.one_sim import TRACE, TUNNEL, counted, scenario, trace


def stream(rate, start, end):
    return f"{{arrivals: {{process: continuous, from: {start}, until: {end}}}, upload: {rate} B/s}}"


# In most tests: 1500 B at 0 under a limit of 1000 B. The record of [0, 360000) holds 1500 > 1000 and is
# evaluated at 360000 with no delays: blocked at 360000. 500 B are over, all metering.


def test_a_transfer_in_progress_is_cut_where_it_is_each_direction_rounded_down(row):
    # started at 350000 over 20000 ms: by 360000 half: 1001 -> 500, 333 -> 166; lost 501 + 167 = 668
    got = row(scenario({"t": TRACE}), trace_csv=trace((0, 1500, 0, 0), (350_000, 1001, 333, 20_000)))
    assert counted(got) == {
        "offered": 2834,
        "up": 2000,
        "down": 166,
        "used": 2166,
        "over": 1166,
        "metering": 1166,
        "undelivered": 668,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 3_240_000,
    }


def test_every_transfer_in_progress_is_cut(row):
    # at 360000: 400 B over 40000 ms from 340000 -> 200; 900 B down over 30000 ms from 350000 -> 300
    got = row(
        scenario({"t": TRACE}),
        trace_csv=trace((0, 1500, 0, 0), (340_000, 400, 0, 40_000), (350_000, 0, 900, 30_000)),
    )
    assert counted(got) == {
        "offered": 2800,
        "up": 1700,
        "down": 300,
        "used": 2000,
        "over": 1000,
        "metering": 1000,
        "undelivered": 800,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 3_240_000,
    }


def test_a_transfer_that_starts_at_the_instant_of_the_block_is_lost_and_one_that_ends_there_is_whole(row):
    # 20 at 359999 and 10 complete at 360000 moved; 40 at 360000 and 80 from 360000 on come after step 6: lost
    got = row(
        scenario({"t": TRACE}),
        trace_csv=trace(
            (0, 1500, 0, 0),
            (359_999, 10, 0, 1),
            (359_999, 20, 0, 0),
            (360_000, 40, 0, 0),
            (360_000, 80, 0, 1000),
        ),
    )
    assert counted(got) == {
        "offered": 1650,
        "up": 1530,
        "used": 1530,
        "over": 530,
        "metering": 530,
        "undelivered": 120,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 3_240_000,
    }


def test_a_cut_transfer_does_not_go_on_after_the_unblock(row):
    # 2000 B over 2000000 ms from 350000: 10 B by 360000. New limit at 1000 s, there at 1300000: unblocked
    # then.
    got = row(
        scenario({"t": TRACE}, limits={"1000 s": "10 kB"}),
        trace_csv=trace((0, 1500, 0, 0), (350_000, 2000, 0, 2_000_000)),
    )
    assert counted(got) == {
        "offered": 3500,
        "up": 1510,
        "used": 1510,
        "over": 510,
        "metering": 510,
        "undelivered": 1990,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 940_000,
    }


def test_a_transfer_that_starts_while_blocked_is_lost_whole_though_it_would_run_into_the_unblock(row):
    # 100 B from 1290000 to 1310000; unblocked at 1300000
    got = row(
        scenario({"t": TRACE}, limits={"1000 s": "10 kB"}),
        trace_csv=trace((0, 1500, 0, 0), (1_290_000, 100, 0, 20_000)),
    )
    assert counted(got) == {
        "offered": 1600,
        "up": 1500,
        "used": 1500,
        "over": 500,
        "metering": 500,
        "undelivered": 100,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 940_000,
    }


def test_a_transfer_at_the_instant_of_the_unblock_passes_and_one_a_millisecond_before_is_lost(row):
    got = row(
        scenario({"t": TRACE}, limits={"1000 s": "10 kB"}),
        trace_csv=trace((0, 1500, 0, 0), (1_299_999, 5, 0, 0), (1_300_000, 7, 0, 0)),
    )
    assert counted(got) == {
        "offered": 1512,
        "up": 1507,
        "used": 1507,
        "over": 500,
        "metering": 500,
        "undelivered": 5,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 940_000,
    }


def test_continuous_traffic_is_suspended_and_goes_on_when_the_sim_is_unblocked(row):
    # 10 B/s: 3600 B by 360 s, 9400 B would have flowed to 1300 s, 23000 B flow to 3600 s.
    # Numbers up to 3600 moved under 1000 B (2600 over), the rest under 100 kB.
    got = row(scenario({"s": stream(10, "0 s", "1 h")}, limits={"1000 s": "100 kB"}))
    assert counted(got) == {
        "offered": 36_000,
        "up": 26_600,
        "used": 26_600,
        "over": 2600,
        "metering": 2600,
        "undelivered": 9400,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 940_000,
    }


def test_continuous_traffic_that_begins_while_blocked_flows_from_the_unblock_on(row):
    # 10 B/s from 500 s to 1600 s; unblocked at 1300 s: 8000 lost, 3000 moved
    got = row(
        scenario({"t": TRACE, "s": stream(10, "500 s", "1600 s")}, limits={"1000 s": "100 kB"}),
        trace_csv=trace((0, 1500, 0, 0)),
    )
    assert counted(got) == {
        "offered": 12_500,
        "up": 4500,
        "used": 4500,
        "over": 500,
        "metering": 500,
        "undelivered": 8000,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 940_000,
    }


def test_continuous_traffic_that_ends_while_blocked_is_undelivered_up_to_its_end_only(row):
    # 10 B/s from 500 s to 700 s; blocked from 360 s to 1300 s
    got = row(
        scenario({"t": TRACE, "s": stream(10, "500 s", "700 s")}, limits={"1000 s": "100 kB"}),
        trace_csv=trace((0, 1500, 0, 0)),
    )
    assert counted(got) == {
        "offered": 3500,
        "up": 1500,
        "used": 1500,
        "over": 500,
        "metering": 500,
        "undelivered": 2000,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 940_000,
    }


def test_continuous_traffic_counts_from_its_own_start_through_suspensions_and_boundaries(simulate):
    # 3 B/s from 0, periods of 1000500 ms. By t it offers 3 * t // 1000: 360000: 1080 (block); 1000500: 3001
    # (3001.5); 1440000: 4320 (block); 2001000: 6003 period 0: 1080 moved, 3001 - 1080 = 1921 lost; period 1:
    # 4320 - 3001 = 1319 moved, 6003 - 4320 = 1683 lost. In period 1 the record of [1000500, 1080000) holds
    # 239 only.
    first, second = simulate(
        scenario({"s": stream(3, "0 s", "2001 s")}, duration="2001 s", platform={"billing_period": "1000500 ms"})
    )
    assert counted(first) == {
        "offered": 3001,
        "up": 1080,
        "used": 1080,
        "over": 80,
        "metering": 80,
        "undelivered": 1921,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 640_500,
    }
    assert counted(second) == {
        "offered": 3002,
        "up": 1319,
        "used": 1319,
        "over": 319,
        "metering": 319,
        "undelivered": 1683,
        "blocks": 1,
        "first_blocked": 1_440_000,
        "blocked_ms": 561_000,
    }


def test_continuous_traffic_stays_suspended_where_an_unblock_and_a_block_share_an_instant(row):
    # 3600 B by 360000: blocked. 2000 B of tunnel at 600000. 5000 B set at 420 s arrive at 720000: step 3 sees
    # 3600 recorded and unblocks; step 5 evaluates the record with the tunnel: 5600 > 5000; step 6 blocks
    # again. Step 7 finds a blocked SIM: the stream loses all of 360 s to 3600 s: 32400 B.
    got = row(
        scenario({"s": stream(10, "0 s", "1 h"), "tunnel": TUNNEL}, limits={"420 s": "5000 B"}),
        tunnel_csv=trace((600_000, 2000, 0, 0)),
    )
    assert counted(got) == {
        "offered": 38_000,
        "up": 5600,
        "used": 5600,
        "dns": 2000,
        "over": 3200,
        "metering": 2600,
        "leak": 600,
        "undelivered": 32_400,
        "blocks": 2,
        "first_blocked": 360_000,
        "blocked_ms": 3_240_000,
    }


def test_a_second_block_adds_to_the_blocked_time_and_leaves_the_first_instant(row):
    # blocked 360000 to 400000 (2000 B set at 100 s), 1000 B at 500000: 2500 > 2000 at 720000: blocked to the
    # end. Over: 500 of the first 1500 under 1000 B, 500 of 1501..2500 under 2000 B.
    got = row(
        scenario({"t": TRACE}, limits={"100 s": "2000 B"}),
        trace_csv=trace((0, 1500, 0, 0), (500_000, 1000, 0, 0)),
    )
    assert counted(got) == {
        "offered": 2500,
        "up": 2500,
        "used": 2500,
        "over": 1000,
        "metering": 1000,
        "blocks": 2,
        "first_blocked": 360_000,
        "blocked_ms": 2_920_000,
    }


def test_what_a_transfer_has_still_to_move_at_the_horizon_is_offered_only(row):
    # 100 up and 60 down over 2000 ms, from 1000 ms before the horizon
    got = row(scenario({"t": TRACE}), trace_csv=trace((3_599_000, 100, 60, 2000)))
    assert counted(got) == {"offered": 160, "up": 50, "down": 30, "used": 80}


def test_the_limit_is_no_shared_pool_so_one_sim_blocked_leaves_its_neighbour(simulate):
    blocked, free = simulate(
        scenario({"t": TRACE}, count=2),
        trace_csv="sim,time_ms,upload_bytes,download_bytes,duration_ms\n"
        "0,0,1001,0,0\n1,0,950,0,0\n0,400000,50,0,0\n1,400000,50,0,0\n",
    )
    assert counted(blocked) == {
        "offered": 1051,
        "up": 1001,
        "used": 1001,
        "over": 1,
        "metering": 1,
        "undelivered": 50,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 3_240_000,
    }
    assert counted(free) == {"offered": 1000, "up": 1000, "used": 1000}
