"""A sweep: the points of a grid, each simulated with the same random numbers, in one tidy table."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from fleetsim.comparison.axis import Axis
from fleetsim.comparison.columns import column, unit_of
from fleetsim.comparison.metrics import METRICS, Floats, Observed, observed
from fleetsim.comparison.points import Point
from fleetsim.comparison.simulate import CASE, REPLICATIONS, SUMS, simulate_cases
from fleetsim.errors import BadInput, Mistake
from fleetsim.experiments.inputs import inputs_of
from fleetsim.experiments.provenance import provenance
from fleetsim.experiments.store import SCENARIO
from fleetsim.experiments.study_folder import Kept, Study, StudyFolder, read_table
from fleetsim.experiments.summary import CONFIDENCE, QUANTILES
from fleetsim.experiments.workers import Progress
from fleetsim.inference.quantiles import quantile_interval
from fleetsim.scenario import Scenario, dump, scenario_hash
from fleetsim.version import __version__

if TYPE_CHECKING:
    from fleetsim.comparison.plotting import SweepPlots

SWEEP: Final = Study(
    "sweep",
    {REPLICATIONS: SUMS},
    ("sweep",),
    {"vary": "other points", "scenario_hashes": "another scenario, by its hash"},
)


@dataclass(frozen=True)
class Grid:
    """What a sweep simulates: its axes, its points, and the scenario of each."""

    axes: tuple[Axis, ...]
    points: tuple[Point, ...]
    scenarios: tuple[Scenario, ...]

    @property
    def identity(self) -> dict[str, Any]:
        """What was simulated for one sweep can be used for another that has the same."""
        return {
            "seed": self.scenarios[0].seed,
            "version": __version__,
            "vary": {axis.path: list(axis.values) for axis in self.axes},
            "scenario_hashes": [scenario_hash(scenario) for scenario in self.scenarios],
        }


class Sweep:
    """What a sweep leaves.

    Attributes
    ----------
    arrow : pyarrow.Table
        ``sweep.parquet``: one row a point. The fields of the varied paths have their units as metadata.
    sums : pyarrow.Table
        ``replications.parquet``: sums over the rows of each point (``case``, its row in `arrow`), replication, fleet
        and device group.
    axes : tuple of Axis
        The paths that are varied, with their values as they were given.
    provenance : dict
        Versions, seed, engine, scenario hashes: what it takes to sweep again.
    """

    file = "sweep.parquet"

    def __init__(self, arrow: pa.Table, sums: pa.Table, axes: tuple[Axis, ...], provenance: dict[str, Any]) -> None:
        self.arrow = arrow
        self.sums = sums
        self.axes = axes
        self.provenance = provenance

    @classmethod
    def read(cls, folder: str | Path) -> Sweep:
        """Read a finished sweep.

        Raises
        ------
        BadInput
            `folder` holds none.
        """
        folder = Path(folder)
        if not (folder / SWEEP.file).is_file():
            what = f"found no result of `fleetsim sweep`; expected a folder with {SWEEP.file}"
            raise BadInput(Mistake(str(folder), None, "", what))
        try:
            said = json.loads((folder / SWEEP.file).read_text(encoding="utf-8"))
            axes = tuple(Axis(path, tuple(values)) for path, values in said["vary"].items())
            return cls(read_table(folder / cls.file), read_table(folder / "replications.parquet", SUMS), axes, said)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, pa.ArrowException) as error:
            what = f"this sweep cannot be read ({' '.join(str(error).split())}); sweep again with --overwrite"
            raise BadInput(Mistake(str(folder), None, "", what)) from error

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a point, the last path varied fastest: the varied paths, then the metrics over replications.

        Means have the metric's name, the bounds of their intervals ``_low`` and ``_high`` after it (missing where there
        is one replication); ``cost_p50``, ``cost_p95`` and ``cost_p99`` are missing below the replications that they
        need. Whole numbers of a path are int64, nullable (``Int64``) where ``unlimited`` is among the values.
        """
        frame = pd.DataFrame(self.arrow.to_pandas())
        for field in self.arrow.schema:
            if pa.types.is_integer(field.type) and self.arrow[field.name].null_count:
                frame[field.name] = self.arrow[field.name].to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
        return frame

    @cached_property
    def replications(self) -> pd.DataFrame:
        """Sums of each point, replication, fleet and device group, the varied paths before them."""
        varied = self.table[[axis.path for axis in self.axes]]
        sums: pd.DataFrame = self.sums.to_pandas()
        return pd.concat([varied.iloc[sums[CASE]].reset_index(drop=True), sums.drop(columns=CASE)], axis=1)

    @property
    def units(self) -> dict[str, str]:
        """Unit of each varied path's column: bytes, ms, per day; empty where it has none."""
        return {axis.path: unit_of(self.arrow.schema.field(axis.path)) for axis in self.axes}

    @property
    def plot(self) -> SweepPlots:
        """Pictures: ``sweep.plot.curve()``."""
        from fleetsim.comparison.plotting import SweepPlots  # loads matplotlib

        return SweepPlots(self)

    def _repr_html_(self) -> str:
        from fleetsim.comparison.card import sweep_card

        return sweep_card(self)

    def __repr__(self) -> str:
        paths = " x ".join(f"{axis.path} ({len(axis.values)})" for axis in self.axes)
        return (
            f"<fleetsim.Sweep {self.provenance['name']!r}: {paths}, {self.arrow.num_rows} points,"
            f" {self.provenance['replications']} replications>"
        )


