"""What the report reads from a result, and the two ways of asking it for a figure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

if TYPE_CHECKING:
    from fleetsim.report.overview import Overview
    from fleetsim.scenario.schema import Scenario

ROLES = ("normal", "faulty")
FEW_EVENTS = 10
"""Fewer events than this are given as a count: an interval of their mean would promise too much."""


class Result(Protocol):
    """The part of a result that the report uses; frames and keys as the interface page has them."""

    @property
    def overview(self) -> Overview: ...
    @property
    def replications(self) -> pd.DataFrame: ...
    @property
    def histograms(self) -> pd.DataFrame: ...
    @property
    def blocked(self) -> pd.DataFrame: ...
    @property
    def manifest(self) -> Mapping[str, Any]: ...
    @property
    def scenario(self) -> Scenario: ...
    def summary(self) -> pd.DataFrame: ...


@dataclass(frozen=True)
class Estimate:
    """A figure of the summary; `low` and `high` are ``None`` where there is no interval."""

    value: float
    low: float | None
    high: float | None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval, cut at 0 (no quantity here is negative); ``None`` where it has no width."""
        if self.low is None or self.high is None or math.isclose(self.low, self.high, rel_tol=1e-9):
            return None  # equal values have a mean, and so a spread, that is off by a rounding
        return max(self.low, 0.0), self.high


class Summary:
    """The summary of one result, asked by name; a metric that is not there is ``None``."""

    def __init__(self, result: Result) -> None:
        self._rows: dict[tuple[str, ...], list[float]] = {}
        frame = result.summary()
        if frame.empty:  # without a SIM-period there is nothing to sum up, nor any column
            return
        keys = zip(
            frame["metric"].astype(str),
            frame["role"].astype(str),
            frame["fleet"].astype(str),
            frame["over"].astype(str),
            frame["statistic"].astype(str),
            strict=True,
        )
        values = frame[["value", "low", "high"]].astype("float64").to_numpy()
        self._rows = dict(zip(keys, values.tolist(), strict=True))

    def get(
        self,
        metric: str,
        *,
        role: str = "all",
        fleet: str = "all",
        over: str = "replications",
        statistic: str = "mean",
    ) -> Estimate | None:
        """The figure, or ``None`` where the summary has none."""
        row = self._rows.get((metric, role, fleet, over, statistic))
        if row is None or math.isnan(row[0]):
            return None
        low, high = (None if math.isnan(bound) else bound for bound in row[1:])
        return Estimate(row[0], low, high)


def replications(result: Result) -> int:
    """The number of replications of the run."""
    return int(result.manifest["replications"])


def confidence(result: Result) -> float:
    """The confidence of every interval of the run's summary."""
    return float(result.manifest.get("confidence", 0.95))


def start_and_end(result: Result) -> tuple[datetime, datetime]:
    """The horizon [start, end) as aware UTC times."""
    start, end = (datetime.fromisoformat(str(result.manifest[key])) for key in ("start", "end"))
    # A manifest without an offset is in UTC, like every time in a scenario.
    return tuple(t.astimezone(UTC) if t.tzinfo else t.replace(tzinfo=UTC) for t in (start, end))  # type: ignore[return-value]


def total(frame: pd.DataFrame, column: str, **where: str) -> int:
    """The sum of a column of `replications` over the rows where the named columns have these values."""
    for name, value in where.items():
        frame = frame[frame[name] == value]
    return int(frame[column].sum())


def has_rows(result: Result) -> bool:
    """Whether the run kept a row for each SIM and period, rather than sums and histograms."""
    return bool(result.manifest.get("keep", "rows") == "rows")


def periods_over(result: Result) -> int:
    """The number of SIM-periods, over all replications, with any overage."""
    if has_rows(result):
        return sum(each.sim_periods for each in result.overview.over.values())
    cells = _overage_cells(result)
    return int(cells.loc[cells["lower"] > 0, "count"].sum())


def largest_overage(result: Result) -> int:
    """The largest overage of a SIM-period of any replication, bytes."""
    if has_rows(result):
        return max(each.most_bytes for each in result.overview.over.values())
    return int(_overage_cells(result)["upper"].max()) - 1  # the largest of a replication has a cell of its own


def _overage_cells(result: Result) -> pd.DataFrame:
    cells = result.histograms
    return cells[cells["metric"] == "overage_bytes"]
