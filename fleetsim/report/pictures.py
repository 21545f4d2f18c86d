"""The pictures of a page: which of them there are, what stands beside them, and their SVG and PNG."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from fleetsim.experiments.story import Story
from fleetsim.report import plots, sim_period, telling, words
from fleetsim.report.causes import CAUSES
from fleetsim.report.classes import alike
from fleetsim.report.drawing import svg_of
from fleetsim.report.overview import Over
from fleetsim.report.silent import blocked_over_time, marked, silent
from fleetsim.report.sim_period import WIDTH_INCHES
from fleetsim.report.source import Result, Summary, confidence, has_rows, replications, total
from fleetsim.report.style import style
from fleetsim.units import format_bytes

SIM_PERIOD = "sim_period"
"""Key of the picture that a page has only where there is a story to tell."""
_SCALES = " Each role has a scale of its own."
_NOT_ELSEWHERE = " At no other time of the run is any SIM blocked."


@dataclass(frozen=True)
class Picture:
    """One picture, or the sentence that stands in its place.

    Parameters
    ----------
    key
        Its file's name without ending.
    heading
        What it shows.
    caption
        How to read it; where there is no picture, why, or nothing where the answer has said that there is nothing.
    alt
        What it says, for those who do not see it; empty where there is none.
    draw
        Draws it to stand alone, with its heading, or for a page; ``None`` where there is nothing to draw.
    notes
        Number in the picture (or nothing), instant and text of what a page tells below it.
    """

    key: str
    heading: str
    caption: str = ""
    alt: str = ""
    draw: Callable[[bool], Figure] | None = None
    notes: tuple[tuple[str, str, str], ...] = ()

    def svg(self) -> bytes:
        """The picture without its heading, as SVG that is the same on every run."""
        with style():
            return svg_of(self._drawn(titled=False))

    def png(self) -> bytes:
        """The picture with its heading, as PNG."""
        file = io.BytesIO()
        with style():
            figure = self._drawn(titled=True)
            figure.dpi = matplotlib.rcParams["savefig.dpi"]
            canvas: Any = FigureCanvasAgg(figure)  # `savefig` draws twice, once for the layout
            canvas.print_png(file, metadata={"Software": None})
        return file.getvalue()

    def _drawn(self, *, titled: bool) -> Figure:
        if self.draw is None:
            raise ValueError(f"there is no picture {self.key}: {self.caption}")
        return self.draw(titled)


def pictures(result: Result, story: Story | None = None) -> tuple[Picture, ...]:
    """The pictures of a run, in the order of the page; with the story of a SIM-period one of that."""
    told = () if story is None else (_sim_period(story),)
    return _overage(result), *told, _cost(result), _blocked(result)


def _figure(height_inches: float, heading: str, titled: bool) -> Figure:
    figure = Figure(figsize=(WIDTH_INCHES, height_inches), layout="constrained")
    if titled:
        figure.suptitle(heading, x=0.01, ha="left", fontsize=11.5, fontweight="bold")
    return figure


def _overage(result: Result) -> Picture:
    key, heading = "overage_by_cause", "Where the overage sits, and its cause"
    roles, n = plots.overage_roles(result), replications(result)
    if not roles:
        return Picture(key, heading)
    if not has_rows(result):
        why = "The run kept sums and no rows (--keep sums), so this is not drawn; the causes are in the tables below."
        return Picture(key, heading, why)
    whose = "" if n == 1 else " per replication"
    over = result.overview.over
    same = [role for role in roles if alike(over[role].least_bytes, over[role].most_bytes)]
    told = [_alike_in_words(over[role], role, n, whose) for role in same]
    roles = tuple(role for role in roles if role not in same)
    if not roles:
        return Picture(key, heading, " ".join(told))

    def draw(titled: bool) -> Figure:
        figure = _figure(0.3 + 2.7 * len(roles), heading, titled)
        # Axes of their own: what a few customers used too much would vanish beside a runaway device.
        for role, ax in zip(roles, figure.subplots(len(roles), 1, squeeze=False)[:, 0], strict=True):
            plots.overage_by_cause(result, ax, (role,))
        return figure

    caption = (
        "A bar holds the SIM-periods whose overage lies between the two values below it: its height is their "
        f"overage together, the number above it how many they are{whose}. SIM-periods without overage are "
        f"left out.{_SCALES * (len(roles) > 1)}"
    )
    caption = " ".join([caption, *told])
    alt = " ".join(_overage_in_words(result, role, n, whose) for role in roles)
    return Picture(key, heading, caption, f"Stacked bar charts by size of the overage. {alt}", draw)


def _alike_in_words(over: Over, role: str, n: int, whose: str) -> str:
    least, most = format_bytes(over.least_bytes), format_bytes(over.most_bytes)
    each = least if least == most else f"{least} to {most}"
    parts = _causes_in_words(over.by_cause_bytes)
    count = words.number(over.sim_periods / n)
    return f"{role.capitalize()} devices: {count} SIM-periods{whose} went over the limit, each by {each} ({parts})."


def _causes_in_words(by_cause: np.ndarray) -> str:
    parts = [(cause.label, part / by_cause.sum()) for cause, part in zip(CAUSES, by_cause, strict=True) if part]
    if len(parts) == 1:
        return f"all of it {parts[0][0]}"
    return words.listed([f"{label} {words.rough_share(part)}" for label, part in parts])


def _overage_in_words(result: Result, role: str, n: int, whose: str) -> str:
    classes = result.overview.classes((role,))
    by_class, edges = classes.bytes_by_cause.sum(axis=0), classes.edges_bytes
    most, causes = int(by_class.argmax()), _causes_in_words(classes.bytes_by_cause.sum(axis=1))
    holders = f"{words.number(classes.sim_periods[most] / n)} SIM-periods{whose}"
    each = f"{format_bytes(edges[most])} to {format_bytes(edges[most + 1])}"
    return (
        f"{role.capitalize()} devices: {format_bytes(by_class.sum() / n)}{whose}, {causes}; "
        f"most of it, {format_bytes(by_class[most] / n)}, sits with {holders} of {each} each."
    )


def _sim_period(story: Story) -> Picture:
    heading = "The largest overage of one SIM, step by step"

    def draw(titled: bool) -> Figure:
        # A page has the words as text, which the reader's screen breaks into lines.
        height = sim_period.height_inches(story, told=titled) + 0.3 * titled
        return sim_period.draw(story, _figure(height, "", titled=False), heading if titled else "", told=titled)

    caption = (
        f"{telling.whose(story)}: of all SIM-periods the one with the largest overage, simulated again with its usage "
        "records. Each layer is what it moved beyond the limit for one cause, in the order in which it moved."
    )
    notes = [(str(note.number), note.when, note.text) for note in telling.notes(story)]
    notes.append(("", telling.instant(story, story.span.end_ms), telling.ending(story)))
    alt = f"Line chart of usage over time, with its limits and its overage. {telling.whose(story)}; the list tells it."
    return Picture(SIM_PERIOD, heading, caption, alt, draw, tuple(notes))


def _cost(result: Result) -> Picture:
    key, heading = "cost_over_replications", "What it costs from replication to replication"
    n, metrics = replications(result), plots.costs_that_vary(result)
    currency = str(result.manifest["currency"])
    mean = words.money(total(result.replications, "cost_micros") / n / 1e6, currency)
    if n == 1:
        why = f"The one replication costs {mean}; how far the cost varies takes more of them."
        return Picture(key, heading, why)
    if not metrics:
        return Picture(key, heading, f"Every one of the {n:,} replications costs {mean}.")

    def draw(titled: bool) -> Figure:
        figure = _figure(3.3, heading, titled)
        panels = figure.subplots(1, len(metrics), sharey=True, squeeze=False)[0]
        for metric, ax in zip(metrics, panels, strict=True):
            plots.cost_over_replications(result, ax, metric)
        for ax in panels[1:]:
            ax.set_ylabel("")
        return figure

    by_run = result.replications.groupby("replication")["cost_micros"].sum() / 1e6
    lowest, highest = words.money(by_run.min(), currency), words.money(by_run.max(), currency)
    caption = (
        "A replication is one way in which the run can go. The height of a point is the share of "
        f"replications that cost no more; the axes need not begin at 0. {_quantile(result, n, currency)}"
    ).strip()
    alt = (
        f"Cumulative distribution of the whole fleet's cost over {n:,} replications: from {lowest} to "
        f"{highest}, with a mean of {mean}"
        + ("; beside it the same for the cost beyond the limit." if len(metrics) > 1 else ".")
    )
    return Picture(key, heading, caption, alt, draw)


def _quantile(result: Result, n: int, currency: str) -> str:
    """The 95 % quantile with its interval, or how many replications that takes."""
    level = confidence(result)
    found = Summary(result).get("cost", statistic="p95")
    if found is not None and (bounds := found.interval):
        low, high = (words.money(bound, currency) for bound in bounds)
        return (
            f"95 % of replications cost at most {words.money(found.value, currency)} "
            f"({words.share(level)} interval of that quantile {low} to {high})."
        )
    # Distribution-free: the largest of n must lie above the quantile in all but (1 - level) / 2 cases.
    needed = math.ceil(math.log((1 - level) / 2) / math.log(0.95))
    if n >= needed:
        return ""
    return f"{n:,} replications are not enough for an interval of the 95 % quantile; it takes {needed}."


def _blocked(result: Result) -> Picture:
    key, heading = "blocked_over_time", "Who is blocked, and when"
    stretch = silent(result)
    roles, n = tuple(stretch.counts), replications(result)
    if not roles:
        ever = total(result.replications, "blocked_sim_periods")
        why = "SIMs were blocked, but too briefly to show over time." if ever else ""
        return Picture(key, heading, why)

    def draw(titled: bool) -> Figure:
        figure = _figure(0.8 + 2.0 * len(roles), heading, titled)
        # Axes of their own: a few blocked customers would vanish beside all the faulty devices.
        for role, ax in zip(roles, figure.subplots(len(roles), 1, sharex=True, squeeze=False)[:, 0], strict=True):
            blocked_over_time(result, ax, stretch, (role,))
            ax.label_outer()
        return figure

    peaks = []
    for role in roles:
        mean = stretch.counts[role].mean(axis=1)
        sims = sum(
            group.count
            for fleet in result.scenario.fleets.values()
            for group in fleet.devices.values()
            if group.role == role
        )
        peaks.append(
            f"{role} devices: at most {words.number(mean.max())} of {words.number(sims)} at a time, "
            f"first on {words.instant(pd.Timestamp(mean.index[int(mean.argmax())]).floor('min'))}"
        )
    lines = len(marked(result, stretch))
    over = f" (means over {n:,} replications)" if n > 1 else ""
    caption = (
        f"SIMs that are blocked at each moment{over}; {words.listed(peaks)}."
        f"{_SCALES * (len(roles) > 1)}{_NOT_ELSEWHERE * stretch.is_part(result)}"
    )
    if lines:
        caption += (
            f" {'A dotted line' if lines == 1 else 'Dotted lines'}: the owner does something (see what was assumed)."
        )
    alt = f"Line chart of blocked SIMs over time{over}; {words.listed(peaks)}."
    return Picture(key, heading, caption, alt, draw)
