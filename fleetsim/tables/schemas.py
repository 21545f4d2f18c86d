"""Columns, types, units and order of every table; which of them a run keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fleetsim.billing import CAUSES
from fleetsim.counted import Kept

TIMESTAMP: Final = pa.timestamp("ms", tz="UTC")
NAME: Final = pa.dictionary(pa.int32(), pa.string())

BYTE_SUMS: Final = (
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
MONEY: Final = ("fee_micros", "usage_cost_micros", "overage_cost_micros", "cost_micros")
MONEY_BY_CAUSE: Final = tuple(f"overage_cost_{cause}_micros" for cause in CAUSES)


def _int(name: str) -> pa.Field:
    return pa.field(name, pa.int64(), nullable=False)


def _name(name: str) -> pa.Field:
    return pa.field(name, NAME, nullable=False)


def _time(name: str) -> pa.Field:
    return pa.field(name, TIMESTAMP, nullable=False)


def _truth(name: str) -> pa.Field:
    return pa.field(name, pa.bool_(), nullable=False)


SCHEMAS: Final[dict[str, pa.Schema]] = {
    # One row per replication, SIM and billing period, sorted so; bytes, ms, and micro-units of the currency.
    "sim_periods": pa.schema(
        [
            _int("replication"),
            _name("fleet"),
            _name("device_group"),
            _name("role"),
            _int("sim"),
            _int("period"),
            _time("period_start"),
            _time("period_end"),
            _truth("complete"),
            pa.field("data_limit_bytes", pa.int64()),
            *map(_int, BYTE_SUMS),
            _int("blocks"),
            pa.field("first_blocked_at", TIMESTAMP),
            _int("blocked_ms"),
            _truth("fee_due"),
            *map(_int, MONEY),
        ]
    ),
    # Sums over the rows of each replication, fleet at the row's end, and device group.
    "replications": pa.schema(
        [
            _int("replication"),
            _name("fleet"),
            _name("device_group"),
            _name("role"),
            _int("sims"),
            _int("sim_periods"),
            _int("blocked_sim_periods"),
            _int("complete_sim_periods"),
            *map(_int, BYTE_SUMS),
            _int("blocked_ms"),
            *map(_int, MONEY),
            *map(_int, MONEY_BY_CAUSE),
        ]
    ),
    # How many SIMs are blocked at each instant of a regular grid over the horizon.
    "blocked": pa.schema([_int("replication"), _time("time"), _name("fleet"), _name("role"), _int("blocked_sims")]),
    # Sorted by (replication, sim, record_start).
    "usage_records": pa.schema(
        [
            _int("replication"),
            _int("sim"),
            _int("period"),
            _int("session"),
            _time("record_start"),
            _time("record_end"),
            _int("upload_bytes"),
            _int("download_bytes"),
            _int("dns_bytes"),
        ]
    ),
    # Sorted by (replication, sim, time), in the order in which they happened; a null limit is none.
    "events": pa.schema(
        [
            _int("replication"),
            _int("sim"),
            _int("period"),
            _time("time"),
            _name("event"),
            pa.field("data_limit_bytes", pa.int64()),
            _name("cause"),
        ]
    ),
    # SIM-periods by value: `count` of them have lower <= value < upper. See `fleetsim.tables.histogram`.
    "histograms": pa.schema(
        [
            _int("replication"),
            _name("fleet"),
            _name("role"),
            _name("metric"),
            _int("lower"),
            _int("upper"),
            _int("count"),
        ]
    ),
}

Keep = Literal["rows", "sums"]


@dataclass(frozen=True)
class Wanted:
    """What a run keeps; part of its identity, for parts with other tables cannot be put together.

    Attributes
    ----------
    records
        Usage records (and events): none, those with bytes, or all.
    keep
        The rows of ``sim_periods``, or instead of them only sums and histograms.
    """

    records: Kept = "none"
    keep: Keep = "rows"

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that the run leaves."""
        rows = ("sim_periods",) if self.keep == "rows" else ("histograms",)
        records = () if self.records == "none" else ("usage_records", "events")
        return (*rows, "replications", "blocked", *records)


ROWS: Final = Wanted()
"""What is kept where nothing is said."""

LARGE: Final = ("sim_periods", "usage_records", "events")
"""Tables that grow with the SIMs: made and written block by block, and left in the folder where there is one."""


@dataclass(frozen=True)
class Tables:
    """The tables of one replication, or of several one after the other.

    ``None`` for those that are not kept, and for `LARGE` ones that stay in a folder.
    """

    replications: pa.Table
    blocked: pa.Table
    sim_periods: pa.Table | None = None
    usage_records: pa.Table | None = None
    events: pa.Table | None = None
    histograms: pa.Table | None = None

    @classmethod
    def concatenate(cls, parts: Sequence[Tables]) -> Tables:
        """Put the tables of several replications one after the other."""
        whole = {}
        for field in fields(cls):
            tables = [getattr(part, field.name) for part in parts]
            whole[field.name] = None if None in tables else pa.concat_tables(tables).unify_dictionaries()
        return cls(**whole)


def timestamps(epoch_ms: NDArray[np.int64], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """Instants, ms since 1970-01-01T00:00:00Z, as the tables have them; null where they are `missing`."""
    return pc.cast(pa.array(epoch_ms, mask=missing), TIMESTAMP)
