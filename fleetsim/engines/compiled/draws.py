"""Counts, sizes and places of transfers, word for word those that `fleetsim.draws` gives."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fleetsim.engines.compiled.pointed import fill_with, ints_at, longs_at, numbers_at, records_at, words_at
from fleetsim.engines.compiled.room import SLOTS, SORTED_AT_ONCE
from fleetsim.engines.compiled.settings import OPTIONS
from fleetsim.engines.compiled.state import Held, Rules
from fleetsim.engines.compiled.words import U, below, fill, trailing_zeros, uniform_at

BOX_BITS = U(20)
ONE, SIX, LOW_SIX = U(1), U(6), U(63)
GUIDE_BITS: Final = 24
GUIDED: Final = 1 << (32 - GUIDE_BITS)
"""A table of counts is entered by the bits of a word above these; so many entries that makes."""


@njit(**OPTIONS)
def count_by_table(thresholds: NDArray, start: int, guide: NDArray, entry: int, word: int) -> int:
    """Number of thresholds in a table that a word reaches; the guide says how many the word's high bits reach alone."""
    k = start + guide[entry + (np.int64(word) >> GUIDE_BITS)]
    while thresholds[k] <= word:  # the last one is above every word
        k += 1
    return k - start


@njit(**OPTIONS)
def count_on_ladder(
    ladder: NDArray, rungs: NDArray, ends: NDArray, kind: int, mean: float, first: float, word: int
) -> int:
    """Poisson count of a word, for a mean that few words share: as many rungs of the ladder as lie below it.

    Rungs are the running sum of p(0) = e^-mean (`first`, times 2^32), p(k + 1) = p(k) * mean / (k + 1). They are added
    as words ask for them.
    """
    target = np.float64(word) + 0.5
    n = rungs[kind]
    if n == 0:
        ladder[0] = first
        ends[kind] = first
        n = 1
    while ladder[n - 1] < target:
        ends[kind] = ends[kind] * mean / n
        ladder[n] = ladder[n - 1] + ends[kind]
        n += 1
    rungs[kind] = n
    low, high = 0, n - 1
    while low < high:
        middle = (low + high) >> 1
        if ladder[middle] < target:
            low = middle + 1
        else:
            high = middle
    return low


LAW: Final = np.dtype([(name, np.int64) for name in ("box", "shift", "threshold", "cell", "guide", "guide_shift")])
"""A size table: where its parts begin among those of all, and its numbers."""
BOXES: Final = 1 << 12
"""Boxes of a law, one for each value of a word's high bits; those that carry nothing are never asked."""
laws_at = records_at(LAW)


