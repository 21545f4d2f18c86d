"""A comparison: scenarios side by side on common random numbers, and what can be said of their differences."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import nullcontext
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from fleetsim.comparison.answer import sentences
from fleetsim.comparison.differences import Differences, comparison_table, differences
from fleetsim.comparison.metrics import observed
from fleetsim.comparison.never import never
from fleetsim.comparison.side_by_side import SideBySide
from fleetsim.comparison.simulate import CASE, REPLICATIONS, SUMS, simulate_cases
from fleetsim.errors import BadInput, Mistake
from fleetsim.experiments.inputs import inputs_of
from fleetsim.experiments.provenance import provenance
from fleetsim.experiments.study_folder import Kept, Study, StudyFolder, read_table
from fleetsim.experiments.workers import Progress
from fleetsim.report import words
from fleetsim.scenario import dump
from fleetsim.scenario.attach import functions_of

if TYPE_CHECKING:
    from fleetsim.comparison.plotting import ComparisonPlots

COMPARISON: Final = Study(
    "comparison",
    {REPLICATIONS: SUMS},
    ("comparison",),
    {"scenarios": "other scenarios, by their names", "scenario_hashes": "another scenario, by its hash"},
)

NEVER: Final = "never"
"""In the provenance: metrics that are 0 by construction, by the scenario's name, where there are any."""


