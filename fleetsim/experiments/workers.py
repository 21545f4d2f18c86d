"""Simulate blocks of SIMs here, over threads, processes or an executor; what is made of them comes in order."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from itertools import islice
from operator import itemgetter
from typing import Any, Literal, TypeVar

from fleetsim.experiments.executors import over_executor
from fleetsim.experiments.interrupts import LOOK_EVERY_S, not_inherited, noted

T = TypeVar("T")
Work = Callable[[int, range], T]
"""Makes something of a replication and a range of SIMs, which depends on nothing else."""
Task = tuple[int, range]
Progress = Callable[[int], None]
"""Is told how many more SIMs have been simulated through one replication."""
Kind = Literal["threads", "processes"]

MOST_LOST = 3
"""Times that killed processes are replaced while no replication gets finished."""


def in_order(
    work: Work[T],
    tasks: Iterable[Task],
    workers: int,
    kind: Kind,
    progress: Progress = lambda sims: None,
    executor: Executor | None = None,
) -> Generator[T, None, None]:
    """Do the work for each task, and yield what it gives in the order of the tasks, as soon as it is there.

    However many tasks there are, few of them are under way or wait to be yielded.

    Parameters
    ----------
    work
        For processes and executors it has to be one that can be pickled.
    workers
        1 stays in this process and thread.
    kind
        Threads, where the work leaves the interpreter to others for most of its time.
    executor
        Where the work is done instead: see :mod:`fleetsim.experiments.executors`.

    Raises
    ------
    ChildProcessError
        Processes were killed, and so were those that replaced them.
    """
    if executor is None and workers == 1:
        yield from _here(work, iter(tasks), progress)
        return
    with noted() as raise_interrupt:
        if executor is not None:
            yield from over_executor(work, tasks, executor, progress, raise_interrupt)
        else:
            run = _over_threads if kind == "threads" else _over_processes
            yield from run(work, iter(tasks), workers, progress, raise_interrupt)


def _here(work: Work[T], tasks: Iterator[Task], progress: Progress) -> Generator[T, None, None]:
    for replication, sims in tasks:
        made = work(replication, sims)
        progress(len(sims))
        yield made
        del made  # it is the caller's now, who may hold little


def _over_threads(
    work: Work[T], tasks: Iterator[Task], workers: int, progress: Progress, raise_interrupt: Callable[[], None]
) -> Generator[T, None, None]:
    executor = ThreadPoolExecutor(max_workers=workers)
    running: deque[tuple[range, Future[T]]] = deque()
    try:
        while True:
            for replication, sims in islice(tasks, 3 * workers - len(running)):
                running.append((sims, executor.submit(work, replication, sims)))
            if not running:
                return
            sims, future = running.popleft()
            future.result()
            raise_interrupt()
            progress(len(sims))
            yield future.result()
            del future  # with what it holds
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _over_processes(
    work: Work[T], tasks: Iterator[Task], workers: int, progress: Progress, raise_interrupt: Callable[[], None]
) -> Generator[T, None, None]:
    # loky rather than the standard pool: its workers do not import the caller's script again, so that a run works in a
    # script without a guard and in a notebook, and without forking a process that has threads.
    from loky import ProcessPoolExecutor

    initial = pickle.dumps(work), os.getpid()

    def start() -> ProcessPoolExecutor:
        return ProcessPoolExecutor(max_workers=workers, initializer=_prepare, initargs=initial, timeout=None)

    executor = start()
    numbered = enumerate(tasks)
    again: deque[tuple[int, Task]] = deque()  # tasks that were lost
    running: dict[Future[T], tuple[int, Task]] = {}
    made: dict[int, tuple[int, T]] = {}
    following = 0  # number of the task that is yielded next
    current = -1  # replication of the one that was yielded last
    lost = 0
    try:
        while True:
            raise_interrupt()
            try:
                # The task that is yielded next is always under way, so this cannot wait for itself.
                while len(running) < 4 * workers and len(running) + len(made) < 16 * workers:
                    if not again:
                        again.extend(islice(numbered, 1))
                    if not again:
                        break
                    with not_inherited():  # processes are started here
                        future = executor.submit(_do, *again[0][1])
                    running[future] = again.popleft()  # only now: what could not be submitted is not lost
                if not running:
                    return
                done = wait(running, LOOK_EVERY_S, FIRST_COMPLETED).done
                finished = [(future, future.result()) for future in done]
            except BrokenExecutor as error:
                raise_interrupt()
                lost += 1
                if lost == MOST_LOST:
                    raise ChildProcessError(
                        "worker processes were killed, perhaps for want of memory; fewer of them need less: --workers 1"
                    ) from error
                executor.shutdown(wait=True, kill_workers=True)
                executor = start()
                again.extendleft(sorted(running.values(), reverse=True, key=itemgetter(0)))
                running = {}
                continue
            for future, result in finished:
                number, (replication, sims) = running.pop(future)
                made[number] = replication, result
                progress(len(sims))
                del future, result
            del finished, done
            while following in made:
                replication, result = made.pop(following)
                if replication != current:
                    current, lost = replication, 0
                yield result
                del result
                following += 1
    finally:
        executor.shutdown(wait=True, kill_workers=True)


_work: Work[Any] | None = None  # what this worker process does


def _prepare(work: bytes, parent: int) -> None:
    global _work
    # An interrupt from the keyboard reaches every process; it is for the parent to end this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _work = pickle.loads(work)


def _end_with(parent: int) -> None:
    """End this process when its parent is gone, for it could not say so if it was killed."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _do(replication: int, sims: range) -> Any:
    assert _work is not None
    return _work(replication, sims)
