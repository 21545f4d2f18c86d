"""The folder of a choice: what was judged is kept as it comes, and the whole appears only when it is whole.

While replications are judged, ``parts/`` holds those that are finished, some in a part, each part renamed into its
place. ``choice.json`` is written last, so a folder with one is complete; ``parts/choice.json`` says whose parts they
are, and is there before anything else. What was judged does not depend on the rule: another one, another confidence and
other numbers of replications go on with the same parts.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from fleetsim.choice.tables import Judged, judged_from, judged_table, read, use_table, write
from fleetsim.errors import BadInput, Mistake
from fleetsim.experiments.inputs import keep_inputs, remove_inputs
from fleetsim.experiments.store import PARTS, SCENARIO
from fleetsim.files import TEMPORARY, held, sync_folder, write_text

CHOICE: Final = "choice.json"
REPORT: Final = "report.html"
LEFT_BY_A_CHOICE: Final = (CHOICE, "limits.parquet", "judged.parquet", "use.parquet", REPORT)
"""Files that a choice leaves beside the scenario and its inputs; the first one says that the others are there."""

Identity = Mapping[str, Any]


class Folder:
    """The folder of one choice.

    Parameters
    ----------
    path
        Made if it is absent.
    identity
        What must be the same to go on there: seed, version, scenario hash, fleet and limits.
    """

    def __init__(self, path: Path, identity: Identity) -> None:
        self.path = path
        self.identity = dict(identity)
        self.parts = path / PARTS
        self._next = 0
        self._made = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder, made if it is absent, against other programs.

        Raises
        ------
        BadInput
            It is no folder, or another program writes there.
        """
        if self.path.exists() and not self.path.is_dir():
            raise self._refuse("found a file; expected a folder, or a name that is free")
        self._made = not self.path.exists()
        self.path.mkdir(parents=True, exist_ok=True)
        with held(self.path) as alone:
            if not alone:
                raise self._refuse("another run writes to this folder; wait for its end or use another folder")
            yield

    def finished(self) -> dict[str, Any] | None:
        """What the choice says that is complete here, if it is of this identity."""
        found = self._read(self.path / CHOICE)
        return (
            found if found is not None and all(found[name] == value for name, value in self.identity.items()) else None
        )

    def open(self, scenario: str, inputs: Mapping[str, Path], *, resume: bool, overwrite: bool) -> list[Judged]:
        """Get the folder ready, and return what has been judged there.

        Parameters
        ----------
        scenario
            The resolved scenario, as YAML.
        inputs
            The files that it names: their names here to where each is now.
        resume, overwrite
            What to do with a folder that is not empty.

        Raises
        ------
        BadInput
            The folder holds something else; nothing has been changed.
        OSError
            Something could not be read or written.
        """
        found = self._read(self.path / CHOICE) or self._read(self.parts / CHOICE)
        if self._occupied():
            self._check(found, resume=resume, overwrite=overwrite)
        judged = [] if overwrite else self._judged()
        self.parts.mkdir(exist_ok=True)
        # Whenever this is killed, the parts that are there are those of the choice that `parts/choice.json` names.
        self._say_whose(found if overwrite and found else self.identity)
        keep_inputs(self.path, inputs)
        if (self.path / CHOICE).exists() and not overwrite:
            self.put(judged)
        for name in LEFT_BY_A_CHOICE:
            (self.path / name).unlink(missing_ok=True)
        if overwrite:
            for part in self._kept():
                shutil.rmtree(part)
            self._say_whose(self.identity)
        write_text(self.path / SCENARIO, scenario)
        remove_inputs(self.path, except_for=inputs)
        return judged

    def put(self, judged: Sequence[Judged]) -> None:
        """Keep what has been judged, if anything."""
        if not judged:
            return
        taken = {part.name for part in self._kept()}
        while f"{self._next:06d}" in taken:
            self._next += 1
        place = self.parts / f"{self._next:06d}"
        beside = place.with_name(f".{place.name}{TEMPORARY}")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        try:
            _write(beside, judged)
            beside.rename(place)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
        sync_folder(self.parts)

    def finish(self, judged: Sequence[Judged], limits: pa.Table, choice: Mapping[str, Any], page: str) -> None:
        """Write the result and its page, and declare it complete."""
        _write(self.path, judged)
        write(self.path, "limits", limits)
        write_text(self.path / REPORT, page)
        write_text(self.path / CHOICE, json.dumps(choice, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
        self.forget_parts()

    def abandon(self) -> None:
        """Remove what was begun: there is nothing to choose from."""
        self.forget_parts()
        remove_inputs(self.path, except_for={})
        (self.path / SCENARIO).unlink(missing_ok=True)
        if self._made and not any(self.path.iterdir()):
            self.path.rmdir()

    def forget_parts(self) -> None:
        """Remove what a complete choice has no more use for."""
        shutil.rmtree(self.parts, ignore_errors=True)

    # ---- what is there -----------------------------------------------------------------------------------------------

    def _occupied(self) -> bool:
        """Is anything in the folder but what a choice leaves that was killed before it could say whose it is?"""
        inside = {place.name for place in self.path.iterdir()}
        begun = {place.name for place in self.parts.iterdir()} if self.parts.is_dir() else inside
        return not (inside <= {PARTS} and begun <= {f".{CHOICE}{TEMPORARY}"})

    def _check(self, found: Identity | None, *, resume: bool, overwrite: bool) -> None:
        if overwrite:
            if found is None:
                raise self._refuse("it holds no choice of a limit, so --overwrite leaves it alone; use another folder")
            return
        if not resume:
            what = "replace its result with --overwrite" if found else "use another folder"
            raise self._refuse(f"the folder is not empty; go on with --resume, or {what}")
        if found is None:
            raise self._refuse("there is no choice of a limit to resume; use another folder")
        for name, value in self.identity.items():
            if found[name] != value:
                what = {"scenario_hash": "another scenario, by its hash", "limits": "other limits"}.get(
                    name, f"{name} {found[name]}"
                )
                said = f"; this one has {value}" if name not in ("scenario_hash", "limits") else ""
                raise self._refuse(f"its choice has {what}{said}; use another folder or replace it with --overwrite")

    def _read(self, file: Path) -> dict[str, Any] | None:
        """Return what a choice says; ``None`` for a file that is absent, damaged or another program's."""
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        ours = isinstance(found, dict) and all(type(found.get(k)) is type(v) for k, v in self.identity.items())
        return found if ours else None

    def _judged(self) -> list[Judged]:
        """Read what was judged; a part that cannot be read is none."""
        found: list[Judged] = []
        if (self.path / CHOICE).exists():
            try:
                found += judged_from(read(self.path, "judged"), read(self.path, "use"))
            except (OSError, pa.ArrowException) as error:
                raise self._refuse(f"its result cannot be read ({error}); replace it with --overwrite") from error
        for part in self._kept():
            try:
                found += judged_from(read(part, "judged"), read(part, "use"))
            except (OSError, pa.ArrowException):
                shutil.rmtree(part)
        return found

    def _kept(self) -> list[Path]:
        return sorted(part for part in self.parts.iterdir() if part.name.isdecimal()) if self.parts.is_dir() else []

    def _say_whose(self, found: Identity) -> None:
        identity = {name: found[name] for name in self.identity}
        write_text(self.parts / CHOICE, json.dumps(identity, indent=2) + "\n")

    def _refuse(self, why: str) -> BadInput:
        return BadInput(Mistake(str(self.path), None, "", why))


def _write(folder: Path, judged: Sequence[Judged]) -> None:
    write(folder, "judged", judged_table(judged))
    write(folder, "use", use_table(judged))
