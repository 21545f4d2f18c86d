"""A single transfer, all devices at the same instant or spread over a while after it."""

from __future__ import annotations

import numpy as np

from fleetsim.draws.beta import Beta
from fleetsim.draws.philox import Purpose
from fleetsim.draws.streams import Streams
from fleetsim.scenario.schema import Once, TrafficItem
from fleetsim.traffic.offered import Ints, Moments, Transfers, durations_ms, random_sum, size_moments, within_life
from fleetsim.traffic.spread import sizes


def offer(item: TrafficItem, arrivals: Once, chance: Streams, activation_ms: Ints, horizon_ms: int) -> Transfers:
    """Offer one transfer a SIM, on [at, at + spread] in whole ms, uniform or as the shape says."""
    law = _law(arrivals)
    if law is None:
        time_ms = arrivals.at_ms + chance.uniform(Purpose.TIME, arrivals.spread_ms + 1)[:, 0]
    else:
        time_ms = arrivals.at_ms + chance.sizes(law, Purpose.TIME, Purpose.TIME_RESIDUAL)
    one = np.ones(time_ms.shape, np.int64)
    drawn = sizes(item, chance, one)
    return within_life(one, time_ms, drawn, durations_ms(item, *drawn), activation_ms, horizon_ms)


def moments(item: TrafficItem, arrivals: Once, from_ms: int, until_ms: int) -> Moments:
    """Moments of the bytes offered in [from, until): one transfer, with the probability that it is due then."""
    due = max(_due_before(arrivals, until_ms) - _due_before(arrivals, from_ms), 0.0)
    return random_sum(due, due * (1 - due), size_moments(item))


def _law(arrivals: Once) -> Beta | None:
    """Law of the time after `at`, or ``None`` where it is uniform."""
    shape = arrivals.shape
    return None if shape is None else Beta(float(shape.alpha), float(shape.beta), arrivals.spread_ms)


def _due_before(arrivals: Once, ms: int) -> float:
    """Probability that the transfer starts before `ms`."""
    after, law = ms - arrivals.at_ms, _law(arrivals)
    if not 0 < after <= arrivals.spread_ms:
        return float(after > 0)
    # Rounded to whole ms it starts before `after` where the law's value is below after - 1/2.
    return after / (arrivals.spread_ms + 1) if law is None else float(law.cdf(np.array([after - 0.5]))[0])
