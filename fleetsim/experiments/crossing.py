"""Which SIMs cross their limit in their billing period, and when: theory's use beside the limits over time."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleetsim.clock import MS_PER_DAY, period_ends
from fleetsim.experiments.expected import Theory
from fleetsim.experiments.mixture import Floats
from fleetsim.scenario.fleet import Group, limits_of
from fleetsim.scenario.schema import Scenario

Ints = NDArray[np.int64]
Limits = list[tuple[int, int | None]]
"""Limits of a fleet from their instants on (ms, bytes or None), the first from the start."""

NEVER = 1 << 62
_ACTIVATIONS = 5  # instants that a spread of activations is taken at
EXACT_MS = 10_000  # to which instants of crossing are found
_ENDS = 32  # and the ends of running periods
_USES = 256  # and what was used in them


class Cells(NamedTuple):
    """SIMs of a group, those that are alike taken together: the period that each is in first.

    Attributes
    ----------
    sims
        float64: how many they are.
    begin_ms, end_ms
        int64: from when on they move bytes in the run, and when the period ends.
    used_bytes
        float64: what they had used before the run.
    """

    sims: Floats
    begin_ms: Ints
    end_ms: Ints
    used_bytes: Floats

    def total(self) -> float:
        """SIMs in all."""
        return float(self.sims.sum())


class Crossing(NamedTuple):
    """SIMs that cross their limit.

    Attributes
    ----------
    sims, share
        How many are expected to, and which share of all that is.
    half_ms
        By when half of these have; ``None`` where there are none.
    bytes_per_ms
        What those that cross move on average in the day after it.
    end_ms
        When their periods end on average.
    """

    sims: float
    share: float
    half_ms: int | None
    bytes_per_ms: float
    end_ms: float


def limits_over_time(scenario: Scenario, fleet: str) -> Limits:
    """Limits of a fleet, from the one in the file on."""
    return [(0, scenario.fleets[fleet].data_limit_bytes), *limits_of(scenario, fleet)]


def limit_at(limits: Limits, ms: int) -> int | None:
    """Limit in force at an instant, after what the owner does then."""
    return [limit for at, limit in limits if at <= ms][-1]


def activated(scenario: Scenario, group: Group) -> Cells | None:
    """SIMs that are activated in the run, in their first period; ``None`` where there are none."""
    rows = scenario.initial(group.fleet, group.name)
    sims = group.devices.count - (0 if rows is None else rows.sims.size)
    activation = group.devices.activation
    over = activation.over_ms
    parts = _ACTIVATIONS if over else 1
    begins = [activation.at_ms + over * (2 * i + 1) // (2 * parts) for i in range(parts)]
    begins = [begin for begin in begins if begin < scenario.horizon_ms]
    if not sims or not begins:
        return None
    ends = [next(period_ends(scenario.platform.billing_period, scenario.start, begin)) for begin in begins]
    share = np.full(len(begins), sims / parts)
    return Cells(share, np.array(begins, np.int64), np.array(ends, np.int64), np.zeros(len(begins)))


def running(scenario: Scenario, group: Group, *, free: bool) -> Cells | None:
    """SIMs that are in the middle of a period at the start; ``None`` where there are none.

    Parameters
    ----------
    free
        Only those that are neither blocked nor above their limit.
    """
    rows = scenario.initial(group.fleet, group.name)
    if rows is None:
        return None
    limit = scenario.fleets[group.fleet].data_limit_bytes
    kept = ~rows.blocked & (rows.used_bytes <= (NEVER if limit is None else limit)) if free else rows.sims >= 0
    if not kept.any():
        return None
    ends, used = running_ends_ms(scenario, group)[kept], rows.used_bytes[kept]
    end_cell = _bins(ends, _ENDS)
    # Ends are shared by their bins, so that theory is asked for few spans.
    end_of = np.bincount(end_cell, ends) / np.maximum(np.bincount(end_cell), 1)
    cell = np.unique(end_cell * _USES + _bins(used, _USES), return_inverse=True)[1]
    sims = np.bincount(cell).astype(np.float64)
    end_ms = np.zeros(sims.size, np.int64)
    end_ms[cell] = end_of[end_cell].astype(np.int64)
    return Cells(sims, np.zeros(sims.size, np.int64), end_ms, np.bincount(cell, used) / sims)


def running_ends_ms(scenario: Scenario, group: Group) -> Ints:
    """Ends of the periods that are running at the start, one for each row of the group's `initial`; see `clock`."""
    rows = scenario.initial(group.fleet, group.name)
    assert rows is not None
    billing_period = scenario.platform.billing_period
    if isinstance(billing_period, int):
        return rows.period_start_ms + billing_period
    begin = (scenario.start_ms + rows.period_start_ms).astype("datetime64[ms]")
    month = begin.astype("datetime64[M]")
    following = (month + 1).astype("datetime64[ms]")
    if billing_period == "activation-month":
        days = ((month + 2).astype("datetime64[D]") - (month + 1).astype("datetime64[D]")).astype(np.int64)
        day, time = np.divmod((begin - month.astype("datetime64[ms]")).astype(np.int64), MS_PER_DAY)
        following = following + (np.minimum(day, days - 1) * MS_PER_DAY + time).astype("timedelta64[ms]")
    ends: Ints = following.astype(np.int64) - scenario.start_ms
    return ends


