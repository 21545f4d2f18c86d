"""What the report asks of a run's rows: each found once, from the columns that it takes, a replication at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fleetsim.billing import CAUSES
from fleetsim.experiments.exact_quantiles import quantiles
from fleetsim.experiments.over_sims import ALL, Rows
from fleetsim.report.classes import OverageClasses, edges

Ints = NDArray[np.int64]

_OVERAGE: Final = ("overage_bytes", *(f"overage_{cause}_bytes" for cause in CAUSES))


@dataclass(frozen=True)
class Sims:
    """How many SIMs there are in each replication, and how many of these were blocked at least once.

    Parameters
    ----------
    seen, blocked
        int64, shape (replications,).
    """

    seen: Ints
    blocked: Ints


@dataclass(frozen=True)
class Over:
    """SIM-periods with overage.

    Parameters
    ----------
    sim_periods
        How many.
    least_bytes, most_bytes
        The smallest overage of one of them, and the largest.
    by_cause_bytes
        All of it, in the order of the causes, shape (causes,).
    """

    sim_periods: int
    least_bytes: int
    most_bytes: int
    by_cause_bytes: Ints


@dataclass(frozen=True)
class Begun:
    """SIM-periods that began before the run, those that begin in it, and how many of these owe a fee."""

    before: int
    inside: int
    due: int


@dataclass(frozen=True)
class Found:
    """SIM-periods that an instant finds blocked, of those that were blocked once.

    Parameters
    ----------
    sim_periods
        Of each replication, shape (replications,).
    back
        How many were unblocked before their period or the run ended.
    half_ms, most_ms
        How long after the instant half of these were back, and all of them; 0 where none was.
    """

    sim_periods: Ints
    back: int
    half_ms: int
    most_ms: int


class Overview:
    """Figures over all rows of a run.

    Parameters
    ----------
    rows
        Yields the rows of each replication.
    replications
        How many there are.
    start_ms, run_ms
        The run's start, ms since 1970-01-01T00:00:00Z, and its length.
    """

    def __init__(self, rows: Rows, replications: int, start_ms: int, run_ms: int) -> None:
        self._rows = rows
        self._replications = replications
        self._start_ms = start_ms
        self._run_ms = run_ms
        self._classes: dict[tuple[str, ...], OverageClasses] = {}
        self._found: dict[tuple[int, str], Found] = {}
        self._used: dict[str, tuple[int, int] | None] = {}

    # ---- SIMs --------------------------------------------------------------------------------------------------------

    def sims(self, role: str, fleet: str) -> Sims:
        """SIMs of a role that were in a fleet, or in any (`ALL`)."""
        nobody = np.zeros(self._replications, np.int64)
        return self._sims.get((role, fleet), Sims(nobody, nobody))

    @cached_property
    def _sims(self) -> dict[tuple[str, str], Sims]:
        found: dict[tuple[str, str], Sims] = {}
        for i, rows in enumerate(self._columns("role", "fleet", "sim", "blocks")):
            for key, seen, blocked in _sims_of(rows):
                each = found.setdefault(key, Sims(*np.zeros((2, self._replications), np.int64)))
                each.seen[i], each.blocked[i] = seen, blocked
        return found

    # ---- overage -----------------------------------------------------------------------------------------------------

    @cached_property
    def over(self) -> dict[str, Over]:
        """SIM-periods with overage, by role with any."""
        found: dict[str, Over] = {}
        for role, sizes, by_cause in self._overages():
            before = found.get(role, Over(0, int(sizes[0]), 0, np.zeros(len(CAUSES), np.int64)))
            found[role] = Over(
                before.sim_periods + sizes.size,
                min(before.least_bytes, int(sizes.min())),
                max(before.most_bytes, int(sizes.max())),
                before.by_cause_bytes + by_cause.sum(axis=1),
            )
        return found

    def classes(self, roles: tuple[str, ...]) -> OverageClasses:
        """Sort the SIM-periods with overage of some roles into about 12 classes at most.

        Equal classes where the sizes are of one kind (half of them are a good part of the largest); classes of growing
        width where a few are far larger than the rest.

        Raises
        ------
        ValueError
            If no such SIM-period has overage.
        """
        if roles not in self._classes:
            over = [self.over[role] for role in roles if role in self.over]
            if not over:
                raise ValueError("no SIM-period has overage")
            least, most = min(each.least_bytes for each in over), max(each.most_bytes for each in over)
            good_part = sum(int((sizes >= -(-most // 5)).sum()) for role, sizes, _ in self._overages() if role in roles)
            even = 2 * good_part >= sum(each.sim_periods for each in over)
            made = edges(least, most, even=even)
            sim_periods = np.zeros(made.size - 1, np.int64)
            by_cause = np.zeros((len(CAUSES), made.size - 1), np.int64)
            for role, sizes, parts in self._overages():
                if role in roles:
                    place = np.searchsorted(made, sizes, side="right") - 1
                    sim_periods += np.bincount(place, minlength=sim_periods.size)
                    np.add.at(by_cause.T, place, parts.T)
            self._classes[roles] = OverageClasses(made, even, sim_periods, by_cause)
        return self._classes[roles]

    @cached_property
    def worst(self) -> pd.DataFrame:
        """The row with the largest overage, the first of equals; none where there is no overage."""
        names = ["replication", "sim", "period", "used_bytes", "overage_bytes"]
        worst = pd.DataFrame(columns=names)
        for table in self._rows(names):
            overage = table["overage_bytes"].to_numpy()
            if overage.size and overage.max() > (worst["overage_bytes"].iloc[0] if len(worst) else 0):
                worst = table.slice(int(overage.argmax()), 1).to_pandas()
        return worst

    def _overages(self) -> Iterator[tuple[str, Ints, Ints]]:
        """Yield a role, overages of it, and these by cause: shapes (rows,) and (causes, rows)."""
        for rows in self._columns("role", *_OVERAGE):
            over = np.flatnonzero(rows.ints("overage_bytes"))
            sizes, *by_cause = (rows.ints(name)[over] for name in _OVERAGE)
            code, roles = rows.names("role")
            for i, role in enumerate(roles):
                own = code[over] == i
                if own.any():
                    yield role, sizes[own], np.stack(by_cause)[:, own]

    # ---- periods -----------------------------------------------------------------------------------------------------

    @cached_property
    def begun(self) -> Begun:
        """SIM-periods by when they began."""
        before = inside = due = 0
        for rows in self._columns("period_start", "fee_due"):
            in_run = rows.ms("period_start") >= 0
            before += int((~in_run).sum())
            inside += int(in_run.sum())
            due += int((in_run & rows.truths("fee_due")).sum())
        return Begun(before, inside, due)

    def used_by_normal_bytes(self, fleet: str = ALL) -> tuple[int, int] | None:
        """What half of the billing periods of normal devices that ended in the run used at most, and 99 % of them."""
        if fleet not in self._used:
            found = quantiles(self._of_normal(fleet, "carried_bytes", "used_bytes"), (0.50, 0.99))
            self._used[fleet] = None if found is None else (found[0], found[1])
        return self._used[fleet]

    def wanted_by_normal_bytes(self, fleet: str) -> int:
        """What 99 % of the same periods would have used without a limit, about: with what was not delivered in them."""
        found = quantiles(self._of_normal(fleet, "carried_bytes", "used_bytes", "undelivered_bytes"), (0.99,))
        return 0 if found is None else found[0]

    def _of_normal(self, fleet: str, *parts: str) -> Callable[[], Iterator[Ints]]:
        """What gives the sums of some columns, of the periods of normal devices of a fleet that ended in the run."""

        def sums() -> Iterator[Ints]:
            for rows in self._columns("role", "fleet", "period_end", *parts):
                ended = rows.has("role", "normal") & (rows.ms("period_end") <= self._run_ms)
                if fleet != ALL:
                    ended &= rows.has("fleet", fleet)
                yield np.sum([rows.ints(name)[ended] for name in parts], axis=0)

        return sums

    # ---- blocks ------------------------------------------------------------------------------------------------------

    @cached_property
    def longest_blocked_ms(self) -> dict[str, int]:
        """How long the SIM-period of each role that was blocked longest was so."""
        found: dict[str, int] = {}
        for rows in self._columns("role", "blocked_ms"):
            blocked_ms, (code, roles) = rows.ints("blocked_ms"), rows.names("role")
            for i, role in enumerate(roles):
                found[role] = max(found.get(role, 0), int(blocked_ms[code == i].max(initial=0)))
        return found

    def found_blocked(self, at_ms: int, fleet: str) -> Found:
        """SIM-periods of a fleet that an instant (ms since the start) finds blocked.

        A row does not say when the second block of a SIM began: such rows are left out.
        """
        if (at_ms, fleet) not in self._found:
            number = np.zeros(self._replications, np.int64)

            def waited() -> Iterator[Ints]:
                names = ("fleet", "blocks", "first_blocked_at", "blocked_ms", "period_end")
                for i, rows in enumerate(self._columns(*names)):
                    since = rows.ms("first_blocked_at")
                    until = since + rows.ints("blocked_ms")
                    once = (rows.ints("blocks") == 1) & rows.has("fleet", fleet)
                    found = once & (since <= at_ms) & (until > at_ms)
                    number[i] = found.sum()
                    yield until[found & (until < np.minimum(rows.ms("period_end"), self._run_ms))] - at_ms

            back = sum(each.size for each in waited())
            half, most = quantiles(waited, (0.5, 1.0)) or (0, 0)
            self._found[at_ms, fleet] = Found(number, back, half, most)
        return self._found[at_ms, fleet]

    @cached_property
    def blocked_between_ms(self) -> tuple[int, int] | None:
        """When the first block of the run began and the last one ended, ms since its start.

        ``None`` where there is no block, or where a SIM was blocked twice in a period: a row does not say when.
        """
        first, last = [], []
        for rows in self._columns("blocks", "first_blocked_at", "blocked_ms"):
            blocks = rows.ints("blocks")
            if (blocks > 1).any():
                return None
            blocked = blocks == 1
            if blocked.any():
                since = rows.ms("first_blocked_at")[blocked]
                first.append(int(since.min()))
                last.append(int((since + rows.ints("blocked_ms")[blocked]).max()))
        return (min(first), max(last)) if first else None

    def blocked_at(self, grid_ms: Ints) -> dict[str, Ints]:
        """How many SIMs are blocked at instants, where no row has two blocks: by role, shape (instants, replications).

        Roles of which none is blocked in the run are left out.
        """
        found: dict[str, Ints] = {}
        for i, rows in enumerate(self._columns("role", "blocks", "first_blocked_at", "blocked_ms")):
            blocked = rows.ints("blocks") == 1
            since = rows.ms("first_blocked_at")[blocked]
            until = since + rows.ints("blocked_ms")[blocked]
            code, roles = rows.names("role")
            for number, role in enumerate(roles):
                own = code[blocked] == number
                if own.any():
                    counts = found.setdefault(role, np.zeros((grid_ms.size, self._replications), np.int64))
                    begun, over = (np.searchsorted(np.sort(at[own]), grid_ms, side="right") for at in (since, until))
                    counts[:, i] = begun - over
        return found

    def _columns(self, *names: str) -> Iterator[Columns]:
        """Yield columns of each replication."""
        for table in self._rows(names):
            yield Columns(table, self._start_ms)


class Columns:
    """Columns of the rows of one replication, as arrays."""

    def __init__(self, table: pa.Table, start_ms: int) -> None:
        self._table = table
        self._start_ms = start_ms

    def ints(self, name: str) -> Ints:
        """A column of integers."""
        values: Ints = self._table[name].to_numpy()
        return values

    def ms(self, name: str) -> Ints:
        """Instants as ms since the run's start; where there is none, a number that means nothing."""
        column = pc.cast(self._table[name], pa.timestamp("ms", tz="UTC"), safe=False)
        values: Ints = pc.fill_null(pc.cast(column, pa.int64()), 0).to_numpy() - self._start_ms
        return values

    def truths(self, name: str) -> NDArray[np.bool_]:
        """A column of truths."""
        values: NDArray[np.bool_] = self._table[name].to_numpy()
        return values

    def names(self, name: str) -> tuple[Ints, list[str]]:
        """A column of names, as numbers in a list of them."""
        column = self._table[name].combine_chunks()
        return column.indices.to_numpy(), column.dictionary.to_pylist()

    def has(self, name: str, value: str) -> NDArray[np.bool_]:
        """Where a column of names has a value."""
        code, names = self.names(name)
        return code == names.index(value) if value in names else np.zeros(code.shape, bool)


