"""What the owner's timeline does to each SIM in step 2 of an instant: which SIMs an entry takes, and in which order.

Within an instant the file's status changes come first, then moves, then limits; each in the file's order. Which SIMs an
entry with a count takes is known beforehand but for one case: ready SIMs that turn active by themselves are no longer
there to be made active. Only then does an engine have to be asked (`Turned`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleetsim.scenario.fleet import Group, groups, limits_of
from fleetsim.scenario.schema import Entry, LimitChange, Move, Scenario, StatusChange

Mask = NDArray[np.bool_]


class SetStatus(NamedTuple):
    """The SIM is made active or inactive."""

    at_ms: int
    active: bool


class MoveTo(NamedTuple):
    """The SIM is moved to a fleet, which has this limit (bytes or None) as it comes."""

    at_ms: int
    fleet_index: int
    data_limit_bytes: int | None


class SetLimit(NamedTuple):
    """The fleet that the SIM is in gets a limit (bytes or None)."""

    at_ms: int
    data_limit_bytes: int | None


Operation = SetStatus | MoveTo | SetLimit


class Taken(NamedTuple):
    """An entry of the timeline and the SIMs of a group that it changes, bool of shape (count,)."""

    entry: StatusChange | Move
    sims: Mask


Turned = Callable[[Sequence[Taken], int], Mask]
"""Of a group's SIMs, which have turned active by themselves up to step 2 of an instant, given the entries before it."""


def step_order(entry: Entry) -> tuple[int, int]:
    """Sort key of entries: by instant, and within it statuses, moves, limits; the sort keeps the file's order."""
    return entry.at_ms, (StatusChange, Move, LimitChange).index(type(entry))


def taken(scenario: Scenario, group: Group, turned: Turned | None = None) -> list[Taken]:
    """Which SIMs of a group the entries about it change, in the order in which they apply.

    Parameters
    ----------
    turned
        ``None``: no ready SIM turns active by itself, so an entry that makes ready SIMs active has all it could take.
    """
    count = group.devices.count
    inactive, ready = np.zeros(count, bool), np.full(count, group.devices.status == "ready")
    fleet = np.full(count, group.fleet_index)
    targets = list(scenario.fleets)
    found: list[Taken] = []
    for entry in _about(scenario, group):
        if isinstance(entry, Move):
            target = targets.index(entry.to)
            sims = _lowest(fleet != target, entry.count)
            fleet[sims] = target
        elif entry.status == "inactive":
            sims = _lowest(~inactive, entry.count)
            inactive |= sims
            ready &= ~sims
        else:
            chance = entry.count is not None and ready.any()
            if chance and turned is not None:
                ready &= ~turned(found, entry.at_ms)
            sims = _lowest(inactive | ready, None if chance and turned is None else entry.count)
            inactive &= ~sims
            ready &= ~sims
        found.append(Taken(entry, sims))
    return found


def operations(scenario: Scenario, group: Group, taken: Sequence[Taken], number: int) -> list[Operation]:
    """What happens in step 2 to SIM `number` (0-based in the group), in order; limits set before its activation too."""
    own = [each.entry for each in taken if each.sims[number]]
    names = list(scenario.fleets)
    fleet = group.fleet
    limits = {name: limits_of(scenario, name) for name in {fleet, *(e.to for e in own if isinstance(e, Move))}}
    happens: list[Operation] = []
    since = 0  # the first of the fleet's limits that the SIM is there for
    for entry in own:
        if isinstance(entry, StatusChange):
            happens.append(SetStatus(entry.at_ms, entry.status == "active"))
            continue
        happens += [SetLimit(*limit) for limit in limits[fleet][since:] if limit[0] < entry.at_ms]
        fleet = entry.to
        before = [limit for limit in limits[fleet] if limit[0] < entry.at_ms]
        since = len(before)
        limit_then = before[-1][1] if before else scenario.fleets[fleet].data_limit_bytes
        happens.append(MoveTo(entry.at_ms, names.index(fleet), limit_then))
    happens += [SetLimit(*limit) for limit in limits[fleet][since:]]
    kinds = (SetStatus, MoveTo, SetLimit)
    return sorted(happens, key=lambda each: (each.at_ms, kinds.index(type(each))))


def reaching_new(scenario: Scenario) -> Iterator[tuple[int, str, int]]:
    """Yield (index, group, instant) of entries that reach SIMs which may be new then: the provider would refuse them.

    The instant is that at which the last of them is activated, as ms since the start.
    """
    index_of = {id(entry): index for index, entry in enumerate(scenario.timeline)}
    for group in groups(scenario):
        latest_ms = group.devices.activation.at_ms + group.devices.activation.over_ms
        if latest_ms == 0:
            continue
        known = np.zeros(group.devices.count, bool)
        rows = scenario.initial(group.fleet, group.name)
        if rows is not None:
            known[rows.sims] = True
        for entry, sims in taken(scenario, group):
            if isinstance(entry, StatusChange) and entry.count is None:
                sims = np.ones_like(known)  # all of them, also those that it would leave as they are
            if entry.at_ms < latest_ms and (sims & ~known).any():
                yield index_of[id(entry)], f"{group.fleet}/{group.name}", latest_ms


def _about(scenario: Scenario, group: Group) -> list[StatusChange | Move]:
    entries = [e for e in scenario.timeline if not isinstance(e, LimitChange) and e.sims == (group.fleet, group.name)]
    return sorted(entries, key=step_order)


def _lowest(would: Mask, count: int | None) -> Mask:
    return would if count is None else would & (np.cumsum(would) <= count)
