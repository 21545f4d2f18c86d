"""One panel of the picture of a SIM's billing period: usage, limits, overage and states over a span of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import offset_copy
from numpy.typing import NDArray

from fleetsim.clock import MS_PER_DAY
from fleetsim.experiments.story import Level, Span, Story
from fleetsim.report.scales import date_axis, days, largest_unit
from fleetsim.report.style import CAUSE_STYLE, INK, QUIET, RED
from fleetsim.report.telling import limit
from fleetsim.report.words import lateness
from fleetsim.units import format_bytes

# Told apart by dashes, dots and places, so that no meaning hangs on colour.
CURVE: Final[dict[str, Any]] = {"color": INK, "linewidth": 1.6}
KNOWN: Final[dict[str, Any]] = {"color": QUIET, "linewidth": 1.1, "marker": "o", "markersize": 3.5}
LIMIT: Final[dict[str, Any]] = {"color": RED, "linewidth": 1.8, "linestyle": (0, (7, 2))}
CACHED: Final[dict[str, Any]] = {"color": RED, "linewidth": 2.0, "linestyle": (0, (1, 1.2))}
BLOCKED: Final[dict[str, Any]] = {"facecolor": "#e3e3e3", "edgecolor": "none"}
INACTIVE: Final[dict[str, Any]] = {"facecolor": "none", "edgecolor": "#8c8c8c", "hatch": "....", "linewidth": 0.0}

_ON_WHITE: Final[dict[str, Any]] = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.2}
_WORTH_A_WORD = 0.09  # part of the width that a word needs
_COLUMNS = 1000  # that can be told apart
MOST_RECORDS = 80  # that can be told apart in a row


class Flag(NamedTuple):
    """A number above a panel, for a note, and the point of the curve that it stands for."""

    at_ms: int
    used_bytes: int
    text: str


def panel(ax: Axes, story: Story, span: Span, *, close: bool, known: bool) -> int:
    """Draw a span of a story.

    Parameters
    ----------
    close
        Let the axis begin near what had been used by then, rather than at 0.
    known
        Show what was known from records.

    Returns
    -------
    How many bytes a unit of the axis is.
    """
    at, used = _curve(story, span)
    low, high = _bounds(story, span, int(used[0]) if close else 0, int(used[-1]))
    unit, factor = largest_unit(int(high))
    for blocked in _within(story.blocked, span):
        ax.axvspan(*at_days(story, blocked), zorder=0, **BLOCKED)
    for inactive in _within(story.inactive, span):
        ax.axvspan(*at_days(story, inactive), zorder=0.5, **INACTIVE)
    _words(ax, story, span)
    x = at_days(story, at)
    for part in story.parts:  # a layer that was laid down stays
        top = np.clip(used, part.first_bytes, part.last_bytes)
        laid = (at >= part.start_ms) & (top > part.first_bytes)
        laid[:-1] |= laid[1:] & (at[:-1] >= part.start_ms)
        if laid.any():
            bounds = np.full(int(laid.sum()), part.first_bytes) / factor, top[laid] / factor
            ax.fill_between(x[laid], *bounds, edgecolor=INK, linewidth=0.4, zorder=2, **CAUSE_STYLE[part.cause])
    ax.plot(x, used / factor, zorder=4, **CURVE)
    if known:
        _known(ax, story, span, factor)
    ax.set_xlim(*at_days(story, span))
    ax.set_ylim(low / factor, high / factor)
    _limits(ax, story, span, factor)
    ax.set_ylabel(f"Used in the period ({unit})")
    ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    ax.ticklabel_format(axis="y", useOffset=False)
    date_axis(ax.xaxis)
    ax.grid(axis="y")
    return factor


def flagged(ax: Axes, story: Story, span: Span, flags: Sequence[Flag], factor: int) -> int:
    """Put numbers above a panel, in rows where they would touch, and return how many rows there are."""
    ends: list[float] = []  # of each row
    length = span.end_ms - span.start_ms
    for flag in _merged(flags, length // 80):
        x = (flag.at_ms - span.start_ms) / length
        half = 0.010 + 0.008 * len(flag.text)
        row = next((i for i, end in enumerate(ends) if end <= x - half), len(ends))
        ends[row : row + 1] = [x + half]
        when, y = at_days(story, [flag.at_ms])[0], flag.used_bytes / factor
        above = offset_copy(ax.get_xaxis_transform(), ax.get_figure(root=True), 0, 9 + 14 * row, units="points")
        stem = {"arrowstyle": "-", "color": INK, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", (when, y), (when, 1.0), textcoords=above, annotation_clip=False, arrowprops=stem, zorder=5)
        ax.text(
            when,
            1.0,
            flag.text,
            transform=above,
            ha="center",
            va="center",
            fontsize=8.5,
            fontweight="bold",
            color="white",
            bbox={"boxstyle": "round,pad=0.25,rounding_size=0.8", "facecolor": INK, "edgecolor": "white"},
            zorder=6,
        )
        ax.plot([when], [y], "o", color=INK, markersize=4.5, zorder=6, scalex=False, scaley=False)
    return len(ends)


def _merged(flags: Sequence[Flag], least: int) -> list[Flag]:
    """Flags in order of time; those that are less than `least` ms apart are one."""
    made: list[Flag] = []
    for flag in flags:
        if made and flag.at_ms - made[-1].at_ms < least:
            made[-1] = made[-1]._replace(text=f"{made[-1].text.split('–')[0]}–{flag.text.split('–')[-1]}")
        else:
            made.append(flag)
    return made


def records(ax: Axes, story: Story, span: Span) -> None:
    """Draw the usage records of a span as a row of boxes, with their sizes where there is room."""
    ax.set_xlim(*at_days(story, span))
    ax.set_ylim(0, 1)
    ax.set_yticks([0.5], ["records"], fontsize=9)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    date_axis(ax.xaxis)
    shown = shown_records(story, span)
    width = _WORTH_A_WORD * (span.end_ms - span.start_ms)
    for start, end, size, _dns in shown.tolist():
        start, end = max(start, span.start_ms), min(end, span.end_ms)
        left, right = at_days(story, [start, end])
        ax.add_patch(Rectangle((left, 0.14), right - left, 0.72, facecolor="white", edgecolor=INK, linewidth=0.9))
        if end - start > width:
            ax.text((left + right) / 2, 0.47, format_bytes(size), ha="center", va="center", fontsize=8.5)


def shown_records(story: Story, span: Span) -> NDArray[np.int64]:
    """The usage records that lie in a span, wholly or in part."""
    start, end = story.records[:, 0], story.records[:, 1]
    return story.records[(end > span.start_ms) & (start < span.end_ms)]


def is_late(story: Story) -> bool:
    """Whether the SIM ever knew another limit than its fleet had."""
    return any(True for _ in _differing(story))


def _curve(story: Story, span: Span) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Instants of a span, both ends included, and the bytes used by them; of what lies in one column its ends."""
    at, used = story.curve.T
    ends = np.interp(span, at, used)
    inside = (at > span.start_ms) & (at < span.end_ms)
    at, used = np.array([span[0], *at[inside], span[1]], np.int64), np.array([ends[0], *used[inside], ends[1]])
    column = (at - span.start_ms) * _COLUMNS // (span.end_ms - span.start_ms)
    kept = np.ones(at.size, bool)
    kept[1:-1] = (column[1:-1] != column[:-2]) | (column[1:-1] != column[2:])
    return at[kept], used[kept]