@njit(**OPTIONS)
def draw_sizes(
    out: NDArray, rules: Rules, held: Held, law: int, key: int, residual_key: int, sim: int, replication: int
) -> None:
    """Write the sizes from number 0 on of a stream, by the law's table."""
    table = laws_at(rules.laws, law + 1)[law]
    base, slope = longs_at(rules.box_base + 8 * table.box, BOXES), words_at(rules.box_slope + 4 * table.box, BOXES)
    slow, by, edge = numbers_at(held.slow, 64), U(table.shift), U(table.threshold)
    fill(words_at(held.words, 64), key, sim, 0, replication, 0)
    for tile in range((out.size + 63) // 64):
        # The next words are drawn while the memory looks for the boxes of these.
        words = words_at(held.words + 256 * (tile & 1), 64)
        fill(words_at(held.words + 256 * (1 - (tile & 1)), 64), key, sim, 0, replication, tile + 1)
        part = out[64 * tile : 64 * tile + 64]
        n = 0
        for i in range(part.size):
            word = U(words[i])
            box = word >> BOX_BITS
            part[i] = np.int64((base[box] + U(slope[box]) * word) >> by)
            if word >= edge:
                slow[n] = i
                n += 1
        for k in range(n):
            i = slow[k]
            part[i] = size_of_rest(rules, table, U(words[i]) - edge, residual_key, sim, replication, 64 * tile + i)


@njit(**OPTIONS)
def size_of_rest(rules: Rules, table, rest: int, key: int, sim: int, replication: int, index: int) -> int:  # type: ignore[no-untyped-def]
    """Size of a word that no box carries: its cell, and a place in it by the draw's own value."""
    mark = np.int64(rest >> U(table.guide_shift))
    guide = ints_at(rules.cell_guide + 4 * (table.guide + mark), 2)
    cum = longs_at(rules.cells + 8 * table.cell, 1)
    low, high = np.int64(guide[0]), np.int64(guide[1])
    while low < high:
        middle = (low + high) >> 1
        if cum[middle] <= rest:
            low = middle + 1
        else:
            high = middle
    size: int = numbers_at(rules.cell_lower + 8 * (table.cell + low), 1)[0]
    width = numbers_at(rules.cell_width + 8 * (table.cell + low), 1)[0]
    if width > 1:
        size += uniform_at(key, sim, 0, replication, index, width)
    return size


@njit(**OPTIONS)
def draw_places(out, held, places, key, sim, step, replication) -> None:  # type: ignore[no-untyped-def]
    """Write whole numbers, uniform on [0, places), ascending."""
    count = out.size
    words, n = words_at(held.words, 64), U(places)
    if count > SORTED_AT_ONCE:
        for tile in range((count + 31) // 32):
            fill(words, key, sim, step, replication, tile)
            for i in range(min(32, count - 32 * tile)):
                out[32 * tile + i] = np.int64(below(U(words[i]), U(words[32 + i]), n))
        sort(out)
        return
    bits = 6  # slots, each an equal part of the step: so many of them that few hold more than one number
    while (1 << bits) < SLOTS * count:
        bits += 1
    unsorted, links = numbers_at(held.unsorted, count), ints_at(held.links, count)
    heads, filled = ints_at(held.heads, 1 << bits), longs_at(held.filled, 1 << (bits - 6))
    fill_with(filled, 0)
    by = U(32 - bits)
    for tile in range((count + 31) // 32):
        fill(words, key, sim, step, replication, tile)
        here = unsorted[32 * tile : 32 * tile + 32]
        for i in range(U(here.size)):
            here[i] = np.int64(below(U(words[i]), U(words[U(32) + i]), n))
        for i in range(here.size):
            slot = U(words[i]) >> by
            line, bit = slot >> SIX, slot & LOW_SIX
            others = filled[line]
            links[32 * tile + i] = heads[slot] if (others >> bit) & ONE else -1
            heads[slot] = 32 * tile + i
            filled[line] = others | (ONE << bit)
    k = 0
    for group in range(filled.size):
        slots = filled[group]
        while slots != 0:
            node = heads[64 * group + trailing_zeros(slots)]
            slots = U(slots & (slots - ONE))
            out[k] = unsorted[node]
            k += 1
            node = links[node]
            while node >= 0:
                insert(out, k, unsorted[node])
                k += 1
                node = links[node]


@njit(**OPTIONS)
def insert(values: NDArray, count: int, value: int) -> None:
    """Put one more number to its place among `count` ascending ones."""
    while count > 0 and values[count - 1] > value:
        values[count] = values[count - 1]
        count -= 1
    values[count] = value


@njit(**OPTIONS)
def sort(values: NDArray) -> None:
    """Sort in place, by insertion over ever smaller gaps (Shell's method)."""
    n = values.size
    gap = 1
    while gap <= n // 9:
        gap = 9 * gap // 4 + 1
    while gap > 0:
        for i in range(gap, n):
            value = values[i]
            j = i
            while j >= gap and values[j - gap] > value:
                values[j] = values[j - gap]
                j -= gap
            values[j] = value
        gap = 0 if gap == 1 else max(4 * gap // 9, 1)
