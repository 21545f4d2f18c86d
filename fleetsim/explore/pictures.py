"""Pictures of the page: the curve of limits, one SIM's period, and those that a report has."""

from __future__ import annotations

import io
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from fleetsim.choice.picture import draw_curve
from fleetsim.choice.study import LimitStudy
from fleetsim.experiments.story import tell
from fleetsim.explore.who import SimPeriod
from fleetsim.report import sim_period, telling, words
from fleetsim.report.pictures import pictures
from fleetsim.report.scales import largest_unit
from fleetsim.report.style import INK, style
from fleetsim.report.svg import inline
from fleetsim.results import Result
from fleetsim.units import BYTE_UNITS

OF_A_RUN: Final = {
    "overage_by_cause": "Overage",
    "cost_over_replications": "Cost",
    "blocked_over_time": "Blocked",
}
"""Pictures that a report has too, by their keys there, and what they are called here."""
_WIDTH, _HEIGHT = 7.6, 4.4

# matplotlib's settings are one for all threads, and the curve is drawn by a thread of its own.
_ONE_AT_A_TIME = Lock()


@dataclass(frozen=True)
class Shown:
    """A picture with what stands beside it.

    Parameters
    ----------
    heading, caption
        What it shows, and how to read it; where there is no picture, why.
    svg
        One element for a page, escaped; empty where there is no picture.
    notes
        Number, instant and text of what happens in it.
    """

    heading: str
    caption: str
    svg: str = ""
    notes: tuple[tuple[str, str, str], ...] = ()


def of_a_run(result: Result, key: str) -> Shown:
    """A picture of `OF_A_RUN`."""
    with _ONE_AT_A_TIME:
        picture = next(each for each in pictures(result) if each.key == key)
        if picture.draw is None:
            return Shown(picture.heading, picture.caption or "There is nothing to show: no SIM passed its limit.")
        svg = inline(picture.svg(), prefix=key, label=picture.alt)
    return Shown(picture.heading, picture.caption, svg)


def of_a_sim(result: Result, chosen: SimPeriod) -> Shown:
    """One SIM's billing period: what it used, what it was allowed, and how it was stopped; it is simulated again.

    Raises
    ------
    BadInput
        There is no such SIM-period.
    """
    engine = str(result.manifest["engine"])
    story = tell(result.scenario, engine, chosen.replication, chosen.sim, chosen.period)
    whose = telling.whose(story)
    with _ONE_AT_A_TIME, style():
        size = (sim_period.WIDTH_INCHES, sim_period.height_inches(story, told=False))
        figure = sim_period.draw(story, Figure(figsize=size, layout="constrained"), told=False)
        svg = inline(_svg(figure), prefix="sim", label=f"Line chart of usage over time: {whose}; the list tells it.")
    notes = [(str(note.number), note.when, note.text) for note in telling.notes(story)]
    notes.append(("", telling.instant(story, story.span.end_ms), telling.ending(story)))
    caption = "Each layer is what the SIM moved beyond the limit for one cause, in the order in which it moved."
    return Shown(whose, caption, svg, tuple(notes))


def of_limits(study: LimitStudy, now_bytes: int | None) -> Shown:
    """The curve of limits, with the limit that is set now."""
    verdict = study.verdict
    unit, factor = largest_unit(study.limit_bytes[-1])
    first, last = study.limit_bytes[0], study.limit_bytes[-1]
    inside = now_bytes is not None and first <= now_bytes <= last
    with _ONE_AT_A_TIME, style():
        figure = Figure(figsize=(_WIDTH, _HEIGHT), layout="constrained")
        axes = figure.subplots(2, 1, sharex=True)
        draw_curve(study, list(axes))
        if inside and now_bytes is not None:
            for ax in axes:
                ax.axvline(now_bytes / factor, color=INK, linewidth=1.4, linestyle=(0, (1.5, 1.5)), zorder=2.5)
            axes[1].annotate(
                f"now {now_bytes / factor:.12g} {unit}",
                (now_bytes / factor, 0.03),
                (4, 0),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                fontsize=9,
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.8},
                zorder=8,
            )
        shares = verdict.figures["blocked_share"]
        costs = verdict.figures["cost_mean"]
        alt = (
            f"Two charts over the data limit. Blocked normal SIM-periods: {words.share(shares[0])} at "
            f"{words.limit(first)}, {words.share(shares[-1])} at {words.limit(last)}. Mean cost: "
            f"{words.money(costs[0], verdict.currency)} and {words.money(costs[-1], verdict.currency)}."
        )
        svg = inline(_svg(figure), prefix="curve", label=alt)
    where = "" if inside else f"The limit now, {words.limit(now_bytes)}, is none of them."
    caption = " ".join(part for part in (study.why, _finer(study), where) if part)
    return Shown(f"What each limit of {words.plain(study.fleet)} blocks and costs", caption, svg)


def _finer(study: LimitStudy) -> str:
    """That a smaller limit may be found between those that were judged; empty where there is no room for one."""
    found = study.recommended_limit_bytes
    below = max((limit for limit in study.limit_bytes if found is not None and limit < found), default=None)
    if found is None or below is None:
        return ""
    # A fleet that takes any limit could be looked at in ever finer steps; fiftieths of it are fine enough.
    finest = found // 50 if study.scenario.fleets[study.fleet].any_limit else BYTE_UNITS["MB"]
    if found - below <= finest:
        return ""
    return (
        f"None between {words.limit(below)} and {words.limit(found)} was judged: ask for these in finer steps, and a"
        " smaller limit may do."
    )


def _svg(figure: Figure) -> bytes:
    file = io.BytesIO()
    canvas: Any = FigureCanvasSVG(figure)
    canvas.print_svg(file, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return file.getvalue()
