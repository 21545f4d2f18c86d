"""Run replications, each cut into blocks of SIMs: what they do, tabulated, block by block."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, product
from typing import Any

from fleetsim.counted import Counted, Kept
from fleetsim.engines import REFERENCE_TRANSFERS_PER_S, engine_named, make_ready, transfers
from fleetsim.experiments.executors import AHEAD, capacity_of
from fleetsim.experiments.parquet import Written, encoded
from fleetsim.experiments.workers import Kind, Progress, in_order
from fleetsim.scenario.schema import Scenario
from fleetsim.tables import Block, Tabulator, Wanted

MOST_WORKERS = 1024
KIND: dict[str, Kind] = {"reference": "processes", "compiled": "threads"}
"""Of workers: the compiled engine leaves the interpreter to others while it simulates."""
LARGEST_BLOCK = {"reference": 250, "compiled": 8192}
MOST_SIMS = 65_536
"""Of a block for an executor: as much as travels at a time."""
FEWEST_TASKS, MOST_PARTS = 16, 2
"""Of a worker, so that none is idle for long at the end, and into how many parts replications are cut for that."""
LONGEST_TASK_S = 2.0
"""Of an executor; about, for what it takes is estimated."""
TRANSFERS_PER_S = {"reference": REFERENCE_TRANSFERS_PER_S, "compiled": 1_000_000.0}
"""That an engine simulates at least, to estimate what a task of an executor takes."""
SMALL_RUN = {"reference": 500, "compiled": 1_000}
"""SIMs times replications up to which starting other processes costs more than it saves."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def beginning(engine: str, progress: Callable[[int, int], Progress] | None) -> Callable[[int, int], Progress]:
    """Return what is told the SIMs to simulate and those that are known; it gets the engine ready, if need be."""

    def begin(total: int, done: int) -> Progress:
        if done < total:
            make_ready(engine)
        return progress(total, done) if progress else lambda more: None

    return begin


def replicate(
    tabulator: Tabulator,
    engine: str,
    replications: Sequence[int],
    workers: int | None,
    progress: Progress = lambda sims: None,
    executor: Executor | None = None,
    *,
    to_files: bool = False,
) -> Generator[tuple[int, Iterator[Block | Written]], None, None]:
    """Yield each replication with its blocks, at least one, in the order of their SIMs, as soon as they are finished.

    All blocks of a replication have to be taken before the next replication is asked for.

    Parameters
    ----------
    tabulator
        Makes the tables, of its scenario.
    engine
        Name of an engine; see :func:`fleetsim.engines.engine_named`.
    replications
        Their numbers. Each is the same whatever the others are.
    workers
        Processes, or threads of the compiled engine; 1 stays in this one; ``None`` takes all cores, unless the run is
        too small to be worth it.
    executor
        Simulates and tabulates instead; see :mod:`fleetsim.experiments.executors`.
    to_files
        Let it write the files of rows too, where it does a whole replication at a time.
    """
    sims = tabulator.scenario.sims
    if executor is not None:
        yield from _elsewhere(tabulator, engine, replications, progress, executor, to_files)
        return
    if workers is None:
        workers = 1 if sims * len(replications) <= SMALL_RUN[engine] else cores()
    blocks = blocks_of(sims, len(replications), workers, LARGEST_BLOCK[engine])
    simulate = Simulate(tabulator.scenario, engine, tabulator.wanted.records)

    def block(replication: int, sims: range) -> Block:
        return tabulator.block(replication, simulate(replication, sims))

    elsewhere = workers > 1 and KIND[engine] == "processes"
    work: Any = simulate if elsewhere else block  # what is tabulated takes as long to bring here as what is counted
    with closing(in_order(work, product(replications, blocks), workers, KIND[engine], progress)) as made:
        for replication in replications:
            own = islice(made, len(blocks))
            yield replication, (tabulator.block(replication, each) for each in own) if elsewhere else own


def _elsewhere(
    tabulator: Tabulator,
    engine: str,
    replications: Sequence[int],
    progress: Progress,
    executor: Executor,
    to_files: bool,
) -> Generator[tuple[int, Iterator[Block | Written]], None, None]:
    scenario = tabulator.scenario
    blocks = blocks_over(scenario, engine, len(replications), capacity_of(executor))
    tabulate = Tabulate(scenario, engine, tabulator.wanted, to_files and len(blocks) == 1)
    tasks = product(replications, blocks)
    with closing(in_order(tabulate, tasks, 1, KIND[engine], progress, executor)) as made:
        for replication in replications:
            yield replication, islice(made, len(blocks))


@dataclass(frozen=True)
class Tabulate:
    """Simulates SIMs of a replication and tabulates what they do; so the caller has little left to do.

    Attributes
    ----------
    to_files
        Whether a task has all SIMs, and their rows are wanted as files.
    """

    scenario: Scenario
    engine: str
    wanted: Wanted
    to_files: bool

    @cached_property
    def _tabulator(self) -> Tabulator:
        return Tabulator(self.scenario, self.wanted)

    def __call__(self, replication: int, sims: range) -> Block | Written:
        """Tabulate what they do."""
        counted = engine_named(self.engine).simulate(self.scenario, replication, sims, self.wanted.records)
        block = self._tabulator.block(replication, counted)
        if not self.to_files:
            return block
        return Written({name: encoded(name, rows) for name, rows in block.rows.items()}, block.totals)


@dataclass(frozen=True)
class Simulate:
    """Simulates SIMs of a replication."""

    scenario: Scenario
    engine: str
    records: Kept

    def __call__(self, replication: int, sims: range) -> Counted:
        """Count what they do."""
        return engine_named(self.engine).simulate(self.scenario, replication, sims, self.records)


def parts_of(replications: int, workers: int) -> int:
    """Into how many parts to cut each replication for workers here: where there are many, into none, for each costs."""
    return max(min(MOST_PARTS * workers, -(-FEWEST_TASKS * workers // max(replications, 1))), 1)


def blocks_of(sims: int, replications: int, workers: int, largest: int) -> list[range]:
    """Cut SIMs into blocks of about the same size; where replications are few, so many for each worker."""
    parts = parts_of(replications, workers)
    even = min(parts, workers)
    blocks = -(-max(parts, -(-sims // largest)) // even) * even
    size = max(-(-sims // blocks), 1)
    return [range(first, min(first + size, sims)) for first in range(0, max(sims, 1), size)]


def blocks_over(
    scenario: Scenario, engine: str, replications: int, workers: int, largest: int = MOST_SIMS
) -> list[range]:
    """Cut SIMs into blocks for an executor, of at most `MOST_SIMS` and `largest`.

    Whole replications, where they are enough for all workers and no task gets too long; several of them make a chunk
    of tasks where they are short. Else about equal parts of them.
    """
    seconds = transfers(scenario) / TRANSFERS_PER_S[engine]
    parts = max(-(-AHEAD * workers // max(replications, 1)), int(seconds / LONGEST_TASK_S) + 1)
    parts = max(parts, -(-scenario.sims // min(largest, MOST_SIMS)))
    size = max(-(-scenario.sims // parts), 1)
    return [range(first, min(first + size, scenario.sims)) for first in range(0, max(scenario.sims, 1), size)]
