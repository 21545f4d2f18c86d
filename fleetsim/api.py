"""What the command line and notebooks call: each verb is one function here."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.metadata import version as installed_version
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from fleetsim.counted import Kept
from fleetsim.engines import NAMES, make_ready, resolve
from fleetsim.errors import BadInput, Mistake
from fleetsim.experiments.replicate import MOST_WORKERS, replicate
from fleetsim.experiments.store import Store, name_of_input
from fleetsim.experiments.story import tell_worst
from fleetsim.experiments.summary import CONFIDENCE
from fleetsim.experiments.workers import Progress
from fleetsim.files import write_text
from fleetsim.results import Result
from fleetsim.scenario import Scenario, dump, input_files, scenario_hash
from fleetsim.scenario import load as load_scenario
from fleetsim.scenario.schema import Tariff
from fleetsim.scenario.tariff import tariff_from, with_tariff
from fleetsim.tables import Block, Tables, Tabulator, Wanted
from fleetsim.tables.schemas import Keep
from fleetsim.version import __version__

if TYPE_CHECKING:
    from fleetsim.choice.study import LimitStudy


def load(path: str | Path, overrides: Sequence[str] = ()) -> Scenario:
    """Load a scenario file.

    Parameters
    ----------
    path
        YAML file as docs/scenario.md and ``fleetsim schema`` describe it.
    overrides
        ``"PATH=VALUE"`` each, for instance ``"fleets.meters.data_limit=8MB"``; later ones win.

    Returns
    -------
    Scenario
        Frozen; times in ms since its start, sizes in bytes, money in micro-units.

    Raises
    ------
    BadInput
        With every mistake that was found, each with its file, line, path and remedy.
    """
    return load_scenario(path, overrides)


def run(
    scenario: Scenario | str | Path,
    *,
    out: str | Path | None = None,
    replications: int | None = None,
    seed: int | None = None,
    engine: str = "auto",
    workers: int | None = None,
    records: Kept = "none",
    keep: Keep = "rows",
    resume: bool = False,
    overwrite: bool = False,
    report: bool = True,
    progress: Callable[[int, int], Progress] | None = None,
) -> Result:
    """Simulate a scenario.

    Parameters
    ----------
    scenario
        A loaded scenario, or the path of its file.
    out
        Folder for the result; ``None`` keeps it in memory.
    replications, seed
        Instead of the scenario's own.
    engine
        ``"auto"``, ``"reference"`` or ``"compiled"``. It never changes a row.
    workers
        Processes, or threads of the compiled engine; ``None`` takes all cores where that pays. It never changes a row.
    records
        ``"none"``; ``"traffic"``: keep usage records with bytes, and events; ``"all"``: those without bytes too.
    keep
        ``"rows"``; ``"sums"``: leave ``sim_periods`` out and keep histograms instead, for runs with millions of rows.
        Quantiles over SIMs are known to 0.1 % then.
    resume, overwrite
        What to do with a folder that is not empty: simulate what is missing there, or replace the result in it.
    report
        Write ``report.html`` and ``figures/`` too.
    progress
        Called with the SIMs to simulate (over all replications) and those that are there already; returns what is then
        told of every further number of them.

    Returns
    -------
    Result
        With ``sim_periods``, ``replications``, ``usage_records``, ``events`` and ``summary()`` as pandas data frames.

    Raises
    ------
    BadInput
        The scenario, an argument or the folder is wrong; nothing has been written.
    OSError
        The result could not be written, or processes were killed. Finished replications are kept: go on with `resume`.
    """
    started = time.monotonic()
    if not isinstance(scenario, Scenario):
        scenario = load(scenario)
    scenario = _with(scenario, replications=replications, seed=seed)
    _check_word("engine", engine, NAMES)
    _check_word("records", records, get_args(Kept))
    _check_word("keep", keep, get_args(Keep))
    wanted = Wanted(records, keep)
    _check_whole("workers", workers, 1, MOST_WORKERS)
    engine = resolve(engine, scenario, scenario.replications)
    everything = range(scenario.replications)

    tabulator = Tabulator(scenario, wanted)

    def simulated(done: set[int]) -> Generator[tuple[int, Iterator[Block]], None, None]:
        tell = progress(scenario.sims * len(everything), scenario.sims * len(done)) if progress else lambda more: None
        make_ready(engine, lambda what: print(f"fleetsim: {what}", file=sys.stderr, flush=True))
        return replicate(tabulator, engine, [i for i in everything if i not in done], workers, tell)

    if out is None:
        with closing(simulated(set())) as finished:
            tables = Tables.concatenate([tabulator.tables(replication, blocks) for replication, blocks in finished])
        return Result(scenario, manifest(scenario, engine, wanted, time.monotonic() - started), tables)

    store = Store(Path(out), identity(scenario), wanted)
    with store.held():
        if resume and store.is_complete(len(everything)):
            result = Result.read(out)
            store.forget_parts()  # of a run that was killed when all was there
        else:
            names, inputs = _inputs(scenario)
            text = dump(scenario, names)
            done = store.open(len(everything), text, inputs, resume=resume, overwrite=overwrite) & set(everything)
            with closing(simulated(done)) as finished:  # an error here ends the processes too
                for replication, blocks in finished:
                    store.put(replication, blocks, tabulator)
            tables = store.assemble(len(everything))
            wall_seconds = time.monotonic() - started
            result = Result(scenario, manifest(scenario, engine, wanted, wall_seconds), tables, folder=store.folder)
            write_text(store.folder / "summary.json", _json(result.summary_rows))
            if report:
                _write_report(result, store.folder)
            store.finish(result.manifest)
        if report and not (store.folder / "report.html").exists():
            _write_report(result, store.folder)
    return result


def choose_limit(
    scenario: Scenario | str | Path,
    *,
    fleet: str,
    limits: str | Sequence[str | int],
    max_blocked_share: str | float | Decimal | None = None,
    outage_cost: str | float | Decimal | None = None,
    budget: str | tuple[float | Decimal, float | Decimal] | None = None,
    confidence: str | float = 0.95,
    out: str | Path | None = None,
    replications: int | None = None,
    seed: int | None = None,
    engine: str = "auto",
    workers: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Callable[[int, int], Progress] | None = None,
) -> LimitStudy:
    """Choose the data limit of a fleet by a rule, and say how sure that is; docs/choosing-a-limit.md.

    Service counts the normal devices of the fleet in complete billing periods. Money counts all of its devices.

    Parameters
    ----------
    scenario
        A loaded scenario, or the path of its file. Each limit takes the place of the fleet's ``data_limit``; what the
        timeline sets later stays.
    fleet
        Name of the fleet.
    limits
        ``"1MB:20MB:1MB"``, the last one included, ``"2MB,5MB"``, or a list of such texts and of numbers of bytes.
    max_blocked_share
        ``"0.5%"`` or a number from 0 to 1. The smallest limit at which, and at every larger one, at most this share of
        the SIM-periods is blocked. One of the three rules has to be given.
    outage_cost
        ``"5 per day"`` or a number: money for each day that a normal SIM is blocked. The limit of least mean cost with
        it.
    budget
        ``"2500 at 95%"`` or ``(2500, 0.95)``. Among the limits under which cost stays within the budget in that share
        of the replications, the one of the lowest blocked share.
    confidence
        Of the set of limits that could be the answer, and of the intervals.
    out
        Folder for ``limits.parquet``, ``choice.json`` and what they come from; ``None`` keeps all in memory.
    replications, seed
        Instead of the scenario's own. N replications are chosen from; as many fresh ones say what the answer comes to.
    engine, workers, progress
        As for `run`.
    resume, overwrite
        What to do with a folder that is not empty: judge what is missing there, or replace the result in it. Another
        rule, confidence or number of replications goes on with what was judged.

    Returns
    -------
    LimitStudy
        With `recommended_limit_bytes` (``None`` where no limit meets the rule, or the replications are too few to
        judge), `indistinguishable_bytes`, `why`, `limits` as a data frame, and `sim_periods` at each limit.

    Raises
    ------
    BadInput
        The scenario, an argument or the folder is wrong, or no normal device has a complete billing period; nothing
        has been written.
    OSError
        The result could not be written, or processes were killed. What was judged is kept: go on with `resume`.
    """
    from fleetsim.choice.choose import choose
    from fleetsim.choice.question import ask

    if not isinstance(scenario, Scenario):
        scenario = load(scenario)
    scenario = _with(scenario, replications=replications, seed=seed)
    _check_word("engine", engine, NAMES)
    _check_whole("workers", workers, 1, MOST_WORKERS)
    question = ask(scenario, fleet, limits, max_blocked_share, outage_cost, budget, confidence)
    engine = resolve(engine, scenario, 2 * scenario.replications * len(question.limits))

    def begin(total: int, done: int) -> Progress:
        if done < total:
            make_ready(engine, lambda what: print(f"fleetsim: {what}", file=sys.stderr, flush=True))
        return progress(total, done) if progress else lambda more: None

    folder = None if out is None else Path(out)
    return choose(question, engine, workers, out=folder, resume=resume, overwrite=overwrite, progress=begin)


def identity(scenario: Scenario) -> dict[str, str | int]:
    """Name what two runs must share for one to go on with the other's replications."""
    return {"seed": scenario.seed, "version": __version__, "scenario_hash": scenario_hash(scenario)}


