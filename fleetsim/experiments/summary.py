"""The tidy list of ``summary.json``: every metric, over SIMs and over replications, by role and fleet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fleetsim.billing import CAUSES
from fleetsim.clock import MS_PER_HOUR
from fleetsim.experiments.over_sims import ALL, OverSims, Part, Spread, of
from fleetsim.inference.means import mean_interval
from fleetsim.inference.quantiles import quantile_interval

CONFIDENCE = 0.95
QUANTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
MICROS = 1e6

Sums = Callable[[str], NDArray[np.float64]]

OVER_REPLICATIONS: dict[str, Callable[[Sums], NDArray[np.float64]]] = {
    "blocked_sim_periods_share": lambda total: total("blocked_sim_periods") / np.maximum(total("sim_periods"), 1),
    "blocked_sims": lambda total: total("blocked_sim_periods"),
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
        for metric, measure in OVER_REPLICATIONS.items():
            values = np.asarray(measure(lambda name: sums[name].to_numpy(np.float64)), np.float64)  # noqa: B023
            found += [
                {"metric": metric, **part._asdict(), "over": "replications", **statistic}
                for statistic in _over_replications(values)
            ]
        for metric, (column, unit) in OVER_SIMS.items():
            found += [
                {"metric": metric, **part._asdict(), "over": "sims", **statistic}
                for statistic in _over_sims(spreads[part, column], unit)
            ]
    return found


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


def _over_replications(values: NDArray[np.float64]) -> Iterator[dict[str, Any]]:
    estimates = {"mean": mean_interval(values, CONFIDENCE)}
    estimates |= {name: quantile_interval(values, q, CONFIDENCE) for name, q in QUANTILES.items()}
    for statistic, estimate in estimates.items():
        yield {"statistic": statistic, **estimate._asdict(), "n": values.size}


def _over_sims(each: list[Spread], unit: float) -> Iterator[dict[str, Any]]:
    if not each:
        return
    statistics = {
        "mean": [spread.mean for spread in each],
        **{name: [spread.quantiles[i] for spread in each] for i, name in enumerate(QUANTILES)},
        "max": [spread.largest for spread in each],
    }
    for statistic, values in statistics.items():
        estimate = mean_interval(np.array(values) / unit, CONFIDENCE)
        yield {"statistic": statistic, **estimate._asdict(), "n": sum(spread.size for spread in each)}
