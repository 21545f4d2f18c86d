"""SIMs that are ready: no fee until 250,000 bytes or three calendar months (model, section 8, settled: statuses).

Periods of 10 minutes, the horizon at 30:00, a limit of 1 MB that nothing reaches, unless a test says otherwise. Times
in comments are minutes:seconds. The fees of the three rows tell when a SIM turned active.
"""

from __future__ import annotations

import pytest

from tests.micro.lifecycle import (
    DAY,
    TRACE,
    bursts,
    bursts_of_sims,
    limit_set,
    line,
    off,
    on,
    scenario,
    sims_file,
    told,
)
from tests.micro.one_sim import trace as both_ways

READY = ("status: ready",)
ENDS = (0, 600_000, 1_200_000, 1_800_000)
MB = 1_000_000


def ready(**keys):
    return scenario(**{"limit": "1 MB", "period": "10 min", "group": READY} | keys)


def three(used, fees, **last):
    """The rows of three periods that moved `used` bytes each, all offered and uploaded."""
    return [
        line(i, ENDS[i], ENDS[i + 1], True, limit=MB, offered=used[i], used=used[i], fee=fees[i], **last)
        for i in range(3)
    ]


NEVER = (False, False, False)
FROM_FIRST = (True, True, True)
FROM_SECOND = (False, True, True)


# ---- 250,000 bytes


def test_a_ready_sim_owes_no_fee_and_its_data_is_charged(simulate):
    # 249,999 bytes at 1:00. At 0.10 a MB: (249999 * 100000 + 500000) // 1000000 = 25,000 micro-units.
    rows = simulate(ready(), trace_csv=bursts((60_000, 249_999)))
    assert told(rows) == three((249_999, 0, 0), NEVER)
    assert [(row["fee_micros"], row["usage_cost_micros"], row["cost_micros"]) for row in rows] == [
        (0, 25_000, 25_000),
        (0, 0, 0),
        (0, 0, 0),
    ]


def test_an_active_sim_owes_its_fee(simulate):
    rows = simulate(ready(group=()), trace_csv=bursts((60_000, 249_999)))
    assert told(rows) == three((249_999, 0, 0), FROM_FIRST)
    assert [row["fee_micros"] for row in rows] == [2_000_000] * 3


@pytest.mark.parametrize(
    ("at", "used", "fees"),
    [
        (60_000, (250_000, 0, 0), FROM_FIRST),
        (599_998, (250_000, 0, 0), FROM_FIRST),
        (599_999, (250_000, 0, 0), FROM_SECOND),
        (600_000, (0, 250_000, 0), FROM_SECOND),
        (1_799_998, (0, 0, 250_000), (False, False, True)),
        (1_799_999, (0, 0, 250_000), NEVER),
    ],
    ids=[
        "inside a period",
        "active in the period's last millisecond",
        "active at the boundary: after it",
        "at the boundary",
        "active in the last millisecond before the horizon",
        "nothing turns active at the horizon",
    ],
)
def test_a_burst_turns_it_active_a_millisecond_later(simulate, at, used, fees):
    assert told(simulate(ready(), trace_csv=bursts((at, 250_000)))) == three(used, fees)


@pytest.mark.parametrize(("last", "fees"), [(50_000, FROM_SECOND), (49_999, NEVER)])
def test_all_bytes_since_it_became_ready_count_across_periods(simulate, last, fees):
    rows = simulate(ready(), trace_csv=bursts((60_000, 200_000), (720_000, last)))
    assert told(rows) == three((200_000, last, 0), fees)


@pytest.mark.parametrize(
    ("duration", "fees"),
    [(600_000, FROM_SECOND), (599_999, FROM_FIRST)],
    ids=["complete at the boundary", "complete a millisecond before"],
)
def test_the_last_byte_of_running_transfers_lies_before_the_instant_at_which_it_is_complete(simulate, duration, fees):
    # 250,000 bytes from 0 on; those complete at 10:00 moved in period 0, and the SIM turns active in step 2 of 10:00.
    assert told(simulate(ready(), trace_csv=bursts((0, 250_000, duration)))) == three((250_000, 0, 0), fees)


@pytest.mark.parametrize(
    ("duration", "parts", "fees"),
    [(1_200_000, (250_000, 250_000, 0), FROM_SECOND), (1_199_998, (250_000, 250_000, 0), FROM_FIRST)],
)
def test_the_bytes_of_a_transfer_count_as_they_move(simulate, duration, parts, fees):
    # 500,000 bytes over 20 minutes: half of them by 10:00. Over 1,199,998 ms: 500000 * 599999 // 1199998 = 250,000
    # by 9:59.999; by 10:00 500000 * 600000 // 1199998 = 250,000 still.
    rows = simulate(ready(), trace_csv=bursts((0, 500_000, duration)))
    expected = three(parts, fees)
    expected[0]["offered"], expected[1]["offered"] = 500_000, 0
    assert told(rows) == expected


