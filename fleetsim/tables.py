"""The tables that a run leaves: their columns, types, units and order, and how counts become rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fleetsim.billing import CAUSES, invoice
from fleetsim.clock import MS_PER_DAY, MS_PER_HOUR
from fleetsim.counted import COUNTED, NO_LIMIT, NOT_BLOCKED, Counted
from fleetsim.scenario.fleet import Group, groups
from fleetsim.scenario.schema import Scenario

TIMESTAMP = pa.timestamp("ms", tz="UTC")
NAME = pa.dictionary(pa.int32(), pa.string())

BYTE_SUMS = (
    "carried_bytes",
    "offered_bytes",
    "upload_bytes",
    "download_bytes",
    "used_bytes",
    "dns_bytes",
    "overage_bytes",
    *(f"overage_{cause}_bytes" for cause in CAUSES),
    "undelivered_bytes",
)
MONEY = ("fee_micros", "usage_cost_micros", "overage_cost_micros", "cost_micros")
MONEY_BY_CAUSE = tuple(f"overage_cost_{cause}_micros" for cause in CAUSES)

SIM_PERIODS = pa.schema(
    [
        pa.field("replication", pa.int64(), nullable=False),
        pa.field("fleet", NAME, nullable=False),
        pa.field("device_group", NAME, nullable=False),
        pa.field("role", NAME, nullable=False),
        pa.field("sim", pa.int64(), nullable=False),
        pa.field("period", pa.int64(), nullable=False),
        pa.field("period_start", TIMESTAMP, nullable=False),
        pa.field("period_end", TIMESTAMP, nullable=False),
        pa.field("complete", pa.bool_(), nullable=False),
        pa.field("data_limit_bytes", pa.int64()),
        *(pa.field(name, pa.int64(), nullable=False) for name in BYTE_SUMS),
        pa.field("blocks", pa.int64(), nullable=False),
        pa.field("first_blocked_at", TIMESTAMP),
        pa.field("blocked_ms", pa.int64(), nullable=False),
        pa.field("fee_due", pa.bool_(), nullable=False),
        *(pa.field(name, pa.int64(), nullable=False) for name in MONEY),
    ]
)
"""One row per replication, SIM and billing period, sorted so; bytes, ms, and micro-units of the currency."""

REPLICATIONS = pa.schema(
    [
        pa.field("replication", pa.int64(), nullable=False),
        pa.field("fleet", NAME, nullable=False),
        pa.field("device_group", NAME, nullable=False),
        pa.field("role", NAME, nullable=False),
        *(
            pa.field(name, pa.int64(), nullable=False)
            for name in (
                "sims",
                "sim_periods",
                "blocked_sim_periods",
                *BYTE_SUMS,
                "blocked_ms",
                *MONEY,
                *MONEY_BY_CAUSE,
            )
        ),
    ]
)
"""Sums over the rows of each replication and device group."""

BLOCKED = pa.schema(
    [
        pa.field("replication", pa.int64(), nullable=False),
        pa.field("time", TIMESTAMP, nullable=False),
        pa.field("fleet", NAME, nullable=False),
        pa.field("role", NAME, nullable=False),
        pa.field("blocked_sims", pa.int64(), nullable=False),
    ]
)
"""How many SIMs are blocked at each instant of a regular grid over the horizon."""


@dataclass(frozen=True)
class Tables:
    """The tables of one replication, or of several one after the other."""

    sim_periods: pa.Table
    replications: pa.Table
    blocked: pa.Table

    @classmethod
    def concatenate(cls, parts: Sequence[Tables]) -> Tables:
        """Put the tables of several replications one after the other."""
        return cls(
            pa.concat_tables([part.sim_periods for part in parts]).unify_dictionaries(),
            pa.concat_tables([part.replications for part in parts]).unify_dictionaries(),
            pa.concat_tables([part.blocked for part in parts]).unify_dictionaries(),
        )


def tabulate(scenario: Scenario, replication: int, counted: Sequence[Counted]) -> Tables:
    """Tables of one replication from what its ranges of SIMs counted, in the scenario's order."""
    rows = np.concatenate([part.rows for part in counted])
    columns = dict(zip(COUNTED, rows.T, strict=True))
    all_groups = groups(scenario)
    group = np.searchsorted([each.first_sim for each in all_groups], columns["sim"], side="right") - 1
    causes = np.stack([columns[f"overage_{cause}_bytes"] for cause in CAUSES])
    columns["used_bytes"] = columns["upload_bytes"] + columns["download_bytes"]
    columns["overage_bytes"] = causes.sum(axis=0)
    money = invoice(columns["used_bytes"], causes, columns["fee_due"] == 1, scenario.tariff)
    columns |= dict(zip(MONEY, money[:4], strict=True)) | dict(zip(MONEY_BY_CAUSE, money.overage_by_cause, strict=True))
    spans = np.concatenate([part.blocked for part in counted])
    return Tables(
        _sim_periods(scenario, replication, columns, all_groups, group),
        _replications(replication, columns, all_groups, group),
        _blocked(scenario, replication, spans, all_groups),
    )


