"""Pictures of a choice for notebooks and papers: what `LimitStudy.plot` offers. Matplotlib's axes in, axes out."""

from __future__ import annotations

from matplotlib.axes import Axes

from fleetsim.choice.frontier import draw_frontier
from fleetsim.choice.picture import draw_curve
from fleetsim.choice.study import LimitStudy
from fleetsim.report.canvas import canvas, legend_above, new_figure


class LimitStudyPlots:
    """Pictures of the limits that were judged.

    Each draws on the axes that it is given, or on those of a new figure in the report's style, and returns them.
    Nothing in them is told by colour alone, so they can be printed in grey.
    """

    def __init__(self, study: LimitStudy) -> None:
        self._study = study

    def curve(self, ax: Axes | None = None) -> Axes:
        """Draw what the rule judges the limits by, limit by limit, with intervals.

        That is the blocked share (max-blocked-share), the mean cost with outage above that of the recommended limit
        (outage-cost), or the quantile of cost (budget).

        Parameters
        ----------
        ax
            Axes to draw on. ``None``: a new figure, which shows the other side of the coin below: the mean cost, or the
            blocked share.

        Returns
        -------
        matplotlib.axes.Axes
            With what the rule judges by; ``.figure`` has the other panel.
        """
        if ax is None:
            with new_figure(5.0) as figure:
                axes = figure.subplots(2, 1, sharex=True)
                draw_curve(self._study, axes)
                legend_above(axes[0], figure)
                first: Axes = axes[0]
                return first
        with canvas(ax) as drawn:
            draw_curve(self._study, drawn)
            return drawn

    def frontier(self, ax: Axes | None = None) -> Axes:
        """Draw what service costs: the mean cost of each limit against the share of SIM-periods that it blocks.

        A limit is worth a thought if no other one both costs less and blocks fewer; those others are drawn lighter.

        Parameters
        ----------
        ax
            Axes to draw on; ``None``: those of a new figure.
        """
        with canvas(ax, 4.2) as drawn:
            return draw_frontier(self._study, drawn)