@pytest.mark.parametrize(("period", "fee"), [(500_000, False), (500_001, True)])
def test_the_bytes_of_a_stream_count_as_they_move(simulate, period, fee):
    # 500 bytes a second for 10 minutes: the 250,000th is complete at 500 s, the end of a period of 500 s and the last
    # millisecond of one of 500.001 s (500 * 500001 // 1000 = 250,000). The other 50,000 move in period 1.
    flow = "{f: {arrivals: {process: continuous, from: 0 s, until: 10 min}, upload: 500 B/s}}"
    rows = simulate(ready(traffic=flow, period=f"{period} ms", duration="1000 s"))
    assert told(rows) == [
        line(0, 0, period, True, limit=MB, offered=250_000, used=250_000, fee=fee),
        line(1, period, 2 * period, period == 500_000, limit=MB, offered=50_000, used=50_000),
    ]


def test_upload_and_download_count_together(simulate):
    rows = simulate(ready(), trace_csv=both_ways((599_998, 125_000, 125_000, 0)))
    expected = three((250_000, 0, 0), FROM_FIRST)
    expected[0] |= {"up": 125_000, "down": 125_000}
    assert told(rows) == expected
    rows = simulate(ready(), trace_csv=both_ways((599_998, 125_000, 124_999, 0)))
    assert [row["fee_due"] for row in rows] == list(NEVER)


@pytest.mark.parametrize(("size", "fees"), [(249_780, FROM_FIRST), (249_779, NEVER)])
@pytest.mark.parametrize("counts", ["true", "false"])
def test_lookups_count_whatever_dns_counts_says(simulate, size, fees, counts):
    # A lookup of 70 + 150 before the transfer.
    group = (*READY, "dns: {query: 70 B, response: 150 B, cache_ttl: 1 h}")
    rows = simulate(ready(group=group, platform=f", dns_counts: {counts}"), trace_csv=bursts((60_000, size)))
    expected = three((size + 220, 0, 0), fees)
    expected[0] |= {"offered": size, "up": size + 70, "down": 150, "dns": 220}
    assert told(rows) == expected


@pytest.mark.parametrize(("upload", "fees"), [("49900 B", FROM_SECOND), ("49899 B", NEVER)])
def test_handshakes_count(simulate, upload, fees):
    # Limit 100 kB. 200,000 at 1:00, blocked at 6:00, attempts at 7:00 and 11:00; the boundary unblocks, and that of
    # 11:00 moves a handshake of `upload` + 100: 250,000 in all, or one less.
    reconnect = "reconnect: {first: 1 min, factor: 4, max: 1 h}"
    group = (*READY, f"when_blocked: {{{reconnect}, handshake: {{upload: {upload}, download: 100 B}}}}")
    rows = simulate(ready(limit="100 kB", group=group), trace_csv=bursts((60_000, 200_000)))
    size = int(upload.split()[0]) + 100
    expected = [row | {"limit": 100_000} for row in three((200_000, size, 0), fees)]
    expected[0] |= {"metering": 100_000, "over": 100_000, "blocks": 1, "first_blocked": 360_000, "blocked_ms": 240_000}
    expected[1] |= {"offered": 0, "up": size - 100, "down": 100}
    assert told(rows) == expected


def test_bytes_count_from_a_later_activation_on_in_the_same_way(simulate):
    # Ready from 5:00: 250,000 at 14:59.999, the last millisecond of its period.
    text = ready(group=(*READY, "activation: {at: 5 min, over: 0 s}"))
    rows = simulate(text, trace_csv=bursts((299_999, 250_000), (899_999, 250_000)))
    assert told(rows) == [
        line(0, 300_000, 900_000, True, limit=MB, offered=250_000, used=250_000, fee=False),
        line(1, 900_000, 1_500_000, True, limit=MB),
        line(2, 1_500_000, 2_100_000, False, limit=MB),
    ]


def test_nothing_else_changes_when_it_turns_active(simulate):
    # The Fleet has 200,000 since 6:30, in the cache at 10:30. 250,000 at 7:00 turn the SIM active; 10 at 8:00 are
    # propagation too: no refresh. Record of 12:00: 250,010, blocked.
    text = ready(period="30 min", timeline=(limit_set("390 s", "200 kB"),))
    rows = simulate(text, trace_csv=bursts((420_000, 250_000), (480_000, 10)))
    assert told(rows) == [
        line(
            limit=200_000,
            offered=250_010,
            used=250_010,
            propagation=50_010,
            blocks=1,
            first_blocked=720_000,
            blocked_ms=1_080_000,
        )
    ]