def manifest(scenario: Scenario, engine: str, wanted: Wanted, wall_seconds: float) -> dict[str, Any]:
    """Describe a run: what it takes to run it again and get the same rows, and what it took."""
    start = scenario.start
    return (
        identity(scenario)
        | asdict(wanted)
        | {
            "name": scenario.name,
            "description": scenario.description,
            "replications": scenario.replications,
            "engine": engine,
            "sims": scenario.sims,
            "start": _iso(start),
            "end": _iso(start + timedelta(milliseconds=scenario.horizon_ms)),
            "currency": scenario.tariff.currency,
            "confidence": CONFIDENCE,
            "python": platform.python_version(),
            "packages": {name: installed_version(name) for name in ("simpy", "numpy", "pandas", "pyarrow")},
            "finished": _iso(datetime.now(UTC).replace(microsecond=0)),
            "wall_seconds": round(wall_seconds, 3),
        }
    )


def report(folder: str | Path) -> Result:
    """Write ``report.html`` and ``figures/`` of a finished result anew, from its tables.

    Raises
    ------
    BadInput
        `folder` holds no finished result.
    """
    result = Result.read(folder)
    _write_report(result, Path(folder))
    return result


def reprice(result: Result, tariff: str | Mapping[str, Any] | Tariff) -> Result:
    """Price a run again under another tariff; nothing is simulated.

    Parameters
    ----------
    result
        Of a run that kept its rows; it stays as it is.
    tariff
        A preset's name, a mapping as in a scenario (prices as text, as numbers or as `Decimal`), or a `Tariff`.

    Returns
    -------
    Result
        As a run with that tariff gives it: rows, sums, summary, scenario and its hash. The rest of the manifest tells
        of the run that was simulated.

    Raises
    ------
    BadInput
        The tariff is wrong, or the run kept sums only.
    """
    return result.repriced(with_tariff(result.scenario, tariff_from(tariff)))


