"""The table that terminal and page share: a column for each device group, a line for each quantity."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fleetsim.report import words
from fleetsim.report.causes import CAUSES
from fleetsim.report.source import ROLES, Result, replications

ALL = "all"
_MOST_GROUPS = 8  # with more, a column holds all groups of a role


@dataclass(frozen=True)
class Column:
    """Means per replication of one device group, or of one role.

    Parameters
    ----------
    fleet, group, role
        Names; all are ``all`` in the last column, and `group` is ``all`` where groups are taken together.
    sims, sim_periods
        SIMs, and their billing periods.
    blocked_share
        Share of the SIM-periods that were blocked at least once, 0 to 1.
    blocked_ms
        Time blocked of a SIM-period that was blocked, ms; ``None`` where none was.
    overage_bytes, undelivered_bytes
        Bytes.
    overage_by_cause_bytes
        Bytes, in the order of the causes.
    overage_cost, cost
        Money in the currency.
    """

    fleet: str
    group: str
    role: str
    sims: float
    sim_periods: float
    blocked_share: float
    blocked_ms: float | None
    overage_bytes: float
    overage_by_cause_bytes: tuple[float, ...]
    undelivered_bytes: float
    overage_cost: float
    cost: float


def columns(result: Result) -> tuple[Column, ...]:
    """A column for each device group with SIM-periods, or for each role, in the scenario's order; a total if useful."""
    names = ["fleet", "device_group", "role"]
    frame = result.replications
    frame = frame.assign(**{name: frame[name].astype(str) for name in names}).drop(columns="replication")
    sums: dict[Any, dict[Any, Any]] = frame.groupby(names, sort=False).sum().to_dict("index")
    used = [key for key, of_key in sums.items() if of_key["sim_periods"]]
    if len(used) > _MOST_GROUPS:
        frame["device_group"] = ALL
        sums = frame.groupby(names, sort=False).sum().to_dict("index")
        used = [key for key, of_key in sums.items() if of_key["sim_periods"]]
    declared = list(result.scenario.fleets)
    used.sort(key=lambda key: (declared.index(key[0]), ROLES.index(key[2])))
    n = replications(result)
    made = [_column(fleet, group, role, sums[fleet, group, role], n) for fleet, group, role in used]
    if len(made) > 1:
        made.append(_column(ALL, ALL, ALL, frame.drop(columns=names).sum().to_dict(), n))
    return tuple(made)


def heads(made: tuple[Column, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The lines of the table's head, each with what it is about: fleet, group where there is one, role."""
    said = [("Fleet", tuple(column.fleet for column in made))]
    if any(column.group != ALL for column in made):
        said.append(("Group", tuple("" if column.group == ALL else column.group for column in made)))
    said.append(("Role", tuple("" if column.role == ALL else column.role for column in made)))
    return tuple(said)


@dataclass(frozen=True)
class Line:
    """One quantity: its label, how deep it stands below another one, and a text for each column."""

    label: str
    depth: int
    cells: tuple[str, ...]


def lines(made: tuple[Column, ...], currency: str) -> tuple[Line, ...]:
    """The table's lines; a quantity that is nothing everywhere is left out, but for SIM-periods and cost."""
    texts: list[tuple[str, int, bool, Callable[[Column], str]]] = [
        ("SIM-periods", 0, True, lambda c: words.number(c.sim_periods)),
        (
            "blocked at least once",
            0,
            _any(made, lambda c: c.blocked_share),
            lambda c: words.share(c.blocked_share),
        ),
        ("hours blocked, of one that was", 0, _any(made, lambda c: c.blocked_share), _hours),
        ("undelivered, MB", 0, *_megabytes(made, lambda c: c.undelivered_bytes)),
        ("overage, MB", 0, *_megabytes(made, lambda c: c.overage_bytes)),
        *(
            (cause.label, 1, *_megabytes(made, lambda c, i=i: c.overage_by_cause_bytes[i]))  # type: ignore[misc]
            for i, cause in enumerate(CAUSES)
        ),
        ("cost", 0, True, lambda c: words.amount(c.cost)),
        ("of it overage", 1, _any(made, lambda c: c.overage_cost), lambda c: words.amount(c.overage_cost)),
    ]
    money = f", {words.plain(currency)}"
    return tuple(
        Line(label + (money if label == "cost" else ""), depth, tuple(text(column) for column in made))
        for label, depth, wanted, text in texts
        if wanted
    )


def heading(made: tuple[Column, ...]) -> str:
    """What the table is called."""
    return "By device group" if any(column.group != ALL for column in made) else "By fleet and role"


@dataclass(frozen=True)
class Block:
    """As much of the table as fits side by side; every block has the same lines."""

    heads: tuple[tuple[str, tuple[str, ...]], ...]
    lines: tuple[Line, ...]


def blocks(result: Result, most: int) -> Iterator[Block]:
    """The table in blocks of at most `most` columns; none where there is no SIM-period."""
    made = columns(result)
    whole = lines(made, str(result.manifest["currency"]))
    for first in range(0, len(made), most):
        here = slice(first, first + most)
        yield Block(
            tuple((what, names[here]) for what, names in heads(made)),
            tuple(Line(line.label, line.depth, line.cells[here]) for line in whole),
        )


def _any(made: tuple[Column, ...], value: Callable[[Column], float]) -> bool:
    return any(value(column) for column in made)


def _megabytes(made: tuple[Column, ...], value: Callable[[Column], float]) -> tuple[bool, Callable[[Column], str]]:
    return _any(made, value), lambda column: words.number(value(column) / 1e6)


def _hours(column: Column) -> str:
    return "-" if column.blocked_ms is None else words.number(column.blocked_ms / 3_600_000)


def _column(fleet: str, group: str, role: str, sums: dict[Any, Any], n: int) -> Column:
    blocked = float(sums["blocked_sim_periods"])
    return Column(
        fleet=fleet,
        group=group,
        role=role,
        sims=float(sums["sims"]) / n,
        sim_periods=float(sums["sim_periods"]) / n,
        blocked_share=blocked / float(sums["sim_periods"]),
        blocked_ms=float(sums["blocked_ms"]) / blocked if blocked else None,
        overage_bytes=float(sums["overage_bytes"]) / n,
        overage_by_cause_bytes=tuple(float(sums[f"overage_{c.key}_bytes"]) / n for c in CAUSES),
        undelivered_bytes=float(sums["undelivered_bytes"]) / n,
        overage_cost=float(sums["overage_cost_micros"]) / n / 1e6,
        cost=float(sums["cost_micros"]) / n / 1e6,
    )
