"""The points of a sweep: the full grid, each of them a scenario that is checked before anything is simulated."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from pathlib import Path

from fleetsim.comparison.axis import MOST, Axis
from fleetsim.errors import BadInput, Mistake
from fleetsim.scenario import Scenario, dump, load_text
from fleetsim.scenario.attach import with_functions_of
from fleetsim.scenario.load import Seen
from fleetsim.scenario.source import MAX_FILE_BYTES, read_bytes, read_text

Point = tuple[str, ...]
"""A value of each axis."""


@dataclass(frozen=True)
class Source:
    """A scenario before anything is varied: its text, the file that it is from, and what ``--set`` says.

    Points share the traces that they have in common: `seen` holds those that were read. A loaded scenario gives its
    functions too, where no value takes the place of one.
    """

    text: str
    file: str
    overrides: tuple[str, ...]
    seen: Seen = field(default_factory=dict)
    loaded: Scenario | None = None

    def with_values(self, overrides: Sequence[str]) -> Scenario:
        """The scenario with further values in their places."""
        found = load_text(self.text, (*self.overrides, *overrides), file=self.file, seen=self.seen)
        return found if self.loaded is None else with_functions_of(found, self.loaded)


def source_of(scenario: Scenario | str | Path, overrides: Sequence[str]) -> Source:
    """Where the points of a sweep come from; a loaded scenario is written out again."""
    if isinstance(scenario, Scenario):
        file = str(scenario.folder / "scenario.yaml")
        return Source(dump(scenario), file, tuple(overrides), loaded=scenario)
    file = os.fspath(scenario)
    return Source(read_text(read_bytes(Path(file), file, MAX_FILE_BYTES), file), file, tuple(overrides))


def grid(axes: Sequence[Axis]) -> list[Point]:
    """All points, the last axis fastest.

    Raises
    ------
    BadInput
        There are too many, no axis, or two of one path.
    """
    if not axes:
        raise BadInput(Mistake("--vary", None, "", "found nothing to vary; expected at least one path with its values"))
    paths = [axis.path for axis in axes]
    twice = [path for place, path in enumerate(paths) if path in paths[:place]]
    if twice:
        what = "found the path twice; expected each path once, with all of its values"
        raise BadInput([Mistake("--vary", None, path, what) for path in dict.fromkeys(twice)])
    size = prod(len(axis.values) for axis in axes)
    if size > MOST:
        raise BadInput(Mistake("--vary", None, "", f"found {size:,} points; expected at most {MOST:,}"))
    return list(product(*(axis.values for axis in axes)))


def load_points(source: Source, axes: Sequence[Axis], points: Sequence[Point]) -> list[Scenario]:
    """Load the scenario of each point.

    Raises
    ------
    BadInput
        With every mistake at any point, each once: by the value that is wrong, or else by the first point that has it.
    """
    found: list[Scenario] = []
    mistakes: dict[Mistake, list[Point]] = {}
    for point in points:
        overrides = [f"{axis.path}={value}" for axis, value in zip(axes, point, strict=True)]
        try:
            found.append(source.with_values(overrides))
        except BadInput as error:
            ours = {f"--set {override}": f"--vary {override}" for override in overrides}
            for mistake in error.mistakes:
                mistakes.setdefault(replace(mistake, file=ours.get(mistake.file, mistake.file)), []).append(point)
    if mistakes:
        raise BadInput([_said(mistake, where, axes, points) for mistake, where in mistakes.items()])
    return found


def named(axes: Sequence[Axis], point: Point) -> str:
    """``fleets.meters.data_limit=5 MB, platform.record_delay=1 min``."""
    return ", ".join(f"{axis.path}={value}" for axis, value in zip(axes, point, strict=True))


def _said(mistake: Mistake, where: list[Point], axes: Sequence[Axis], points: Sequence[Point]) -> Mistake:
    """Name the point, unless the mistake is there without it: at all points, or at all that have a value it names."""
    values = [
        [point for point in points if mistake.file == f"--vary {axis.path}={point[place]}"]
        for place, axis in enumerate(axes)
    ]
    if len(where) == len(points) or where in values:
        return mistake
    more = f" and {len(where) - 1:,} more" if len(where) > 1 else ""
    return replace(mistake, text=f"{mistake.text}; at the point {named(axes, where[0])}{more}")
