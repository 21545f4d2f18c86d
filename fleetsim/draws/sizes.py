"""One sampler for every size law: boxes for nearly all words, an exact inversion for the rest.

A table holds up to 4096 boxes, each a stretch of sizes of mass 2^-12 that lies under the law's probability
function. A 32-bit word u below `SizeTable.threshold` falls into box ``u >> 20``, and the size is

    (base[u >> 20] + slope[u >> 20] * u) >> shift        (uint64, wrapping)

The words from the threshold on carry what the boxes leave: r = u - threshold is inverted in `SizeTable.cum`,
which yields a cell of sizes; in a cell of several, the size is uniform, by the draw's own 64-bit value.

How many words every box sends to every cell is counted exactly and taken off before the rest is built. So
boxes need not be good to be right: whatever they are, a drawn size has the law's cumulative probabilities on
the grid of 2^-32 at the ends of all cells, and inside a cell it is off by less than 2^-29 or so
(`fleetsim.draws.cells`). What is rarer than the grid does not come: no size lies above the one that is exceeded
with probability 2^-33. The sampler is not monotone in its word.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fleetsim.draws.beta import Tabulated
from fleetsim.draws.cells import Cells, cells_of, split
from fleetsim.draws.laws import MAX_SIZE_BYTES, Constant
from fleetsim.draws.philox import IntArray, Words, uniform_below, word64_at, words

BOX_BITS: Final = 20
"""A box is drawn by 2^20 words, so there are at most 2^12."""
_BOX_WORDS: Final = 1 << BOX_BITS
_GUIDE_BITS: Final = 13
_TOO_WIDE: Final = 2**32
_NEVER: Final = -(2**62)


@dataclass(frozen=True, eq=False)
class SizeTable:
    """The sampler of one law.

    Attributes
    ----------
    base
        uint64, a box each.
    slope
        uint32, a box each: its width in units of 2^(20 - shift) bytes.
    shift
        Binary digits after the point of the fixed-point size.
    threshold
        First word that no box carries; number of boxes times 2^20.
    cum
        uint64, a residual cell each: residual words of this cell and all before it.
    lower, width
        int64, bytes: residual cell k holds the sizes ``lower[k] <= size < lower[k] + width[k]``.
    guide, guide_shift
        The cell of r lies from ``guide[r >> guide_shift]`` to ``guide[(r >> guide_shift) + 1]``, both
        included.
    """

    base: NDArray[np.uint64]
    slope: NDArray[np.uint32]
    shift: int
    threshold: int
    cum: NDArray[np.uint64]
    lower: IntArray
    width: IntArray
    guide: NDArray[np.int32]
    guide_shift: int

    def probability_up_to(self, size: IntArray) -> NDArray[np.float64]:
        """Exact probability that this table draws a value <= size, by counting words; float64 like `size`."""
        end = np.asarray(size, dtype=np.int64) + 1
        boxed = _box_words_below(self.starts, self.slope.astype(np.int64), self.shift - BOX_BITS, end)
        count = boxed.astype(np.float64)
        if self.cum.size:
            k = np.clip(np.searchsorted(self.lower, end, side="right") - 1, 0, None)
            before = np.concatenate([np.zeros(1), self.cum.astype(np.float64)])
            inside = np.clip(end - self.lower[k], 0, self.width[k]) / self.width[k]
            count = count + before[k] + (before[k + 1] - before[k]) * inside
        probability: NDArray[np.float64] = count / 2.0**32
        return probability

    @property
    def starts(self) -> IntArray:
        """Lower ends of the boxes in units of 2^(20 - shift) bytes."""
        words_before = np.arange(self.base.size, dtype=np.uint64) << np.uint64(BOX_BITS)
        start = (self.base + self.slope * words_before) >> np.uint64(BOX_BITS)
        return start.astype(np.int64)


@lru_cache(maxsize=256)
def size_table(law: Tabulated) -> SizeTable:
    """The sampler of a law. It depends on the law alone, on every machine to the last bit."""
    cells = cells_of(law)
    starts, widths, point = _boxes(cells)
    # A box's end inside a cell of several sizes would make the law uneven there: its byte becomes a cell.
    ends = np.concatenate([starts, starts + widths]) >> point
    cells = split(law, cells, np.concatenate([ends, ends + 1]))

    boxed = _box_words_below(starts, widths, point, cells.edges)
    slow = 2**32 - starts.size * _BOX_WORDS
    # Rounding can leave a box a word too many in a cell; the next cells make up for it.
    rest = np.clip(np.maximum.accumulate(cells.words_below - boxed), 0, slow)
    kept = np.flatnonzero(np.diff(rest) > 0)
    cum = rest[kept + 1].astype(np.uint64)
    guide_shift = max(0, slow.bit_length() - _GUIDE_BITS)
    marks = np.arange((slow >> guide_shift) + 2, dtype=np.uint64) << np.uint64(guide_shift)
    guide = np.searchsorted(cum, marks, side="right")
    number = np.arange(starts.size, dtype=np.uint64) << np.uint64(BOX_BITS)
    slope = widths.astype(np.uint32)
    table = SizeTable(
        base=(starts.astype(np.uint64) << np.uint64(BOX_BITS)) - slope * number,
        slope=slope,
        shift=point + BOX_BITS,
        threshold=2**32 - slow,
        cum=cum,
        lower=cells.edges[kept],
        width=np.diff(cells.edges)[kept],
        guide=guide.astype(np.int32),
        guide_shift=guide_shift,
    )
    for array in (table.base, table.slope, table.cum, table.lower, table.width, table.guide):
        array.flags.writeable = False
    return table


def _boxes(cells: Cells) -> tuple[IntArray, IntArray, int]:
    """Boxes of mass 2^-12 under the probability function, stacked from the mode outwards to both sides.

    Returns
    -------
    Lower ends and widths, in units of 2^-point bytes, and point.
    """
    edges, size = cells.edges, np.diff(cells.edges)
    # 2 words of slack a cell: a box can begin and end in it, each rounded up by less than a word.
    mass = np.maximum(np.diff(cells.probability) - 2.0 * 2.0**-32, 0.0)
    height = mass / size
    height[edges[:-1] >= MAX_SIZE_BYTES] = 0.0  # a lump of what is clipped is no place to start from
    mode = int(np.argmax(height))
    # Boxes lie within the cells that leave less than one of them outside. The unit is as fine as 63 bits
    # allow, but coarse enough that a box of 1/16 of the range has 32 bits.
    low, high = np.searchsorted(cells.probability, (2.0**-13, 1.0 - 2.0**-13))
    point = 36 - int(edges[high] - edges[low]).bit_length()
    point = max(0, min(point, 43 - int(edges[high]).bit_length()))
    # Nothing above the running minimum, so that a box is under the function wherever it ends.
    under = np.concatenate(
        [np.minimum.accumulate(height[: mode + 1][::-1])[::-1], np.minimum.accumulate(height[mode + 1 :])]
    )
    box_mass = math.ldexp(1.0, point - 12)  # for heights a byte, widths in units
    fits = under > box_mass / _TOO_WIDE
    width = np.ceil(box_mass / np.where(fits, under, 1.0)).astype(np.int64)
    fixed = np.minimum(edges, edges[high]) << point
    up = _stack(int(fixed[mode]), fixed[mode + 1 :], width[mode:], fits[mode:])
    down = _stack(-int(fixed[mode]), -fixed[:mode][::-1], width[:mode][::-1], fits[:mode][::-1])
    starts = [x for x, _ in up] + [-x - w for x, w in down]
    return np.array(starts, np.int64), np.array([w for _, w in up + down], np.int64), point


def _stack(x: int, ends: IntArray, width: IntArray, fits: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Boxes from x on: each takes the height of the first cell in which a box of that height would end."""
    # A box of cell i's height ends in it at the latest if it begins at ends[i] - width[i] or before.
    last_start = np.maximum.accumulate(np.where(fits, ends - width, _NEVER)).tolist()
    boxes, i = [], 0
    while (i := bisect_left(last_start, x, i)) < len(last_start):
        w = int(width[i])
        boxes.append((x, w))
        x += w
    return boxes


