"""Lookups, their cache, and what of DNS passes while a SIM is blocked. Tables derived by hand."""

import pytest

from tests.micro.one_sim import TRACE, TUNNEL, counted, dns, scenario, trace


def blocked_at_360000(**columns):
    return columns | {"blocks": 1, "first_blocked": 360_000, "blocked_ms": 3_240_000}


# A lookup is 70 B up and 150 B down: 220 B.


def test_the_start_of_a_transfer_looks_a_name_up_and_the_lookup_is_not_offered(row):
    got = row(scenario({"t": TRACE}, limit="10 kB", dns=dns()), trace_csv=trace((0, 1000, 0, 0)))
    assert counted(got) == {"offered": 1000, "up": 1070, "down": 150, "used": 1220, "dns": 220}


def test_a_group_without_dns_looks_nothing_up(row):
    got = row(scenario({"t": TRACE}, limit="10 kB"), trace_csv=trace((0, 1000, 0, 0)))
    assert counted(got) == {"offered": 1000, "up": 1000, "used": 1000}


def test_a_lookup_is_due_when_the_last_one_is_at_least_cache_ttl_ago(row):
    # lookups at 0 and at 300000 (exactly 5 min later), none at 299999
    got = row(
        scenario({"t": TRACE}, limit="10 kB", dns=dns("5 min")),
        trace_csv=trace((0, 100, 0, 0), (299_999, 100, 0, 0), (300_000, 100, 0, 0)),
    )
    assert counted(got) == {"offered": 300, "up": 440, "down": 300, "used": 740, "dns": 440}


def test_a_transfer_served_by_the_cache_does_not_refresh_it(row):
    # lookups at 0 and 400000; the transfer at 200000 makes none, and none that counts for 400000
    got = row(
        scenario({"t": TRACE}, limit="10 kB", dns=dns("5 min")),
        trace_csv=trace((0, 100, 0, 0), (200_000, 100, 0, 0), (400_000, 100, 0, 0)),
    )
    assert counted(got) == {"offered": 300, "up": 440, "down": 300, "used": 740, "dns": 440}


def test_with_a_cache_ttl_of_zero_a_lookup_is_always_due(row):
    # two transfers at 0 and one at 1: three lookups
    got = row(
        scenario({"t": TRACE}, limit="10 kB", dns=dns("0 s")),
        trace_csv=trace((0, 100, 0, 0), (0, 100, 0, 0), (1, 100, 0, 0)),
    )
    assert counted(got) == {"offered": 300, "up": 510, "down": 450, "used": 960, "dns": 660}


def test_with_a_cache_ttl_of_one_millisecond_two_transfers_at_one_instant_share_a_lookup(row):
    # lookups at 0 and at 1
    got = row(
        scenario({"t": TRACE}, limit="10 kB", dns=dns("1 ms")),
        trace_csv=trace((0, 100, 0, 0), (0, 100, 0, 0), (1, 100, 0, 0)),
    )
    assert counted(got) == {"offered": 300, "up": 440, "down": 300, "used": 740, "dns": 440}


def test_a_lookup_moves_whole_at_the_start_of_a_running_transfer(row):
    # 1000 B over 600000 ms from 10 ms before the horizon: 0 B of it (1000 * 10 // 600000), the lookup whole
    got = row(scenario({"t": TRACE}, limit="10 kB", dns=dns()), trace_csv=trace((3_599_990, 1000, 0, 600_000)))
    assert counted(got) == {"offered": 1000, "up": 70, "down": 150, "used": 220, "dns": 220}


def test_continuous_traffic_makes_no_lookup(row):
    stream = "{arrivals: {process: continuous, from: 0 s, until: 100 s}, upload: 1 B/s}"
    got = row(scenario({"s": stream}, limit="10 kB", dns=dns()))
    assert counted(got) == {"offered": 100, "up": 100, "used": 100}


def test_via_dns_traffic_makes_no_lookup_and_is_dns_itself(row):
    got = row(scenario({"t": TUNNEL}, limit="10 kB", dns=dns()), tunnel_csv=trace((0, 100, 50, 0)))
    assert counted(got) == {"offered": 150, "up": 100, "down": 50, "used": 150, "dns": 150}


