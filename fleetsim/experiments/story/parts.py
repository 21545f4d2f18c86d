"""What the story of a SIM's billing period is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleetsim.counted import NO_LIMIT
from fleetsim.rules.overage import Overage
from fleetsim.scenario.fleet import Group
from fleetsim.scenario.schema import Scenario

What = Literal["limit", "move", "inactive", "active", "arrive", "found", "unblock", "block", "cross"]
ORDER: Final[tuple[What, ...]] = (
    "limit",
    "move",
    "inactive",
    "active",
    "arrive",
    "found",
    "unblock",
    "block",
    "cross",
)
"""In which things happen at one instant."""


class Span(NamedTuple):
    """A span of time, ms since the scenario's start."""

    start_ms: int
    end_ms: int


class Level(NamedTuple):
    """A limit (or `NO_LIMIT`) from an instant on, and the fleet that has it; of a cached limit the one it came from."""

    since_ms: int
    limit_bytes: int
    fleet: str


class Part(NamedTuple):
    """Bytes over the limit, `first_bytes` + 1 to `last_bytes` of the period, that moved in a span for one cause."""

    start_ms: int
    end_ms: int
    first_bytes: int
    last_bytes: int
    cause: str


class Moment(NamedTuple):
    """Something that happened.

    Attributes
    ----------
    at_ms
        ms since the scenario's start.
    what
        ``limit``, ``move``: the fleet's limit is another; ``arrive``: it reaches the SIM; ``cross``: more than the
        fleet's limit is used; ``found``: an evaluation finds it out; ``block``, ``unblock``, ``inactive``, ``active``.
    used_bytes
        Used by then; of ``found``, what had been recorded stands in `recorded_bytes`.
    limit_bytes
        The limit that it is about, or `NO_LIMIT`.
    since_ms
        Of ``found`` by a record, the record's start; of ``arrive``, when the owner had set it; else the instant.
    why
        Of ``limit`` and ``move`` the fleet; else the cause (`EVENT_CAUSES`).
    """

    at_ms: int
    what: What
    used_bytes: int
    limit_bytes: int = NO_LIMIT
    since_ms: int = 0
    why: str = ""
    recorded_bytes: int = 0


@dataclass(frozen=True)
class Story:
    """One SIM's billing period.

    Attributes
    ----------
    scenario, replication, sim, group
        Whose it is.
    row
        Its counts by name, as the engine counted them (`COUNTED`).
    span
        What of the period lies in the run.
    records
        int64 of shape (records, 4): start and end (ms), bytes, and how many of them are DNS.
    recorded
        int64 of shape (evaluations, 2): when a record was evaluated, and the usage that is known from then on.
    curve
        int64 of shape (points, 2): bytes used by instants, exactly.
    limits, cached
        The limit that its fleet has, and the one in its cache; the first from the span's start on.
    blocked, inactive
        When it was.
    parts
        Its overage in the order in which it moved.
    moments
        What happened, in order.
    window
        A stretch of time around the first crossing (or block) that shows how the limit worked; ``None`` where the
        whole period does, or where there is neither.
    """

    scenario: Scenario
    replication: int
    sim: int
    group: Group
    row: dict[str, int]
    span: Span
    records: NDArray[np.int64]
    recorded: NDArray[np.int64]
    curve: NDArray[np.int64]
    limits: tuple[Level, ...]
    cached: tuple[Level, ...]
    blocked: tuple[Span, ...]
    inactive: tuple[Span, ...]
    parts: tuple[Part, ...]
    moments: tuple[Moment, ...]
    window: Span | None

    @property
    def used_bytes(self) -> int:
        """Bytes used in the period, with those from before the run."""
        return self.row["carried_bytes"] + self.row["upload_bytes"] + self.row["download_bytes"]

    @property
    def overage(self) -> dict[str, int]:
        """Bytes over the limit by cause."""
        return {cause: self.row[f"overage_{cause}_bytes"] for cause in Overage._fields}
