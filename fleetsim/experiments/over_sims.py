"""How a figure is spread over the SIM-periods of each replication: from their rows, or from histograms of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from fleetsim.experiments.statistics import quantile, rank

Chosen = Callable[[pd.DataFrame], pd.DataFrame]
"""Takes the lines of one role and fleet out of a table that has these columns."""


@dataclass(frozen=True)
class Spread:
    """Statistics of the SIM-periods of one replication, in the unit that was asked for.

    Attributes
    ----------
    size
        SIM-periods, at least 1.
    mean, largest
        Exact.
    quantile
        The smallest value that a share of at least q does not exceed.
    """

    size: int
    mean: float
    largest: float
    quantile: Callable[[float], float]


class OverSims(Protocol):
    """Where the spread over SIM-periods comes from."""

    def choose(self, chosen: Chosen) -> Callable[[str, float], Iterator[Spread]]:
        """Return what yields the spread of a column, divided by a unit, in each replication that has SIM-periods."""
        ...


class FromRows:
    """From the rows of ``sim_periods``: exact."""

    def __init__(self, sim_periods: pd.DataFrame) -> None:
        self.sim_periods = sim_periods

    def choose(self, chosen: Chosen) -> Callable[[str, float], Iterator[Spread]]:
        rows = chosen(self.sim_periods)
        starts = np.flatnonzero(np.diff(rows["replication"].to_numpy(), prepend=-1))

        def spreads(column: str, unit: float) -> Iterator[Spread]:
            for values in np.split(rows[column].to_numpy(np.float64) / unit, starts[1:]):
                if values.size:
                    yield Spread(
                        values.size,
                        float(values.mean()),
                        float(values.max()),
                        lambda q, values=values: quantile(values, q),  # type: ignore[misc]
                    )

        return spreads


class FromHistograms:
    """From ``histograms``: the mean comes from sums and the largest has a cell of its own; quantiles to 0.1 %."""

    def __init__(self, histograms: pd.DataFrame, replications: pd.DataFrame) -> None:
        self.histograms = histograms
        self.replications = replications

    def choose(self, chosen: Chosen) -> Callable[[str, float], Iterator[Spread]]:
        by_metric = dict(iter(chosen(self.histograms).groupby("metric", observed=True)))
        sums = chosen(self.replications).groupby("replication").sum(numeric_only=True)

        def spreads(column: str, unit: float) -> Iterator[Spread]:
            if column not in by_metric:
                return
            totals = dict(zip(sums.index.tolist(), sums[column].tolist(), strict=True))
            for replication, cells in by_metric[column].groupby("replication"):
                total, size = totals[replication], int(cells["count"].sum())
                # The cells of several fleets and roles, one among the other. A value stands for its cell: the only one,
                # or the middle.
                middle = (cells["lower"].to_numpy() + (cells["upper"].to_numpy() - 1)) / 2
                order = np.argsort(middle, kind="stable")
                middle, up_to = middle[order], np.cumsum(cells["count"].to_numpy()[order])
                yield Spread(
                    size,
                    total / size / unit,
                    (int(cells["upper"].max()) - 1) / unit,
                    lambda q, n=size, values=middle, up_to=up_to: float(  # type: ignore[misc]
                        values[np.searchsorted(up_to, rank(q, n))] / unit
                    ),
                )

        return spreads
