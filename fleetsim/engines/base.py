"""The contract of an engine: a scenario, a replication and a range of SIMs in; what they did, counted, out.

An engine counts bytes, blocks and milliseconds. It knows no prices and no files, and what it returns depends on the
scenario, the seed and the replication only: not on how the SIMs are cut into ranges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fleetsim.rules.enforcement import UNLIMITED
from fleetsim.scenario.schema import Scenario

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


class Engine(Protocol):
    """Simulates SIMs `sims` (numbers in the scenario's order) of one replication."""

    name: str

    def simulate(self, scenario: Scenario, replication: int, sims: range) -> Counted:
        """Count what the SIMs do over the horizon."""
        ...
