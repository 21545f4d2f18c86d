"""Which bytes are over, and which of the four causes each has. Tables derived by hand."""

from tests.micro.one_sim import TRACE, TUNNEL, counted, scenario, trace


def blocked_from(first_blocked, blocked_ms, **columns):
    return columns | {"blocks": 1, "first_blocked": first_blocked, "blocked_ms": blocked_ms}


def test_exactly_the_limit_is_not_over_and_blocks_nothing(row):
    got = row(scenario({"t": TRACE}), trace_csv=trace((0, 600, 400, 0)))
    assert counted(got) == {"offered": 1000, "up": 600, "down": 400, "used": 1000}


def test_one_byte_more_than_the_limit_is_over_and_no_evaluation_had_found_it_out(row):
    got = row(scenario({"t": TRACE}), trace_csv=trace((0, 600, 401, 0)))
    assert counted(got) == blocked_from(
        360_000, 3_240_000, offered=1001, up=600, down=401, used=1001, over=1, metering=1
    )


def test_unlimited_has_no_overage(row):
    got = row(scenario({"t": TRACE}, limit="unlimited"), trace_csv=trace((0, 5_000_000, 0, 0)))
    assert counted(got) == {"offered": 5_000_000, "up": 5_000_000, "used": 5_000_000}
    assert got["data_limit_bytes"] is None


def test_from_the_evaluation_to_the_block_a_byte_is_enforcement(row):
    # enforcement_delay 2 min: evaluated at 360000 (step 5), blocked at 480000 (step 6).
    # 10 at 359999 metering; 20 at 360000 and 40 at 479999 enforcement; 80 at 480000 lost. Over: 1570 - 1000.
    got = row(
        scenario({"t": TRACE}, platform={"enforcement_delay": "2 min"}),
        trace_csv=trace(
            (0, 1500, 0, 0),
            (359_999, 10, 0, 0),
            (360_000, 20, 0, 0),
            (479_999, 40, 0, 0),
            (480_000, 80, 0, 0),
        ),
    )
    assert counted(got) == blocked_from(
        480_000,
        3_120_000,
        offered=1650,
        up=1570,
        used=1570,
        over=570,
        metering=510,
        enforcement=60,
        undelivered=80,
    )


def test_until_the_record_is_evaluated_a_byte_is_metering(row):
    # record_delay and enforcement_delay 1 min: closed 360000, evaluated 420000, blocked 480000.
    # metering: 500 + 20 + 30; enforcement: 40 at 420000 and 50 at 479999; 60 at 480000 lost
    got = row(
        scenario({"t": TRACE}, platform={"record_delay": "1 min", "enforcement_delay": "1 min"}),
        trace_csv=trace(
            (0, 1500, 0, 0),
            (360_000, 20, 0, 0),
            (419_999, 30, 0, 0),
            (420_000, 40, 0, 0),
            (479_999, 50, 0, 0),
            (480_000, 60, 0, 0),
        ),
    )
    assert counted(got) == blocked_from(
        480_000,
        3_120_000,
        offered=1700,
        up=1640,
        used=1640,
        over=640,
        metering=550,
        enforcement=90,
        undelivered=60,
    )


def test_bytes_of_a_running_transfer_up_to_an_instant_have_moved_under_the_state_that_held_until_then(row):
    # 2000 B from 350000 to 370000: 1000 before the evaluation at 360000 (metering), 1000 after it
    # (enforcement)
    got = row(
        scenario({"t": TRACE}, platform={"enforcement_delay": "2 min"}),
        trace_csv=trace((0, 1500, 0, 0), (350_000, 2000, 0, 20_000)),
    )
    assert counted(got) == blocked_from(
        480_000, 3_120_000, offered=3500, up=3500, used=3500, over=2500, metering=1500, enforcement=1000
    )


def test_after_a_cancelled_pending_block_bytes_are_metering_again(row):
    # enforcement_delay 10 min. 360000: 1500 > 1000, pending for 960000. 3000 B set at 100 s arrive at 400000:
    # 1500 <= 3000, cancelled. 2000 B at 500000: numbers 1501 to 3500, 500 over, metering. 720000: 3500 >
    # 3000, pending for 1320000. 100 B at 800000: enforcement. At 0: 500 over 1000, metering.
    got = row(
        scenario({"t": TRACE}, limits={"100 s": "3000 B"}, platform={"enforcement_delay": "10 min"}),
        trace_csv=trace((0, 1500, 0, 0), (500_000, 2000, 0, 0), (800_000, 100, 0, 0)),
    )
    assert counted(got) == blocked_from(
        1_320_000, 2_280_000, offered=3600, up=3600, used=3600, over=1100, metering=1000, enforcement=100
    )


