"""Simulate one SIM again, with all its records, and put in order what happened in one of its billing periods."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fleetsim.counted import COUNTED, RECORDED, Counted
from fleetsim.engines import engine_named
from fleetsim.errors import BadInput, Mistake
from fleetsim.experiments.story.parts import ORDER, Moment, Part, Span, Story, What
from fleetsim.experiments.story.states import States, holds, level_at
from fleetsim.experiments.story.usage import Usage
from fleetsim.rules.overage import Overage, overage
from fleetsim.scenario.attach import cut_short, not_given
from fleetsim.scenario.fleet import groups
from fleetsim.scenario.schema import Scenario

_MINUTE = 60_000
_FINE = 400  # parts of a picture's width or height that can be told apart


def tell(scenario: Scenario, engine: str, replication: int, sim: int, period: int | None = None) -> Story:
    """Simulate one SIM again, and tell the story of one of its billing periods.

    It is the same SIM as in the run: what chance decides is drawn from streams of its own.

    Parameters
    ----------
    engine
        Name of an engine.
    replication, sim
        Their numbers, from 0; SIMs in the scenario's order.
    period
        Number of the period; ``None``: the one with the largest overage.

    Raises
    ------
    BadInput
        There is no such SIM or period.
    """
    if not 0 <= sim < scenario.sims:
        raise _missing("sim", sim, f"a SIM from 0 to {scenario.sims - 1}")
    if replication < 0:
        raise _missing("replication", replication, "a number from 0")
    counted = engine_named(engine).simulate(scenario, replication, range(sim, sim + 1), "all")
    rows = _rows(counted)
    if not rows:
        raise _missing("sim", sim, "one that is activated within the run")
    chosen = [row for row in rows if period in (None, row["period"])]
    if not chosen:
        raise _missing("period", int(period or 0), f"a period of SIM {sim} from 0 to {rows[-1]['period']}")
    row = max(chosen, key=lambda row: sum(row[f"overage_{cause}_bytes"] for cause in Overage._fields))
    return _Teller(scenario, engine, replication, sim, counted, row).story()


def tell_worst(scenario: Scenario, engine: str, sim_periods: pd.DataFrame) -> Story | None:
    """Tell the story of the SIM-period with the largest overage of a run.

    ``None`` where none has overage, where this version simulates that SIM in another way than the run's did, or where
    the scenario was read from a file that only names the functions its traffic came from.
    """
    over = sim_periods["overage_bytes"]
    if not len(over) or over.max() == 0 or not_given(scenario):
        return None
    worst = sim_periods.iloc[int(over.to_numpy().argmax())]
    story = tell(scenario, engine, int(worst["replication"]), int(worst["sim"]), int(worst["period"]))
    moved = story.used_bytes - story.row["carried_bytes"]
    same = (moved, sum(story.overage.values())) == (int(worst["used_bytes"]), int(worst["overage_bytes"]))
    return story if same else None


class _Teller:
    """What is known of the SIM while its story is put together."""

    def __init__(
        self, scenario: Scenario, engine: str, replication: int, sim: int, counted: Counted, row: dict[str, int]
    ) -> None:
        self.scenario, self.replication, self.sim, self.row = scenario, replication, sim, row
        self.group = next(each for each in groups(scenario) if sim in each.sims)
        self.span = span = Span(max(row["period_start_ms"], 0), min(row["period_end_ms"], scenario.horizon_ms))
        activation = max(int(counted.rows[0, COUNTED.index("period_start_ms")]), 0)
        self.states = States(scenario, self.group, sim, counted, activation, span)

        columns = dict(zip(RECORDED, counted.records[counted.records[:, 1] == row["period"]].T, strict=True))
        sizes = columns["upload_bytes"] + columns["download_bytes"]
        self.records = np.stack([columns["record_start_ms"], columns["record_end_ms"], sizes, columns["dns_bytes"]], 1)
        self.recorded = self._recorded()
        self.found = self.states.found(self.recorded.tolist(), row["carried_bytes"])
        simulate = engine_named(engine).simulate

        def look(at: int) -> int:
            shorter = cut_short(scenario, at)
            rows = _rows(simulate(shorter, replication, range(sim, sim + 1)))
            return _used(next(each for each in rows if each["period"] == row["period"]))

        used = row["carried_bytes"] + np.concatenate([[0], np.cumsum(sizes)])
        known = {span.start_ms: int(used[0]), span.end_ms: int(used[-1])}
        known |= dict(zip(self.records[:, 0].tolist(), used[:-1].tolist(), strict=True))
        known |= dict(zip(self.records[:, 1].tolist(), used[1:].tolist(), strict=True))
        self.usage = Usage(known, look if self.states.sure else None)

    def story(self) -> Story:
        """Put it together."""
        moments = tuple(sorted(self._moments(), key=lambda each: (each.at_ms, ORDER.index(each.what))))
        parts = tuple(self._parts())
        window = self._window(moments)
        self.usage.refine(*(window or self.span), _FINE)
        states = self.states
        return Story(
            scenario=self.scenario,
            replication=self.replication,
            sim=self.sim,
            group=self.group,
            row=self.row,
            span=self.span,
            records=self.records,
            recorded=self.recorded,
            curve=np.array(self.usage.points, np.int64),
            limits=states.limits,
            cached=states.cached,
            blocked=states.blocked,
            inactive=states.inactive,
            parts=parts,
            moments=moments,
            window=window,
        )

    def _recorded(self) -> NDArray[np.int64]:
        size = self.records[:, 2] - (0 if self.scenario.platform.dns_counts else self.records[:, 3])
        evaluated = self.records[:, 1] + self.scenario.platform.record_delay_ms
        known = np.stack([evaluated, self.row["carried_bytes"] + np.cumsum(size)], axis=1)
        return known[evaluated < self.span.end_ms]  # evaluations due at a boundary are dropped

    def _parts(self) -> list[Part]:
        states, usage = self.states, self.usage
        pending = [found.pending for found in self.found]
        instants = {*self.span, *(level.since_ms for level in (*states.limits, *states.cached))}
        instants |= {instant for span in (*states.blocked, *pending) for instant in span}
        made: list[Part] = []
        for start, end in pairwise(sorted(instants)):
            fleet, cached = level_at(states.limits, start), level_at(states.cached, start)
            last = usage.at(end)
            if last <= fleet:
                continue
            state = {"blocked": holds(states.blocked, start), "pending": holds(pending, start)}
            over = overage(usage.at(start), last, fleet, cached, **state)
            done = last - sum(over)
            for cause in ("propagation", "metering", "enforcement", "dns"):  # in the order of the bytes' numbers
                if size := getattr(over, cause):
                    if made and made[-1].cause == cause and made[-1].last_bytes == done:
                        made[-1] = made[-1]._replace(end_ms=end, last_bytes=done + size)
                    else:
                        made.append(Part(start, end, done, done + size, cause))
                    done += size
        return made

    def _moments(self) -> Iterable[Moment]:
        at, states = self.usage.at, self.states
        for before, level in pairwise(states.limits):
            what: What = "limit" if before.fleet == level.fleet else "move"
            yield Moment(level.since_ms, what, at(level.since_ms), level.limit_bytes, level.since_ms, level.fleet)
        for level in states.cached[1:]:
            since = max(each.since_ms for each in states.limits if each.since_ms <= level.since_ms)
            yield Moment(level.since_ms, "arrive", at(level.since_ms), level.limit_bytes, since)
        yield from self._crossings()
        for pending, recorded, why in self.found:
            found = since = pending.start_ms
            if why == "record":
                since = int(self.records[np.searchsorted(self.recorded[:, 0], found), 0])
            yield Moment(found, "found", at(found), level_at(states.cached, found), since, why, recorded)
        for when, event, limit, why in states.events:
            if event != "limit":
                yield Moment(when, "block" if event == "block" else "unblock", at(when), limit, when, why)
        for span in states.inactive:
            if span.start_ms > self.span.start_ms:
                yield Moment(span.start_ms, "inactive", at(span.start_ms))
            if span.end_ms < self.span.end_ms:
                yield Moment(span.end_ms, "active", at(span.end_ms))

    def _crossings(self) -> Iterable[Moment]:
        over = False
        limits = self.states.limits
        for level, end in zip(limits, (*(each.since_ms for each in limits[1:]), self.span.end_ms), strict=True):
            start, limit = level.since_ms, level.limit_bytes
            above = self.usage.at(start) > limit
            crossed = start if above else self.usage.passes(limit, start, end)
            if crossed is not None and not (above and over):
                yield Moment(crossed, "cross", self.usage.at(crossed), limit, crossed)
            over = crossed is not None

    def _window(self, moments: Sequence[Moment]) -> Span | None:
        at = {what: [each.at_ms for each in moments if each.what == what] for what in ORDER}
        if not (at["cross"] or at["block"]):
            return None
        limits, whole = self.states.limits, self.span.end_ms - self.span.start_ms
        begin = (at["cross"] or at["block"])[0]
        interval = self.scenario.platform.record_interval_ms or whole // 100
        end = next((block for block in at["block"] if block >= begin), begin + 3 * interval)
        if level_at(self.states.cached, begin) != level_at(limits, begin):  # a limit is on its way
            begin = max(each.since_ms for each in limits if each.since_ms <= begin)
        length = end - begin
        begin -= max(length * 3 // 10, 3 * interval // 2)
        end += max(length * 4 // 10, 2 * interval)
        if end - begin > 10 * _MINUTE:
            begin, end = begin // _MINUTE * _MINUTE, -(-end // _MINUTE) * _MINUTE
        start, end = max(begin, self.span.start_ms), min(end, self.span.end_ms)
        return Span(start, end) if 3 * (end - start) < whole else None


def _rows(counted: Counted) -> list[dict[str, int]]:
    return [dict(zip(COUNTED, row, strict=True)) for row in counted.rows.tolist()]


def _used(row: dict[str, int]) -> int:
    return row["carried_bytes"] + row["upload_bytes"] + row["download_bytes"]


def _missing(name: str, found: int, expected: str) -> BadInput:
    return BadInput(Mistake(name, None, "", f"found {found}; expected {expected}"))
