"""How a figure is spread over the SIM-periods of each replication: from their rows, or from histograms of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from fleetsim.experiments.exact_quantiles import quantiles_of
from fleetsim.inference.quantiles import rank

Ints = NDArray[np.int64]

Rows = Callable[[Sequence[str]], Iterator[pa.Table]]
"""Yields the rows of each replication, one after the other; only the columns that are asked for."""

ALL = "all"


class Part(NamedTuple):
    """The SIM-periods of a role in a fleet; of every role, of every fleet, where it says `ALL`."""

    role: str
    fleet: str

    def holds(self, role: str, fleet: str) -> bool:
        """Whether SIM-periods of that role in that fleet are among these."""
        return self.role in (role, ALL) and self.fleet in (fleet, ALL)


@dataclass(frozen=True)
class Spread:
    """Statistics of the SIM-periods of one replication, in the column's unit.

    Attributes
    ----------
    size
        SIM-periods, at least 1.
    mean, largest
        Exact.
    quantiles
        Of those that were asked for, each the smallest value that a share of at least q does not exceed.
    """

    size: int
    mean: float
    largest: float
    quantiles: tuple[float, ...]


Spreads = dict[tuple[Part, str], list[Spread]]
"""By part and column, of each replication that has such SIM-periods."""


class OverSims(Protocol):
    """Where the spread over SIM-periods comes from."""

    def spreads(self, parts: Sequence[Part], columns: Sequence[str], quantiles: Sequence[float]) -> Spreads:
        """Return the spreads of the columns in the parts."""
        ...


class FromRows:
    """From the rows of ``sim_periods``: exact. The columns of one replication are held at a time."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def spreads(self, parts: Sequence[Part], columns: Sequence[str], quantiles: Sequence[float]) -> Spreads:
        found: Spreads = {(part, column): [] for part in parts for column in columns}
        for rows in self._rows(["role", "fleet", *columns]):
            whose = _whose(rows)
            for held, those in _alike(tuple(parts), tuple(whose)).items():
                chosen = slice(None) if len(held) == len(whose) else np.concatenate([whose[each] for each in held])
                for column in columns:
                    values = rows[column].to_numpy()[chosen]
                    at = tuple(map(float, quantiles_of(values, quantiles)))
                    spread = Spread(values.size, int(values.sum()) / values.size, float(values.max()), at)
                    for part in those:
                        found[part, column].append(spread)
        return found


def _whose(rows: pa.Table) -> dict[Part, Ints]:
    """Rows of each role and fleet, by their places in the table."""
    role, fleet = (rows[name].combine_chunks() for name in ("role", "fleet"))
    roles, fleets = role.dictionary.to_pylist(), fleet.dictionary.to_pylist()
    code = role.indices.to_numpy() * np.int64(len(fleets)) + fleet.indices.to_numpy()
    order = np.argsort(code, kind="stable")
    present, starts = np.unique(code[order], return_index=True)
    return {
        Part(roles[each // len(fleets)], fleets[each % len(fleets)]): own
        for each, own in zip(present.tolist(), np.split(order, starts)[1:], strict=True)
    }


@lru_cache(maxsize=2)  # most replications have the same ones
def _alike(parts: tuple[Part, ...], present: tuple[Part, ...]) -> dict[tuple[Part, ...], list[Part]]:
    """Parts by what they hold of the roles and fleets that are present: the same rows have the same spreads."""
    found: dict[tuple[Part, ...], list[Part]] = {}
    for part in parts:
        if held := tuple(each for each in present if part.holds(*each)):
            found.setdefault(held, []).append(part)
    return found


class FromHistograms:
    """From ``histograms``: the mean comes from sums and the largest has a cell of its own; quantiles to 0.1 %."""

    def __init__(self, histograms: pd.DataFrame, replications: pd.DataFrame) -> None:
        self._histograms = histograms
        self._replications = replications

    def spreads(self, parts: Sequence[Part], columns: Sequence[str], quantiles: Sequence[float]) -> Spreads:
        found: Spreads = {(part, column): [] for part in parts for column in columns}
        cells = self._histograms[["lower", "upper", "count"]].to_numpy(np.int64).T
        where = self._where()
        sums = self._replications.groupby(["replication", "role", "fleet"], observed=True)[list(columns)].sum()
        totals = {key: dict(zip(columns, row, strict=True)) for key, *row in sums.itertuples()}
        for replication, sets in where.items():
            for held, those in _alike(tuple(parts), tuple(sets)).items():
                for column in columns:
                    own = np.concatenate([cells[:, sets[each][column]] for each in held], axis=1)
                    total = sum(totals[replication, *each][column] for each in held)
                    spread = _spread_of_cells(own, total, quantiles)
                    for part in those:
                        found[part, column].append(spread)
        return found

    def _where(self) -> dict[int, dict[Part, dict[str, slice]]]:
        """Lines of the table with the cells of each replication, role and fleet, and metric."""
        keys = self._histograms[["replication", "role", "fleet", "metric"]]
        codes = np.stack([keys["replication"], *(keys[name].cat.codes for name in ("role", "fleet", "metric"))])
        starts = np.flatnonzero((np.diff(codes, axis=1, prepend=-1) != 0).any(axis=0))
        found: dict[int, dict[Part, dict[str, slice]]] = {}
        for (replication, role, fleet, metric), first, last in zip(
            keys.iloc[starts].itertuples(index=False), starts, [*starts[1:], len(keys)], strict=True
        ):
            found.setdefault(replication, {}).setdefault(Part(role, fleet), {})[metric] = slice(first, last)
        return found


def _spread_of_cells(cells: Ints, total: int, quantiles: Sequence[float]) -> Spread:
    """Statistics from lower bounds, upper bounds and counts of cells, shape (3, cells)."""
    lower, upper, count = cells
    size = int(count.sum())
    # The cells of several fleets and roles, one among the other. A value stands for its cell: the only one, or the
    # middle.
    middle = (lower + (upper - 1)) / 2
    order = np.argsort(middle, kind="stable")
    middle, up_to = middle[order], np.cumsum(count[order])
    at = tuple(float(middle[np.searchsorted(up_to, rank(q, size))]) for q in quantiles)
    return Spread(size, total / size, float(upper.max() - 1), at)


def of(table: pd.DataFrame, part: Part) -> pd.DataFrame:
    """Lines of a table that are about a part."""
    chosen = np.ones(len(table), bool)
    for name, value in part._asdict().items():
        if value != ALL:
            chosen &= (table[name] == value).to_numpy()
    return table[chosen]
