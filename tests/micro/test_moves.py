"""Moves between fleets (model, sections 5 and 8, settled: updates).

Records close at 6, 12, 18 and 24 minutes, a move or a limit arrives 4 minutes later, one period of 30 minutes, unless
a test says otherwise. The SIMs of f/d start in f; g and h have no devices. Times in comments are minutes:seconds.
"""

from __future__ import annotations

import pytest

from tests.micro.lifecycle import (
    bursts,
    bursts_of_sims,
    limit_set,
    line,
    move,
    off,
    on,
    scenario,
    told,
)

ONE_150 = bursts((60_000, 150))


# ---- the row


@pytest.mark.parametrize(
    ("at", "fleet", "limit"), [("599999 ms", "g", 500), ("10 min", "f", 100)], ids=["just before", "at the end"]
)
def test_a_row_has_the_fleet_and_the_limit_just_before_its_end(simulate, at, fleet, limit):
    text = scenario(period="10 min", others={"g": "500 B"}, timeline=(move(at, "g"),))
    assert told(simulate(text, trace_csv=bursts((60_000, 50), (600_000, 90)))) == [
        line(0, 0, 600_000, True, fleet=fleet, limit=limit, offered=50, used=50),
        line(1, 600_000, 1_200_000, True, fleet="g", limit=500, offered=90, used=90),
        line(2, 1_200_000, 1_800_000, True, fleet="g", limit=500),
    ]


def test_a_move_in_the_last_millisecond_before_the_horizon_is_in_the_row(simulate):
    text = scenario(others={"g": "unlimited"}, timeline=(move("1799999 ms", "g"),))
    assert told(simulate(text, trace_csv=ONE_150)) == [
        line(
            fleet="g",
            limit=None,
            offered=150,
            used=150,
            metering=50,
            blocks=1,
            first_blocked=360_000,
            blocked_ms=1_440_000,
        )
    ]


def test_a_move_changes_neither_the_period_nor_the_fee_nor_what_runs(simulate):
    # 100 bytes over 100 s from 9:30 go on through the move at 10:00: 60 + 30 by then, under 100; the others under 500,
    # which is in the cache at 11:00. The record grid goes on: 560 in all at 17:59.999 are found out at 18:00, 60 over.
    text = scenario(propagation="1 min", others={"g": "500 B"}, timeline=(move("10 min", "g"),))
    rows = simulate(text, trace_csv=bursts((60_000, 60), (570_000, 100, 100_000), (1_079_999, 400)))
    assert told(rows) == [
        line(
            fleet="g",
            limit=500,
            offered=560,
            used=560,
            metering=60,
            blocks=1,
            first_blocked=1_080_000,
            blocked_ms=720_000,
        )
    ]


def test_dns_cache_and_chain_go_on_through_a_move(simulate):
    # Lookup of 220 at 1:00, cached for an hour; 370 > 300, blocked at 6:00. Attempts at 7:00, 9:00, 13:00. Moved at
    # 8:00 to g (1000), in the cache at 12:00: unblocked, and the attempt of 13:00 moves 60 without a lookup.
    text = scenario(
        limit="300 B",
        others={"g": "1000 B"},
        group=(
            "dns: {query: 70 B, response: 150 B, cache_ttl: 1 h}",
            "when_blocked: {reconnect: {first: 1 min, factor: 2, max: 1 h}, handshake: {upload: 40 B, download: 20 B}}",
        ),
        timeline=(move("8 min", "g"),),
    )
    assert told(simulate(text, trace_csv=ONE_150)) == [
        line(
            fleet="g",
            limit=1000,
            offered=150,
            used=430,
            down=170,
            dns=220,
            metering=70,
            blocks=1,
            first_blocked=360_000,
            blocked_ms=360_000,
        )
    ]


# ---- the cache


def test_a_move_to_the_fleet_a_sim_is_in_changes_nothing(simulate):
    # No refresh is pending from 7:00 (11:00): 100 set at 10:00 arrives at 14:00.
    text = scenario(limit="1000 B", timeline=(move("7 min", "f"), limit_set("10 min", "100 B")))
    assert told(simulate(text, trace_csv=ONE_150)) == [
        line(offered=150, used=150, blocks=1, first_blocked=840_000, blocked_ms=960_000)
    ]


