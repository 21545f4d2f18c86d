"""The states of a SIM over a billing period: its limits, and when it was blocked, inactive, or about to be blocked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from fleetsim.counted import EVENT_CAUSES, EVENTS, NO_LIMIT, Counted
from fleetsim.experiments.story.parts import Level, Span
from fleetsim.rules.enforcement import above_limit
from fleetsim.scenario.fleet import Group
from fleetsim.scenario.operations import MoveTo, Operation, SetLimit, SetStatus, operations, taken
from fleetsim.scenario.schema import Scenario, StatusChange


class Event(NamedTuple):
    """An event that the engine kept (`fleetsim.counted.HAPPENED`), with its words."""

    at_ms: int
    event: str
    limit_bytes: int
    cause: str


class Found(NamedTuple):
    """An evaluation that found usage above the limit.

    Attributes
    ----------
    pending
        How long its block was pending.
    recorded_bytes
        The usage that was known then.
    why
        ``record`` or ``refresh``.
    """

    pending: Span
    recorded_bytes: int
    why: str


class States:
    """What state a SIM was in at each instant of a span of time.

    Attributes
    ----------
    limits, cached
        As in :class:`~fleetsim.experiments.story.parts.Story`.
    blocked, inactive
        When it was.
    events
        What the engine kept of the span.
    sure
        Whether the scenario alone says whom the timeline takes. Ready SIMs that turn active by themselves decide that
        too where entries have a count: then it is not known when the SIM was inactive, and one SIM takes as long to
        simulate as its whole group.
    """

    def __init__(self, scenario: Scenario, group: Group, sim: int, counted: Counted, activation: int, span: Span):
        entries = taken(scenario, group)
        own = operations(scenario, group, entries, sim - group.first_sim)
        events = [Event(at, EVENTS[e], limit, EVENT_CAUSES[why]) for _, _, at, e, limit, why in counted.events.tolist()]
        self.span = span
        self.events = [event for event in events if span.start_ms <= event.at_ms < span.end_ms]
        self.limits = _within(span, _limits(scenario, group, own))
        self.cached = _within(span, _cached(scenario, group, own, events, activation))
        self.blocked = _joined(span, ((start, end) for _, _, start, end in counted.blocked.tolist()))
        self.sure = group.devices.status != "ready" or all(
            entry.count is None for entry, _ in entries if isinstance(entry, StatusChange)
        )
        self.inactive = _joined(span, _inactive(own, scenario.horizon_ms)) if self.sure else ()

    def found(self, recorded: Iterable[tuple[int, int]], carried: int) -> list[Found]:
        """When a block was ordered, until it took effect or was cancelled.

        Parameters
        ----------
        recorded
            Instants at which records are evaluated, and the usage that is known from then on.
        carried
            The usage that is known from the start on.
        """
        # The order of an instant: unblocked at a refresh or an evaluation, the cached limit, evaluations, blocks.
        happens: list[tuple[int, int, str, int]] = [(at, 2, "record", used) for at, used in recorded]
        happens += [(each.at_ms, 1, "refresh", each.limit_bytes) for each in self.events if each.event == "limit"]
        happens += [(span.start_ms, 3, "block", 0) for span in self.blocked]
        happens += [(span.end_ms, 0, "unblock", 0) for span in self.blocked]
        made: list[Found] = []
        known, limit, blocked = carried, self.cached[0].limit_bytes, False
        since: tuple[int, int, str] | None = None
        for at, _, what, value in sorted(happens, key=lambda each: each[:2]):
            if what == "record":
                known = value
            elif what == "refresh":
                limit = value
            else:
                blocked = what == "block"
            above = above_limit(known, limit)
            if since is not None and (blocked or not above):
                made.append(Found(Span(since[0], at), *since[1:]))
                since = None
            elif since is None and above and not blocked and what in ("record", "refresh"):
                since = at, known, what
        if since is not None:
            made.append(Found(Span(since[0], self.span.end_ms), *since[1:]))
        return made


def level_at(levels: Sequence[Level], at: int) -> int:
    """Return the limit that holds at an instant."""
    return next(level.limit_bytes for level in reversed(levels) if level.since_ms <= at)


def holds(spans: Iterable[Span], at: int) -> bool:
    """Return whether an instant lies in one of the spans."""
    return any(span.start_ms <= at < span.end_ms for span in spans)


def _limits(scenario: Scenario, group: Group, own: Sequence[Operation]) -> list[Level]:
    fleets = list(scenario.fleets)
    found = [Level(0, _bytes(scenario.fleets[group.fleet].data_limit_bytes), group.fleet)]
    for each in own:
        if isinstance(each, MoveTo):
            found.append(Level(each.at_ms, _bytes(each.data_limit_bytes), fleets[each.fleet_index]))
        elif isinstance(each, SetLimit):
            found.append(Level(each.at_ms, _bytes(each.data_limit_bytes), found[-1].fleet))
    return found


def _cached(
    scenario: Scenario, group: Group, own: Sequence[Operation], events: Sequence[Event], activation: int
) -> list[Level]:
    before = [each for each in own if isinstance(each, SetLimit) and each.at_ms < activation]
    first = before[-1].data_limit_bytes if before else scenario.fleets[group.fleet].data_limit_bytes
    changes: list[Any] = [Level(each.at_ms, each.limit_bytes, "") for each in events if each.event == "limit"]
    return [Level(0, _bytes(first), ""), *changes]


def _inactive(own: Sequence[Operation], horizon: int) -> Iterable[tuple[int, int]]:
    since: int | None = None
    for each in own:
        if isinstance(each, SetStatus):
            if each.active and since is not None:
                yield since, each.at_ms
                since = None
            elif not each.active and since is None:
                since = each.at_ms
    if since is not None:
        yield since, horizon


def _bytes(limit: int | None) -> int:
    return NO_LIMIT if limit is None else limit


def _within(span: Span, levels: Iterable[Level]) -> tuple[Level, ...]:
    """The levels of a span, one an instant, those that change something."""
    found: list[Level] = []
    for level in levels:
        if level.since_ms >= span.end_ms:
            break
        level = level._replace(since_ms=max(level.since_ms, span.start_ms))
        if found and found[-1].since_ms == level.since_ms:
            found.pop()
        if not found or found[-1][1:] != level[1:]:
            found.append(level)
    return tuple(found)


def _joined(span: Span, spans: Iterable[tuple[int, int]]) -> tuple[Span, ...]:
    """Spans, in order, within another; those that touch are one."""
    found: list[Span] = []
    for start, end in spans:
        start, end = max(start, span.start_ms), min(end, span.end_ms)
        if start >= end:
            continue
        if found and found[-1].end_ms == start:
            start = found.pop().start_ms
        found.append(Span(start, end))
    return tuple(found)
