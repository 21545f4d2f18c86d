"""The frontier of limits: what each costs, against whom it blocks."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator
from numpy.typing import NDArray

from fleetsim.choice import phrases
from fleetsim.choice.picture import BEST, WIDE_RANGE
from fleetsim.choice.rules import MaxBlockedShare
from fleetsim.choice.study import LimitStudy
from fleetsim.report import words
from fleetsim.report.plots import ABOVE
from fleetsim.report.scales import amount_axis
from fleetsim.report.style import BLUE, INK, QUIET, RED
from fleetsim.units import canonical_bytes

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Told apart by shape and size, so that no meaning hangs on colour.
_WORSE: Final[dict[str, Any]] = {"marker": "o", "s": 22, "facecolor": "#c9d3de", "edgecolor": "#8fa3b8", "zorder": 3}
_WORTH: Final[dict[str, Any]] = {"marker": "o", "s": 34, "facecolor": BLUE, "edgecolor": BLUE, "zorder": 4}
_COULD_BE: Final[dict[str, Any]] = {
    "marker": "o",
    "s": 120,
    "facecolor": "none",
    "edgecolor": INK,
    "linewidth": 1.4,
    "zorder": 5,
}
_UPON_POINTS: Final = 1.5
"""Points that are not farther apart lie upon each other."""
_FONT: Final = 8.5


def undominated(share: Floats, cost: Floats) -> Bools:
    """Tell which limits no other one beats: none is better by one of the two and at least as good by the other.

    Parameters
    ----------
    share, cost
        Of each limit; shape (limits,).
    """
    no_worse = (share[:, None] <= share) & (cost[:, None] <= cost)
    better = no_worse & ((share[:, None] < share) | (cost[:, None] < cost))
    return np.logical_not(better.any(axis=0))


def draw_frontier(study: LimitStudy, ax: Axes) -> Axes:
    """Draw the mean cost of each limit against its blocked share, with its name.

    Parameters
    ----------
    study
        A choice of a limit.
    ax
        Where to draw.

    Returns
    -------
    The same axes.
    """
    figures, choice, currency = study.verdict.figures, study.choice, study.verdict.currency
    share = 100 * np.array(figures["blocked_share"], np.float64)
    cost = np.array(figures["cost_mean"], np.float64)
    worth = undominated(share, cost)
    best = np.arange(share.size) == choice.recommended
    could_be = np.isin(np.arange(share.size), () if choice.too_few else choice.could_be) & ~best
    order = np.lexsort((cost, share))
    line = order[worth[order]]
    ax.plot(share[line], cost[line], drawstyle="steps-post", color=BLUE, linewidth=1.0, linestyle=(0, (4, 2)), zorder=2)
    looks = (
        (best, BEST, "recommended"),
        (could_be, _COULD_BE, "could be the answer"),
        (worth & ~best, _WORTH, "on the frontier"),
        (~worth & ~best, _WORSE, "beaten by another limit"),
    )
    for those, look, label in looks:
        if those.any():
            ax.scatter(share[those], cost[those], label=label, **look)
    rule = study.verdict.rule
    if isinstance(rule, MaxBlockedShare):
        label = f"{phrases.percent(float(rule.most))} allowed"
        ax.axvline(100 * float(rule.most), color=RED, linewidth=1.3, linestyle=(0, (6, 2)), zorder=1, label=label)
    ax.margins(0.1, 0.14)
    _share_axis(ax, share)
    amount_axis(ax.yaxis, *ax.get_ylim(), most=6)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda each, _: f"{each:.6g} %"))
    ax.set_xlabel("Normal SIM-periods blocked")
    unit = "$" if currency == "USD" else words.plain(currency)
    ax.set_ylabel(f"Mean cost ({unit})", parse_math=False)
    ax.grid()
    _names(study, ax, np.column_stack([share, cost]), worth | best)
    ax.legend(ncols=2, **ABOVE)
    return ax


def _share_axis(ax: Axes, share: Floats) -> None:
    """Linear, or growing by tens with 0 on it, where linear would press small shares together."""
    seen = share[share > 0]
    if seen.size and seen.max() > WIDE_RANGE * np.quantile(seen, 0.25):
        least = 10.0 ** np.floor(np.log10(np.quantile(seen, 0.1)))
        ax.set_xscale("symlog", linthresh=least, linscale=0.6)
        ax.xaxis.set_minor_locator(NullLocator())
        ax.set_xlim(-0.35 * least, share.max() * 2.2)


def _names(study: LimitStudy, ax: Axes, spots: Floats, dark: Bools) -> None:
    """Name limits beside their points: the recommended one, then as many as there is room for, the frontier first."""
    figure, best = ax.get_figure(root=True), study.choice.recommended
    assert figure is not None
    at = ax.transData.transform(spots) * 72 / figure.dpi
    taken: list[tuple[float, float]] = []
    for stack in sorted(_stacks(at, best), key=lambda stack: (best not in stack, not dark[stack].any())):
        name = phrases.limit(study.verdict, stack[0])
        if len(stack) > 1:
            name = f"{name} to {canonical_bytes(study.limit_bytes[stack[-1]])}"
        x, y = at[stack[0]]
        width = 8 + 0.65 * _FONT * len(name)
        if any(abs(y - above) < 1.2 * _FONT and abs(x - beside) < width for beside, above in taken):
            continue
        taken.append((x, y))
        look: dict[str, Any] = {"color": INK if dark[stack].any() else QUIET, "zorder": 7}
        look |= {"fontsize": _FONT, "fontweight": "bold" if best in stack else "normal"}
        ax.annotate(name, tuple(spots[stack[0]]), (7, 2), textcoords="offset points", va="bottom", **look)


def _stacks(at: Floats, best: int | None) -> list[list[int]]:
    """Limits that follow each other and whose points lie upon each other; the best one stands by itself."""
    stacks = [[0]]
    for place in range(1, len(at)):
        far = np.hypot(*(at[place] - at[stacks[-1][0]])) > _UPON_POINTS
        if far or best in (place, place - 1):
            stacks.append([])
        stacks[-1].append(place)
    return stacks
