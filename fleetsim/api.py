"""What the command line and notebooks call: each verb is one function here."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

from fleetsim.counted import Kept
from fleetsim.engines import NAMES, make_ready, resolve
from fleetsim.errors import BadInput, Mistake
from fleetsim.experiments.arguments import check_folder, check_functions, check_whole, check_word, with_asked
from fleetsim.experiments.inputs import inputs_of
from fleetsim.experiments.parquet import Written
from fleetsim.experiments.provenance import identity, provenance
from fleetsim.experiments.replicate import MOST_WORKERS, beginning, replicate
from fleetsim.experiments.store import SCENARIO, Store
from fleetsim.experiments.story import tell_worst
from fleetsim.experiments.summary import CONFIDENCE
from fleetsim.experiments.until import MOST_OF_ALL, Until, rule_from, telling
from fleetsim.experiments.workers import Progress
from fleetsim.files import write_text
from fleetsim.results import Result
from fleetsim.scenario import Scenario, dump
from fleetsim.scenario import load as load_scenario
from fleetsim.scenario.schema import Tariff
from fleetsim.scenario.tariff import tariff_from, with_tariff
from fleetsim.tables import Block, Tables, Tabulator, Wanted
from fleetsim.tables.schemas import Keep

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
    until_precision: str | float | None = None,
    precision_of: Sequence[str] | Mapping[str, float] | None = None,
    max_replications: int | None = None,
    seed: int | None = None,
    engine: str = "auto",
    workers: int | None = None,
    executor: Executor | None = None,
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
    until_precision
        ``"2%"`` or a number: instead of a number of replications, as many as it takes until half of each 95 % interval
        is at most this share of the mean, and stays so. How many does not depend on workers.
    precision_of
        Metrics of the summary whose intervals are meant, of the whole run, or with ``_normal`` after the name of its
        normal devices; cost and blocked_sim_periods_share_normal unless said otherwise. ``"cost=5"`` or a mapping: an
        interval of ± 5 is narrow enough too, however small the mean.
    max_replications
        Where to stop anyway; 1,000 unless said otherwise.
    engine
        ``"auto"``, ``"reference"`` or ``"compiled"``. It never changes a row.
    workers
        Processes, or threads of the compiled engine; ``None`` takes all cores where that pays. It never changes a row.
    executor
        Of `concurrent.futures`, to simulate there instead: threads, processes, or ``client.get_executor()`` of a Dask
        cluster (docs/cluster.md). It stays open, and never changes a row.
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
        told of every further number of them. With `until_precision` it is called again when another number of
        replications is expected; if it has a method `note`, that is told so in words.

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
    scenario = with_asked(scenario, replications=replications, seed=seed)
    check_folder(resume=resume, overwrite=overwrite)
    check_word("engine", engine, NAMES)
    check_word("records", records, get_args(Kept))
    check_word("keep", keep, get_args(Keep))
    check_functions(scenario)
    wanted = Wanted(records, keep)
    check_whole("workers", workers, 1, MOST_WORKERS)
    check_whole("max_replications", max_replications, 2, MOST_OF_ALL)
    until = None
    if until_precision is not None:
        if replications is not None:
            raise BadInput(Mistake("until_precision", None, "", "found a number of replications too; expected one"))
        until = Until(rule_from(scenario, until_precision, precision_of, max_replications), scenario)
    elif precision_of is not None or max_replications is not None:
        what = "found no precision; expected one with precision_of and max_replications"
        raise BadInput(Mistake("until_precision", None, "", what))
    sims = scenario.sims
    everything = range(scenario.replications if until is None else until.rule.most)
    engine = resolve(engine, scenario, min(len(everything), 100) if until else len(everything))

    tabulator = Tabulator(scenario, wanted)

    def simulated(done: set[int]) -> Generator[tuple[int, Iterator[Block | Written]], None, None]:
        tell: Progress = lambda more: None  # noqa: E731
        if progress and until:
            tell, until.expect = telling(progress, sims, sims * len(done))
        elif progress:
            tell = progress(sims * len(everything), sims * len(done))
        make_ready(engine)
        missing = [i for i in everything if i not in done]
        return replicate(tabulator, engine, missing, workers, tell, executor, to_files=out is not None)

    if out is None:
        made: list[Tables] = []
        with closing(simulated(set())) as finished:
            for replication, blocks in finished:
                made.append(tabulator.tables(replication, cast(Iterator[Block], blocks)))
                if until and until.add(made[-1].replications):
                    break
        scenario = with_asked(scenario, replications=len(made), seed=None)
        return Result(scenario, manifest(scenario, engine, wanted, started, until), Tables.concatenate(made))

    store = Store(Path(out), identity(scenario), wanted)
    with store.held():
        complete = resume and (until.check(store) if until else store.is_complete(len(everything)))
        if complete:
            result = Result.read(out)
            store.forget_parts()  # of a run that was killed when all was there
        else:
            names, inputs = inputs_of(scenario)
            how = {"resume": resume, "overwrite": overwrite, "at_most": until is not None}
            done = store.open(len(everything), dump(scenario, names), inputs, **how) & set(everything)
            number = 0
            with closing(simulated(done)) as finished:  # an error here ends the processes too
                for number in everything:
                    if number not in done:
                        store.put(*next(finished), tabulator)
                    if until and until.add(store.sums(number)):
                        break
            scenario = with_asked(scenario, replications=number + 1, seed=None)
            write_text(store.folder / SCENARIO, dump(scenario, names))
            tables = store.assemble(scenario.replications)
            made_of = manifest(scenario, engine, wanted, started, until)
            result = Result(scenario, made_of, tables, folder=store.folder)
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
    executor: Executor | None = None,
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
    engine, workers, executor, progress
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
    scenario = with_asked(scenario, replications=replications, seed=seed)
    check_folder(resume=resume, overwrite=overwrite)
    check_word("engine", engine, NAMES)
    check_whole("workers", workers, 1, MOST_WORKERS)
    question = ask(scenario, fleet, limits, max_blocked_share, outage_cost, budget, confidence)
    check_functions(scenario)
    engine = resolve(engine, scenario, 2 * scenario.replications * len(question.limits))
    begin = beginning(engine, progress)

    folder = None if out is None else Path(out)
    return choose(
        question, engine, workers, out=folder, resume=resume, overwrite=overwrite, progress=begin, executor=executor
    )


def manifest(
    scenario: Scenario, engine: str, wanted: Wanted, started: float, until: Until | None = None
) -> dict[str, Any]:
    """Describe a run that began at `started`: what it takes to get the same rows again, and what it took."""
    asked: dict[str, Any] = {"replications": scenario.replications, "confidence": CONFIDENCE}
    if until is not None:
        asked["until_precision"] = until.written()
    return provenance(scenario, engine, time.monotonic() - started) | asdict(wanted) | asked


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


def _json(rows: list[dict[str, Any]]) -> str:
    """One row a line: readable, and quick to compare."""
    import json

    return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows) + "\n]\n"
