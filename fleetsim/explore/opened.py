"""What the server opened, for the page, which marimo runs in the same process and gives nothing to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fleetsim.explore.bench import Bench
from fleetsim.explore.curve import Curves


@dataclass(frozen=True)
class Opened:
    """What a page works with; all pages share it.

    Parameters
    ----------
    folder
        That the command was started in: where scenarios are saved.
    inside
        Whether they have to be saved within it.
    """

    bench: Bench
    curves: Curves
    folder: Path
    inside: bool


_opened: list[Opened] = []


def open_for_pages(opened: Opened) -> None:
    """Let pages find it."""
    _opened[:] = [opened]


def find() -> Opened:
    """What was opened.

    Raises
    ------
    RuntimeError
        Nothing was: the page runs by itself.
    """
    if not _opened:
        raise RuntimeError("start this page by: fleetsim explore SCENARIO")
    return _opened[0]
