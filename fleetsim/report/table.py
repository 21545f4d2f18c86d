"""The table that terminal and page share: a column for each fleet and role, a line for each quantity."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from fleetsim.report import words
from fleetsim.report.causes import CAUSES
from fleetsim.report.source import ROLES, Result, replications

ALL = "all"


@dataclass(frozen=True)
class Column:
    """Means per replication of one fleet and role.

    Parameters
    ----------
    fleet, role
        Names; both are ``all`` in the last column.
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
    """A column for each fleet and role with SIM-periods, in the scenario's order; a total if useful."""
    frame = result.replications
    names = [frame["fleet"].astype(str), frame["role"].astype(str)]
    grouped = frame.drop(columns=["fleet", "role", "device_group"]).groupby(names).sum()
    sums: dict[Any, dict[Any, Any]] = grouped.to_dict("index")
    n = replications(result)
    made = [
        _column(fleet, role, sums[fleet, role], n)
        for fleet in _fleets(result, frame)
        for role in ROLES
        if (fleet, role) in sums and sums[fleet, role]["sim_periods"]
    ]
    if len(made) > 1:
        made.append(_column(ALL, ALL, grouped.sum().to_dict(), n))
    return tuple(made)


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


@dataclass(frozen=True)
class Block:
    """As much of the table as fits side by side; every block has the same lines."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]


def blocks(result: Result, most: int) -> Iterator[Block]:
    """The table in blocks of at most `most` columns; none where there is no SIM-period."""
    made = columns(result)
    whole = lines(made, str(result.manifest["currency"]))
    for first in range(0, len(made), most):
        here = slice(first, first + most)
        yield Block(made[here], tuple(Line(line.label, line.depth, line.cells[here]) for line in whole))


def _any(made: tuple[Column, ...], value: Callable[[Column], float]) -> bool:
    return any(value(column) for column in made)


def _megabytes(made: tuple[Column, ...], value: Callable[[Column], float]) -> tuple[bool, Callable[[Column], str]]:
    return _any(made, value), lambda column: words.number(value(column) / 1e6)


def _hours(column: Column) -> str:
    return "-" if column.blocked_ms is None else words.number(column.blocked_ms / 3_600_000)


def _fleets(result: Result, frame: pd.DataFrame) -> list[str]:
    declared = list(result.scenario.fleets)
    return declared + sorted(set(frame["fleet"].astype(str)) - set(declared))


def _column(fleet: str, role: str, sums: dict[Any, Any], n: int) -> Column:
    blocked = float(sums["blocked_sim_periods"])
    return Column(
        fleet=fleet,
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
