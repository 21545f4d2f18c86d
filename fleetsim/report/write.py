"""The report's files, each one written whole or not at all."""

from __future__ import annotations

from pathlib import Path

from fleetsim.experiments.story import Story
from fleetsim.files import replacing
from fleetsim.report.html import render
from fleetsim.report.pictures import SIM_PERIOD, pictures
from fleetsim.report.source import Result


def write(result: Result, folder: Path, story: Story | None = None) -> None:
    """Write ``report.html`` and ``figures/*.png``, with a picture of the SIM-period whose story is given.

    A picture that this result does not have is removed where an earlier report left one.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    made = pictures(result, story)
    page = render(result, made).encode()
    figures = folder / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    if story is None:
        (figures / f"{SIM_PERIOD}.png").unlink(missing_ok=True)
    for picture in made:
        file = figures / f"{picture.key}.png"
        if picture.draw is None:
            file.unlink(missing_ok=True)
        else:
            with replacing(file) as beside:
                beside.write_bytes(picture.png())
    # Last, so that a page never stands beside the pictures of another run.
    with replacing(folder / "report.html") as beside:
        beside.write_bytes(page)
