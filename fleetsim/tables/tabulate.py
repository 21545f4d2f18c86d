"""From what engines counted in one replication to its tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fleetsim.billing import CAUSES
from fleetsim.clock import MS_PER_DAY, MS_PER_HOUR
from fleetsim.counted import (
    COUNTED,
    EVENT_CAUSES,
    EVENTS,
    HAPPENED,
    NO_LIMIT,
    NOT_BLOCKED,
    RECORDED,
    Counted,
)
from fleetsim.scenario.schema import Scenario
from fleetsim.tables.histogram import histograms
from fleetsim.tables.places import Ints, Places, encoded, places
from fleetsim.tables.rows import Columns, priced, summed
from fleetsim.tables.schemas import ROWS, SCHEMAS, TIMESTAMP, Tables, Wanted


def tabulate(scenario: Scenario, replication: int, counted: Sequence[Counted], wanted: Wanted = ROWS) -> Tables:
    """Tables of one replication from what its ranges of SIMs counted, in the scenario's order."""
    where = places(scenario)
    columns: Columns = dict(zip(COUNTED, np.concatenate([part.rows for part in counted]).T, strict=True))
    place = where.of(columns["fleet"], columns["sim"])
    columns["replication"] = np.full(place.shape, replication, np.int64)
    columns["used_bytes"] = columns["upload_bytes"] + columns["download_bytes"]
    columns["overage_bytes"] = np.sum([columns[f"overage_{cause}_bytes"] for cause in CAUSES], axis=0)
    inside = (columns["period_start_ms"] >= 0) & (columns["period_end_ms"] <= scenario.horizon_ms)
    columns["complete"] = inside.astype(np.int64)
    columns |= priced(scenario, columns, where)
    spans = np.concatenate([part.blocked for part in counted])
    tables = {
        "replications": summed(columns, place, where, [replication]),
        "blocked": _blocked(scenario, replication, spans, where),
    }
    if wanted.keep == "rows":
        tables["sim_periods"] = _sim_periods(scenario, columns, where.names(place))
    else:
        tables["histograms"] = histograms(replication, columns, place, where)
    if wanted.records != "none":
        records = np.concatenate([part.records for part in counted])
        events = np.concatenate([part.events for part in counted])
        tables["usage_records"] = _usage_records(scenario, replication, records)
        tables["events"] = _events(scenario, replication, events)
    return Tables(**tables)


def _sim_periods(scenario: Scenario, columns: Columns, names: dict[str, pa.Array]) -> pa.Table:
    blocked_at = columns["first_blocked_at_ms"]
    made = {
        **names,
        "period_start": _timestamps(scenario, columns["period_start_ms"]),
        "period_end": _timestamps(scenario, columns["period_end_ms"]),
        "complete": pa.array(columns["complete"] == 1),
        "data_limit_bytes": _limits(columns["data_limit_bytes"]),
        "first_blocked_at": _timestamps(scenario, blocked_at, missing=blocked_at == NOT_BLOCKED),
        "fee_due": pa.array(columns["fee_due"] == 1),
    }
    return _table("sim_periods", columns, made)


def _usage_records(scenario: Scenario, replication: int, records: Ints) -> pa.Table:
    columns = dict(zip(RECORDED, records.T, strict=True))
    columns["replication"] = np.full(len(records), replication, np.int64)
    ends = {name: _timestamps(scenario, columns[f"{name}_ms"]) for name in ("record_start", "record_end")}
    return _table("usage_records", columns, ends)


def _events(scenario: Scenario, replication: int, events: Ints) -> pa.Table:
    columns = dict(zip(HAPPENED, events.T, strict=True))
    columns["replication"] = np.full(len(events), replication, np.int64)
    made = {
        "time": _timestamps(scenario, columns["time_ms"]),
        "event": encoded(EVENTS, columns["event"]),
        "data_limit_bytes": _limits(columns["data_limit_bytes"]),
        "cause": encoded(EVENT_CAUSES, columns["cause"]),
    }
    return _table("events", columns, made)


def blocked_grid_ms(horizon_ms: int) -> Ints:
    """Instants at which blocked SIMs are counted: as fine as 1,000 of them, on steps that people read, allow."""
    steps = [1, 10, 100, 1_000, 10_000, 60_000, 360_000, 900_000, MS_PER_HOUR, 6 * MS_PER_HOUR]
    step = next((s for s in steps if horizon_ms <= 1000 * s), -(-horizon_ms // (1000 * MS_PER_DAY)) * MS_PER_DAY)
    return np.arange(0, horizon_ms, step, dtype=np.int64)


def _blocked(scenario: Scenario, replication: int, spans: Ints, where: Places) -> pa.Table:
    grid = blocked_grid_ms(scenario.horizon_ms)
    sets = where.sets()
    place = where.of(spans[:, 1], spans[:, 0])
    counts = []
    for own in sets.values():
        chosen = spans[np.isin(place, own)]
        begun = np.searchsorted(np.sort(chosen[:, 2]), grid, side="right")
        over = np.searchsorted(np.sort(chosen[:, 3]), grid, side="right")
        counts.append(begun - over)
    index = np.repeat(np.arange(len(sets)), grid.size)
    columns = {
        "replication": np.full(index.shape, replication, np.int64),
        "blocked_sims": np.concatenate(counts) if counts else np.zeros(0, np.int64),
    }
    made = {
        "time": _timestamps(scenario, np.tile(grid, len(sets))),
        "fleet": encoded([fleet for fleet, _ in sets], index),
        "role": encoded([role for _, role in sets], index),
    }
    return _table("blocked", columns, made)


def _table(name: str, columns: Columns, made: dict[str, pa.Array]) -> pa.Table:
    schema = SCHEMAS[name]
    arrays = [made[column] if column in made else pa.array(columns[column]) for column in schema.names]
    return pa.Table.from_arrays(arrays, schema=schema)


def _limits(limit: Ints) -> pa.Array:
    return pa.array(limit, mask=limit == NO_LIMIT)


def _timestamps(scenario: Scenario, ms: Ints, missing: NDArray[np.bool_] | None = None) -> pa.Array:
    return pc.cast(pa.array(ms + scenario.start_ms, mask=missing), TIMESTAMP)
