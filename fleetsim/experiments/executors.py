"""Work over any executor of `concurrent.futures`: in chunks, and what it takes is sent once to each worker.

An executor may be one of threads, of processes, or of a cluster of machines. All that is asked of it is `submit`. So
nothing can be left with its workers beforehand; instead a worker that does not hold the work says so, and gets it with
that chunk of tasks. It goes on holding it, so the scenario with its files travels about once to each worker, to those
that join late or replace others too, and no file system has to be shared.
"""

from __future__ import annotations

import os
import pickle
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any, Final, Generic, TypeVar

from fleetsim.experiments.interrupts import LOOK_EVERY_S
from fleetsim.version import __version__

T = TypeVar("T")
Task = tuple[int, range]

CHUNK_S: Final = 1.5
"""What a chunk of tasks is to take: long against what it costs to hand it out, short against a run."""
AHEAD: Final = 3
"""Chunks for each worker that are under way or wait for it."""
UNYIELDED: Final = 4 * AHEAD
"""Chunks for each worker that may be under way, or finished while an earlier one is not."""
GROWTH: Final = 4
"""A chunk is at most so many times as large as the one before: first tasks say little."""
HELD: Final = 4
"""Works that a worker holds: those that it used last."""
MOST_LOST: Final = 3
"""Times that all chunks are lost with their workers while none gets finished."""
CAPACITY_EVERY_S: Final = 5.0
"""A cluster is asked so often how many workers it has."""


def over_executor(
    work: Callable[[int, range], T],
    tasks: Iterable[Task],
    executor: Executor,
    progress: Callable[[int], None],
    raise_interrupt: Callable[[], None] = lambda: None,
) -> Generator[T, None, None]:
    """Do the work for each task, and yield what it gives in the order of the tasks, as soon as it is there.

    Parameters
    ----------
    work
        One that can be pickled.
    executor
        Stays open. What it has not begun is cancelled when the generator is closed.
    progress
        Is told how many more SIMs have been simulated through one replication.
    raise_interrupt
        Raises an interrupt that was noted; see `fleetsim.experiments.interrupts`.

    Raises
    ------
    ChildProcessError
        Workers were lost, and so were those that replaced them; or the executor does not replace any.
    OSError
        A worker runs another version of this program, or the cluster cannot be reached any more.
    """
    parcel = pickle.dumps(work, protocol=pickle.HIGHEST_PROTOCOL)
    name = sha256(parcel).hexdigest()
    cut, capacity = _Cut(iter(tasks)), _Capacity(executor)
    again: list[_Chunk] = []  # chunks that were lost, or came to a worker that did not hold the work
    running: dict[Future[_Made[T] | None], _Chunk] = {}
    made: dict[int, list[T]] = {}
    following = 0  # number of the chunk that is yielded next
    parcels = capacity.now()  # that are sent without being asked for
    lost = 0

    def submit(chunk: _Chunk, with_parcel: bool) -> None:
        running[executor.submit(_do, __version__, name, parcel if with_parcel else None, chunk.tasks)] = chunk

    try:
        while True:
            raise_interrupt()
            # What comes next is under way or in `again`, so this never waits for itself.
            for chunk in sorted(again, key=lambda chunk: chunk.number):
                submit(chunk, with_parcel=True)
            again.clear()
            workers = capacity.now()
            while len(running) < AHEAD * workers and len(running) + len(made) < UNYIELDED * workers:
                fresh = cut.next(AHEAD * workers)
                if fresh is None:
                    break
                submit(fresh, with_parcel=parcels > 0)
                parcels -= 1
            if not running:
                return
            for future in wait(running, LOOK_EVERY_S, FIRST_COMPLETED).done:
                chunk = running.pop(future)
                try:
                    result = future.result()
                except CancelledError as error:  # with the worker that had it
                    lost += 1
                    if lost > MOST_LOST * AHEAD * workers:
                        raise ChildProcessError("workers were lost again and again") from error
                    again.append(chunk)
                    continue
                if result is None:
                    again.append(chunk)
                    continue
                lost = 0
                made[chunk.number] = result.of_tasks
                cut.learn(result.seconds, len(chunk.tasks))
                progress(sum(len(sims) for _, sims in chunk.tasks))
                del result, future
            while following in made:
                # One by one out of the list, for the caller may hold little.
                results = deque(made.pop(following))
                while results:
                    yield results.popleft()
                following += 1
    except BrokenExecutor as error:
        raise ChildProcessError("workers of the executor were killed, perhaps for want of memory") from error
    except (RuntimeError, OSError) as error:
        if _is_gone(executor):
            raise ConnectionError("the scheduler of the cluster is gone") from error
        raise
    finally:
        for future in running:
            future.cancel()


