"""Where a picture for Python is drawn: on the user's axes as they are, or on those of a new figure in our style."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend

from fleetsim.report.style import INK, QUIET, style

WIDTH_INCHES = 7.2
_DPI = 120  # sharp in a notebook; for paper, `savefig` takes a dpi of its own, or makes a PDF
_COLUMNS, _WIDE = 4, 88  # of a legend above: columns, and letters beside each other
_LETTERS = 36  # of a line of a legend's title that stands within the user's axes

_MARKS = {
    "axes.axisbelow": True,
    "text.parse_math": False,  # a "$" is money
    "hatch.color": INK,
    "hatch.linewidth": 0.6,
    "legend.handlelength": 2.4,
}
"""What keeps a picture readable in grey on axes whose fonts, frame and grid are the user's."""


@contextmanager
def canvas(ax: Axes | None, height_inches: float = 3.3) -> Iterator[Axes]:
    """Give axes to draw on, and find a place for the legend that was drawn.

    Parameters
    ----------
    ax
        The user's axes: their figure, fonts, frame and grid stay hers, and the legend stands within them. ``None``:
        those of a new figure of pyplot in our style, whose legend stands above, clear of a title that is set later.
    height_inches
        Of that figure.
    """
    if ax is not None:
        with matplotlib.rc_context(_MARKS):  # type: ignore[arg-type]
            ax.set_axisbelow(True)
            yield ax
            _legend_inside(ax)
        return
    with new_figure(height_inches) as figure:
        own = figure.add_subplot()
        yield own
        legend_above(own, figure)


@contextmanager
def new_figure(height_inches: float) -> Iterator[Figure]:
    """Give a new figure of pyplot, in our style: a notebook shows it after its cell, ``pyplot.show()`` in a window."""
    from matplotlib import pyplot

    # Not within our style: pyplot's first figure turns interaction on in notebooks, and what a style sets is undone.
    figure = pyplot.figure(figsize=(WIDTH_INCHES, height_inches), dpi=_DPI, facecolor="white")
    try:
        with style():
            figure.set_layout_engine("constrained")
            yield figure
            figure.draw_without_rendering()  # ticks are made when they are drawn, and that is later, in another style
    except BaseException:
        pyplot.close(figure)  # an empty one is not shown
        raise


def say(ax: Axes, sentence: str) -> Axes:
    """Write what there is to say where there is nothing to draw."""
    ax.set_axis_off()
    text = "\n".join(textwrap.wrap(sentence, 60))
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color=QUIET)
    return ax


def legend_above(ax: Axes, figure: Figure) -> None:
    """Make the legend of some axes one of their figure, above all of it: there is room for titles below it then."""
    if (drawn := ax.get_legend()) is None:
        return
    handles, labels = _entries(drawn)
    title = drawn.get_title().get_text()
    drawn.remove()
    columns = next(n for n in range(min(len(labels), _COLUMNS), 0, -1) if n == 1 or n * max(map(len, labels)) < _WIDE)
    look: dict[str, Any] = {"columnspacing": 1.4, "alignment": "left", "ncols": columns}
    figure.legend(handles, labels, title=title or None, loc="outside upper left", **look)


def _legend_inside(ax: Axes) -> None:
    if (drawn := ax.get_legend()) is None:
        return
    handles, labels = _entries(drawn)
    title = "\n".join(textwrap.wrap(drawn.get_title().get_text(), _LETTERS))
    drawn.remove()
    ax.legend(handles, labels, title=title or None, loc="best", alignment="left", framealpha=0.85, edgecolor="none")


def _entries(legend: Legend) -> tuple[list[Any], list[str]]:
    return list(legend.legend_handles), [text.get_text() for text in legend.get_texts()]
