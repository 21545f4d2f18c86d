"""Chains of reconnect attempts: when they come, what they move, what ends them. Tables derived by hand."""

import pytest

from tests.micro.one_sim import TRACE, TUNNEL, counted, dns, scenario, trace

HANDSHAKE = "{upload: 820 B, download: 5400 B}"
# 3600 B by 360000 under a limit of 1000 B: blocked at 360000, 2600 over by metering; no lookup of its own.
FLOW = "{arrivals: {process: continuous, from: 0 s, until: 6 min}, upload: 10 B/s}"


def reconnect(first, factor, longest):
    return f"{{reconnect: {{first: {first}, factor: {factor}, max: {longest}}}, handshake: {HANDSHAKE}}}"


# FLOW and so many attempts that found the SIM blocked, each with a lookup of 70 B up and 150 B down.
AFTER_ATTEMPTS = {
    0: {"up": 3600, "used": 3600, "over": 2600},
    1: {"up": 3670, "down": 150, "used": 3820, "dns": 220, "over": 2820, "leak": 220},
    2: {"up": 3740, "down": 300, "used": 4040, "dns": 440, "over": 3040, "leak": 440},
    3: {"up": 3810, "down": 450, "used": 4260, "dns": 660, "over": 3260, "leak": 660},
    5: {"up": 3950, "down": 750, "used": 4700, "dns": 1100, "over": 3700, "leak": 1100},
    8: {"up": 4160, "down": 1200, "used": 5360, "dns": 1760, "over": 4360, "leak": 1760},
    9: {"up": 4230, "down": 1350, "used": 5580, "dns": 1980, "over": 4580, "leak": 1980},
    11: {"up": 4370, "down": 1650, "used": 6020, "dns": 2420, "over": 5020, "leak": 2420},
    12: {"up": 4440, "down": 1800, "used": 6240, "dns": 2640, "over": 5240, "leak": 2640},
}


def blocked_to_the_end(attempts, blocked_ms):
    fixed = {
        "offered": 3600,
        "metering": 2600,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": blocked_ms,
    }
    return AFTER_ATTEMPTS[attempts] | fixed


@pytest.mark.parametrize(
    ("duration", "attempts", "blocked_ms"),
    [
        ("420000 ms", 0, 60_000),
        ("420001 ms", 1, 60_001),
        ("540000 ms", 1, 180_000),
        ("540001 ms", 2, 180_001),
        ("780000 ms", 2, 420_000),
        ("780001 ms", 3, 420_001),
        ("3480000 ms", 11, 3_120_000),
        ("3480001 ms", 12, 3_120_001),
        ("1 h", 12, 3_240_000),
    ],
)
def test_attempts_come_first_after_the_block_then_factor_times_later_up_to_max(row, duration, attempts, blocked_ms):
    # waits of 60, 120, 240, then 300 s: attempts at 420, 540, 780, 1080, 1380, 1680, 1980, 2280, 2580, 2880,
    # 3180 and 3480 s; one that is due at the horizon is not made
    got = row(scenario({"s": FLOW}, duration=duration, dns=dns(), when_blocked=reconnect("60 s", 2, "5 min")))
    assert counted(got) == blocked_to_the_end(attempts, blocked_ms)


@pytest.mark.parametrize(("factor", "longest"), [(1, "1 h"), (2, "10 min")])
def test_a_factor_of_one_or_a_max_equal_to_first_makes_every_wait_the_same(row, factor, longest):
    # 960, 1560, 2160, 2760 and 3360 s
    got = row(scenario({"s": FLOW}, dns=dns(), when_blocked=reconnect("10 min", factor, longest)))
    assert counted(got) == blocked_to_the_end(5, 3_240_000)


@pytest.mark.parametrize(("duration", "attempts", "blocked_ms"), [("575000 ms", 1, 215_000), ("575001 ms", 2, 215_001)])
def test_the_factor_is_taken_exactly_as_written(row, duration, attempts, blocked_ms):
    # 100000 * 1.15 = 115000 exactly (114999.99999999999 in binary floating point): attempts at 460000 and
    # 575000
    got = row(scenario({"s": FLOW}, duration=duration, dns=dns(), when_blocked=reconnect("100 s", 1.15, "1 h")))
    assert counted(got) == blocked_to_the_end(attempts, blocked_ms)


