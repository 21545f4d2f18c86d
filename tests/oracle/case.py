"""What the oracle takes: one SIM, what it wants to move, and what its owner does. Times are ms since the start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple


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


class SetStatus(NamedTuple):
    """The owner sets the SIM's status: 'active' or 'inactive'."""

    at: int
    status: str


class Move(NamedTuple):
    """The owner moves the SIM to another fleet, by its number."""

    at: int
    to: int


class SetLimit(NamedTuple):
    """The owner sets a fleet's limit; None is unlimited."""

    at: int
    limit: int | None
    fleet: int = 0


Entry = SetStatus | Move | SetLimit


class Initial(NamedTuple):
    """The SIM as it is at the start: its period began before it, at a negative time, and has used so much.

    ``blocked`` of ``None`` is what the file leaves open: blocked if it has used more than the limit.
    """

    period_start: int
    used: int
    blocked: bool | None = None


@dataclass(frozen=True)
class Case:
    """One SIM and everything that happens to it.

    ``session`` is ``('always-on', first_record)``, with ``None`` for ``first_record`` where there is no
    record interval, or ``('on-demand', idle_timeout)``. The delay of an update at T is ``propagation(T)``
    where that is given, else ``propagation_ms``. A limit of ``None`` is unlimited. Fleet 0 is the one that the
    SIM begins in, with ``limit``; ``others`` are the limits of fleets 1, 2, ... The ``timeline`` is in the
    file's order, which need not be the order of time. ``status`` is the one at activation: active or ready.
    """

    start: datetime
    horizon: int
    session: tuple[str, int | None]
    limit: int | None
    items: tuple[Transfers | Stream, ...] = ()
    timeline: tuple[Entry, ...] = ()
    others: tuple[int | None, ...] = ()
    record_interval: int | None = 360_000
    record_delay: int = 0
    enforcement_delay: int = 0
    propagation_ms: int = 0
    propagation: Callable[[int], int] | None = None
    dns_when_blocked: str = "public"
    dns_counts: bool = True
    billing_period: str | int = "activation-month"
    activation: int = 0
    status: str = "active"
    initial: Initial | None = None
    dns: Dns | None = None
    reconnect: Reconnect | None = None

    def __post_init__(self) -> None:
        mode, wait = self.session
        if mode == "always-on":
            assert (wait is None) == (self.record_interval is None)
            assert wait is None or (self.record_interval is not None and 0 < wait <= self.record_interval)
        else:
            assert mode == "on-demand"
            assert wait is not None
            assert wait >= 1
        assert self.status in ("active", "ready")
        for entry in self.timeline:
            if isinstance(entry, SetStatus):
                assert entry.status in ("active", "inactive")
                assert entry.at >= self.activation, "an entry that reaches a new SIM is a mistake"
        if self.initial is not None:
            assert self.activation == 0
            assert self.initial.period_start < 0 < self.period_end(self.initial.period_start, 0)

    def delay(self, at: int) -> int:
        """Return the time from an update at ``at`` to the refresh that it starts."""
        return self.propagation_ms if self.propagation is None else self.propagation(at)

    def period_end(self, first: int, number: int) -> int:
        """Return the end of a billing period, the one with this number counting from the one that began at ``first``."""
        if isinstance(self.billing_period, int):
            return first + (number + 1) * self.billing_period
        anchor = self.start.astimezone(UTC) + timedelta(milliseconds=first)
        if self.billing_period == "calendar-month":
            anchor = anchor.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        else:
            assert self.billing_period == "activation-month"
        return self.since_start(months_later(anchor, number + 1))

    def since_start(self, moment: datetime) -> int:
        return (moment - self.start) // timedelta(milliseconds=1)


def months_later(moment: datetime, months: int) -> datetime:
    """Return the same clock time so many months later, on the last day of a shorter month."""
    year, month0 = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    first_of_next = datetime(year + (month0 + 1) // 12, (month0 + 1) % 12 + 1, 1, tzinfo=UTC)
    last_day = (first_of_next - timedelta(days=1)).day
    return moment.replace(year=year, month=month0 + 1, day=min(moment.day, last_day))