def test_a_ready_sim_is_blocked_like_an_active_one(simulate):
    rows = simulate(scenario(group=READY), trace_csv=bursts((60_000, 150), (420_000, 5)))
    assert told(rows) == [
        line(
            fee=False,
            offered=155,
            used=150,
            metering=50,
            undelivered=5,
            blocks=1,
            first_blocked=360_000,
            blocked_ms=1_440_000,
        )
    ]


# ---- three calendar months

SLOW = {
    "platform": ", record_interval: 1 day",
    "session": "{mode: always-on, first_record: 1 day}",
    "traffic": "{}",
}


def test_three_months_from_30_november_end_on_28_february(simulate):
    # 30 December, 30 January, 28 February, 30 March: 30, 61, 90 and 120 days after the start. On 28 February the
    # third period ends in step 1, and the SIM turns active in step 2.
    text = ready(**SLOW, period="activation-month", start="2025-11-30T12:00:00Z", duration="4 months")
    ends = (0, 30 * DAY, 61 * DAY, 90 * DAY, 120 * DAY)
    assert told(simulate(text)) == [
        line(i, ends[i], ends[i + 1], True, limit=MB, fee=fee) for i, fee in enumerate((False, False, False, True))
    ]


@pytest.mark.parametrize(
    ("start", "days"),
    [
        ("2025-11-30T12:00:00Z", 90),  # to 28 February
        ("2027-11-30T00:00:00Z", 91),  # to 29 February
        ("2025-08-31T00:00:00Z", 91),  # to 30 November
        ("2026-01-15T06:30:00Z", 90),  # to 15 April
        ("2026-05-31T00:00:00Z", 92),  # to 31 August
    ],
)
def test_three_months_are_calendar_months_at_the_same_clock_time(simulate, start, days):
    # A period that ends with them owes nothing; one that is a millisecond longer does.
    exact, longer = f"{days} days", f"{days * DAY + 1} ms"
    text = ready(**SLOW, period=exact, start=start, duration="100 days")
    assert told(simulate(text)) == [
        line(0, 0, days * DAY, True, limit=MB, fee=False),
        line(1, days * DAY, 2 * days * DAY, False, limit=MB),
    ]
    text = ready(**SLOW, period=longer, start=start, duration="100 days")
    assert told(simulate(text)) == [
        line(0, 0, days * DAY + 1, True, limit=MB),
        line(1, days * DAY + 1, 2 * (days * DAY + 1), False, limit=MB),
    ]


def test_three_months_count_from_the_activation(simulate):
    # Ready on 30 November, 10 days after the start: active 100 days after it.
    text = ready(
        **SLOW,
        period="90 days",
        start="2025-11-20T00:00:00Z",
        duration="101 days",
        group=(*READY, "activation: {at: 10 days, over: 0 s}"),
    )
    assert told(simulate(text)) == [
        line(0, 10 * DAY, 100 * DAY, True, limit=MB, fee=False),
        line(1, 100 * DAY, 190 * DAY, False, limit=MB),
    ]


# ---- set by the owner


@pytest.mark.parametrize(
    ("at", "fees"), [("599999 ms", FROM_FIRST), ("10 min", FROM_SECOND), ("1799999 ms", (False, False, True))]
)
def test_active_ends_ready(simulate, at, fees):
    assert told(simulate(ready(timeline=(on(at),)), trace_csv=bursts((60_000, 7)))) == three((7, 0, 0), fees)


def test_active_set_on_a_ready_sim_only_ends_ready(simulate):
    # 100 set at 7:00 arrives at 11:00, not at 8:00; 100 bytes over 100 s from 7:30 are not cut: propagation.
    text = scenario(limit="1000 B", group=READY, timeline=(limit_set("7 min", "100 B"), on("8 min")))
    rows = simulate(text, trace_csv=bursts((60_000, 150), (450_000, 100, 100_000)))
    assert told(rows) == [
        line(offered=250, used=250, propagation=100, blocks=1, first_blocked=660_000, blocked_ms=1_140_000)
    ]


def test_made_inactive_a_ready_sim_is_no_longer_ready_and_active_again_means_active(simulate):
    # Ready to 5:00; back at 15:00, in a new period, which owes its fee without a byte.
    text = ready(timeline=(off("5 min"), on("15 min")))
    assert told(simulate(text, trace_csv=bursts((60_000, 7)))) == [
        line(0, 0, 600_000, True, limit=MB, offered=7, used=7, fee=False),
        line(1, 900_000, 1_500_000, True, limit=MB),
        line(2, 1_500_000, 2_100_000, False, limit=MB),
    ]
    # Inside the running period, that one owes it.
    text = ready(timeline=(off("3 min"), on("4 min")))
    assert told(simulate(text, trace_csv=bursts((60_000, 7)))) == three((7, 0, 0), FROM_FIRST)


