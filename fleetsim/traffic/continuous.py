"""Continuous traffic at a constant rate."""

from __future__ import annotations

import numpy as np

from fleetsim.scenario.schema import Continuous, TrafficItem
from fleetsim.traffic.offered import Flows, Ints, Moments


def offer(item: TrafficItem, arrivals: Continuous, activation_ms: Ints, horizon_ms: int) -> Flows:
    """Flow from `from`, once the SIM is activated, until `until` or the horizon.

    It goes by its own clock, which starts at `from`: what it would have offered before the activation is left out.
    """
    until = horizon_ms if arrivals.until_ms is None else min(arrivals.until_ms, horizon_ms)
    return Flows(
        arrivals.from_ms,
        np.maximum(activation_ms, arrivals.from_ms),
        np.full(activation_ms.shape, until, np.int64),
        item.upload_bytes_per_s,
        item.download_bytes_per_s,
    )


def moments(item: TrafficItem, arrivals: Continuous, from_ms: int, until_ms: int) -> Moments:
    """Moments of the bytes offered in [from, until): chance has no part in them."""
    end = until_ms if arrivals.until_ms is None else min(arrivals.until_ms, until_ms)
    flowing_ms = max(end - max(arrivals.from_ms, from_ms), 0)
    rate = item.upload_bytes_per_s + item.download_bytes_per_s
    return Moments(rate * flowing_ms / 1000, 0.0)