def test_every_sim_has_a_cache_of_its_own(simulate):
    rows = simulate(
        scenario({"t": TRACE}, limit="10 kB", dns=dns("5 min"), count=2),
        trace_csv="time_ms,upload_bytes,download_bytes,duration_ms,sim\n0,100,0,0,0\n1,100,0,0,1\n",
    )
    assert [counted(got) for got in rows] == [
        {"offered": 100, "up": 170, "down": 150, "used": 320, "dns": 220},
        {"offered": 100, "up": 170, "down": 150, "used": 320, "dns": 220},
    ]


def test_the_cache_goes_on_through_a_period_boundary(simulate):
    # ttl 10 min, boundary at 1800000: lookups at 1700000 and 2300000 (exactly 10 min later), none at 1900000
    first, second = simulate(
        scenario({"t": TRACE}, limit="10 kB", platform={"billing_period": "30 min"}, dns=dns("10 min")),
        trace_csv=trace((1_700_000, 100, 0, 0), (1_900_000, 100, 0, 0), (2_300_000, 100, 0, 0)),
    )
    assert counted(first) == {"offered": 100, "up": 170, "down": 150, "used": 320, "dns": 220}
    assert counted(second) == {"offered": 200, "up": 270, "down": 150, "used": 420, "dns": 220}


PASSES = [("public", "public"), ("all", "public"), ("all", "carrier")]
STOPPED = [("public", "carrier"), ("none", "public"), ("none", "carrier")]


@pytest.mark.parametrize(("when_blocked", "resolver"), PASSES)
def test_a_lost_transfer_still_makes_its_lookup_where_the_platform_lets_it_pass(row, when_blocked, resolver):
    # at 0: 220 + 1500 = 1720, 720 over (metering); blocked at 360000.
    # A transfer at that very instant and one at 500000 are lost, their lookups move: 440 B, all over, dns.
    got = row(
        scenario({"t": TRACE}, platform={"dns_when_blocked": when_blocked}, dns=dns(resolver=resolver)),
        trace_csv=trace((0, 1500, 0, 0), (360_000, 30, 0, 0), (500_000, 800, 0, 0)),
    )
    assert counted(got) == blocked_at_360000(
        offered=2330,
        up=1710,
        down=450,
        used=2160,
        dns=660,
        over=1160,
        metering=720,
        leak=440,
        undelivered=830,
    )


@pytest.mark.parametrize(("when_blocked", "resolver"), STOPPED)
def test_of_a_lookup_that_does_not_pass_nothing_moves(row, when_blocked, resolver):
    # the lookup at 0 is made unblocked and passes at any resolver
    got = row(
        scenario({"t": TRACE}, platform={"dns_when_blocked": when_blocked}, dns=dns(resolver=resolver)),
        trace_csv=trace((0, 1500, 0, 0), (360_000, 30, 0, 0), (500_000, 800, 0, 0)),
    )
    assert counted(got) == blocked_at_360000(
        offered=2330, up=1570, down=150, used=1720, dns=220, over=720, metering=720, undelivered=830
    )


def test_public_is_the_platforms_default(row):
    got = row(scenario({"t": TRACE}, dns=dns()), trace_csv=trace((0, 1500, 0, 0), (500_000, 800, 0, 0)))
    assert counted(got) == blocked_at_360000(
        offered=2300, up=1640, down=300, used=1940, dns=440, over=940, metering=720, leak=220, undelivered=800
    )


def test_a_lookup_that_passes_while_blocked_refreshes_the_cache(row):
    # ttl 5 min: lookups at 0 and 400000; the lost transfer at 500000 is served by the cache
    got = row(
        scenario({"t": TRACE}, dns=dns("5 min")),
        trace_csv=trace((0, 1500, 0, 0), (400_000, 100, 0, 0), (500_000, 100, 0, 0)),
    )
    assert counted(got) == blocked_at_360000(
        offered=1700, up=1640, down=300, used=1940, dns=440, over=940, metering=720, leak=220, undelivered=200
    )


