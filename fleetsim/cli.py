"""The command line: thin, each verb a function of :mod:`fleetsim.api`."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from fleetsim.errors import BadInput, Mistake
from fleetsim.interrupt import never_lost
from fleetsim.version import __version__

DONE, FAILED, BAD_INPUT, NONE_MEETS, INTERRUPTED = 0, 1, 2, 3, 130

# Nothing heavy is imported up here: `fleetsim --help` has to answer at once.


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit status."""
    options = argparse.Namespace()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal cannot show is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            options = _parser().parse_args(arguments)
            with never_lost():
                return int(options.verb(options))
        finally:
            sys.stdout.flush()  # here, for at the program's end it is too late to say that it failed
    except BadInput as mistakes:
        print(mistakes, file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        _say_how_to_go_on("interrupted", options)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has seen enough
        _drop_output()
        return FAILED
    except (OSError, MemoryError) as error:
        _say_how_to_go_on(str(error) or "out of memory", options)
        _drop_output()
        return FAILED


def _run(options: argparse.Namespace) -> int:
    from fleetsim import api
    from fleetsim.experiments.cluster import dask_executor
    from fleetsim.progress import showing_progress

    scenario = api.load(options.scenario, options.set)
    _warn(scenario.warnings)
    with dask_executor(options.dask) as executor, showing_progress() as progress:
        result = api.run(
            scenario,
            out=options.out,
            replications=options.replications,
            until_precision=options.until_precision,
            precision_of=options.precision_of,
            max_replications=options.max_replications,
            seed=options.seed,
            engine=options.engine,
            workers=options.workers,
            executor=executor,
            records=options.records,
            keep=options.keep,
            resume=options.resume,
            overwrite=options.overwrite,
            report=options.report,
            progress=progress,
        )
    _show(result)
    if "until_precision" in result.manifest:
        print(f"\n{result.manifest['until_precision']['why']}")
    where = Path(options.out)
    print(f"\n{where / 'report.html' if options.report else where}")
    return DONE


def _choose_limit(options: argparse.Namespace) -> int:
    from rich.console import Console

    from fleetsim import api
    from fleetsim.choice.terminal import print_choice
    from fleetsim.experiments.cluster import dask_executor
    from fleetsim.progress import showing_progress

    scenario = api.load(options.scenario, options.set)
    _warn(scenario.warnings)
    with dask_executor(options.dask) as executor, showing_progress() as progress:
        study = api.choose_limit(
            scenario,
            fleet=options.fleet,
            limits=options.limits,
            max_blocked_share=options.max_blocked_share,
            outage_cost=options.outage_cost,
            budget=options.budget,
            confidence=options.confidence,
            out=options.out,
            replications=options.replications,
            seed=options.seed,
            engine=options.engine,
            workers=options.workers,
            executor=executor,
            resume=options.resume,
            overwrite=options.overwrite,
            progress=progress,
        )
    print_choice(study, Console())
    print(f"\n{Path(options.out) / 'choice.json'}")
    return NONE_MEETS if study.recommended_limit_bytes is None else DONE


def _compare(options: argparse.Namespace) -> int:
    """Sweep or compare: several scenarios, simulated alike."""
    from rich.console import Console

    from fleetsim import comparing
    from fleetsim.comparison.terminal import show
    from fleetsim.experiments.cluster import dask_executor
    from fleetsim.progress import showing_progress

    names = ("out", "replications", "seed", "engine", "workers", "resume", "overwrite")
    with dask_executor(options.dask) as executor, showing_progress() as progress:
        how = {name: getattr(options, name) for name in names}
        how |= {"overrides": options.set, "executor": executor, "progress": progress}
        if "vary" in options:
            result: comparing.Result = comparing.sweep(options.scenario, options.vary, **how)
        else:
            result = comparing.compare(options.scenarios, confidence=options.confidence, **how)
    _warn(result.provenance["warnings"])
    show(result, Console())
    print(f"\n{Path(options.out) / result.file}")
    return DONE


def _validate(options: argparse.Namespace) -> int:
    from fleetsim import api
    from fleetsim.experiments.outline import outline

    scenario = api.load(options.scenario, options.set)
    _warn(scenario.warnings)
    print("\n".join(outline(scenario)))
    return DONE


def _report(options: argparse.Namespace) -> int:
    from fleetsim import api

    _show(api.report(options.folder))
    print(f"\n{Path(options.folder) / 'report.html'}")
    return DONE


def _schema(options: argparse.Namespace) -> int:
    import json

    from fleetsim.scenario import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return DONE


def _show(result: object) -> None:
    from rich.console import Console

    from fleetsim.report.terminal import print_answer

    print_answer(result, Console())  # type: ignore[arg-type]


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings:
        print(Mistake("warning", None, "", warning), file=sys.stderr)


def _say_how_to_go_on(what: str, options: argparse.Namespace) -> None:
    parts = Path(getattr(options, "out", None) or "") / "parts"
    if parts.is_dir():
        what += f"; finished replications are kept in {parts}: go on with --resume"
    print(Mistake("fleetsim", None, "", what), file=sys.stderr)


def _drop_output() -> None:
    """Forget what could not be written to stdout, which would be tried again at the program's end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line, and where help is."""
        self.exit(BAD_INPUT, f"{Mistake(self.prog, None, '', f'{message}; see {self.prog} --help')}\n")


def _parser() -> _Parser:
    parser = _Parser(
        prog="fleetsim",
        allow_abbrev=False,
        description="What a data limit really does to a cellular IoT fleet: overage, cost and lost service.",
        epilog="example:\n  fleetsim run scenarios/smart-meters.yaml --out out/smart-meters",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"fleetsim {__version__}")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    run = _verb(
        verbs,
        "run",
        _run,
        "simulate a scenario, write its tables and a report",
        "fleetsim run scenarios/smart-meters.yaml --out out/8mb --set fleets.meters.data_limit=8MB",
    )
    _scenario(run)
    run.add_argument("--out", required=True, metavar="DIR", help="folder for the result")
    how_many, where = _simulation(run)
    how_many.add_argument(
        "--until-precision",
        metavar="P",
        help="e.g. 2%%: as many as it takes until 95 %% intervals are within P of their means",
    )
    run.add_argument(
        "--precision-of",
        action="append",
        metavar="METRIC[=FLOOR]",
        help="whose intervals; within FLOOR is enough too (default: cost and blocked_sim_periods_share)",
    )
    run.add_argument("--max-replications", type=int, metavar="N", help="where to stop anyway (default: 1,000)")
    _dask(where)
    run.add_argument(
        "--records", default="none", metavar="none|traffic|all", help="usage records to keep, and with them events"
    )
    run.add_argument(
        "--keep", default="rows", metavar="rows|sums", help="sums: no row for each SIM and period, but histograms"
    )
    run.add_argument("--no-report", dest="report", action="store_false", help="tables only")
    _again(run, "simulate only what is missing in DIR")

    sweep = _verb(
        verbs,
        "sweep",
        _compare,
        "simulate a scenario at every point of a grid, with the same random numbers",
        "fleetsim sweep scenarios/smart-meters.yaml --vary fleets.meters.data_limit=4MB:8MB:1MB"
        " --vary platform.record_interval=6min,1h --out out/sweep",
    )
    _scenario(sweep)
    sweep.add_argument(
        "--vary",
        action="append",
        required=True,
        metavar="PATH=FROM:TO:STEP|LIST",
        help="values that a path takes, TO included; several make the full grid",
    )
    _study(sweep)

    choose_limit = _verb(
        verbs,
        "choose-limit",
        _choose_limit,
        "find the data limit that meets a rule, and how sure that is",
        "fleetsim choose-limit scenarios/smart-meters.yaml --fleet meters --limits 1MB:20MB:1MB"
        " --max-blocked-share 0.5% --out out/limit",
    )
    _scenario(choose_limit)
    choose_limit.add_argument("--fleet", required=True, metavar="F", help="name of the fleet whose limit is chosen")
    choose_limit.add_argument(
        "--limits", required=True, metavar="FROM:TO:STEP|LIST", help="limits to judge, e.g. 1MB:20MB:1MB or 2MB,5MB"
    )
    rule = choose_limit.add_mutually_exclusive_group(required=True)
    rule.add_argument(
        "--max-blocked-share",
        metavar="X",
        help="e.g. 0.5%%: the smallest limit that blocks at most this share of normal SIM-periods",
    )
    rule.add_argument(
        "--outage-cost", metavar="P", help='e.g. "5 per day": the least mean cost, with so much for each day blocked'
    )
    rule.add_argument(
        "--budget", metavar="B", help='e.g. "2500 at 95%%": the lowest blocked share within this quantile of cost'
    )
    choose_limit.add_argument("--confidence", default="0.95", metavar="C", help="how sure to be (default: 0.95)")
    choose_limit.add_argument("--out", required=True, metavar="DIR", help="folder for the result")
    _dask(_simulation(choose_limit)[1])
    _again(choose_limit, "judge only what is missing in DIR, under whichever rule")

    compare = _verb(
        verbs,
        "compare",
        _compare,
        "compare scenarios with the first of them, on common random numbers",
        "fleetsim compare today.yaml tomorrow.yaml --out out/comparison",
    )
    compare.add_argument("scenarios", metavar="SCENARIO", nargs="+", help="scenario files (YAML), two at least")
    _set(compare)
    compare.add_argument("--confidence", default="0.95", metavar="C", help="of all differences at once (default: 0.95)")
    _study(compare)

    validate = _verb(
        verbs,
        "validate",
        _validate,
        "check a scenario and say in plain words what it means",
        "fleetsim validate scenarios/smart-meters.yaml",
    )
    _scenario(validate)

    report = _verb(
        verbs,
        "report",
        _report,
        "write the report of a finished result anew",
        "fleetsim report out/smart-meters",
    )
    report.add_argument("folder", metavar="DIR", help="folder of a result")

    _verb(
        verbs,
        "schema",
        _schema,
        "print the JSON Schema of a scenario, for editors",
        "fleetsim schema > scenario.schema.json",
    )
    return parser


def _verb(
    verbs: argparse._SubParsersAction[_Parser],
    name: str,
    function: Callable[[argparse.Namespace], int],
    summary: str,
    example: str,
) -> _Parser:
    parser = verbs.add_parser(
        name,
        allow_abbrev=False,  # what is written in a script must not change its meaning with the next option
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(verb=function)
    return parser


def _scenario(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scenario", metavar="SCENARIO", help="scenario file (YAML)")
    _set(parser)


def _study(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the result")
    _dask(_simulation(parser)[1])
    _again(parser, "simulate only what is missing in DIR")


def _set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        help="replace a value, e.g. platform.record_delay=5min",
    )


_Group = argparse._MutuallyExclusiveGroup


def _simulation(parser: argparse.ArgumentParser) -> tuple[_Group, _Group]:
    """Add how to simulate; return the groups that say how many replications, and where they are simulated."""
    how_many, where = parser.add_mutually_exclusive_group(), parser.add_mutually_exclusive_group()
    how_many.add_argument("--replications", type=int, metavar="N", help="instead of the scenario's")
    parser.add_argument("--seed", type=int, metavar="N", help="instead of the scenario's")
    parser.add_argument(
        "--engine", default="auto", metavar="auto|reference|compiled", help="how to simulate; the rows are the same"
    )
    where.add_argument("--workers", type=int, metavar="N", help="processes (default: all cores); the rows are the same")
    return how_many, where


def _dask(where: _Group) -> None:
    where.add_argument("--dask", metavar="ADDRESS|local", help="simulate on a Dask cluster; see docs/cluster.md")


def _again(parser: argparse.ArgumentParser, resume: str) -> None:
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--resume", action="store_true", help=resume)
    how.add_argument("--overwrite", action="store_true", help="replace the result in DIR")
