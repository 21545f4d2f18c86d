"""The page of a sweep: where cost and lost service are least and most, the curve, and a line for every point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from fleetsim.comparison import phrases
from fleetsim.comparison.ends import ends
from fleetsim.comparison.metrics import METRICS, Metric
from fleetsim.comparison.points import grid
from fleetsim.comparison.sweep import Sweep
from fleetsim.errors import BadInput
from fleetsim.experiments.summary import NORMAL
from fleetsim.report import words
from fleetsim.report.assumptions import assumptions_of
from fleetsim.report.commands import command
from fleetsim.report.drawing import WIDTHS, new_figure, svg_of
from fleetsim.report.origin import origin
from fleetsim.report.page import drawn, page
from fleetsim.report.style import style
from fleetsim.scenario import Scenario

_SHOWN: Final = ("cost", f"blocked_sim_periods_share{NORMAL}", "overage_bytes")
"""Metrics that the page is about; the table has all."""
_MOST: Final = 100
_COMPARE: Final = "To tell two points apart, with an interval of their difference: fleetsim compare."


def render(sweep: Sweep, scenario: Scenario) -> str:
    """The page of a sweep as HTML.

    Parameters
    ----------
    scenario
        Of the first point.
    """
    made_of, n = sweep.provenance, int(sweep.provenance["replications"])
    paths = [words.plain(axis.path) for axis in sweep.axes]
    by_name = {metric.name: metric for metric in METRICS if metric.name in sweep.arrow.schema.names}
    shown = [by_name[name] for name in _SHOWN if name in by_name]
    columns = [_cells(metric, sweep) for metric in shown]
    said = [
        f"{_head(metric, _currency(sweep))}: {ends(sweep, metric, cells)}."
        for metric, cells in zip(shown, columns, strict=True)
        if any(cells)
    ]
    points = grid(sweep.axes)
    return page(
        "sweep.html.j2",
        {
            "name": words.plain(str(made_of["name"])),
            "paths": words.listed(paths),
            "heads": paths,
            "facts": f"{words.counted(sweep.arrow.num_rows, 'point', 'points')}, {phrases.replications(n)} of each,"
            " on the same random numbers",
            "sentences": [*said, *([_COMPARE] if len(points) > 1 else [])],
            "pictures": list(_pictures(sweep, shown[:2], " ".join(said))),
            "metrics": [_head(metric, _currency(sweep)) for metric in shown],
            "lines": [(values, [cells[place] for cells in columns]) for place, values in enumerate(points[:_MOST])],
            "left_out": max(len(points) - _MOST, 0),
            "sure": words.unbroken(phrases.percent(made_of["confidence"])),
            "n": n,
            "assumptions": [
                ("Random numbers", "each replication draws the same traffic at all points"),
                ("What follows", "is said of the first point"),
                *assumptions_of(scenario),
            ],
            "provenance": origin(made_of | {"scenario_hashes": []}, f"replications 0 to {n - 1:,} of each point"),
            "commands": [_again(sweep)],
        },
    )


def _cells(metric: Metric, sweep: Sweep) -> list[str]:
    """A metric at each point, with its interval."""
    texts = phrases.column(metric, sweep.arrow.to_pylist())
    return [f"{mean} ({interval})" if interval else mean for mean, interval in texts]


def _currency(sweep: Sweep) -> str:
    found = set(sweep.provenance["currencies"])
    return str(found.pop()) if len(found) == 1 else "in its currency"


def _head(metric: Metric, currency: str) -> str:
    label = phrases.label(metric, currency)
    return label[0].upper() + label[1:]


def _pictures(sweep: Sweep, shown: Sequence[Metric], alt: str) -> Iterator[tuple[str, object]]:
    for name, width in WIDTHS.items():
        with style():
            figure = new_figure(width, 0.4 + 2.3 * len(shown))
            try:
                for metric, ax in zip(shown, figure.subplots(len(shown), 1, squeeze=False)[:, 0], strict=True):
                    sweep.plot.curve(ax, metric=metric.name)
            except BadInput:  # more than a picture can show
                return
            svg = svg_of(figure)
        yield name, drawn(svg, prefix=name, label=f"Charts over {sweep.axes[0].path}. {alt}")


def _again(sweep: Sweep) -> tuple[str, str, str]:
    varied = [part for axis in sweep.axes for part in ("--vary", f"{axis.path}={','.join(axis.values)}")]
    line = command("sweep", "scenario.yaml", *varied, "--out", "again")
    return "To run it again", line, ", with the scenario.yaml beside this page"