@pytest.mark.parametrize(("duration", "attempts", "blocked_ms"), [("373576 ms", 8, 13_576), ("373577 ms", 9, 13_577)])
def test_each_wait_is_the_floor_of_the_wait_before_times_the_factor(row, duration, attempts, blocked_ms):
    # factor 1.1 from 1000: 1000, 1100, 1210, 1331, 1464 (.1), 1610 (.4), 1771, 1948 (.1), 2142 (.8): the
    # ninth attempt is 13576 ms after the block; powers of 1.1 floored one by one would make it 13577
    got = row(scenario({"s": FLOW}, duration=duration, dns=dns(), when_blocked=reconnect("1 s", 1.1, "1 h")))
    assert counted(got) == blocked_to_the_end(attempts, blocked_ms)


def test_a_device_without_reconnect_makes_no_attempts(row):
    got = row(scenario({"s": FLOW}, dns=dns()))
    assert counted(got) == blocked_to_the_end(0, 3_240_000)


def test_a_sim_that_is_not_blocked_makes_no_attempts(row):
    got = row(scenario({"s": FLOW}, limit="3600 B", dns=dns(), when_blocked=reconnect("60 s", 2, "5 min")))
    assert counted(got) == {"offered": 3600, "up": 3600, "used": 3600}


def test_an_attempt_that_finds_the_sim_blocked_moves_no_handshake(row):
    # without DNS the attempts of an hour move nothing
    got = row(scenario({"s": FLOW}, when_blocked=reconnect("60 s", 2, "5 min")))
    assert counted(got) == blocked_to_the_end(0, 3_240_000)


def test_the_attempt_that_finds_the_sim_unblocked_moves_the_handshake_after_its_lookup_and_ends_the_chain(
    row,
):
    # 100 kB set at 1000 s arrive at 1300000. Attempts at 420, 540, 780, 1080 s: blocked; at 1380 s: handshake
    # of 6220 B; none later. An unblock leaves the schedule as it is: nothing at 1300 s. Five lookups; those
    # at 420, 540 and 780 s are over (1000 B), that of 1080 s is not: the Fleet has 100 kB by then.
    got = row(scenario({"s": FLOW}, limits={"1000 s": "100 kB"}, dns=dns(), when_blocked=reconnect("60 s", 2, "5 min")))
    assert counted(got) == {
        "offered": 3600,
        "up": 4770,
        "down": 6150,
        "used": 10_920,
        "dns": 1100,
        "over": 3260,
        "metering": 2600,
        "leak": 660,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 940_000,
    }


@pytest.mark.parametrize(
    ("duration", "down", "used", "up"), [("1380000 ms", 0, 3600, 3600), ("1380001 ms", 5400, 9820, 4420)]
)
def test_an_unblock_leaves_the_chains_schedule_as_it_is(row, duration, down, used, up):
    # as above without DNS: the handshake comes at 1380000, no sooner
    got = row(
        scenario(
            {"s": FLOW},
            duration=duration,
            limits={"1000 s": "100 kB"},
            when_blocked=reconnect("60 s", 2, "5 min"),
        )
    )
    expected = {
        "offered": 3600,
        "up": up,
        "down": down,
        "used": used,
        "over": 2600,
        "metering": 2600,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 940_000,
    }
    assert counted(got) == {name: value for name, value in expected.items() if value}


def test_the_attempt_that_finds_the_sim_unblocked_makes_no_lookup_while_its_cache_holds(row):
    # ttl 1 h: the lookup of the first attempt at 420000 (over, dns) serves all others
    got = row(
        scenario(
            {"s": FLOW},
            limits={"1000 s": "100 kB"},
            dns=dns("1 h"),
            when_blocked=reconnect("60 s", 2, "5 min"),
        )
    )
    assert counted(got) == {
        "offered": 3600,
        "up": 4490,
        "down": 5550,
        "used": 10_040,
        "dns": 220,
        "over": 2820,
        "metering": 2600,
        "leak": 220,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 940_000,
    }


