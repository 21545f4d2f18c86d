"""The row of a SIM's running billing period while it is being counted."""

from __future__ import annotations

from fleetsim.counted import NOT_BLOCKED
from fleetsim.rules.overage import overage


class Row:
    """Counts of one billing period, in the order of :data:`fleetsim.counted.COUNTED`.

    Parameters
    ----------
    carried
        Bytes used before the scenario's start, in a period whose fee was paid before; ``None``: it begins in the run.
    """

    __slots__ = (
        "blocked_ms",
        "blocks",
        "carried",
        "dns",
        "download",
        "end",
        "fee_due",
        "fee_paid",
        "first_blocked_at",
        "offered",
        "over_dns",
        "over_enforcement",
        "over_metering",
        "over_propagation",
        "period",
        "start",
        "undelivered",
        "upload",
    )

    def __init__(self, period: int, start: int, end: int, carried: int | None = None) -> None:
        self.period = period
        self.start = start
        self.end = end
        self.carried = carried or 0
        self.fee_paid = carried is not None
        self.fee_due = False
        self.offered = 0
        self.upload = 0
        self.download = 0
        self.dns = 0
        self.over_metering = 0
        self.over_enforcement = 0
        self.over_propagation = 0
        self.over_dns = 0
        self.undelivered = 0
        self.blocks = 0
        self.first_blocked_at = NOT_BLOCKED
        self.blocked_ms = 0

    def charge(self, first: int, last: int, fleet: int, cached: int, *, blocked: bool, pending: bool) -> None:
        """Put the bytes numbered `first` + 1 to `last` that are over the limit to their causes."""
        over = overage(first, last, fleet, cached, blocked=blocked, pending=pending)
        self.over_metering += over.metering
        self.over_enforcement += over.enforcement
        self.over_propagation += over.propagation
        self.over_dns += over.dns

    def counted(self, sim: int, fleet: int, data_limit: int) -> tuple[int, ...]:
        """Return the finished row of SIM `sim`; `fleet` and its limit `data_limit` stand just before the row's end."""
        return (
            sim,
            fleet,
            self.period,
            self.start,
            self.end,
            data_limit,
            self.carried,
            self.offered,
            self.upload,
            self.download,
            self.dns,
            self.over_metering,
            self.over_enforcement,
            self.over_propagation,
            self.over_dns,
            self.undelivered,
            self.blocks,
            self.first_blocked_at,
            self.blocked_ms,
            self.fee_due and not self.fee_paid,
        )