@dataclass(frozen=True)
class _Chunk:
    number: int
    tasks: list[Task]


@dataclass(frozen=True)
class _Made(Generic[T]):
    seconds: float
    of_tasks: list[T]


class _Cut:
    """Cuts tasks into chunks of about `CHUNK_S`, by what the finished ones took; smaller ones towards the end."""

    def __init__(self, tasks: Iterator[Task]) -> None:
        self._tasks = tasks
        self._waiting: deque[Task] = deque()
        self._size = 1
        self._seconds: float | None = None  # of a task
        self._number = 0

    def next(self, chunks: int) -> _Chunk | None:
        """The next chunk; each of `chunks` should get about as much of what is left."""
        self._waiting.extend(islice(self._tasks, max(chunks * self._size - len(self._waiting), 0)))
        if not self._waiting:
            return None
        size = min(self._size, max(len(self._waiting) // chunks, 1))
        chunk = _Chunk(self._number, [self._waiting.popleft() for _ in range(size)])
        self._number += 1
        return chunk

    def learn(self, seconds: float, tasks: int) -> None:
        """Take note of what so many tasks took."""
        each = max(seconds / tasks, 1e-6)
        self._seconds = each if self._seconds is None else 0.7 * self._seconds + 0.3 * each
        self._size = min(max(int(CHUNK_S / self._seconds), 1), GROWTH * max(self._size, tasks))


class _Capacity:
    """How many tasks an executor does at a time; asked now and then, for clusters grow and shrink."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._found = capacity_of(executor)
        self._asked = time.monotonic()

    def now(self) -> int:
        """The number, >= 1."""
        if time.monotonic() - self._asked > CAPACITY_EVERY_S:
            self._found, self._asked = capacity_of(self._executor), time.monotonic()
        return self._found


def capacity_of(executor: Executor) -> int:
    """How many tasks an executor does at a time, at least 1; where it does not say so, the cores of this machine."""
    client = getattr(executor, "_client", None)  # of a Dask cluster
    if client is not None:
        return max(sum(map(int, client.nthreads().values())), 1)
    return max(int(getattr(executor, "_max_workers", None) or os.cpu_count() or 1), 1)


def _is_gone(executor: Executor) -> bool:
    """Whether it is of a Dask cluster that nothing leads to any more."""
    return getattr(getattr(executor, "_client", None), "status", "running") in ("closing", "closed")


# ---- in a worker -----------------------------------------------------------------------------------------------------

_works: OrderedDict[str, Callable[[int, range], Any]] = OrderedDict()
_lock = threading.Lock()


def _do(version: str, name: str, parcel: bytes | None, tasks: list[Task]) -> _Made[Any] | None:
    """Do a chunk of tasks; ``None`` where the work is not held and was not sent."""
    if version != __version__:
        raise OSError(f"a worker has fleetsim {__version__}, and {version} is wanted; install the same everywhere")
    with _lock:
        if name not in _works:
            if parcel is None:
                return None
            _works[name] = pickle.loads(parcel)
        work = _works[name]
        _works.move_to_end(name)
        while len(_works) > HELD:
            _works.popitem(last=False)
    started = time.perf_counter()
    made = [work(*task) for task in tasks]
    return _Made(time.perf_counter() - started, made)
