"""What an engine counts: the border between engines, which know no prices, and tables, which know no events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fleetsim.rules.enforcement import UNLIMITED

Kept = Literal["none", "traffic", "all"]
"""Which usage records an engine keeps: none (and no events), those with bytes, or all."""

COUNTED = (
    "sim",
    "fleet",
    "period",
    "period_start_ms",
    "period_end_ms",
    "data_limit_bytes",
    "carried_bytes",
    "offered_bytes",
    "upload_bytes",
    "download_bytes",
    "dns_bytes",
    "overage_metering_bytes",
    "overage_enforcement_bytes",
    "overage_propagation_bytes",
    "overage_dns_bytes",
    "undelivered_bytes",
    "blocks",
    "first_blocked_at_ms",
    "blocked_ms",
    "fee_due",
)
"""Columns that an engine counts, one row per SIM and billing period, sorted by (sim, period); int64.

Instants are ms since the scenario's start. Where nothing can stand: `NO_LIMIT`, `NOT_BLOCKED`. `fleet` is the number,
in the scenario's order, of the fleet that the SIM is in just before the row's end.
"""
RECORDED = (
    "sim",
    "period",
    "session",
    "record_start_ms",
    "record_end_ms",
    "upload_bytes",
    "download_bytes",
    "dns_bytes",
)
"""Columns of a kept usage record, sorted by (sim, record_start); sessions are numbered per SIM from 0."""

HAPPENED = ("sim", "period", "time_ms", "event", "data_limit_bytes", "cause")
"""Columns of an event, sorted by (sim, time), in the order in which they happened; event and cause by their numbers in
`EVENTS` and `EVENT_CAUSES`. The limit is the one in the SIM's cache; between two periods the last one stands.
"""
EVENTS = ("block", "unblock", "limit")
EVENT_CAUSES = ("record", "refresh", "period", "initial", "update", "move", "activation", "return")
"""Why: a record was evaluated, a cached limit was refreshed, a new period began, the scenario began so; and for a limit
that takes effect, what had it refreshed: the owner set it, the SIM was moved, activated, or made active again.
"""
NO_LIMIT = UNLIMITED
NOT_BLOCKED = -1


@dataclass(frozen=True)
class Counted:
    """What a range of SIMs did in one replication.

    Attributes
    ----------
    rows
        int64 array of shape (rows, len(COUNTED)).
    blocked
        int64 array of shape (spans, 4): SIM, fleet, start and end (ms) of each time that it was blocked in a fleet.
    records
        int64 array of shape (records, len(RECORDED)); empty where none are kept.
    events
        int64 array of shape (events, len(HAPPENED)); likewise.
    """

    rows: NDArray[np.int64]
    blocked: NDArray[np.int64]
    records: NDArray[np.int64]
    events: NDArray[np.int64]
