"""Tables that the oracle must meet, each derived by hand from the model: metering, limits, periods, DNS, chains.

What each begins with is said in ``by_hand``. Statuses, moves, ``ready`` and ``initial`` have tables of their own.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from tests.oracle.by_hand import one_sim, row, rows, shows, windows
from tests.oracle.case import Dns, Reconnect, Stream, Transfers
from tests.oracle.oracle import Walk

# ---------------------------------------------------------------- metering and blocks


def test_usage_exactly_at_the_limit_is_not_more_than_the_limit() -> None:
    shows(row(one_sim((50, 4, 6, 0))), used_bytes=10, blocks=0, overage_bytes=0, blocked_ms=0)
    shows(
        row(one_sim((50, 5, 6, 0))),
        used_bytes=11,
        overage_bytes=1,
        causes=(1, 0, 0, 0),
        blocks=1,
        first_blocked_at=100,
        blocked_ms=900,
        complete=False,
        data_limit_bytes=10,
    )


def test_a_burst_exactly_on_a_records_end_belongs_to_the_next_record() -> None:
    case = one_sim((100, 11, 0, 0), horizon=250)
    assert windows(case) == [(0, 100, 0), (100, 200, 11), (200, 250, 0)]
    shows(row(case), first_blocked_at=200, blocked_ms=50)


def test_a_transfer_at_the_instant_of_the_block_is_lost() -> None:
    case = one_sim((50, 11, 0, 0), (100, 2, 3, 0))
    shows(row(case), offered_bytes=16, used_bytes=11, undelivered_bytes=5)


def test_a_running_transfer_moves_whole_bytes_each_way_and_is_cut_where_it_is() -> None:
    # Started at 90, 30 ms long: by 100 it has moved 7*10//30 = 2 up and 5*10//30 = 1 down.
    case = one_sim((90, 7, 5, 30), limit=None, horizon=200)
    assert windows(case) == [(0, 100, 3), (100, 200, 9)]
    # Started at 50, 200 ms long: by the block at 100 it has moved 100*50//200 = 25.
    shows(
        row(one_sim((50, 100, 0, 200))),
        offered_bytes=100,
        used_bytes=25,
        undelivered_bytes=75,
        causes=(15, 0, 0, 0),
        first_blocked_at=100,
    )


def test_bytes_are_enforcement_from_the_evaluation_until_the_block() -> None:
    # Record [0, 100) is evaluated at 120 (step 5) and blocks at 170 (step 6): traffic of 120 is step 7.
    case = one_sim(
        (50, 11, 0, 0),
        (110, 2, 0, 0),
        (120, 3, 0, 0),
        (169, 4, 0, 0),
        (170, 5, 0, 0),
        record_delay=20,
        enforcement_delay=50,
    )
    shows(
        row(case),
        used_bytes=20,
        causes=(3, 7, 0, 0),
        undelivered_bytes=5,
        blocks=1,
        first_blocked_at=170,
        blocked_ms=830,
    )


# -------------------------------------------------------------------- changed limits


def test_bytes_over_a_lowered_limit_that_has_not_arrived_are_propagation() -> None:
    # Lowered at 150 in step 2, before that instant's transfer; refreshed and blocked at 350, before its transfer.
    case = one_sim(
        (50, 10, 0, 0),
        (150, 5, 0, 0),
        (160, 3, 0, 0),
        (350, 4, 0, 0),
        limit=100,
        updates=((150, 10),),
        propagation_ms=200,
    )
    shows(
        row(case),
        used_bytes=18,
        causes=(0, 0, 8, 0),
        undelivered_bytes=4,
        first_blocked_at=350,
        blocked_ms=650,
        data_limit_bytes=10,
    )


def test_an_update_while_a_refresh_is_pending_draws_nothing_and_is_read_by_it() -> None:
    # The refresh of 100's update is due at 300 and counts as pending in step 2 of 300: it reads 20, 11 <= 20.
    drawn = []

    def propagation(at: int) -> int:
        drawn.append(at)
        return 200

    case = one_sim((50, 11, 0, 0), (300, 2, 0, 0), updates=((100, 5), (300, 15), (300, 20)), propagation=propagation)
    shows(row(case), used_bytes=13, causes=(1, 0, 0, 0), blocks=1, blocked_ms=200, data_limit_bytes=20)
    assert drawn == [100]


def test_after_a_cancelled_block_bytes_are_metering_again() -> None:
    # Pending at 100 for 200; cancelled at 150 (11 <= 12); byte 13 and 14 at 160 are metering; the record of 200
    # makes a new one for 300; byte 15 at 250 is enforcement.
    case = one_sim((50, 11, 0, 0), (160, 3, 0, 0), (250, 1, 0, 0), updates=((150, 12),), enforcement_delay=100)
    shows(row(case), used_bytes=15, causes=(3, 1, 0, 0), blocks=1, first_blocked_at=300, blocked_ms=700)


def test_unblocked_and_blocked_in_one_instant_is_a_new_block_with_a_new_chain() -> None:
    # 50: lookup 1 + 10 bytes; blocked at 100 (11 > 10). While blocked: 2 of the tunnel at 150, a lookup at 170.
    # 200: the refresh sees 11 <= 12 and unblocks, the record brings 14 > 12 and blocks. The chain of 100 (170, 240)
    # ends; the new one looks up at 270, 340, ..., 900: ten times, where the old one had eleven left.
    case = one_sim(
        (50, 10, 0, 0),
        more=(Transfers(((150, 2, 0, 0),), via_dns=True),),
        horizon=950,
        updates=((200, 12),),
        dns=Dns(1, 0, 0, "public"),
        reconnect=Reconnect(70, Fraction(1), 70),
    )
    shows(
        row(case),
        used_bytes=24,
        dns_bytes=14,
        causes=(1, 0, 0, 13),
        blocks=2,
        first_blocked_at=100,
        blocked_ms=850,
        offered_bytes=12,
    )


# ------------------------------------------------------------------- billing periods


def test_a_new_period_lifts_the_block_and_the_record_grid_goes_on() -> None:
    case = one_sim((50, 11, 0, 0), (250, 3, 0, 0), billing_period=250, horizon=400, updates=((250, 8),))
    first, second = rows(case)
    shows(first, period=0, period_start=0, period_end=250, complete=True, used_bytes=11, blocked_ms=150)
    shows(first, blocks=1, data_limit_bytes=10)
    shows(second, period=1, period_start=250, period_end=500, complete=False, used_bytes=3, blocks=0)
    shows(second, first_blocked_at=None, blocked_ms=0, overage_bytes=0, data_limit_bytes=8)
    assert windows(case) == [(0, 100, 11), (100, 200, 0), (200, 250, 0), (250, 300, 3), (300, 400, 0)]


def test_a_transfer_across_a_boundary_is_offered_whole_where_it_starts() -> None:
    case = one_sim((200, 10, 0, 100), billing_period=250, horizon=500)
    assert [(r["offered_bytes"], r["used_bytes"]) for r in rows(case)] == [(10, 5), (0, 5)]


@pytest.mark.parametrize(("record_delay", "blocks"), [(49, 1), (50, 0), (51, 0)])
def test_evaluations_due_at_a_boundary_or_after_it_are_dropped(record_delay: int, blocks: int) -> None:
    # The record [100, 200) with 11 bytes is due at 200 + record_delay; the period ends at 250.
    case = one_sim((150, 11, 0, 0), billing_period=250, record_delay=record_delay, horizon=500)
    assert [r["blocks"] for r in rows(case)] == [blocks, 0]


def test_a_pending_block_due_at_a_boundary_is_lifted_by_it() -> None:
    case = one_sim((150, 11, 0, 0), billing_period=250, enforcement_delay=50, horizon=500)
    assert [r["blocks"] for r in rows(case)] == [0, 0]


@pytest.mark.parametrize(
    ("billing_period", "ends"),
    [
        ("activation-month", ["2026-02-28 13:18:15", "2026-03-31 13:18:15", "2026-04-30 13:18:15"]),
        ("calendar-month", ["2026-02-01 00:00:00", "2026-03-01 00:00:00", "2026-04-01 00:00:00"]),
    ],
)
def test_months_are_counted_from_the_first_period_and_end_on_a_shorter_months_last_day(
    billing_period: str, ends: list[str]
) -> None:
    start, late = datetime(2026, 1, 31, 13, 18, 10, tzinfo=UTC), 5000
    day = 86_400_000
    last = 60 * day if billing_period == "activation-month" else 31 * day
    case = one_sim(
        start=start,
        horizon=last,
        activation=late,
        record_interval=day,
        session=("always-on", day),
        billing_period=billing_period,
    )
    found = [start + timedelta(milliseconds=r["period_end"]) for r in rows(case)]
    assert [end.strftime("%Y-%m-%d %H:%M:%S") for end in found] == ends
    assert rows(case)[0]["period_start"] == late
    assert [r["complete"] for r in rows(case)] == [True, True, False]


def test_nothing_happens_at_the_horizon_but_the_closing_of_what_is_open() -> None:
    # The record that closes at 100 would block; a period would start at 100; 5 of 10 bytes are still to move.
    case = one_sim((50, 11, 0, 0), (90, 10, 0, 20), horizon=100, billing_period=100)
    shows(row(case), complete=True, used_bytes=16, offered_bytes=21, undelivered_bytes=0, blocks=0, overage_bytes=6)
    assert windows(case) == [(0, 100, 16)]
    assert Walk(case).run().in_flight == 5


# --------------------------------------------------------- sessions, continuous traffic


@pytest.mark.parametrize(
    ("idle_timeout", "transfers", "records"),
    [
        # Activity at the instant at which a session ends belongs to a new one.
        (40, ((10, 1, 0, 0), (50, 1, 0, 0)), [(10, 50, 1), (50, 90, 1)]),
        (40, ((10, 1, 0, 0), (49, 1, 0, 0)), [(10, 89, 2)]),
        # The end and the grid's point coincide: one record.
        (100, ((10, 1, 0, 0),), [(10, 110, 1)]),
        # A running transfer is activity to its end, 10*100//150 = 6 bytes of it before the first record's end.
        (40, ((200, 10, 0, 150),), [(200, 300, 6), (300, 390, 4)]),
        # Size does not matter.
        (40, ((10, 0, 0, 0),), [(10, 50, 0)]),
    ],
)
def test_an_on_demand_session_lasts_until_its_idle_timeout(
    idle_timeout: int, transfers: tuple[tuple[int, int, int, int], ...], records: list[tuple[int, int, int]]
) -> None:
    assert windows(one_sim(*transfers, session=("on-demand", idle_timeout))) == records


def test_suspended_continuous_traffic_ends_the_session_and_opens_one_when_it_goes_on() -> None:
    # 100 B/s from 0: 20 bytes by the second record at 200, which blocks. Session ends at 200 + 40. The boundary at
    # 350 unblocks; the new session has its grid at 450, 550: 10 bytes are no block, 20 are.
    case = one_sim(more=(Stream(0, 600, 100, 0),), session=("on-demand", 40), billing_period=350, horizon=700)
    assert windows(case) == [(0, 100, 10), (100, 200, 10), (200, 240, 0), (350, 450, 10), (450, 550, 10),
                                 (550, 590, 0)]  # fmt: skip
    first, second = rows(case)
    shows(first, offered_bytes=35, used_bytes=20, undelivered_bytes=15, causes=(10, 0, 0, 0), blocked_ms=150)
    shows(second, offered_bytes=25, used_bytes=20, undelivered_bytes=5, causes=(10, 0, 0, 0), blocked_ms=150)


def test_before_activation_nothing_is_offered_and_no_update_concerns_the_cache() -> None:
    # The stream begins at 300: 1 byte a ms until 350. The limit set at 300 is read in step 3 of 300 and starts a
    # refresh of its own. Record [300, 400) holds 50 bytes and blocks at 400.
    drawn = []

    def propagation(at: int) -> int:
        drawn.append(at)
        return 500

    case = one_sim(
        (299, 7, 0, 0),
        more=(Stream(100, 350, 1000, 0),),
        activation=300,
        limit=1000,
        updates=((200, 500), (300, 30)),
        propagation=propagation,
    )
    shows(row(case), offered_bytes=50, used_bytes=50, causes=(20, 0, 0, 0), first_blocked_at=400, period_start=300)
    assert drawn == [300]


# ------------------------------------------------------------------ DNS, reconnecting


def test_a_lookup_is_due_when_the_last_one_is_at_least_a_lifetime_ago() -> None:
    transfers = ((10, 0, 0, 0), (10, 0, 0, 0), (109, 0, 0, 0), (110, 0, 0, 0), (209, 0, 0, 0))
    dns = Dns(1, 2, 100, "public")
    shows(row(one_sim(*transfers, dns=dns)), upload_bytes=2, download_bytes=4, dns_bytes=6, offered_bytes=0)
    shows(row(one_sim(*transfers, dns=dns._replace(cache_ttl=0), limit=99)), dns_bytes=15)


@pytest.mark.parametrize(
    ("rule", "resolver", "lookups", "tunnel"),
    [
        ("public", "public", 2, 5),
        ("public", "carrier", 1, 5),
        ("all", "carrier", 2, 5),
        ("none", "public", 1, 0),
    ],
)
def test_what_passes_while_blocked_is_the_platforms(rule: str, resolver: str, lookups: int, tunnel: int) -> None:
    # 10: a lookup of 3 and 4 bytes, 7 > 5 blocks at 100. 150: a transfer that is lost looks up again; 160: a tunnel.
    case = one_sim(
        (10, 4, 0, 0),
        (150, 9, 0, 0),
        more=(Transfers(((160, 5, 0, 0),), via_dns=True),),
        limit=5,
        dns=Dns(1, 2, 100, resolver),
        dns_when_blocked=rule,
    )
    shows(
        row(case),
        dns_bytes=3 * lookups + tunnel,
        used_bytes=4 + 3 * lookups + tunnel,
        causes=(2, 0, 0, 3 * lookups - 3 + tunnel),
        undelivered_bytes=9 + 5 - tunnel,
        offered_bytes=18,
    )


def test_dns_that_does_not_count_is_numbered_all_the_same() -> None:
    case = one_sim((10, 4, 0, 0), limit=5, dns=Dns(1, 2, 0, "public"), dns_counts=False)
    shows(row(case), used_bytes=7, dns_bytes=3, blocks=0, causes=(2, 0, 0, 0))


def test_a_chain_of_attempts_ends_with_the_first_that_finds_the_sim_unblocked() -> None:
    # Waits 10, 15, 22 (22.5), 33, 40 (49): attempts at 110, 125, 147, 180, 220. Unblocked at 200 by the refresh.
    case = one_sim(
        (50, 11, 0, 0),
        updates=((200, 100),),
        reconnect=Reconnect(10, Fraction("1.5"), 40, 5, 6),
        horizon=400,
    )
    assert windows(case) == [(0, 100, 11), (100, 200, 0), (200, 300, 11), (300, 400, 0)]
    shows(row(case), upload_bytes=16, download_bytes=6, dns_bytes=0, offered_bytes=11, blocked_ms=100)
    # Unblocked at 301, just after the attempt of 300: the next is due at 340, where the horizon is.
    later = one_sim(
        (50, 11, 0, 0),
        updates=((301, 100),),
        reconnect=Reconnect(10, Fraction("1.5"), 40, 5, 6),
        horizon=340,
    )
    shows(row(later), used_bytes=11)
