"""A choice in the terminal: the answer first, then the limits around it in at most 80 columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fleetsim.choice import phrases
from fleetsim.choice.rules import Budget, OutageCost
from fleetsim.choice.study import LimitStudy
from fleetsim.choice.verdict import Verdict
from fleetsim.report import words

_AROUND: Final = 4
"""Limits shown on each side."""
_WIDTH: Final = 80
_RECOMMENDED, _COULD_BE = "*", "~"


def print_choice(study: LimitStudy, console: Console) -> None:
    """Print the answer, then a short table.

    Parameters
    ----------
    console
        Where to print. On a terminal sentences are wrapped between words; elsewhere each stays on one line, for
        whoever reads it by program.
    """
    headline, *sentences = study.sentences
    for sentence in (f"{headline}.", *sentences):
        # Text, not a string: names from a scenario are never read as markup.
        console.print(Text(sentence), soft_wrap=not console.is_terminal, highlight=False)
    shown = _shown(study)
    n = study.choice.replications
    sure = phrases.percent(study.verdict.confidence)
    by = "for all limits at once" if isinstance(study.verdict.rule, OutageCost) else "limit by limit"
    console.print(Text(f"\nMeans of {phrases.replications(n)}; intervals at {sure}, {by}\n"), highlight=False)
    console.print(_table(study.verdict, shown), width=_WIDTH)
    legend = [f"{_RECOMMENDED} recommended"] if study.choice.recommended is not None else []
    if any(place != study.choice.recommended for place in study.choice.could_be):
        legend.append(f"{_COULD_BE} could be the answer")
    if len(shown) < len(study.limit_bytes):
        legend.append(f"all {len(study.limit_bytes):,} limits: limits.parquet")
    if legend:
        console.print(Text("\n" + "    ".join(legend)), highlight=False)


def _shown(study: LimitStudy) -> range:
    middle = study.choice.recommended if study.choice.recommended is not None else study.choice.nearest or 0
    return range(max(middle - _AROUND, 0), min(middle + _AROUND + 1, len(study.limit_bytes)))


def _table(verdict: Verdict, shown: range) -> Table:
    columns = _columns(verdict)
    table = Table(box=None, pad_edge=False, header_style="", padding=(0, 1, 0, 0))
    table.add_column(Text(""), no_wrap=True)
    table.add_column(Text("limit"), justify="right", no_wrap=True)
    for head, _ in columns:
        table.add_column(Text(head), justify="right", no_wrap=True)
    for place in shown:
        mark = _COULD_BE if place in verdict.choice.could_be else ""
        mark = _RECOMMENDED if place == verdict.choice.recommended else mark
        cells = [cell(place) for _, cell in columns]
        table.add_row(*map(Text, (mark, phrases.limit(verdict, place), *cells)))
    return table


Cell = Callable[[int], str]


def _columns(verdict: Verdict) -> list[tuple[str, Cell]]:
    figures, currency = verdict.figures, verdict.currency

    def money(name: str) -> Cell:
        return lambda place: _money(figures[name][place], currency)

    def between(name: str) -> Cell:
        return lambda place: _between(figures[f"{name}_low"][place], figures[f"{name}_high"][place], currency)

    def estimated(place: int) -> tuple[str, str, str]:
        value, low, high = (figures[f"blocked_share{end}"][place] for end in ("", "_low", "_high"))
        return words.estimated_share(value, low, high)

    def share(place: int) -> str:
        value = figures["blocked_share"][place]
        return words.share(value) if value in (0, 1) else estimated(place)[0]

    def shares(place: int) -> str:
        _, low, high = estimated(place)
        return f"{low.removesuffix(' %')} to {high}"

    blocked: list[tuple[str, Cell]] = [("blocked", share), ("interval", shares)]
    rule = verdict.rule
    if isinstance(rule, OutageCost):
        return [
            ("blocked", share),
            ("mean cost", money("cost_mean")),
            ("with outage", money("objective")),
            ("above *", money("objective_diff")),
            ("interval", between("objective_diff")),
        ]
    if isinstance(rule, Budget):
        quantile = f"{phrases.percent(float(rule.quantile))} of cost"
        of_cost = [(quantile, money("budget_quantile")), ("at most", money("budget_quantile_high"))]
        return [*blocked, ("mean cost", money("cost_mean")), *of_cost]
    return [*blocked, ("mean cost", money("cost_mean")), ("interval", between("cost"))]


def _money(value: float | None, currency: str) -> str:
    if value is None:
        return ""
    return f"-{words.money(-value, currency)}" if value < 0 else words.money(value, currency)


def _between(low: float | None, high: float | None, currency: str) -> str:
    return "" if low is None or high is None else f"{_money(low, currency)} to {_money(high, currency)}"
