"""Poisson arrivals as counts: how many in each step first, sizes in time order, times last.

A step is 24 h from the scenario's start (shorter where the rate is high), the same for all SIMs. Counts, sizes and the
times of each step come from streams of their own, so each can be drawn without the others: a SIM that is never near its
limit needs no times at all.
"""

from __future__ import annotations

import numpy as np

from fleetsim.clock import MS_PER_DAY
from fleetsim.draws.counts import steps_per_day
from fleetsim.draws.streams import Streams
from fleetsim.scenario.schema import Poisson, TrafficItem
from fleetsim.traffic.offered import Ints, Moments, Transfers, random_sum, size_moments
from fleetsim.traffic.profile import LocalClock, expected, step_places
from fleetsim.traffic.spread import Factors
from fleetsim.traffic.steps import transfers_in_steps


def offer(
    item: TrafficItem,
    arrivals: Poisson,
    chance: Streams,
    activation_ms: Ints,
    horizon_ms: int,
    clock: LocalClock,
    factors: Factors,
) -> Transfers:
    """Offer transfers at the instants of a Poisson process of the item's rate, its profile and the SIM's factor."""
    rate, profile = arrivals.rate_per_day, arrivals.profile
    # With a profile no step may be too long for the rate at its peak.
    per_day = steps_per_day(rate if profile is None else rate * max(profile) * len(profile) / sum(profile))
    step_ms = MS_PER_DAY // per_day
    steps = -(-horizon_ms // step_ms)
    if profile is None:
        places, means = None, [float(rate / per_day)] * steps
    else:
        places = step_places(profile, clock, step_ms, steps)
        means = places.means(rate, profile)
    if factors.rate is not None:
        counts = chance.own_counts(np.outer(factors.rate, means))
    elif places is None:
        counts = chance.counts(means[0], steps)
    else:
        counts = chance.step_counts(means)

    def instants_ms(sim: Ints, step: Ints, place: Ints) -> Ints:
        return step * step_ms + place if places is None else places.instants_ms(step, place)

    total = step_ms if places is None else places.total
    return transfers_in_steps(item, chance, counts, total, instants_ms, activation_ms, horizon_ms, factors.size)


def moments(item: TrafficItem, arrivals: Poisson, from_ms: int, until_ms: int, clock: LocalClock) -> Moments:
    """Moments of the bytes offered in [from, until): a compound Poisson sum."""
    if arrivals.profile is None:
        count = float(arrivals.rate_per_day) * (until_ms - from_ms) / MS_PER_DAY
    else:
        count = expected(arrivals.rate_per_day, arrivals.profile, clock, from_ms, until_ms)
    return random_sum(count, count, size_moments(item))
