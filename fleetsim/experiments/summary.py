"""The tidy list of ``summary.json``: every metric, over SIMs and over replications, by role and fleet."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fleetsim.billing import CAUSES
from fleetsim.clock import MS_PER_HOUR
from fleetsim.experiments.over_sims import ALL, OverSims, Part, Spread, of
from fleetsim.inference.estimate import Estimate
from fleetsim.inference.means import mean_interval
from fleetsim.inference.quantiles import quantile_interval
from fleetsim.inference.shares import share_interval

CONFIDENCE = 0.95
QUANTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
MICROS = 1e6

Sums = Callable[[str], NDArray[np.float64]]

SHARE, BLOCKED = "blocked_sim_periods_share", "blocked_sims"
NORMAL = "_normal"
"""Ending of metrics of the normal devices: those that are to be served."""

OVER_REPLICATIONS: dict[str, Callable[[Sums], NDArray[np.float64]]] = {
    SHARE: lambda total: total("blocked_sim_periods") / np.maximum(total("sim_periods"), 1),
    BLOCKED: lambda total: total("blocked_sim_periods"),
    "blocked_hours": lambda total: total("blocked_ms") / MS_PER_HOUR,
    **{
        name: lambda total, name=name: total(name)  # type: ignore[misc]
        for name in (
            "offered_bytes",
            "used_bytes",
            "dns_bytes",
            "undelivered_bytes",
            "overage_bytes",
            *(f"overage_{cause}_bytes" for cause in CAUSES),
        )
    },
    **{
        name: lambda total, name=name: total(f"{name}_micros") / MICROS  # type: ignore[misc]
        for name in (
            "fee",
            "usage_cost",
            "overage_cost",
            *(f"overage_cost_{cause}" for cause in CAUSES),
            "cost",
        )
    },
}
"""Metrics of a replication, from its sums: shares, SIM-periods, hours, bytes, and money in the currency."""

OVER_SIMS: dict[str, tuple[str, float]] = {
    "used_bytes": ("used_bytes", 1),
    "overage_bytes": ("overage_bytes", 1),
    "undelivered_bytes": ("undelivered_bytes", 1),
    "blocked_hours": ("blocked_ms", MS_PER_HOUR),
    "cost": ("cost_micros", MICROS),
}
"""Metrics of a SIM-period: the column, and what it is divided by."""

_OF_EVENTS = ("overage", "undelivered", "blocked")
"""Beginnings of metrics that come from single events, such as a limit that is crossed: 0 may mean "none seen"."""


def summarise(replications: pd.DataFrame, over_sims: OverSims) -> list[dict[str, Any]]:
    """Summarise a run.

    Parameters
    ----------
    replications
        The table of that name.
    over_sims
        Where the spread over SIM-periods comes from.

    Returns
    -------
    list of dict
        ``metric, role, fleet, over, statistic, value, low, high, n``. Role and fleet are ``all`` for the whole.
        Over ``replications``, a value belongs to a replication (the fleet's cost in it) and n counts replications.
        Over ``sims``, it belongs to a SIM-period; n counts these, the value is the mean over replications of each
        replication's statistic, and the interval comes from replications, for SIMs of one of them share events.
        Bounds are null where the data do not allow any.
    """
    found: list[dict[str, Any]] = []
    parts = list(_parts(replications))
    spreads = over_sims.spreads(parts, [column for column, _ in OVER_SIMS.values()], list(QUANTILES.values()))
    for part in parts:
        sums = of(replications, part).groupby("replication").sum(numeric_only=True)
        for metric in OVER_REPLICATIONS:
            found += [
                {"metric": metric, **part._asdict(), "over": "replications", **statistic}
                for statistic in _over_replications(metric, lambda name: sums[name].to_numpy(np.float64))  # noqa: B023
            ]
        for metric, (column, unit) in OVER_SIMS.items():
            found += [
                {"metric": metric, **part._asdict(), "over": "sims", **statistic}
                for statistic in _over_sims(metric, spreads[part, column], unit)
            ]
    return found


def mean_of(metric: str, total: Sums, confidence: float = CONFIDENCE) -> Estimate:
    """Mean of a metric over replications with its interval.

    An event that was not seen is not thereby known to be impossible. The share of SIM-periods that are blocked, and
    their number, have the bounds of `fleetsim.inference.shares`, which none seen in N leaves above 0; amounts that come
    from such events have no interval where all are 0.

    Parameters
    ----------
    metric
        One of `OVER_REPLICATIONS`.
    total
        Gives the sums of a column, shape (replications,).
    """
    if metric not in (SHARE, BLOCKED):
        return _unless_unseen(metric, mean_interval(OVER_REPLICATIONS[metric](total), confidence))
    of, sims = total("sim_periods").astype(np.int64), total("sims").astype(np.int64)
    if not of.any():
        return Estimate(0.0, None, None)
    # SIMs that came late have fewer periods than others, so the most that one can have is more than the mean.
    most = 1 if (of <= sims).all() else math.ceil((of / np.maximum(sims, 1)).max()) + 1
    share = share_interval(total("blocked_sim_periods").astype(np.int64), of, most, confidence)
    if of.size < 2:  # as everywhere: one replication has no interval
        share = Estimate(share.value, None, None)
    each = 1.0 if metric == SHARE else float(of.mean())
    return Estimate(*(None if bound is None else bound * each for bound in share))  # type: ignore[arg-type]


def _unless_unseen(metric: str, mean: Estimate) -> Estimate:
    unseen = mean.value == 0 and metric.startswith(_OF_EVENTS)
    return Estimate(0.0, None, None) if unseen else mean


def _parts(replications: pd.DataFrame) -> Iterator[Part]:
    """Yield the whole, each role, each fleet, and each role in each fleet, where they differ."""
    present = replications[["role", "fleet"]].astype(str).drop_duplicates()
    roles, fleets = list(dict.fromkeys(present["role"])), list(dict.fromkeys(present["fleet"]))
    if not fleets:
        return
    yield Part(ALL, ALL)
    yield from (Part(role, ALL) for role in roles)
    for fleet in fleets:
        yield Part(ALL, fleet)
        yield from (Part(role, fleet) for role in present.loc[present["fleet"] == fleet, "role"])


def _over_replications(metric: str, total: Sums) -> Iterator[dict[str, Any]]:
    values = OVER_REPLICATIONS[metric](total)
    estimates = {"mean": mean_of(metric, total)}
    estimates |= {name: quantile_interval(values, q, CONFIDENCE) for name, q in QUANTILES.items()}
    for statistic, estimate in estimates.items():
        yield {"statistic": statistic, **estimate._asdict(), "n": values.size}


def _over_sims(metric: str, each: list[Spread], unit: float) -> Iterator[dict[str, Any]]:
    if not each:
        return
    statistics = {
        "mean": [spread.mean for spread in each],
        **{name: [spread.quantiles[i] for spread in each] for i, name in enumerate(QUANTILES)},
        "max": [spread.largest for spread in each],
    }
    for statistic, values in statistics.items():
        estimate = mean_interval(np.array(values) / unit, CONFIDENCE)
        if statistic in ("mean", "max"):  # a quantile of 0 says that most have none, which was seen
            estimate = _unless_unseen(metric, estimate)
        yield {"statistic": statistic, **estimate._asdict(), "n": sum(spread.size for spread in each)}
