"""A sweep and a comparison in the terminal: the answer first, then a table."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fleetsim.billing import CAUSES
from fleetsim.comparison import phrases
from fleetsim.comparison.compare import Comparison
from fleetsim.comparison.differences import Row
from fleetsim.comparison.metrics import METRICS
from fleetsim.comparison.points import grid
from fleetsim.comparison.sweep import Sweep
from fleetsim.experiments.summary import NORMAL
from fleetsim.report import words

_WIDTH: Final = 1000
"""What a table may take: no figure is cut. On a narrow terminal its lines are folded."""
_MOST_POINTS: Final = 30
_APART: Final = "~"
NOT_SHOWN: Final = ("blocked_sims", "offered_bytes", *(f"overage_cost_{cause}" for cause in CAUSES))
"""Metrics of which the terminal says the same in other words."""


def show(result: Sweep | Comparison, console: Console) -> None:
    """Print a sweep or a comparison.

    Parameters
    ----------
    console
        Where to print. On a terminal sentences are wrapped between words; elsewhere each stays on one line, for
        whoever reads it by program.
    """
    if isinstance(result, Sweep):
        print_sweep(result, console)
    else:
        print_comparison(result, console)


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print the answer, then a table for each scenario but the first."""
    for sentence in comparison.sentences:
        _say(sentence, console)
    found, made_of = comparison.found, comparison.provenance
    n = made_of["replications"]
    if n == 1:
        _say("There was one replication, so nothing can be told apart; --replications 20 gives intervals.", console)
    first, sure = words.plain(comparison.names[0]), phrases.percent(made_of["confidence"])
    rows = [row for row in found.rows if row.metric.of not in NOT_SHOWN]
    for place, name in enumerate(comparison.names[1:], start=1):
        one, other = ("A", _letter(place))
        _say(f"\n{other}: {words.plain(name)}, against {one}: {first}\n", console)
        table = _table(["", one, other, f"{other} - {one}", *(["interval", "needed"] if n > 1 else [])])
        for row in rows:
            table.add_row(*map(Text, _cells(row, place, made_of["currency"], n)))
        if rows:
            _show_table(table, console)
    _say("", console)
    if n > 1 and found.comparisons:
        differences = words.counted(found.comparisons, "difference", "differences")
        _say(f"Means of {phrases.replications(n)}; intervals hold at {sure} for all {differences} at once", console)
    if n > 1 and any(is_open(row, place) for row in rows for place in range(1, len(comparison.names))):
        _say(f"{_APART} cannot be told apart; needed: replications that would, by what was seen", console)
    if found.rows:
        _say(f"all metrics: {comparison.file}", console)
    if found.same:
        what = ", ".join(found.same) if found.rows else "everything"
        _say(f"the same in all scenarios, and left out: {what}", console)


def print_sweep(sweep: Sweep, console: Console) -> None:
    """Print cost and service of the points; of many points the first ones."""
    n, made_of = sweep.provenance["replications"], sweep.provenance
    points, currencies = sweep.arrow.num_rows, set(made_of["currencies"])
    currency = currencies.pop() if len(currencies) == 1 else "in its currency"
    said = f"{words.counted(points, 'point', 'points')}, the same random numbers at each; "
    said += f"means of {phrases.replications(n)}"
    said += f", intervals at {phrases.percent(made_of['confidence'])}, point by point" if n > 1 else ""
    _say(f"{said}\n", console)
    metrics = [metric for metric in METRICS if metric.name in ("cost", f"blocked_sim_periods_share{NORMAL}")]
    metrics = [metric for metric in metrics if metric.name in sweep.arrow.schema.names]
    shown = sweep.arrow.slice(0, _MOST_POINTS).to_pylist()
    columns = dict(zip(_heads(sweep), zip(*grid(sweep.axes), strict=True), strict=True))
    for metric in metrics:
        estimates = phrases.column(metric, shown)
        head = phrases.label(metric, currency).replace(", ", ",\n", 1)
        columns[head] = tuple(value for value, _ in estimates)
        if any(interval for _, interval in estimates):
            columns[f"{head}\ninterval"] = tuple(interval for _, interval in estimates)
    table = _table([head.rpartition("\n")[2] if head.endswith("interval") else head for head in columns])
    for cells in zip(*columns.values(), strict=False):
        table.add_row(*map(Text, cells))
    _show_table(table, console)
    more = f"the first {_MOST_POINTS} points; " if points > _MOST_POINTS else ""
    _say(f"\n{more}all metrics: {sweep.file}", console)
    if points > 1:
        _say("to tell two points apart, with an interval of their difference: fleetsim compare", console)


def _cells(row: Row, place: int, currency: str, n: int) -> list[str]:
    difference = row.differences[place - 1]
    open_ = is_open(row, place) and n > 1
    label = phrases.label(row.metric, currency) + (f" {_APART}" if open_ else "")
    *of_means, of_difference = phrases.of_row(row, place)
    means = [phrases.mean(row.metric, *row.means[at], each) for at, each in zip((0, place), of_means, strict=True)]
    needed = f"{difference.replications_needed:,}" if open_ and difference.replications_needed else ""
    return [label, *means, *phrases.difference(row.metric, difference, of_difference), needed][: 6 if n > 1 else 4]


def is_open(row: Row, place: int) -> bool:
    """Whether it is open which of the two is the larger one."""
    difference = row.differences[place - 1]
    return not (difference.distinguishable or phrases.is_same(difference))


def _letter(place: int) -> str:
    return chr(ord("A") + place) if place < 26 else str(place + 1)


def _heads(sweep: Sweep) -> list[str]:
    """Ends of the varied paths that tell them apart, a key a line."""
    keys = [axis.path.split(".") for axis in sweep.axes]
    for length in range(1, max(map(len, keys)) + 1):
        heads = ["\n".join(path[-length:]) for path in keys]
        if len(set(heads)) == len(heads):
            break
    return heads


def _table(heads: list[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="", padding=(0, 1, 0, 0))
    for place, head in enumerate(heads):
        table.add_column(Text(head), justify="right" if place else "left", no_wrap=True, vertical="bottom")
    return table


def _show_table(table: Table, console: Console) -> None:
    before, console.width = console.width, _WIDTH  # `print` takes no more than the console has
    console.print(table)
    console.width = before


def _say(text: str, console: Console) -> None:
    # Text, not a string: names from a scenario are never read as markup.
    console.print(Text(text), soft_wrap=not console.is_terminal, highlight=False)
