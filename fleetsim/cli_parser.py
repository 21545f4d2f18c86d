"""What the command line takes: commands, their options and their help."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import NoReturn

from fleetsim.errors import Mistake
from fleetsim.version import __version__

BAD_INPUT = 2

Verb = Callable[[argparse.Namespace], int]
"""Does a command; returns its exit status."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line, and where help is."""
        self.exit(BAD_INPUT, f"{Mistake(self.prog, None, '', f'{message}; see {self.prog} --help')}\n")


def build(verbs: Mapping[str, Verb]) -> argparse.ArgumentParser:
    """The parser of the command line.

    Parameters
    ----------
    verbs
        What does each command, by its name.
    """
    parser = _Parser(
        prog="fleetsim",
        allow_abbrev=False,
        description="What a data limit really does to a cellular IoT fleet: overage, cost and lost service.",
        epilog="example:\n  fleetsim run scenarios/smart-meters.yaml --out out/smart-meters",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"fleetsim {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    run = _verb(
        commands,
        "run",
        verbs["run"],
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
        help="whose intervals; within FLOOR is enough too (default: cost and blocked_sim_periods_share_normal)",
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
        commands,
        "sweep",
        verbs["sweep"],
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
        commands,
        "choose-limit",
        verbs["choose-limit"],
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
        commands,
        "compare",
        verbs["compare"],
        "compare scenarios with the first of them, on common random numbers",
        "fleetsim compare today.yaml tomorrow.yaml --out out/comparison",
    )
    compare.add_argument("scenarios", metavar="SCENARIO", nargs="+", help="scenario files (YAML), two at least")
    _set(compare)
    compare.add_argument("--confidence", default="0.95", metavar="C", help="of all differences at once (default: 0.95)")
    _study(compare)

    explore = _verb(
        commands,
        "explore",
        verbs["explore"],
        "turn limits, devices, platform and tariff of a scenario by hand, in the browser",
        "fleetsim explore scenarios/smart-meters.yaml",
    )
    _scenario(explore)
    explore.add_argument("--replications", type=int, metavar="N", help="for each answer (default: 5)")
    _engine(explore)
    explore.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="to listen on (default: this machine only, 127.0.0.1)"
    )
    explore.add_argument("--port", type=int, default=0, metavar="N", help="to listen on (default: any that is free)")
    explore.add_argument("--no-browser", dest="browser", action="store_false", help="print the page's address only")

    validate = _verb(
        commands,
        "validate",
        verbs["validate"],
        "check a scenario and say in plain words what it means",
        "fleetsim validate scenarios/smart-meters.yaml",
    )
    _scenario(validate)

    report = _verb(
        commands,
        "report",
        verbs["report"],
        "write the report of a finished result anew",
        "fleetsim report out/smart-meters",
    )
    report.add_argument("folder", metavar="DIR", help="folder of a result")

    _verb(
        commands,
        "schema",
        verbs["schema"],
        "print the JSON Schema of a scenario, for editors",
        "fleetsim schema > scenario.schema.json",
    )
    return parser


def _verb(
    commands: argparse._SubParsersAction[_Parser],
    name: str,
    function: Verb,
    summary: str,
    example: str,
) -> _Parser:
    parser = commands.add_parser(
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
    _engine(parser)
    where.add_argument("--workers", type=int, metavar="N", help="processes (default: all cores); the rows are the same")
    return how_many, where


def _engine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--engine", default="auto", metavar="auto|reference|compiled", help="how to simulate; the rows are the same"
    )


def _dask(where: _Group) -> None:
    where.add_argument("--dask", metavar="ADDRESS|local", help="simulate on a Dask cluster; see docs/cluster.md")


def _again(parser: argparse.ArgumentParser, resume: str) -> None:
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--resume", action="store_true", help=resume)
    how.add_argument("--overwrite", action="store_true", help="replace the result in DIR")