def next_periods(scenario: Scenario, cells: Cells) -> Cells:
    """The same SIMs in the period after theirs."""
    begins, where = np.unique(cells.end_ms, return_inverse=True)
    ends = [next(period_ends(scenario.platform.billing_period, scenario.start, begin)) for begin in begins.tolist()]
    sims = np.bincount(where, cells.sims).astype(np.float64)
    return Cells(sims, begins, np.array(ends, np.int64), np.zeros(begins.size))


def together(one: Cells, other: Cells) -> Cells:
    """Cells of both."""
    return Cells(
        np.concatenate([one.sims, other.sims]),
        np.concatenate([one.begin_ms, other.begin_ms]),
        np.concatenate([one.end_ms, other.end_ms]),
        np.concatenate([one.used_bytes, other.used_bytes]),
    )


def at_instant(scenario: Scenario, cells: Cells, ms: int) -> Cells:
    """The same SIMs in the period that they are in at an instant; those that are not activated yet are left out."""
    length_ms = scenario.platform.billing_period
    while (over := cells.end_ms <= ms).any():
        rest, later = _chosen(cells, ~over), next_periods(scenario, _chosen(cells, over))
        if isinstance(length_ms, int):
            skipped = (ms - later.begin_ms) // length_ms * length_ms
            later = later._replace(begin_ms=later.begin_ms + skipped, end_ms=later.end_ms + skipped)
        cells = together(rest, later)
    return _chosen(cells, cells.begin_ms <= ms)


def above(theory: Theory, cells: Cells, until_ms: int, size: int) -> float:
    """SIMs that have used more than `size` bytes of their period by an instant."""
    return float((_above(theory, cells, until_ms, size) @ theory.weight) @ cells.sims)


def crossing(theory: Theory, cells: Cells, limits: Limits) -> Crossing:
    """Say which of the SIMs cross their limit in their period.

    A SIM has crossed once it has used more than the limit that is in force, so a lowered limit makes SIMs cross at its
    instant. Use over time is taken to keep to its place among the SIMs.
    """
    last = int(cells.end_ms.max())
    crossed = _crossed(theory, cells, limits, last)
    each = (crossed @ theory.weight) * cells.sims
    sims = float(each.sum())
    if sims < 1e-9:
        return Crossing(0.0, 0.0, None, 0.0, 0.0)
    half_ms = first_instant(
        lambda ms: float((_crossed(theory, cells, limits, ms) @ theory.weight) @ cells.sims) >= sims / 2,
        int(cells.begin_ms.min()),
        last,
    )
    # Those with much traffic are the ones that cross.
    who = (cells.sims @ crossed) * theory.weight
    rate = float(who @ theory.rate(int(cells.begin_ms.min()), half_ms, half_ms + MS_PER_DAY) / who.sum())
    return Crossing(sims, sims / cells.total(), half_ms, rate, float(each @ cells.end_ms) / sims)


def first_instant(reached: Callable[[int], bool], low: int, high: int) -> int:
    """First instant in (low, high] at which something that stays reached is, to `EXACT_MS`; `high` if it never is."""
    while high - low > EXACT_MS:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def _crossed(theory: Theory, cells: Cells, limits: Limits, until_ms: int) -> Floats:
    """Probability that a SIM of each cell and stretch has crossed by an instant: shape (cells, stretches)."""
    found = np.zeros((cells.sims.size, theory.weight.size))
    for (from_ms, limit), (next_ms, _) in pairwise([*limits, (NEVER, None)]):
        if limit is not None and from_ms <= until_ms:
            there = (cells.begin_ms < next_ms) & (cells.end_ms > from_ms)
            found[there] = np.maximum(
                found[there], _above(theory, _chosen(cells, there), min(next_ms, until_ms), limit)
            )
    return found


def _above(theory: Theory, cells: Cells, until_ms: int, size: int) -> Floats:
    found = np.zeros((cells.sims.size, theory.weight.size))
    spans = np.stack([cells.begin_ms, np.clip(cells.end_ms, None, until_ms)], axis=1)
    for begin, end in np.unique(spans, axis=0).tolist():
        use = theory.use(begin, end, evaluated=True)
        if use is not None and begin <= end:
            alike = (spans == (begin, end)).all(axis=1)
            found[alike] = use.above(size - cells.used_bytes[alike])
    return found


def _chosen(cells: Cells, which: NDArray[np.bool_]) -> Cells:
    return Cells(cells.sims[which], cells.begin_ms[which], cells.end_ms[which], cells.used_bytes[which])


def _bins(values: Ints, bins: int) -> Ints:
    """Which of so many equal stretches of its range each value is in."""
    low, high = int(values.min()), int(values.max())
    return (values - low) * bins // (high - low + 1)