def test_attempts_at_a_carrier_resolver_move_nothing_until_the_sim_is_unblocked(row):
    # ttl 1 h: four lookups do not pass and leave the cache empty; the one at 1380000 moves, under 100 kB
    got = row(
        scenario(
            {"s": FLOW},
            limits={"1000 s": "100 kB"},
            dns=dns("1 h", "carrier"),
            when_blocked=reconnect("60 s", 2, "5 min"),
        )
    )
    assert counted(got) == {
        "offered": 3600,
        "up": 4490,
        "down": 5550,
        "used": 10_040,
        "dns": 220,
        "over": 2600,
        "metering": 2600,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 940_000,
    }


def test_an_attempt_at_the_instant_of_the_unblock_finds_the_sim_unblocked(row):
    # 100 kB set at 1080000 arrive at 1380000, step 3; the attempt of 1380000 is step 7. The lookup at 1080000
    # is step 7 too, so under 100 kB: not over.
    got = row(
        scenario(
            {"s": FLOW},
            limits={"1080000 ms": "100 kB"},
            dns=dns(),
            when_blocked=reconnect("60 s", 2, "5 min"),
        )
    )
    assert counted(got) == {
        "offered": 3600,
        "up": 4770,
        "down": 6150,
        "used": 10_920,
        "dns": 1100,
        "over": 3260,
        "metering": 2600,
        "leak": 660,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 1_020_000,
    }


def test_an_attempt_a_millisecond_before_the_unblock_goes_on_waiting(row):
    # all one millisecond later: the lookup at 1080000 is over, 1380000 still finds a block, 1680000 does not:
    # six lookups, four of them over
    got = row(
        scenario(
            {"s": FLOW},
            limits={"1080001 ms": "100 kB"},
            dns=dns(),
            when_blocked=reconnect("60 s", 2, "5 min"),
        )
    )
    assert counted(got) == {
        "offered": 3600,
        "up": 4840,
        "down": 6300,
        "used": 11_140,
        "dns": 1320,
        "over": 3480,
        "metering": 2600,
        "leak": 880,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 1_020_001,
    }


def test_a_new_block_ends_a_running_chain_and_starts_a_new_one(row):
    # blocked at 360000, first attempt due at 720000. 5000 B set at 100 s arrive at 400000: unblocked. 2000 B
    # more from 500 s to 600 s: 5600 > 5000 at 720000: blocked in step 6, the attempt of the old chain (step
    # 7) is gone. New chain, waits 360, 720, 1440 s: 1080, 1800, 3240 s. Over: 600 metering, 660 dns.
    more = "{arrivals: {process: continuous, from: 500 s, until: 600 s}, upload: 20 B/s}"
    got = row(
        scenario(
            {"s": FLOW, "more": more},
            limits={"100 s": "5000 B"},
            dns=dns(),
            when_blocked=reconnect("6 min", 2, "1 h"),
        )
    )
    assert counted(got) == {
        "offered": 5600,
        "up": 5810,
        "down": 450,
        "used": 6260,
        "dns": 660,
        "over": 1260,
        "metering": 600,
        "leak": 660,
        "blocks": 2,
        "first_blocked": 360_000,
        "blocked_ms": 2_920_000,
    }


def test_a_sim_unblocked_in_step_3_and_blocked_in_step_6_of_one_instant_has_a_new_block_and_a_new_chain(row):
    # 5000 B set at 420 s arrive at 720000: 3600 recorded, unblocked; then the record with 2000 B of tunnel:
    # 5600, blocked. Old chain: 760, 1160, ... (8 attempts in the hour); new one: 1120, 1520, ..., 3520 s (7).
    # Over: 2600 metering; dns 600 of the tunnel (5000 B by then) and 7 lookups of 220.
    got = row(
        scenario(
            {"s": FLOW, "tunnel": TUNNEL},
            limits={"420 s": "5000 B"},
            dns=dns(),
            when_blocked=reconnect("400 s", 1, "400 s"),
        ),
        tunnel_csv=trace((600_000, 2000, 0, 0)),
    )
    assert counted(got) == {
        "offered": 5600,
        "up": 6090,
        "down": 1050,
        "used": 7140,
        "dns": 3540,
        "over": 4740,
        "metering": 2600,
        "leak": 2140,
        "blocks": 2,
        "first_blocked": 360_000,
        "blocked_ms": 3_240_000,
    }


