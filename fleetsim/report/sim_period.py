"""The picture of one SIM's billing period: what it used, what it was allowed, and how it was stopped."""

from __future__ import annotations

import textwrap
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import ConnectionPatch, Patch
from matplotlib.transforms import blended_transform_factory

from fleetsim.experiments.story import Span, Story
from fleetsim.report import panel as panels
from fleetsim.report.causes import CAUSES
from fleetsim.report.panel import MOST_RECORDS, Flag, flagged, panel, records, shown_records
from fleetsim.report.style import CAUSE_STYLE, INK
from fleetsim.report.telling import ending, instant, notes
from fleetsim.report.words import unbroken
from fleetsim.units import format_bytes

WIDTH_INCHES = 7.2
_PANEL_INCHES = 2.4
_RECORDS_INCHES = 0.26
_LINE_INCHES = 0.18  # of the notes
_COLUMNS = 3  # of the legend
_INDENT_INCHES = 1.45
_LETTERS = 82  # of a line of them


def height_inches(story: Story, *, told: bool = True) -> float:
    """How high a figure of `WIDTH_INCHES` has to be."""
    rows = -(-len(_legend(story, known=_in_a_row(story))) // _COLUMNS)
    panels_inches = (_PANEL_INCHES + 0.9) * (2 if story.window else 1) + (_RECORDS_INCHES + 0.1) * _in_a_row(story)
    return panels_inches + 0.2 * rows + _LINE_INCHES * len(_lines(story)) * told


def draw(story: Story, figure: Figure, heading: str = "", *, told: bool = True) -> Figure:
    """Draw a story: the whole period, a closer look at how the limit worked, and what happened, in words.

    Parameters
    ----------
    story
        Of :func:`fleetsim.experiments.story.tell`.
    figure
        An empty figure, best `WIDTH_INCHES` wide and :func:`height_inches` high, of constrained layout.
    heading
        What stands above it.
    told
        Whether the words stand below it.

    Returns
    -------
    The same figure.
    """
    lines, window = _lines(story) if told else [], story.window
    flags = [Flag(note.at_ms, note.used_bytes, str(note.number)) for note in notes(story)]
    heights = [_PANEL_INCHES, *([_PANEL_INCHES] if window else []), *([_RECORDS_INCHES] if _in_a_row(story) else [])]
    number = len(heights)
    if told:
        heights.append(_LINE_INCHES * len(lines))
    rows = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    whole, *others = (figure.add_subplot(rows[i]) for i in range(number))
    span, count = story.span, f"{len(story.records):,} usage {'record' if len(story.records) == 1 else 'records'}"
    factor = panel(whole, story, span, close=False, known=not window and _in_a_row(story))
    whole.set_xlabel(f"{_time(story)}; {count}")
    if window is None:
        flagged(whole, story, span, flags, factor)
        _with_records(whole, others, story, span)
    else:
        near, *others = others
        inside = [flag for flag in flags if window.start_ms <= flag.at_ms < window.end_ms]
        outside = [flag for flag in flags if flag not in inside]
        name = "–".join(dict.fromkeys([inside[0].text, inside[-1].text]))
        flagged(whole, story, span, sorted([*outside, inside[0]._replace(text=name)]), factor)
        high = flagged(near, story, window, inside, panel(near, story, window, close=True, known=_in_a_row(story)))
        one_day = len({story.scenario.instant(at).date() for at in window}) == 1
        until = instant(story, window.end_ms, clock_only=one_day)
        near.set_title(f"A closer look: {instant(story, window.start_ms)} to {until}", pad=8 + 14 * high)
        _with_records(near, others, story, window)
        _connect(whole, near, story, window)
    # A title of the figure would lie upon the legend.
    title = {"title": heading, "title_fontproperties": {"size": 11.5, "weight": "bold"}} if heading else {}
    handles = _legend(story, known=_in_a_row(story))
    figure.legend(
        handles=handles, loc="outside upper left", ncols=_COLUMNS, columnspacing=1.6, alignment="left", **title
    )
    if told:
        _write(figure.add_subplot(rows[number]), lines)
    return figure


def draw_whole(story: Story, ax: Axes) -> Axes:
    """Draw the whole period on axes of any figure, without the closer look and the words."""
    known = len(story.records) <= MOST_RECORDS
    panel(ax, story, story.span, close=False, known=known)
    ax.set_xlabel(_time(story))
    ax.legend(handles=_legend(story, known=known))
    return ax


def _time(story: Story) -> str:
    return f"Time (UTC), {story.scenario.instant(story.span.start_ms):%Y}"


def _with_records(ax: Axes, below: list[Axes], story: Story, span: Span) -> None:
    """Draw the row of records, where there is one, and let it have the axis of time."""
    for row in below:
        ax.tick_params(axis="x", labelbottom=False)
        row.set_xlabel(ax.get_xlabel())
        ax.set_xlabel("")
        records(row, story, span)


def _in_a_row(story: Story) -> bool:
    """Whether the records of the closest panel can be told apart."""
    return len(shown_records(story, story.window or story.span)) <= MOST_RECORDS


def _connect(whole: Axes, near: Axes, story: Story, window: Span) -> None:
    """Show where in the whole period the closer look is."""
    figure = whole.get_figure(root=True)
    assert figure is not None
    start, end = panels.at_days(story, window)
    for x, corner in ((start, 0.0), (end, 1.0)):
        line = ConnectionPatch(
            (x, 0), (corner, 1), whole.get_xaxis_transform(), near.transAxes, color="#bdbdbd", linewidth=0.9, zorder=-1
        )
        line.set_in_layout(False)
        figure.add_artist(line)


def _legend(story: Story, *, known: bool) -> list[Line2D | Patch]:
    handles: list[Line2D | Patch] = [Line2D([], [], label="used", **panels.CURVE)]
    if known:
        handles.append(Line2D([], [], label="known from records", **panels.KNOWN))
    handles.append(Line2D([], [], label="limit of the fleet", **panels.LIMIT))
    if panels.is_late(story):
        handles.append(Line2D([], [], label="limit that the SIM knows", **panels.CACHED))
    for cause in CAUSES:
        if size := story.overage[cause.key]:
            label = f"overage, {cause.label}: {format_bytes(size)}"
            handles.append(Patch(edgecolor=INK, linewidth=0.7, label=label, **CAUSE_STYLE[cause.key]))
    if story.blocked:
        handles.append(Patch(label="blocked", **panels.BLOCKED))
    if story.inactive:
        handles.append(Patch(label="inactive", **panels.INACTIVE))
    return handles


def _lines(story: Story) -> list[tuple[str, str, str]]:
    """Number, instant and text of each line below the panels."""
    lines = []
    for note in notes(story):
        first, *more = textwrap.wrap(unbroken(note.text), _LETTERS)
        lines += [(str(note.number), note.when, first), *(("", "", line) for line in more)]
    first, *more = textwrap.wrap(unbroken(ending(story)), _LETTERS)
    return [*lines, ("", instant(story, story.span.end_ms), first), *(("", "", line) for line in more)]


def _write(ax: Axes, lines: list[tuple[str, str, str]]) -> None:
    ax.axis("off")
    ax.set_ylim(len(lines), 0)
    figure = ax.get_figure(root=True)
    assert figure is not None
    across = blended_transform_factory(figure.dpi_scale_trans, ax.transData)
    for row, (number, when, text) in enumerate(lines):
        looks: tuple[tuple[float, str, dict[str, Any]], ...] = (
            (0.24, number, {"ha": "right", "fontweight": "bold"}),
            (0.33, when, {}),
            (_INDENT_INCHES, text, {}),
        )
        for x, what, look in looks:
            ax.text(x, row + 0.5, what, transform=across, va="center", fontsize=9, in_layout=False, **look)
