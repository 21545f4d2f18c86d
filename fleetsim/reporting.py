"""The report of whatever was left in a folder, written anew, and shown in the terminal."""

from __future__ import annotations

from pathlib import Path

from fleetsim.api import report as report_run
from fleetsim.choice.folder import STUDY
from fleetsim.choice.study import LimitStudy
from fleetsim.comparison.compare import COMPARISON, Comparison
from fleetsim.comparison.sweep import SWEEP, Sweep
from fleetsim.experiments.store import SCENARIO
from fleetsim.results import Result
from fleetsim.scenario import load

Reported = Result | LimitStudy | Comparison | Sweep


def report(folder: str | Path) -> Reported:
    """Write ``report.html`` of a finished run, choice, comparison or sweep anew, from its tables.

    Raises
    ------
    BadInput
        `folder` holds none of them.
    OSError
        It cannot be written.
    """
    from fleetsim.choice.page import render as choice_page  # these load matplotlib
    from fleetsim.comparison.page import read_scenarios
    from fleetsim.comparison.page import render as comparison_page
    from fleetsim.comparison.sweep_page import render as sweep_page
    from fleetsim.report.page import write_page

    folder = Path(folder)
    found: Reported
    if (folder / STUDY.file).is_file():
        found = LimitStudy.read(folder)
        write_page(folder, choice_page(found))
    elif (folder / COMPARISON.file).is_file():
        found = Comparison.read(folder)
        write_page(folder, comparison_page(found, read_scenarios(found, folder)))
    elif (folder / SWEEP.file).is_file():
        found = Sweep.read(folder)
        write_page(folder, sweep_page(found, load(folder / SCENARIO)))
    else:
        found = report_run(folder)
    return found


def show(found: Reported) -> None:
    """Print the answer, as the command that made it did."""
    from rich.console import Console

    from fleetsim.choice.terminal import print_choice
    from fleetsim.comparison.terminal import show as print_compared
    from fleetsim.report.terminal import print_answer

    console = Console()
    if isinstance(found, Result):
        print_answer(found, console)
    elif isinstance(found, LimitStudy):
        print_choice(found, console)
    else:
        print_compared(found, console)
