"""Progress of long work: a bar with the time left in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fleetsim.experiments.workers import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

LINE_EVERY_S = 30
ENOUGH_S = 5
"""From so long on what is left can be told; before, a compiler may have taken most of the time."""


class Shown:
    """Shows progress; called with how much there is to do and how much is done, it returns a `Progress`.

    Called again, it goes on with other numbers. In a terminal there is a bar, elsewhere a line now and then.
    """

    def __init__(self, bar: Bar | None) -> None:
        self._bar = bar
        self._task: TaskID | None = None
        self._note = ""
        self._last = time.monotonic()
        self._first: tuple[float, int] | None = None  # when something was done first, and how much was done then
        self._total = self._done = 0
        self._began = False

    def note(self, text: str) -> None:
        """Show a text beside the numbers."""
        self._note = text
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=text)

    def __call__(self, total: int, done: int) -> Progress:
        self._total, self._done = total, done
        if not self._began and 0 < done < total:
            self._say(f"going on: {done:,} of {total:,} SIMs have been simulated before")
        self._began = True
        if self._bar is not None:
            if self._task is None:
                self._task = self._bar.add_task(self._note, total=total, completed=done)
            self._bar.update(self._task, total=total, completed=done)
        return self._tell

    def _tell(self, more: int) -> None:
        self._done += more
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, more)
            return
        now = time.monotonic()
        since, done_then = self._first = self._first or (now, self._done)
        if now - self._last >= LINE_EVERY_S and self._done < self._total:
            self._last = now
            said = f"{self._done:,} of {self._total:,} SIMs simulated"
            if now - since >= ENOUGH_S:
                each = (now - since) / max(self._done - done_then, 1)
                said += f", about {each * (self._total - self._done):,.0f} s left"
            self._say(f"{self._note}: {said}" if self._note else said)

    def _say(self, text: str) -> None:
        if self._bar is not None:
            self._bar.console.print(text, highlight=False, markup=False)
        else:
            print(text, file=sys.stderr, flush=True)


@contextmanager
def showing_progress() -> Iterator[Shown]:
    """Yield what shows progress."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    if not console.is_terminal:
        yield Shown(None)
        return
    columns = (
        TextColumn("simulating"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("SIMs"),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        yield Shown(bar)
