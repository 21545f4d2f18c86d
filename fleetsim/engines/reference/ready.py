"""A SIM that is ready: it owes no fee until it turns active by itself."""

from __future__ import annotations

from collections.abc import Sequence

from fleetsim.engines.reference.flows import Flow
from fleetsim.engines.reference.records import NEVER
from fleetsim.rules.ready import READY_BYTES


class Ready:
    """How a ready SIM turns active: by the bytes that it has moved since it became ready, or by time.

    Nothing but the fee depends on that instant, so no event waits for it: it is worked out as bytes move.

    Parameters
    ----------
    since
        Instant at which the SIM became ready, ms.
    until
        Instant at which it turns active at the latest, ms.
    """

    __slots__ = ("left", "since", "turns")

    def __init__(self, since: int, until: int) -> None:
        self.since = since
        self.turns = until  # the first instant at which it is active, as far as is known
        self.left = READY_BYTES

    def count(self, size: int) -> None:
        """Count bytes that have moved."""
        self.left -= size

    def watch_burst(self, now: int) -> None:
        """Bytes have moved at `now`, in step 7: if they were enough, they lie before the next instant."""
        if self.left <= 0:
            self.turns = min(self.turns, now + 1)
            self.left = NEVER

    def watch(self, flows: Sequence[Flow], until: int) -> None:
        """Running traffic is about to be accounted for up to `until`: find the first instant by which it was enough."""
        moving = [flow for flow in flows if not flow.suspended]
        if sum(flow.left(until) for flow in moving) < self.left:
            return
        low, high = self.since, until
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if sum(flow.left(middle) for flow in moving) >= self.left else (middle + 1, high)
        self.turns = min(self.turns, high)
        self.left = NEVER
