"""Transfers that were counted in steps: where in its step each lies, and its bytes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fleetsim.draws.elementary import FloatArray
from fleetsim.draws.philox import Purpose
from fleetsim.draws.streams import Streams
from fleetsim.scenario.schema import TrafficItem
from fleetsim.traffic.offered import Ints, Transfers, durations_ms, within_life
from fleetsim.traffic.spread import sizes


def transfers_in_steps(
    item: TrafficItem,
    chance: Streams,
    counts: Ints,
    places: Ints | int,
    instants_ms: Callable[[Ints, Ints, Ints], Ints],
    activation_ms: Ints,
    horizon_ms: int,
    size_factor: FloatArray | None,
) -> Transfers:
    """Offer ``counts[i, d]`` transfers of SIM i in step d.

    Sizes are independent of times, so the n-th of them may go to the n-th transfer in time.

    Parameters
    ----------
    counts
        int64 of shape (sims, steps).
    places
        How many equally likely places a step has: for all, or an int64 array that broadcasts to `counts`.
    instants_ms
        From SIM, step and place, three int64 arrays of shape (transfers,), to the instants.
    """
    sim, step = np.nonzero(counts)
    number = counts[sim, step]
    below = places if isinstance(places, int) else np.repeat(np.broadcast_to(places, counts.shape)[sim, step], number)
    place = chance.uniform_ragged(Purpose.TIME, below, number, step=step, rows=sim)
    owner = np.repeat(sim, number)
    time_ms = instants_ms(owner, np.repeat(step, number), place)
    # Times are drawn in no order within a step, sizes in time order: sort the times before they meet.
    time_ms = time_ms[np.lexsort((time_ms, owner))]
    total = counts.sum(axis=1)
    drawn = sizes(item, chance, total, size_factor)
    return within_life(total, time_ms, drawn, durations_ms(item, *drawn), activation_ms, horizon_ms)
