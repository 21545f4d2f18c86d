"""From what engines counted to the tables of a run: rows block by block, and what blocks add up to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from fleetsim.billing import CAUSES
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
from fleetsim.tables.blocked import blocked_table, changes
from fleetsim.tables.histogram import Cells, counted_cells
from fleetsim.tables.places import Ints, encoded, places
from fleetsim.tables.rows import Columns, priced, summed, sums_table
from fleetsim.tables.schemas import LARGE, ROWS, SCHEMAS, Tables, Wanted, timestamps


@dataclass(frozen=True)
class Totals:
    """What the rows of some SIMs of a replication add up to; those of its other SIMs can be added, in any order.

    Attributes
    ----------
    sums
        By place: see `fleetsim.tables.rows.summed`.
    changes
        Of the number of blocked SIMs: see `fleetsim.tables.blocked.changes`.
    cells
        Of histograms; ``None`` where rows are kept instead.
    """

    sums: Ints
    changes: Ints
    cells: Cells | None

    def __add__(self, other: Totals) -> Totals:
        cells = None if self.cells is None or other.cells is None else self.cells + other.cells
        return Totals(self.sums + other.sums, self.changes + other.changes, cells)


@dataclass(frozen=True)
class Block:
    """What a range of SIMs did in a replication.

    Attributes
    ----------
    rows
        Its rows of those `LARGE` tables that are kept, by name.
    totals
        What it adds to the others.
    """

    rows: dict[str, pa.Table]
    totals: Totals


class Tabulator:
    """Makes the tables of a run.

    Parameters
    ----------
    scenario
        What is simulated.
    wanted
        Which tables to make.
    """

    def __init__(self, scenario: Scenario, wanted: Wanted = ROWS) -> None:
        self.scenario = scenario
        self.wanted = wanted
        self._places = places(scenario)

    def block(self, replication: int, counted: Counted) -> Block:
        """Tabulate what a range of SIMs counted."""
        columns, place = self._columns(counted.rows)
        columns["replication"] = np.full(place.shape, replication, np.int64)
        rows, cells = {}, None
        if self.wanted.keep == "rows":
            rows["sim_periods"] = self._sim_periods(columns, place)
        else:
            cells = counted_cells(columns, self._places.own[place], len(self._places.sets))
        if self.wanted.records != "none":
            rows["usage_records"] = self._usage_records(replication, counted.records)
            rows["events"] = self._events(replication, counted.events)
        blocked = changes(counted.blocked, self._places, self.scenario.horizon_ms)
        return Block(rows, Totals(summed(columns, place, self._places), blocked, cells))

    def sums(self, rows: Ints) -> Ints:
        """What rows of a replication, shape (rows, len(COUNTED)), add up to: see `fleetsim.tables.rows.summed`."""
        columns, place = self._columns(rows)
        return summed(columns, place, self._places)

    def whole(self, replication: int, totals: Totals) -> dict[str, pa.Table]:
        """The tables of a replication that do not grow with its SIMs, by name, from the totals of all of its blocks."""
        start_ms, horizon_ms = self.scenario.start_ms, self.scenario.horizon_ms
        made = {
            "replications": sums_table(replication, totals.sums, self._places),
            "blocked": blocked_table(replication, start_ms, horizon_ms, totals.changes, self._places),
        }
        if totals.cells is not None:
            made["histograms"] = totals.cells.table(replication, self._places)
        return made

    def tables(self, replication: int, blocks: Iterable[Block]) -> Tables:
        """All tables of a replication from all of its blocks, at least one, in the order of their SIMs."""
        made = list(blocks)
        totals = made[0].totals
        for block in made[1:]:
            totals += block.totals
        large = {
            name: pa.concat_tables([block.rows[name] for block in made]).unify_dictionaries()
            for name in LARGE
            if name in self.wanted.tables
        }
        return Tables(**large, **self.whole(replication, totals))

    def _columns(self, rows: Ints) -> tuple[Columns, Ints]:
        """What was counted, and what follows from it, by name; and the place of each row."""
        columns: Columns = dict(zip(COUNTED, np.ascontiguousarray(rows.T), strict=True))
        place = self._places.of(columns["fleet"], columns["sim"])
        columns["used_bytes"] = columns["upload_bytes"] + columns["download_bytes"]
        columns["overage_bytes"] = np.sum([columns[f"overage_{cause}_bytes"] for cause in CAUSES], axis=0)
        inside = (columns["period_start_ms"] >= 0) & (columns["period_end_ms"] <= self.scenario.horizon_ms)
        columns["complete"] = inside.astype(np.int64)
        return columns | priced(self.scenario, columns, self._places), place

    def _sim_periods(self, columns: Columns, place: Ints) -> pa.Table:
        blocked_at = columns["first_blocked_at_ms"]
        made = {
            **self._places.names(place),
            "period_start": self._instants(columns["period_start_ms"]),
            "period_end": self._instants(columns["period_end_ms"]),
            "complete": pa.array(columns["complete"] == 1),
            "data_limit_bytes": _limits(columns["data_limit_bytes"]),
            "first_blocked_at": timestamps(blocked_at + self.scenario.start_ms, missing=blocked_at == NOT_BLOCKED),
            "fee_due": pa.array(columns["fee_due"] == 1),
        }
        return _table("sim_periods", columns, made)

    def _usage_records(self, replication: int, records: Ints) -> pa.Table:
        columns = dict(zip(RECORDED, np.ascontiguousarray(records.T), strict=True))
        columns["replication"] = np.full(len(records), replication, np.int64)
        ends = {name: self._instants(columns[f"{name}_ms"]) for name in ("record_start", "record_end")}
        return _table("usage_records", columns, ends)

    def _events(self, replication: int, events: Ints) -> pa.Table:
        columns = dict(zip(HAPPENED, np.ascontiguousarray(events.T), strict=True))
        columns["replication"] = np.full(len(events), replication, np.int64)
        made = {
            "time": self._instants(columns["time_ms"]),
            "event": encoded(EVENTS, columns["event"]),
            "data_limit_bytes": _limits(columns["data_limit_bytes"]),
            "cause": encoded(EVENT_CAUSES, columns["cause"]),
        }
        return _table("events", columns, made)

    def _instants(self, ms: Ints) -> pa.Array:
        return timestamps(ms + self.scenario.start_ms)


def tabulate(scenario: Scenario, replication: int, counted: Iterable[Counted], wanted: Wanted = ROWS) -> Tables:
    """All tables of one replication from what its ranges of SIMs, at least one, counted; in the scenario's order."""
    tabulator = Tabulator(scenario, wanted)
    return tabulator.tables(replication, (tabulator.block(replication, part) for part in counted))


def _table(name: str, columns: Columns, made: dict[str, pa.Array]) -> pa.Table:
    schema = SCHEMAS[name]
    arrays = [made[column] if column in made else pa.array(columns[column]) for column in schema.names]
    return pa.Table.from_arrays(arrays, schema=schema)


def _limits(limit: Ints) -> pa.Array:
    return pa.array(limit, mask=limit == NO_LIMIT)