def sweep_grid(
    grid: Grid,
    engine: str,
    workers: int | None,
    executor: Executor | None,
    *,
    out: Path | None,
    resume: bool,
    overwrite: bool,
    progress: Callable[[int, int], Progress],
) -> Sweep:
    """Simulate the points of a grid.

    Parameters
    ----------
    grid
        Its scenarios have one seed and one number of replications.
    engine
        Name of an engine that is ready.
    workers
        As many processes or threads; ``None``: all cores, unless there is too little to do.
    executor
        Simulates instead; see :mod:`fleetsim.experiments.executors`.
    out
        Folder for the result; ``None`` keeps it in memory.
    resume, overwrite
        What to do with a folder that is not empty.
    progress
        Told how many SIMs there are to simulate over all points and replications, and how many of them are known.

    Raises
    ------
    BadInput
        The folder holds something else.
    OSError
        Something could not be read or written, or processes were killed.
    """
    started = time.monotonic()
    first = grid.scenarios[0]
    n = first.replications
    folder = None if out is None else StudyFolder(out, SWEEP, grid.identity)
    with nullcontext() if folder is None else folder.held():
        known: list[Kept] = []
        if folder is not None:
            if resume and (folder.finished() or {}).get("replications") == n:
                return folder.read_again(Sweep.read, lambda result: _page(result, first))
            names, inputs = inputs_of(first)
            known = folder.open({SCENARIO: dump(first, names)}, inputs, resume=resume, overwrite=overwrite)
        sums = simulate_cases(grid.scenarios, n, engine, workers, known, folder, progress, executor)
        table = sweep_table(grid, observed(sums, len(grid.points), n))
        made_of = provenance(first, engine, time.monotonic() - started) | grid.identity
        made_of |= {"replications": n, "confidence": CONFIDENCE}
        made_of["currencies"] = [scenario.tariff.currency for scenario in grid.scenarios]
        made_of["units"] = {axis.path: unit_of(table.schema.field(axis.path)) for axis in grid.axes}
        warnings = [text for scenario in grid.scenarios for text in scenario.warnings]
        made_of["warnings"] = list(dict.fromkeys(warnings))
        del made_of["scenario_hash"]  # that of the first point only
        result = Sweep(table, sums, grid.axes, made_of)
        if folder is not None:
            folder.finish({REPLICATIONS: sums, "sweep": table}, made_of, _page(result, first))
    return result


def _page(result: Sweep, first: Scenario) -> str:
    """``report.html``."""
    from fleetsim.comparison.sweep_page import render  # loads matplotlib

    return render(result, first)


def sweep_table(grid: Grid, seen: Observed) -> pa.Table:
    """``sweep.parquet``: one row a point."""
    fields, columns = [], []
    for place, axis in enumerate(grid.axes):
        field, values = column(axis)
        of_value = dict(zip(axis.values, values, strict=True))
        fields.append(field)
        columns.append(pa.array([of_value[point[place]] for point in grid.points], field.type))
    for name, numbers in metric_columns(seen).items():
        fields.append(pa.field(name, pa.float64()))
        columns.append(pa.array(numbers, pa.float64()))
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def metric_columns(seen: Observed) -> dict[str, list[float | None]]:
    """Means with their intervals, and quantiles of cost; ``None`` where the replications allow none."""
    found: dict[str, list[float | None]] = {}
    for metric in METRICS:
        there = seen.has(metric) if metric.normal else np.ones(len(seen.whole["sims"]), np.bool_)
        if not there.any():
            continue
        means = seen.means(metric, CONFIDENCE)
        estimates = [mean if has else None for mean, has in zip(means, there, strict=True)]
        for end, part in (("", "value"), ("_low", "low"), ("_high", "high")):
            found[f"{metric.name}{end}"] = [None if each is None else getattr(each, part) for each in estimates]
        if metric.name == "cost":
            found |= {f"cost_{name}": _quantiles(seen.values(metric), q) for name, q in QUANTILES.items()}
    return found


def _quantiles(values: Floats, q: float) -> list[float | None]:
    estimates = [quantile_interval(row, q, CONFIDENCE) for row in values]
    return [None if estimate.low is None else estimate.value for estimate in estimates]
