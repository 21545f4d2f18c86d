"""The folder of a study of many simulations: what is known is kept as it comes; the whole appears when it is whole.

While a study goes on, ``parts/`` holds what is finished, each part a folder of tables that is renamed into its place.
The study's own file (``sweep.json``) is written last, so a folder with one is complete; the one in ``parts/`` says
whose the parts are, and is there before anything else.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from fleetsim.errors import BadInput
from fleetsim.experiments.inputs import keep_inputs, remove_inputs
from fleetsim.experiments.store import PARTS, alone_in, refused
from fleetsim.files import TEMPORARY, replacing, sync_folder, write_text

Result = TypeVar("Result")
Identity = Mapping[str, Any]
Kept = Mapping[str, pa.Table]
"""What has become known: tables by their names."""

REPORT: Final = "report.html"

_SCENARIO = re.compile(r"scenario(-[0-9]+)?\.yaml")


@dataclass(frozen=True)
class Study:
    """A kind of study.

    Attributes
    ----------
    name
        What it is called: ``sweep``. Its own file is ``sweep.json``.
    kept
        The tables that parts consist of, with their columns.
    others
        Names of the other tables that it leaves.
    differs
        What is said of a folder in which a part of the identity is another one.
    in_full
        What it is called where that has to be clear by itself: ``choice of a limit``; empty: as its name says.
    """

    name: str
    kept: Mapping[str, pa.Schema]
    others: tuple[str, ...]
    differs: Mapping[str, str]
    in_full: str = ""

    @property
    def file(self) -> str:
        """The study's own file, which says that all others are there."""
        return f"{self.name}.json"

    @property
    def left(self) -> tuple[str, ...]:
        """Files that a study leaves beside scenarios and their inputs."""
        return (self.file, *(f"{name}.parquet" for name in (*self.others, *self.kept)), REPORT)

    def read(self, folder: Path) -> Kept:
        """Read the tables that are kept.

        Raises
        ------
        OSError, pyarrow.ArrowException
            One is absent, damaged, or has other columns.
        """
        return {name: read_table(folder / f"{name}.parquet", schema) for name, schema in self.kept.items()}


