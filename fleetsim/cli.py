"""The command line: thin, each verb a function of :mod:`fleetsim.api`."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from fleetsim.cli_parser import BAD_INPUT, build
from fleetsim.errors import BadInput, Mistake
from fleetsim.experiments.interrupts import never_lost

DONE, FAILED, NONE_MEETS, INTERRUPTED = 0, 1, 3, 130

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
    print(f"\n{Path(options.out) / 'report.html'}")
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
    print(f"\n{Path(options.out) / 'report.html'}")
    return DONE


def _explore(options: argparse.Namespace) -> int:
    from fleetsim.explore import server
    from fleetsim.explore.bench import Bench

    server.check_installed()
    bench = Bench(options.scenario, options.set, engine=options.engine, replications=options.replications)
    _warn(bench.scenario.warnings)
    server.serve(bench, host=options.host, port=options.port, browser=options.browser)
    return DONE


def _validate(options: argparse.Namespace) -> int:
    from fleetsim import api
    from fleetsim.experiments.arguments import check_functions
    from fleetsim.experiments.outline import outline

    scenario = api.load(options.scenario, options.set)
    check_functions(scenario)
    _warn(scenario.warnings)
    print("\n".join(outline(scenario)))
    return DONE


def _report(options: argparse.Namespace) -> int:
    from fleetsim import reporting

    reporting.show(reporting.report(options.folder))
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


def _parser() -> argparse.ArgumentParser:
    return build(
        {
            "run": _run,
            "sweep": _compare,
            "choose-limit": _choose_limit,
            "compare": _compare,
            "explore": _explore,
            "validate": _validate,
            "report": _report,
            "schema": _schema,
        }
    )