def test_a_sim_moved_back_before_the_refresh_reads_its_own_fleets_limit(simulate):
    # In g (100) from 7:00 to 9:00: 20 at 8:00 are over, 1000 in the cache. The refresh of 11:00 reads 1000; 20 at
    # 10:00 are not over, nothing blocks.
    text = scenario(limit="1000 B", others={"g": "100 B"}, timeline=(move("7 min", "g"), move("9 min", "f")))
    rows = simulate(text, trace_csv=bursts((60_000, 150), (480_000, 20), (600_000, 20)))
    assert told(rows) == [line(limit=1000, offered=190, used=190, propagation=20)]


def test_a_move_while_a_block_is_pending_cancels_it_when_the_higher_limit_arrives(simulate):
    # Evaluated at 6:00, due at 14:00. Moved at 8:00 to g (500), in the cache at 12:00. 30 at 9:00 are over 100, not
    # over 500.
    text = scenario(platform=", enforcement_delay: 8 min", others={"g": "500 B"}, timeline=(move("8 min", "g"),))
    rows = simulate(text, trace_csv=bursts((60_000, 150), (540_000, 30)))
    assert told(rows) == [line(fleet="g", limit=500, offered=180, used=180, metering=50)]


def test_a_limit_of_the_target_set_at_the_instant_of_the_move_counts_in_either_order(simulate):
    # g has 120 from 10:00 on: 30 of 150 at 10:00 are over, 1000 in the cache. Recorded at 12:00, refreshed at 14:00.
    entries = (move("10 min", "g"), limit_set("10 min", "120 B", fleet="g"))
    for timeline in (entries, entries[::-1]):
        text = scenario(limit="1000 B", others={"g": "100 B"}, timeline=timeline)
        assert told(simulate(text, trace_csv=bursts((600_000, 150)))) == [
            line(
                fleet="g",
                limit=120,
                offered=150,
                used=150,
                propagation=30,
                blocks=1,
                first_blocked=840_000,
                blocked_ms=960_000,
            )
        ]


def test_a_limit_that_the_old_fleet_gets_at_the_instant_of_the_move_does_not_concern_the_sim(simulate):
    # 50 in f at 10:00: none of 150 at 10:00 is over, as the SIM is in g (1000) by then.
    entries = (move("10 min", "g"), limit_set("10 min", "50 B"))
    for timeline in (entries, entries[::-1]):
        text = scenario(limit="1000 B", others={"g": "1000 B"}, timeline=timeline)
        assert told(simulate(text, trace_csv=bursts((600_000, 150)))) == [
            line(fleet="g", limit=1000, offered=150, used=150)
        ]


@pytest.mark.parametrize(
    ("after", "blocked_at"), [("959999 ms", 960_000), ("16 min", 960_000), ("960001 ms", 1_200_001)]
)
def test_a_move_at_the_instant_of_a_pending_refresh_is_read_by_it(simulate, after, blocked_at):
    # 900 set in f at 12:00 is due at 16:00, which counts as pending until then: moved to g (100) before or at 16:00
    # the SIM reads 100 then; moved a millisecond later it has a refresh of its own, 4 minutes later.
    text = scenario(limit="1000 B", others={"g": "100 B"}, timeline=(limit_set("12 min", "900 B"), move(after, "g")))
    assert told(simulate(text, trace_csv=ONE_150)) == [
        line(
            fleet="g",
            offered=150,
            used=150,
            blocks=1,
            first_blocked=blocked_at,
            blocked_ms=1_800_000 - blocked_at,
        )
    ]


def test_at_a_boundary_the_new_fleets_limit_counts_from_the_new_periods_first_byte(simulate):
    # 150 at 10:00, 1000 in the cache, g has 120: 30 propagation; recorded at 12:00, refreshed at 14:00, blocked to
    # 20:00.
    text = scenario(limit="1000 B", period="10 min", others={"g": "120 B"}, timeline=(move("10 min", "g"),))
    assert told(simulate(text, trace_csv=bursts((599_999, 150), (600_000, 150)))) == [
        line(0, 0, 600_000, True, limit=1000, offered=150, used=150),
        line(
            *(1, 600_000, 1_200_000, True),
            fleet="g",
            limit=120,
            offered=150,
            used=150,
            propagation=30,
            blocks=1,
            first_blocked=840_000,
            blocked_ms=360_000,
        ),
        line(2, 1_200_000, 1_800_000, True, fleet="g", limit=120),
    ]


# ---- moves and statuses


