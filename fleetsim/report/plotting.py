"""Pictures for notebooks, of one SIM each: what `Result.plot` offers."""

from __future__ import annotations

import io

from matplotlib.figure import Figure

from fleetsim.errors import BadInput, Mistake
from fleetsim.experiments.story import tell
from fleetsim.report import sim_period
from fleetsim.report.source import Result, replications
from fleetsim.report.style import style


class Drawn(Figure):
    """A figure that a notebook shows, in the report's style."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        with style():
            self.savefig(file, format="png")
        return file.getvalue()


class Plots:
    """Pictures of a result."""

    def __init__(self, result: Result) -> None:
        self._result = result

    def sim_period(self, sim: int, replication: int = 0, period: int = 0) -> Figure:
        """Draw one SIM's billing period: what it used, what it was allowed, and how it was stopped.

        The SIM is simulated again, with all its usage records; it does the same as in the run.

        Parameters
        ----------
        sim, replication, period
            Numbers, from 0, as in ``sim_periods``.

        Returns
        -------
        matplotlib.figure.Figure
            To look at in a notebook, or to save: ``figure.savefig("sim.png")``.

        Raises
        ------
        BadInput
            The run has no such SIM, replication or period.
        """
        result = self._result
        if not 0 <= replication < replications(result):
            expected = f"expected a replication from 0 to {replications(result) - 1}"
            raise BadInput(Mistake("replication", None, "", f"found {replication}; {expected}"))
        story = tell(result.scenario, str(result.manifest["engine"]), replication, sim, period)
        with style():
            size = (sim_period.WIDTH_INCHES, sim_period.height_inches(story))
            return sim_period.draw(story, Drawn(figsize=size, layout="constrained"))