def test_between_a_lowered_limit_and_its_arrival_a_byte_within_the_cached_one_is_propagation(row):
    # 5000 -> 1000 at 100 s, there at 400000. Numbers 501 to 2500 at 200000: 1500 over. Blocked at 400000.
    got = row(
        scenario({"t": TRACE}, limit="5000 B", limits={"100 s": "1000 B"}),
        trace_csv=trace((0, 500, 0, 0), (200_000, 2000, 0, 0)),
    )
    assert counted(got) == blocked_from(
        400_000, 3_200_000, offered=2500, up=2500, used=2500, over=1500, propagation=1500
    )


def test_propagation_ends_with_the_arrival_of_the_limit(row):
    # enforcement_delay 1 min: the refresh of 400000 (step 3) finds 2500 > 1000, blocked at 460000.
    # 10 at 399999 propagation, 20 at 400000 enforcement, 40 at 460000 lost
    got = row(
        scenario(
            {"t": TRACE},
            limit="5000 B",
            limits={"100 s": "1000 B"},
            platform={"enforcement_delay": "1 min"},
        ),
        trace_csv=trace(
            (0, 500, 0, 0),
            (200_000, 2000, 0, 0),
            (399_999, 10, 0, 0),
            (400_000, 20, 0, 0),
            (460_000, 40, 0, 0),
        ),
    )
    assert counted(got) == blocked_from(
        460_000,
        3_140_000,
        offered=2570,
        up=2530,
        used=2530,
        over=1530,
        propagation=1510,
        enforcement=20,
        undelivered=40,
    )


def test_a_byte_is_over_by_the_limit_that_the_fleet_has_at_that_moment(row):
    # 5000 -> 1000 at 100000, step 2: 10 B at 99999 are within 5000; 20 B at 100000 (step 7) are over 1000
    got = row(
        scenario({"t": TRACE}, limit="5000 B", limits={"100 s": "1000 B"}),
        trace_csv=trace((0, 1500, 0, 0), (99_999, 10, 0, 0), (100_000, 20, 0, 0)),
    )
    assert counted(got) == blocked_from(400_000, 3_200_000, offered=1530, up=1530, used=1530, over=20, propagation=20)


def test_a_running_transfer_is_split_at_the_instant_of_a_new_limit(row):
    # 4000 B over 200 s; at 100 s 2000 have moved under 5000; 2000 more under 1000, all over
    got = row(
        scenario({"t": TRACE}, limit="5000 B", limits={"100 s": "1000 B"}),
        trace_csv=trace((0, 4000, 0, 200_000)),
    )
    assert counted(got) == blocked_from(
        400_000, 3_200_000, offered=4000, up=4000, used=4000, over=2000, propagation=2000
    )


def test_under_a_raised_limit_that_has_not_arrived_a_byte_is_not_over_though_it_blocks(row):
    # 1000 -> 5000 at 100 s, there at 400000. 2000 B at 200000: within the Fleet's 5000, but 2000 > 1000
    # cached at 360000: blocked until 400000. The tunnel's 300 B at 380000 move while blocked, within 5000
    # too.
    got = row(
        scenario({"t": TRACE, "tunnel": TUNNEL}, limits={"100 s": "5000 B"}),
        trace_csv=trace((200_000, 2000, 0, 0)),
        tunnel_csv=trace((380_000, 300, 0, 0)),
    )
    assert counted(got) == blocked_from(360_000, 40_000, offered=2300, up=2300, used=2300, dns=300)


def test_a_byte_that_moves_while_blocked_is_dns(row):
    # 1500 B at 0, blocked at 360000; tunnel: 5 at 359999 metering, 7 at 360000 and 300 at 500000 dns
    got = row(
        scenario({"t": TRACE, "tunnel": TUNNEL}),
        trace_csv=trace((0, 1500, 0, 0)),
        tunnel_csv=trace((359_999, 5, 0, 0), (360_000, 7, 0, 0), (500_000, 100, 200, 0)),
    )
    assert counted(got) == blocked_from(
        360_000,
        3_240_000,
        offered=1812,
        up=1612,
        down=200,
        used=1812,
        dns=312,
        over=812,
        metering=505,
        leak=307,
    )


def test_beyond_the_cached_limit_a_byte_is_metering_though_a_lower_limit_is_under_way(row):
    # 2000 -> 1000 at 100 s (there at 400000). 1500 B at 200000: numbers 1 to 1500: 500 over, within the
    # cached 2000: propagation. 800 B at 300000: 1501 to 2000 propagation, 2001 to 2300 metering. 360000: 2300
    # > 2000: blocked.
    got = row(
        scenario({"t": TRACE}, limit="2000 B", limits={"100 s": "1000 B"}),
        trace_csv=trace((200_000, 1500, 0, 0), (300_000, 800, 0, 0)),
    )
    assert counted(got) == blocked_from(
        360_000, 3_240_000, offered=2300, up=2300, used=2300, over=1300, propagation=1000, metering=300
    )


