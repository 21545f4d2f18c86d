"""Where a sweep is least and most: ties are named together, and what chance may have turned round is counted."""

from __future__ import annotations

from itertools import product

import numpy as np
import pyarrow as pa
import pytest

from fleetsim.comparison.axis import Axis
from fleetsim.comparison.ends import ends
from fleetsim.comparison.metrics import METRICS, SUMMED, observed
from fleetsim.comparison.simulate import CASE, SUMS
from fleetsim.comparison.sweep import Sweep, metric_columns

COST = next(metric for metric in METRICS if metric.name == "cost")
LIMIT, INTERVAL = Axis("fleets.m.data_limit", ("1MB", "2MB")), Axis("platform.record_interval", ("6min", "1h", "1day"))


def said(axes: tuple[Axis, ...], costs: object) -> str:
    """What is said of costs of shape (points, replications)."""
    costs = np.asarray(costs, np.int64) * 1_000_000
    points, n = costs.shape
    columns: dict[str, object] = {name: np.zeros(points * n, np.int64) for name in SUMMED}
    where = np.array(list(product(range(points), range(n))))
    columns |= {"sims": np.full(points * n, 9), "sim_periods": np.full(points * n, 9), "cost_micros": costs.ravel()}
    columns |= {CASE: where[:, 0], "replication": where[:, 1]}
    for name in ("fleet", "device_group", "role"):
        columns[name] = pa.array(["normal"] * (points * n)).dictionary_encode()
    sums = pa.table([pa.array(columns[field.name]).cast(field.type) for field in SUMS], schema=SUMS)
    table = pa.table(metric_columns(observed(sums, points, n)))
    sweep = Sweep(table, sums, axes, {"replications": n, "confidence": 0.95})
    return ends(sweep, COST, [f"{each:.0f}" for each in table["cost"].to_pylist()])


def test_a_point_that_is_the_least_beyond_doubt_is_named():
    assert said((LIMIT,), [[10, 11, 12], [20, 21, 22]]) == "least, 11 at data_limit 1MB; most, 21 at data_limit 2MB"


def test_points_that_tie_are_named_together():
    costs = [[10, 11, 12]] * 3 + [[20, 21, 22], [30, 31, 32], [30, 31, 32]]
    assert said((LIMIT, INTERVAL), costs) == (
        "least, 11, the same at data_limit 1MB with every record_interval;"
        " most, 31, the same at data_limit 2MB with record_interval 1h and 1day"
    )


def test_ties_that_are_no_grid_are_counted():
    costs = [[10, 11], [20, 21], [30, 31], [20, 21], [10, 11], [30, 31]]
    assert said((LIMIT, INTERVAL), costs).startswith(
        "least, 10, the same at 2 points, data_limit 1MB and record_interval 6min among them;"
    )


def test_a_least_that_chance_may_have_made_is_only_what_was_seen():
    axis = Axis("fleets.m.data_limit", ("1MB", "2MB", "3MB"))
    assert said((axis,), [[10, 12, 11, 13], [13, 10, 12, 12], [90, 91, 93, 92]]) == (
        "least seen, 12 at data_limit 1MB, not to be told from 1 other point; most, 92 at data_limit 3MB"
    )
    assert said((LIMIT,), [[10, 12, 11, 13], [13, 10, 12, 12]]) == (
        "12 at data_limit 1MB, 12 at data_limit 2MB, and no point can be told from the least"
    )


def test_what_is_the_same_everywhere_has_no_ends():
    assert said((LIMIT,), [[10, 11, 12]] * 2) == "11 at every point"


@pytest.mark.parametrize(("count", "where"), [(3, "3MB, 4MB and 5MB"), (4, "4 values of data_limit from 3MB to 6MB")])
def test_many_values_are_not_named_one_by_one(count, where):
    axis = Axis("fleets.m.data_limit", tuple(f"{i}MB" for i in range(1, count + 3)))
    text = said((axis,), [[90, 91], [50, 51], *[[10, 11]] * count])
    assert text == f"least, 10, the same at {where if count > 3 else f'data_limit {where}'}; most, 90 at data_limit 1MB"
