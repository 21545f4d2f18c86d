"""The form in which every arrival process offers its traffic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleetsim.scenario.schema import TrafficItem

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Transfers:
    """Transfers of one traffic item over a block of SIMs.

    Attributes
    ----------
    offsets
        int64 of shape (sims + 1,): SIM i has the transfers ``offsets[i]`` to ``offsets[i + 1]`` - 1, in time order.
    time_ms, upload_bytes, download_bytes, duration_ms
        int64 of shape (transfers,); times are ms since the scenario's start, within [activation, horizon).
    """

    offsets: Ints
    time_ms: Ints
    upload_bytes: Ints
    download_bytes: Ints
    duration_ms: Ints

    def of(self, sim: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield SIM `sim`'s (time, upload, download, duration) as Python integers."""
        own = slice(int(self.offsets[sim]), int(self.offsets[sim + 1]))
        return zip(
            self.time_ms[own].tolist(),
            self.upload_bytes[own].tolist(),
            self.download_bytes[own].tolist(),
            self.duration_ms[own].tolist(),
            strict=True,
        )

    def before(self, ms: int) -> Transfers:
        """Return the transfers that start before an instant."""
        kept = self.time_ms < ms
        offsets = np.concatenate([[0], np.cumsum(kept)])[self.offsets]
        return Transfers(
            offsets, *(each[kept] for each in (self.time_ms, self.upload_bytes, self.download_bytes, self.duration_ms))
        )


@dataclass(frozen=True)
class Flows:
    """Continuous traffic of one item over a block of SIMs.

    Attributes
    ----------
    clock_ms
        Instant from which the traffic counts its bytes, the same for every SIM.
    begin_ms, until_ms
        int64 of shape (sims,): when it flows, not before the clock; a SIM with ``begin_ms >= until_ms`` has none.
    upload_bytes_per_s, download_bytes_per_s
        Rates, the same for every SIM.
    """

    clock_ms: int
    begin_ms: Ints
    until_ms: Ints
    upload_bytes_per_s: int
    download_bytes_per_s: int


class Moments(NamedTuple):
    """Mean and variance, over SIMs, of the bytes that an item offers in a span of time (bytes, bytes squared).

    ``None`` where a moment does not exist, as a Pareto law's variance may not.
    """

    mean: float | None
    variance: float | None


def size_moments(item: TrafficItem) -> Moments:
    """Mean and variance of one transfer's bytes, upload and download, which are independent.

    Of the continuous laws: rounding to whole bytes moves the mean by less than half a byte.
    """
    return Moments(
        added(law.expectation() for law in (item.upload, item.download)),
        added(law.variance() for law in (item.upload, item.download)),
    )


def added(moments: Iterable[float | None]) -> float | None:
    """Sum of moments, which is missing where one of them is."""
    total = 0.0
    for moment in moments:
        if moment is None:
            return None
        total += moment
    return total


def durations_ms(item: TrafficItem, upload_bytes: Ints, download_bytes: Ints) -> Ints:
    """How long each transfer takes: the item's duration, or the whole ms in which its throughput moves all bytes.

    With a throughput that is ceil(8000 * bytes / (bit/s)), which for two sizes of `MAX_SIZE_BYTES` stays below 2^54.

    Returns
    -------
    ms, int64 of the shape of `upload_bytes`; 0: instantaneous.
    """
    throughput = item.throughput_bits_per_s
    if throughput is None:
        return np.full(upload_bytes.shape, item.duration_ms, np.int64)
    durations: Ints = -(-8000 * (upload_bytes + download_bytes) // throughput)
    return durations


def random_sum(count_mean: float, count_variance: float, size: Moments) -> Moments:
    """Moments of a sum of a random number of independent sizes (Wald; law of total variance)."""
    if size.mean is None:
        return Moments(None, None)
    if size.variance is None:
        return Moments(count_mean * size.mean, None)
    return Moments(count_mean * size.mean, count_mean * size.variance + count_variance * size.mean**2)


def within_life(
    counts: Ints,
    time_ms: Ints,
    sizes: tuple[Ints, Ints],
    duration_ms: Ints,
    activation_ms: Ints,
    horizon_ms: int,
) -> Transfers:
    """Transfers that are due between activation and horizon, in time order within each SIM.

    Parameters
    ----------
    counts
        int64 of shape (sims,): how many of the `time_ms` (ragged, in the order of the draws) belong to each SIM.
    sizes
        Upload and download bytes, each of the shape of `time_ms`.
    duration_ms
        Of each transfer (`durations_ms`).
    """
    sim = np.repeat(np.arange(counts.size), counts)
    kept = (time_ms >= activation_ms[sim]) & (time_ms < horizon_ms)
    sim, time_ms = sim[kept], time_ms[kept]
    upload, download, duration = (values[kept] for values in (*sizes, duration_ms))
    order = np.lexsort((time_ms, sim))  # stable: the order of the draws decides at equal times
    offsets = np.zeros(counts.size + 1, np.int64)
    np.cumsum(np.bincount(sim, minlength=counts.size), out=offsets[1:])
    return Transfers(offsets, time_ms[order], upload[order], download[order], duration[order])
