"""The cells of sizes on which a size law is tabulated.

A cell holds the sizes from one edge to the next. Cells are single bytes at the low end and then as many an
octave as the law's curvature asks for, because sizes are taken as uniform within a cell: for a density f that
is off by |f'| width^2 / 8 at most in the cumulative probability. Sizes at which the density jumps are cells of
their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fleetsim.draws.beta import Tabulated
from fleetsim.draws.laws import MAX_SIZE_BYTES
from fleetsim.draws.philox import IntArray

_END: Final = MAX_SIZE_BYTES + 1
_OCTAVES: Final = _END.bit_length() - 1
_SINGLE: Final = 13
"""Cells below 2^13 are single bytes."""
_COARSE_BITS: Final = 6
_FIRST_BITS: Final = 12
_LEAST_BITS: Final = 10
_MOST_BITS: Final = 30
_MOST_CELLS: Final = 1 << 18
_TOLERANCE: Final = 2.0**-31


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells of one law.

    Attributes
    ----------
    edges
        int64 of shape (cells + 1,), ascending from 0, bytes.
    probability
        float64 like `edges`: that of a size below the edge; 1 at the last.
    """

    edges: IntArray
    probability: NDArray[np.float64]

    @property
    def words_below(self) -> IntArray:
        """`probability` on the grid of 2^-32, as a number of 32-bit words."""
        return np.rint(self.probability * 2.0**32).astype(np.int64)


def _tabulate(law: Tabulated, edges: IntArray) -> Cells:
    # A size is below the whole number e where the continuous value is below e - 1/2.
    probability = np.clip(law.cdf(edges.astype(np.float64) - 0.5), 0.0, 1.0)
    probability[edges <= 0] = 0.0
    probability[edges >= _END] = 1.0
    # Rounding must not make it fall.
    return Cells(edges, np.maximum.accumulate(probability))


def _grid(bits: IntArray, low: int, high: int) -> IntArray:
    """0, low, high, and between them 2^bits[o] equal cells of whole bytes in the octave from 2^o on."""
    parts = [np.array([0, low], np.int64), np.arange(low + 1, min(high, 1 << _SINGLE))]
    for octave in range(_SINGLE, _OCTAVES):
        step = 1 << max(0, octave - int(bits[octave]))
        start = max(1 << octave, (low // step + 1) * step)
        parts.append(np.arange(start, min(2 << octave, high), step))
    edges = np.concatenate([*parts, np.array([high], np.int64)])
    return edges if low > 0 else edges[1:]


def cells_of(law: Tabulated) -> Cells:
    """Cells between the sizes below and above which the law has less than 2^-33 of its mass."""
    coarse = _tabulate(law, _grid(np.full(_OCTAVES, _COARSE_BITS), 0, _END))
    words = coarse.words_below
    low = int(coarse.edges[np.flatnonzero(words == 0)[-1]])
    high = int(coarse.edges[np.flatnonzero(words == 2**32)[0]])
    breaks = np.array([*law.breaks(), MAX_SIZE_BYTES], np.int64)
    breaks = np.concatenate([breaks, breaks + 1])

    first = np.full(_OCTAVES, _FIRST_BITS)
    bits = _bits_needed(_tabulate(law, _with(_grid(first, low, high), breaks)), breaks)
    while (grid := _grid(bits, low, high)).size > _MOST_CELLS:
        bits = np.minimum(bits, bits.max() - 1)
    return _tabulate(law, _with(grid, breaks))


def _bits_needed(cells: Cells, breaks: IntArray) -> IntArray:
    """How fine each octave must be, seen from cells of 2^12 an octave: the error goes with the width's square.

    The error is taken from the difference of neighbouring densities, which is f' times the width, except at
    the law's jumps, where cells end anyway.
    """
    width = np.diff(cells.edges)
    density = np.diff(cells.probability) / width
    error = np.abs(np.diff(density)) * np.maximum(width[1:], width[:-1]) / 8.0
    smooth = (width[1:] > 1) & ~np.isin(cells.edges[1:-1], breaks)
    _, more = np.frexp(np.maximum(error[smooth] / _TOLERANCE, 2.0**-20))
    _, octave = np.frexp(cells.edges[1:-1][smooth].astype(np.float64))
    bits = np.full(_OCTAVES, _LEAST_BITS)
    np.maximum.at(bits, octave - 1, _FIRST_BITS + (more + 1) // 2)
    needed: IntArray = np.minimum(bits, _MOST_BITS)
    return needed


def _with(edges: IntArray, more: IntArray) -> IntArray:
    """The edges and `more` of them, those beyond the last left out; ascending."""
    new, where = _new(edges, more)
    return np.insert(edges, where, new)


def _new(edges: IntArray, more: IntArray) -> tuple[IntArray, IntArray]:
    more = np.unique(more[(more > 0) & (more < edges[-1])])
    where = np.searchsorted(edges, more)
    new = edges[where] != more
    return more[new], where[new]


def split(law: Tabulated, cells: Cells, at: IntArray) -> Cells:
    """The cells with further edges."""
    new, where = _new(cells.edges, at)
    edges = np.insert(cells.edges, where, new)
    probability = np.insert(cells.probability, where, _tabulate(law, new).probability)
    return Cells(edges, np.maximum.accumulate(probability))
