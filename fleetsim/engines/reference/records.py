"""The usage records of one SIM: which are open, made, evaluated. Arithmetic only; the processes know the time."""

from __future__ import annotations

from collections import deque

from fleetsim.rules.metering import close_after

NEVER = 1 << 62
"""An instant that never comes: no session is open, or records close only at its end."""


class Records:
    """Bytes that count toward the limit, by the record they are in.

    A record without bytes decides nothing, so it is not kept here, and a record that decides nothing needs no event:
    closes on the grid are made up for whenever somebody asks (`close_until`).

    Parameters
    ----------
    interval_ms
        Distance between the closes of a session's records; ``None``: only at its end.
    delay_ms
        From a record's close to its evaluation.
    """

    __slots__ = ("delay_ms", "interval_ms", "next_close", "open_bytes", "recorded", "waiting")

    def __init__(self, interval_ms: int | None, delay_ms: int) -> None:
        self.interval_ms = interval_ms
        self.delay_ms = delay_ms
        self.next_close = NEVER
        self.open_bytes = 0
        self.waiting: deque[tuple[int, int]] = deque()  # (evaluation due, bytes) of closed records
        self.recorded = 0  # bytes of the current period's records whose evaluation has come

    def session_opens(self, now: int, first_close: int | None = None) -> None:
        """Start a record; the grid counts from the session's start, or has `first_close` on it."""
        if self.interval_ms is not None:
            self.next_close = now + self.interval_ms if first_close is None else first_close

    def session_ends(self, now: int) -> None:
        """Close the open record at the end of its session."""
        self.close_until(now)
        if self.open_bytes:
            self._close(now)
        self.next_close = NEVER

    def close_until(self, now: int) -> None:
        """Close what the grid closes up to and including `now`."""
        if self.next_close <= now:
            assert self.interval_ms is not None
            if self.open_bytes:
                self._close(self.next_close)
            self.next_close = close_after(self.next_close, self.interval_ms, now)

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

    def next_period(self) -> None:
        """Usage restarts: the open record is closed, and what waits for evaluation no longer matters."""
        self.waiting.clear()
        self.recorded = 0
        self.open_bytes = 0

    def _close(self, at: int) -> None:
        self.waiting.append((at + self.delay_ms, self.open_bytes))
        self.open_bytes = 0
