"""A naive second reading of the model: one SIM, walked from instant to instant, nothing skipped.

It exists to be compared with the engines, so it shares nothing with them: nothing is imported from
``fleetsim``, and where an engine may be clever this file is literal. At each instant the bytes of running
traffic are moved first, under the state that held until then; then the seven steps of section 3 of the
model are taken in their order. Times are integer milliseconds since the scenario's start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

# Larger than any byte's number; an unlimited SIM is one whose limit is never reached.
UNLIMITED = 10**40


@dataclass(frozen=True)
class Transfers:
    """Transfers of one traffic item: (time, upload, download, duration), times ascending."""

    rows: tuple[tuple[int, int, int, int], ...]
    via_dns: bool = False


@dataclass(frozen=True)
class Stream:
    """Continuous traffic on [begin, until) in whole bytes per second."""

    begin: int
    until: int
    upload_rate: int
    download_rate: int
    via_dns: bool = False


class Dns(NamedTuple):
    query: int
    response: int
    cache_ttl: int
    resolver: str  # 'public' | 'carrier'


class Reconnect(NamedTuple):
    first: int
    factor: Fraction
    max: int
    handshake_up: int = 0
    handshake_down: int = 0


@dataclass(frozen=True)
class Case:
    """One SIM and everything that happens to it.

    ``session`` is ``('always-on', first_record)``, with ``None`` for ``first_record`` where there is no
    record interval, or ``('on-demand', idle_timeout)``. The delay of an update at T is ``propagation(T)``
    where that is given, else ``propagation_ms``. A limit of ``None`` is unlimited.
    """

    start: datetime
    horizon: int
    session: tuple[str, int | None]
    limit: int | None
    items: tuple[Transfers | Stream, ...] = ()
    updates: tuple[tuple[int, int | None], ...] = ()
    record_interval: int | None = 360_000
    record_delay: int = 0
    enforcement_delay: int = 0
    propagation_ms: int = 0
    propagation: Callable[[int], int] | None = None
    dns_when_blocked: str = "public"
    dns_counts: bool = True
    billing_period: str | int = "activation-month"
    activation: int = 0
    dns: Dns | None = None
    reconnect: Reconnect | None = None

    def delay(self, at: int) -> int:
        """Return the time from an update at ``at`` to the refresh that it starts."""
        return self.propagation_ms if self.propagation is None else self.propagation(at)


@dataclass
class Running:
    """A transfer in progress."""

    start: int
    upload: int
    download: int
    duration: int
    via_dns: bool

    def moved(self, t: int) -> tuple[int, int]:
        elapsed = t - self.start
        return self.upload * elapsed // self.duration, self.download * elapsed // self.duration


@dataclass
class Record:
    """The open usage record; ``counted`` leaves out DNS where the platform does."""

    start: int
    total: int = 0
    counted: int = 0


@dataclass
class Walk:
    """The state of the SIM, and the walk that changes it; ``rows`` and ``records`` are the outcome."""

    case: Case
    rows: list[dict[str, Any]] = field(default_factory=list)
    records: list[tuple[int, int, int]] = field(default_factory=list)
    moved_by_traffic: int = 0  # bytes of the items that moved: lookups and handshakes are not in it
    in_flight: int = 0  # what transfers had still to move at the horizon

    def __post_init__(self) -> None:
        case = self.case
        mode, wait = case.session
        if mode == "always-on":
            assert (wait is None) == (case.record_interval is None)
            assert wait is None or (case.record_interval is not None and 0 < wait <= case.record_interval)
        else:
            assert mode == "on-demand"
            assert wait is not None
            assert wait >= 1
        self.clock = 0  # bytes have moved up to here
        self.active = False
        self.fleet_limit = _number(case.limit)
        self.cached_limit = self.fleet_limit
        self.refresh_at: int | None = None
        self.period_end: int | None = None
        self.row: dict[str, Any] = {}
        self.recorded = 0  # usage of the current period's evaluated records
        self.due_records: list[tuple[int, int]] = []  # (instant of evaluation, counted bytes)
        self.blocked = False
        self.block_at: int | None = None  # when the pending block takes effect; None: none is pending
        self.session_open = False
        self.record: Record | None = None  # the open session's open record
        self.close_at: int | None = None  # the next point of the open session's record grid
        self.last_activity = 0
        self.last_lookup: int | None = None
        self.attempt_at: int | None = None
        self.attempt_wait = 0
        self.running: list[Running] = []

    # ---------------------------------------------------------------- the walk

    def run(self) -> Walk:
        """Walk over [0, horizon) and close what is open at the horizon."""
        horizon = self.case.horizon
        t: int | None = 0
        while t is not None and t < horizon:
            self.flow(t)
            self.step_1_boundary(t)
            self.step_2_owner(t)
            self.step_3_refresh(t)
            self.step_4_close(t)
            self.step_5_evaluate(t)
            self.step_6_block(t)
            self.step_7_traffic(t)
            t = min((c for c in self.candidates() if c is not None and c > t), default=None)
        if self.active:
            self.flow(horizon)
            self.close_record(horizon)
            self.finish_row()
            for transfer in self.running:
                up, down = transfer.moved(horizon)
                self.in_flight += transfer.upload + transfer.download - up - down
        return self

    def candidates(self) -> list[int | None]:
        """Return every instant known so far at which anything could happen, past ones included."""
        case = self.case
        instants: list[int | None] = [case.activation, self.period_end, self.refresh_at]
        instants += [self.block_at, self.attempt_at, self.close_at]
        instants += [at for at, _ in case.updates]
        instants += [due for due, _ in self.due_records]
        instants += [r.start + r.duration for r in self.running]
        for item in case.items:
            if isinstance(item, Transfers):
                instants += [row[0] for row in item.rows]
            else:
                instants += [item.begin, item.until]
        if self.session_open and case.session[0] == "on-demand" and not self.is_running(self.clock):
            instants.append(self.session_end())
        return instants

    def is_running(self, t: int) -> bool:
        """Say whether any traffic runs on from ``t``: while it does, no session ends."""
        return bool(self.running) or any(self.flows(s, t) for s in self.streams())

    def session_end(self) -> int:
        idle_timeout = self.case.session[1]
        assert idle_timeout is not None
        return self.last_activity + idle_timeout

    # ------------------------------------------------- bytes of running traffic

    def streams(self) -> list[Stream]:
        return [item for item in self.case.items if isinstance(item, Stream)]

    def stream_offers(self, stream: Stream, t: int) -> tuple[int, int]:
        """Return what the stream has offered by ``t``, counted from its own start, the file's."""
        elapsed = t - stream.begin
        return stream.upload_rate * elapsed // 1000, stream.download_rate * elapsed // 1000

    def is_on(self, stream: Stream, t: int) -> bool:
        return self.active and max(stream.begin, self.case.activation) <= t < stream.until

    def flows(self, stream: Stream, t: int) -> bool:
        return self.is_on(stream, t) and self.lets_through(stream.via_dns)

    def flow(self, t: int) -> None:
        """Move what runs from the last instant up to ``t``, under the state that has held since."""
        if self.is_running(self.clock):
            self.last_activity = t
        for stream in self.streams():
            if not self.is_on(stream, self.clock):
                continue
            before, after = self.stream_offers(stream, self.clock), self.stream_offers(stream, t)
            up, down = after[0] - before[0], after[1] - before[1]
            self.row["offered_bytes"] += up + down
            if self.flows(stream, self.clock):
                self.move(up, down, dns=stream.via_dns)
                self.moved_by_traffic += up + down
            else:
                self.row["undelivered_bytes"] += up + down
        for transfer in self.running:
            before, after = transfer.moved(self.clock), transfer.moved(t)
            up, down = after[0] - before[0], after[1] - before[1]
            self.move(up, down, dns=transfer.via_dns)
            self.moved_by_traffic += up + down
        self.running = [r for r in self.running if r.start + r.duration > t]
        if self.blocked:
            self.row["blocked_ms"] += t - self.clock
        self.clock = t

    def move(self, upload: int, download: int, *, dns: bool) -> None:
        """Number the bytes, give each byte that is over its cause, and put them into the open record."""
        total = upload + download
        if total == 0:
            return
        row, record = self.row, self.record
        assert record is not None, "bytes outside of a session"
        first, last = row["used_bytes"] + 1, row["used_bytes"] + total
        row["upload_bytes"] += upload
        row["download_bytes"] += download
        row["used_bytes"] += total
        row["dns_bytes"] += total if dns else 0
        record.total += total
        record.counted += total if not dns or self.case.dns_counts else 0
        over = range(max(first, self.fleet_limit + 1), last + 1)
        above_cache = range(max(first, self.fleet_limit + 1, self.cached_limit + 1), last + 1)
        row["overage_bytes"] += len(over)
        if self.blocked:
            row["overage_dns_bytes"] += len(over)
            return
        row["overage_propagation_bytes"] += len(over) - len(above_cache)
        found_out = self.block_at is not None
        row["overage_enforcement_bytes" if found_out else "overage_metering_bytes"] += len(above_cache)

    # ------------------------------------------------------------ periods, rows

    def start_period(self, number: int, start: int) -> None:
        self.period_end = self.end_of_period(number)
        self.row = {
            "period": number,
            "period_start": start,
            "period_end": self.period_end,
            "complete": self.period_end <= self.case.horizon,
            "data_limit_bytes": None,
            "offered_bytes": 0,
            "upload_bytes": 0,
            "download_bytes": 0,
            "used_bytes": 0,
            "dns_bytes": 0,
            "overage_bytes": 0,
            "overage_metering_bytes": 0,
            "overage_enforcement_bytes": 0,
            "overage_propagation_bytes": 0,
            "overage_dns_bytes": 0,
            "undelivered_bytes": 0,
            "blocks": 0,
            "first_blocked_at": None,
            "blocked_ms": 0,
        }

    def finish_row(self) -> None:
        self.row["data_limit_bytes"] = None if self.fleet_limit == UNLIMITED else self.fleet_limit
        self.rows.append(self.row)

    def end_of_period(self, number: int) -> int:
        case = self.case
        if isinstance(case.billing_period, int):
            return case.activation + (number + 1) * case.billing_period
        start = case.start.astimezone(UTC)
        first = start + timedelta(milliseconds=case.activation)
        if case.billing_period == "calendar-month":
            first = first.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        else:
            assert case.billing_period == "activation-month"
        return (_months_later(first, number + 1) - start) // timedelta(milliseconds=1)

    # --------------------------------------------------------- sessions, records

    def activity(self, t: int) -> None:
        """Note activity at ``t``; it opens a session where none is open."""
        self.last_activity = t
        if not self.session_open:
            interval = self.case.record_interval
            self.open_session(t, None if interval is None else t + interval)

    def open_session(self, t: int, first_close: int | None) -> None:
        self.session_open = True
        self.record = Record(t)
        self.close_at = first_close

    def close_record(self, t: int) -> None:
        """Close the open record at ``t``; one of zero length is not made. No record is open then."""
        record, self.record = self.record, None
        if record is not None and record.start < t:
            self.records.append((record.start, t, record.total))
            self.due_records.append((t + self.case.record_delay, record.counted))

    # ------------------------------------------------------------ what is enforced

    def evaluate(self, t: int) -> None:
        if self.recorded > self.cached_limit:
            if not self.blocked and self.block_at is None:
                self.block_at = t + self.case.enforcement_delay
        else:
            self.block_at = None
            self.blocked = False

    def dns_passes(self, resolver: str) -> bool:
        rule = self.case.dns_when_blocked
        return not self.blocked or rule == "all" or (rule == "public" and resolver == "public")

    def lets_through(self, via_dns: bool) -> bool:
        return not self.blocked or (via_dns and self.case.dns_when_blocked != "none")

    # ------------------------------------------------------------- the seven steps

    def step_1_boundary(self, t: int) -> None:
        if t != self.period_end:
            return
        self.close_record(t)
        self.due_records.clear()
        self.finish_row()
        self.start_period(self.row["period"] + 1, t)
        self.recorded = 0
        self.blocked = False
        self.block_at = None
        if self.session_open:
            self.record = Record(t)

    def step_2_owner(self, t: int) -> None:
        case = self.case
        if t == case.activation:
            self.active = True
            self.start_period(0, t)
            if t == 0:
                self.cached_limit = self.fleet_limit
            mode, first_record = case.session
            if mode == "always-on":
                self.open_session(t, None if first_record is None else t + first_record)
        for at, limit in case.updates:
            if at == t:
                self.fleet_limit = _number(limit)
                if self.active and self.refresh_at is None:
                    self.refresh_at = t + case.delay(t)

    def step_3_refresh(self, t: int) -> None:
        if t == self.refresh_at or t == self.case.activation > 0:
            self.cached_limit = self.fleet_limit
            if t == self.refresh_at:
                self.refresh_at = None
            self.evaluate(t)

    def step_4_close(self, t: int) -> None:
        if not self.session_open:
            return
        if self.case.session[0] == "on-demand" and self.session_end() == t:
            self.close_record(t)
            self.session_open = False
            self.close_at = None
        elif self.close_at == t:
            assert self.case.record_interval is not None
            self.close_record(t)
            self.record = Record(t)
            self.close_at = t + self.case.record_interval

    def step_5_evaluate(self, t: int) -> None:
        for due, counted in self.due_records:
            if due == t:
                self.recorded += counted
                self.evaluate(t)
        self.due_records = [(due, counted) for due, counted in self.due_records if due > t]

    def step_6_block(self, t: int) -> None:
        if t != self.block_at:
            return
        self.block_at = None
        self.blocked = True
        self.row["blocks"] += 1
        if self.row["first_blocked_at"] is None:
            self.row["first_blocked_at"] = t
        for transfer in self.running:
            if not self.lets_through(transfer.via_dns):
                up, down = transfer.moved(t)
                self.row["undelivered_bytes"] += transfer.upload + transfer.download - up - down
        self.running = [r for r in self.running if self.lets_through(r.via_dns)]
        if self.case.reconnect is not None:
            self.attempt_wait = self.case.reconnect.first
            self.attempt_at = t + self.attempt_wait

    def step_7_traffic(self, t: int) -> None:
        if not self.active:
            return
        if t == self.attempt_at:
            self.attempt(t)
        for item in self.case.items:
            if isinstance(item, Stream):
                if self.flows(item, t):
                    self.activity(t)
            else:
                for time, upload, download, duration in item.rows:
                    if time == t:
                        self.start_transfer(Running(t, upload, download, duration, item.via_dns))

    def attempt(self, t: int) -> None:
        reconnect = self.case.reconnect
        assert reconnect is not None
        self.look_up(t)
        if self.blocked:
            self.attempt_wait = min(reconnect.max, int(self.attempt_wait * reconnect.factor // 1))
            self.attempt_at = t + self.attempt_wait
            return
        self.attempt_at = None
        if reconnect.handshake_up + reconnect.handshake_down > 0:
            self.activity(t)
            self.move(reconnect.handshake_up, reconnect.handshake_down, dns=False)

    def look_up(self, t: int) -> None:
        dns = self.case.dns
        if dns is None:
            return
        due = self.last_lookup is None or t - self.last_lookup >= dns.cache_ttl
        if due and self.dns_passes(dns.resolver):
            self.last_lookup = t
            self.activity(t)
            self.move(dns.query, dns.response, dns=True)

    def start_transfer(self, transfer: Running) -> None:
        t, total = transfer.start, transfer.upload + transfer.download
        self.row["offered_bytes"] += total
        if not transfer.via_dns:
            self.look_up(t)
        if not self.lets_through(transfer.via_dns):
            self.row["undelivered_bytes"] += total
            return
        self.activity(t)
        if transfer.duration > 0:
            self.running.append(transfer)
        else:
            self.move(transfer.upload, transfer.download, dns=transfer.via_dns)
            self.moved_by_traffic += total


def simulate(case: Case) -> tuple[list[dict[str, Any]], list[tuple[int, int, int]]]:
    """Walk one SIM through its horizon.

    Returns
    -------
    rows
        One dict per billing period that starts before the horizon.
    records
        ``(start, end, bytes)`` of every usage record made, the one closed by the horizon included.
    """
    walk = Walk(case).run()
    return walk.rows, walk.records


def _number(limit: int | None) -> int:
    return UNLIMITED if limit is None else limit


def _months_later(moment: datetime, months: int) -> datetime:
    """Return the same clock time so many months later, on the last day of a shorter month."""
    year, month0 = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    first_of_next = datetime(year + (month0 + 1) // 12, (month0 + 1) % 12 + 1, 1, tzinfo=UTC)
    last_day = (first_of_next - timedelta(days=1)).day
    return moment.replace(year=year, month=month0 + 1, day=min(moment.day, last_day))
