"""Billing periods and the owner's operations of many SIMs, as one array with offsets each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleetsim.clock import period_ends, period_ends_of
from fleetsim.counted import NO_LIMIT
from fleetsim.draws.streams import Streams
from fleetsim.engines.compiled.state import LIMIT, MAKE_ACTIVE, MAKE_INACTIVE, MOVE, NEVER
from fleetsim.scenario.fleet import Group, limit_delays_ms
from fleetsim.scenario.operations import MoveTo, Operation, SetStatus, Taken, operations
from fleetsim.scenario.schema import Scenario

Ints = NDArray[np.int64]


class Ragged(NamedTuple):
    """Rows of many SIMs: SIM i has ``rows[offsets[i]]`` to ``rows[offsets[i + 1]]`` - 1."""

    offsets: Ints
    rows: Ints

    @classmethod
    def of(cls, parts: Sequence[Ints], width: int) -> Ragged:
        """Put the rows of each SIM, shape (rows, width), one after the other."""
        offsets = np.zeros(len(parts) + 1, np.int64)
        np.cumsum([len(part) for part in parts], out=offsets[1:])
        return cls(offsets, np.concatenate([np.zeros((0, width), np.int64), *parts]))


def operations_of(
    scenario: Scenario, group: Group, taken: Sequence[Taken], numbers: Ints, chance: Streams
) -> tuple[Ragged, list[list[Operation]], Ints]:
    """What the owner does to each SIM.

    Returns
    -------
    tuple
        Columns: instant, kind, fleet, limit, delay with which it arrives; a last row that never comes. All lists of
        operations that SIMs have; and of each SIM, which one.
    """
    own = np.stack([each.sims[numbers] for each in taken], axis=1) if taken else np.zeros((numbers.size, 0), bool)
    kinds, which = np.unique(own, axis=0, return_inverse=True)
    which = which.reshape(-1)
    lists = [operations(scenario, group, taken, int(numbers[np.argmax(which == k)])) for k in range(len(kinds))]
    delays = {at: limit_delays_ms(scenario, chance, at) for at in {each.at_ms for one in lists for each in one}}
    sizes = np.array([len(one) + 1 for one in lists], np.int64)
    offsets = np.zeros(numbers.size + 1, np.int64)
    np.cumsum(sizes[which], out=offsets[1:])
    rows = np.zeros((int(offsets[-1]), 5), np.int64)
    rows[offsets[1:] - 1, 0] = NEVER
    for k, one in enumerate(lists):
        sims = np.flatnonzero(which == k)
        for j, operation in enumerate(one):
            rows[offsets[sims] + j, :4] = _as_numbers(operation)
            rows[offsets[sims] + j, 4] = delays[operation.at_ms][sims]
    return Ragged(offsets, rows), lists, which


def _as_numbers(operation: Operation) -> tuple[int, int, int, int]:
    if isinstance(operation, SetStatus):
        return operation.at_ms, MAKE_ACTIVE if operation.active else MAKE_INACTIVE, 0, 0
    limit = NO_LIMIT if operation.data_limit_bytes is None else operation.data_limit_bytes
    if isinstance(operation, MoveTo):
        return operation.at_ms, MOVE, operation.fleet_index, limit
    return operation.at_ms, LIMIT, 0, limit


def periods_of(scenario: Scenario, starts: Ints, lists: Sequence[Sequence[Operation]], which: Ints) -> Ragged:
    """Billing periods of each SIM, start and end, that begin before the horizon.

    Parameters
    ----------
    starts
        Start of the first one, ms.
    lists, which
        What the owner does, and to which SIMs; of `operations_of`.
    """
    horizon, anchor = scenario.horizon_ms, scenario.platform.billing_period
    statuses = [[each for each in one if isinstance(each, SetStatus)] for one in lists]
    if any(statuses):
        own = zip(starts.tolist(), which.tolist(), strict=True)
        return Ragged.of([_lives_periods(scenario, start, statuses[k]) for start, k in own], 2)
    alike = bool(starts.size) and bool((starts == starts[0]).all())
    distinct = starts[:1] if alike else starts
    count = 1
    while True:
        ends = period_ends_of(anchor, scenario.start, distinct, count)
        if not distinct.size or ends[:, -1].min() >= horizon:
            break
        count *= 2
    bounds = np.stack([np.concatenate([distinct[:, None], ends[:, :-1]], axis=1), ends], axis=2)
    there = bounds[:, :, 0] < horizon
    if alike:
        rows = bounds[there]
        return Ragged(np.arange(starts.size + 1) * len(rows), np.tile(rows, (starts.size, 1)))
    offsets = np.zeros(starts.size + 1, np.int64)
    np.cumsum(there.sum(axis=1), out=offsets[1:])
    return Ragged(offsets, bounds[there])


def _lives_periods(scenario: Scenario, start: int, statuses: Sequence[SetStatus]) -> Ints:
    """Periods of a SIM whose status changes: while it is inactive the running one goes on, and no new one follows."""
    found = []
    ends = period_ends(scenario.platform.billing_period, scenario.start, start)
    while start < scenario.horizon_ms:
        end = next(ends)
        found.append((start, end))
        before = [each.active for each in statuses if each.at_ms < end]
        if not before or before[-1]:
            start = end
            continue
        returns = [each.at_ms for each in statuses if each.active and each.at_ms >= end]
        if not returns:
            break
        start = returns[0]
        ends = period_ends(scenario.platform.billing_period, scenario.start, start)
    return np.array(found, np.int64).reshape(-1, 2)
