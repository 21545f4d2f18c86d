"""The picture of blocked SIMs over time: the stretch of the run in which there are any."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from fleetsim.report.plots import ABOVE, ENOUGH
from fleetsim.report.scales import date_axis, days
from fleetsim.report.source import ROLES, Result, has_rows, replications, start_and_end
from fleetsim.report.style import QUIET, ROLE_STYLE

MOST_ENTRIES = 12
"""Of the timeline, that lines can mark."""
_SHORT = 0.25  # a stretch of less of the run is shown alone
_POINTS = 1000


@dataclass(frozen=True)
class Silent:
    """Blocked SIMs at each instant of a stretch of the run.

    Parameters
    ----------
    start, end
        The stretch, UTC.
    counts
        By role with any: a frame with a row for each instant and a column for each replication.
    """

    start: datetime
    end: datetime
    counts: dict[str, pd.DataFrame]

    def is_part(self, result: Result) -> bool:
        """Whether this is less than the whole run."""
        return (self.start, self.end) != start_and_end(result)


def silent(result: Result) -> Silent:
    """Count blocked SIMs over the run; finer, where all blocks lie in a small part of it, over that part."""
    start, end = start_and_end(result)
    if (found := _short(result)) is not None:
        return found
    frame = result.blocked[result.blocked["blocked_sims"] > 0]
    return Silent(start, end, {role: blocked_counts(result, role) for role in ROLES if (frame["role"] == role).any()})


def blocked_counts(result: Result, role: str) -> pd.DataFrame:
    """Blocked SIMs of a role over all fleets: one row an instant, one column a replication."""
    frame = result.blocked[result.blocked["role"] == role]
    return frame.groupby(["time", "replication"])["blocked_sims"].sum().unstack(fill_value=0)


def _short(result: Result) -> Silent | None:
    """The stretch with blocked SIMs, from the rows; ``None`` where it is long or the rows do not say it."""
    if not has_rows(result) or (between := result.overview.blocked_between_ms) is None:
        return None
    (first, last), (start, end) = between, start_and_end(result)
    run = (end - start) // timedelta(milliseconds=1)
    if last - first >= _SHORT * run:
        return None
    room = max((last - first) // 10, 1000)
    first, last = max(first - room, 0), min(last + room, run)
    grid = np.linspace(first, last, _POINTS).astype(np.int64)
    times = pd.DatetimeIndex(pd.Timestamp(start) + pd.to_timedelta(grid, unit="ms"), name="time")
    found = result.overview.blocked_at(grid)
    counts = {role: pd.DataFrame(found[role], index=times) for role in ROLES if role in found}
    return Silent(start + timedelta(milliseconds=first), start + timedelta(milliseconds=last), counts)


def marked(result: Result, stretch: Silent) -> list[datetime]:
    """Instants of the timeline's entries that lie in the stretch; none where they are too many to be told apart."""
    start = start_and_end(result)[0]
    instants = sorted({start + timedelta(milliseconds=entry.at_ms) for entry in result.scenario.timeline})
    inside = [instant for instant in instants if stretch.start <= instant <= stretch.end]
    return inside if len(inside) <= MOST_ENTRIES else []


def blocked_over_time(result: Result, ax: Axes, stretch: Silent, roles: tuple[str, ...] = ROLES) -> Axes:
    """Blocked SIMs at each instant: the mean over replications and how far they lie apart.

    Parameters
    ----------
    stretch
        Of :func:`silent`.
    roles
        The roles to draw; their own axes suit them where one has far more SIMs than the other.
    """
    n = replications(result)
    for role in roles:
        if role not in stretch.counts:
            continue
        counts = stretch.counts[role]
        times = days(pd.DatetimeIndex(counts.index).tz_localize(None).to_numpy())
        values = counts.to_numpy()
        look = ROLE_STYLE[role]
        if n > 1 and (values != values[:, :1]).any():
            low, high = (
                np.quantile(values, [0.05, 0.95], axis=1) if n >= ENOUGH else (values.min(axis=1), values.max(axis=1))
            )
            spread = "5 % to 95 %" if n >= ENOUGH else "smallest to largest"
            ax.fill_between(
                times,
                low,
                high,
                step="post",
                facecolor=(look["color"], 0.22),
                hatch="//" if role == "faulty" and len(roles) > 1 else None,  # where both may lie in one picture
                linewidth=0,
                label=f"{role}, {spread} of {n:,} replications",
            )
        name = f"{role}, mean" if n > 1 else role
        ax.plot(times, values.mean(axis=1), drawstyle="steps-post", label=name, **look)
    for when in marked(result, stretch):
        ax.axvline(float(days(when)), color=QUIET, linestyle=":", linewidth=1.4)
    date_axis(ax.xaxis)
    ax.set_xlim(float(days(stretch.start)), float(days(stretch.end)))
    ax.set_ylim(0, max(1.0, float(ax.dataLim.ymax)) * 1.08)
    ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=True))
    ax.set_xlabel(f"Time (UTC), from {stretch.start:%Y-%m-%d}")
    ax.set_ylabel("Blocked SIMs")
    ax.grid()
    ax.legend(ncols=2, **ABOVE)
    return ax
