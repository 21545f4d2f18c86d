"""A naive second reading of the model: one SIM, walked from instant to instant, nothing skipped.

It exists to be compared with the engines, so it shares nothing with them: nothing is imported from
``fleetsim``, and where an engine may be clever this file is literal. At each instant the bytes of running
traffic are moved first, under the state that held until then; then the seven steps of section 3 of the
model are taken in their order. Times are integer milliseconds since the scenario's start.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from tests.oracle.case import Case, Move, SetLimit, SetStatus, Stream, Transfers, months_later

# Larger than any byte's number; an unlimited SIM is one whose limit is never reached.
UNLIMITED = 10**40
# What the cache of a new SIM holds: no limit, so that the first one is a change.
NOTHING = -1
READY_BYTES = 250_000
READY_MONTHS = 3


class UsageRecord(NamedTuple):
    period: int
    session: int
    start: int
    end: int
    upload: int
    download: int
    dns: int


class Event(NamedTuple):
    """What happened to the SIM; ``limit`` is the one in its cache then, ``None`` where that is unlimited."""

    time: int
    period: int
    event: str  # 'block' | 'unblock' | 'limit'
    limit: int | None
    cause: str


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
class OpenRecord:
    """The open usage record; ``counted`` leaves out DNS where the platform does."""

    start: int
    upload: int = 0
    download: int = 0
    dns: int = 0
    counted: int = 0


@dataclass
class Walk:
    """The state of the SIM, and the walk that changes it; ``rows``, ``records`` and ``events`` are the outcome."""

    case: Case
    rows: list[dict[str, Any]] = field(default_factory=list)
    records: list[UsageRecord] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    instants: list[int] = field(default_factory=list)  # at which the walk stopped
    moved_by_traffic: int = 0  # bytes of the items that moved: lookups and handshakes are not in it
    in_flight: int = 0  # what transfers had still to move at the horizon

    def __post_init__(self) -> None:
        self.clock = 0  # bytes have moved up to here
        self.status = "new"
        self.ready_until = 0  # a ready SIM turns active then by itself
        self.ready_bytes = 0  # moved since it became ready
        self.fleet = 0
        self.fleet_limits = [_number(limit) for limit in (self.case.limit, *self.case.others)]
        self.cached_limit = NOTHING
        self.refresh_at: int | None = None
        self.refresh_cause = ""  # what started the pending refresh
        self.refresh_for: str | None = None  # the first that asks for the refresh in step 3 of this instant
        self.came_back = False  # in step 2 of this instant
        self.anchor = 0  # periods are counted from the one that began here ...
        self.anchor_number = 0  # ... and has this number
        self.period_end: int | None = None  # of the running period; None: there is none
        self.row: dict[str, Any] = {}
        self.recorded = 0  # usage of the current period's evaluated records
        self.due_records: list[tuple[int, int]] = []  # (instant of evaluation, counted bytes)
        self.blocked = False
        self.block_at: int | None = None  # when the pending block takes effect; None: none is pending
        self.block_cause = ""
        self.session = -1  # its number; sessions are numbered as they open
        self.session_open = False
        self.record: OpenRecord | None = None  # the open session's open record
        self.close_at: int | None = None  # the next point of the open session's record grid
        self.grid: int | None = None  # the first point of an always-on device's record grid
        self.last_activity = 0
        self.last_lookup: int | None = None
        self.attempt_at: int | None = None
        self.attempt_wait = 0
        self.running: list[Running] = []

    @property
    def in_service(self) -> bool:
        """Say whether the SIM's status lets it move data."""
        return self.status in ("ready", "active")

    @property
    def fleet_limit(self) -> int:
        return self.fleet_limits[self.fleet]

    # ---------------------------------------------------------------- the walk

    def run(self) -> Walk:
        """Walk over [0, horizon) and close what is open at the horizon."""
        horizon = self.case.horizon
        t = 0
        while t < horizon:
            self.instants.append(t)
            self.flow(t)
            self.step_1_boundary(t)
            self.step_2_owner(t)
            self.step_3_refresh(t)
            self.step_4_close(t)
            self.step_5_evaluate(t)
            self.step_6_block(t)
            self.step_7_traffic(t)
            t = self.next_instant()
        self.flow(horizon)
        self.close_record(horizon)
        if self.period_end is not None:
            self.finish_row()
        for transfer in self.running:
            up, down = transfer.moved(horizon)
            self.in_flight += transfer.upload + transfer.download - up - down
        return self

    def next_instant(self) -> int:
        """Return the first instant after this one at which anything could happen, the horizon at the latest."""
        later = [t for t in self.candidates() if t is not None and t > self.clock]
        t = min([*later, self.case.horizon])
        if self.status == "ready" and self.has_moved_enough(t):
            t = self.clock + 1 + bisect_left(range(self.clock + 1, t), True, key=self.has_moved_enough)
        return t

    def candidates(self) -> list[int | None]:
        """Return every instant known so far at which anything could happen, past ones included."""
        case = self.case
        instants: list[int | None] = [case.activation, self.period_end, self.refresh_at]
        instants += [self.block_at, self.attempt_at, self.close_at, self.ready_until]
        instants += [entry.at for entry in case.timeline]
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

    def has_moved_enough(self, t: int) -> bool:
        """Say whether a ready SIM has moved before ``t`` what makes it active, if nothing changes until then."""
        return self.ready_bytes + sum(up + down for up, down, _ in self.moved_by(t)) >= READY_BYTES

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
        """Return what the stream offers from the last instant up to ``t``, counted from its own start, the file's."""
        before, after = self.clock - stream.begin, t - stream.begin
        return (
            stream.upload_rate * after // 1000 - stream.upload_rate * before // 1000,
            stream.download_rate * after // 1000 - stream.download_rate * before // 1000,
        )

    def is_on(self, stream: Stream, t: int) -> bool:
        return self.in_service and stream.begin <= t < stream.until

    def flows(self, stream: Stream, t: int) -> bool:
        return self.is_on(stream, t) and self.lets_through(stream.via_dns)

    def moved_by(self, t: int) -> list[tuple[int, int, bool]]:
        """Return (upload, download, via DNS) of what moves from the last instant up to ``t``, as things are now."""
        moved = []
        for stream in self.streams():
            if self.flows(stream, self.clock):
                moved.append((*self.stream_offers(stream, t), stream.via_dns))
        for transfer in self.running:
            before, after = transfer.moved(self.clock), transfer.moved(t)
            moved.append((after[0] - before[0], after[1] - before[1], transfer.via_dns))
        return moved

    def flow(self, t: int) -> None:
        """Move what runs from the last instant up to ``t``, under the state that has held since."""
        if self.is_running(self.clock):
            self.last_activity = t
        for stream in self.streams():
            if self.is_on(stream, self.clock):
                offered = sum(self.stream_offers(stream, t))
                self.row["offered_bytes"] += offered
                if not self.flows(stream, self.clock):
                    self.row["undelivered_bytes"] += offered
        for up, down, via_dns in self.moved_by(t):
            self.move(up, down, dns=via_dns)
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
        moved_before = row["carried_bytes"] + row["used_bytes"]
        first, last = moved_before + 1, moved_before + total
        row["upload_bytes"] += upload
        row["download_bytes"] += download
        row["used_bytes"] += total
        row["dns_bytes"] += total if dns else 0
        record.upload += upload
        record.download += download
        record.dns += total if dns else 0
        record.counted += total if not dns or self.case.dns_counts else 0
        self.ready_bytes += total
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

    def start_first_period(self, start: int) -> None:
        """Start a period that those after it are counted from; its number follows the last one's."""
        self.anchor = start
        self.anchor_number = len(self.rows)
        self.start_period(start)

    def start_period(self, start: int) -> None:
        number = len(self.rows)
        self.period_end = self.case.period_end(self.anchor, number - self.anchor_number)
        self.row = {
            "period": number,
            "fleet": None,
            "period_start": start,
            "period_end": self.period_end,
            "complete": start >= 0 and self.period_end <= self.case.horizon,
            "data_limit_bytes": None,
            "carried_bytes": 0,
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
            "fee_due": False,
        }

    def finish_row(self) -> None:
        self.row["fleet"] = self.fleet
        self.row["data_limit_bytes"] = _limit(self.fleet_limit)
        self.rows.append(self.row)

    def note(self, t: int, event: str, cause: str) -> None:
        self.events.append(Event(t, self.row["period"], event, _limit(self.cached_limit), cause))

    # --------------------------------------------------------- sessions, records

    def activity(self, t: int) -> None:
        """Note activity at ``t``; it opens a session where none is open."""
        self.last_activity = t
        if not self.session_open:
            interval = self.case.record_interval
            self.open_session(t, None if interval is None else t + interval)

    def open_always_on_session(self, t: int) -> None:
        """Open the session of a device that is always on; the first point of its grid after ``t`` closes a record."""
        close_at = self.grid
        while close_at is not None and close_at <= t:
            assert self.case.record_interval is not None
            close_at += self.case.record_interval
        self.open_session(t, close_at)

    def open_session(self, t: int, first_close: int | None) -> None:
        self.session += 1
        self.session_open = True
        self.record = OpenRecord(t)
        self.close_at = first_close

    def end_session(self, t: int) -> None:
        self.close_record(t)
        self.session_open = False
        self.close_at = None

    def close_record(self, t: int) -> None:
        """Close the open record at ``t``; one of zero length is not made. No record is open then."""
        record, self.record = self.record, None
        if record is not None and record.start < t:
            moved = (record.upload, record.download, record.dns)
            self.records.append(UsageRecord(self.row["period"], self.session, record.start, t, *moved))
            self.due_records.append((t + self.case.record_delay, record.counted))

    # ------------------------------------------------------------ what is enforced

    def evaluate(self, t: int, cause: str) -> None:
        if self.recorded > self.cached_limit:
            if not self.blocked and self.block_at is None:
                self.block_at = t + self.case.enforcement_delay
                self.block_cause = cause
        else:
            self.block_at = None
            self.unblock(t, cause)

    def unblock(self, t: int, cause: str) -> None:
        if self.blocked:
            self.blocked = False
            self.note(t, "unblock", cause)

    def cut(self, t: int, transfers: list[Running]) -> None:
        """End transfers in progress at ``t``: what they have not moved is undelivered."""
        for transfer in transfers:
            up, down = transfer.moved(t)
            self.row["undelivered_bytes"] += transfer.upload + transfer.download - up - down
        self.running = [r for r in self.running if r not in transfers]

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
        self.unblock(t, "period")
        self.block_at = None
        self.finish_row()
        self.recorded = 0
        if self.in_service:
            self.start_period(t)
        else:
            self.period_end = None
        if self.session_open:
            self.record = OpenRecord(t)

    def step_2_owner(self, t: int) -> None:
        self.refresh_for = self.refresh_cause if t == self.refresh_at else None
        self.came_back = False
        if t == self.case.activation:
            self.leave_new(t)
        if self.status == "ready" and (self.ready_bytes >= READY_BYTES or t >= self.ready_until):
            self.status = "active"
        entries = [entry for entry in self.case.timeline if entry.at == t]
        for entry in entries:
            if isinstance(entry, SetStatus):
                self.set_status(t, entry.status)
        for entry in entries:
            if isinstance(entry, Move) and entry.to != self.fleet:
                self.fleet = entry.to
                self.start_refresh(t, "move")
        for entry in entries:
            if isinstance(entry, SetLimit):
                self.fleet_limits[entry.fleet] = _number(entry.limit)
                if entry.fleet == self.fleet:
                    self.start_refresh(t, "update")
        paid_before = self.case.initial is not None and not self.rows
        if self.status == "active" and not paid_before:
            self.row["fee_due"] = True

    def leave_new(self, t: int) -> None:
        case = self.case
        self.status = case.status
        self.ready_until = case.since_start(months_later(case.start + timedelta(milliseconds=t), READY_MONTHS))
        if case.initial is None:
            self.start_first_period(t)
        else:
            self.start_first_period(case.initial.period_start)
            used, blocked = case.initial.used, case.initial.blocked
            self.row["carried_bytes"] = self.recorded = used
            if blocked or (blocked is None and used > self.fleet_limit):
                self.block_at = 0
                self.block_cause = "initial"
        if t == 0:
            self.cached_limit = self.fleet_limit
        else:
            self.ask_for_refresh("activation")
        mode, first_record = case.session
        if mode == "always-on":
            self.grid = None if first_record is None else t + first_record
            self.open_always_on_session(t)

    def set_status(self, t: int, status: str) -> None:
        if status == self.status:
            return
        if status == "inactive":
            self.status = "inactive"
            self.cut(t, self.running)
            self.end_session(t)
            self.last_lookup = None
            self.attempt_at = None
        elif self.status == "ready":
            self.status = "active"
        else:
            self.status = "active"
            if self.period_end is None:
                self.start_first_period(t)
            self.ask_for_refresh("return")
            self.came_back = True
            if self.case.session[0] == "always-on":
                self.open_always_on_session(t)

    def start_refresh(self, t: int, cause: str) -> None:
        if self.status != "new" and self.refresh_at is None:
            self.refresh_at = t + self.case.delay(t)
            self.refresh_cause = cause
            if self.refresh_at == t:
                self.ask_for_refresh(cause)

    def ask_for_refresh(self, cause: str) -> None:
        if self.refresh_for is None:
            self.refresh_for = cause

    def step_3_refresh(self, t: int) -> None:
        if self.refresh_for is None:
            return
        if t == self.refresh_at:
            self.refresh_at = None
        if self.cached_limit != self.fleet_limit:
            self.cached_limit = self.fleet_limit
            self.note(t, "limit", self.refresh_for)
        self.evaluate(t, "refresh")

    def step_4_close(self, t: int) -> None:
        if not self.session_open:
            return
        if self.case.session[0] == "on-demand" and self.session_end() == t:
            self.end_session(t)
        elif self.close_at == t:
            assert self.case.record_interval is not None
            self.close_record(t)
            self.record = OpenRecord(t)
            self.close_at = t + self.case.record_interval

    def step_5_evaluate(self, t: int) -> None:
        for due, counted in self.due_records:
            if due == t:
                self.recorded += counted
                self.evaluate(t, "record")
        self.due_records = [(due, counted) for due, counted in self.due_records if due > t]

    def step_6_block(self, t: int) -> None:
        if t == self.block_at:
            self.block_at = None
            self.blocked = True
            self.row["blocks"] += 1
            if self.row["first_blocked_at"] is None:
                self.row["first_blocked_at"] = t
            self.note(t, "block", self.block_cause)
            self.cut(t, [r for r in self.running if not self.lets_through(r.via_dns)])
            self.start_chain(t)
        if self.came_back and self.blocked:
            self.start_chain(t)

    def start_chain(self, t: int) -> None:
        """Start a chain of attempts to reconnect, if the device makes any and its SIM is in service."""
        if self.case.reconnect is not None and self.in_service:
            self.attempt_wait = self.case.reconnect.first
            self.attempt_at = t + self.attempt_wait

    def step_7_traffic(self, t: int) -> None:
        if not self.in_service:
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


def _number(limit: int | None) -> int:
    return UNLIMITED if limit is None else limit


def _limit(number: int) -> int | None:
    return None if number == UNLIMITED else number
