"""What a worker does: simulate some SIMs of a replication under all limits, and judge them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fleetsim.choice.judging import Judge, Judgement
from fleetsim.choice.service import concerned
from fleetsim.engines import engine_named
from fleetsim.engines.under_limits import Limits, UnderLimits, sims_at_once, simulate_under
from fleetsim.scenario.limits import without_limit
from fleetsim.scenario.schema import Scenario


@dataclass(frozen=True)
class LimitTask:
    """Judges the limits of a fleet.

    Attributes
    ----------
    engine
        Name of an engine.
    limits
        In bytes, ascending.
    with_use
        Whether what SIMs use without a limit is wanted too.
    """

    scenario: Scenario
    engine: str
    fleet: str
    limits: tuple[int, ...]
    with_use: bool

    def __call__(self, replication: int, sims: range) -> Judgement:
        """Judge SIMs `sims` of a replication."""
        return Judge(self.scenario, self.fleet, len(self.limits)).judge(self._rows(replication, sims))

    def blocks(self, largest: int, parts: int) -> list[range]:
        """Cut the SIMs that are concerned into blocks of at most `largest`, and into at least `parts` if there are."""
        adjoining: list[range] = []
        for group in concerned(self.scenario, self.fleet):
            start = adjoining.pop().start if adjoining and adjoining[-1].stop == group.sims.start else group.sims.start
            adjoining.append(range(start, group.sims.stop))
        sims = sum(map(len, adjoining))
        most = min(largest, sims_at_once(self.scenario, len(self.limits) + 1), max(-(-sims // parts), 1))
        return [
            range(first, min(first + most, stretch.stop))
            for stretch in adjoining
            for first in range(stretch.start, stretch.stop, most)
        ]

    def _rows(self, replication: int, sims: range) -> UnderLimits:
        engine, scenario, fleet = engine_named(self.engine), self.scenario, self.fleet
        limits: Limits = self.limits
        if not self.with_use:
            return simulate_under(engine, scenario, fleet, limits, replication, sims)
        unlimited = without_limit(scenario, fleet)
        if unlimited.timeline == scenario.timeline:  # no limit but those that are asked for
            return simulate_under(engine, scenario, fleet, (*limits, None), replication, sims)
        under = simulate_under(engine, scenario, fleet, limits, replication, sims)
        rows = engine.simulate(unlimited, replication, sims).rows
        number = np.full(len(rows), len(limits), np.int64)
        return UnderLimits(
            np.concatenate([under.rows, rows]),
            np.concatenate([under.first, number]),
            np.concatenate([under.last, number]),
        )
