"""Rows of SIM-periods as columns of integers: their prices and their sums."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fleetsim.billing import CAUSES, invoice, prices_per_mb
from fleetsim.scenario.fleet import groups
from fleetsim.scenario.schema import Scenario
from fleetsim.tables.places import Ints, Places
from fleetsim.tables.schemas import MONEY, MONEY_BY_CAUSE, SCHEMAS

Columns = dict[str, Ints]


def priced(scenario: Scenario, columns: Columns, places: Places) -> Columns:
    """Money of rows under the scenario's tariff, from what they counted: `MONEY` and `MONEY_BY_CAUSE`."""
    of_group = prices_per_mb(scenario.tariff, [group.devices.network for group in groups(scenario)])
    per_mb_micros = of_group[places.group(columns["sim"])]
    causes = np.stack([columns[f"overage_{cause}_bytes"] for cause in CAUSES])
    money = invoice(columns["used_bytes"], causes, columns["fee_due"] == 1, scenario.tariff, per_mb_micros)
    return dict(zip(MONEY, money[:4], strict=True)) | dict(zip(MONEY_BY_CAUSE, money.overage_by_cause, strict=True))


def summed(columns: Columns, place: Ints, places: Places, replications: Sequence[int]) -> pa.Table:
    """Sum rows by replication and place: the table ``replications``.

    A place without a row in a replication has sums of 0, so that a mean over replications counts it.

    Parameters
    ----------
    columns
        With ``replication``, and the names of the table but for its counts.
    place
        Of each row, shape (rows,).
    replications
        Numbers of all replications, those without rows included; ascending.
    """
    size = len(places.all)
    cell = np.searchsorted(replications, columns["replication"]) * size + place
    counts = {
        "sims": _distinct(columns["sim"], cell),
        "sim_periods": np.ones_like(cell),
        "blocked_sim_periods": columns["blocks"] > 0,
        "complete_sim_periods": columns["complete"],
    }
    order = np.argsort(cell, kind="stable")
    present, starts = np.unique(cell[order], return_index=True)
    arrays: dict[str, pa.Array] = {
        "replication": pa.array(np.repeat(np.asarray(replications, np.int64), size)),
        **places.names(np.tile(np.arange(size), len(replications))),
    }
    for name in SCHEMAS["replications"].names:
        if name not in arrays:
            values = counts.get(name, columns.get(name))
            assert values is not None
            sums = np.zeros(size * len(replications), np.int64)
            if starts.size:
                sums[present] = np.add.reduceat(values.astype(np.int64)[order], starts)
            arrays[name] = pa.array(sums)
    schema = SCHEMAS["replications"]
    return pa.Table.from_arrays([arrays[name] for name in schema.names], schema=schema)


def _distinct(sim: Ints, cell: Ints) -> NDArray[np.bool_]:
    """Mark one row of each SIM in each cell."""
    first = np.zeros(sim.shape, bool)
    order = np.lexsort((sim, cell))
    changes = (np.diff(sim[order], prepend=-1) != 0) | (np.diff(cell[order], prepend=-1) != 0)
    first[order[changes]] = True
    return first
