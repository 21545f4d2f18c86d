"""Progress of long work: a bar with the time left in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fleetsim.experiments.workers import Progress

LINE_EVERY_S = 30


@contextmanager
def showing_progress() -> Iterator[Callable[[int, int], Progress]]:
    """Yield a function that is told how much there is to do and how much is done, and returns a `Progress`."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines
        return
    columns = (
        TextColumn("simulating"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("SIMs"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console, transient=True) as bar:

        def begin(total: int, done: int) -> Progress:
            task = bar.add_task("", total=total, completed=done)
            return lambda more: bar.advance(task, more)

        yield begin


def _lines(total: int, done: int) -> Progress:
    started = last = time.monotonic()
    began_at = done

    def tell(more: int) -> None:
        nonlocal done, last
        done += more
        now = time.monotonic()
        if now - last >= LINE_EVERY_S and done < total:
            last = now
            left = (now - started) / (done - began_at) * (total - done)
            print(f"{done:,} of {total:,} SIMs simulated, about {left:,.0f} s left", file=sys.stderr, flush=True)

    return tell
