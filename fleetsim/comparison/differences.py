"""``comparison.parquet``: means side by side, and paired differences to the first scenario that hold together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from fleetsim.clock import MS_PER_HOUR
from fleetsim.comparison.metrics import METRICS, Floats, Metric, Observed
from fleetsim.experiments.summary import BLOCKED, SHARE
from fleetsim.inference.estimate import Estimate
from fleetsim.inference.means import Difference, paired_difference

COMPARISON_SCHEMA: Final = pa.schema(
    [
        pa.field("metric", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("scenario", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("mean", pa.float64(), nullable=False),
        *(pa.field(name, pa.float64()) for name in ("low", "high", "diff", "diff_low", "diff_high")),
        pa.field("replications_needed", pa.int64()),
        pa.field("distinguishable", pa.bool_()),
        pa.field("variance_saved", pa.float64()),
    ]
)

_NOTHING: Final = Estimate(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Row:
    """A metric of all scenarios.

    Attributes
    ----------
    means
        Of each scenario.
    differences
        Of each scenario but the first, to the first.
    """

    metric: Metric
    means: tuple[Estimate, ...]
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Differences:
    """What can be said of the scenarios, metric by metric.

    Attributes
    ----------
    rows
        Of metrics that are not the same everywhere.
    same
        Names of metrics that are: each replication has the same value in all scenarios.
    comparisons
        Differences that hold together at the confidence: those of all rows.
    """

    rows: tuple[Row, ...]
    same: tuple[str, ...]
    comparisons: int

    def row(self, name: str) -> Row | None:
        """The row of a metric; ``None`` where it is the same everywhere, or there is none."""
        return next((row for row in self.rows if row.metric.name == name), None)


def differences(seen: Observed, confidence: float, horizon_ms: int, never: Sequence[Sequence[str]] = ()) -> Differences:
    """Compare every scenario with the first, replication by replication.

    Parameters
    ----------
    seen
        Of at least two scenarios.
    confidence
        Of each scenario's interval by itself, and of all differences together (Bonferroni over the rows that are not
        the same everywhere).
    horizon_ms
        Length of the scenarios.
    never
        For each scenario what is 0 in it by construction (`fleetsim.comparison.never`); by default nothing is.
    """
    shown, same = [], []
    for metric in METRICS:
        if metric.normal and (not seen.has(metric).all() or _all_are_normal(seen)):
            continue
        values = seen.values(metric)
        if (values == values[0]).all():
            same.append(metric.name)
        else:
            shown.append((metric, values))
    comparisons = sum(int((values != values[0]).any(axis=1).sum()) for _, values in shown)
    rows = []
    for metric, values in shown:
        nothing = [metric.of in of_case for of_case in never] or [False] * len(values)
        means = [_NOTHING if is_0 else mean for is_0, mean in zip(nothing, seen.means(metric, confidence), strict=True)]
        paired = []
        for case in range(1, len(values)):
            width = unseen(seen, metric, values[case] - values[0], horizon_ms)
            difference = paired_difference(values[case], values[0], confidence, comparisons, width)
            if nothing[case] != nothing[0]:
                other = 0 if nothing[case] else case
                mean = seen.mean(metric, other, 1 - (1 - confidence) / comparisons)
                difference = _to_nothing(difference, mean, metric, len(values[0]), less=nothing[case])
            paired.append(_of_shares(difference) if metric.unit == "share" else difference)
        rows.append(Row(metric, tuple(means), tuple(paired)))
    return Differences(tuple(rows), tuple(same), comparisons)


def comparison_table(found: Differences, names: Sequence[str]) -> pa.Table:
    """``comparison.parquet``: a row for each metric and scenario, sorted so; the first one has no difference."""
    columns: dict[str, list[object]] = {name: [] for name in COMPARISON_SCHEMA.names}
    for row in found.rows:
        for name, mean, difference in zip(names, row.means, (None, *row.differences), strict=True):
            columns["metric"].append(row.metric.name)
            columns["scenario"].append(name)
            columns["mean"].append(mean.value)
            columns["low"].append(mean.low)
            columns["high"].append(mean.high)
            columns["diff"].append(difference and difference.value)
            columns["diff_low"].append(difference and difference.low)
            columns["diff_high"].append(difference and difference.high)
            for key in ("replications_needed", "distinguishable", "variance_saved"):
                columns[key].append(None if difference is None else getattr(difference, key))
    return pa.table(columns, schema=COMPARISON_SCHEMA)


def _to_nothing(paired: Difference, mean: Estimate, metric: Metric, n: int, *, less: bool) -> Difference:
    """The difference of what happens in one scenario and cannot happen in the other: what happens, with its sign.

    One event proves it, so there is nothing that more replications would tell. Shares and counts have the interval of
    the one side by itself, `mean`, which knows about rare events; amounts have the paired one, cut at 0.
    """
    if paired.low is None or paired.high is None or paired.value == 0:
        return paired
    if metric.of not in (SHARE, BLOCKED) or mean.low is None or mean.high is None:
        low, high = (min(bound, 0.0) if less else max(bound, 0.0) for bound in (paired.low, paired.high))
        return paired._replace(low=low, high=high, distinguishable=True, replications_needed=n)
    bounds = (-mean.high, -mean.low) if less else (mean.low, mean.high)
    return paired._replace(low=bounds[0], high=bounds[1], distinguishable=True, replications_needed=n)


def _of_shares(difference: Difference) -> Difference:
    """Shares differ by at most 1."""
    if difference.low is None or difference.high is None:
        return difference
    return difference._replace(low=max(difference.low, -1.0), high=min(difference.high, 1.0))


def _all_are_normal(seen: Observed) -> bool:
    return all((seen.whole[name] == seen.normal[name]).all() for name in seen.whole)


def unseen(seen: Observed, metric: Metric, differences: Floats, horizon_ms: int) -> float:
    """What one blocked SIM-period that no replication has seen would add to the difference in a replication.

    Hours differ in two ways: by SIM-periods that only one of the two blocks, and by how long both block others. Only
    where some replication shows no difference at all is it the first that matters.
    """
    periods = (seen.normal if metric.normal else seen.whole)["sim_periods"].mean(axis=1)
    of_one = {
        "blocked_sim_periods_share": 1 / max(float(periods.min()), 1.0),
        "blocked_sims": 1.0,
        "blocked_hours": horizon_ms / MS_PER_HOUR if (differences == 0).any() else 0.0,
    }
    return of_one.get(metric.of, 0.0)
