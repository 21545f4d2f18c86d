"""The files that a scenario names, kept beside its results: each by its content, so that no two collide."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from hashlib import file_digest
from pathlib import Path
from typing import Final

from fleetsim.files import replacing
from fleetsim.scenario import Scenario, input_files

INPUTS: Final = "inputs"


def inputs_of(scenario: Scenario) -> tuple[dict[tuple[str, str, str], str], dict[str, Path]]:
    """Name the files that a scenario needs by their content: what it calls each, and where each is now."""
    names, inputs = {}, {}
    for file in input_files(scenario):
        name = name_of_input(file.sha256)
        names[file.place], inputs[name] = name, file.path
    return names, inputs


def name_of_input(sha256: str) -> str:
    """Name within the folder of a file that the scenario names."""
    return f"{INPUTS}/sha256-{sha256[:16]}.csv"


def keep_inputs(folder: Path, inputs: Mapping[str, Path]) -> None:
    """Copy inputs to their places, unless they are there already.

    Raises
    ------
    OSError
        A file could not be copied, or has changed since it was read.
    """
    for name, source in inputs.items():
        place = folder / name
        if place.is_file() and _name_by_content(place) == name:
            continue
        place.parent.mkdir(exist_ok=True)
        with replacing(place) as beside:
            shutil.copyfile(source, beside)
            if _name_by_content(beside) != name:
                raise OSError(f"{source} has changed since it was read; run again")


def remove_inputs(folder: Path, except_for: Mapping[str, Path]) -> None:
    """Remove inputs of other scenarios."""
    kept = folder / INPUTS
    for place in kept.iterdir() if kept.is_dir() else ():
        if place.match("sha256-*.csv") and f"{INPUTS}/{place.name}" not in except_for:
            place.unlink()
    if kept.is_dir() and not kept.is_symlink() and not any(kept.iterdir()):
        kept.rmdir()


def _name_by_content(file: Path) -> str:
    with file.open("rb") as stream:
        return name_of_input(file_digest(stream, "sha256").hexdigest())
