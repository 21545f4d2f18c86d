"""Work over executors of every kind: in order, in chunks, with what it takes sent once to each worker."""

from __future__ import annotations

import os
import pickle
import threading
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from typing import Any

import loky
import pytest

from fleetsim.experiments import executors
from fleetsim.experiments.executors import AHEAD, UNYIELDED, capacity_of, over_executor

TASKS = [(replication, range(first, first + 10)) for replication in range(40) for first in (0, 10)]
WANTED = [1000 * replication + sum(sims) for replication, sims in TASKS]


def work(replication: int, sims: range) -> int:
    return 1000 * replication + sum(sims)


def fails(replication: int, sims: range) -> int:
    raise OSError(f"replication {replication} failed")


def dies(replication: int, sims: range) -> int:
    os._exit(1)


class Pool(Executor):
    """Workers that hold works of their own, each task done when it is submitted by the worker whose turn it is."""

    def __init__(self, workers: int, lose: frozenset[int] = frozenset()) -> None:
        self._max_workers = workers
        self.held: list[Any] = [executors._works.__class__() for _ in range(workers)]
        self.parcels: list[int] = []  # of each submission, the bytes of its parcel
        self.chunks: list[int] = []
        self.lose = lose  # submissions that are lost with their worker, which is replaced
        self.seconds: float | None = None  # that each task says it took

    def submit(self, do: Any, /, *arguments: Any, **options: Any) -> Future[Any]:
        number, worker = len(self.parcels), len(self.parcels) % self._max_workers
        self.parcels.append(len(arguments[2] or b""))
        self.chunks.append(len(arguments[3]))
        future: Future[Any] = Future()
        if number in self.lose:
            self.held[worker].clear()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future
        executors._works, kept = self.held[worker], executors._works
        try:
            made = do(*arguments)
        finally:
            executors._works = kept
        if made is not None and self.seconds is not None:
            made = executors._Made(self.seconds * len(arguments[3]), made.of_tasks)
        future.set_result(made)
        return future


def nothing(sims: int) -> None:
    pass


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor, loky.ProcessPoolExecutor])
def test_every_kind_of_executor_gives_the_same_in_the_order_of_the_tasks(pool):
    told: list[int] = []
    with pool(2) as executor:
        assert list(over_executor(work, TASKS, executor, told.append)) == WANTED
    assert sum(told) == 10 * len(TASKS)


@pytest.mark.parametrize("workers", [1, 3])
def test_the_work_is_sent_once_to_each_worker(workers):
    pool = Pool(workers)
    assert list(over_executor(work, TASKS, pool, nothing)) == WANTED
    sent = [size for size in pool.parcels if size]
    assert sent == [len(pickle.dumps(work, protocol=pickle.HIGHEST_PROTOCOL))] * workers
    assert len(pool.parcels) > 3 * workers


def test_a_worker_that_joins_late_asks_for_the_work():
    pool = Pool(1)
    generator = over_executor(work, TASKS, pool, nothing)
    first = next(generator)
    pool.held[0].clear()  # another process answers in its place
    assert [first, *generator] == WANTED
    assert 2 <= sum(size > 0 for size in pool.parcels) <= 1 + AHEAD  # once, with each chunk that waited for it


@pytest.mark.parametrize("lost", range(12))
def test_wherever_a_worker_is_lost_no_task_is(lost):
    pool = Pool(2, lose=frozenset({lost, lost + 1, lost + 3}))
    assert list(over_executor(work, TASKS, pool, nothing)) == WANTED


def test_workers_that_are_lost_again_and_again_are_a_failure():
    pool = Pool(2, lose=frozenset(range(1000)))
    with pytest.raises(ChildProcessError, match="again and again"):
        list(over_executor(work, TASKS, pool, nothing))


