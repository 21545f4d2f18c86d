"""The sentences that begin a comparison: what each scenario costs more or less than the first, and whom it blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fleetsim.comparison import phrases
from fleetsim.comparison.differences import Differences, Row
from fleetsim.experiments.summary import NORMAL
from fleetsim.report import words

_COST: Final = "cost"
_BLOCKED: Final = "blocked_sim_periods_share"


def sentences(found: Differences, names: Sequence[str], currency: str, horizon: str, confidence: float) -> list[str]:
    """One sentence for each scenario but the first.

    Parameters
    ----------
    names
        Of the scenarios.
    horizon
        What sums are over: ``1 month``.
    """
    first = words.plain(names[0])
    cost = found.row(_COST)
    blocked = found.row(f"{_BLOCKED}{NORMAL}")
    whom = "the normal devices' SIM-periods"
    if blocked is None and f"{_BLOCKED}{NORMAL}" not in found.same:
        blocked, whom = found.row(_BLOCKED), "SIM-periods"
    said = []
    for place, name in enumerate(names[1:], start=1):
        of_cost = _cost(cost, place, first, currency, horizon, confidence)
        said.append(f"{words.plain(name)} {of_cost}, and {_service(blocked, place, whom, confidence)}.")
    return said


def _cost(row: Row | None, place: int, first: str, currency: str, horizon: str, confidence: float) -> str:
    difference = None if row is None else row.differences[place - 1]
    if row is None or difference is None or phrases.is_same(difference):
        return f"costs the same as {first}"
    said = phrases.more(row.metric, difference, currency, confidence, phrases.of_row(row, place)[2])
    if difference.distinguishable:
        return f"costs {said} in {horizon} than {first}"
    if difference.low is None:
        return f"costs {said} in {horizon} than {first}, in the one replication that there is"
    return f"cannot be told apart from {first} by its cost in {horizon}: {said}"


def _service(row: Row | None, place: int, whom: str, confidence: float) -> str:
    difference = None if row is None else row.differences[place - 1]
    if row is None or difference is None or phrases.is_same(difference):
        return f"blocks the same share of {whom} in every replication"
    said = phrases.more(row.metric, difference, "", confidence, phrases.of_row(row, place)[2])
    own, other = _blocked(row, place)
    if difference.distinguishable or difference.low is None:
        return f"blocks {own} of {whom} instead of {other}: {said}"
    return f"which of them blocks more of {whom} cannot be told: {said}"


def _blocked(row: Row, place: int) -> list[str]:
    """The share of a scenario and that of the first, with the decimals that the table has."""
    shares = row.means[place].value, row.means[0].value
    first, own, _ = phrases.of_row(row, place)
    return [
        {0.0: "none", 1.0: "all"}.get(share) or phrases.share(share, decimals)
        for share, decimals in zip(shares, (own, first), strict=True)
    ]
