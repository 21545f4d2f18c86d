"""Tables that the oracle must meet, derived by hand: statuses, moves, ``ready``, the fleet as it is, records, events.

What each begins with is said in ``by_hand``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest

from tests.oracle.by_hand import events, one_sim, row, rows, shows, windows
from tests.oracle.case import Case, Dns, Entry, Initial, Move, Reconnect, SetLimit, SetStatus, Stream, Transfers
from tests.oracle.oracle import UsageRecord, Walk

DAY = 86_400_000


def away(since: int, until: int | None = None) -> tuple[Entry, ...]:
    """Made inactive at one instant, and perhaps active again at another."""
    gone = (SetStatus(since, "inactive"),)
    return gone if until is None else (*gone, SetStatus(until, "active"))


def fees(case: Case) -> list[tuple[int, int, bool]]:
    return [(r["period_start"], r["period_end"], r["fee_due"]) for r in rows(case)]


def drawn_by(case: dict[str, Any], delay: int) -> tuple[Case, list[int]]:
    """Return a case whose updates all have the same delay, and the instants at which delays are drawn."""
    drawn: list[int] = []

    def propagation(at: int) -> int:
        drawn.append(at)
        return delay

    return one_sim(**case, propagation=propagation), drawn


# ------------------------------------------------------------------------ made inactive


def test_an_inactive_sim_is_offered_nothing_from_the_instant_on_until_it_is_back() -> None:
    case = one_sim((150, 1, 0, 0), (200, 2, 0, 0), (249, 4, 0, 0), (250, 8, 0, 0), limit=None, timeline=away(200, 250))
    shows(row(case), offered_bytes=9, used_bytes=9, undelivered_bytes=0)
    assert windows(case)[:4] == [(0, 100, 0), (100, 200, 1), (250, 300, 8), (300, 400, 0)]


def test_running_transfers_are_cut_and_a_transfer_that_was_due_meanwhile_is_not_offered_in_part() -> None:
    # By 150 the first has moved 100*50//200 = 25. The second would have run from 160 to 360, across the return.
    case = one_sim((100, 100, 0, 200), (160, 50, 0, 200), limit=None, timeline=away(150, 250))
    shows(row(case), offered_bytes=100, used_bytes=25, undelivered_bytes=75)


def test_a_stream_is_not_offered_meanwhile_and_goes_on_by_its_own_clock() -> None:
    # 7 B/s offers 0 bytes by 100, 1 by 150, 7 by 1,000; counted from 150 it would offer 5.
    shows(
        row(one_sim(more=(Stream(0, 1000, 7, 0),), timeline=away(100, 150))),
        offered_bytes=6,
        used_bytes=6,
        undelivered_bytes=0,
    )


def test_a_block_that_takes_effect_meanwhile_counts_and_starts_no_chain() -> None:
    # [0, 80) is evaluated at 100 and blocks at 130. Attempts at 510, 610, 710, 810, 910 find it blocked: 5 lookups.
    case = one_sim(
        (50, 11, 0, 0),
        record_delay=20,
        enforcement_delay=30,
        timeline=away(80, 500),
        dns=Dns(1, 0, 0, "public"),
        reconnect=Reconnect(10, Fraction(10), 100),
        limit=11,
    )
    shows(
        row(case), used_bytes=12 + 5, dns_bytes=6, causes=(1, 0, 0, 5), blocks=1, first_blocked_at=130, blocked_ms=870
    )


@pytest.mark.parametrize(("since", "blocked_at", "attempt_at"), [(150, 100, 350), (80, 110, 360)])
def test_a_sim_unblocked_meanwhile_makes_no_handshake_when_it_is_back(
    since: int, blocked_at: int, attempt_at: int
) -> None:
    # Unblocked at 200 by the raised limit. The chain of the block, if it had gone on, would shake hands after 300.
    case = one_sim(
        (50, 11, 0, 0),
        timeline=away(since, 300),
        updates=((200, 100),),
        enforcement_delay=blocked_at - min(since, 100),
        reconnect=Reconnect(attempt_at - blocked_at, Fraction(1), 500, 5, 5),
    )
    shows(row(case), used_bytes=11, first_blocked_at=blocked_at, blocked_ms=200 - blocked_at)
    assert events(case) == [(blocked_at, "block", 10), (200, "limit", 100), (200, "unblock", 100)]


def test_suspended_traffic_is_not_undelivered_while_the_sim_is_inactive() -> None:
    # 1 B/ms: 100 bytes by the block at 100, 50 suspended until 150, and from 300 on again.
    case = one_sim(more=(Stream(0, 1000, 1000, 0),), timeline=away(150, 300))
    shows(row(case), used_bytes=100, offered_bytes=150 + 700, undelivered_bytes=50 + 700, blocked_ms=900)


def test_the_lookup_cache_is_emptied() -> None:
    case: dict[str, Any] = {"dns": Dns(1, 0, 1000, "public")}
    transfers = ((50, 0, 0, 0), (350, 0, 0, 0))
    shows(row(one_sim(*transfers, **case)), dns_bytes=1)
    shows(row(one_sim(*transfers, **case, timeline=away(100, 200))), dns_bytes=2)


# -------------------------------------------------------------------------- active again


@pytest.mark.parametrize(
    ("timeline", "expected"),
    [
        (away(100, 250), [(0, 300, True), (300, 600, True), (600, 900, True)]),
        (away(100, 299), [(0, 300, True), (300, 600, True), (600, 900, True)]),
        (away(100, 300), [(0, 300, True), (300, 600, True), (600, 900, True)]),
        (away(100, 450), [(0, 300, True), (450, 750, True), (750, 1050, True)]),
        (away(100), [(0, 300, True)]),
        # The boundary comes first: a period starts at 300, and the SIM is active at no instant of it.
        (away(300), [(0, 300, True), (300, 600, False)]),
        (away(300, 599), [(0, 300, True), (300, 600, True), (600, 900, True)]),
        (away(300, 600), [(0, 300, True), (300, 600, False), (600, 900, True)]),
        (away(0), [(0, 300, False)]),
        # Within an instant in the file's order.
        (away(0, 0), [(0, 300, True), (300, 600, True), (600, 900, True)]),
        ((SetStatus(0, "active"), *away(0)), [(0, 300, False)]),
        ((*away(100, 450), *away(450)), [(0, 300, True), (450, 750, False)]),
        # A status that the SIM has already changes nothing.
        (
            (*away(100), *away(200, 450), SetStatus(500, "active")),
            [(0, 300, True), (450, 750, True), (750, 1050, True)],
        ),
    ],
)
def test_a_period_runs_on_to_its_end_and_one_after_a_return_begins_there(
    timeline: tuple[Entry, ...], expected: list[tuple[int, int, bool]]
) -> None:
    case = one_sim(timeline=timeline, billing_period=300, horizon=900)
    assert fees(case) == expected
    assert [r["period"] for r in rows(case)] == list(range(len(expected)))


@pytest.mark.parametrize(
    ("anchor", "ends"),
    [
        # To 28 February; the next ones from 12 March to 12 April and 12 May.
        ("activation-month", [28, 71, 101]),
        # To 1 February and 1 March; the next ones from 12 March to 1 April and 1 May.
        ("calendar-month", [1, 29, 60, 90]),
    ],
)
def test_months_are_counted_from_the_return(anchor: str, ends: list[int]) -> None:
    # Active on 31 January, away from 20 February (its 20th day) to 12 March (its 40th).
    case = one_sim(
        start=datetime(2026, 1, 31, tzinfo=UTC),
        horizon=80 * DAY,
        billing_period=anchor,
        session=("on-demand", 1),
        timeline=away(20 * DAY, 40 * DAY),
    )
    assert [r["period_end"] // DAY for r in rows(case)] == ends


def test_a_boundary_lifts_the_block_of_an_inactive_sim_too() -> None:
    case = one_sim((50, 11, 0, 0), (460, 3, 0, 0), timeline=away(150, 450), billing_period=300, horizon=500)
    first, second = rows(case)
    shows(first, period=0, blocked_ms=200, used_bytes=11, fee_due=True)
    shows(second, period=1, period_start=450, blocked_ms=0, used_bytes=3)
    assert Walk(case).run().events == [(100, 0, "block", 10, "record"), (300, 0, "unblock", 10, "period")]


def test_without_a_running_period_limits_still_reach_the_cache() -> None:
    case = one_sim((50, 11, 0, 0), timeline=away(60), billing_period=300, updates=((400, 5),), propagation_ms=100)
    assert [(r["used_bytes"], r["data_limit_bytes"]) for r in rows(case)] == [(11, 10)]
    assert events(case) == [(60, "block", 10), (300, "unblock", 10), (500, "limit", 5)]


def test_an_evaluation_due_after_the_last_period_is_dropped() -> None:
    # [0, 60) with 11 bytes is due at 360, the period ends at 300.
    case = one_sim((50, 11, 0, 0), timeline=away(60, 400), billing_period=300, record_delay=300)
    assert [r["blocks"] for r in rows(case)] == [0, 0, 0]


def test_active_set_on_an_active_sim_changes_nothing() -> None:
    # The limit of 150 waits for 900; the chain has attempts at 400, 700; the session goes on.
    common: dict[str, Any] = {
        "updates": ((150, 5),),
        "propagation_ms": 750,
        "reconnect": Reconnect(300, Fraction(1), 300),
        "dns": Dns(1, 0, 0, "public"),
    }
    with_it, without = (
        Walk(one_sim((50, 10, 0, 0), **common, timeline=timeline)).run()
        for timeline in ((SetStatus(250, "active"),), ())
    )
    assert (with_it.rows, with_it.records, with_it.events) == (without.rows, without.records, without.events)
    shows(with_it.rows[0], dns_bytes=3)


def test_a_return_refreshes_the_cache_and_leaves_a_pending_refresh_alone() -> None:
    # The update of 200 is due at 700; the return reads 8 at 300; what is set at 400 waits for 700.
    case, drawn = drawn_by({"timeline": away(150, 300), "updates": ((200, 8), (400, 20))}, delay=500)
    assert events(case) == [(300, "limit", 8), (700, "limit", 20)]
    assert drawn == [200]


def test_a_limit_set_at_the_return_is_read_by_it_and_starts_a_refresh_of_its_own() -> None:
    case, drawn = drawn_by({"timeline": away(150, 300), "updates": ((300, 8), (400, 9))}, delay=500)
    assert events(case) == [(300, "limit", 8), (800, "limit", 9)]
    assert drawn == [300]


def test_a_return_evaluates_what_has_been_recorded() -> None:
    # Lowered at 200 for 1,200. At 300 the return sees 10 > 8 and blocks; its transfer is lost.
    case = one_sim((50, 10, 0, 0), (300, 2, 0, 0), timeline=away(150, 300), updates=((200, 8),), propagation_ms=1000)
    shows(row(case), used_bytes=10, undelivered_bytes=2, first_blocked_at=300, blocked_ms=700, overage_bytes=0)


@pytest.mark.parametrize(
    ("back", "later"), [(269, [(269, 270, 0), (270, 370, 0)]), (270, [(270, 370, 0)]), (271, [(271, 370, 0)])]
)
def test_an_always_on_device_comes_back_to_its_old_record_grid(back: int, later: list[tuple[int, int, int]]) -> None:
    case = one_sim(session=("always-on", 70), timeline=away(170, back), horizon=370)
    assert windows(case) == [(0, 70, 0), (70, 170, 0), *later]


def test_the_record_grid_of_an_always_on_device_begins_with_its_activation() -> None:
    case = one_sim(session=("always-on", 30), activation=205, timeline=away(250, 280), horizon=440)
    assert windows(case) == [(205, 235, 0), (235, 250, 0), (280, 335, 0), (335, 435, 0), (435, 440, 0)]


def test_an_on_demand_device_opens_no_session_at_its_return() -> None:
    case = one_sim((10, 1, 0, 0), (250, 2, 0, 0), session=("on-demand", 120), timeline=away(120, 200))
    assert windows(case) == [(10, 110, 1), (110, 120, 0), (250, 350, 2), (350, 370, 0)]


def test_away_and_back_at_one_instant_ends_the_session_and_cuts_what_runs() -> None:
    case = one_sim((120, 10, 0, 100), (150, 1, 0, 0), limit=None, horizon=200, timeline=away(150, 150))
    shows(row(case), offered_bytes=11, used_bytes=3 + 1, undelivered_bytes=7)
    assert [record[1:5] for record in Walk(case).run().records] == [(0, 0, 100, 0), (0, 100, 150, 3), (1, 150, 200, 1)]


@pytest.mark.parametrize("enforcement_delay", [19, 20, 120])
def test_a_device_that_is_back_and_blocked_starts_one_chain(enforcement_delay: int) -> None:
    # Evaluated at 80, blocked at 99, 100 or 200; back at 200; attempts at 500 and 800 look up a byte each.
    case = one_sim(
        (50, 10, 0, 0),
        limit=9,
        enforcement_delay=enforcement_delay,
        timeline=away(80, 200),
        more=(Transfers(()),),
        dns=Dns(1, 0, 0, "public"),
        reconnect=Reconnect(300, Fraction(1), 300),
    )
    shows(row(case), dns_bytes=3, causes=(2, 0, 0, 2), first_blocked_at=80 + enforcement_delay)


def test_a_running_chain_starts_anew_when_the_device_was_away_for_no_time() -> None:
    # Blocked at 100: attempts at 400, 700; with the return at 399 they are at 699, 999.
    common: dict[str, Any] = {"updates": ((600, 50),), "reconnect": Reconnect(300, Fraction(1), 300, 1, 0)}
    assert (700, 800, 1) in windows(one_sim((50, 11, 0, 0), **common))
    assert (600, 700, 1) in windows(one_sim((50, 11, 0, 0), timeline=away(399, 399), **common))


# --------------------------------------------------------------------------------- moves


def test_a_moved_sim_is_measured_by_its_new_fleet_and_its_cache_follows() -> None:
    # Fleet 1 has 5 bytes: from 150 on byte 6 to 10 are over, and not above the cached 10. Refreshed at 350: 10 > 5.
    case = one_sim((50, 4, 0, 0), (160, 6, 0, 0), others=(5,), timeline=(Move(150, 1),), propagation_ms=200)
    shows(row(case), fleet=1, data_limit_bytes=5, causes=(0, 0, 5, 0), first_blocked_at=350)
    assert Walk(case).run().events == [(350, 0, "limit", 5, "move"), (350, 0, "block", 5, "refresh")]
    # Fleet 1 has 12: byte 13 to 15 are over. The record of 200 blocks by the cached 10, and 15 > 12 at 350 too.
    case = one_sim((50, 10, 0, 0), (160, 5, 0, 0), others=(12,), timeline=(Move(150, 1),), propagation_ms=200)
    shows(row(case), fleet=1, data_limit_bytes=12, causes=(3, 0, 0, 0), first_blocked_at=200, blocked_ms=800)


def test_a_move_to_the_fleet_it_is_in_changes_nothing() -> None:
    case, drawn = drawn_by({"timeline": (Move(100, 0), Move(200, 1), Move(300, 1)), "others": (5,)}, delay=500)
    assert events(case) == [(700, "limit", 5)]
    assert drawn == [200]


def test_a_move_there_and_back_at_one_instant_starts_a_refresh() -> None:
    case, drawn = drawn_by({"timeline": (Move(100, 1), Move(100, 0)), "others": (5,)}, delay=500)
    assert events(case) == []
    assert drawn == [100]
    shows(row(case), fleet=0, data_limit_bytes=10)


def test_moves_come_before_limits_and_only_those_of_the_fleet_that_it_is_in_concern_it() -> None:
    # At 100 the move comes first, whatever the file's order: fleet 1's new limit finds a refresh pending.
    timeline = (SetLimit(100, 7, 1), SetLimit(100, 3, 0), Move(100, 1), SetLimit(400, 4, 0), SetLimit(800, 6, 1))
    case, drawn = drawn_by({"timeline": timeline, "others": (5,)}, delay=150)
    assert events(case) == [(250, "limit", 7), (950, "limit", 6)]
    assert drawn == [100, 800]
    shows(row(case), fleet=1, data_limit_bytes=6)


def test_a_row_has_the_fleet_just_before_its_end() -> None:
    case = one_sim(timeline=(Move(300, 1), Move(599, 2)), others=(5, None), billing_period=300, horizon=900)
    assert [(r["fleet"], r["data_limit_bytes"]) for r in rows(case)] == [(0, 10), (2, None), (2, None)]


def test_a_new_sim_that_is_moved_begins_with_its_fleets_limit() -> None:
    case, drawn = drawn_by({"timeline": (Move(100, 1),), "others": (5,), "activation": 300}, delay=500)
    assert Walk(case).run().events == [(300, 0, "limit", 5, "activation")]
    assert drawn == []


def test_a_sim_moved_at_the_start_begins_with_the_limit_of_the_files_fleet() -> None:
    # Until 200 the cache has 10: byte 9 to 10 are propagation, byte 11 is metering.
    case = one_sim((50, 11, 0, 0), others=(8,), timeline=(Move(0, 1),), propagation_ms=200)
    shows(row(case), causes=(1, 0, 2, 0), first_blocked_at=100)


# --------------------------------------------------------------------------------- ready


@pytest.mark.parametrize(
    ("items", "owed"),
    [
        # A burst at t counts before t + 1.
        ((Transfers(((298, 250_000, 0, 0),)),), [True, True, True]),
        ((Transfers(((299, 250_000, 0, 0),)),), [False, True, True]),
        ((Transfers(((299, 100_000, 149_999, 0),)),), [False, False, False]),
        ((Transfers(((299, 249_999, 0, 0), (598, 1, 0, 0))),), [False, True, True]),
        # Across periods.
        ((Transfers(((100, 100_000, 0, 0), (599, 0, 150_000, 0))),), [False, False, True]),
        ((Transfers(((100, 100_000, 0, 0), (899, 0, 150_000, 0))),), [False, False, False]),
        # Byte 250,000 is complete at 300 and at 299.
        ((Transfers(((0, 500_000, 0, 600),)),), [False, True, True]),
        ((Transfers(((0, 500_000, 0, 598),)),), [True, True, True]),
        ((Stream(0, 900, 833_334, 0),), [False, True, True]),
        ((Stream(0, 900, 833_333, 0),), [False, True, True]),
        ((Stream(0, 900, 836_121, 0),), [True, True, True]),
        ((Stream(0, 900, 836_120, 0),), [False, True, True]),
    ],
)
def test_a_ready_sim_turns_active_when_it_has_moved_250_000_bytes(
    items: tuple[Transfers | Stream, ...], owed: list[bool]
) -> None:
    case = one_sim(more=items, status="ready", limit=None, billing_period=300, horizon=900)
    assert [r["fee_due"] for r in rows(case)] == owed


def test_lookups_and_handshakes_count_toward_the_250_000_bytes() -> None:
    case = one_sim(
        (299, 249_999, 0, 0), dns=Dns(1, 0, 0, "public"), status="ready", limit=None, billing_period=300, horizon=600
    )
    assert [r["fee_due"] for r in rows(case)] == [False, True]


@pytest.mark.parametrize(("period", "owed"), [(90 * DAY, [False, True]), (90 * DAY + 1, [True, True])])
def test_a_ready_sim_turns_active_three_calendar_months_after_it_became_ready(period: int, owed: list[bool]) -> None:
    # 30 November, 13:00 to 28 February, 13:00: 31 + 31 + 28 days.
    case = one_sim(
        start=datetime(2025, 11, 29, 13, tzinfo=UTC),
        activation=DAY,
        horizon=100 * DAY,
        session=("on-demand", 1),
        status="ready",
        billing_period=period,
    )
    assert [r["fee_due"] for r in rows(case)] == owed


@pytest.mark.parametrize(
    ("transfer", "timeline", "expected"),
    [
        ((5, 0, 0, 0), (), [(0, 300, False), (300, 600, False), (600, 900, False)]),
        ((5, 0, 0, 0), (SetStatus(299, "active"),), [(0, 300, True), (300, 600, True), (600, 900, True)]),
        ((5, 0, 0, 0), (SetStatus(300, "active"),), [(0, 300, False), (300, 600, True), (600, 900, True)]),
        ((5, 0, 0, 0), away(100), [(0, 300, False)]),
        ((5, 0, 0, 0), away(100, 200), [(0, 300, True), (300, 600, True), (600, 900, True)]),
        ((5, 0, 0, 0), away(100, 400), [(0, 300, False), (400, 700, True), (700, 1000, True)]),
        # Turned active in step 2 of 51, inactive after it; at 52 it was active at 51.
        ((50, 250_000, 0, 0), away(51), [(0, 300, False)]),
        ((50, 250_000, 0, 0), away(52), [(0, 300, True)]),
        # The file's order: active, then inactive; the status after step 2 counts.
        ((5, 0, 0, 0), (SetStatus(100, "active"), *away(100)), [(0, 300, False)]),
    ],
)
def test_what_the_owner_sets_ends_ready(
    transfer: tuple[int, int, int, int], timeline: tuple[Entry, ...], expected: list[tuple[int, int, bool]]
) -> None:
    case = one_sim(transfer, timeline=timeline, status="ready", limit=None, billing_period=300, horizon=900)
    assert fees(case) == expected


def test_active_set_on_a_ready_sim_only_ends_ready() -> None:
    # Blocked at 100 with attempts at 400, 700; the lowered limit waits for 900; no session ends.
    common: dict[str, Any] = {
        "updates": ((150, 5),),
        "propagation_ms": 750,
        "reconnect": Reconnect(300, Fraction(1), 300),
        "dns": Dns(1, 0, 0, "public"),
        "status": "ready",
    }
    case = one_sim((50, 10, 0, 0), timeline=(SetStatus(200, "active"),), **common)
    assert events(case) == [(100, "block", 10), (900, "limit", 5)]
    assert windows(case) == windows(one_sim((50, 10, 0, 0), **common))
    shows(row(case), dns_bytes=3)


# -------------------------------------------------------------------- the fleet as it is


def test_numbering_and_evaluation_go_on_from_what_was_used_before_the_start() -> None:
    case = one_sim((50, 3, 0, 0), initial=Initial(-200, 8))
    shows(
        row(case),
        period=0,
        period_start=-200,
        carried_bytes=8,
        used_bytes=3,
        causes=(1, 0, 0, 0),
        first_blocked_at=100,
        complete=False,
        fee_due=False,
    )


def test_the_first_row_is_not_complete_and_owes_no_fee_and_the_next_one_is_like_any() -> None:
    case = one_sim((50, 11, 0, 0), initial=Initial(-200, 5), billing_period=250, horizon=300)
    names = ("period_start", "period_end", "complete", "fee_due", "carried_bytes", "used_bytes", "blocks")
    assert [tuple(r[name] for name in names) for r in rows(case)] == [
        (-200, 50, False, False, 5, 0, 0),
        (50, 300, True, True, 0, 11, 1),
    ]
    assert windows(case) == [(0, 50, 0), (50, 100, 11), (100, 200, 0), (200, 300, 0)]


@pytest.mark.parametrize(
    ("initial", "updates", "happens"),
    [
        (Initial(-1, 10), (), []),
        (Initial(-1, 11), (), [(0, "block", 10)]),
        (Initial(-1, 11, True), (), [(0, "block", 10)]),
        # Usage above the limit without a block, and a block without it, stand until the next evaluation.
        (Initial(-1, 11, False), (), [(100, "block", 10)]),
        (Initial(-1, 5, True), (), [(0, "block", 10), (100, "unblock", 10)]),
        # A refresh in step 3 of instant 0 comes before the block of step 6.
        (Initial(-1, 11), ((0, 11),), [(0, "limit", 11)]),
        (Initial(-1, 12), ((0, 11),), [(0, "limit", 11), (0, "block", 11)]),
        (Initial(-1, 5, True), ((0, 10),), []),
        (Initial(-1, 11, False), ((0, 10),), [(0, "block", 10)]),
        # What the file leaves open is decided by the limit in the file.
        (Initial(-1, 8), ((0, 7),), [(0, "limit", 7), (0, "block", 7)]),
    ],
)
def test_the_block_of_the_start_is_a_pending_one_due_in_step_6(
    initial: Initial, updates: tuple[tuple[int, int], ...], happens: list[tuple[int, str, int]]
) -> None:
    case = one_sim(initial=initial, updates=updates)
    assert events(case) == happens
    blocks = [time for time, event, _ in happens if event == "block"]
    shows(row(case), blocks=len(blocks), first_blocked_at=min(blocks, default=None), used_bytes=0)


def test_an_evaluation_at_the_start_does_not_move_the_block_of_the_start() -> None:
    # The refresh of instant 0 sees 11 > 9 and would block at 300.
    case = one_sim(initial=Initial(-1, 11), updates=((0, 9),), enforcement_delay=300)
    assert [event[::2] for event in Walk(case).run().events] == [(0, "limit", "update"), (0, "block", "initial")]


def test_the_block_of_the_start_starts_a_chain_unless_the_sim_is_inactive() -> None:
    # Attempts at 400 and 800 look up; inactive from 0 to 300: at 700 only.
    common: dict[str, Any] = {"dns": Dns(1, 0, 0, "public"), "reconnect": Reconnect(400, Fraction(1), 400)}
    shows(row(one_sim(initial=Initial(-1, 11), **common)), dns_bytes=2, blocked_ms=1000, causes=(0, 0, 0, 2))
    case = one_sim(initial=Initial(-1, 11), timeline=away(0, 300), **common)
    shows(row(case), dns_bytes=1, blocked_ms=1000, blocks=1, fee_due=False)


def test_what_was_used_counts_whole_even_where_dns_does_not() -> None:
    case = one_sim((50, 1, 0, 0), (150, 1, 0, 0), dns=Dns(50, 0, 0, "public"), dns_counts=False, initial=Initial(-1, 9))
    shows(row(case), used_bytes=102, first_blocked_at=200)


def test_an_initial_session_begins_at_the_start_if_the_device_is_always_on() -> None:
    assert windows(one_sim(session=("always-on", 30), initial=Initial(-1, 0), horizon=130)) == [
        (0, 30, 0),
        (30, 130, 0),
    ]
    assert windows(one_sim((70, 1, 0, 0), session=("on-demand", 9), initial=Initial(-1, 0))) == [(70, 79, 1)]


@pytest.mark.parametrize(
    ("anchor", "ends"),
    [("activation-month", [26, 54, 85]), ("calendar-month", [17, 45, 76])],  # the 10th, the 1st of each month
)
def test_months_are_counted_from_the_start_of_the_running_period(anchor: str, ends: list[int]) -> None:
    case = one_sim(
        start=datetime(2026, 1, 15, tzinfo=UTC),
        horizon=57 * DAY,
        billing_period=anchor,
        session=("on-demand", 1),
        initial=Initial(-5 * DAY, 0),
    )
    assert [r["period_end"] // DAY for r in rows(case)] == ends


def test_a_period_before_the_start_that_runs_out_while_the_sim_is_inactive_has_no_successor() -> None:
    case = one_sim(initial=Initial(-200, 5), timeline=away(10, 400), billing_period=250, horizon=500)
    assert fees(case) == [(-200, 50, False), (400, 650, True)]
    assert [r["carried_bytes"] for r in rows(case)] == [5, 0]


@pytest.mark.parametrize(("burst", "owed"), [(249_999, [False, False]), (250_000, [False, True])])
def test_an_initial_ready_sim_is_ready_since_the_start(burst: int, owed: list[bool]) -> None:
    case = one_sim(
        (10, burst, 0, 0),
        initial=Initial(-200, 240_000),
        status="ready",
        limit=None,
        billing_period=250,
        horizon=300,
    )
    assert [r["fee_due"] for r in rows(case)] == owed


# ----------------------------------------------------------------------- records, events


def test_records_tell_their_period_their_session_and_each_ways_bytes() -> None:
    case = one_sim(
        (50, 1, 2, 0),
        (120, 0, 4, 0),
        more=(Transfers(((120, 8, 0, 0),), via_dns=True),),
        dns=Dns(16, 32, 0, "public"),
        limit=None,
        session=("on-demand", 40),
        billing_period=130,
        horizon=240,
    )
    assert Walk(case).run().records == [
        UsageRecord(0, 0, 50, 90, 17, 34, 48),
        UsageRecord(0, 1, 120, 130, 24, 36, 56),
        UsageRecord(1, 1, 130, 160, 0, 0, 0),
    ]


def test_sessions_are_numbered_as_they_open() -> None:
    # The session that opens and ends at 0 makes no record.
    case = one_sim(timeline=away(0, 50), horizon=150)
    assert [record[:4] for record in Walk(case).run().records] == [(0, 1, 50, 100), (0, 1, 100, 150)]


def test_events_of_one_instant_come_in_the_order_of_the_steps() -> None:
    # Blocked at 100 by 11 > 10; 2 bytes of a tunnel at 150. 200: raised to 12, 11 <= 12 unblocks; 13 > 12 blocks.
    case = one_sim((50, 11, 0, 0), more=(Transfers(((150, 2, 0, 0),), via_dns=True),), updates=((200, 12),))
    assert Walk(case).run().events == [
        (100, 0, "block", 10, "record"),
        (200, 0, "limit", 12, "update"),
        (200, 0, "unblock", 12, "refresh"),
        (200, 0, "block", 12, "record"),
    ]


def test_the_unblock_at_a_boundary_belongs_to_the_period_that_ends() -> None:
    case = one_sim((50, 11, 0, 0), billing_period=250, updates=((250, None),), horizon=300)
    assert Walk(case).run().events == [
        (100, 0, "block", 10, "record"),
        (250, 0, "unblock", 10, "period"),
        (250, 1, "limit", None, "update"),
    ]


@pytest.mark.parametrize(
    ("changes", "happens"),
    [
        # Statuses come before moves and limits; what is pending came before them.
        ({"updates": ((300, 8),), "timeline": away(100, 300)}, [(300, 8, "return")]),
        ({"timeline": (SetLimit(300, 8, 1), Move(300, 1))}, [(300, 8, "move")]),
        ({"updates": ((250, 8),), "timeline": away(100, 300), "propagation_ms": 50}, [(300, 8, "update")]),
        ({"activation": 300, "timeline": away(300, 300)}, [(300, 10, "activation")]),
    ],
)
def test_a_limit_took_effect_for_what_asked_first_for_its_refresh(
    changes: dict[str, Any], happens: list[tuple[int, int, str]]
) -> None:
    found = Walk(one_sim(others=(5,), **changes)).run().events
    assert [(event.time, event.limit, event.cause) for event in found] == happens


def test_a_refresh_that_reads_what_the_cache_holds_is_no_event() -> None:
    assert events(one_sim(updates=((200, 10), (300, 9), (300, 10)))) == []
    assert events(one_sim(timeline=away(100, 200))) == []


@pytest.mark.parametrize(("activation", "happens"), [(0, []), (200, [(200, "limit", 10)])])
def test_the_first_limit_of_a_sim_that_is_activated_after_the_start_takes_effect_then(
    activation: int, happens: list[tuple[int, str, int]]
) -> None:
    assert events(one_sim(activation=activation)) == happens
