"""Pictures of a run for notebooks and papers: what `Result.plot` offers. Matplotlib's axes in, axes out."""

from __future__ import annotations

from typing import Literal

from matplotlib.axes import Axes

from fleetsim.errors import BadInput, Mistake
from fleetsim.experiments.arguments import check_word
from fleetsim.experiments.story import Story, tell
from fleetsim.report import plots, sim_period
from fleetsim.report.canvas import canvas, new_figure, say
from fleetsim.report.silent import blocked_over_time, silent
from fleetsim.report.source import ROLES, Result, replications, total

Role = Literal["normal", "faulty"]


class ResultPlots:
    """Pictures of a result.

    Each draws on the axes that it is given, or on those of a new figure in the report's style, and returns them.
    Nothing in them is told by colour alone, so they can be printed in grey.
    """

    def __init__(self, result: Result) -> None:
        self._result = result

    def overage(self, ax: Axes | None = None, *, role: Role | None = None) -> Axes:
        """Draw where the overage sits, by size of a SIM-period's overage, and its causes.

        A bar is as high as the overage of all SIM-periods in its class (mean of the replications), stacked by cause;
        above it stands how many SIM-periods these are.

        Parameters
        ----------
        ax
            Axes to draw on; ``None``: those of a new figure.
        role
            ``"normal"`` or ``"faulty"`` devices only: a few kB of customers vanish beside a runaway device's GB.

        Raises
        ------
        BadInput
            The run kept sums only, or there is no such role.
        """
        roles = _roles(role)
        there = [each for each in plots.overage_roles(self._result) if each in roles]
        with canvas(ax, 3.4) as drawn:
            if there:
                return plots.overage_by_cause(self._result, drawn, tuple(there))
            return say(drawn, f"No {_whose(role)} moved a byte beyond its limit.")

    def cost(self, ax: Axes | None = None, *, metric: Literal["cost", "overage_cost"] = "cost") -> Axes:
        """Draw in which share of the replications the run costs at most so much, and the mean with its interval.

        Parameters
        ----------
        ax
            Axes to draw on; ``None``: those of a new figure.
        metric
            ``"cost"``: of the whole fleet, fees included; ``"overage_cost"``: what is paid beyond the limit.

        Raises
        ------
        BadInput
            There is no such metric.
        """
        check_word("metric", metric, ("cost", "overage_cost"))
        with canvas(ax) as drawn:
            return plots.cost_over_replications(self._result, drawn, metric)

    def blocked(self, ax: Axes | None = None, *, role: Role | None = None) -> Axes:
        """Draw how many SIMs are blocked at each moment: the mean of the replications, and how far these lie apart.

        Parameters
        ----------
        ax
            Axes to draw on; ``None``: those of a new figure.
        role
            ``"normal"`` or ``"faulty"`` devices only.

        Raises
        ------
        BadInput
            There is no such role.
        """
        roles = _roles(role)
        stretch = silent(self._result)
        there = tuple(each for each in roles if each in stretch.counts)
        with canvas(ax) as drawn:
            if there:
                return blocked_over_time(self._result, drawn, stretch, there)
            if any(total(self._result.replications, "blocked_sim_periods", role=each) for each in roles):
                return say(drawn, "SIMs were blocked, but too briefly to show over time.")
            return say(drawn, f"No {_whose(role)} was blocked at any time.")

    def sim_period(self, sim: int, replication: int = 0, period: int = 0, ax: Axes | None = None) -> Axes:
        """Draw one SIM's billing period: what it used, what it was allowed, and how it was stopped.

        The SIM is simulated again, with all its usage records; it does the same as in the run.

        Parameters
        ----------
        sim, replication, period
            Numbers, from 0, as in ``sim_periods``.
        ax
            Axes to draw the whole period on. ``None``: a new figure, with a closer look at how the limit worked, and
            what happened in words.

        Returns
        -------
        matplotlib.axes.Axes
            With the whole period; ``.figure`` has the other panels.

        Raises
        ------
        BadInput
            The run has no such SIM, replication or period.
        """
        story = self._story(sim, replication, period)
        if ax is None:
            with new_figure(sim_period.height_inches(story)) as figure:
                return sim_period.draw(story, figure).axes[0]
        with canvas(ax) as drawn:
            return sim_period.draw_whole(story, drawn)

    def _story(self, sim: int, replication: int, period: int) -> Story:
        result = self._result
        if not 0 <= replication < replications(result):
            expected = f"expected a replication from 0 to {replications(result) - 1}"
            raise BadInput(Mistake("replication", None, "", f"found {replication}; {expected}"))
        return tell(result.scenario, str(result.manifest["engine"]), replication, sim, period)


def _roles(role: str | None) -> tuple[str, ...]:
    if role is None:
        return ROLES
    check_word("role", role, ROLES)
    return (role,)


def _whose(role: str | None) -> str:
    return "SIM" if role is None else f"{role} SIM"
