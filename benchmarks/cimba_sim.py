"""The plain model for cimba, which compiles processes and runs them on an engine written in C; one trial is a SIM.

Twice: as one writes it, with the two processes of the SimPy script, and with a single process that closes the records
that have come due when the next transfer arrives, and so skips those that are empty.
"""

from __future__ import annotations

import math

import cimba as cb
from cimba import inputs

from benchmarks.models import LOOKUP_BYTES, MEDIAN_BYTES, RECORD_MS, SIGMA


class TwoProcesses(cb.Model):
    """A device and a recorder that wakes every 6 minutes."""

    gap: cb.Input[float] = inputs.dist.exponential(mean=1.0)
    size: cb.Input[float] = inputs.dist.lognormal(mean=math.log(MEDIAN_BYTES), sigma=SIGMA)
    limit: cb.Param[int] = 0
    offered: cb.Output[int]
    used: cb.Output[int]
    undelivered: cb.Output[int]
    metering: cb.Output[int]
    blocked_at: cb.Output[float]
    open_record: int = 0
    recorded: int = 0
    blocked: bool = False

    @cb.process
    def device(self):
        """Move a transfer and its lookup, again and again."""
        while True:
            cb.hold(self.gap.next())
            size = int(self.size.next() + 0.5)
            self.offered += size
            self.used += LOOKUP_BYTES
            self.open_record += LOOKUP_BYTES
            if self.blocked:
                self.undelivered += size
            else:
                self.used += size
                self.open_record += size

    @cb.process
    def recorder(self):
        """Close a record and judge the usage, every 6 minutes."""
        cb.hold(cb.random.uniform(0.0, RECORD_MS))
        while True:
            self.recorded += self.open_record
            self.open_record = 0
            if not self.blocked and self.recorded > self.limit:
                self.blocked = True
                self.blocked_at = cb.now()
                self.metering = self.recorded - self.limit
            cb.hold(RECORD_MS)


class OneProcess(cb.Model):
    """A device that closes its records itself."""

    gap: cb.Input[float] = inputs.dist.exponential(mean=1.0)
    size: cb.Input[float] = inputs.dist.lognormal(mean=math.log(MEDIAN_BYTES), sigma=SIGMA)
    limit: cb.Param[int] = 0
    offered: cb.Output[int]
    used: cb.Output[int]
    undelivered: cb.Output[int]
    metering: cb.Output[int]
    blocked_at: cb.Output[float]
    open_record: int = 0
    recorded: int = 0
    close: float = 0.0
    blocked: bool = False

    @cb.function
    def close_until(self, now: float) -> None:
        """Close the open record if it has ended, and judge the usage."""
        if self.close > now:
            return
        self.recorded += self.open_record
        self.open_record = 0
        if not self.blocked and self.recorded > self.limit:
            self.blocked = True
            self.blocked_at = self.close
            self.metering = self.recorded - self.limit
        self.close += RECORD_MS * (1 + int((now - self.close) / RECORD_MS))

    @cb.process
    def device(self):
        """Move a transfer and its lookup, again and again."""
        self.close = cb.random.uniform(0.0, RECORD_MS)
        while True:
            cb.hold(self.gap.next())
            self.close_until(cb.now())
            size = int(self.size.next() + 0.5)
            self.offered += size
            self.used += LOOKUP_BYTES
            self.open_record += LOOKUP_BYTES
            if self.blocked:
                self.undelivered += size
            else:
                self.used += size
                self.open_record += size

    @cb.on_end
    def last(self):
        """Close the record that has come due since the last transfer."""
        self.close_until(cb.now())
