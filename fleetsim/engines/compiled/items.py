"""A SIM's traffic items as a kernel draws them: how many transfers each day, their sizes, and their instants.

Counts and sizes are drawn for the whole horizon, because a day's sum says whether its instants matter. Instants are
drawn a day at a time, for the days in which they do.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fleetsim.clock import MS_PER_DAY
from fleetsim.draws.laws import MAX_SIZE_BYTES
from fleetsim.engines.compiled.draws import GUIDED, count_by_table, count_on_ladder, draw_places
from fleetsim.engines.compiled.pointed import floats_at, ints_at, longs_at, numbers_at, records_at, words_at
from fleetsim.engines.compiled.room import RUNGS
from fleetsim.engines.compiled.settings import OPTIONS
from fleetsim.engines.compiled.state import Held, Rules
from fleetsim.engines.compiled.words import U, below, fill, uniform_at

GUIDED_PLACES: Final = 512
"""Equal parts of a step's places for which a guide names the first piece that reaches into them."""

GIVEN, POISSON, PERIODIC, STREAM = 0, 1, 2, 3
"""How an item's transfers come about: as arrays that are drawn already, by counts, on a grid; or it is a stream."""

DAY: Final = MS_PER_DAY

ITEM: Final = np.dtype(
    [
        (name, np.int64)
        for name in (
            "kind",
            "dns",
            "duration",
            "bits_per_s",  # where the duration follows from a throughput
            "scaled",  # a SIM's factor on sizes is for this item
            "upload",  # table of the upload's law; -1: always `upload_bytes`
            "upload_bytes",
            "upload_key",
            "upload_rest_key",
            "download",
            "download_bytes",
            "download_key",
            "download_rest_key",
            # poisson
            "step",
            "steps",
            "count_key",
            "time_key",
            "own",  # each SIM has means of its own
            "profiled",  # its rate varies
            "first_step",  # of its steps, among those of all items
            # periodic
            "every",
            "jitter",
            "jitter_key",
        )
    ]
)
"""One traffic item."""

items_at = records_at(ITEM)


@njit(**OPTIONS)
def scale(values: NDArray, factor: float) -> None:
    """Multiply sizes by a SIM's factor and round them again, halves to even."""
    for i in range(values.size):
        values[i] = min(np.int64(np.rint(values[i] * factor)), MAX_SIZE_BYTES)


