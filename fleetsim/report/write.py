"""The report's files, each one written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from fleetsim.report.html import render
from fleetsim.report.pictures import pictures
from fleetsim.report.source import Result


def write(result: Result, folder: Path) -> None:
    """Write ``report.html`` and ``figures/*.png``.

    A picture that this result does not have is removed where an earlier report left one.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    page = render(result).encode()
    figures = folder / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    for picture in pictures(result):
        file = figures / f"{picture.key}.png"
        if picture.draw is None:
            file.unlink(missing_ok=True)
        else:
            _replace(file, picture.png())
    # Last, so that a page never stands beside the pictures of another run.
    _replace(folder / "report.html", page)


def _replace(file: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(name, 0o666 & ~_umask())  # mkstemp lets only the owner read
        os.replace(name, file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    # The mask can only be read by setting it.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
