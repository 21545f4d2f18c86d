"""How a comparison and a sweep show themselves in a notebook."""

from __future__ import annotations

from typing import Final

from fleetsim.comparison import phrases
from fleetsim.comparison.compare import Comparison
from fleetsim.comparison.metrics import METRICS
from fleetsim.comparison.points import grid
from fleetsim.comparison.sweep import Sweep
from fleetsim.experiments.summary import NORMAL
from fleetsim.markup import Grid, card
from fleetsim.report import words

_SHOWN: Final = (f"blocked_sim_periods_share{NORMAL}", f"blocked_hours{NORMAL}", "overage_cost", "cost")
_MOST_ROWS: Final = 12


def comparison_card(comparison: Comparison) -> str:
    """Give the answer, and means of cost and service side by side."""
    made_of, names = comparison.provenance, comparison.names
    n = made_of["replications"]
    kind = f"comparison on the same random numbers: {comparison.horizon}, {phrases.replications(n)}"
    rows = [row for row in comparison.found.rows if row.metric.name in _SHOWN]
    cells = [
        (
            phrases.label(row.metric, made_of["currency"]),
            *(
                phrases.mean(row.metric, *mean, decimals)
                for mean, decimals in zip(row.means, phrases.shared(row.metric, row.means), strict=True)
            ),
        )
        for row in rows
    ]
    same = [
        phrases.label(metric, made_of["currency"])
        for metric in METRICS
        if metric.name in _SHOWN and metric.name in comparison.same
    ]
    notes = [
        f"The same in all: {'; '.join(same)}." if same else "",
        "Data frames: `.table` (all metrics, differences and their intervals), `.replications`; pictures: `.plot`",
    ]
    return card(" / ".join(names), kind, comparison.sentences, Grid(("means", *names), cells), notes)


def sweep_card(sweep: Sweep) -> str:
    """Give what was varied, and cost and service at each point."""
    made_of = sweep.provenance
    points, currencies = sweep.arrow.num_rows, set(made_of["currencies"])
    currency = currencies.pop() if len(currencies) == 1 else "in its currency"
    kind = f"sweep on the same random numbers: {words.counted(points, 'point', 'points')}, "
    kind += phrases.replications(made_of["replications"])
    metrics = [each for each in METRICS if each.name in _SHOWN and each.name in sweep.arrow.schema.names]
    heads = (*(axis.path for axis in sweep.axes), *(phrases.label(metric, currency) for metric in metrics))
    shown = sweep.arrow.slice(0, _MOST_ROWS).to_pylist()
    columns = [[mean for mean, _ in phrases.column(metric, shown)] for metric in metrics]
    cells = [(*point, *means) for point, *means in zip(grid(sweep.axes), *columns, strict=False)]
    notes = [
        f"and {points - _MOST_ROWS:,} more points" if points > _MOST_ROWS else "",
        "Data frames: `.table` (all metrics and their intervals), `.replications`; pictures: `.plot`",
    ]
    return card(str(made_of["name"]), kind, [], Grid(heads, cells, len(sweep.axes)), notes)
