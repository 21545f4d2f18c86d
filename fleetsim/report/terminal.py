"""The answer and a short table in the terminal: at most 80 columns, plain where it is no terminal."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fleetsim.report import words
from fleetsim.report.answer import answer
from fleetsim.report.source import Result, replications
from fleetsim.report.table import Block, blocks

_WIDTH = 80
_COLUMNS = 4  # of 12 characters beside the labels
_CELL = 11


def print_answer(result: Result, console: Console) -> None:
    """Print the answer, then a short table.

    Parameters
    ----------
    result
        A run.
    console
        Where to print. On a terminal sentences are wrapped between words; elsewhere each stays on one
        line, for whoever reads it by program.
    """
    for sentence in answer(result).sentences:
        # Text, not a string: names from a scenario are never read as markup.
        console.print(Text(sentence), soft_wrap=not console.is_terminal, highlight=False)
    n = replications(result)
    for number, block in enumerate(blocks(result, _COLUMNS)):
        if number == 0:
            console.print(Text("\nOne replication" if n == 1 else f"\nMeans of {n:,} replications"))
        console.print()
        console.print(_table(block), width=_WIDTH)


def _table(block: Block) -> Table:
    table = Table(box=None, pad_edge=False, header_style="", padding=(0, 1, 0, 0))
    table.add_column(Text("\n".join(what for what, _names in block.heads)), no_wrap=True)
    for names in zip(*(names for _what, names in block.heads), strict=True):
        head = Text("\n".join(map(_cut, names)))
        table.add_column(head, justify="right", no_wrap=True, min_width=_CELL)
    for line in block.lines:
        table.add_row(Text("  " * line.depth + line.label), *(Text(cell) for cell in line.cells))
    return table


def _cut(name: str) -> str:
    text = words.plain(name)
    return text if cell_len(text) <= _CELL else f"{set_cell_size(text, _CELL - 2).rstrip()}.."
