"""What an engine counts: the border between engines, which know no prices, and tables, which know no events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetsim.rules.enforcement import UNLIMITED

COUNTED = (
    "sim",
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

Instants are ms since the scenario's start. Where nothing can stand: `NO_LIMIT`, `NOT_BLOCKED`.
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
        int64 array of shape (blocks, 3): SIM, start and end (ms) of each time that it was blocked.
    """

    rows: NDArray[np.int64]
    blocked: NDArray[np.int64]
