"""The rules by which a limit is chosen: read from what a user says, and applied to what was judged.

Each has `choose`: the choice from what was observed; `keeps`: whether a limit, given by its place, keeps the rule in
what a choice was made from; and `written`: how ``choice.json`` tells of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from numbers import Integral, Real
from typing import Any, ClassVar, Final

from fleetsim import units
from fleetsim.errors import BadInput, Mistake
from fleetsim.inference.by_budget import BudgetChoice, choose_by_budget
from fleetsim.inference.by_outage import choose_by_outage
from fleetsim.inference.by_share import choose_by_share
from fleetsim.inference.choice import Choice, Observed
from fleetsim.scenario.source import quoted

MICROS: Final = 1_000_000
MOST_MONEY_MICROS: Final = 10**15
_SHARE: Final = "expected a percentage such as 0.5%"
_OUTAGE: Final = 'expected money per day such as "5 per day"'
_BUDGET: Final = 'expected money and a quantile such as "2500 at 95%"'

Number = int | float | Decimal


@dataclass(frozen=True)
class MaxBlockedShare:
    """The smallest limit at which, and at every larger one, at most this share of SIM-periods is blocked."""

    most: Fraction

    name: ClassVar = "max-blocked-share"

    def choose(self, seen: Observed, confidence: float) -> Choice:
        return choose_by_share(seen, self.most, confidence)

    def keeps(self, choice: Choice, limit: int) -> bool:
        return choice.recommended is not None and choice.recommended <= limit

    def written(self) -> dict[str, Any]:
        return {"name": self.name, "asked": _percent(self.most), "max_blocked_share": float(self.most)}


@dataclass(frozen=True)
class OutageCost:
    """The limit of least mean cost plus this much money for each day that a normal SIM is blocked."""

    micros_per_day: int

    name: ClassVar = "outage-cost"

    def choose(self, seen: Observed, confidence: float) -> Choice:
        return choose_by_outage(seen, self.micros_per_day, confidence)

    def keeps(self, choice: Choice, limit: int) -> bool:
        return choice.recommended == limit

    def written(self) -> dict[str, Any]:
        asked = f"{units.canonical_money(self.micros_per_day)} per day"
        return {"name": self.name, "asked": asked, "outage_cost_per_day": self.micros_per_day / MICROS}


@dataclass(frozen=True)
class Budget:
    """Among limits whose quantile of cost over replications is within the budget, the one of lowest blocked share."""

    micros: int
    quantile: Fraction

    name: ClassVar = "budget"

    def choose(self, seen: Observed, confidence: float) -> Choice:
        return choose_by_budget(seen, self.micros, float(self.quantile), confidence)

    def keeps(self, choice: Choice, limit: int) -> bool:
        return isinstance(choice, BudgetChoice) and bool(choice.quantile.value[limit] <= self.micros)

    def written(self) -> dict[str, Any]:
        asked = f"{units.canonical_money(self.micros)} at {_percent(self.quantile)}"
        return {
            "name": self.name,
            "asked": asked,
            "budget": self.micros / MICROS,
            "quantile": float(self.quantile),
        }


Rule = MaxBlockedShare | OutageCost | Budget


def read_rule(
    max_blocked_share: str | Number | None, outage_cost: str | Number | None, budget: str | tuple[Number, Number] | None
) -> Rule:
    """Read the one rule that is given.

    Parameters
    ----------
    max_blocked_share
        ``"0.5%"``, or a number from 0 to 1.
    outage_cost
        ``"5 per day"``, or a number: money per day.
    budget
        ``"2500 at 95%"``, or money and a quantile from 0 to 1.

    Raises
    ------
    BadInput
        None or several are given, or the one that is says something else.
    """
    given: dict[type[Rule], object] = {MaxBlockedShare: max_blocked_share, OutageCost: outage_cost, Budget: budget}
    said = {kind: value for kind, value in given.items() if value is not None}
    if len(said) != 1:
        found = " and ".join(kind.name for kind in said) or "no rule"
        expected = "expected one of max-blocked-share, outage-cost and budget"
        raise BadInput(Mistake("rule", None, "", f"found {found}; {expected}"))
    ((kind, value),) = said.items()
    try:
        return _READERS[kind](value)
    except ValueError as error:
        raise BadInput(Mistake(kind.name, None, "", f"found {quoted(str(value))}; {error}")) from None


def read_again(written: dict[str, Any]) -> Rule:
    """Read what a rule has `written`."""
    return next(read(written["asked"]) for kind, read in _READERS.items() if kind.name == written["name"])


def read_confidence(given: str | Number) -> float:
    """Read a confidence: a number, or a percentage.

    Raises
    ------
    BadInput
        It is none from 0.5 to 0.9999.
    """
    try:
        value = _percentage(given, "") if isinstance(given, str) and "%" in given else _exact(given, "")
    except ValueError:
        value = Fraction(0)
    if not Fraction(1, 2) <= value <= Fraction("0.9999"):
        what = f"found {quoted(str(given))}; expected a number from 0.5 to 0.9999 such as 0.95"
        raise BadInput(Mistake("confidence", None, "", what))
    return float(value)


def _share(given: Any) -> MaxBlockedShare:
    share = _percentage(given, _SHARE) if isinstance(given, str) else _exact(given, _SHARE)
    if not 0 <= share <= 1:
        raise ValueError("expected a percentage from 0% to 100%" if isinstance(given, str) else "expected from 0 to 1")
    return MaxBlockedShare(share)


def _outage(given: Any) -> OutageCost:
    if not isinstance(given, str):
        return OutageCost(_micros(_exact(given, _OUTAGE), _OUTAGE))
    match = re.fullmatch(r"(\S+)\s+per\s+day", given.strip())
    if match is None:
        raise ValueError(_OUTAGE)
    return OutageCost(_micros(_exact(match[1], _OUTAGE), _OUTAGE))


def _budget(given: Any) -> Budget:
    if isinstance(given, str):
        match = re.fullmatch(r"(\S+)\s+at\s+(.+)", given.strip())
        if match is None:
            raise ValueError(_BUDGET)
        micros, quantile = _micros(_exact(match[1], _BUDGET), _BUDGET), _percentage(match[2], _BUDGET)
    elif isinstance(given, tuple) and len(given) == 2:
        micros, quantile = _micros(_exact(given[0], _BUDGET), _BUDGET), _exact(given[1], _BUDGET)
    else:
        raise ValueError(_BUDGET)
    if not Fraction(1, 1000) <= quantile <= Fraction(999, 1000):
        raise ValueError(f"{_BUDGET}; the quantile lies from 0.1% to 99.9%")
    return Budget(micros, quantile)


_READERS: Final[dict[type[Rule], Callable[[Any], Rule]]] = {
    MaxBlockedShare: _share,
    OutageCost: _outage,
    Budget: _budget,
}


def _percentage(given: str, expected: str) -> Fraction:
    number, percent, rest = given.strip().partition("%")
    if not percent or rest:
        raise ValueError(expected)
    return _exact(number, expected) / 100


def _exact(given: Any, expected: str) -> Fraction:
    """Return a decimal number exactly as it is written."""
    if isinstance(given, Integral) and not isinstance(given, bool):
        given = str(int(given))
    elif isinstance(given, Decimal | Real) and not isinstance(given, bool):
        try:
            given = format(Decimal(str(given)), "f")
        except InvalidOperation:
            raise ValueError(expected) from None
    if not isinstance(given, str):
        raise ValueError(expected)
    try:
        return units.parse_decimal(given)
    except ValueError:
        raise ValueError(expected) from None


def _percent(share: Fraction) -> str:
    return f"{units.decimal_text(share * 100)}%"


def _micros(money: Fraction, expected: str) -> int:
    micros = money * MICROS
    if micros.denominator != 1:
        raise ValueError(f"{expected}, at most 6 digits after the point")
    if not 0 <= micros <= MOST_MONEY_MICROS:
        raise ValueError(f"{expected}, at most {MOST_MONEY_MICROS // MICROS:,}")
    return micros.numerator
