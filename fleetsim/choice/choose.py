"""Choose a limit: judge replications, let the rule pick, and look at its pick again on fresh replications."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from itertools import islice, product
from pathlib import Path

from fleetsim.choice.folder import ChoiceFolder
from fleetsim.choice.judging import Judgement
from fleetsim.choice.question import Question
from fleetsim.choice.service import sims_concerned
from fleetsim.choice.study import LimitStudy
from fleetsim.choice.tables import Judged
from fleetsim.choice.task import LimitTask
from fleetsim.errors import BadInput
from fleetsim.experiments.executors import AHEAD, capacity_of
from fleetsim.experiments.inputs import inputs_of
from fleetsim.experiments.provenance import provenance
from fleetsim.experiments.replicate import KIND, LARGEST_BLOCK, SMALL_RUN, cores, parts_of
from fleetsim.experiments.workers import Progress, in_order
from fleetsim.scenario.dump import dump

PART_EVERY_S = 1.0
"""What was judged is kept about so often: a kill costs no more than that, and keeping it next to nothing."""


def choose(
    question: Question,
    engine: str,
    workers: int | None,
    *,
    out: Path | None,
    resume: bool,
    overwrite: bool,
    progress: Callable[[int, int], Progress],
    executor: Executor | None = None,
) -> LimitStudy:
    """Choose a limit.

    Parameters
    ----------
    engine
        Name of an engine that is ready.
    workers
        As many processes or threads; ``None``: all cores, unless there is too little to do.
    out
        Folder for the result; ``None`` keeps it in memory.
    resume, overwrite
        What to do with a folder that is not empty.
    progress
        Told how many SIMs there are to simulate over all replications, and how many of them are judged already.
    executor
        Where to judge instead; see `fleetsim.experiments.executors`.

    Raises
    ------
    BadInput
        The folder holds something else, or no normal device has a complete billing period under one of the limits.
    OSError
        Something could not be read or written, or processes were killed.
    """
    started = time.monotonic()
    folder = None if out is None else ChoiceFolder(out, question.identity)
    with nullcontext() if folder is None else folder.study.held():
        known: list[Judged] = []
        if folder is not None:
            if resume and asks_the_same(folder.study.finished(), question):
                return folder.study.read_again(LimitStudy.read, page_of)
            names, inputs = inputs_of(question.scenario)
            known = folder.open(dump(question.scenario, names), inputs, resume=resume, overwrite=overwrite)
        work = _Work(question, engine, workers, known, folder, executor)
        try:
            study = _study(question, work, progress, started)
        except BadInput:
            if folder is not None and not known:
                folder.study.abandon()
            raise
        if folder is not None:
            fresh = () if study.fresh is None else study.fresh.judged
            folder.finish([*study.verdict.judged, *fresh], study.limits_table, study.answer(), page_of(study))
    return study


def page_of(study: LimitStudy) -> str:
    """``report.html``."""
    from fleetsim.choice.page import render  # loads matplotlib

    return render(study)


def asks_the_same(found: dict[str, object] | None, question: Question) -> bool:
    """Is this the answer to the very question?"""
    asked = {
        "rule": question.rule.written(),
        "confidence": question.confidence,
        "replications": question.scenario.replications,
    }
    return found is not None and all(found.get(name) == value for name, value in asked.items())


def _study(question: Question, work: _Work, progress: Callable[[int, int], Progress], started: float) -> LimitStudy:
    n, scenario = question.scenario.replications, question.scenario
    first = work.having(range(n), question.limits, with_use=True)
    tell = progress(2 * n * work.sims, len(first) * work.sims)
    verdict = question.verdict(work.judge(range(n), question.limits, tell, with_use=True))
    fresh = None
    if limits := verdict.worth_estimating():
        numbers = range(n, 2 * n)
        tell(len(work.having(numbers, limits, with_use=False)) * work.sims)
        fresh = question.verdict(work.judge(numbers, limits, tell, with_use=False))
    made_of = provenance(scenario, work.engine, time.monotonic() - started)
    made_of |= {"fleet": question.fleet, "limits": list(question.limits)}
    return LimitStudy(scenario, question.fleet, verdict, fresh, made_of)


@dataclass
class _Work:
    """Judges replications, keeps what was judged, and does nothing twice."""

    question: Question
    engine: str
    workers: int | None
    known: list[Judged]
    folder: ChoiceFolder | None
    executor: Executor | None
    sims: int = field(init=False)

    def __post_init__(self) -> None:
        self.sims = sims_concerned(self.question.scenario, self.question.fleet)

    def having(self, numbers: range, limits: Sequence[int], *, with_use: bool) -> dict[int, Judged]:
        """Which of the replications have been judged under these limits."""
        found: dict[int, Judged] = {}
        for each in self.known:
            used = each.judgement.use.size or not each.judgement.sums[0].any()
            if each.replication in numbers and set(limits) <= set(each.limits) and (used or not with_use):
                found[each.replication] = Judged(each.replication, tuple(limits), each.under(limits, with_use=with_use))
        return found

    def judge(self, numbers: range, limits: tuple[int, ...], tell: Progress, *, with_use: bool) -> list[Judged]:
        """Judge those replications that have not been judged yet; return all of them."""
        found = self.having(numbers, limits, with_use=with_use)
        unkept: list[Judged] = []
        kept_at = time.monotonic()
        try:
            with closing(self._simulate([i for i in numbers if i not in found], limits, tell, with_use)) as judgements:
                for replication, judgement in judgements:
                    found[replication] = Judged(replication, limits, judgement)
                    unkept.append(found[replication])
                    if time.monotonic() - kept_at > PART_EVERY_S:
                        self._keep(unkept)
                        unkept, kept_at = [], time.monotonic()
        finally:
            self._keep(unkept)
        return [found[i] for i in numbers]

    def _simulate(
        self, replications: list[int], limits: tuple[int, ...], tell: Progress, with_use: bool
    ) -> Generator[tuple[int, Judgement], None, None]:
        question, workers = self.question, self.workers
        task = LimitTask(question.scenario, self.engine, question.fleet, limits, with_use)
        if self.executor is not None:
            workers = capacity_of(self.executor)
        elif workers is None:
            workers = 1 if self.sims * len(replications) <= SMALL_RUN[self.engine] else cores()
        parts = parts_of(len(replications), workers)
        if self.executor is not None:  # a cluster's workers share out replications; where these are few, parts of them
            parts = -(-AHEAD * workers // max(len(replications), 1))
        blocks = task.blocks(LARGEST_BLOCK[self.engine], parts)
        tasks = product(replications, blocks)
        with closing(in_order(task, tasks, workers, KIND[self.engine], tell, self.executor)) as judgements:
            for replication in replications:
                yield replication, Judgement.joined(list(islice(judgements, len(blocks))))

    def _keep(self, judged: list[Judged]) -> None:
        if self.folder is not None:
            self.folder.put(judged)
