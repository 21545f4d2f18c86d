"""Counts of replications, written down."""

from __future__ import annotations

from typing import Any

import numpy as np

from fleetsim.inference.choice import Observed

MB = 1_000_000
DAY_MS = 86_400_000


def observed(counts: Any, **more: Any) -> Observed:
    """Make `counts`, (n, k), those blocked; else 1,000 SIM-periods a replication, one a SIM, nothing that costs."""
    blocked = np.asarray(counts, np.int64)
    given: dict[str, Any] = {
        "limits": MB * np.arange(1, blocked.shape[1] + 1),
        "sim_periods": np.full(len(blocked), 1000),
        "blocked": blocked,
        "blocked_ms": np.zeros_like(blocked),
        "cost_micros": np.zeros_like(blocked),
        "periods_per_sim": 1,
        "longest_block_ms": 30 * DAY_MS,
        "monotone": True,
    }
    return Observed(**(given | more))
