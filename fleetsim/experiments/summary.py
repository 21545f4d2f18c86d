"""The tidy list of ``summary.json``: every metric, over SIMs and over replications, by role and fleet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fleetsim.billing import CAUSES
from fleetsim.clock import MS_PER_HOUR
from fleetsim.experiments.over_sims import OverSims, Spread
from fleetsim.experiments.statistics import mean_interval, quantile_interval

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
    for role, fleet in _parts(replications):
        chosen = partial(_of, role=role, fleet=fleet)
        sums = chosen(replications).groupby("replication").sum(numeric_only=True)
        for metric, measure in OVER_REPLICATIONS.items():
            values = np.asarray(measure(lambda name: sums[name].to_numpy(np.float64)), np.float64)  # noqa: B023
            found += [
                {"metric": metric, "role": role, "fleet": fleet, "over": "replications", **statistic}
                for statistic in _over_replications(values)
            ]
        spreads = over_sims.choose(chosen)
        for metric, (column, unit) in OVER_SIMS.items():
            found += [
                {"metric": metric, "role": role, "fleet": fleet, "over": "sims", **statistic}
                for statistic in _over_sims(list(spreads(column, unit)))
            ]
    return found


def _parts(replications: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield (role, fleet): the whole, each role, each fleet, and each role in each fleet, where they differ."""
    present = replications[["role", "fleet"]].astype(str).drop_duplicates()
    roles, fleets = list(dict.fromkeys(present["role"])), list(dict.fromkeys(present["fleet"]))
    if not fleets:
        return
    yield "all", "all"
    yield from ((role, "all") for role in roles)
    for fleet in fleets:
        yield "all", fleet
        yield from ((role, fleet) for role in present.loc[present["fleet"] == fleet, "role"])


def _of(table: pd.DataFrame, role: str, fleet: str) -> pd.DataFrame:
    chosen = np.ones(len(table), bool)
    if role != "all":
        chosen &= (table["role"] == role).to_numpy()
    if fleet != "all":
        chosen &= (table["fleet"] == fleet).to_numpy()
    return table[chosen]


def _over_replications(values: NDArray[np.float64]) -> Iterator[dict[str, Any]]:
    estimates = {"mean": mean_interval(values, CONFIDENCE)}
    estimates |= {name: quantile_interval(values, q, CONFIDENCE) for name, q in QUANTILES.items()}
    for statistic, estimate in estimates.items():
        yield {"statistic": statistic, **estimate._asdict(), "n": values.size}


def _over_sims(each: list[Spread]) -> Iterator[dict[str, Any]]:
    if not each:
        return
    statistics: dict[str, Callable[[Spread], float]] = {"mean": lambda spread: spread.mean}
    statistics |= {name: lambda spread, q=q: spread.quantile(q) for name, q in QUANTILES.items()}  # type: ignore[misc]
    statistics["max"] = lambda spread: spread.largest
    for statistic, measure in statistics.items():
        estimate = mean_interval(np.array([measure(spread) for spread in each]), CONFIDENCE)
        yield {"statistic": statistic, **estimate._asdict(), "n": sum(spread.size for spread in each)}
