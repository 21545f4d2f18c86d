"""The story of one SIM's billing period in plain words: a numbered note for each instant at which something happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from fleetsim.counted import NO_LIMIT
from fleetsim.experiments.story import Moment, Story
from fleetsim.report import words
from fleetsim.report.causes import CAUSES
from fleetsim.units import format_bytes

MOST_NOTES = 9


@dataclass(frozen=True)
class Note:
    """What happened at one instant.

    Parameters
    ----------
    at_ms, used_bytes
        The instant, ms since the scenario's start, and what had been used by then.
    number
        What stands for it in the picture, from 1.
    when
        The instant in words.
    text
        One or more sentences.
    """

    at_ms: int
    used_bytes: int
    number: int
    when: str
    text: str


def whose(story: Story) -> str:
    """Which SIM it is, and which of its periods."""
    group = story.group
    name = f"SIM {story.sim:,} ({words.plain(group.name)} in {words.plain(group.fleet)}, {group.devices.role})"
    return f"{name}, replication {story.replication:,}, billing period {story.row['period']}"


def notes(story: Story) -> list[Note]:
    """What happened, in order; where that is too much for a picture, what the closer look shows, and the beginning."""
    instants = [(at, list(moments)) for at, moments in groupby(story.moments, key=lambda moment: moment.at_ms)]
    near = story.window or story.span
    first = sorted(instants, key=lambda each: (not near.start_ms <= each[0] < near.end_ms, each[0]))[:MOST_NOTES]
    return [
        Note(at, moments[0].used_bytes, number, instant(story, at), " ".join(_sentences(story, moments)))
        for number, (at, moments) in enumerate(sorted(first), start=1)
    ]


def ending(story: Story) -> str:
    """How the period ends, and what was used beyond the limit."""
    goes_on = story.row["period_end_ms"] > story.span.end_ms
    end = "The run ends before the period does" if goes_on else "The period ends"
    untold = len({moment.at_ms for moment in story.moments}) - MOST_NOTES
    more = f"{untold:,} further {'instant is' if untold == 1 else 'instants are'} left out here. " if untold > 0 else ""
    over = story.overage
    total = sum(over.values())
    carried = story.row["carried_bytes"]
    before = f" ({format_bytes(carried)} of it before the run)" if carried else ""
    used = f"{more}{end}: {format_bytes(story.used_bytes)} used{before}"
    if not total:
        return f"{used}, none of it beyond the limit."
    parts = [f"{format_bytes(over[cause.key])} {cause.label}" for cause in CAUSES if over[cause.key]]
    why = f": {words.listed(parts)}" if len(parts) > 1 else f", all {parts[0].split(' ')[-1]}"
    return f"{used}, {format_bytes(total)} of it beyond the limit{why}."


def instant(story: Story, at_ms: int, clock_only: bool = False) -> str:
    """``9 Jan 05:46:31``, to the nearest second."""
    when = _nearest_second(story.scenario.instant(at_ms))
    clock = f"{when:%H:%M:%S}" if when.second else f"{when:%H:%M}"
    return clock if clock_only else f"{when.day} {when:%b} {clock}"


def limit(limit_bytes: int) -> str:
    """A limit as it was set."""
    return words.limit(None if limit_bytes == NO_LIMIT else limit_bytes)


def _nearest_second(when: datetime) -> datetime:
    return (when + timedelta(milliseconds=500)).replace(microsecond=0)


def _sentences(story: Story, moments: list[Moment]) -> Iterator[str]:
    whats = {moment.what for moment in moments}
    for moment in moments:
        say = _SAYS.get(moment.what)
        if say is not None:
            yield say(story, moment)
        elif moment.what == "cross":
            yield _cross(story, moment, set_now=bool(whats & {"limit", "move"}))
        elif moment.what == "found":
            yield _found(story, moment)


def _limit(story: Story, moment: Moment) -> str:
    before = next(level for level in reversed(story.limits) if level.since_ms < moment.at_ms).limit_bytes
    verb = "lowers" if moment.limit_bytes < before else "raises"
    return (
        f"The owner {verb} the limit of {words.plain(moment.why)} from {limit(before)} to {limit(moment.limit_bytes)}."
    )


def _move(story: Story, moment: Moment) -> str:
    return f"The SIM is moved to {words.plain(moment.why)}, whose limit is {limit(moment.limit_bytes)}."


def _arrive(story: Story, moment: Moment) -> str:
    late = moment.at_ms - moment.since_ms
    after = f", {words.lateness(late)} after it was set" if late else ""
    return f"The limit of {limit(moment.limit_bytes)} reaches the SIM{after}."


def _cross(story: Story, moment: Moment, *, set_now: bool) -> str:
    used, limited = format_bytes(moment.used_bytes), limit(moment.limit_bytes)
    if set_now:
        return f"The SIM has used {used} already: all that moves from now on is overage."
    if moment.at_ms == story.span.start_ms:
        return f"The SIM has used {used} before the run, more than its limit of {limited}."
    return f"The SIM passes its limit of {limited}: what moves from now on is overage."


def _found(story: Story, moment: Moment) -> str:
    used, limited = format_bytes(moment.recorded_bytes), limit(moment.limit_bytes)
    if used == format_bytes(moment.limit_bytes):  # the digits that would tell them apart are not shown
        used, limited = format_bytes(moment.recorded_bytes - moment.limit_bytes), f"its limit of {limited}"
        known = f"{used} more than {limited} are known."
    else:
        known = f"{used} are known, more than its limit of {limited}."
    if moment.why == "refresh":
        return f"From records {known}"
    begun, delay = instant(story, moment.since_ms, clock_only=True), story.scenario.platform.record_delay_ms
    happens = f"is evaluated {words.lateness(delay)} after its end" if delay else "ends"
    return f"The record that began at {begun} {happens}: {known}"


def _block(story: Story, moment: Moment) -> str:
    over = sum(max(min(part.last_bytes, moment.used_bytes) - part.first_bytes, 0) for part in story.parts)
    if moment.why == "initial":
        return "The SIM is blocked already."
    return f"The SIM is blocked, after {format_bytes(over)} of overage." if over else "The SIM is blocked."


def _unblock(story: Story, moment: Moment) -> str:
    return "The SIM is unblocked."


def _inactive(story: Story, moment: Moment) -> str:
    return "The SIM is made inactive: it moves nothing."


def _active(story: Story, moment: Moment) -> str:
    return "The SIM is active again."


_SAYS: dict[str, Callable[[Story, Moment], str]] = {
    "limit": _limit,
    "move": _move,
    "arrive": _arrive,
    "block": _block,
    "unblock": _unblock,
    "inactive": _inactive,
    "active": _active,
}
