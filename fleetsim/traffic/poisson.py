"""Poisson arrivals as counts: how many in each step first, sizes in time order, times last.

A step is 24 h from the scenario's start (shorter where the rate is high), the same for all SIMs. Counts, sizes and the
times of each step come from streams of their own, so each can be drawn without the others: a SIM that is never near its
limit needs no times at all. Sizes are independent of times, so the n-th of them may go to the n-th transfer in time.
"""

from __future__ import annotations

import numpy as np

from fleetsim.clock import MS_PER_DAY
from fleetsim.draws.counts import steps_per_day
from fleetsim.draws.philox import Purpose
from fleetsim.draws.streams import Streams
from fleetsim.scenario.schema import Poisson, TrafficItem
from fleetsim.traffic.offered import Ints, Moments, Transfers, random_sum, size_moments, within_life


def offer(item: TrafficItem, arrivals: Poisson, chance: Streams, activation_ms: Ints, horizon_ms: int) -> Transfers:
    """Offer transfers at the instants of a Poisson process of the item's rate."""
    per_day = steps_per_day(arrivals.rate_per_day)
    step_ms = MS_PER_DAY // per_day
    steps = -(-horizon_ms // step_ms)
    counts = chance.counts(float(arrivals.rate_per_day / per_day), steps)
    sim, step = np.nonzero(counts)
    within = chance.uniform_ragged(Purpose.TIME, step_ms, counts[sim, step], step=step, rows=sim)
    time_ms = np.repeat(step * step_ms, counts[sim, step]) + within
    total = counts.sum(axis=1)
    # Times are drawn in no order within a step, sizes in time order: sort the times before they meet.
    owner = np.repeat(np.arange(total.size), total)
    time_ms = time_ms[np.lexsort((time_ms, owner))]
    sizes = chance.uploads(item.upload, total), chance.downloads(item.download, total)
    return within_life(total, time_ms, sizes, item.duration_ms, activation_ms, horizon_ms)


def moments(item: TrafficItem, arrivals: Poisson, span_ms: int) -> Moments:
    """Moments of the bytes offered in a span: a compound Poisson sum."""
    count = float(arrivals.rate_per_day) * span_ms / MS_PER_DAY
    return random_sum(count, count, size_moments(item))
