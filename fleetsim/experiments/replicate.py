"""Run replications, cut into blocks of SIMs, in this process or over several."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ThreadPoolExecutor, wait
from itertools import islice

from fleetsim.counted import Counted, Kept
from fleetsim.engines import engine_named
from fleetsim.scenario.schema import Scenario
from fleetsim.tables import ROWS, Tables, Wanted, tabulate

Progress = Callable[[int], None]
"""Is told how many more SIMs have been simulated through one replication."""

MOST_WORKERS = 1024
MOST_LOST = 3
"""Times that killed workers are replaced while no replication gets finished."""
LARGEST_BLOCK = {"reference": 250, "compiled": 4096}
SMALL_RUN = {"reference": 500, "compiled": 1_000}
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
    wanted: Wanted = ROWS,
) -> Generator[tuple[int, Tables], None, None]:
    """Yield the tables of each replication as soon as it is finished.

    Parameters
    ----------
    engine
        Name of an engine; see :func:`fleetsim.engines.engine_named`.
    replications
        Their numbers. Each is the same whatever the others are.
    workers
        Processes, or threads of the compiled engine; 1 stays in this one; ``None`` takes all cores, unless the run is
        too small to be worth it.
    wanted
        Which tables to make.
    """
    replications = list(replications)
    sims = scenario.sims
    if workers is None:
        workers = 1 if sims * len(replications) <= SMALL_RUN[engine] else cores()
    size = max(min(LARGEST_BLOCK[engine], -(-sims // (2 * workers))), 1)
    blocks = [range(first, min(first + size, sims)) for first in range(0, max(sims, 1), size)]
    run = _here if workers == 1 else _over_threads if engine == "compiled" else _over_processes
    for replication, counted in run(scenario, engine, wanted.records, replications, blocks, workers, progress):
        yield replication, tabulate(scenario, replication, counted, wanted)


Results = Iterator[tuple[int, list[Counted]]]


def _here(
    scenario: Scenario,
    engine: str,
    records: Kept,
    replications: list[int],
    blocks: list[range],
    workers: int,
    progress: Progress,
) -> Results:
    simulate = engine_named(engine).simulate
    for replication in replications:
        counted = []
        for block in blocks:
            counted.append(simulate(scenario, replication, block, records))
            progress(len(block))
        yield replication, counted


def _over_threads(
    scenario: Scenario,
    engine: str,
    records: Kept,
    replications: list[int],
    blocks: list[range],
    workers: int,
    progress: Progress,
) -> Results:
    """Simulate with an engine that leaves the interpreter to other threads while it does."""
    simulate = engine_named(engine).simulate
    tasks = ((replication, block) for replication in replications for block in blocks)
    executor = ThreadPoolExecutor(max_workers=workers)
    running: deque[tuple[int, range, Future[Counted]]] = deque()
    counted: list[Counted] = []
    try:
        while True:
            # Few enough tasks under way that finished ones do not pile up behind a slow one.
            for replication, block in islice(tasks, 3 * workers - len(running)):
                running.append((replication, block, executor.submit(simulate, scenario, replication, block, records)))
            if not running:
                return
            replication, block, future = running.popleft()
            counted.append(future.result())
            progress(len(block))
            if len(counted) == len(blocks):
                yield replication, counted
                counted = []
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _over_processes(
    scenario: Scenario,
    engine: str,
    records: Kept,
    replications: list[int],
    blocks: list[range],
    workers: int,
    progress: Progress,
) -> Results:
    # loky rather than the standard pool: its workers do not import the caller's script again, so that a run works in a
    # script without a guard and in a notebook, and without forking a process that has threads.
    from loky import ProcessPoolExecutor

    work = pickle.dumps(scenario), engine, records, os.getpid()

    def start() -> ProcessPoolExecutor:
        return ProcessPoolExecutor(max_workers=workers, initializer=_prepare, initargs=work, timeout=None)

    executor = start()
    waiting = deque((replication, i) for replication in replications for i in range(len(blocks)))
    running: dict[Future[Counted], tuple[int, int]] = {}
    done: dict[int, dict[int, Counted]] = {}
    lost = 0
    try:
        while True:
            try:
                # Few enough tasks under way that those of early replications are not queued behind all others.
                while waiting and len(running) < 4 * workers:
                    replication, i = waiting[0]
                    future = executor.submit(_simulate, replication, blocks[i])
                    running[future] = waiting.popleft()  # only now: what could not be submitted waits on
                if not running:
                    return
                finished = [(future, future.result()) for future in wait(running, return_when=FIRST_COMPLETED).done]
            except BrokenExecutor as error:
                lost += 1
                if lost == MOST_LOST:
                    raise ChildProcessError(
                        "worker processes were killed, perhaps for want of memory; fewer of them need less: --workers 1"
                    ) from error
                executor.shutdown(wait=True, kill_workers=True)
                executor = start()
                waiting.extendleft(reversed(running.values()))
                running = {}
                continue
            for future, part in finished:
                replication, i = running.pop(future)
                counted = done.setdefault(replication, {})
                counted[i] = part
                progress(len(blocks[i]))
                if len(counted) == len(blocks):
                    lost = 0
                    yield replication, [part for _, part in sorted(done.pop(replication).items())]
    finally:
        executor.shutdown(wait=True, kill_workers=True)


_work: tuple[Scenario, str, Kept] | None = None  # what this worker process works on


def _prepare(scenario: bytes, engine: str, records: Kept, parent: int) -> None:
    global _work
    # An interrupt from the keyboard reaches every process; it is for the parent to end this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _work = pickle.loads(scenario), engine, records


def _end_with(parent: int) -> None:
    """End this process when its parent is gone, for it could not say so if it was killed."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _simulate(replication: int, block: range) -> Counted:
    assert _work is not None
    scenario, engine, records = _work
    return engine_named(engine).simulate(scenario, replication, block, records)
