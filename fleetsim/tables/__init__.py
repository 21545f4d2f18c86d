"""The tables that a run leaves: their columns, types, units and order, and how counts become rows."""

from __future__ import annotations

from fleetsim.tables.reprice import reprice
from fleetsim.tables.schemas import LARGE, ROWS, SCHEMAS, Tables, Wanted
from fleetsim.tables.tabulate import Block, Tabulator, tabulate

__all__ = ["LARGE", "ROWS", "SCHEMAS", "Block", "Tables", "Tabulator", "Wanted", "reprice", "tabulate"]