@njit(**OPTIONS)
def count_steps(counts: NDArray, item, rules: Rules, held: Held, number: int, own: NDArray) -> None:  # type: ignore[no-untyped-def]
    """Draw the counts of a Poisson item's steps.

    A SIM with means of its own has, in `own`, of each kind of step: mean of a part, number of parts, e^-mean * 2^32.
    """
    words, kinds = words_at(held.words, 64), numbers_at(rules.kinds + 8 * item.first_step, item.steps)
    if item.own == 0:
        tables, guides = (
            numbers_at(rules.tables, rules.kind_count),
            ints_at(rules.table_guides, GUIDED * rules.kind_count),
        )
        thresholds = longs_at(rules.thresholds, 1)
        for tile in range((item.steps + 63) // 64):
            fill(words, item.count_key, number, 0, rules.replication, tile)
            for step in range(64 * tile, min(64 * tile + 64, item.steps)):
                kind = kinds[step]
                counts[step] = count_by_table(thresholds, tables[kind], guides, GUIDED * kind, words[step - 64 * tile])
        return
    rungs, ends = numbers_at(held.rungs, rules.kind_count), floats_at(held.ladder_ends, rules.kind_count)
    most = 1
    for step in range(item.steps):
        counts[step] = 0
        most = max(most, int(own[kinds[step], 1]))
    for part in range(most):
        for tile in range((item.steps + 63) // 64):
            fill(words, item.count_key, number, part, rules.replication, tile)
            for step in range(64 * tile, min(64 * tile + 64, item.steps)):
                kind = kinds[step]
                if part < own[kind, 1]:
                    ladder = floats_at(held.ladders + 8 * RUNGS * kind, RUNGS)
                    word = words[step - 64 * tile]
                    counts[step] += count_on_ladder(ladder, rungs, ends, kind, own[kind, 0], own[kind, 2], word)


@njit(**OPTIONS)
def point(item, origin: int, n: int, number: int, replication: int) -> int:  # type: ignore[no-untyped-def]
    """Instant of point n of a periodic item."""
    time = origin + n * item.every
    if item.jitter > 0:
        time += uniform_at(item.jitter_key, number, 0, replication, n, 2 * item.jitter + 1) - item.jitter
    return time


@njit(**OPTIONS)
def first_point(item, origin: int, at: int, number: int, replication: int) -> int:  # type: ignore[no-untyped-def]
    """Number of the first point of a periodic item that is not before an instant; their order is that of the grid."""
    n = max(-((origin + item.jitter - at) // item.every), 0)
    while origin + n * item.every - item.jitter < at and point(item, origin, n, number, replication) < at:
        n += 1
    return n


@njit(**OPTIONS)
def points(out, item, held: Held, origin: int, first: int, number: int, replication: int) -> None:  # type: ignore[no-untyped-def]
    """Write the instants of a periodic item's points from number `first` on."""
    if item.jitter == 0:
        for i in range(out.size):
            out[i] = origin + (first + i) * item.every
        return
    words, width = words_at(held.words, 64), U(2 * item.jitter + 1)
    earliest = origin - item.jitter
    n, end = first, first + out.size
    while n < end:
        tile = n // 32
        fill(words, item.jitter_key, number, 0, replication, tile)
        last = min(end, 32 * tile + 32)
        while n < last:
            i = n - 32 * tile
            out[n - first] = earliest + n * item.every + np.int64(below(U(words[i]), U(words[32 + i]), width))
            n += 1


@njit(**OPTIONS)
def arrivals(out: NDArray, item, rules: Rules, held: Held, day: int, number: int) -> None:  # type: ignore[no-untyped-def]
    """Write the instants of a Poisson item in a day, ascending."""
    counts = numbers_at(held.counts + 8 * item.first_step, item.steps)
    step_places = numbers_at(rules.step_places + 8 * item.first_step, item.steps)
    a_day = DAY // item.step
    at = 0
    for step in range(day * a_day, min((day + 1) * a_day, item.steps)):
        found = out[at : at + counts[step]]
        at += counts[step]
        if found.size == 0:
            continue
        draw_places(found, held, step_places[step], item.time_key, number, step, rules.replication)
        if item.profiled == 1:
            shape = numbers_at(rules.step_shapes + 8 * item.first_step, item.steps)[step]
            to_instants(found, rules, shape, step_places[step], step * item.step)
        else:
            for i in range(found.size):
                found[i] += step * item.step


@njit(**OPTIONS)
def to_instants(places: NDArray, rules: Rules, shape: int, total: int, start: int) -> None:
    """Turn places of a step into instants: the piece that holds the place, and so far into it.

    A quotient of doubles is exact enough for its whole part, because a step has less than 2^53 places.
    """
    guide = ints_at(rules.shape_guides + 4 * GUIDED_PLACES * shape, GUIDED_PLACES)
    starts, weights = numbers_at(rules.piece_starts, 1), numbers_at(rules.piece_weights, 1)
    before, until = numbers_at(rules.places_before, 1), numbers_at(rules.places_until, 1)
    cells = GUIDED_PLACES * (1 - 1e-12) / total  # rounded down, so that no place is led beyond its piece
    for i in range(places.size):
        place = places[i]
        piece = np.int64(guide[np.int64(place * cells)])
        piece += until[piece] <= place
        while until[piece] <= place:
            piece += 1
        places[i] = start + starts[piece] + np.int64((place - before[piece]) / weights[piece])
