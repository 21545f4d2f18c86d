"""Counts, sizes and places of transfers, word for word those that `fleetsim.draws` gives."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fleetsim.engines.compiled.settings import OPTIONS
from fleetsim.engines.compiled.words import U, below, fill, uniform_at

BOX_BITS = U(20)


@njit(**OPTIONS)
def count_by_table(thresholds: NDArray, start: int, end: int, word: int) -> int:
    """Number of thresholds in a table that a word reaches: they ascend, so half of them are left out at a time."""
    low, high = start, end
    while low < high:
        middle = (low + high) // 2
        if thresholds[middle] <= word:
            low = middle + 1
        else:
            high = middle
    return low - start


@njit(**OPTIONS)
def count_by_recurrence(mean: float, first: float, word: int) -> int:
    """Poisson count of a word; `first` is e^-mean times 2^32."""
    target = np.float64(word) + 0.5
    p = first
    reached = p
    k = 0
    while reached < target:
        k += 1
        p = p * mean / k
        reached = reached + p
    return k


@njit(**OPTIONS)
def draw_sizes(
    out: NDArray,
    first: int,
    count: int,
    box_base: NDArray,
    box_slope: NDArray,
    shift: int,
    threshold: int,
    cum: NDArray,
    lower: NDArray,
    width: NDArray,
    guide: NDArray,
    guide_shift: int,
    key: int,
    residual_key: int,
    sim: int,
    replication: int,
    words: NDArray,
    slow: NDArray,
) -> None:
    """Write sizes number 0 to `count` - 1 of a stream from ``out[first]`` on.

    The parts of a `SizeTable`; `words` and `slow` are room for 64 numbers each.
    """
    by, edge = U(shift), U(threshold)
    for tile in range((count + 63) // 64):
        fill(words, key, sim, 0, replication, tile)
        here = min(64, count - 64 * tile)
        part = out[first + 64 * tile : first + 64 * tile + here]
        n = 0
        for i in range(here):
            word = U(words[i])
            if word < edge:
                box = word >> BOX_BITS
                part[i] = np.int64((box_base[box] + U(box_slope[box]) * word) >> by)
            else:
                slow[n] = i
                n += 1
        for k in range(n):
            i = slow[k]
            rest = U(words[i]) - edge
            mark = rest >> U(guide_shift)
            low, high = np.int64(guide[mark]), np.int64(guide[mark + U(1)])
            while low < high:
                middle = (low + high) // 2
                if cum[middle] <= rest:
                    low = middle + 1
                else:
                    high = middle
            size = lower[low]
            if width[low] > 1:
                size += uniform_at(residual_key, sim, 0, replication, 64 * tile + i, width[low])
            part[i] = size


@njit(**OPTIONS)
def draw_places(
    out: NDArray, first: int, count: int, places: int, key: int, sim: int, step: int, replication: int, words: NDArray
) -> None:
    """Write `count` whole numbers, uniform on [0, places), ascending, from ``out[first]`` on."""
    n = U(places)
    for tile in range((count + 31) // 32):
        fill(words, key, sim, step, replication, tile)
        for i in range(min(32, count - 32 * tile)):
            out[first + 32 * tile + i] = np.int64(below(U(words[i]), U(words[32 + i]), n))
    sort(out[first : first + count])


@njit(**OPTIONS)
def sort(values: NDArray) -> None:
    """Sort in place, by insertion over ever smaller gaps (Shell's method): quick for a day's few transfers."""
    n = values.size
    gap = 1 if n < 24 else 10 if n < 132 else 57 if n < 701 else 301
    while gap <= n // 9:
        gap = 9 * gap // 4
    while gap > 0:
        for i in range(gap, n):
            value = values[i]
            j = i
            while j >= gap and values[j - gap] > value:
                values[j] = values[j - gap]
                j -= gap
            values[j] = value
        gap = 0 if gap == 1 else 1 if gap < 9 else 4 * gap // 9
