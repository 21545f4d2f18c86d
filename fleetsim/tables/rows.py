"""Rows of SIM-periods as columns of integers: their prices and their sums."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fleetsim.billing import CAUSES, invoice, prices_per_mb
from fleetsim.scenario.fleet import groups
from fleetsim.scenario.schema import Scenario
from fleetsim.tables.places import Ints, Places
from fleetsim.tables.schemas import MONEY, MONEY_BY_CAUSE, SCHEMAS

Columns = dict[str, Ints]

_KEYS: Final = ("replication", "fleet", "device_group", "role")
SUMMED: Final = tuple(name for name in SCHEMAS["replications"].names if name not in _KEYS)
"""What is summed by place, in the order of ``replications``."""


def priced(scenario: Scenario, columns: Columns, places: Places) -> Columns:
    """Money of rows under the scenario's tariff, from what they counted: `MONEY` and `MONEY_BY_CAUSE`."""
    of_group = prices_per_mb(scenario.tariff, [group.devices.network for group in groups(scenario)])
    per_mb_micros = of_group[places.group(columns["sim"])]
    causes = np.stack([columns[f"overage_{cause}_bytes"] for cause in CAUSES])
    money = invoice(columns["used_bytes"], causes, columns["fee_due"] == 1, scenario.tariff, per_mb_micros)
    return dict(zip(MONEY, money[:4], strict=True)) | dict(zip(MONEY_BY_CAUSE, money.overage_by_cause, strict=True))


def summed(columns: Columns, place: Ints, places: Places) -> Ints:
    """Sum rows of one replication by place; those of other SIMs can be added.

    Parameters
    ----------
    columns
        With the names of `SUMMED` but for its counts; the rows of a SIM one after the other.
    place
        Of each row, shape (rows,).

    Returns
    -------
    int64 of shape (len(SUMMED), places).
    """
    sums = np.zeros((len(SUMMED), len(places.all)), np.int64)
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    if starts.size:
        counts = {
            "sims": _once(columns["sim"], place).astype(np.int64),
            "sim_periods": np.ones_like(place),
            "blocked_sim_periods": (columns["blocks"] > 0).astype(np.int64),
            "complete_sim_periods": columns["complete"],
        }
        for name, of_place in zip(SUMMED, sums, strict=True):
            values = counts[name] if name in counts else columns[name]
            np.add.at(of_place, place[starts], np.add.reduceat(values, starts))
    return sums


def sums_table(replication: int, sums: Ints, places: Places) -> pa.Table:
    """The table ``replications`` of one of them.

    A place without a row has sums of 0, so that a mean over replications counts it.
    """
    size = len(places.all)
    arrays = {
        "replication": pa.array(np.full(size, replication, np.int64)),
        **places.names(np.arange(size)),
        **{name: pa.array(values) for name, values in zip(SUMMED, sums, strict=True)},
    }
    schema = SCHEMAS["replications"]
    return pa.Table.from_arrays([arrays[name] for name in schema.names], schema=schema)


def _once(sim: Ints, place: Ints) -> NDArray[np.bool_]:
    """Mark one row of each SIM in each place."""
    new_sim = np.diff(sim, prepend=-1) != 0
    first: NDArray[np.bool_] = new_sim | (np.diff(place, prepend=-1) != 0)
    if (first & ~new_sim).any():  # a SIM was moved, and may have come back
        runs = np.flatnonzero(first)
        _, once = np.unique(sim[runs] * (place.max() + 1) + place[runs], return_index=True)
        first[:] = False
        first[runs[once]] = True
    return first
