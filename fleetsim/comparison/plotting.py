"""Pictures of a comparison and of a sweep for notebooks and papers. Matplotlib's axes in, axes out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from fleetsim.comparison import phrases
from fleetsim.comparison.compare import Comparison
from fleetsim.comparison.differences import Row
from fleetsim.comparison.metrics import METRICS, Floats, Metric
from fleetsim.comparison.sweep import Sweep
from fleetsim.errors import BadInput, Mistake
from fleetsim.report import words
from fleetsim.report.canvas import canvas, say
from fleetsim.report.plots import ABOVE
from fleetsim.report.scales import largest_unit
from fleetsim.report.style import BLUE, INK

_LINES = (("-", "o"), ((0, (5, 1.5)), "s"), ((0, (1, 1.2)), "^"), ((0, (5, 1, 1, 1)), "D"))
"""Of the values of a second path: told apart by dashes and markers too."""
_MOST_LINES = 8
_MOST_TICKS = 10


class ComparisonPlots:
    """Pictures of a comparison; they draw on the axes that they are given, or on new ones, and return them."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison

    def differences(self, ax: Axes | None = None, *, metric: str = "cost") -> Axes:
        """Draw how far each scenario lies from the first one, with intervals that hold together.

        A filled mark is a difference that can be told from none.

        Parameters
        ----------
        ax
            Axes to draw on; ``None``: those of a new figure.
        metric
            As `Comparison.table` has it.

        Raises
        ------
        BadInput
            There is no such metric.
        """
        comparison = self._comparison
        of = _metric(metric, [*(row.metric.name for row in comparison.found.rows), *comparison.same])
        row, names = comparison.found.row(metric), [words.plain(name) for name in comparison.names]
        with canvas(ax, 1.1 + 0.42 * len(names)) as drawn:
            if row is None:
                return say(drawn, f"{_label(of, comparison.provenance['currency'])}: the same in all scenarios")
            return _differences(drawn, row, names, comparison.provenance["currency"])