def test_a_move_at_the_activation_is_read_by_it_and_starts_a_refresh_of_its_own(simulate):
    # g (100) at 10:00: bytes 101 to 150 at 11:00 are metering. The refresh of 15:00 reads the 500 of 12:00.
    text = scenario(
        limit="1000 B",
        propagation="5 min",
        others={"g": "100 B"},
        group=("activation: {at: 10 min, over: 0 s}",),
        timeline=(move("10 min", "g"), limit_set("12 min", "500 B", fleet="g")),
    )
    assert told(simulate(text, trace_csv=bursts((660_000, 150)))) == [
        line(0, 600_000, 2_400_000, False, fleet="g", limit=500, offered=150, used=150, metering=50)
    ]


def test_a_move_concerns_the_cache_of_an_inactive_sim(simulate):
    # Blocked at 6:00, inactive at 7:00, moved to g (500) at 8:00: unblocked at 12:00. 10 at the return at 20:00.
    text = scenario(others={"g": "500 B"}, timeline=(off("7 min"), move("8 min", "g"), on("20 min")))
    rows = simulate(text, trace_csv=bursts((60_000, 150), (1_200_000, 10)))
    assert told(rows) == [
        line(
            fleet="g",
            limit=500,
            offered=160,
            used=160,
            metering=50,
            blocks=1,
            first_blocked=360_000,
            blocked_ms=360_000,
        )
    ]


def test_an_inactive_sims_row_has_the_fleet_it_is_in_at_the_rows_end(simulate):
    # Its period ends at 10:00; moved at 9:00, and to h after it; back at 20:00 in h.
    text = scenario(
        period="10 min",
        others={"g": "500 B", "h": "700 B"},
        timeline=(off("7 min"), move("9 min", "g"), move("15 min", "h"), on("20 min")),
    )
    assert told(simulate(text, trace_csv=bursts((60_000, 9)))) == [
        line(0, 0, 600_000, True, fleet="g", limit=500, offered=9, used=9),
        line(1, 1_200_000, 1_800_000, True, fleet="h", limit=700),
    ]


def test_a_move_at_a_return_is_read_by_it_and_starts_a_refresh_of_its_own_in_either_order(simulate):
    # Blocked at 6:00. At 12:00 the return reads g's 500: unblocked. The move's own refresh, at 16:00, reads the 120 of
    # 14:00: blocked again, 6 + 14 minutes in all.
    entries = (on("12 min"), move("12 min", "g"))
    for order in (entries, entries[::-1]):
        text = scenario(others={"g": "500 B"}, timeline=(off("7 min"), *order, limit_set("14 min", "120 B", fleet="g")))
        assert told(simulate(text, trace_csv=ONE_150)) == [
            line(
                fleet="g",
                limit=120,
                offered=150,
                used=150,
                metering=50,
                blocks=2,
                first_blocked=360_000,
                blocked_ms=1_200_000,
            )
        ]


def test_a_moved_sim_is_still_named_by_its_group(simulate):
    # Moved at 3:00, made inactive at 7:00 by the name f/d, moved on to h at 9:00.
    text = scenario(
        others={"g": "500 B", "h": "700 B"}, timeline=(move("3 min", "g"), off("7 min"), move("9 min", "h"))
    )
    rows = simulate(text, trace_csv=bursts((60_000, 10), (480_000, 20)))
    assert told(rows) == [line(fleet="h", limit=700, offered=10, used=10)]


# ---- some of a group


def moved(simulate, count, *timeline):
    """Fleets of the SIMs of f/d at the end."""
    text = scenario(count=count, others={"g": "500 B", "h": "700 B"}, timeline=timeline)
    rows = simulate(text, trace_csv=bursts((60_000, 5)))
    limits = {"f": 100, "g": 500, "h": 700}
    assert told(rows) == [
        line(sim=sim, fleet=row["fleet"], limit=limits[row["fleet"]], offered=5, used=5) for sim, row in enumerate(rows)
    ]
    return "".join(row["fleet"] for row in rows)


def test_a_count_takes_the_lowest_numbers_that_are_not_there_yet(simulate):
    assert moved(simulate, 4, move("7 min", "g", 1)) == "gfff"
    assert moved(simulate, 4, move("7 min", "g", 1), move("8 min", "g", 2)) == "gggf"
    assert moved(simulate, 4, move("7 min", "g", 2), move("8 min", "f", 1)) == "fgff"
    assert moved(simulate, 4, move("7 min", "g", 3), move("8 min", "f", 1), move("9 min", "g", 1)) == "gggf"


