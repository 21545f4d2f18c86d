"""The usage records of one SIM: which are open, made, evaluated. Arithmetic only; the processes know the time."""

from __future__ import annotations

from collections import deque
from typing import Literal

from fleetsim.rules.metering import close_after

NEVER = 1 << 62
"""An instant that never comes: no session is open, or records close only at its end."""


class Log:
    """Usage records that are kept for the user: (period, session, start, end, upload, download, dns bytes) each."""

    __slots__ = ("dns", "download", "empty_too", "period", "rows", "session", "upload")

    def __init__(self, kept: Literal["traffic", "all"]) -> None:
        self.empty_too = kept == "all"
        self.rows: list[tuple[int, ...]] = []
        self.period = self.session = 0
        self.upload = self.download = self.dns = 0

    def count(self, upload: int, download: int, dns: int) -> None:
        """Count bytes into the open record."""
        self.upload += upload
        self.download += download
        self.dns += dns

    def close(self, start: int, end: int) -> None:
        """Keep the open record and begin the next one."""
        if self.empty_too or self.upload or self.download:
            self.rows.append((self.period, self.session, start, end, self.upload, self.download, self.dns))
        self.upload = self.download = self.dns = 0


class Records:
    """Bytes that count toward the limit, by the record they are in.

    A record without bytes decides nothing once the SIM is in the state that its usage calls for (`judged`), so it is
    not kept here, and a record that decides nothing needs no event: closes on the grid are made up for whenever
    somebody asks (`close_until`).

    Parameters
    ----------
    interval_ms
        Distance between the closes of a session's records; ``None``: only at its end.
    delay_ms
        From a record's close to its evaluation.
    log
        Keeps records for the user, also those that decide nothing.
    """

    __slots__ = (
        "begun",
        "delay_ms",
        "interval_ms",
        "judged",
        "log",
        "next_close",
        "open_bytes",
        "recorded",
        "waiting",
    )

    def __init__(self, interval_ms: int | None, delay_ms: int, log: Log | None = None) -> None:
        self.interval_ms = interval_ms
        self.delay_ms = delay_ms
        self.log = log
        self.begun = NEVER  # the open record; none is open without a session
        self.next_close = NEVER
        self.open_bytes = 0
        self.judged = True
        self.waiting: deque[tuple[int, int]] = deque()  # (evaluation due, bytes) of closed records
        self.recorded = 0  # bytes of the current period's records whose evaluation has come

    def session_opens(self, now: int, session: int, first_close: int | None = None) -> None:
        """Start a record; the grid counts from the session's start, or has `first_close` on it."""
        self.begun = now
        if self.interval_ms is not None:
            self.next_close = now + self.interval_ms if first_close is None else first_close
        if self.log is not None:
            self.log.session = session

    def session_ends(self, now: int) -> None:
        """Close the open record at the end of its session."""
        self.close_until(now)
        self._close_open(now)
        self.begun = self.next_close = NEVER

    def close_until(self, now: int) -> None:
        """Close what the grid closes up to and including `now`."""
        if self.next_close > now:
            return
        assert self.interval_ms is not None
        self._close_open(self.next_close)
        self.next_close = close_after(self.next_close, self.interval_ms, now)
        last_close = self.next_close - self.interval_ms
        if self.log is not None and self.log.empty_too:
            for end in range(self.begun + self.interval_ms, last_close + 1, self.interval_ms):
                self.log.close(end - self.interval_ms, end)
        self.begun = last_close

    def recorded_until(self, now: int) -> int:
        """Recorded usage once the evaluations due up to and including `now` have come."""
        self.close_until(now)
        while self.evaluation_due(now):
            self.recorded += self.waiting.popleft()[1]
        return self.recorded

    def evaluation_due(self, now: int) -> bool:
        """Has the evaluation of a closed record come?"""
        return bool(self.waiting) and self.waiting[0][0] <= now

    @property
    def next_evaluation(self) -> int:
        """When the next closed record is evaluated; there must be one."""
        return self.waiting[0][0]

    def period_ends(self, now: int) -> None:
        """Usage restarts: the open record is closed, and what waits for evaluation no longer matters."""
        self.close_until(now)
        if self.begun != NEVER:
            self._close_open(now)
        self.waiting.clear()
        self.recorded = 0
        self.judged = True

    def horizon_ends(self, now: int) -> None:
        """Close the last record."""
        self.close_until(now)
        if self.begun != NEVER:
            self._close_open(now)

    def _close_open(self, at: int) -> None:
        """Close the open record; one of zero length is not made."""
        if self.begun == at:
            return
        if self.log is not None:
            self.log.close(self.begun, at)
        if self.open_bytes or not self.judged:
            self.waiting.append((at + self.delay_ms, self.open_bytes))
            self.open_bytes = 0
        self.begun = at