class SweepPlots:
    """Pictures of a sweep; they draw on the axes that they are given, or on new ones, and return them."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep

    def curve(self, ax: Axes | None = None, *, metric: str = "cost") -> Axes:
        """Draw a metric along the first path that was varied, a line for each value of the second one.

        Parameters
        ----------
        ax
            Axes to draw on; ``None``: those of a new figure.
        metric
            As `Sweep.table` has it.

        Raises
        ------
        BadInput
            There is no such metric, more than two paths were varied, or the second one has more values than can be told
            apart.
        """
        of = _metric(metric, self._sweep.arrow.schema.names)
        others = [len(axis.values) for axis in self._sweep.axes[1:]]
        if len(others) > 1 or any(count > _MOST_LINES for count in others):
            what = f"expected one path, or a second one with at most {_MOST_LINES} values; take `table` and draw that"
            raise BadInput(Mistake("sweep", None, "", f"found too much for one picture; {what}"))
        with canvas(ax) as drawn:
            return _curve(drawn, self._sweep, of)


def _differences(ax: Axes, row: Row, names: list[str], currency: str) -> Axes:
    scale = phrases.scale(row.metric)
    ax.axvline(0.0, color=INK, linewidth=1.0)
    for place, found in enumerate(row.differences):
        if found.low is not None and found.high is not None:
            ax.plot([found.low * scale, found.high * scale], [place, place], color=BLUE, linewidth=2.4, alpha=0.55)
        face = BLUE if found.distinguishable else "white"
        ax.plot([found.value * scale], [place], "o", markersize=7, markerfacecolor=face, markeredgecolor=BLUE)
        value, between = phrases.difference(row.metric, found, phrases.of_row(row, place + 1)[2])
        text = (f"{value} ({between})" if between else value).replace("-", "−")
        ax.annotate(text, (found.value * scale, place), (0, 8), textcoords="offset points", ha="center", fontsize=8.5)
    ax.set_yticks(range(len(row.differences)), names[1:], parse_math=False)
    ax.set_ylim(len(row.differences) - 0.5, -0.75)
    ax.margins(x=0.22)
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.set_xlabel(f"{_label(row.metric, currency)}: difference to {names[0]}", parse_math=False)
    ax.grid(axis="x")
    return ax


def _curve(ax: Axes, sweep: Sweep, metric: Metric) -> Axes:
    table, scale, currencies = sweep.arrow, phrases.scale(metric), set(sweep.provenance["currencies"])
    first, *second = sweep.axes
    x, label, along = _positions(ax, sweep)
    value, low, high = (
        np.array(table[f"{metric.name}{end}"].to_pylist(), np.float64).reshape(len(first.values), -1) * scale
        for end in ("", "_low", "_high")
    )
    for place in range(value.shape[1]):
        dashes, marker = _LINES[place % len(_LINES)]
        color = BLUE if place < len(_LINES) else "#a04000"
        name = second[0].values[place] if second else None
        ax.plot(
            x, value[:, place], color=color, linestyle=dashes if along else "", marker=marker, markersize=5, label=name
        )
        if along:
            ax.fill_between(x, low[:, place], high[:, place], color=color, alpha=0.2, linewidth=0)
        else:
            ax.vlines(x, low[:, place], high[:, place], color=color, linewidth=2.4, alpha=0.5)
    ax.set_xlabel(label, parse_math=False)
    ax.set_ylabel(_label(metric, currencies.pop() if len(currencies) == 1 else "in its currency"), parse_math=False)
    ax.ticklabel_format(axis="y", style="plain", useOffset=False)
    ax.grid()
    if second:
        ax.legend(title=second[0].path, ncols=value.shape[1], **ABOVE)
    return ax


def _positions(ax: Axes, sweep: Sweep) -> tuple[np.ndarray, str, bool]:
    """Where the values of the first path stand, their label, and whether they are numbers, by size, or mere words."""
    axis = sweep.axes[0]
    field = sweep.arrow.schema.field(axis.path)
    column = sweep.arrow[axis.path].to_pylist()[:: sweep.arrow.num_rows // len(axis.values)]
    if (pa.types.is_integer(field.type) or pa.types.is_floating(field.type)) and None not in column:
        unit = sweep.units[axis.path]
        divisor = 1
        if unit == "bytes":
            unit, divisor = largest_unit(int(max(column)))
        elif unit == "ms":
            unit, divisor = "min", 60_000
        x = np.array(column, np.float64) / divisor
        if _is_wide(x):
            _log_axis(ax, x, axis.values)
            return x, axis.path, True
        ax.xaxis.set_major_formatter(FuncFormatter(lambda each, _: f"{each:,.6g}"))
        return x, f"{axis.path} ({unit})" if unit else axis.path, True
    ax.set_xticks(range(len(axis.values)), axis.values, parse_math=False)
    ax.set_xlim(-0.5, len(axis.values) - 0.5)
    return np.arange(len(axis.values), dtype=np.float64), axis.path, False


def _is_wide(x: Floats) -> bool:
    """Whether values lie so far apart, and not in even steps, that small ones would be crushed on a linear axis."""
    ordered = np.sort(x)
    steps = np.diff(ordered)
    return bool(steps.size > 1 and ordered[0] > 0 and ordered[-1] > 20 * ordered[0] and steps.max() > 2 * steps.min())


def _log_axis(ax: Axes, x: Floats, values: Sequence[str]) -> None:
    """Ticks at the values, as they were given, but for those too near to the one before."""
    ax.set_xscale("log")
    least = np.log(x.max() / x.min()) / _MOST_TICKS
    shown: list[int] = []
    for place in np.argsort(x).tolist():
        if not shown or np.log(x[place] / x[shown[-1]]) >= least:
            shown.append(place)
    ax.set_xticks(x[shown], [words.plain(values[place]) for place in shown], parse_math=False)
    ax.set_xticks([], minor=True)


def _metric(name: str, there: list[str]) -> Metric:
    found = next((metric for metric in METRICS if metric.name == name and name in there), None)
    if found is None:
        known = ", ".join(metric.name for metric in METRICS if metric.name in there)
        raise BadInput(Mistake("metric", None, "", f"found {name!r}; expected one of {known}"))
    return found


def _label(metric: Metric, currency: str) -> str:
    text = phrases.label(metric, currency)
    return text[0].upper() + text[1:]
