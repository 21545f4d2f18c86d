"""What SIMs do under many limits of a fleet: the border between engines and the choice of a limit.

A limit changes nothing until a SIM passes it, so most rows are the same under a whole range of limits, and are counted
once. An engine that follows a SIM's traffic once for all limits is one of `ManyLimits`; with any other each limit is
simulated by itself, on the same draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fleetsim.clock import MS_PER_DAY
from fleetsim.counted import COUNTED, NO_LIMIT
from fleetsim.engines.base import Engine
from fleetsim.scenario.fleet import limits_of
from fleetsim.scenario.limits import with_limit
from fleetsim.scenario.schema import Scenario

_MOST_ROWS: Final = 400_000

Ints = NDArray[np.int64]
Limits = Sequence[int | None]
"""Limits of one fleet, ascending, in bytes; ``None``, unlimited, comes last. Each stands for the one in the scenario's
file: it is in force from the start, and what the timeline sets later stays.
"""


@dataclass(frozen=True)
class UnderLimits:
    """What a range of SIMs did in one replication, under each of many limits of a fleet.

    Attributes
    ----------
    rows
        int64 array of shape (n, len(COUNTED)).
    first, last
        int64 arrays of shape (n,): row i is counted under the limits number first[i] to last[i]. It is written for the
        first of them: where its ``data_limit_bytes`` is the limit asked for, another limit of its range has its own
        there (`rows_at`). All else is the same. Sorted by SIM; the ranges of one
        follow each other, each with its periods in their order.
    """

    rows: Ints
    first: Ints
    last: Ints


@runtime_checkable
class ManyLimits(Protocol):
    """Engines that follow a SIM under many limits at once."""

    def simulate_under(
        self, scenario: Scenario, fleet: str, limits: Limits, replication: int, sims: range
    ) -> UnderLimits:
        """Count what the SIMs do under each of the limits; see the function of this name."""
        ...


def simulate_under(
    engine: Engine, scenario: Scenario, fleet: str, limits: Limits, replication: int, sims: range
) -> UnderLimits:
    """Count what SIMs `sims` do under each of the limits of `fleet`.

    Parameters
    ----------
    engine
        Whichever: they count the same.
    fleet
        Name of the fleet whose limit is replaced.
    limits
        At least one; which of them the provider takes is for the caller to check.
    """
    if isinstance(engine, ManyLimits):
        return engine.simulate_under(scenario, fleet, limits, replication, sims)
    return one_by_one(engine, scenario, fleet, limits, replication, sims)


def one_by_one(
    engine: Engine, scenario: Scenario, fleet: str, limits: Limits, replication: int, sims: range
) -> UnderLimits:
    """Count it by a simulation for each limit."""
    parts = [engine.simulate(with_limit(scenario, fleet, limit), replication, sims).rows for limit in limits]
    rows = np.concatenate(parts)
    number = np.repeat(np.arange(len(limits)), [len(part) for part in parts])
    order = np.lexsort((rows[:, COUNTED.index("period")], number, rows[:, COUNTED.index("sim")]))
    return UnderLimits(rows[order], number[order], number[order])


def sims_at_once(scenario: Scenario, limits: int) -> int:
    """How many SIMs may be followed at a time under so many limits, at least one: each row takes 176 bytes."""
    period = scenario.platform.billing_period
    periods = scenario.horizon_ms // (period if isinstance(period, int) else 28 * MS_PER_DAY) + 2
    return max(_MOST_ROWS // (periods * limits), 1)


def rows_at(under: UnderLimits, scenario: Scenario, fleet: str, limits: Limits, number: int) -> Ints:
    """Rows that a run counts at limit `number`: int64 of shape (rows, len(COUNTED)), sorted by (sim, period).

    Parameters
    ----------
    under
        From `simulate_under`, with the same scenario, fleet and limits.
    number
        Place of the limit among `limits`.
    """
    chosen = (under.first <= number) & (number <= under.last)
    rows = under.rows[chosen]
    limit = limits[number]
    rows[has_asked_limit(rows, scenario, fleet), COUNTED.index("data_limit_bytes")] = (
        NO_LIMIT if limit is None else limit
    )
    # Ranges of one SIM can follow each other within a period, so rows come by their ranges.
    return rows[np.lexsort((rows[:, COUNTED.index("period")], rows[:, COUNTED.index("sim")]))]


def has_asked_limit(rows: Ints, scenario: Scenario, fleet: str) -> NDArray[np.bool_]:
    """Tell rows that end in `fleet` under the limit of its file: before the timeline sets the first other one."""
    ends = np.minimum(rows[:, COUNTED.index("period_end_ms")], scenario.horizon_ms)
    until = min((at for at, _ in limits_of(scenario, fleet)), default=scenario.horizon_ms)
    # A period that ends at the instant of a change ends before it: step 1 of the instant comes before step 2.
    in_fleet: NDArray[np.bool_] = rows[:, COUNTED.index("fleet")] == list(scenario.fleets).index(fleet)
    return in_fleet & (ends <= until)
