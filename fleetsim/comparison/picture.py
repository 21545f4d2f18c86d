"""The picture of a comparison: paired differences to the first scenario, a panel for each metric that matters most."""

from __future__ import annotations

from typing import Final

from fleetsim.comparison import phrases
from fleetsim.comparison.compare import Comparison
from fleetsim.comparison.differences import Row
from fleetsim.experiments.summary import NORMAL
from fleetsim.report import words
from fleetsim.report.drawing import new_figure, svg_of
from fleetsim.report.style import style

SHOWN: Final = ("cost", "overage_cost", f"blocked_sim_periods_share{NORMAL}", "blocked_sim_periods_share")
"""Metrics that get a panel, where they are not the same everywhere; the last one only without the one before it."""
_MOST: Final = 12
"""Scenarios that a panel has room for."""


def panels(comparison: Comparison) -> list[Row]:
    """The metrics that get a panel."""
    rows = [row for name in SHOWN if (row := comparison.found.row(name)) is not None]
    if any(row.metric.normal for row in rows):
        rows = [row for row in rows if row.metric.name != SHOWN[-1]]
    return rows if len(comparison.names) <= _MOST + 1 else []


def differences_svg(comparison: Comparison, width_inches: float) -> bytes:
    """Draw the panels, one below the other."""
    rows = panels(comparison)
    letters = 24 if width_inches > 5 else 11
    names = [cut(name, letters) for name in comparison.names]
    with style():
        each = 0.75 + 0.42 * (len(names) - 1)
        figure = new_figure(width_inches, 0.2 + each * len(rows))
        for row, ax in zip(rows, figure.subplots(len(rows), 1, squeeze=False)[:, 0], strict=True):
            comparison.plot.differences(ax, metric=row.metric.name)
            ax.set_yticks(range(len(names) - 1), names[1:], parse_math=False)
            label = phrases.label(row.metric, comparison.provenance["currency"])
            ax.set_xlabel(f"{label[0].upper()}{label[1:]}: difference to {names[0]}", parse_math=False)
            if width_inches < 5:
                ax.locator_params(axis="x", nbins=4)
        return svg_of(figure)


def cut(name: str, most: int) -> str:
    """A name in at most so many letters."""
    text = words.plain(name)
    return text if len(text) <= most else f"{text[: most - 1]}…"
