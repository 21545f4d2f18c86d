"""A single transfer, all devices at the same instant or spread over a while after it."""

from __future__ import annotations

import numpy as np

from fleetsim.draws.philox import Purpose
from fleetsim.draws.streams import Streams
from fleetsim.scenario.schema import Once, TrafficItem
from fleetsim.traffic.offered import Ints, Moments, Transfers, random_sum, size_moments, within_life


def offer(item: TrafficItem, arrivals: Once, chance: Streams, activation_ms: Ints, horizon_ms: int) -> Transfers:
    """Offer one transfer a SIM, uniform on [at, at + spread] in whole ms."""
    time_ms = arrivals.at_ms + chance.uniform(Purpose.TIME, arrivals.spread_ms + 1)[:, 0]
    one = np.ones(time_ms.shape, np.int64)
    sizes = chance.uploads(item.upload, one), chance.downloads(item.download, one)
    return within_life(one, time_ms, sizes, item.duration_ms, activation_ms, horizon_ms)


def moments(item: TrafficItem, arrivals: Once, from_ms: int, until_ms: int) -> Moments:
    """Moments of the bytes offered in [from, until): one transfer, with the probability that it is due then."""
    first, last = arrivals.at_ms, arrivals.at_ms + arrivals.spread_ms
    due = max(min(last, until_ms - 1) - max(first, from_ms) + 1, 0) / (arrivals.spread_ms + 1)
    return random_sum(due, due * (1 - due), size_moments(item))