def test_an_attempts_lookup_serves_a_transfer_at_the_same_instant(row):
    # first 300 s: attempt at 660000 with the first lookup of all; the transfer of 660000 is lost without one
    got = row(
        scenario(
            {"s": FLOW, "t": TRACE},
            duration="1200 s",
            dns=dns("10 min"),
            when_blocked=reconnect("300 s", 2, "1 h"),
        ),
        trace_csv=trace((660_000, 100, 0, 0)),
    )
    assert counted(got) == blocked_to_the_end(1, 840_000) | {"offered": 3700, "undelivered": 100}


def test_with_a_cache_ttl_of_zero_an_attempt_and_a_transfer_at_one_instant_look_up_twice(row):
    got = row(
        scenario(
            {"s": FLOW, "t": TRACE},
            duration="1200 s",
            dns=dns("0 s"),
            when_blocked=reconnect("300 s", 2, "1 h"),
        ),
        trace_csv=trace((660_000, 100, 0, 0)),
    )
    assert counted(got) == blocked_to_the_end(2, 840_000) | {"offered": 3700, "undelivered": 100}


@pytest.mark.parametrize(("ttl", "lookups"), [("1001 ms", 1), ("1 s", 2)])
def test_a_lost_transfers_lookup_serves_a_later_attempt_while_the_cache_holds(row, ttl, lookups):
    # lookup of the lost transfer at 659000; the attempt at 660000 comes 1000 ms later
    got = row(
        scenario(
            {"s": FLOW, "t": TRACE},
            duration="1200 s",
            dns=dns(ttl),
            when_blocked=reconnect("300 s", 2, "1 h"),
        ),
        trace_csv=trace((659_000, 100, 0, 0)),
    )
    assert counted(got) == blocked_to_the_end(lookups, 840_000) | {"offered": 3700, "undelivered": 100}


def test_a_chain_goes_on_through_a_period_boundary(simulate):
    # periods of 30 min. first 15 min, factor 2: attempts at 1260000 (blocked) and 1260000 + 1800000 =
    # 3060000, in period 1 and unblocked: lookup and handshake, 6440 B, 5440 over. Recorded at 3240000:
    # blocked.
    first, second = simulate(
        scenario(
            {"s": FLOW},
            platform={"billing_period": "30 min"},
            dns=dns(),
            when_blocked=reconnect("15 min", 2, "1 h"),
        )
    )
    assert counted(first) == blocked_to_the_end(1, 1_440_000)
    assert counted(second) == {
        "up": 890,
        "down": 5550,
        "used": 6440,
        "dns": 220,
        "over": 5440,
        "metering": 5440,
        "blocks": 1,
        "first_blocked": 3_240_000,
        "blocked_ms": 360_000,
    }


def test_an_attempt_at_the_boundary_finds_the_sim_unblocked_and_belongs_to_the_new_period(simulate):
    # first 24 min: attempt at 1800000, step 7; the boundary is step 1. The handshake is recorded at 2160000:
    # blocked; the new chain's first attempt would be at 3600000, the horizon.
    first, second = simulate(
        scenario({"s": FLOW}, platform={"billing_period": "30 min"}, when_blocked=reconnect("24 min", 2, "1 h"))
    )
    assert counted(first) == blocked_to_the_end(0, 1_440_000)
    assert counted(second) == {
        "up": 820,
        "down": 5400,
        "used": 6220,
        "over": 5220,
        "metering": 5220,
        "blocks": 1,
        "first_blocked": 2_160_000,
        "blocked_ms": 1_440_000,
    }


def test_a_handshake_at_the_instant_of_a_record_belongs_to_the_next_record(simulate):
    # first 30 min: attempt at 2160000, step 7, after the record of [1800000, 2160000) closed empty in step 4:
    # the handshake is recorded at 2520000
    first, second = simulate(
        scenario({"s": FLOW}, platform={"billing_period": "30 min"}, when_blocked=reconnect("30 min", 2, "1 h"))
    )
    assert counted(first) == blocked_to_the_end(0, 1_440_000)
    assert counted(second) == {
        "up": 820,
        "down": 5400,
        "used": 6220,
        "over": 5220,
        "metering": 5220,
        "blocks": 1,
        "first_blocked": 2_520_000,
        "blocked_ms": 1_080_000,
    }
