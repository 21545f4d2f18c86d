"""The curve of limits: what each limit blocks and what it costs, under the rule that was asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import NDArray

from fleetsim.choice import phrases
from fleetsim.choice.rules import Budget, MaxBlockedShare, OutageCost
from fleetsim.choice.study import LimitStudy
from fleetsim.report import words
from fleetsim.report.drawing import new_figure, svg_of
from fleetsim.report.scales import decimals_of, largest_unit
from fleetsim.report.style import BLUE, INK, RED, style

Floats = NDArray[np.float64]

_FEW: Final = 14
"""Up to so many limits each has a tick of its own."""
_MANY: Final = 40
"""Of more limits than this the marks are smaller."""
_UNEVEN: Final = 8.0
"""Limits whose steps differ by more than this factor stand on a logarithmic axis."""
WIDE_RANGE: Final = 50.0
"""Values that differ by more than this factor stand on an axis that grows by tens, with 0 on it."""

# Told apart by shape and size, so that no meaning hangs on colour.
_OTHER: Final[dict[str, Any]] = {"marker": "o", "s": 22, "facecolor": BLUE, "edgecolor": BLUE, "zorder": 4}
_COULD_BE: Final[dict[str, Any]] = {
    "marker": "o",
    "s": 58,
    "facecolor": "white",
    "edgecolor": INK,
    "linewidth": 1.6,
    "zorder": 5,
}
BEST: Final[dict[str, Any]] = {
    "marker": "D",
    "s": 80,
    "facecolor": RED,
    "edgecolor": "white",
    "linewidth": 1.2,
    "zorder": 6,
}


class Curve(NamedTuple):
    """A picture for a page, and where limits stand in it.

    Attributes
    ----------
    svg
        The document.
    at
        Where each limit stands, in units of the picture's view box.
    top, bottom
        From where to where its axes reach, in the same units.
    """

    svg: bytes
    at: tuple[float, ...]
    top: float
    bottom: float


def draw_curve(study: LimitStudy, axes: Axes | Sequence[Axes]) -> Axes | Sequence[Axes]:
    """Draw what the rule judges limits by, limit by limit, and below it the other side of the coin.

    Parameters
    ----------
    study
        A choice of a limit.
    axes
        One axes, for what the rule judges: the blocked share (share), the mean cost with outage above that of the
        recommended limit (outage cost), or the quantile of cost (budget). Two axes, one above the other: in the second
        one the mean cost (share) or the blocked share.

    Returns
    -------
    What was given.
    """
    given: list[Axes] = [axes] if isinstance(axes, Axes) else list(axes)
    judged: dict[type, Callable[[LimitStudy, Axes], None]] = {OutageCost: _objective, Budget: _quantile}
    first = judged.get(type(study.verdict.rule), _share)
    for ax, draw in zip(given, (first, _cost if first is _share else _share), strict=False):
        draw(study, ax)
        _limits_axis(study, ax)
        ax.grid(axis="y")
    for ax in given[:-1]:
        ax.tick_params(labelbottom=False)
        ax.set_xlabel("")
    _legend(study, given[0])
    return axes


def curve(study: LimitStudy, width_inches: float, height_inches: float) -> Curve:
    """Draw the curve for a page."""
    with style():
        figure = new_figure(width_inches, height_inches)
        axes = figure.subplots(2, 1, sharex=True)
        draw_curve(study, axes)
        svg = svg_of(figure)
    width, height = 72 * width_inches, 72 * height_inches
    places = axes[0].transData.transform([(each, 0.0) for each in _places(study)])
    x = (places[:, 0] / figure.bbox.width * width).round(2)
    top, bottom = (height * (1 - axes[i].get_position().get_points()[j, 1]) for i, j in ((0, 1), (1, 0)))
    return Curve(svg, tuple(x.tolist()), round(top, 2), round(bottom, 2))


# ---- what is drawn ---------------------------------------------------------------------------------------------------


def _share(study: LimitStudy, ax: Axes) -> None:
    value, low, high = (100 * _column(study, f"blocked_share{end}") for end in ("", "_low", "_high"))
    rule = study.verdict.rule
    marks = [value, low, high]
    if isinstance(rule, MaxBlockedShare):
        most = 100 * float(rule.most)
        marks.append(np.array([most]))
        ax.axhline(most, color=RED, linewidth=1.3, linestyle=(0, (6, 2)), zorder=2)
        text = f"{phrases.percent(float(rule.most))} allowed"
        ax.annotate(text, (1, most), (0, 3), **_AT_THE_END, color=RED)
    _series(study, ax, value, low, high)
    _value_axis(ax, np.concatenate(marks), top=100.0)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda each, _: f"{each:.6g} %"))
    ax.set_ylabel("Normal SIM-periods blocked")


def _cost(study: LimitStudy, ax: Axes) -> None:
    _series(study, ax, *(_column(study, f"cost_{name}") for name in ("mean", "low", "high")))
    _money_axis(study, ax, "Mean cost")


def _quantile(study: LimitStudy, ax: Axes) -> None:
    rule = study.verdict.rule
    assert isinstance(rule, Budget)
    budget = rule.micros / 1e6
    _series(study, ax, *(_column(study, f"budget_quantile{end}") for end in ("", "_low", "_high")))
    ax.axhline(budget, color=RED, linewidth=1.3, linestyle=(0, (6, 2)), zorder=2)
    text = f"budget {words.money(budget, study.verdict.currency)}"
    ax.annotate(text, (1, budget), (0, 3), **_AT_THE_END, color=RED)
    _money_axis(study, ax, f"{phrases.percent(float(rule.quantile))} quantile of cost")


def _objective(study: LimitStudy, ax: Axes) -> None:
    """Differences, for means of limits that are close hide in each other's spread, which they share."""
    if study.choice.recommended is None:
        _series(study, ax, *(_column(study, f"objective{end}") for end in ("", "_low", "_high")))
        _money_axis(study, ax, "Mean cost with outage")
        return
    value, low, high = (_column(study, f"objective_diff{end}") for end in ("", "_low", "_high"))
    ax.axhline(0, color=RED, linewidth=1.3, linestyle=(0, (6, 2)), zorder=2)
    _series(study, ax, value, low, high)
    _value_axis(ax, np.concatenate([value, low, high]), top=np.inf)
    limit = phrases.limit(study.verdict, study.choice.recommended)
    _money_axis(study, ax, f"With outage, above {limit}")


