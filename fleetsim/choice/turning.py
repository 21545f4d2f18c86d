"""What the sliders of a choice's page choose from: limits, confidences, and prices of a day of outage."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from fleetsim.choice import phrases
from fleetsim.choice import why as say
from fleetsim.choice.rules import MICROS, MOST_MONEY_MICROS, Budget, OutageCost
from fleetsim.choice.study import LimitStudy
from fleetsim.choice.verdict import Verdict
from fleetsim.clock import MS_PER_DAY
from fleetsim.report import words
from fleetsim.report.causes import CAUSES
from fleetsim.report.sliders import LEVELS, Slider, Tables

_MOST_PRICES: Final = 24
_MOST_WORK: Final = 40_000_000
"""Paired differences (limits x limits x replications) that the prices together may take; each takes some 10 ns."""


class Piece(NamedTuple):
    """From which price of a day of outage on a limit comes to the least, in micro-units; exact."""

    from_micros: Fraction
    place: int


def levels(study: LimitStudy) -> tuple[float, ...]:
    """Confidences that the slider offers; only the one asked for where there are too few replications for any."""
    asked = study.verdict.confidence
    return (asked,) if study.choice.replications < 2 else tuple(sorted({*LEVELS, asked}))


def middle(study: LimitStudy) -> int:
    """The limit at which the page looks first: the recommended one, or the nearest."""
    choice = study.choice
    return choice.recommended if choice.recommended is not None else choice.nearest or 0


def tables(study: LimitStudy, prices: Sequence[int]) -> Tables:
    """Everything that sliders choose from.

    Parameters
    ----------
    prices
        Of `prices_of`.
    """
    verdict, sure = study.verdict, levels(study)
    at_level = [verdict if level == verdict.confidence else verdict.under(verdict.rule, level) for level in sure]
    names = [phrases.limit(verdict, place) for place in range(len(verdict.limits))]
    sliders = {"limit": Slider("Data limit", tuple(names), middle(study))}
    sliders["confidence"] = Slider("How sure", tuple(map(phrases.percent, sure)), sure.index(verdict.confidence))
    if prices:
        currency = verdict.currency
        texts = tuple(words.money(price / MICROS, currency) for price in prices)
        sliders["price"] = Slider("Price of a day of outage", texts, _asked_price(study, prices))
    made = Tables(sliders)
    both = ("confidence", "limit")
    made.text("status", both, [[_status(each, place) for place in _places(each)] for each in at_level])
    made.text("set", ("confidence",), [_set(each) for each in at_level])
    made.text("share", both, [[phrases.blocked(each, place) for place in _places(each)] for each in at_level])
    made.text("cost", both, [[phrases.mean(each, place, "cost") for place in _places(each)] for each in at_level])
    made.text("against", both, [_against(each, middle(study)) for each in at_level])
    if isinstance(verdict.rule, OutageCost):
        objective = [[phrases.mean(each, place, "objective") for place in _places(each)] for each in at_level]
        made.text("objective", both, objective)
    if isinstance(verdict.rule, Budget):
        made.text("quantile", both, [[_quantile(each, place) for place in _places(each)] for each in at_level])
    _amounts(made, verdict)
    if prices:
        made.text("least", ("price",), [_least(verdict, price) for price in prices])
    return made


def _places(verdict: Verdict) -> range:
    return range(len(verdict.limits))


def _amounts(made: Tables, verdict: Verdict) -> None:
    """Means without an interval: hours, and bytes; bars show what each cause has of the overage under a limit."""
    figures = verdict.figures
    made.text("hours", ("limit",), [words.number(each) for each in figures["blocked_hours"]])
    made.text("undelivered", ("limit",), [megabytes(each) for each in figures["undelivered_bytes"]])
    made.text("overage", ("limit",), [megabytes(each) for each in figures["overage_bytes"]])
    for cause in CAUSES:
        sizes = figures[f"overage_{cause.key}_bytes"]
        shares = [size / whole if whole else 0.0 for size, whole in zip(sizes, figures["overage_bytes"], strict=True)]
        texts = [f"{megabytes(size)}, {words.rough_share(part)}" for size, part in zip(sizes, shares, strict=True)]
        made.text(f"overage-{cause.key}", ("limit",), texts)
        made.part(f"overage-{cause.key}", "limit", [100 * part for part in shares])


def megabytes(size: float) -> str:
    """``15.4 MB``: one unit for all, so that they can be compared."""
    return f"{words.number(size / 1e6)} MB"


def _status(verdict: Verdict, place: int) -> str:
    limit, choice = phrases.limit(verdict, place), verdict.choice
    if place == choice.recommended:
        return f"{limit} is the recommended limit."
    if choice.too_few:
        return f"{limit} is one of the limits asked for."
    return f"{limit} could be the answer too." if place in choice.could_be else f"{limit} is not the answer."


def _set(verdict: Verdict) -> str:
    choice = verdict.choice
    if choice.too_few:
        return say.why(verdict)
    sure = f"At {phrases.percent(verdict.confidence)} confidence"
    none = ", or none of those asked for meets the rule" if choice.none_could_be else ""
    if not choice.could_be:
        return f"{sure} none of those asked for meets the rule."
    answer = phrases.limits(verdict, choice.could_be)
    if len(choice.could_be) == 1:
        return f"{sure} the true answer is {answer}{none}."
    return f"{sure} the true answer is one of {answer}{none}."


def _against(verdict: Verdict, here: int) -> list[str]:
    """What each limit costs more or less than the one that is recommended."""
    return ["that is this limit" if place == here else say.against(verdict, place, here) for place in _places(verdict)]


def _quantile(verdict: Verdict, place: int) -> str:
    value, high = (verdict.figures[f"budget_quantile{end}"][place] for end in ("", "_high"))
    text = words.money(value, verdict.currency)
    return text if high is None else f"{text} (at most {words.money(high, verdict.currency)})"


# ---- what a day of outage is worth -----------------------------------------------------------------------------------


def pieces(verdict: Verdict) -> list[Piece]:
    """Which limit comes to the least mean of cost and outage, from which price of a day of outage on.

    Mean cost plus price times blocked days is a line for each limit; these are the pieces of the lowest one. Ties go to
    the smaller limit, as under the rule.
    """
    cost = [int(each) for each in verdict.seen.cost_micros.sum(axis=0)]
    blocked = [int(each) for each in verdict.seen.blocked_ms.sum(axis=0)]
    place = min(_places(verdict), key=lambda i: (cost[i], blocked[i], i))
    found = [Piece(Fraction(0), place)]
    while True:
        here = found[-1].place
        steps = [
            (Fraction((cost[i] - cost[here]) * MS_PER_DAY, blocked[here] - blocked[i]), blocked[i], i)
            for i in _places(verdict)
            if blocked[i] < blocked[here]
        ]
        if not steps:
            return found
        price, _, place = min(steps)
        found.append(Piece(price, place))


def prices_of(study: LimitStudy, found: Sequence[Piece]) -> list[int]:
    """Prices of a day of outage for a slider, in micro-units: 1, 2, 5, 10 ... around those at which the answer changes.

    None where the answer is the same at every price, or where there are too few replications to compare.
    """
    verdict = study.verdict
    rule, k = verdict.rule, len(verdict.limits)
    asked = {rule.micros_per_day} - {0} if isinstance(rule, OutageCost) else set()
    most = min(_MOST_WORK // (k * k * verdict.choice.replications), _MOST_PRICES)
    if len(found) < 2 or verdict.choice.replications < 2 or most < 4:
        return []
    first, last = (max(float(found[i].from_micros), 1.0) for i in (1, -1))
    low, high = math.floor(math.log10(min(first, *asked, last))), math.ceil(math.log10(max(last, *asked, 10.0))) + 1
    for digits in ((1, 2, 5), (1, 3), (1,)):
        made = {digit * 10**power for power in range(low, high) for digit in digits} | {10**high}
        if len(made) + len(asked) < most:
            break
    return sorted(each for each in {0, *asked, *made} if each <= MOST_MONEY_MICROS)


def _asked_price(study: LimitStudy, prices: Sequence[int]) -> int:
    """Where the slider stands first: at the price asked for, or in the middle."""
    rule = study.verdict.rule
    return prices.index(rule.micros_per_day) if isinstance(rule, OutageCost) else len(prices) // 2


def _least(verdict: Verdict, price: int) -> str:
    return say.why(verdict.under(OutageCost(price), verdict.confidence))


def price_lines(verdict: Verdict, found: Sequence[Piece]) -> Iterator[tuple[str, str, str, str]]:
    """Rows of a table: from which price on, which limit, and what it blocks and costs."""
    for price, place in found:
        micros = price.numerator / price.denominator
        text = phrases.in_currency(verdict, micros)
        limit, share = phrases.limit(verdict, place), phrases.blocked(verdict, place)
        yield text, limit, share, phrases.mean(verdict, place, "cost")
