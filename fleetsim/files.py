"""Files that are complete or absent: written beside their place, synced, then moved into it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TEMPORARY = ".tmp"
"""Ending of what is not in its place yet; a program that was killed leaves it behind."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path to write to; when the block succeeds it becomes `path`, when it fails it is removed.

    Raises
    ------
    OSError
        The file could not be written, for instance because the disk is full; `path` is as it was.
    """
    beside = path.with_name(f".{path.name}{TEMPORARY}")
    try:
        yield beside
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(beside, path)
        sync_folder(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, completely or not at all."""
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` last through a loss of power, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Hold a folder, which must be there, against other programs; yield whether it is ours alone.

    The system lets go of it when the block is left or the process dies, however it dies. Where a system or a file
    system cannot hold folders, it is taken to be ours.
    """
    if os.name != "posix":
        yield True
        return
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            alone = True
        except BlockingIOError:
            alone = False
        except OSError:
            alone = True
        yield alone
    finally:
        os.close(descriptor)
