"""A Poisson process that is switched on and off: bursts and silence.

Times on and off are exponential, and the process is in its stationary state at the scenario's start: it begins on with
the probability on / (on + off), and the rest of the first state is exponential as well. A SIM's states are drawn by
themselves. Its transfers are then counted in steps, as Poisson arrivals are, with a mean that goes with the time on in
the step, and lie anywhere in that time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fleetsim.clock import MS_PER_DAY
from fleetsim.draws.counts import steps_per_day
from fleetsim.draws.laws import Exponential
from fleetsim.draws.philox import Purpose
from fleetsim.draws.streams import Streams
from fleetsim.scenario.schema import OnOff, TrafficItem
from fleetsim.traffic.offered import Ints, Moments, Transfers, random_sum, size_moments
from fleetsim.traffic.spread import Factors
from fleetsim.traffic.steps import transfers_in_steps


def offer(
    item: TrafficItem, arrivals: OnOff, chance: Streams, activation_ms: Ints, horizon_ms: int, factors: Factors
) -> Transfers:
    """Offer transfers at the item's rate, times the SIM's factor, while the SIM is on."""
    per_day = steps_per_day(arrivals.rate_per_day)
    step_ms = MS_PER_DAY // per_day
    steps = -(-horizon_ms // step_ms)
    times = times_on(arrivals, chance, steps * step_ms)
    at_edges = times.until(np.arange(steps + 1) * step_ms)
    on_ms = np.diff(at_edges, axis=1)
    means = on_ms * float(arrivals.rate_per_day / MS_PER_DAY)
    if factors.rate is not None:
        means = means * factors.rate[:, None]
    counts = chance.own_counts(means)

    def instants_ms(sim: Ints, step: Ints, place: Ints) -> Ints:
        return times.instants_ms(sim, at_edges[sim, step] + place)

    return transfers_in_steps(item, chance, counts, on_ms, instants_ms, activation_ms, horizon_ms, factors.size)


def moments(item: TrafficItem, arrivals: OnOff, span_ms: int, factor_square: float) -> Moments:
    """Moments of the bytes offered in any span, the variance being that given a factor on the rate, averaged over it.

    For a factor of mean 1 with the mean square `factor_square`. An interrupted Poisson process; counts of the
    Markov-modulated one: W. Fischer and K. Meier-Hellstern, "The Markov-modulated Poisson process (MMPP) cookbook",
    Performance Evaluation 18 (1993). With p = on / (on + off) and s = 1 / on + 1 / off the time on in a span t has the
    mean p t and, its covariance at a distance u being p (1 - p) e^(-s u), the variance
    2 p (1 - p) (s t - 1 + e^(-s t)) / s^2. Rounding the times on and off to whole ms is left out.
    """
    share = arrivals.on_ms / (arrivals.on_ms + arrivals.off_ms)
    switching = 1 / arrivals.on_ms + 1 / arrivals.off_ms
    x = switching * span_ms
    # Where x is small the difference cancels: then it is the first terms of its series.
    shape = x**2 / 2 - x**3 / 6 + x**4 / 24 if x < 1e-3 else x + math.expm1(-x)
    on_variance = 2 * share * (1 - share) * shape / switching**2
    rate = float(arrivals.rate_per_day) / MS_PER_DAY
    count = rate * share * span_ms
    return random_sum(count, count + factor_square * rate**2 * on_variance, size_moments(item))


@dataclass(frozen=True, eq=False)
class TimesOn:
    """When each SIM of a block is on, within [0, end).

    Attributes
    ----------
    start_ms, length_ms
        int64 of shape (times,): all times on of the first SIM in order, then those of the next. Starts count ms since
        the scenario's start, and a SIM's end is the next one's start, so they ascend.
    before_ms
        int64 of shape (times,): time on of all that stand before.
    of_earlier_ms
        int64 of shape (sims,): time on of all SIMs that stand before.
    end_ms
        End of the span.
    """

    start_ms: Ints
    length_ms: Ints
    before_ms: Ints
    of_earlier_ms: Ints
    end_ms: int

    def until(self, edges_ms: Ints) -> Ints:
        """Time on of each SIM before the given instants: int64 of shape (sims, edges)."""
        if not self.start_ms.size:
            return np.zeros((self.of_earlier_ms.size, edges_ms.size), np.int64)
        at = np.arange(self.of_earlier_ms.size)[:, None] * self.end_ms + edges_ms
        k = np.searchsorted(self.start_ms, at, side="right") - 1
        none = k < 0
        k = np.maximum(k, 0)
        on = self.before_ms[k] + np.minimum(at - self.start_ms[k], self.length_ms[k])
        return np.where(none, 0, on) - self.of_earlier_ms[:, None]

    def instants_ms(self, sim: Ints, on_ms: Ints) -> Ints:
        """Instants at which the given SIMs have been on for `on_ms` and go on being it."""
        on = self.of_earlier_ms[sim] + on_ms
        k = np.searchsorted(self.before_ms, on, side="right") - 1
        return self.start_ms[k] + (on - self.before_ms[k]) - sim * self.end_ms


def times_on(arrivals: OnOff, chance: Streams, end_ms: int) -> TimesOn:
    """Draw when each SIM is on.

    A SIM begins on if value 0 of its stream ``STATE``, on [0, on + off), is below on. Its j-th time on is size j of
    the stream ``SOJOURN`` in step 0, its j-th time off the one in step 1, both exponential in whole ms.
    """
    mean = arrivals.on_ms + arrivals.off_ms
    begins_off = chance.uniform(Purpose.STATE, mean) >= arrivals.on_ms
    sims = chance.numbers.size
    starts, lengths = [], []
    begin = np.zeros((sims, 1), np.int64)  # of the next pair of one time on and one time off
    pairs = end_ms // mean + 8
    drawn = 0
    while begin.size and begin.min() < end_ms:
        on = _sojourns(chance, arrivals.on_ms, drawn, pairs, step=0)
        off = _sojourns(chance, arrivals.off_ms, drawn, pairs, step=1)
        begins = begin + np.cumsum(on + off, axis=1)
        starts.append(begins - on - off + np.where(begins_off, off, 0))
        lengths.append(on)
        begin, drawn = begins[:, -1:], drawn + pairs
        pairs = pairs // 4 + 8
    start = np.concatenate(starts, axis=1) if starts else np.empty((sims, 0), np.int64)
    length = np.concatenate(lengths, axis=1) if lengths else start
    length = np.minimum(length, end_ms - start)
    sim, pair = np.nonzero(length > 0)
    length = length[sim, pair]
    before = np.cumsum(length) - length
    of_each = np.bincount(sim, length, minlength=sims).astype(np.int64)
    return TimesOn(start[sim, pair] + sim * end_ms, length, before, np.cumsum(of_each) - of_each, end_ms)


def _sojourns(chance: Streams, mean_ms: int, first: int, count: int, step: int) -> Ints:
    """Times on or off number `first` to `first` + `count` - 1 of each SIM, shape (sims, count)."""
    law = Exponential(mean_ms)
    return chance.sizes(law, Purpose.SOJOURN, Purpose.SOJOURN_RESIDUAL, count, first, step).reshape(-1, count)