# ttl 10 min; blocked 360000 to 990000 (10 kB set at 690 s); a lost transfer at 700000, others at 1100000,
# 1300000. The 1720 B at 0 moved under 1000 B: 720 over; everything from 690 s on is under 10 kB.
AROUND_AN_UNBLOCK = ((0, 1500, 0, 0), (700_000, 100, 0, 0), (1_100_000, 100, 0, 0), (1_300_000, 100, 0, 0))


def test_a_lookup_that_does_not_pass_leaves_the_cache_as_it_was(row):
    # carrier: lookups at 0 and 1100000 (the one at 700000 did not happen); 1300000 is served by 1100000
    got = row(
        scenario({"t": TRACE}, limits={"690 s": "10 kB"}, dns=dns("10 min", "carrier")),
        trace_csv=trace(*AROUND_AN_UNBLOCK),
    )
    assert counted(got) == {
        "offered": 1800,
        "up": 1840,
        "down": 300,
        "used": 2140,
        "dns": 440,
        "over": 720,
        "metering": 720,
        "undelivered": 100,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 630_000,
    }


def test_a_lookup_that_passed_while_blocked_serves_after_the_unblock(row):
    # public: lookups at 0, 700000 and 1300000 (exactly 10 min later); 1100000 is served by 700000
    got = row(
        scenario({"t": TRACE}, limits={"690 s": "10 kB"}, dns=dns("10 min", "public")),
        trace_csv=trace(*AROUND_AN_UNBLOCK),
    )
    assert counted(got) == {
        "offered": 1800,
        "up": 1910,
        "down": 450,
        "used": 2360,
        "dns": 660,
        "over": 720,
        "metering": 720,
        "undelivered": 100,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 630_000,
    }


# 1500 B at 0 block the SIM at 360000. Through the tunnel: 2000 B over 20000 ms from 350000, half of them by
# 360000; and 300 + 100 B at 500000.
ACROSS_THE_BLOCK = ((350_000, 2000, 0, 20_000), (500_000, 300, 100, 0))


@pytest.mark.parametrize("when_blocked", ["public", "all"])
def test_via_dns_transfers_pass_and_are_not_cut_where_the_platform_lets_dns_pass(row, when_blocked):
    # over: 500 + 1000 before the block (metering), 1000 + 400 after it (dns)
    got = row(
        scenario({"t": TRACE, "tunnel": TUNNEL}, platform={"dns_when_blocked": when_blocked}),
        trace_csv=trace((0, 1500, 0, 0)),
        tunnel_csv=trace(*ACROSS_THE_BLOCK),
    )
    assert counted(got) == blocked_at_360000(
        offered=3900, up=3800, down=100, used=3900, dns=2400, over=2900, metering=1500, leak=1400
    )


def test_via_dns_transfers_are_cut_and_lost_where_nothing_passes(row):
    # 1000 B cut, 400 B lost
    got = row(
        scenario({"t": TRACE, "tunnel": TUNNEL}, platform={"dns_when_blocked": "none"}),
        trace_csv=trace((0, 1500, 0, 0)),
        tunnel_csv=trace(*ACROSS_THE_BLOCK),
    )
    assert counted(got) == blocked_at_360000(
        offered=3900, up=2500, used=2500, dns=1000, over=1500, metering=1500, undelivered=1400
    )


def test_under_public_via_dns_traffic_passes_whatever_resolver_the_device_asks(row):
    # the tunnel alone blocks the SIM: 500 over by metering; 400 B while blocked
    got = row(
        scenario({"tunnel": TUNNEL}, dns=dns(resolver="carrier")),
        tunnel_csv=trace((0, 1500, 0, 0), (500_000, 300, 100, 0)),
    )
    assert counted(got) == blocked_at_360000(
        offered=1900, up=1800, down=100, used=1900, dns=1900, over=900, metering=500, leak=400
    )


DNS_STREAM = "{via: dns, arrivals: {process: continuous, from: 0 s, until: 1 h}, upload: 10 B/s}"


@pytest.mark.parametrize("when_blocked", ["public", "all"])
def test_a_via_dns_stream_flows_on_while_blocked(row, when_blocked):
    # 3600 B by 360000: blocked; 32400 B more, all over, dns
    got = row(scenario({"s": DNS_STREAM}, platform={"dns_when_blocked": when_blocked}))
    assert counted(got) == blocked_at_360000(
        offered=36_000, up=36_000, used=36_000, dns=36_000, over=35_000, metering=2600, leak=32_400
    )