class Comparison:
    """Scenarios side by side.

    Attributes
    ----------
    names : tuple of str
        Of the scenarios; the first is what the others are compared with.
    found : Differences
        Means, paired differences, and what is the same everywhere.
    sums : pyarrow.Table
        ``replications.parquet``: sums over the rows of each scenario (``case``, its place in `names`), replication,
        fleet and device group.
    provenance : dict
        Versions, seed, engine, scenario hashes: what it takes to compare again.
    """

    file = "comparison.parquet"

    def __init__(self, names: tuple[str, ...], sums: pa.Table, provenance: dict[str, Any]) -> None:
        self.names = names
        self.sums = sums
        self.provenance = provenance

    @classmethod
    def read(cls, folder: str | Path) -> Comparison:
        """Read a finished comparison.

        Raises
        ------
        BadInput
            `folder` holds none.
        """
        folder = Path(folder)
        if not (folder / COMPARISON.file).is_file():
            what = f"found no result of `fleetsim compare`; expected a folder with {COMPARISON.file}"
            raise BadInput(Mistake(str(folder), None, "", what))
        try:
            said = json.loads((folder / COMPARISON.file).read_text(encoding="utf-8"))
            made_of = {name: value for name, value in said.items() if name not in ("answer", "same", "comparisons")}
            result = cls(tuple(said["scenarios"]), read_table(folder / "replications.parquet", SUMS), made_of)
            result.said()  # whatever is missing shows here
        except (OSError, ValueError, KeyError, TypeError, IndexError, pa.ArrowException) as error:
            what = f"this comparison cannot be read ({' '.join(str(error).split())}); compare again with --overwrite"
            raise BadInput(Mistake(str(folder), None, "", what)) from error
        return result

    @cached_property
    def found(self) -> Differences:
        """Means, paired differences, and what is the same everywhere."""
        seen = observed(self.sums, len(self.names), self.provenance["replications"])
        known = self.provenance.get(NEVER, {})
        of_each = [known.get(name, ()) for name in self.names]
        return differences(seen, self.provenance["confidence"], self._horizon_ms, of_each)

    @cached_property
    def arrow(self) -> pa.Table:
        """``comparison.parquet``."""
        return comparison_table(self.found, self.names)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a metric and scenario: its mean and interval, and its difference to the first scenario.

        ``diff_low`` and ``diff_high`` hold for all rows at once at the confidence asked for; ``replications_needed``
        is how many would tell the two apart, all told (``<NA>``: no number that is worth a plan). Metrics that are the
        same in all scenarios are left out; `same` names them.
        """
        frame = pd.DataFrame(self.arrow.to_pandas())
        for name, kind in (("replications_needed", pd.Int64Dtype()), ("distinguishable", pd.BooleanDtype())):
            frame[name] = pd.array(self.arrow[name].to_pylist(), dtype=kind)
        return frame

    @cached_property
    def replications(self) -> pd.DataFrame:
        """Sums of each scenario, replication, fleet and device group: compare them in your own way, pair by pair."""
        sums: pd.DataFrame = self.sums.to_pandas()
        names = pd.Categorical.from_codes(sums.pop(CASE).to_numpy(np.int64), categories=list(self.names))  # type: ignore[call-overload]
        sums.insert(0, "scenario", names)
        return sums

    @property
    def same(self) -> tuple[str, ...]:
        """Metrics that have the same value in all scenarios, in every replication."""
        return self.found.same

    @property
    def sentences(self) -> list[str]:
        """The answer, a sentence for each scenario but the first."""
        return sentences(
            self.found, self.names, self.provenance["currency"], self.horizon, self.provenance["confidence"]
        )

    @property
    def answer(self) -> str:
        """The answer in plain words."""
        return " ".join(self.sentences)

    @property
    def horizon(self) -> str:
        """What sums are over: ``1 month``."""
        return words.horizon(*self._between)

    def said(self) -> dict[str, Any]:
        """What ``comparison.json`` says."""
        answer = {"answer": self.answer, "same": list(self.same), "comparisons": self.found.comparisons}
        return answer | self.provenance

    @property
    def _between(self) -> tuple[datetime, datetime]:
        start, end = (datetime.fromisoformat(self.provenance[name]) for name in ("start", "end"))
        return start, end

    @property
    def _horizon_ms(self) -> int:
        start, end = self._between
        return round((end - start).total_seconds() * 1000)

    @property
    def plot(self) -> ComparisonPlots:
        """Pictures: ``comparison.plot.differences()``."""
        from fleetsim.comparison.plotting import ComparisonPlots  # loads matplotlib

        return ComparisonPlots(self)

    def _repr_html_(self) -> str:
        from fleetsim.comparison.card import comparison_card

        return comparison_card(self)

    def __repr__(self) -> str:
        return f"<fleetsim.Comparison of {', '.join(map(repr, self.names))}: {self.answer}>"


def compare_scenarios(
    asked: SideBySide,
    confidence: float,
    engine: str,
    workers: int | None,
    executor: Executor | None,
    *,
    out: Path | None,
    resume: bool,
    overwrite: bool,
    progress: Callable[[int, int], Progress],
) -> Comparison:
    """Simulate scenarios, and compare them with the first.

    Parameters
    ----------
    asked
        The scenarios.
    confidence
        Of the intervals.
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
        Told how many SIMs there are to simulate over all scenarios and replications, and how many of them are known.

    Raises
    ------
    BadInput
        The folder holds something else.
    OSError
        Something could not be read or written, or processes were killed.
    """
    started = time.monotonic()
    folder = None if out is None else StudyFolder(out, COMPARISON, asked.identity)
    with nullcontext() if folder is None else folder.held():
        known: list[Kept] = []
        if folder is not None:
            done = folder.finished() or {}
            if resume and (done.get("replications"), done.get("confidence")) == (asked.replications, confidence):
                return folder.read_again(Comparison.read, lambda result: _page(result, asked))
            texts, inputs = _texts(asked)
            known = folder.open(texts, inputs, resume=resume, overwrite=overwrite)
        sums = simulate_cases(asked.scenarios, asked.replications, engine, workers, known, folder, progress, executor)
        made_of = provenance(asked.scenarios[0], engine, time.monotonic() - started) | asked.identity
        for of_the_first_only in ("name", "description", "scenario_hash", "sims"):
            del made_of[of_the_first_only]
        made_of |= _functions(asked) | _never(asked)
        made_of |= {"replications": asked.replications, "confidence": confidence, "warnings": list(asked.warnings)}
        result = Comparison(asked.names, sums, made_of)
        if folder is not None:
            folder.finish({REPLICATIONS: sums, "comparison": result.arrow}, result.said(), _page(result, asked))
    return result


def _functions(asked: SideBySide) -> dict[str, Any]:
    """Functions of all scenarios, each by the name of its scenario and its path, if there are any."""
    found = {
        f"{name}: {path}": function.as_written()
        for name, scenario in zip(asked.names, asked.scenarios, strict=True)
        for path, function in functions_of(scenario).items()
    }
    return {"functions": found} if found else {}


def _never(asked: SideBySide) -> dict[str, Any]:
    """Metrics that are 0 by construction, of the scenarios that have such."""
    found = {name: list(never(scenario)) for name, scenario in zip(asked.names, asked.scenarios, strict=True)}
    return {NEVER: some} if (some := {name: metrics for name, metrics in found.items() if metrics}) else {}


def _page(result: Comparison, asked: SideBySide) -> str:
    """``report.html``."""
    from fleetsim.comparison.page import render  # loads matplotlib

    return render(result, asked.scenarios)


def _texts(asked: SideBySide) -> tuple[dict[str, str], dict[str, Path]]:
    """The scenarios as files for the folder, and the files that they name."""
    texts: dict[str, str] = {}
    inputs: dict[str, Path] = {}
    for number, scenario in enumerate(asked.scenarios, start=1):
        names, own = inputs_of(scenario)
        texts[f"scenario-{number}.yaml"] = dump(scenario, names)
        inputs |= own
    return texts, inputs
