"""Simulate several scenarios, replication by replication, and keep what their rows add up to."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fleetsim.engines import engine_named
from fleetsim.experiments.executors import capacity_of
from fleetsim.experiments.replicate import KIND, LARGEST_BLOCK, SMALL_RUN, blocks_of, blocks_over, cores
from fleetsim.experiments.study_folder import Kept, StudyFolder
from fleetsim.experiments.workers import Progress, in_order
from fleetsim.scenario import Scenario
from fleetsim.tables import SCHEMAS, Tabulator, Wanted
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
    """Simulates SIMs of a replication of a case, and adds up their rows by place.

    Attributes
    ----------
    scenarios
        The cases.
    engine
        Name of an engine.
    replications
        Of each case; number ``case * replications + replication`` stands for one of them.
    """

    scenarios: tuple[Scenario, ...]
    engine: str
    replications: int

    def __call__(self, number: int, sims: range) -> Ints:
        """Simulate SIMs `sims`; return sums, int64 of shape (sums, places)."""
        case, replication = divmod(number, self.replications)
        scenario = self.scenarios[case]
        counted = engine_named(self.engine).simulate(scenario, replication, sims)
        return Tabulator(scenario, Wanted(keep="sums")).block(replication, counted).totals.sums


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
        Told how many SIMs there are to simulate over all cases and replications, and how many of them are known.
    executor
        Simulates instead; see :mod:`fleetsim.experiments.executors`.

    Returns
    -------
    pyarrow.Table
        `SUMS` of all cases and replications, sorted so.
    """
    task = SumTask(tuple(scenarios), engine, replications)
    found: dict[int, pa.Table] = {}
    for tables in known:
        each = _each(tables[REPLICATIONS], replications)
        found |= {number: rows for number, rows in each if number < len(scenarios) * replications}
    sims = [scenario.sims for scenario in scenarios]
    missing = [number for number in range(len(scenarios) * replications) if number not in found]
    all_sims = sum(sims) * replications
    tell = progress(all_sims, all_sims - sum(sims[number // replications] for number in missing))
    unkept: list[pa.Table] = []
    kept_at = time.monotonic()
    try:
        with closing(_simulated(task, missing, workers, tell, executor)) as simulated:
            for number, table in simulated:
                found[number] = table
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
) -> Generator[tuple[int, pa.Table], None, None]:
    sims = [scenario.sims for scenario in task.scenarios]
    if workers is None:
        few = sum(sims[number // task.replications] for number in numbers) <= SMALL_RUN[task.engine]
        workers = 1 if few else cores()
    blocks = [blocks_of(of_case, len(numbers), workers, LARGEST_BLOCK[task.engine]) for of_case in sims]
    if executor is not None:
        capacity = capacity_of(executor)
        blocks = [blocks_over(scenario, task.engine, len(numbers), capacity) for scenario in task.scenarios]
    of_number = {number: blocks[number // task.replications] for number in numbers}
    tasks = ((number, block) for number in numbers for block in of_number[number])
    where = [places(scenario) for scenario in task.scenarios]
    with closing(in_order(task, tasks, workers, KIND[task.engine], tell, executor)) as made:
        for number in numbers:
            case, replication = divmod(number, task.replications)
            sums: Ints = np.stack(list(islice(made, len(of_number[number])))).sum(axis=0)
            yield number, _with_case(case, sums_table(replication, sums, where[case]))


def _with_case(case: int, table: pa.Table) -> pa.Table:
    column: Any = pa.array(np.full(table.num_rows, case, np.int64))
    return pa.Table.from_arrays([column, *table.columns], schema=SUMS)


def _each(table: pa.Table, replications: int) -> Generator[tuple[int, pa.Table], None, None]:
    """Cut what is known into replications of cases; those beyond the ones asked for are left out."""
    case, replication = (table[name].to_numpy() for name in (CASE, "replication"))
    change = (np.diff(case, prepend=-1) != 0) | (np.diff(replication, prepend=-1) != 0)
    bounds = [*np.flatnonzero(change).tolist(), table.num_rows]
    for first, end in pairwise(bounds):
        if replication[first] < replications:
            yield int(case[first]) * replications + int(replication[first]), table.slice(first, end - first)


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    whole = pa.concat_tables([SUMS.empty_table(), *tables]).unify_dictionaries()
    return whole.combine_chunks()  # so that a file does not depend on how it came
