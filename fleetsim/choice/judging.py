"""What a limit is judged by: sums over the rows of a replication, for many limits at once.

A row counts under a range of limits, so it is added at the first of them and taken away behind the last; running sums
over the limits then are the sums under each. All are whole numbers, so nothing depends on the order in which SIMs come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fleetsim.billing import CAUSES, prices_per_mb, usage_cost
from fleetsim.choice.service import sims_concerned
from fleetsim.counted import COUNTED
from fleetsim.engines.under_limits import UnderLimits
from fleetsim.scenario.fleet import groups
from fleetsim.scenario.schema import Scenario
from fleetsim.tables.histogram import bounds, cells_of

Ints = NDArray[np.int64]

SERVICE: Final = ("sim_periods", "blocked_sim_periods", "blocked_ms", "undelivered_bytes")
"""Of the fleet's normal devices, in complete periods."""
MONEY: Final = (*(f"overage_{cause}_bytes" for cause in CAUSES), "cost_micros")
"""Of all the fleet's devices, over the horizon."""
JUDGED: Final = (*SERVICE, *MONEY)

EXACT_SIMS: Final = 10_000
"""SIMs of which each value of use is kept: about as many numbers as cells of a histogram would be filled."""


@dataclass(frozen=True)
class Judgement:
    """A replication's sums under each of k limits, of some SIMs or of all.

    Attributes
    ----------
    sums
        int64 of shape (len(JUDGED), k).
    periods_per_sim
        The most complete periods that a normal SIM has, or can have.
    use
        Bytes that normal devices use in a complete period without a limit: int64 of shape (3, n), by lower bounds,
        ascending, upper bounds, which are not reached, and counts. Exact, of at most `EXACT_SIMS`; of more SIMs by the
        cells of `fleetsim.tables.histogram`. Empty where that was not asked for.
    """

    sums: Ints
    periods_per_sim: int
    use: Ints

    @classmethod
    def joined(cls, parts: Sequence[Judgement]) -> Judgement:
        """Judgement of all SIMs of a replication from those of parts of them."""
        lower, upper, count = np.concatenate([part.use for part in parts], axis=1)
        distinct, at, which = np.unique(lower, return_index=True, return_inverse=True)
        counts = np.zeros(distinct.size, np.int64)
        np.add.at(counts, which, count)
        sums = np.sum([part.sums for part in parts], axis=0)
        return cls(sums, max(part.periods_per_sim for part in parts), np.stack([distinct, upper[at], counts]))


@dataclass(frozen=True)
class Judge:
    """Judges what SIMs of a scenario do under `count` limits of a fleet."""

    scenario: Scenario
    fleet: str
    count: int

    @cached_property
    def _groups(self) -> tuple[Ints, NDArray[np.bool_], Ints]:
        """First SIM, normality, and price of a MB in micro-units of each device group."""
        all_groups = groups(self.scenario)
        first = np.array([group.first_sim for group in all_groups], np.int64)
        normal = np.array([group.devices.role == "normal" for group in all_groups], np.bool_)
        return first, normal, prices_per_mb(self.scenario.tariff, [group.devices.network for group in all_groups])

    @cached_property
    def _running(self) -> Ints:
        """SIMs, ascending, whose first period has begun before the start, and so is not complete."""
        found = [np.zeros(0, np.int64)]
        for group in groups(self.scenario):
            rows = self.scenario.initial(group.fleet, group.name)
            if rows is not None:
                found.append(group.first_sim + rows.sims)
        return np.concatenate(found)

    def judge(self, under: UnderLimits) -> Judgement:
        """Sum up rows; those under limits beyond the first `count` are left out, but for what SIMs use there.

        Parameters
        ----------
        under
            Of limits of this fleet. If there is one more than `count`, it is none at all, and what normal devices use
            without a limit is kept.
        """
        scenario = self.scenario
        everything = dict(zip(COUNTED, under.rows.T, strict=True))
        in_fleet = everything["fleet"] == list(scenario.fleets).index(self.fleet)
        rows = {name: column[in_fleet] for name, column in everything.items() if name in _READ}
        first, last = under.first[in_fleet], under.last[in_fleet]
        starts, normal, per_mb = self._groups
        group = np.searchsorted(starts, rows["sim"], side="right") - 1
        served = normal[group] & (rows["period_start_ms"] >= 0) & (rows["period_end_ms"] <= scenario.horizon_ms)
        used = rows["upload_bytes"] + rows["download_bytes"]
        cost = usage_cost(used, scenario.tariff, per_mb[group]) + rows["fee_due"] * np.int64(scenario.tariff.fee_micros)

        service = {
            "sim_periods": np.ones(np.count_nonzero(served), np.int64),
            "blocked_sim_periods": (rows["blocks"][served] > 0).astype(np.int64),
            **{name: rows[name][served] for name in SERVICE[2:]},
        }
        money = {**{name: rows[name] for name in MONEY[:-1]}, "cost_micros": cost}
        of_service, of_money = _Ranges(first[served], last[served], self.count), _Ranges(first, last, self.count)
        sums = [of_service.sum(service[name]) for name in SERVICE] + [of_money.sum(money[name]) for name in MONEY]
        use = counted(used[served & (last == self.count)], exactly=self._few)
        return Judgement(np.stack(sums), self._most(rows, served), use)

    @cached_property
    def _few(self) -> bool:
        return sims_concerned(self.scenario, self.fleet) <= EXACT_SIMS

    def _most(self, rows: dict[str, Ints], served: NDArray[np.bool_]) -> int:
        """Return the most complete periods that a SIM with one of these rows can have had."""
        numbers = rows["period"][served] + 1
        if self._running.size:
            numbers -= np.isin(rows["sim"][served], self._running)
        return int(numbers.max(initial=0))


_READ: Final = {
    *("sim", "period", "period_start_ms", "period_end_ms", "upload_bytes", "download_bytes", "fee_due", "blocks"),
    *("blocked_ms", "undelivered_bytes", *MONEY[:-1]),
}
"""Columns that are looked at."""


def counted(values: Ints, *, exactly: bool) -> Ints:
    """How often there is each value, or how many lie in each cell of the histogram: as in `Judgement.use`."""
    if exactly:
        distinct, counts = np.unique(values, return_counts=True)
        return np.stack([distinct, distinct + 1, counts])
    cells, counts = np.unique(cells_of(values), return_counts=True)
    return np.stack([bounds()[cells], bounds()[cells + 1], counts])


class _Ranges:
    """Limits that rows count under, to sum their values by limit.

    Most rows count under one limit or up to the last one; those of a single limit are added there, once.
    """

    def __init__(self, first: Ints, last: Ints, count: int) -> None:
        self.count = count
        self.first = first
        self.wide = np.flatnonzero(last > first)
        self.second = first[self.wide] + 1
        self.behind = last[self.wide] + 1

    def sum(self, values: Ints) -> Ints:
        """Sum of the values of all rows under each limit, int64 of shape (count,)."""
        single, change = np.zeros(self.count + 1, np.int64), np.zeros(self.count + 2, np.int64)
        np.add.at(single, self.first, values)
        np.add.at(change, self.second, values[self.wide])
        np.subtract.at(change, self.behind, values[self.wide])
        total: Ints = single[: self.count] + np.cumsum(change)[: self.count]
        return total
