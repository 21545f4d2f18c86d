"""How a choice of a limit shows itself in a notebook."""

from __future__ import annotations

from typing import Final

from fleetsim.choice import phrases
from fleetsim.choice.rules import Budget, OutageCost
from fleetsim.choice.study import LimitStudy
from fleetsim.markup import Grid, card
from fleetsim.report import words

_AROUND: Final = 3
"""Limits shown on each side."""


def study_card(study: LimitStudy) -> str:
    """Give the answer, how sure it is, and the limits around it."""
    headline, *sentences = study.sentences
    k = len(study.limit_bytes)
    kind = (
        f"choice of a limit: {words.counted(k, 'limit', 'limits')} of fleet {study.fleet}, "
        f"{phrases.replications(study.choice.replications)}"
    )
    middle = study.choice.recommended if study.choice.recommended is not None else study.choice.nearest or 0
    first = max(min(middle - _AROUND, k - 2 * _AROUND - 1), 0)
    places = range(first, min(first + 2 * _AROUND + 1, k))
    strong = [row for row, place in enumerate(places) if place == study.choice.recommended]
    notes = ["Data frames: `.limits` (all of them), `.judged`, `.sim_periods(limit)`; pictures: `.plot`"]
    return card(study.scenario.name, kind, [f"{headline}.", *sentences[:1]], _grid(study, places, strong), notes)


def _grid(study: LimitStudy, places: range, strong: list[int]) -> Grid:
    figures, currency = study.verdict.figures, study.verdict.currency
    columns = [("mean cost", "cost_mean")]
    if isinstance(study.verdict.rule, OutageCost):
        columns.append(("with outage", "objective"))
    elif isinstance(study.verdict.rule, Budget):
        columns.append((f"{phrases.percent(float(study.verdict.rule.quantile))} of cost", "budget_quantile"))
    heads = ["limit", "", "blocked", "interval", *(head for head, _ in columns)]
    rows = []
    for place in places:
        value, low, high = (figures[f"blocked_share{end}"][place] for end in ("", "_low", "_high"))
        share, least, most = words.estimated_share(value, low, high)
        money = [figures[name][place] for _, name in columns]
        rows.append(
            (
                phrases.limit(study.verdict, place),
                _mark(study, place),
                words.share(value) if value in (0, 1) else share,
                f"{least.removesuffix(' %')} to {most}",
                *("" if each is None else words.money(each, currency) for each in money),
            )
        )
    return Grid(heads, rows, 2, strong)


def _mark(study: LimitStudy, place: int) -> str:
    if place == study.choice.recommended:
        return "recommended"
    return "could be" if place in study.choice.could_be and not study.choice.too_few else ""