def _series(study: LimitStudy, ax: Axes, value: Floats, low: Floats, high: Floats) -> None:
    """Values with their intervals; a bound that is missing is left open."""
    x, choice = _places(study), study.choice
    ax.plot(x, value, color=BLUE, linewidth=1.0, zorder=3)
    there = np.isfinite(low) & np.isfinite(high)
    ax.vlines(x[there], low[there], high[there], color=BLUE, linewidth=2.4, alpha=0.55, zorder=3.5)
    ax.plot(np.tile(x[there], 2), [*low[there], *high[there]], "_", color=BLUE, markersize=6, zorder=3.5)
    could_be = [] if choice.too_few else [place for place in choice.could_be if place != choice.recommended]
    best = [] if choice.recommended is None else [choice.recommended]
    others = [place for place in range(x.size) if place not in {*could_be, *best}]
    for places, look in ((others, _OTHER), (could_be, _COULD_BE), (best, BEST)):
        if places:
            small = {"s": 10 if look is _OTHER else 20} if x.size > _MANY and look is not BEST else {}
            ax.scatter(x[places], value[places], **(look | small))


def _legend(study: LimitStudy, ax: Axes) -> None:
    choice = study.choice
    shown = [(_OTHER, "limit" if choice.recommended is None else "other limit")]
    if choice.recommended is not None:
        shown.insert(0, (BEST, f"{phrases.limit(study.verdict, choice.recommended)}, recommended"))
        if len(choice.could_be) > 1:
            shown.insert(1, (_COULD_BE, "could be the answer"))
    handles = [ax.scatter([], [], label=label, **look) for look, label in shown]
    spot: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (-0.01, 1.0), "borderaxespad": 0.8}
    columns = len(handles) if _is_wide(ax) else 2
    ax.legend(handles=handles, ncols=columns, columnspacing=1.2, handletextpad=0.2, **spot)


