"""Periodic arrivals: a grid from the activation on, each point moved by a jitter of its own that never adds up."""

from __future__ import annotations

import numpy as np

from fleetsim.draws.elementary import FloatArray
from fleetsim.draws.philox import Purpose
from fleetsim.draws.streams import Streams
from fleetsim.scenario.schema import Periodic, TrafficItem
from fleetsim.traffic.offered import Ints, Moments, Transfers, durations_ms, random_sum, size_moments, within_life
from fleetsim.traffic.spread import sizes


def offer(
    item: TrafficItem,
    arrivals: Periodic,
    chance: Streams,
    activation_ms: Ints,
    horizon_ms: int,
    size_factor: FloatArray | None,
) -> Transfers:
    """Offer a transfer at activation + phase + n * every + jitter of n, for n = 0, 1, 2, ...

    Draws are numbered by n, so that any stretch of the grid can be drawn by itself.
    """
    every, jitter = arrivals.every_ms, arrivals.jitter_ms
    first = arrivals.first_ms
    phase = chance.uniform(Purpose.PHASE, every)[:, 0] if first is None else np.full(activation_ms.shape, first)
    origin = activation_ms + phase
    # Every point whose jitter could bring it before the horizon.
    counts = np.maximum(-(-(horizon_ms + jitter - origin) // every), 0)
    n = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    time_ms = np.repeat(origin, counts) + n * every
    if jitter:
        time_ms += chance.uniform_ragged(Purpose.JITTER, 2 * jitter + 1, counts) - jitter
    drawn = sizes(item, chance, counts, size_factor)
    return within_life(counts, time_ms, drawn, durations_ms(item, *drawn), activation_ms, horizon_ms)


def moments(item: TrafficItem, arrivals: Periodic, span_ms: int) -> Moments:
    """Moments of the bytes offered in a span that begins at the activation.

    With a random phase the number of grid points in the span is one of two neighbours; with a given one it is known.
    Points that a jitter carries before the activation, some jitter / (4 * every) of one on average, are left out.
    """
    every = arrivals.every_ms
    if arrivals.first_ms is not None:
        return random_sum(max(-(-(span_ms - arrivals.first_ms) // every), 0), 0.0, size_moments(item))
    rest = span_ms % every / every
    return random_sum(span_ms / every, rest * (1 - rest), size_moments(item))
