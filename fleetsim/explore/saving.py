"""What was found, as a scenario file that runs to the same numbers."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fleetsim.errors import BadInput, Mistake
from fleetsim.explore.curve import Asked
from fleetsim.files import write_text
from fleetsim.report import words
from fleetsim.scenario import dump, input_files
from fleetsim.scenario.schema import Scenario

_REPLICATIONS: Final = 20
"""To choose a limit from: more than an answer at once has."""


def default_name(file: str, folder: Path) -> str:
    """Name for a file of what was found: beside nothing of that name in `folder`."""
    stem = words.plain(Path(file).stem) or "scenario"
    names = (f"{stem}-explored{number}.yaml" for number in ("", *(f"-{i}" for i in range(2, 10_000))))
    return next(name for name in names if not (folder / name).exists())


def save(
    scenario: Scenario, name: str, folder: Path, *, opened: str, turned: Sequence[str], replace: bool, inside: bool
) -> Path:
    """Write a scenario file, completely or not at all.

    Parameters
    ----------
    scenario
        What is saved, with its number of replications.
    name
        Where to: a path, relative to `folder`.
    folder
        The folder that the command was started in.
    opened, turned
        The scenario's file and what was turned, for a comment.
    replace
        Whether a file that is there may be replaced.
    inside
        Whether it has to lie within `folder`: so when the page is open to other machines.

    Returns
    -------
    pathlib.Path
        Where it is, relative to `folder` where it lies within.

    Raises
    ------
    BadInput
        There is a file already, or the path is none to write to; nothing has been written.
    OSError
        The file could not be written; nothing has changed.
    """
    if not name.strip():
        raise _refuse(name, "expected the path of a file, such as explored.yaml")
    path = Path(os.path.normpath(folder / Path(name.strip()).expanduser()))
    if inside and not path.resolve().is_relative_to(folder.resolve()):
        raise _refuse(name, "expected a file in the folder that fleetsim was started in, for other machines may save")
    if path.suffix not in (".yaml", ".yml"):
        raise _refuse(name, "expected a name that ends in .yaml")
    if path.is_dir() or not path.parent.is_dir():
        raise _refuse(name, "expected a file in a folder that is there")
    if path.exists() and not replace:
        raise _refuse(name, "there is such a file; expected another name, or leave to replace it")
    write_text(path, text_of(scenario, path, opened, turned))
    return path.relative_to(folder) if path.is_relative_to(folder) else path


def text_of(scenario: Scenario, path: Path, opened: str, turned: Sequence[str]) -> str:
    """The file's text: what was turned, as a comment, and the resolved scenario; its files are named from its place."""
    names = {file.place: os.path.relpath(file.path, path.parent) for file in input_files(scenario)}
    comment = [
        f"Explored from {opened}",
        *(f"  {override}" for override in turned),
        "Run it:",
        f"  {command(Path(path.name))}",
    ]
    lines = "".join(f"# {words.plain(line)}\n" for line in comment)
    return lines + dump(scenario, names)


def choosing(path: Path, scenario: Scenario, asked: Asked) -> str:
    """The command that chooses a limit by what a curve was asked for; empty where none can be chosen."""
    try:
        asked.of(scenario)
    except BadInput:
        return ""
    options = {"--fleet": asked.fleet, "--limits": asked.limits, "--max-blocked-share": asked.most_blocked}
    said = " ".join(f"{name} {shlex.quote(value)}" for name, value in options.items())
    out = shlex.quote(f"out/{path.stem}-limit")
    return f"fleetsim choose-limit {shlex.quote(str(path))} {said} --replications {_REPLICATIONS} --out {out}"


def command(path: Path) -> str:
    """The command that runs a scenario file."""
    return f"fleetsim run {shlex.quote(str(path))} --out {shlex.quote(f'out/{path.stem}')}"


def _refuse(name: str, why: str) -> BadInput:
    return BadInput(Mistake(name or "nothing", None, "", why))
