"""Rates that vary with the local hour: a profile's weights over the steps in which transfers are counted.

A step stays what it is without a profile: 24 h, or a part of them, from the scenario's start. It is cut into pieces of
constant local hour, so daylight saving time and zones of half hours fit. Weights are whole numbers, and a ms of weight
w has w places: a step's mean goes with its places, and a transfer takes one of them, each as likely as the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from fleetsim.clock import MS_PER_DAY, MS_PER_HOUR
from fleetsim.scenario.profiles import HOURS_OF_DAY, Profile
from fleetsim.scenario.zones import offsets
from fleetsim.traffic.offered import Ints

_THURSDAY = 3 * HOURS_OF_DAY  # 1970-01-01 was one; a profile's week begins on Monday


class LocalClock(NamedTuple):
    """Whose local time it is, and the scenario's start in ms since 1970-01-01T00:00:00Z."""

    timezone: str
    start_ms: int


def pieces(profile: Profile, clock: LocalClock, from_ms: int, until_ms: int) -> tuple[Ints, Ints]:
    """Cut [from, until), ms since the scenario's start, where the local hour changes.

    Returns
    -------
    Starts of the pieces, ms since the scenario's start, the first being `from_ms`; their weights.
    """
    instants, offset = offsets(clock.timezone, clock.start_ms + from_ms, clock.start_ms + until_ms)
    ends = np.append(instants[1:], clock.start_ms + until_ms)
    starts, weights = [], []
    for begin, end, add in zip(instants.tolist(), ends.tolist(), offset.tolist(), strict=True):
        hours = np.arange((begin + add) // MS_PER_HOUR, (end - 1 + add) // MS_PER_HOUR + 1)
        starts.append(np.maximum(hours * MS_PER_HOUR - add, begin) - clock.start_ms)
        # A day's profile repeats within the week, so one rule serves both.
        weights.append(np.array(profile)[(hours + _THURSDAY) % len(profile)])
    return np.concatenate(starts), np.concatenate(weights)


def expected(rate_per_day: Fraction, profile: Profile, clock: LocalClock, from_ms: int, until_ms: int) -> float:
    """Mean number of transfers in [from, until), ms since the scenario's start."""
    if from_ms >= until_ms:
        return 0.0
    starts, weights = pieces(profile, clock, from_ms, until_ms)
    places = float(np.dot(np.diff(starts, append=until_ms).astype(np.float64), weights))
    return float(rate_per_day) * places * len(profile) / (sum(profile) * MS_PER_DAY)


@dataclass(frozen=True, eq=False)
class StepPlaces:
    """The places of equal steps from the scenario's start on.

    Attributes
    ----------
    first
        int64 of shape (steps + 1,): step d has the pieces ``first[d]`` to ``first[d + 1]`` - 1.
    start_ms, weight
        int64 of shape (pieces,): ms since the scenario's start, places a ms.
    before
        int64 of shape (pieces,): places of the step before the piece.
    total
        int64 of shape (steps,): places of each step, below 2^53.
    """

    first: Ints
    start_ms: Ints
    weight: Ints
    before: Ints
    total: Ints

    def instants_ms(self, step: Ints, place: Ints) -> Ints:
        """Instants of the given places of the given steps: the last piece that has no more places before it."""
        low, high = self.first[step], self.first[step + 1] - 1
        for _ in range(int(np.diff(self.first).max() - 1).bit_length()):
            middle = (low + high + 1) >> 1
            reached = self.before[middle] <= place
            low, high = np.where(reached, middle, low), np.where(reached, high, middle - 1)
        instants: Ints = self.start_ms[low] + (place - self.before[low]) // self.weight[low]
        return instants

    def means(self, rate_per_day: Fraction, profile: Profile) -> list[float]:
        """Mean number of transfers in each step, the nearest double to each."""
        a_day = sum(profile) * MS_PER_DAY
        mean_of = {places: float(rate_per_day * len(profile) * places / a_day) for places in set(self.total.tolist())}
        return [mean_of[places] for places in self.total.tolist()]


@lru_cache(maxsize=16)
def step_places(profile: Profile, clock: LocalClock, step_ms: int, steps: int) -> StepPlaces:
    """Return the places of `steps` steps of `step_ms` each."""
    edges = np.arange(steps + 1) * step_ms
    changes, weights = pieces(profile, clock, 0, int(edges[-1]))
    starts = np.union1d(changes, edges[:-1])
    weight = weights[np.searchsorted(changes, starts, side="right") - 1]
    places = np.diff(starts, append=edges[-1]) * weight
    first = np.searchsorted(starts, edges)
    # Sums over the whole horizon may leave 64 bits. Their differences within a step do not, and are right all the same.
    before = np.cumsum(places) - places
    before -= np.repeat(before[first[:-1]], np.diff(first))
    found = StepPlaces(first, starts, weight, before, np.add.reduceat(places, first[:-1]))
    for array in (found.first, found.start_ms, found.weight, found.before, found.total):
        array.flags.writeable = False
    return found