def _sims_of(rows: Columns) -> Iterator[tuple[tuple[str, str], int, int]]:
    """Yield role and fleet (or `ALL`), the SIMs, and how many of them were blocked."""
    sim, blocks = rows.ints("sim"), rows.ints("blocks")
    (role, roles), (fleet, fleets) = rows.names("role"), rows.names("fleet")
    # Rows of one SIM stand together.
    new = np.diff(sim, prepend=-1) != 0
    moved = np.diff(fleet, prepend=-1) != 0
    for starts, names in ((np.flatnonzero(new | moved), fleets), (np.flatnonzero(new), [ALL])):
        if not starts.size:
            continue
        blocked = np.maximum.reduceat(blocks, starts) > 0
        whose = role[starts] * np.int64(len(names))
        if names is fleets:
            whose += fleet[starts]
            if (moved & ~new).any():  # a SIM that comes back to a fleet is one of its SIMs
                _, first, which = np.unique(
                    sim[starts] * len(fleets) + fleet[starts], return_index=True, return_inverse=True
                )
                blocked = np.bincount(which[blocked], minlength=first.size) > 0
                whose = whose[first]
        seen, ever = (np.bincount(each, minlength=len(roles) * len(names)) for each in (whose, whose[blocked]))
        for i in np.flatnonzero(seen):
            yield (roles[i // len(names)], names[i % len(names)]), int(seen[i]), int(ever[i])