def _write_report(result: Result, folder: Path) -> None:
    from fleetsim.report.write import write  # loads matplotlib

    rows = result.manifest["keep"] == "rows"
    story = tell_worst(result.scenario, result.manifest["engine"], result.overview.worst) if rows else None
    write(result, folder, story)


def _inputs(scenario: Scenario) -> tuple[dict[tuple[str, str, str], str], dict[str, Path]]:
    """Name the files that the scenario needs by their content: what it calls each, and where each is now."""
    names, inputs = {}, {}
    for file in input_files(scenario):
        name = name_of_input(file.sha256)
        names[file.place], inputs[name] = name, file.path
    return names, inputs


def _json(rows: list[dict[str, Any]]) -> str:
    """One row a line: readable, and quick to compare."""
    import json

    return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows) + "\n]\n"


def _with(scenario: Scenario, *, replications: int | None, seed: int | None) -> Scenario:
    """Return the scenario with what a call asks for instead, held to the same bounds."""
    _check_whole("replications", replications, 1, 1_000_000)
    _check_whole("seed", seed, 0, 2**63 - 1)
    changes = {k: int(v) for k, v in (("replications", replications), ("seed", seed)) if v is not None}
    return scenario.model_copy(update=changes) if changes else scenario


def _check_word(name: str, value: object, words: Sequence[str]) -> None:
    if value not in words:
        raise BadInput(Mistake(name, None, "", f"found {value!r}; expected one of {', '.join(words)}"))


def _check_whole(name: str, value: object, low: int, high: int) -> None:
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if value is not None and not (whole and low <= value <= high):  # type: ignore[operator]
        raise BadInput(Mistake(name, None, "", f"found {value!r}; expected a whole number from {low:,} to {high:,}"))


def _iso(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