def _sim_periods(
    scenario: Scenario,
    replication: int,
    columns: dict[str, NDArray[np.int64]],
    all_groups: Sequence[Group],
    group: NDArray[np.int64],
) -> pa.Table:
    limit, blocked_at = columns["data_limit_bytes"], columns["first_blocked_at_ms"]
    made: dict[str, pa.Array] = {
        "replication": pa.array(np.full(group.shape, replication, np.int64)),
        **_names(all_groups, group),
        "period_start": _timestamps(scenario, columns["period_start_ms"]),
        "period_end": _timestamps(scenario, columns["period_end_ms"]),
        "complete": pa.array(columns["period_end_ms"] <= scenario.horizon_ms),
        "data_limit_bytes": pa.array(limit, mask=limit == NO_LIMIT),
        "first_blocked_at": _timestamps(scenario, blocked_at, missing=blocked_at == NOT_BLOCKED),
        "fee_due": pa.array(columns["fee_due"] == 1),
    }
    arrays = [made[name] if name in made else pa.array(columns[name]) for name in SIM_PERIODS.names]
    return pa.Table.from_arrays(arrays, schema=SIM_PERIODS)


def _replications(
    replication: int,
    columns: dict[str, NDArray[np.int64]],
    all_groups: Sequence[Group],
    group: NDArray[np.int64],
) -> pa.Table:
    """Sum the rows of each group.

    A group without a row in this replication (activated after the horizon) has sums of 0, so that a mean over
    replications counts it.
    """
    first_row = np.concatenate([[True], columns["sim"][1:] != columns["sim"][:-1]])[: group.size]
    summed = columns | {
        "sims": first_row,
        "sim_periods": np.ones_like(group),
        "blocked_sim_periods": columns["blocks"] > 0,
    }
    present, starts = np.unique(group, return_index=True)  # rows are sorted by SIM, so groups are contiguous
    arrays: list[pa.Array] = []
    names = _names(all_groups, np.arange(len(all_groups)))
    for field in REPLICATIONS:
        if field.name == "replication":
            arrays.append(pa.array(np.full(len(all_groups), replication, np.int64)))
        elif field.name in names:
            arrays.append(names[field.name])
        else:
            sums = np.zeros(len(all_groups), np.int64)
            if starts.size:
                sums[present] = np.add.reduceat(summed[field.name].astype(np.int64), starts)
            arrays.append(pa.array(sums))
    return pa.Table.from_arrays(arrays, schema=REPLICATIONS)


def blocked_grid_ms(horizon_ms: int) -> NDArray[np.int64]:
    """Instants at which blocked SIMs are counted: as fine as 1,000 of them, on steps that people read, allow."""
    steps = [1, 10, 100, 1_000, 10_000, 60_000, 360_000, 900_000, MS_PER_HOUR, 6 * MS_PER_HOUR]
    step = next((s for s in steps if horizon_ms <= 1000 * s), -(-horizon_ms // (1000 * MS_PER_DAY)) * MS_PER_DAY)
    return np.arange(0, horizon_ms, step, dtype=np.int64)


def _blocked(scenario: Scenario, replication: int, spans: NDArray[np.int64], all_groups: Sequence[Group]) -> pa.Table:
    grid = blocked_grid_ms(scenario.horizon_ms)
    group = np.searchsorted([each.first_sim for each in all_groups], spans[:, 0], side="right") - 1
    sets = list(dict.fromkeys((each.fleet, each.devices.role) for each in all_groups))
    counts = []
    for fleet, role in sets:
        own = [each.index for each in all_groups if (each.fleet, each.devices.role) == (fleet, role)]
        chosen = spans[np.isin(group, own)]
        begun = np.searchsorted(np.sort(chosen[:, 1]), grid, side="right")
        over = np.searchsorted(np.sort(chosen[:, 2]), grid, side="right")
        counts.append(begun - over)
    size = len(sets) * grid.size
    return pa.Table.from_arrays(
        [
            pa.array(np.full(size, replication, np.int64)),
            _timestamps(scenario, np.tile(grid, len(sets))),
            _encode([fleet for fleet, _ in sets], np.repeat(np.arange(len(sets)), grid.size)),
            _encode([role for _, role in sets], np.repeat(np.arange(len(sets)), grid.size)),
            pa.array(np.concatenate(counts) if counts else np.zeros(0, np.int64)),
        ],
        schema=BLOCKED,
    )


def _names(all_groups: Sequence[Group], group: NDArray[np.int64]) -> dict[str, pa.Array]:
    return {
        "fleet": _encode([each.fleet for each in all_groups], group),
        "device_group": _encode([each.name for each in all_groups], group),
        "role": _encode([each.devices.role for each in all_groups], group),
    }


def _encode(names: Sequence[str], index: NDArray[np.int64]) -> pa.Array:
    """Dictionary-encode ``names[index]``, each distinct name once, in the order of `names`."""
    distinct = list(dict.fromkeys(names))
    codes = np.array([distinct.index(name) for name in names], np.int32)
    indices = codes[index] if index.size else np.zeros(0, np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), pa.array(distinct, pa.string()))


def _timestamps(scenario: Scenario, ms: NDArray[np.int64], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    return pc.cast(pa.array(ms + scenario.start_ms, mask=missing), TIMESTAMP)
