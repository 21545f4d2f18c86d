"""What the command line and notebooks call to look at several scenarios: `sweep` and `compare`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from decimal import Decimal
from pathlib import Path
from typing import Any

from fleetsim.choice.rules import read_confidence
from fleetsim.comparison.axis import Axis, read_axis, read_vary
from fleetsim.comparison.compare import Comparison, compare_scenarios
from fleetsim.comparison.points import grid, load_points, source_of
from fleetsim.comparison.side_by_side import side_by_side
from fleetsim.comparison.sweep import Grid, Sweep, sweep_grid
from fleetsim.engines import NAMES, resolve, transfers
from fleetsim.errors import BadInput, Mistake
from fleetsim.experiments.arguments import check_folder, check_functions, check_whole, check_word, with_asked
from fleetsim.experiments.replicate import MOST_WORKERS, beginning
from fleetsim.experiments.workers import Progress
from fleetsim.scenario import Scenario

Result = Sweep | Comparison


def sweep(
    scenario: Scenario | str | Path,
    vary: Mapping[str, str | Sequence[Any]] | Sequence[str],
    *,
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
    replications: int | None = None,
    seed: int | None = None,
    engine: str = "auto",
    workers: int | None = None,
    executor: Executor | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Callable[[int, int], Progress] | None = None,
) -> Sweep:
    """Simulate a scenario at every point of a grid, with the same random numbers; docs/comparing.md.

    Parameters
    ----------
    scenario
        A loaded scenario, or the path of its file.
    vary
        Paths, as for ``--set``, with the values that each takes: ``{"fleets.meters.data_limit": "1MB:20MB:1MB"}``, the
        last one included, or a list of values as a scenario has them (``["5 MB", "unlimited"]``, ``[100, 200]``). Or
        texts as on the command line: ``["fleets.meters.data_limit=1MB:20MB:1MB"]``.
    overrides
        ``PATH=VALUE`` each, at every point.
    out
        Folder for ``sweep.parquet`` and what it comes from; ``None`` keeps all in memory.
    replications, seed
        Instead of the scenario's own.
    engine, workers, executor, progress
        As for `run`; what is to do is counted over all points; those that differ in a limit alone count once.
    resume, overwrite
        What to do with a folder that is not empty: simulate what is missing there, or replace the result in it.
        Another number of replications goes on with what is there.

    Returns
    -------
    Sweep
        With `table`, one row a point: the varied paths, then the metrics over replications.

    Raises
    ------
    BadInput
        An argument or the folder is wrong, or the scenario at any point, which is named; nothing has been written.
    OSError
        The result could not be written, or processes were killed. Finished replications are kept: go on with `resume`.
    """
    _check(engine, workers, resume=resume, overwrite=overwrite)
    axes = _axes(vary)
    points = grid(axes)
    loaded = load_points(source_of(scenario, overrides), axes, points)
    if replications is None:
        replications = loaded[0].replications
    scenarios = [with_asked(each, replications=replications, seed=seed) for each in loaded]
    engine = _resolved(engine, scenarios)
    begin = beginning(engine, progress)
    asked = Grid(tuple(axes), tuple(points), tuple(scenarios))
    folder = None if out is None else Path(out)
    return sweep_grid(asked, engine, workers, executor, out=folder, resume=resume, overwrite=overwrite, progress=begin)


def compare(
    scenarios: Mapping[str, Scenario | str | Path] | Sequence[Scenario | str | Path],
    *,
    overrides: Sequence[str] = (),
    confidence: str | float | Decimal = 0.95,
    out: str | Path | None = None,
    replications: int | None = None,
    seed: int | None = None,
    engine: str = "auto",
    workers: int | None = None,
    executor: Executor | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Callable[[int, int], Progress] | None = None,
) -> Comparison:
    """Compare scenarios with the first of them, on common random numbers; docs/comparing.md.

    Parameters
    ----------
    scenarios
        At least two, loaded or as paths of their files; in a mapping they have the names that they shall have.
    overrides
        ``PATH=VALUE`` each, in all scenarios that are given as paths.
    confidence
        Of each interval of a mean, and of all differences together.
    out
        Folder for ``comparison.parquet`` and what it comes from; ``None`` keeps all in memory.
    replications
        Of all scenarios; else the largest number that one of them has.
    seed
        Of all scenarios; else that of the first.
    engine, workers, executor, progress
        As for `run`; what is to do is counted over all scenarios; those that differ in a limit alone count once.
    resume, overwrite
        What to do with a folder that is not empty: simulate what is missing there, or replace the result in it.
        Another confidence or number of replications goes on with what is there.

    Returns
    -------
    Comparison
        With `answer`, a sentence for each scenario but the first, and `table`.

    Raises
    ------
    BadInput
        A scenario, an argument or the folder is wrong, or the scenarios cannot be compared: other currencies, other
        lengths. Nothing has been written.
    OSError
        The result could not be written, or processes were killed. Finished replications are kept: go on with `resume`.
    """
    _check(engine, workers, resume=resume, overwrite=overwrite)
    check_whole("replications", replications, 1, 1_000_000)
    check_whole("seed", seed, 0, 2**63 - 1)
    sure = read_confidence(confidence)
    asked = side_by_side(scenarios, overrides, replications, seed)
    engine = _resolved(engine, asked.scenarios)
    begin = beginning(engine, progress)
    folder = None if out is None else Path(out)
    return compare_scenarios(
        asked, sure, engine, workers, executor, out=folder, resume=resume, overwrite=overwrite, progress=begin
    )


def _check(engine: str, workers: int | None, *, resume: bool, overwrite: bool) -> None:
    check_folder(resume=resume, overwrite=overwrite)
    check_word("engine", engine, NAMES)
    check_whole("workers", workers, 1, MOST_WORKERS)


def _axes(vary: Mapping[str, str | Sequence[Any]] | Sequence[str]) -> list[Axis]:
    found: list[Axis] = []
    mistakes: list[Mistake] = []
    texts = [vary] if isinstance(vary, str) else vary
    for asked in texts.items() if isinstance(texts, Mapping) else texts:
        try:
            found.append(read_axis(*asked) if isinstance(asked, tuple) else read_vary(str(asked)))
        except BadInput as error:
            mistakes += error.mistakes
    if mistakes:
        raise BadInput(mistakes)
    return found


def _resolved(engine: str, scenarios: Sequence[Scenario]) -> str:
    check_functions(*scenarios)
    return resolve(engine, max(scenarios, key=transfers), scenarios[0].replications * len(scenarios))