class StudyFolder:
    """The folder of one study.

    Parameters
    ----------
    path
        Made if it is absent.
    study
        Of which kind it is.
    identity
        What must be the same to go on there.
    """

    def __init__(self, path: Path, study: Study, identity: Identity) -> None:
        self.path = path
        self.study = study
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
        self._made = not self.path.exists()
        with alone_in(self.path):
            yield

    def finished(self) -> dict[str, Any] | None:
        """What the study says that is complete here, if it is of this identity."""
        found = self._read(self.path / self.study.file)
        same = found is not None and all(found[name] == value for name, value in self.identity.items())
        return found if same else None

    def read_again(self, read: Callable[[Path], Result], page: Callable[[Result], str]) -> Result:
        """Read what is complete here; take away parts that a kill has left, and write the page if it is missing."""
        self.forget_parts()
        result = read(self.path)
        if not (self.path / REPORT).exists():
            self.report(page(result))
        return result

    def open(
        self, scenarios: Mapping[str, str], inputs: Mapping[str, Path], *, resume: bool, overwrite: bool
    ) -> list[Kept]:
        """Get the folder ready, and return what is known there.

        Parameters
        ----------
        scenarios
            Resolved scenarios to keep, as YAML, by the names of their files: ``scenario.yaml`` or ``scenario-1.yaml``.
        inputs
            The files that they name: their names here to where each is now.
        resume, overwrite
            What to do with a folder that is not empty.

        Raises
        ------
        BadInput
            The folder holds something else; nothing has been changed.
        OSError
            Something could not be read or written.
        """
        file = self.study.file
        found = self._read(self.path / file) or self._read(self.parts / file)
        if self._occupied():
            self._check(found, resume=resume, overwrite=overwrite)
        known = [] if overwrite else self._known()
        self.parts.mkdir(exist_ok=True)
        # Whenever this is killed, the parts that are there are those of the study that the file in `parts` names.
        self._say_whose(found if overwrite and found else self.identity)
        keep_inputs(self.path, inputs)
        if (self.path / file).exists() and not overwrite:
            for tables in known:
                self.put(tables)
        for name in self.study.left:
            (self.path / name).unlink(missing_ok=True)
        if overwrite:
            for part in self._kept():
                shutil.rmtree(part)
            self._say_whose(self.identity)
        for place in self.path.iterdir():
            if _SCENARIO.fullmatch(place.name) and place.name not in scenarios:
                place.unlink()
        for name, text in scenarios.items():
            write_text(self.path / name, text)
        remove_inputs(self.path, except_for=inputs)
        return known

    def put(self, tables: Kept) -> None:
        """Keep what has become known."""
        taken = {part.name for part in self._kept()}
        while f"{self._next:06d}" in taken:
            self._next += 1
        place = self.parts / f"{self._next:06d}"
        beside = place.with_name(f".{place.name}{TEMPORARY}")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        try:
            for name, table in tables.items():
                write_table(beside / f"{name}.parquet", table)
            beside.rename(place)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
        sync_folder(self.parts)

    def finish(self, tables: Mapping[str, pa.Table], said: Mapping[str, Any], page: str) -> None:
        """Write the result and its page, and declare it complete."""
        for name, table in tables.items():
            write_table(self.path / f"{name}.parquet", table)
        self.report(page)
        write_text(self.path / self.study.file, json.dumps(said, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
        self.forget_parts()

    def report(self, page: str) -> None:
        """Write the page."""
        write_text(self.path / REPORT, page)

    def abandon(self) -> None:
        """Remove what was begun: there is nothing to study."""
        self.forget_parts()
        remove_inputs(self.path, except_for={})
        for place in self.path.iterdir():
            if _SCENARIO.fullmatch(place.name):
                place.unlink()
        if self._made and not any(self.path.iterdir()):
            self.path.rmdir()

    def forget_parts(self) -> None:
        """Remove what a complete study has no more use for."""
        shutil.rmtree(self.parts, ignore_errors=True)

    # ---- what is there -----------------------------------------------------------------------------------------------

    def _occupied(self) -> bool:
        """Is anything in the folder but what a study leaves that was killed before it could say whose it is?"""
        inside = {place.name for place in self.path.iterdir()}
        begun = {place.name for place in self.parts.iterdir()} if self.parts.is_dir() else inside
        return not (inside <= {PARTS} and begun <= {f".{self.study.file}{TEMPORARY}"})

    def _check(self, found: Identity | None, *, resume: bool, overwrite: bool) -> None:
        name = self.study.name
        in_full = self.study.in_full or name
        if overwrite:
            if found is None:
                raise self._refuse(f"it holds no {in_full}, so --overwrite leaves it alone; use another folder")
            return
        if not resume:
            if found is None:
                raise self._refuse(f"the folder is not empty and holds no {in_full}; use another folder")
            raise self._refuse("the folder is not empty; go on with --resume, or replace its result with --overwrite")
        if found is None:
            raise self._refuse(f"there is no {in_full} to resume; use another folder")
        for key, value in self.identity.items():
            if found[key] != value:
                what = self.study.differs.get(key) or f"{key} {found[key]}; this one has {value}"
                raise self._refuse(f"its {name} has {what}; use another folder or replace it with --overwrite")

    def _read(self, file: Path) -> dict[str, Any] | None:
        """Return what a study says; ``None`` for a file that is absent, damaged or another program's."""
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        ours = isinstance(found, dict) and all(type(found.get(k)) is type(v) for k, v in self.identity.items())
        return found if ours else None

    def _known(self) -> list[Kept]:
        """Read what is known; a part that cannot be read is none."""
        found: list[Kept] = []
        if (self.path / self.study.file).exists():
            try:
                found.append(self.study.read(self.path))
            except (OSError, pa.ArrowException) as error:
                raise self._refuse(f"its result cannot be read ({error}); replace it with --overwrite") from error
        for part in self._kept():
            try:
                found.append(self.study.read(part))
            except (OSError, pa.ArrowException):
                shutil.rmtree(part)
        return found

    def _kept(self) -> list[Path]:
        return sorted(part for part in self.parts.iterdir() if part.name.isdecimal()) if self.parts.is_dir() else []

    def _say_whose(self, found: Identity) -> None:
        identity = {name: found[name] for name in self.identity}
        write_text(self.parts / self.study.file, json.dumps(identity, indent=2, ensure_ascii=False) + "\n")

    def _refuse(self, why: str) -> BadInput:
        return refused(self.path, why)


def write_table(file: Path, table: pa.Table) -> None:
    """Write a table, completely or not at all."""
    with replacing(file) as beside, beside.open("wb") as stream:
        pq.write_table(table, stream, compression="zstd")


def read_table(file: Path, schema: pa.Schema | None = None) -> pa.Table:
    """Read a table.

    Raises
    ------
    OSError, pyarrow.ArrowException
        There is none, it is damaged, or it has other columns than the schema.
    """
    with file.open("rb") as stream:  # by a stream: Arrow takes some names for addresses
        table = pq.read_table(stream)
    if schema is not None and not table.schema.equals(schema):
        raise pa.ArrowInvalid(f"{file.name} has other columns than this version writes")
    return table