def _bounds(story: Story, span: Span, low: int, high: int) -> tuple[float, float]:
    """Bounds of the axis: those of the usage, with limits that are near."""
    reach = max(high - low, 1) * 0.6
    near = [level.limit_bytes for level in _within_levels((*story.limits, *story.cached), span)]
    near = [each for each in near if low - reach <= each <= high + reach]
    low, high = min(low, *near, low), max(high, *near, 1)
    room = max(high - low, high / 100)
    return low and low - room * 0.1, high + room * 0.12


def _known(ax: Axes, story: Story, span: Span, factor: int) -> None:
    when, known = story.recorded.T
    first, last = np.searchsorted(when, span.start_ms, "right"), np.searchsorted(when, span.end_ms, "left")
    before = known[first - 1] if first else story.row["carried_bytes"]
    x = at_days(story, [span.start_ms, *when[first:last], span.end_ms])
    y = np.array([before, *known[first:last], known[last - 1] if last else before]) / factor
    ax.plot(x, y, drawstyle="steps-post", markevery=slice(1, -1), zorder=3, **KNOWN)


def _limits(ax: Axes, story: Story, span: Span, factor: int) -> None:
    ends = [*(level.since_ms for level in story.limits[1:]), story.span.end_ms]
    for level, end in zip(story.limits, ends, strict=True):
        _limit_line(ax, story, span, Span(level.since_ms, end), level.limit_bytes, factor, LIMIT, "limit ")
    for before, after in pairwise(story.limits):
        step = np.clip(np.array([before.limit_bytes, after.limit_bytes]) / factor, *ax.get_ylim())
        ax.plot(at_days(story, [after.since_ms] * 2), step, zorder=3.5, scalex=False, scaley=False, **LIMIT)
    for between, cached in _differing(story):
        _limit_line(ax, story, span, between, cached, factor, CACHED, "SIM: ")
        _on_its_way(ax, story, span, between, factor)