def test_short_tasks_go_in_chunks_of_about_the_wanted_time_and_long_ones_alone():
    pool = Pool(2)
    pool.seconds = executors.CHUNK_S / 10
    tasks = [(replication, range(1)) for replication in range(1000)]
    assert len(list(over_executor(work, tasks, pool, nothing))) == 1000
    assert pool.chunks[0] == 1
    assert max(pool.chunks) == 10
    assert len(pool.chunks) < 150
    assert pool.chunks[-1] == 1  # smaller ones towards the end, so that all workers end at about the same time
    pool = Pool(2)
    pool.seconds = 2 * executors.CHUNK_S
    assert list(over_executor(work, TASKS, pool, nothing)) == WANTED
    assert set(pool.chunks) == {1}


def test_few_tasks_are_under_way_however_many_there_are():
    drawn = 0

    def endless():
        nonlocal drawn
        while True:
            drawn += 1
            yield drawn, range(1)

    pool = Pool(2)
    pool.seconds = 2 * executors.CHUNK_S
    with closing(over_executor(work, endless(), pool, nothing)) as made:
        for _ in range(10):
            next(made)
    assert drawn <= 10 + 2 * UNYIELDED
    assert drawn >= AHEAD * 2


def test_what_is_not_begun_is_cancelled_when_the_caller_has_enough():
    gate, begun = threading.Event(), []

    class Gated(ThreadPoolExecutor):
        def submit(self, fn: Any, /, *arguments: Any, **options: Any) -> Future[Any]:
            future = super().submit(fn, *arguments, **options)
            begun.append(future)
            if len(begun) == 1:
                future.result()
                super().submit(gate.wait)
            return future

    with Gated(1) as executor:
        made = over_executor(work, TASKS, executor, nothing)
        next(made)
        made.close()
        gate.set()
    assert sum(future.cancelled() for future in begun) >= AHEAD - 1
    with pytest.raises(CancelledError):
        begun[-1].result()


def test_an_error_of_the_work_is_the_callers():
    with ThreadPoolExecutor(2) as executor, pytest.raises(OSError, match="replication 0 failed"):
        list(over_executor(fails, TASKS[:1], executor, nothing))


def test_a_pool_that_breaks_is_a_failure_that_says_so():
    with loky.ProcessPoolExecutor(1) as executor, pytest.raises(ChildProcessError, match="killed") as said:
        list(over_executor(dies, TASKS, executor, nothing))
    assert isinstance(said.value.__cause__, BrokenExecutor)


def test_a_cluster_that_is_gone_is_a_failure_that_says_so():
    class Cluster(Executor):
        class _client:
            status = "closed"
            nthreads = staticmethod(lambda: {"tcp://a": 1})

        def submit(self, *arguments: Any, **options: Any) -> Future[Any]:
            raise RuntimeError("ConnectionPool is closed")

    with pytest.raises(ConnectionError, match="the scheduler of the cluster is gone"):
        list(over_executor(work, TASKS, Cluster(), nothing))
    Cluster._client.status = "running"
    with pytest.raises(RuntimeError, match="ConnectionPool is closed"):
        list(over_executor(work, TASKS, Cluster(), nothing))


def test_a_worker_of_another_version_is_refused():
    with pytest.raises(OSError, match=r"and 99\.0 is wanted"):
        executors._do("99.0", "name", pickle.dumps(work), TASKS)


def test_a_worker_holds_only_the_works_that_it_used_last(monkeypatch):
    monkeypatch.setattr(executors, "_works", executors._works.__class__())
    for name in "abcdef":
        assert executors._do(executors.__version__, name, pickle.dumps(work), TASKS[:1]) is not None
    assert list(executors._works) == ["c", "d", "e", "f"]
    assert executors._do(executors.__version__, "a", None, TASKS[:1]) is None


def test_the_capacity_is_what_the_executor_says():
    class Cluster(Executor):
        class _client:
            @staticmethod
            def nthreads():
                return {"tcp://a": 4, "tcp://b": 2}

    assert capacity_of(Cluster()) == 6
    assert capacity_of(Executor()) == os.cpu_count()
    with ThreadPoolExecutor(3) as executor:
        assert capacity_of(executor) == 3
