"""Rows of SIM-periods under each limit that was judged, as a run at that limit has them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice, product

import numpy as np
import pandas as pd
import pyarrow as pa

from fleetsim.counted import HAPPENED, RECORDED, Counted
from fleetsim.engines import engine_named
from fleetsim.engines.under_limits import UnderLimits, rows_at, simulate_under
from fleetsim.experiments.replicate import KIND, SMALL_RUN, cores
from fleetsim.experiments.workers import in_order
from fleetsim.scenario.limits import with_limit
from fleetsim.scenario.schema import Scenario
from fleetsim.tables import Tabulator

BLOCK = 250
"""SIMs that a worker follows under all limits at a time."""


@dataclass(frozen=True)
class Follow:
    """What a worker does: follow some SIMs of a replication under all limits."""

    scenario: Scenario
    engine: str
    fleet: str
    limits: tuple[int, ...]

    def __call__(self, replication: int, sims: range) -> UnderLimits:
        """Count what SIMs `sims` of a replication do."""
        engine = engine_named(self.engine)
        return simulate_under(engine, self.scenario, self.fleet, self.limits, replication, sims)


@dataclass
class SimPeriods:
    """Simulates replications again, each under all limits at once, when their rows are asked for; and keeps them.

    A row that is the same under several limits is kept once, in 176 bytes.
    """

    task: Follow
    kept: dict[int, UnderLimits] = field(default_factory=dict)

    def at(self, limit: int, replications: Sequence[int]) -> pd.DataFrame:
        """Rows of replications at a limit: ``sim_periods`` of a run there, every column."""
        self._follow([i for i in replications if i not in self.kept])
        task, number = self.task, self.task.limits.index(limit)
        tabulator = Tabulator(with_limit(task.scenario, task.fleet, limit))
        parts = []
        for replication in replications:
            rows = rows_at(self.kept[replication], task.scenario, task.fleet, task.limits, number)
            none = (np.zeros((0, width), np.int64) for width in (4, len(RECORDED), len(HAPPENED)))
            parts.append(tabulator.block(replication, Counted(rows, *none)).rows["sim_periods"])
        table = pa.concat_tables(parts).unify_dictionaries()
        frame: pd.DataFrame = table.to_pandas()
        frame["data_limit_bytes"] = table["data_limit_bytes"].to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
        return frame

    def _follow(self, replications: Sequence[int]) -> None:
        task, sims = self.task, self.task.scenario.sims
        workers = 1 if sims * len(replications) <= SMALL_RUN[task.engine] else cores()
        blocks = [range(first, min(first + BLOCK, sims)) for first in range(0, sims, BLOCK)]
        with closing(in_order(task, product(replications, blocks), workers, KIND[task.engine])) as followed:
            for replication in replications:
                parts = list(islice(followed, len(blocks)))
                rows, first, last = (
                    np.concatenate([getattr(part, name) for part in parts]) for name in ("rows", "first", "last")
                )
                self.kept[replication] = UnderLimits(rows, first, last)