def _limit_line(
    ax: Axes, story: Story, span: Span, between: Span, level: int, factor: int, look: dict[str, Any], whose: str
) -> None:
    """A limit as a line, or where it is beyond the axis as a word at its edge."""
    start, end = max(between.start_ms, span.start_ms), min(between.end_ms, span.end_ms)
    if start >= end:
        return
    left, right = at_days(story, [start, end])
    low, high = ax.get_ylim()
    y = level / factor
    inside = low <= y <= high
    if inside:
        ax.plot([left, right], [y, y], zorder=3.5, solid_capstyle="butt", **look)
    if end - start < _WORTH_A_WORD * (span.end_ms - span.start_ms):
        return
    beyond = "" if inside else " ▲" if y > high else " ▼"
    spot, va, dy = (y, "bottom", 3) if inside else (high, "top", -4) if y > high else (low, "bottom", 4)
    ax.annotate(
        (whose + limit(level)).replace("limit unlimited", "unlimited") + beyond,
        (left, spot),
        (5, dy),
        textcoords="offset points",
        ha="left",
        va=va,
        fontsize=9,
        color=look["color"],
        bbox=_ON_WHITE,
        zorder=5,
    )


def _on_its_way(ax: Axes, story: Story, span: Span, between: Span, factor: int) -> None:
    """Mark how long a limit takes to reach the SIM."""
    inside = span.start_ms <= between.start_ms and between.end_ms <= span.end_ms
    arrives = any(level.since_ms == between.end_ms for level in story.cached)
    if not (inside and arrives) or between.end_ms - between.start_ms < _WORTH_A_WORD * (span.end_ms - span.start_ms):
        return
    # Where it covers neither curve nor limit.
    _, used = _curve(story, between)
    to_fraction = ax.transData + ax.transAxes.inverted()
    levels = [*used / factor, *(level.limit_bytes / factor for level in (*story.limits, *story.cached))]
    taken = to_fraction.transform([(0, y) for y in levels])[:, 1]
    y = max((0.2, 0.35, 0.5, 0.65, 0.8), key=lambda y: float(np.abs(taken - y + 0.03).min()))
    across = ax.get_xaxis_transform()
    ends = at_days(story, between)
    arrow = {"arrowstyle": "<->", "color": LIMIT["color"], "linewidth": 1.0, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (ends[0], y), (ends[1], y), xycoords=across, textcoords=across, arrowprops=arrow, zorder=5)
    late = lateness(between.end_ms - between.start_ms)
    look = {"ha": "center", "va": "top", "fontsize": 8.5, "color": LIMIT["color"], "bbox": _ON_WHITE}
    ax.text(ends.mean(), y - 0.03, f"takes {late}", transform=across, zorder=5, **look)


def _differing(story: Story) -> Iterable[tuple[Span, int]]:
    """When the SIM's cache held another limit than its fleet had, and which."""
    instants = sorted({*story.span, *(level.since_ms for level in (*story.limits, *story.cached))})
    for start, end in pairwise(instants):
        own, cached = (
            next(level.limit_bytes for level in reversed(levels) if level.since_ms <= start)
            for levels in (story.limits, story.cached)
        )
        if own != cached:
            yield Span(start, end), cached


def _within(spans: Iterable[Span], span: Span) -> Iterable[Span]:
    for each in spans:
        start, end = max(each.start_ms, span.start_ms), min(each.end_ms, span.end_ms)
        if start < end:
            yield Span(start, end)


def _within_levels(levels: Sequence[Level], span: Span) -> Iterable[Level]:
    return (level for level in levels if level.since_ms < span.end_ms)


def _words(ax: Axes, story: Story, span: Span) -> None:
    """Name the states of the SIM where there is room."""
    states = {"blocked": list(_within(story.blocked, span)), "inactive": list(_within(story.inactive, span))}
    for start, end in pairwise(sorted({at for spans in states.values() for each in spans for at in each})):
        holding = [name for name, spans in states.items() if any(each[0] <= start < each[1] for each in spans)]
        if holding and end - start > len(holding) * _WORTH_A_WORD * (span.end_ms - span.start_ms):
            behind = _ON_WHITE if "inactive" in holding else None  # dots
            x, text = at_days(story, [(start + end) // 2])[0], ", ".join(holding)
            look: dict[str, Any] = {"ha": "center", "va": "top", "color": QUIET, "zorder": 4.5, "bbox": behind}
            ax.text(x, 0.985, text, transform=ax.get_xaxis_transform(), **look)


def at_days(story: Story, instants: Iterable[int]) -> NDArray[np.float64]:
    """Instants, in ms since the scenario's start, in matplotlib's unit."""
    return days(story.scenario.start.replace(tzinfo=None)) + np.asarray(list(instants), np.float64) / MS_PER_DAY
