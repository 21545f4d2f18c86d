"""Simulate several scenarios, replication by replication, and keep what their rows add up to."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice, pairwise, product
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fleetsim.comparison.at_once import Together, together
from fleetsim.engines import engine_named
from fleetsim.engines.under_limits import rows_at, sims_at_once, simulate_under
from fleetsim.experiments.executors import capacity_of
from fleetsim.experiments.replicate import KIND, LARGEST_BLOCK, MOST_SIMS, SMALL_RUN, blocks_of, blocks_over, cores
from fleetsim.experiments.study_folder import Kept, StudyFolder
from fleetsim.experiments.workers import Progress, in_order
from fleetsim.scenario import Scenario
from fleetsim.tables import SCHEMAS, Tabulator
from fleetsim.tables.places import places
from fleetsim.tables.rows import sums_table

PART_EVERY_S: Final = 1.0
"""What was simulated is kept about so often: a kill costs no more than that, and keeping it next to nothing."""
CASE: Final = "case"
REPLICATIONS: Final = "replications"
"""The table that is kept: `SUMS`."""
SUMS: Final = pa.schema([pa.field(CASE, pa.int64(), nullable=False), *SCHEMAS["replications"]])
"""What is kept: ``replications`` of each case, numbered from 0 in the order given."""

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class SumTask:
    """Simulates SIMs of a replication of cases, and adds up their rows by place.

    Attributes
    ----------
    together
        The cases, those together that are simulated at once.
    engine
        Name of an engine.
    replications
        Of each case; number ``place * replications + replication`` stands for one of those at a place of `together`.
    """

    together: tuple[Together, ...]
    engine: str
    replications: int

    def __call__(self, number: int, sims: range) -> Ints:
        """Simulate SIMs `sims`; return the sums of each case, int64 of shape (cases, sums, places)."""
        place, replication = divmod(number, self.replications)
        cases, engine = self.together[place], engine_named(self.engine)
        scenario, fleet, limits = cases.scenario, cases.fleet, cases.limits
        tabulator = Tabulator(scenario)
        if not limits:
            return tabulator.sums(engine.simulate(scenario, replication, sims).rows)[None]
        under = simulate_under(engine, scenario, fleet, limits, replication, sims)
        rows = (rows_at(under, scenario, fleet, limits, limit) for limit in range(len(limits)))
        return np.stack([tabulator.sums(of_limit) for of_limit in rows])

    def blocks(self, tasks: int, workers: int, executor: Executor | None) -> list[list[range]]:
        """Cut the SIMs of each of `together` into blocks, where there are so many replications in all."""
        most = [sims_at_once(each.scenario, len(each.limits)) if each.limits else MOST_SIMS for each in self.together]
        if executor is not None:
            capacity = capacity_of(executor)
            return [
                blocks_over(each.scenario, self.engine, tasks, capacity, largest)
                for each, largest in zip(self.together, most, strict=True)
            ]
        return [
            blocks_of(each.scenario.sims, tasks, workers, min(LARGEST_BLOCK[self.engine], largest))
            for each, largest in zip(self.together, most, strict=True)
        ]


def simulate_cases(
    scenarios: Sequence[Scenario],
    replications: int,
    engine: str,
    workers: int | None,
    known: Sequence[Kept],
    folder: StudyFolder | None,
    progress: Callable[[int, int], Progress],
    executor: Executor | None = None,
) -> pa.Table:
    """Simulate the replications of each case that are not known yet.

    Parameters
    ----------
    scenarios
        The cases.
    replications
        Of each of them.
    engine
        Name of an engine.
    workers
        As many processes or threads; ``None``: all cores, unless there is too little to do.
    known
        What has been simulated already.
    folder
        Where what is new is kept as it comes, if anywhere.
    progress
        Told how many SIMs there are to simulate over all replications, and how many of them are known; cases that
        are simulated at once count once.
    executor
        Simulates instead; see :mod:`fleetsim.experiments.executors`.

    Returns
    -------
    pyarrow.Table
        `SUMS` of all cases and replications, sorted so.
    """
    task = SumTask(tuple(together(scenarios, engine)), engine, replications)
    found: dict[tuple[int, int], pa.Table] = {}
    for tables in known:
        for case, replication, rows in _each(tables[REPLICATIONS]):
            if case < len(scenarios) and replication < replications:
                found[case, replication] = rows
    missing = [
        number
        for number, (cases, replication) in enumerate(product(task.together, range(replications)))
        if any((case, replication) not in found for case in cases.cases)
    ]
    sims = [each.scenario.sims for each in task.together]
    all_sims = sum(sims) * replications
    tell = progress(all_sims, all_sims - sum(sims[number // replications] for number in missing))
    unkept: list[pa.Table] = []
    kept_at = time.monotonic()
    try:
        with closing(_simulated(task, missing, workers, tell, executor)) as simulated:
            for case, replication, table in simulated:
                found[case, replication] = table
                unkept.append(table)
                if folder is not None and time.monotonic() - kept_at > PART_EVERY_S:
                    folder.put({REPLICATIONS: _joined(unkept)})
                    unkept, kept_at = [], time.monotonic()
    finally:
        if folder is not None and unkept:
            folder.put({REPLICATIONS: _joined(unkept)})
    return _joined([found[number] for number in sorted(found)])


def _simulated(
    task: SumTask, numbers: Sequence[int], workers: int | None, tell: Progress, executor: Executor | None
) -> Generator[tuple[int, int, pa.Table], None, None]:
    """Yield each case and replication with its sums."""
    if workers is None:
        sims = sum(task.together[number // task.replications].scenario.sims for number in numbers)
        workers = 1 if sims <= SMALL_RUN[task.engine] else cores()
    blocks = task.blocks(len(numbers), workers, executor)
    tasks = ((number, block) for number in numbers for block in blocks[number // task.replications])
    where = [places(each.scenario) for each in task.together]
    with closing(in_order(task, tasks, workers, KIND[task.engine], tell, executor)) as made:
        for number in numbers:
            place, replication = divmod(number, task.replications)
            sums: Ints = np.stack(list(islice(made, len(blocks[place])))).sum(axis=0)
            for case, of_case in zip(task.together[place].cases, sums, strict=True):
                yield case, replication, _with_case(case, sums_table(replication, of_case, where[place]))


def _with_case(case: int, table: pa.Table) -> pa.Table:
    column: Any = pa.array(np.full(table.num_rows, case, np.int64))
    return pa.Table.from_arrays([column, *table.columns], schema=SUMS)


def _each(table: pa.Table) -> Generator[tuple[int, int, pa.Table], None, None]:
    """Cut what is known into replications of cases."""
    case, replication = (table[name].to_numpy() for name in (CASE, "replication"))
    change = (np.diff(case, prepend=-1) != 0) | (np.diff(replication, prepend=-1) != 0)
    bounds = [*np.flatnonzero(change).tolist(), table.num_rows]
    for first, end in pairwise(bounds):
        yield int(case[first]), int(replication[first]), table.slice(first, end - first)


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    whole = pa.concat_tables([SUMS.empty_table(), *tables]).unify_dictionaries()
    return whole.combine_chunks()  # so that a file does not depend on how it came