@pytest.mark.parametrize(
    ("entries", "fees"),
    [((off("5 min"), on("5 min")), FROM_FIRST), ((on("5 min"), off("5 min")), (False,))],
    ids=["inactive then active", "active then inactive"],
)
def test_two_statuses_at_one_instant_go_by_the_files_order(simulate, entries, fees):
    # The status after step 2 counts: active, or inactive.
    rows = simulate(ready(timeline=entries), trace_csv=bursts((60_000, 7)))
    assert told(rows) == three((7, 0, 0), (*fees, True, True))[: len(fees)]


@pytest.mark.parametrize(
    ("burst_at", "fee"), [(299_998, True), (299_999, False), (300_000, False)], ids=["before", "at once", "never"]
)
def test_the_bytes_of_a_sim_made_inactive_turn_it_active_only_before(simulate, burst_at, fee):
    # Inactive from 5:00. A burst at 4:59.998 turns it active at 4:59.999, one at 4:59.999 at 5:00, where the owner's
    # entry comes after that; one at 5:00 is not offered.
    rows = simulate(ready(timeline=(off("5 min"),)), trace_csv=bursts((burst_at, 250_000)))
    moved = 0 if burst_at == 300_000 else 250_000
    assert told(rows) == [line(0, 0, 600_000, True, limit=MB, offered=moved, used=moved, fee=fee)]


def test_three_months_do_not_turn_an_inactive_sim_active(simulate):
    # Ready for 10 days, inactive then; three months end inside its period of 120 days.
    text = ready(
        **SLOW, period="120 days", start="2025-11-30T00:00:00Z", duration="121 days", timeline=(off("10 days"),)
    )
    assert told(simulate(text)) == [line(0, 0, 120 * DAY, True, limit=MB, fee=False)]


@pytest.mark.parametrize(
    ("burst_at", "first", "second"),
    [
        (60_000, FROM_FIRST, FROM_SECOND),
        (599_999, FROM_SECOND, FROM_SECOND),
        (719_999, FROM_SECOND, FROM_SECOND),
        (720_000, FROM_SECOND, NEVER),
    ],
    ids=["a period before", "at the boundary before", "a millisecond before", "too late"],
)
def test_a_count_passes_over_a_sim_that_has_turned_active(simulate, burst_at, first, second):
    # SIM 0 turns active by its bytes. At 12:00 that comes before the owner's entries: `count: 1` changes SIM 1. A
    # burst at 12:00 itself finds SIM 0 made active by the entry, and SIM 1 stays ready.
    text = ready(count=2, timeline=(on("12 min", 1),))
    rows = simulate(text, trace_csv=bursts_of_sims((0, burst_at, 250_000)))
    assert [(row["sim"], row["fee_due"]) for row in rows] == [
        *((0, fee) for fee in first),
        *((1, fee) for fee in second),
    ]


def test_a_count_passes_over_a_sim_that_three_months_have_turned_active(simulate):
    # Both turn active on 28 February, 90 days after the start: an entry of day 89 changes SIM 0, one of day 90 none.
    for at, fees in (("89 days", [True, False]), ("90 days", [False, False])):
        text = ready(
            **SLOW, count=2, period="90 days", start="2025-11-30T00:00:00Z", duration="91 days", timeline=(on(at, 1),)
        )
        rows = simulate(text)
        assert [row["fee_due"] for row in rows if row["period"] == 0] == fees
        assert [row["fee_due"] for row in rows if row["period"] == 1] == [True, True]


# ---- ready, and a period that runs already


@pytest.mark.parametrize(("size", "fees"), [(100_000, (False,) * 4), (250_000, (False, True, True, True))])
def test_of_a_sim_with_a_running_period_only_what_moves_from_the_start_on_counts(simulate, size, fees):
    # 200,000 used since 5 minutes before the start. The first row owes no fee in any case.
    text = ready(group=(*READY, "initial: {file: sims.csv}"), traffic=TRACE)
    rows = simulate(text, sims_csv=sims_file("0,2025-12-31T23:55:00Z,200000,0"), trace_csv=bursts((60_000, size)))
    assert told(rows) == [
        line(0, -300_000, 300_000, False, limit=MB, carried=200_000, offered=size, used=size, fee=False),
        line(1, 300_000, 900_000, True, limit=MB, fee=fees[1]),
        line(2, 900_000, 1_500_000, True, limit=MB, fee=fees[2]),
        line(3, 1_500_000, 2_100_000, False, limit=MB, fee=fees[3]),
    ]
