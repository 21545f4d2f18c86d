"""Tables of a run under another tariff: money is a function of what was counted."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fleetsim.scenario.schema import Scenario
from fleetsim.tables.places import places
from fleetsim.tables.rows import Columns, priced, summed, sums_table
from fleetsim.tables.schemas import MONEY, SCHEMAS, Tables


def reprice(tables: Tables, scenario: Scenario) -> Tables:
    """The tables that a run of `scenario` leaves, from those of a run that differs in the tariff only.

    Raises
    ------
    ValueError
        `tables` have no rows of SIM-periods, so there is nothing to price.
    """
    rows = tables.sim_periods
    if rows is None:
        raise ValueError("without rows of SIM-periods nothing can be priced")
    where = places(scenario)
    columns: Columns = {
        field.name: rows[field.name].to_numpy().astype(np.int64)
        for field in rows.schema
        if (pa.types.is_int64(field.type) or pa.types.is_boolean(field.type)) and not field.nullable
    }
    fleet = pc.index_in(pc.cast(rows["fleet"], pa.string()), pa.array(where.fleets)).to_numpy().astype(np.int64)
    columns |= priced(scenario, columns, where)
    for name in MONEY:
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, SCHEMAS["sim_periods"].field(name), pa.array(columns[name]))
    place = where.of(fleet, columns["sim"])
    ends = np.searchsorted(columns["replication"], np.arange(scenario.replications + 1))
    sums = []
    for replication, (first, last) in enumerate(pairwise(ends)):
        own = {name: column[first:last] for name, column in columns.items()}
        sums.append(sums_table(replication, summed(own, place[first:last], where), where))
    return replace(tables, sim_periods=rows, replications=pa.concat_tables(sums))
