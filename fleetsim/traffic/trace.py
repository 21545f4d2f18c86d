"""Traffic replayed from a file."""

from __future__ import annotations

import numpy as np

from fleetsim.scenario.trace import TraceRows
from fleetsim.traffic.offered import Ints, Moments, Transfers


def offer(rows: TraceRows, numbers: Ints, activation_ms: Ints) -> Transfers:
    """Offer each SIM its rows, or the whole file where the rows name no SIM, from its activation on."""
    if rows.offsets is None:
        first, last = np.zeros_like(numbers), np.full_like(numbers, rows.time_ms.size)
    else:
        first, last = rows.offsets[numbers], rows.offsets[numbers + 1]
    counts = last - first
    row = np.arange(counts.sum()) + np.repeat(first - (np.cumsum(counts) - counts), counts)
    sim = np.repeat(np.arange(counts.size), counts)
    kept = rows.time_ms[row] >= activation_ms[sim]
    row, sim = row[kept], sim[kept]
    offsets = np.zeros(counts.size + 1, np.int64)
    np.cumsum(np.bincount(sim, minlength=counts.size), out=offsets[1:])
    return Transfers(
        offsets, rows.time_ms[row], rows.upload_bytes[row], rows.download_bytes[row], rows.duration_ms[row]
    )


def moments(rows: TraceRows, sims: int, from_ms: int, until_ms: int) -> Moments:
    """Moments over the SIMs of a group of the bytes that the file has for them in [from, until)."""
    due = (rows.time_ms >= from_ms) & (rows.time_ms < until_ms)
    size = np.where(due, rows.upload_bytes + rows.download_bytes, 0).astype(np.float64)
    if rows.offsets is None:
        return Moments(float(size.sum()), 0.0)
    running = np.concatenate([[0.0], np.cumsum(size)])
    each = running[rows.offsets[1 : sims + 1]] - running[rows.offsets[:sims]]
    return Moments(float(each.mean()), float(each.var()))
