"""What tests of several rooms need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from fleetsim.results import Result
from fleetsim.scenario.base import Part
from fleetsim.scenario.sizes import SizePart


def plain_rows(result: Result) -> list[dict[str, Any]]:
    """Rows of sim_periods as dictionaries of Python integers, timestamps as ms since the scenario's start."""
    start_ms = result.scenario.start_ms
    table = result.table("sim_periods")
    for i, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(pa.int64()))
    rows: list[dict[str, Any]] = table.to_pylist()
    for row in rows:
        for name in ("period_start", "period_end", "first_blocked_at"):
            if row[name] is not None:
                row[name] -= start_ms
    return rows


def parts_of_a_scenario(base: type[Part] = Part) -> Iterator[type[Part]]:
    """Yield the model of each part that a scenario can have."""
    for part in base.__subclasses__():
        if part is not SizePart and part.__module__.startswith("fleetsim."):
            yield part
        yield from parts_of_a_scenario(part)