def test_a_via_dns_stream_is_suspended_where_nothing_passes(row):
    got = row(scenario({"s": DNS_STREAM}, platform={"dns_when_blocked": "none"}))
    assert counted(got) == blocked_at_360000(
        offered=36_000, up=3600, used=3600, dns=3600, over=2600, metering=2600, undelivered=32_400
    )


def test_dns_counts_toward_the_limit(row):
    # 900 + 220 = 1120 > 1000
    got = row(scenario({"t": TRACE}, dns=dns()), trace_csv=trace((0, 900, 0, 0)))
    assert counted(got) == blocked_at_360000(offered=900, up=970, down=150, used=1120, dns=220, over=120, metering=120)


def test_with_dns_counts_false_lookups_are_not_evaluated_but_numbered(row):
    # evaluated: 900 <= 1000, no block; numbered: 1120, 120 over
    got = row(scenario({"t": TRACE}, platform={"dns_counts": "false"}, dns=dns()), trace_csv=trace((0, 900, 0, 0)))
    assert counted(got) == {
        "offered": 900,
        "up": 970,
        "down": 150,
        "used": 1120,
        "dns": 220,
        "over": 120,
        "metering": 120,
    }


def test_with_dns_counts_false_exactly_the_limit_without_dns_does_not_block_and_one_byte_more_does(simulate):
    exact, more = simulate(
        scenario({"t": TRACE}, platform={"dns_counts": "false"}, dns=dns(), count=2),
        trace_csv="sim,time_ms,upload_bytes,download_bytes,duration_ms\n0,0,1000,0,0\n1,0,1001,0,0\n",
    )
    assert counted(exact) == {
        "offered": 1000,
        "up": 1070,
        "down": 150,
        "used": 1220,
        "dns": 220,
        "over": 220,
        "metering": 220,
    }
    assert counted(more) == blocked_at_360000(
        offered=1001, up=1071, down=150, used=1221, dns=220, over=221, metering=221
    )


def test_with_dns_counts_false_via_dns_traffic_is_not_evaluated_either(row):
    got = row(scenario({"tunnel": TUNNEL}, platform={"dns_counts": "false"}), tunnel_csv=trace((0, 1500, 0, 0)))
    assert counted(got) == {
        "offered": 1500,
        "up": 1500,
        "used": 1500,
        "dns": 1500,
        "over": 500,
        "metering": 500,
    }


# 1720 B at 0, blocked at 360000; ten lost transfers of 1 B from 400000 on, each with a lookup: 2200 B,
# recorded at 720000. 3000 B set at 500 s arrive at 800000. Over under 1000 B: 720 metering, 2200 dns.
TEN_LOST = ((0, 1500, 0, 0), *((400_000 + 1000 * k, 1, 0, 0) for k in range(10)))


def test_the_dns_of_a_blocked_sim_can_keep_it_above_a_raised_limit(row):
    # at 800000: 1720 + 2200 = 3920 > 3000: still blocked
    got = row(scenario({"t": TRACE}, limits={"500 s": "3000 B"}, dns=dns()), trace_csv=trace(*TEN_LOST))
    assert counted(got) == blocked_at_360000(
        offered=1510,
        up=2270,
        down=1650,
        used=3920,
        dns=2420,
        over=2920,
        metering=720,
        leak=2200,
        undelivered=10,
    )


def test_with_dns_counts_false_the_dns_of_a_blocked_sim_does_not_keep_it_from_its_unblock(row):
    # at 800000: 1500 <= 3000: unblocked, and never above again
    got = row(
        scenario({"t": TRACE}, limits={"500 s": "3000 B"}, platform={"dns_counts": "false"}, dns=dns()),
        trace_csv=trace(*TEN_LOST),
    )
    assert counted(got) == {
        "offered": 1510,
        "up": 2270,
        "down": 1650,
        "used": 3920,
        "dns": 2420,
        "over": 2920,
        "metering": 720,
        "leak": 2200,
        "undelivered": 10,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 440_000,
    }
