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
from fleetsim.engines.compiled.draws import count_by_recurrence, count_by_table, draw_places, draw_sizes
from fleetsim.engines.compiled.settings import OPTIONS
from fleetsim.engines.compiled.words import fill, uniform_at

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
            "first_step",  # of its steps, among those of all items
            # periodic
            "every",
            "jitter",
            "jitter_key",
        )
    ]
)
"""One traffic item."""

LAW: Final = np.dtype(
    [
        (name, np.int64)
        for name in ("boxes", "box_end", "shift", "threshold", "cells", "cell_end", "marks", "mark_end", "mark_shift")
    ]
)
"""Where the parts of a size table lie among those of all."""


@njit(**OPTIONS)
def sizes_of(out, first, count, law, laws, key, rest_key, sim, replication, words, slow) -> None:  # type: ignore[no-untyped-def]
    """Draw the sizes of a SIM's transfers of one item by the law's table."""
    tables, (base, slope), (cum, lower, width, guide) = laws
    t = tables[law]
    draw_sizes(
        out,
        first,
        count,
        base[t.boxes : t.box_end],
        slope[t.boxes : t.box_end],
        t.shift,
        t.threshold,
        cum[t.cells : t.cell_end],
        lower[t.cells : t.cell_end],
        width[t.cells : t.cell_end],
        guide[t.marks : t.mark_end],
        t.mark_shift,
        key,
        rest_key,
        sim,
        replication,
        words,
        slow,
    )


@njit(**OPTIONS)
def scale(values: NDArray, factor: float) -> None:
    """Multiply sizes by a SIM's factor and round them again, halves to even."""
    for i in range(values.size):
        values[i] = min(np.int64(np.rint(values[i] * factor)), MAX_SIZE_BYTES)


@njit(**OPTIONS)
def count_steps(counts, item, means, number, replication, words, own_means) -> int:  # type: ignore[no-untyped-def]
    """Draw the counts of a Poisson item's steps; return their sum.

    `means` holds, for each kind of step, where its table of thresholds begins and ends; `own_means` what a SIM with
    means of its own has instead: mean of a part, number of parts, and the recurrence's first number.
    """
    kinds, table_starts, table_ends, thresholds = means
    total = 0
    steps = item.steps
    if item.own == 0:
        for tile in range((steps + 63) // 64):
            fill(words, item.count_key, number, 0, replication, tile)
            for i in range(min(64, steps - 64 * tile)):
                d = 64 * tile + i
                kind = kinds[item.first_step + d]
                counts[d] = count_by_table(thresholds, table_starts[kind], table_ends[kind], words[i])
                total += counts[d]
        return total
    most = 1
    for d in range(steps):
        counts[d] = 0
        parts = np.int64(own_means[kinds[item.first_step + d], 1])
        if parts > most:
            most = parts  # type: ignore[assignment]
    for part in range(most):
        for tile in range((steps + 63) // 64):
            fill(words, item.count_key, number, part, replication, tile)
            for i in range(min(64, steps - 64 * tile)):
                d = 64 * tile + i
                own = own_means[kinds[item.first_step + d]]
                if part < own[1]:
                    n = count_by_recurrence(own[0], own[2], words[i])
                    counts[d] += n
                    total += n
    return total


@njit(**OPTIONS)
def grid_time(item, origin: int, n: int, number: int, replication: int) -> int:  # type: ignore[no-untyped-def]
    """Instant of point n of a periodic item."""
    time = origin + n * item.every
    if item.jitter > 0:
        time += uniform_at(item.jitter_key, number, 0, replication, n, 2 * item.jitter + 1) - item.jitter
    return time


@njit(**OPTIONS)
def first_point(item, origin: int, at: int, number: int, replication: int) -> int:  # type: ignore[no-untyped-def]
    """Number of the first point of a periodic item that is not before an instant; their order is that of the grid."""
    n = max(-((origin + item.jitter - at) // item.every), 0)
    while grid_time(item, origin, n, number, replication) < at:
        n += 1
    return n


@njit(**OPTIONS)
def instants(out, first, item, day, begin, count, counts, origin, places, number, replication, words) -> None:  # type: ignore[no-untyped-def]
    """Write the instants of an item's transfers in a day, ascending: `count` of them, the first being number `begin`.

    Parameters
    ----------
    counts
        Of each step of a Poisson item.
    places
        Of steps in which the rate varies: total places, pieces from and to, and of each piece its start, weight and the
        places before it.
    """
    if item.kind == PERIODIC:
        for i in range(count):
            out[first + i] = grid_time(item, origin, begin + i, number, replication)
    else:
        totals, piece_from, piece_to, starts, weights, before = places
        a_day = DAY // item.step
        at = first
        for d in range(day * a_day, min((day + 1) * a_day, item.steps)):
            step = item.first_step + d
            n = counts[step]
            if n == 0:
                continue
            draw_places(out, at, n, totals[step], item.time_key, number, d, replication, words)
            piece = piece_from[step]
            if piece < 0:
                for i in range(at, at + n):
                    out[i] += d * item.step
            else:
                for i in range(at, at + n):
                    while piece + 1 < piece_to[step] and before[piece + 1] <= out[i]:
                        piece += 1
                    out[i] = starts[piece] + (out[i] - before[piece]) // weights[piece]
            at += n
