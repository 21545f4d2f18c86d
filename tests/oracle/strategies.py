"""Random cases for the comparison with the oracle, in which things happen at the same instant.

Nearly every time is drawn from one small grid (multiples of the record interval, from the start or from the
first record, and the instants one millisecond beside them), delays are 0 or multiples of the interval, and
limits are sums of the bytes on offer, so that ties and exact hits are common rather than rare.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import accumulate
from typing import Any

from hypothesis import strategies as st

from tests.oracle.case import Case, Dns, Reconnect, SetLimit, Stream, Transfers

DAY = 86_400_000
FACTORS = tuple(Fraction(text) for text in ("1", "2", "1.5", "1.1", "1.25", "3", "10"))
GROWING = tuple(Fraction(text) for text in ("2", "3", "10"))
# For horizons of months: last days of long months, a leap day, a first of a month, odd clock times.
DATES = (
    datetime(2026, 1, 31, tzinfo=UTC),
    datetime(2026, 1, 31, 13, 18, 15, tzinfo=UTC),
    datetime(2026, 1, 29, 23, 59, 59, 999_000, tzinfo=UTC),
    datetime(2024, 1, 30, tzinfo=UTC),
    datetime(2024, 2, 29, tzinfo=UTC),
    datetime(2026, 10, 31, tzinfo=UTC),
    datetime(2026, 12, 1, tzinfo=UTC),
)


def cases() -> st.SearchStrategy[Case]:
    """Cases that can be written as scenarios, small enough for thousands of them a minute."""
    mixed = _mixed(("any", "any", "any", "contest", "contest", "contest", "months"))
    return mixed | mixed | mixed | _knots()


def month_cases() -> st.SearchStrategy[Case]:
    """Cases of one to three months, with a record a day."""
    return _mixed(("months",))


@st.composite
def _mixed(draw: Any, kinds: tuple[str, ...]) -> Case:
    kind = draw(st.sampled_from(kinds))
    months, contest = kind == "months", kind == "contest"
    interval = DAY if months else draw(st.sampled_from((4, 10, 1000, 60_000, 360_000)))
    steps = draw(st.integers(28, 100) if months else st.integers(6, 14) if contest else st.integers(2, 40))
    horizon = steps * interval + draw(st.sampled_from((0, 0, 0, 1, -1)))
    record_interval = None if draw(st.integers(0, 11)) == 11 else interval
    first_record = draw(st.just(interval) | st.integers(1, interval))
    instants = _instants((0, 0, 0, first_record), interval, steps, horizon - 1)

    if draw(st.booleans()):
        idle_timeouts = (1, interval // 2, interval - 1, interval, interval, 2 * interval)
        session = ("on-demand", draw(st.sampled_from(idle_timeouts)))
    else:
        session = ("always-on", None if record_interval is None else first_record)

    scale = draw(st.sampled_from((1, 1, 1, 1_000_003)))  # also large numbers, with remainders
    items = tuple(draw(st.lists(_items(interval, horizon, scale, instants, contest), min_size=1, max_size=4)))
    limits = _limits(items, interval, scale)
    if contest:
        limit, updates = draw(_rising(instants, limits, scale) | _any_updates(instants, limits, 3))
    else:
        limit, updates = draw(st.tuples(limits, st.just(())) | _any_updates(instants, limits, 1))
    delays = st.sampled_from((0, 0, 0, interval, interval, 2 * interval, 1, interval - 1, interval // 2))
    dates = st.sampled_from(DATES) if months else _shortly_before_a_month(interval, steps)
    start = draw(dates)
    if contest:  # one period, so that only records and refreshes block and unblock
        billing_period: str | int = "activation-month"
        activation = 0
    else:
        billing_period = draw(_billing_periods(interval, steps, months))
        activation = draw(st.just(0) | st.just(0) | instants.map(lambda t: t // 4) | instants)
        if updates and draw(st.booleans()):
            activation = draw(st.sampled_from([at for at, _ in updates]))
    return Case(
        start=start,
        horizon=horizon,
        session=session,
        limit=limit,
        items=items,
        timeline=tuple(SetLimit(*update) for update in updates),
        record_interval=record_interval,
        record_delay=draw(delays),
        enforcement_delay=draw(delays),
        propagation_ms=draw(delays | st.integers(1, 5).map(lambda n: n * interval)),
        dns_when_blocked=draw(st.sampled_from(("public", "public", "all", "none"))),
        dns_counts=draw(st.booleans()),
        billing_period=billing_period,
        activation=activation,
        dns=draw(_dns(interval, scale) if contest else st.none() | _dns(interval, scale)),
        reconnect=draw(st.none() | _reconnects(interval, scale)),
    )


@st.composite
def _knots(draw: Any) -> Case:
    """A blocked SIM whose DNS climbs step by step past a limit that is raised step by step.

    Refreshes, records, evaluations and blocks fall on the same few instants: the SIM is unblocked and blocked
    again within one of them, a pending block is cancelled, a record waits while the limit changes.
    """
    interval = draw(st.sampled_from((4, 10, 360_000)))
    steps = draw(st.integers(6, 16))
    horizon = steps * interval
    offset = draw(st.sampled_from((0, interval // 2, 1)))
    use = st.sampled_from((1, 1, 2, 3))
    climb = tuple((n * interval + offset, draw(use), 0, 0) for n in range(min(steps, 12)))
    limit: int | None = draw(st.integers(0, 6))
    changes = sorted(draw(st.lists(st.tuples(st.integers(1, steps - 1), st.integers(-2, 6)), min_size=1, max_size=8)))
    heights = accumulate((n for _, n in changes), initial=limit)
    updates = tuple((n * interval, max(0, height)) for (n, _), height in zip(changes, list(heights)[1:], strict=True))
    instants = _instants((0,), interval, steps, horizon - 1)
    others = draw(st.lists(_items(interval, horizon, 1, instants, False), max_size=2))
    always_on = ("always-on", interval)
    return Case(
        start=datetime(2026, 1, 1, tzinfo=UTC),
        horizon=horizon,
        session=draw(st.sampled_from((always_on, always_on, ("on-demand", 1), ("on-demand", interval)))),
        limit=limit,
        items=(Transfers(climb, via_dns=True), *others),
        timeline=tuple(SetLimit(*update) for update in updates),
        record_interval=interval,
        record_delay=draw(st.sampled_from((0, 0, interval))),
        enforcement_delay=draw(st.sampled_from((0, 0, 0, interval, 2 * interval))),
        propagation_ms=draw(st.sampled_from((0, interval, 2 * interval))),
        dns_counts=draw(st.sampled_from((True, True, False))),
        dns=draw(st.none() | _dns(interval, 1)),
        reconnect=draw(st.none() | _reconnects(interval, 1)),
    )


def _instants(bases: tuple[int, ...], interval: int, steps: int, last: int) -> st.SearchStrategy[int]:
    """Points of the grid and their neighbours; the first few intervals are the busiest."""
    return st.builds(
        lambda base, n, beside: min(max(base + n * interval + beside, 0), last),
        st.sampled_from(bases),
        st.integers(0, min(steps, 8)) | st.integers(0, steps),
        st.sampled_from((0, 0, 0, 1, -1)),
    )


def _sizes(scale: int) -> st.SearchStrategy[int]:
    return st.sampled_from((0, 0, 1, 1, 2, 3, 5, 10)).map(lambda n: n * scale)


def _items(
    interval: int, horizon: int, scale: int, instants: st.SearchStrategy[int], dense: bool
) -> st.SearchStrategy[Transfers | Stream]:
    durations = st.sampled_from((0, 0, 0, 1, interval, interval, 2 * interval, interval - 1, 7 * interval + 1))
    via_dns = st.sampled_from((False, False, True))
    rows = st.tuples(instants, _sizes(scale), _sizes(scale), durations)
    transfers = st.builds(
        lambda rows, via: Transfers(tuple(sorted(rows, key=lambda row: row[0])), via),
        st.lists(rows, min_size=6 if dense else 1, max_size=12),
        via_dns,
    )
    per_interval = [n * scale * 1000 // interval for n in (1, 2, 3)]
    rates = st.sampled_from((0, 1, 7, 333, 1000, *per_interval))
    streams = st.builds(
        lambda begin, until, up, down, via: Stream(begin, max(until, begin + 1), up, down, via),
        instants,
        instants | st.just(horizon) | st.just(horizon + 1),
        rates,
        rates,
        via_dns,
    )
    return transfers | transfers | streams


def _limits(items: tuple[Transfers | Stream, ...], interval: int, scale: int) -> st.SearchStrategy[int | None]:
    """Sums of the first bytes on offer, one more, one less; small numbers; rarely unlimited."""
    offers = []
    for item in items:
        if isinstance(item, Transfers):
            offers += [(time, up + down) for time, up, down, _ in item.rows]
        else:
            rate = item.upload_rate + item.download_rate
            offers += [(item.begin + n * interval, rate * interval // 1000) for n in range(1, 4)]
    sums = sorted(set(accumulate(size for _, size in sorted(offers))))
    exact = st.builds(
        lambda total, beside: max(0, total + beside), st.sampled_from(sums), st.sampled_from((0, 0, -1, 1))
    )
    small = st.integers(0, 12).map(lambda n: n * scale)
    return exact | exact | small | st.sampled_from((0, 10 * scale, None))


Limits = tuple[int | None, tuple[tuple[int, int | None], ...]]


def _any_updates(
    instants: st.SearchStrategy[int], limits: st.SearchStrategy[int | None], least: int
) -> st.SearchStrategy[Limits]:
    """A first limit and updates that have nothing to do with each other, in any order."""
    return st.tuples(limits, st.lists(st.tuples(instants, limits), min_size=least, max_size=6).map(tuple))


def _rising(
    instants: st.SearchStrategy[int], limits: st.SearchStrategy[int | None], scale: int
) -> st.SearchStrategy[Limits]:
    """A limit that is raised by little, again and again: blocks are lifted, cancelled and come back."""
    steps = st.lists(
        st.tuples(instants, st.sampled_from((1, 1, 2, 3, 5, 10))),
        min_size=3,
        max_size=8,
        unique_by=lambda s: s[0],
    )

    def raised(first: int | None, changes: list[tuple[int, int]]) -> Limits:
        changes = sorted(changes)
        heights = accumulate((n * scale for _, n in changes), initial=first or 0)
        return first or 0, tuple((at, to) for (at, _), to in zip(changes, list(heights)[1:], strict=True))

    return st.builds(raised, limits, steps)


def _shortly_before_a_month(interval: int, steps: int) -> st.SearchStrategy[datetime]:
    month = datetime(2026, 2, 1, tzinfo=UTC)
    before = st.integers(0, steps + 2).map(lambda n: n * interval) | st.sampled_from((1, interval + 1))
    return before.map(lambda ms: month - timedelta(milliseconds=ms))


def _billing_periods(interval: int, steps: int, months: bool) -> st.SearchStrategy[str | int]:
    calendar = st.sampled_from(("activation-month", "calendar-month"))
    duration = st.builds(
        lambda n, beside: max(2, n * interval + beside),
        st.integers(1, 6) | st.integers(1, steps),
        st.sampled_from((0, 0, 0, 1, -1)),
    )
    return calendar if months else calendar | duration | duration


def _dns(interval: int, scale: int) -> st.SearchStrategy[Dns]:
    lifetimes = st.sampled_from((0, 0, 1, interval - 1, interval, interval + 1, 2 * interval))
    resolvers = st.sampled_from(("public", "public", "carrier"))
    return st.builds(Dns, _sizes(scale), _sizes(scale), lifetimes, resolvers)


def _reconnects(interval: int, scale: int) -> st.SearchStrategy[Reconnect]:
    """Chains of at most a few hundred attempts: a wait of 1 ms that does not grow needs a short grid."""
    least = max(1, interval // 8)
    handshakes = st.just((0, 0)) | st.tuples(_sizes(scale), _sizes(scale))
    steady = st.builds(
        lambda first, factor, more, handshake: Reconnect(first, factor, first + more, *handshake),
        st.sampled_from((least, interval // 2, interval, interval, 2 * interval)),
        st.sampled_from(FACTORS),
        st.sampled_from((0, 1, interval, 5 * interval)),
        handshakes,
    )
    steep = st.builds(
        lambda first, factor, most, handshake: Reconnect(first, factor, max(first, most), *handshake),
        st.integers(1, 3),
        st.sampled_from(GROWING),
        st.sampled_from((least, interval, 2 * interval)),
        handshakes,
    )
    return steady | steep