def test_with_a_block_pending_a_lower_limit_under_way_makes_no_propagation_beyond_the_cached_one(row):
    # enforcement_delay 10 min. 2500 B at 0: 500 over 2000, metering; pending at 360000 for 960000. 1000 B set
    # at 400 s, there at 700000. 100 B at 500000: k > cached 2000, pending: enforcement. The refresh does not
    # move it.
    got = row(
        scenario(
            {"t": TRACE},
            limit="2000 B",
            limits={"400 s": "1000 B"},
            platform={"enforcement_delay": "10 min"},
        ),
        trace_csv=trace((0, 2500, 0, 0), (500_000, 100, 0, 0)),
    )
    assert counted(got) == blocked_from(
        960_000, 2_640_000, offered=2600, up=2600, used=2600, over=600, metering=500, enforcement=100
    )


def test_a_pending_block_cancelled_by_a_raise_and_lowered_again_makes_propagation_then_enforcement(row):
    # enforcement_delay 10 min. 1500 B at 0: 500 metering; pending at 360000. 5000 B (set at 100 s) arrive at
    # 400000: cancelled. 1000 B set at 450 s arrive at 750000. 1000 B at 500000: numbers 1501 to 2500 over
    # 1000, within the cached 5000: propagation. 750000: 2500 recorded > 1000: pending for 1350000. 10 B at
    # 800000: enforcement.
    got = row(
        scenario(
            {"t": TRACE},
            limits={"100 s": "5000 B", "450 s": "1000 B"},
            platform={"enforcement_delay": "10 min"},
        ),
        trace_csv=trace((0, 1500, 0, 0), (500_000, 1000, 0, 0), (800_000, 10, 0, 0)),
    )
    assert counted(got) == blocked_from(
        1_350_000,
        2_250_000,
        offered=2510,
        up=2510,
        used=2510,
        over=1510,
        metering=500,
        propagation=1000,
        enforcement=10,
    )


def test_all_four_causes_together_add_up_to_the_overage(row):
    # 5000 -> 1000 at 100 s, there at 400000; enforcement_delay 2 min.
    # 0: 500 (numbers to 500). 200000: 2000 (to 2500): 1500 over, propagation.
    # 390000: 3000 (to 5500): 2501..5000 propagation, 5001..5500 beyond the cached 5000: metering.
    # 400000: 2500 recorded > 1000: pending for 520000. 450000: 700 enforcement. 520000: blocked, 50 lost.
    # 600000: 300 through the tunnel: dns.
    got = row(
        scenario(
            {"t": TRACE, "tunnel": TUNNEL},
            limit="5000 B",
            limits={"100 s": "1000 B"},
            platform={"enforcement_delay": "2 min"},
        ),
        trace_csv=trace(
            (0, 500, 0, 0),
            (200_000, 2000, 0, 0),
            (390_000, 3000, 0, 0),
            (450_000, 700, 0, 0),
            (520_000, 50, 0, 0),
        ),
        tunnel_csv=trace((600_000, 300, 0, 0)),
    )
    assert counted(got) == blocked_from(
        520_000,
        3_080_000,
        offered=6550,
        up=6500,
        used=6500,
        dns=300,
        over=5500,
        metering=500,
        enforcement=700,
        propagation=4000,
        leak=300,
        undelivered=50,
    )
    assert got["data_limit_bytes"] == 1000


def test_from_unlimited_to_a_limit_overage_is_propagation_until_it_arrives(row):
    # 3000 B at 0 under unlimited: not over; 500 B at 200000 over 1000; there at 400000: 3500 > 1000, blocked
    got = row(
        scenario({"t": TRACE}, limit="unlimited", limits={"100 s": "1000 B"}),
        trace_csv=trace((0, 3000, 0, 0), (200_000, 500, 0, 0)),
    )
    assert counted(got) == blocked_from(400_000, 3_200_000, offered=3500, up=3500, used=3500, over=500, propagation=500)
    assert got["data_limit_bytes"] == 1000


def test_from_a_limit_to_unlimited_nothing_more_is_over_and_its_arrival_unblocks(row):
    # 500 over at 0; 5000 B at 200000 under unlimited; blocked 360000 (1000 cached) to 400000; 70 B at 380000
    # lost
    got = row(
        scenario({"t": TRACE}, limits={"100 s": "unlimited"}),
        trace_csv=trace((0, 1500, 0, 0), (200_000, 5000, 0, 0), (380_000, 70, 0, 0), (400_000, 30, 0, 0)),
    )
    assert counted(got) == blocked_from(
        360_000, 40_000, offered=6600, up=6530, used=6530, over=500, metering=500, undelivered=70
    )
    assert got["data_limit_bytes"] is None
