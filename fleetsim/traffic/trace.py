"""Traffic replayed from a file."""

from __future__ import annotations

import numpy as np

from fleetsim.scenario.trace import TraceRows
from fleetsim.traffic.offered import Ints, Moments, Transfers, within_life


def offer(rows: TraceRows, numbers: Ints, activation_ms: Ints, horizon_ms: int) -> Transfers:
    """Offer each SIM its rows, or the whole file where the rows name no SIM, from its activation on."""
    if rows.offsets is None:
        first, last = np.zeros_like(numbers), np.full_like(numbers, rows.time_ms.size)
    else:
        first, last = rows.offsets[numbers], rows.offsets[numbers + 1]
    counts = last - first
    row = np.arange(counts.sum()) + np.repeat(first - (np.cumsum(counts) - counts), counts)
    sizes = rows.upload_bytes[row], rows.download_bytes[row]
    return within_life(counts, rows.time_ms[row], sizes, rows.duration_ms[row], activation_ms, horizon_ms)


def moments(rows: TraceRows, sims: int, from_ms: int, until_ms: int) -> Moments:
    """Moments over the SIMs of a group of the bytes that the file has for them in [from, until)."""
    due = (rows.time_ms >= from_ms) & (rows.time_ms < until_ms)
    size = np.where(due, rows.upload_bytes + rows.download_bytes, 0).astype(np.float64)
    if rows.offsets is None:
        return Moments(float(size.sum()), 0.0)
    running = np.concatenate([[0.0], np.cumsum(size)])
    each = running[rows.offsets[1 : sims + 1]] - running[rows.offsets[:sims]]
    return Moments(float(each.mean()), float(each.var()))