def test_a_count_takes_sims_wherever_they_are(simulate):
    # SIMs 0 and 1 are in g; three of f/d are not in h yet: 0, 1 and 2.
    assert moved(simulate, 4, move("7 min", "g", 2), move("8 min", "h", 3)) == "hhhf"


def test_a_count_takes_all_where_there_are_fewer_and_no_count_all(simulate):
    assert moved(simulate, 3, move("7 min", "g", 2), move("8 min", "g", 5)) == "ggg"
    assert moved(simulate, 3, move("7 min", "g", 2), move("8 min", "h")) == "hhh"


def test_moves_at_one_instant_apply_in_the_files_order(simulate):
    assert moved(simulate, 3, move("7 min", "g", 1), move("7 min", "g", 1)) == "ggf"
    assert moved(simulate, 3, move("7 min", "g", 1), move("7 min", "h", 1)) == "hff"
    assert moved(simulate, 3, move("7 min", "h", 1), move("7 min", "g", 1)) == "gff"
    assert moved(simulate, 3, move("7 min", "f", 1), move("7 min", "g", 1)) == "gff"
    assert moved(simulate, 3, move("7 min", "g", 1), move("7 min", "f", 1)) == "fff"


def test_moves_at_different_instants_may_stand_in_any_order(simulate):
    assert moved(simulate, 3, move("9 min", "f", 1), move("7 min", "g", 2)) == "fgf"


def test_a_move_there_and_back_at_one_instant_is_an_update_of_the_sims_cache(simulate):
    # SIM 0 goes to g and back at 10:00 and has a refresh pending for 14:00, which reads the 100 that f gets at 12:00;
    # SIM 1 has its own at 16:00.
    text = scenario(
        limit="1000 B",
        count=2,
        others={"g": "500 B"},
        timeline=(move("10 min", "g", 1), move("10 min", "f", 1), limit_set("12 min", "100 B")),
    )
    assert told(simulate(text, trace_csv=ONE_150)) == [
        line(sim=0, offered=150, used=150, blocks=1, first_blocked=840_000, blocked_ms=960_000),
        line(sim=1, offered=150, used=150, blocks=1, first_blocked=960_000, blocked_ms=840_000),
    ]


def test_groups_and_sim_numbers_stay_those_of_the_origin(simulate):
    # e (SIM 2) follows d (SIMs 0 and 1) in f. SIM 1 is over f's 100 with 150, SIM 2 with 120.
    other = (
        ", e: {count: 1, role: faulty, session: {mode: always-on, first_record: 6 min},"
        " traffic: {o: {arrivals: {process: once, at: 1 min}, upload: 120 B}}}"
    )
    text = scenario(
        count=2,
        more_devices=other,
        others={"g": "130 B"},
        timeline=(move("2 min", "g", 1), "at: 2 min, sims: f/e, to: g"),
    )
    rows = simulate(text, trace_csv=bursts_of_sims((0, 60_000, 125), (1, 60_000, 150)))
    # 130 is in the caches of SIM 0 and SIM 2 at 6:00, before the record: neither is above it. What was over 100 at
    # 1:00 stays over.
    assert told(rows) == [
        line(sim=0, fleet="g", limit=130, offered=125, used=125, metering=25),
        line(sim=1, offered=150, used=150, metering=50, blocks=1, first_blocked=360_000, blocked_ms=1_440_000),
        line(sim=2, group="e", fleet="g", limit=130, offered=120, used=120, metering=20),
    ]
    assert [row["role"] for row in rows] == ["normal", "normal", "faulty"]


def test_a_limit_of_the_new_fleet_concerns_the_sims_that_have_moved_there(simulate):
    # SIM 0 is in g from 7:00. 50 set in g at 12:00 arrives at 16:00; 80 set in f at 14:00 concerns SIM 1, at 18:00.
    text = scenario(
        limit="1000 B",
        count=2,
        others={"g": "500 B"},
        timeline=(move("7 min", "g", 1), limit_set("12 min", "50 B", fleet="g"), limit_set("14 min", "80 B")),
    )
    assert told(simulate(text, trace_csv=bursts((60_000, 90)))) == [
        line(sim=0, fleet="g", limit=50, offered=90, used=90, blocks=1, first_blocked=960_000, blocked_ms=840_000),
        line(sim=1, limit=80, offered=90, used=90, blocks=1, first_blocked=1_080_000, blocked_ms=720_000),
    ]
