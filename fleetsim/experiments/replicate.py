"""Run replications, each cut into blocks of SIMs: what they do, tabulated, block by block."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from fleetsim.counted import Counted, Kept
from fleetsim.engines import engine_named
from fleetsim.experiments.workers import Kind, Progress, in_order
from fleetsim.scenario.schema import Scenario
from fleetsim.tables import Block, Tabulator

MOST_WORKERS = 1024
KIND: dict[str, Kind] = {"reference": "processes", "compiled": "threads"}
"""Of workers: the compiled engine leaves the interpreter to others while it simulates."""
LARGEST_BLOCK = {"reference": 250, "compiled": 8192}
FEWEST_BLOCKS = 2
"""Of a replication, for each worker."""
SMALL_RUN = {"reference": 500, "compiled": 1_000}
"""SIMs times replications up to which starting other processes costs more than it saves."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def replicate(
    tabulator: Tabulator,
    engine: str,
    replications: Sequence[int],
    workers: int | None,
    progress: Progress = lambda sims: None,
) -> Generator[tuple[int, Iterator[Block]], None, None]:
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
    """
    sims = tabulator.scenario.sims
    if workers is None:
        workers = 1 if sims * len(replications) <= SMALL_RUN[engine] else cores()
    blocks = blocks_of(sims, workers, LARGEST_BLOCK[engine])
    simulate = Simulate(tabulator.scenario, engine, tabulator.wanted.records)

    def block(replication: int, sims: range) -> Block:
        return tabulator.block(replication, simulate(replication, sims))

    elsewhere = workers > 1 and KIND[engine] == "processes"
    work: Any = simulate if elsewhere else block  # what is tabulated takes as long to bring here as what is counted
    with closing(in_order(work, product(replications, blocks), workers, KIND[engine], progress)) as made:
        for replication in replications:
            own = islice(made, len(blocks))
            yield replication, (tabulator.block(replication, each) for each in own) if elsewhere else own


@dataclass(frozen=True)
class Simulate:
    """Simulates SIMs of a replication."""

    scenario: Scenario
    engine: str
    records: Kept

    def __call__(self, replication: int, sims: range) -> Counted:
        """Count what they do."""
        return engine_named(self.engine).simulate(self.scenario, replication, sims, self.records)


def blocks_of(sims: int, workers: int, largest: int) -> list[range]:
    """Cut SIMs into blocks of about the same size, as many for each worker as for any other; at least one."""
    rounds = max(FEWEST_BLOCKS, -(-sims // (largest * workers)))
    size = max(-(-sims // (rounds * workers)), 1)
    return [range(first, min(first + size, sims)) for first in range(0, max(sims, 1), size)]
