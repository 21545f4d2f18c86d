"""Run replications, cut into blocks of SIMs, in this process or over several."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait

from fleetsim.counted import Counted
from fleetsim.engines import engine_named
from fleetsim.scenario.schema import Scenario
from fleetsim.tables import Tables, tabulate

Progress = Callable[[int], None]
"""Is told how many more SIMs have been simulated through one replication."""

LARGEST_BLOCK = 250
SMALL_RUN = 500
"""SIMs times replications up to which starting other processes costs more than it saves."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def replicate(
    scenario: Scenario,
    engine: str,
    replications: Iterable[int],
    workers: int | None,
    progress: Progress = lambda sims: None,
) -> Iterator[tuple[int, Tables]]:
    """Yield the tables of each replication as soon as it is finished.

    Parameters
    ----------
    engine
        Name of an engine; see :func:`fleetsim.engines.engine_named`.
    replications
        Their numbers. Each is the same whatever the others are.
    workers
        Processes; 1 stays in this one; ``None`` takes all cores, unless the run is too small to be worth it.
    """
    replications = list(replications)
    sims = scenario.sims
    if workers is None:
        workers = 1 if sims * len(replications) <= SMALL_RUN else cores()
    size = max(min(LARGEST_BLOCK, -(-sims // (2 * workers))), 1)
    blocks = [range(first, min(first + size, sims)) for first in range(0, sims, size)]
    results = (_here if workers == 1 else _over_processes)(scenario, engine, replications, blocks, workers, progress)
    for replication, counted in results:
        yield replication, tabulate(scenario, replication, counted)


Results = Iterator[tuple[int, list[Counted]]]


def _here(
    scenario: Scenario,
    engine: str,
    replications: list[int],
    blocks: list[range],
    workers: int,
    progress: Progress,
) -> Results:
    simulate = engine_named(engine).simulate
    for replication in replications:
        counted = []
        for block in blocks:
            counted.append(simulate(scenario, replication, block))
            progress(len(block))
        yield replication, counted


def _over_processes(
    scenario: Scenario,
    engine: str,
    replications: list[int],
    blocks: list[range],
    workers: int,
    progress: Progress,
) -> Results:
    # loky rather than the standard pool: its workers do not import the caller's script again, so that a run works in a
    # script without a guard and in a notebook, and without forking a process that has threads.
    from loky import ProcessPoolExecutor

    executor = ProcessPoolExecutor(
        max_workers=workers, initializer=_prepare, initargs=(pickle.dumps(scenario), engine), timeout=None
    )
    tasks = ((replication, i) for replication in replications for i in range(len(blocks)))
    running: dict[Future[Counted], tuple[int, int]] = {}
    done: dict[int, dict[int, Counted]] = {}
    try:
        while True:
            # Few enough tasks under way that those of early replications are not queued behind all others.
            for replication, i in tasks:
                running[executor.submit(_simulate, replication, blocks[i])] = (replication, i)
                if len(running) >= 4 * workers:
                    break
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                replication, i = running.pop(future)
                counted = done.setdefault(replication, {})
                counted[i] = future.result()
                progress(len(blocks[i]))
                if len(counted) == len(blocks):
                    yield replication, [part for _, part in sorted(done.pop(replication).items())]
    finally:
        executor.shutdown(wait=True, kill_workers=True)


_work: tuple[Scenario, str] | None = None  # what this worker process works on


def _prepare(scenario: bytes, engine: str) -> None:
    global _work
    _work = pickle.loads(scenario), engine


def _simulate(replication: int, block: range) -> Counted:
    assert _work is not None
    scenario, engine = _work
    return engine_named(engine).simulate(scenario, replication, block)