# ---- axes ------------------------------------------------------------------------------------------------------------

_AT_THE_END: Final[dict[str, Any]] = {
    "xycoords": ("axes fraction", "data"),
    "textcoords": "offset points",
    "ha": "right",
    "va": "bottom",
    "fontsize": 9,
    "zorder": 7,
    "bbox": {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.8},
}


def _is_wide(ax: Axes) -> bool:
    figure = ax.get_figure(root=True)
    return figure is None or figure.get_figwidth() > 5


def _places(study: LimitStudy) -> Floats:
    """Where limits stand on their axis: in its unit."""
    _, factor = largest_unit(study.limit_bytes[-1])
    return np.array(study.limit_bytes, np.float64) / factor


def _limits_axis(study: LimitStudy, ax: Axes) -> None:
    x = _places(study)
    steps = np.diff(x)
    uneven = x.size > 2 and x[0] > 0 and steps.max() > _UNEVEN * steps.min()
    if uneven:
        ax.set_xscale("log")
        ax.xaxis.set_minor_locator(NullLocator())
    wide = _is_wide(ax)
    if uneven or x.size <= (_FEW if wide else _FEW // 2):
        kept = x[:: -(-x.size // (_FEW if wide else _FEW // 2))]
        ax.xaxis.set_major_locator(FixedLocator(kept.tolist()))
    else:
        ax.xaxis.set_major_locator(MaxNLocator(10 if wide else 6, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda each, _: f"{each:.12g}"))
    if x.size > 1:
        room = 0.04 if not uneven else 0.0
        ax.margins(x=room or 0.04)
    ax.set_xlabel(f"Data limit ({largest_unit(study.limit_bytes[-1])[0]})")


def _value_axis(ax: Axes, values: Floats, top: float) -> None:
    """Linear, or growing by tens with 0 on it, where linear would press small values together."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    most = float(sizes.max(initial=0.0))
    if sizes.size and most > WIDE_RANGE * np.quantile(sizes, 0.25):
        exponent = float(np.floor(np.log10(np.quantile(sizes, 0.1))))
        threshold = 10.0 ** max(exponent, np.floor(np.log10(most)) - 5)
        ax.set_yscale("symlog", linthresh=threshold, linscale=0.6)
        ax.yaxis.set_minor_locator(NullLocator())
        ends = [float(np.nanmin(values[np.isfinite(values)])), most]
        ax.set_ylim(ends[0] * 2 - 0.35 * threshold if ends[0] < 0 else -0.35 * threshold, ends[1] * 2.2)
    elif values.size and np.nanmin(values) >= 0 and top < np.inf:
        ax.set_ylim(-0.04 * (most or 1), 1.1 * (most or 1))


def _money_axis(study: LimitStudy, ax: Axes, label: str) -> None:
    currency = study.verdict.currency
    if ax.get_yscale() == "linear":
        locator = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10])
        ax.yaxis.set_major_locator(locator)
        low, high = ax.get_ylim()
        ticks = locator.tick_values(low, high)
        decimals = decimals_of(float(ticks[1] - ticks[0]))
        decimals += decimals == 1  # cents
        ax.yaxis.set_major_formatter(FuncFormatter(lambda each, _: _amount(f"{each:,.{decimals}f}")))
    else:
        ax.yaxis.set_major_formatter(FuncFormatter(lambda each, _: _amount(f"{each:,.6g}")))
    unit = "$" if currency == "USD" else words.plain(currency)
    ax.set_ylabel(f"{label} ({unit})", parse_math=False)


def _amount(text: str) -> str:
    return text.replace("-", "−")


def _column(study: LimitStudy, name: str) -> Floats:
    return np.array([np.nan if each is None else each for each in study.verdict.figures[name]], np.float64)