def _box_words_below(starts: IntArray, widths: IntArray, point: int, end: IntArray) -> IntArray:
    """How many of the boxes' words give a size below ``end``: exact, int64 of its shape."""
    if not starts.size:
        return np.zeros(end.shape, np.int64)
    order = np.argsort(starts)
    starts, widths = starts[order], widths[order]
    at = np.minimum(end, ((starts[-1] + widths[-1]) >> point) + 1) << point
    last = np.searchsorted(starts, at, side="right") - 1
    i = np.maximum(last, 0)
    into = np.minimum(at - starts[i], widths[i])
    # Words v with (start 2^20 + width v) < end 2^20, so v < into 2^20 / width.
    partial = -((-(into << BOX_BITS)) // widths[i])
    return np.where(last < 0, 0, i * _BOX_WORDS + partial)


def draw_sizes(
    law: Tabulated,
    key: int,
    residual_key: int,
    sim: ArrayLike,
    replication: ArrayLike,
    count: ArrayLike,
    first: ArrayLike = 0,
    step: int = 0,
) -> IntArray:
    """Sizes ``first[i]`` to ``first[i] + count[i] - 1`` of stream i, one stream after the other.

    Size j takes word j of the stream (in step 0, where no other is given), sizes being numbered over the whole
    horizon in time order; and, where its cell holds several sizes, value j of the residual stream. A constant takes
    none.

    Parameters
    ----------
    law
        Size law.
    key, residual_key
        Stream keys of purposes ``UPLOAD`` and ``UPLOAD_RESIDUAL``, or those of downloads.
    sim, replication, count, first
        Integers that broadcast to one shape (n,), one entry a stream.

    Returns
    -------
    Bytes, shape (sum(count),).
    """
    if isinstance(law, Constant):
        given = np.broadcast_arrays(*(np.asarray(a) for a in (sim, replication, count, first)))
        return np.full(int(given[2].sum()), law.value, np.int64)
    table = size_table(law)
    u = words(key, sim, step, replication, count, first)
    size = _box_sizes(table, u)
    slow = np.flatnonzero(u >= table.threshold)
    if slow.size:
        k = np.searchsorted(table.cum, u[slow].astype(np.uint64) - np.uint64(table.threshold), side="right")
        size[slow] = table.lower[k]
        wide = table.width[k] > 1
        if np.any(wide):
            at, k = slow[wide], k[wide]
            sims, replications, counts, firsts = np.broadcast_arrays(
                *(np.atleast_1d(np.asarray(a, dtype=np.int64)) for a in (sim, replication, count, first))
            )
            end = np.cumsum(counts)
            i = np.searchsorted(end, at, side="right")
            index = at - (end - counts)[i] + firsts[i]
            value = word64_at(residual_key, sims[i], step, replications[i], index)
            size[at] += uniform_below(value, table.width[k])
    return size


def _box_sizes(table: SizeTable, u: Words) -> IntArray:
    """Sizes by the boxes; whatever for words that no box carries."""
    if not table.base.size:
        return np.zeros(u.size, np.int64)
    j = np.minimum(u >> np.uint32(BOX_BITS), np.uint32(table.base.size - 1))
    size = table.slope[j].astype(np.uint64)
    size *= u
    size += table.base[j]
    size >>= np.uint64(table.shift)
    signed: IntArray = size.view(np.int64)
    return signed
