"""The curve of limits: what each of many limits blocks and costs, from one pass over the traffic."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from itertools import product
from threading import Lock
from typing import Final

from fleetsim.choice.judging import Judge, Judgement
from fleetsim.choice.question import Question, ask
from fleetsim.choice.sim_periods import Follow
from fleetsim.choice.study import LimitStudy
from fleetsim.choice.tables import Judged
from fleetsim.choice.task import LimitTask
from fleetsim.engines.under_limits import UnderLimits
from fleetsim.experiments.provenance import provenance
from fleetsim.experiments.replicate import KIND, LARGEST_BLOCK, SMALL_RUN, cores, parts_of
from fleetsim.experiments.workers import in_order
from fleetsim.explore.bench import simulation_key
from fleetsim.scenario.limits import with_limit
from fleetsim.scenario.schema import Scenario

CONFIDENCE: Final = 0.95
_KEPT_ROWS: Final = 1_500_000
"""Rows that are kept to be priced again; each takes 176 bytes."""

Tell = Callable[[float], object]
"""Is told which part is done."""


class NotWanted(Exception):
    """Something else was turned before the curve was complete."""


@dataclass(frozen=True)
class Asked:
    """What a curve is asked for.

    Parameters
    ----------
    fleet
        Whose limit.
    limits
        As for ``--limits``.
    most_blocked
        As for ``--max-blocked-share``: which limit is recommended.
    """

    fleet: str
    limits: str
    most_blocked: str = "0.5%"

    def of(self, scenario: Scenario) -> Question:
        """The question about a scenario.

        Raises
        ------
        BadInput
            The fleet, the limits or the share is wrong, or no service can be counted.
        """
        return ask(scenario, self.fleet, self.limits, self.most_blocked, None, None, CONFIDENCE)


class Curves:
    """Follows SIMs under many limits, and keeps the latest of what they did."""

    def __init__(self, opened: Scenario) -> None:
        self._opened = opened
        self._wanted: object = None
        self._key: object = None
        self._rows: list[list[UnderLimits]] = []
        self._lock = Lock()

    def knows(self, scenario: Scenario, asked: Asked, engine: str) -> bool:
        """Whether a study is there at once: what differs is the limit that is set now, the tariff or the share."""
        return self._key_of(asked.of(scenario), engine) == self._key

    def study(self, scenario: Scenario, asked: Asked, engine: str, tell: Tell = lambda done: None) -> LimitStudy:
        """Judge the limits by the replications of a scenario; none of them is fresh.

        Parameters
        ----------
        scenario
            As it was turned.
        engine
            Name of an engine that is ready.
        tell
            Is called after each part; it may wait.

        Raises
        ------
        BadInput
            `asked` is wrong, or no normal device has a complete billing period.
        NotWanted
            Another study was asked for before this one was complete.
        """
        question = asked.of(scenario)
        self._wanted = key = self._key_of(question, engine)
        with self._lock:  # who asks for the same waits here, and finds it
            if key != self._key:
                self._key, self._rows = None, []
                self._rows = self._followed(question, engine, key, tell)
                self._key = key
            rows = self._rows
            if sum(len(part.rows) for parts in rows for part in parts) > _KEPT_ROWS:
                self._key, self._rows = None, []
        judge = Judge(scenario, question.fleet, len(question.limits))
        judged = [
            Judged(number, question.limits, Judgement.joined([judge.judge(part) for part in parts]))
            for number, parts in enumerate(rows)
        ]
        return LimitStudy(scenario, question.fleet, question.verdict(judged), None, provenance(scenario, engine, 0.0))

    def _key_of(self, question: Question, engine: str) -> object:
        fleet, limits = question.fleet, question.limits
        # The limit that the scenario has now is none of what a curve depends on.
        return simulation_key(with_limit(question.scenario, fleet, limits[0]), self._opened), fleet, limits, engine

    def _followed(self, question: Question, engine: str, key: object, tell: Tell) -> list[list[UnderLimits]]:
        """What the SIMs concerned do under all limits, by replication and block."""
        scenario, limits = question.scenario, question.limits
        workers = 1 if engine == "reference" or scenario.sims <= SMALL_RUN[engine] else cores()
        task = LimitTask(scenario, engine, question.fleet, limits, False)
        blocks = task.blocks(LARGEST_BLOCK[engine], parts_of(scenario.replications, workers))
        tasks = list(product(range(scenario.replications), blocks))
        found: list[UnderLimits] = []
        with closing(in_order(Follow(scenario, engine, question.fleet, limits), tasks, workers, KIND[engine])) as parts:
            for part in parts:
                found.append(part)
                tell(len(found) / len(tasks))
                if self._wanted != key:
                    raise NotWanted
        return [found[first : first + len(blocks)] for first in range(0, len(found), len(blocks))]
