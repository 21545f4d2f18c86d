"""The pictures of overage and cost. Each function draws on the axes it is given and hands them back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from fleetsim.report import words
from fleetsim.report.causes import CAUSES
from fleetsim.report.classes import OverageClasses
from fleetsim.report.scales import amount_axis, decimals_of, largest_unit
from fleetsim.report.source import ROLES, Result, Summary, confidence, replications, total
from fleetsim.report.style import BLUE, CAUSE_STYLE, INK

ENOUGH = 20
"""From so many replications on a band from the 5 % to the 95 % quantile; below, smallest to largest."""
_DOTS = 100  # more replications than this are a line, not dots

ABOVE: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (-0.01, 1.0), "borderaxespad": 0.2}
"""Where a legend can never cover the data."""

_COST_LABEL = {"cost": "Cost of the whole fleet", "overage_cost": "Cost beyond the limit"}


def overage_roles(result: Result) -> tuple[str, ...]:
    """The roles of which any SIM-period has overage: those that :func:`overage_by_cause` can draw."""
    return tuple(role for role in ROLES if total(result.replications, "overage_bytes", role=role))


def costs_that_vary(result: Result) -> tuple[str, ...]:
    """Which of ``cost`` and ``overage_cost`` differ between replications."""
    return tuple(metric for metric in _COST_LABEL if _cost(result, metric).nunique() > 1)


def overage_by_cause(result: Result, ax: Axes, roles: tuple[str, ...] = ROLES) -> Axes:
    """Where the overage sits: its bytes by size class of the SIM-periods, stacked by cause.

    The height of a bar is the overage per replication of all SIM-periods in its class; the number above
    it is how many those are. The heights of all bars add up to the mean overage of a replication.

    Parameters
    ----------
    roles
        The roles to count; axes of their own suit them where one uses far more than the other.

    Raises
    ------
    ValueError
        If no SIM-period of these roles has overage.
    """
    classes = result.overview.classes(roles)
    n = replications(result)
    unit, factor = largest_unit(int(classes.bytes_by_cause.sum(axis=0).max() / n))
    heights = classes.bytes_by_cause / n / factor
    left = np.arange(heights.shape[1])
    bottom = np.zeros(heights.shape[1])
    for cause, height in zip(CAUSES, heights, strict=True):
        if height.sum() == 0:
            continue
        label = f"{cause.label} {words.rough_share(height.sum() / heights.sum())}"
        look = CAUSE_STYLE[cause.key]
        ax.bar(left, height, 0.94, bottom, align="edge", edgecolor=INK, linewidth=0.7, label=label, **look)
        bottom = bottom + height
    for x, top, count in zip(left, bottom, classes.sim_periods, strict=True):
        if count:
            text = words.number(count / n)
            ax.annotate(text, (x + 0.47, top), (0, 3), textcoords="offset points", ha="center")
    ax.set_xlim(-0.2, len(left) + 0.2)
    ax.set_ylim(0, bottom.max() * 1.15)
    ax.set_xticks(np.arange(len(left) + 1) - 0.03, _edge_labels(classes))
    whose = f"{roles[0]} SIM" if len(roles) == 1 else "SIM"
    ax.set_xlabel(f"Overage of one {whose} in one billing period" + _unit_of(classes))
    ax.set_ylabel(f"Overage together ({unit})")
    ax.grid(axis="y")
    mean = "one replication" if n == 1 else f"mean of {n:,} replications"
    title = f"{' and '.join(roles)} devices, {mean}; above each bar: its SIM-periods"
    ax.legend(title=title, alignment="left", ncols=len(CAUSES), columnspacing=1.4, **ABOVE)
    return ax


def cost_over_replications(result: Result, ax: Axes, metric: str = "cost") -> Axes:
    """In what share of the replications a cost is at most so much, and where its mean lies.

    Parameters
    ----------
    metric
        ``cost``: of the whole fleet, fees included; ``overage_cost``: what is paid beyond the limit.
    """
    values = np.sort(_cost(result, metric).to_numpy())
    n = len(values)
    part = np.arange(1, n + 1) / n
    if n <= _DOTS:
        ax.plot(values, part, "o", color=BLUE, markersize=5, label="one replication", zorder=3)
    else:
        ax.step(values, part, where="post", color=BLUE, linewidth=2, label=f"{n:,} replications", zorder=3)
    mean = Summary(result).get(metric)
    currency = words.plain(str(result.manifest["currency"]))
    if mean is not None:
        if bounds := mean.interval:
            level = words.share(confidence(result))
            ax.axvspan(*bounds, facecolor="#d9d9d9", edgecolor="none", label=f"{level} interval of the mean")
        ax.axvline(mean.value, color=INK, linestyle="--", linewidth=1.2, label=f"mean {words.amount(mean.value)}")
    ax.set_ylim(0, 1.04)
    ax.margins(x=0.08)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %", decimals=0))
    amount_axis(ax.xaxis, *ax.get_xlim(), most=4 if values[-1] < 100_000 else 3)  # long labels need room
    ax.set_xlabel(f"{_COST_LABEL[metric]} in a run ({currency})", parse_math=False)
    ax.set_ylabel("Replications that cost no more")
    ax.grid()
    ax.legend(**ABOVE)
    return ax


def _cost(result: Result, metric: str) -> pd.Series:
    """Cost per replication in the currency; shape (replications,)."""
    return result.replications.groupby("replication")[f"{metric}_micros"].sum() / 1e6


def _edge_labels(classes: OverageClasses) -> list[str]:
    """One unit for all where the classes are even, else each edge with its own below it."""
    edges = classes.edges_bytes.tolist()
    if classes.even:
        _unit, factor = largest_unit(edges[-1])
        decimals = decimals_of((edges[1] - edges[0]) / factor)
        return [f"{edge / factor:,.{decimals}f}" for edge in edges]
    labels = []
    for edge in edges:
        unit, factor = largest_unit(edge)
        labels.append(f"{words.number(edge / factor)}\n{unit}")
    return labels


def _unit_of(classes: OverageClasses) -> str:
    return f" ({largest_unit(int(classes.edges_bytes[-1]))[0]})" if classes.even else ""
