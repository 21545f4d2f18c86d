"""The folder of a run: finished replications are kept one by one, and the whole appears only when it is whole.

While a run goes on, ``parts/`` holds the tables of each finished replication in a folder of its own, which is written
block by block beside its place and renamed into it. The end of the run copies the parts one after the other into the
tables that users read; ``manifest.json`` is written last. Whatever is killed in between leaves parts that `--resume`
goes on from: ``parts/run.json``, which says whose they are, is there before anything else and goes last.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from fleetsim.errors import BadInput, Mistake
from fleetsim.experiments.inputs import keep_inputs, remove_inputs
from fleetsim.experiments.parquet import (
    Writer,
    Written,
    read_table,
    reading,
    write_encoded,
    write_whole,
    writing,
)
from fleetsim.files import TEMPORARY, held, sync_folder, write_text
from fleetsim.tables import LARGE, ROWS, SCHEMAS, Block, Tables, Tabulator, Wanted

MANIFEST = "manifest.json"
SCENARIO = "scenario.yaml"
PARTS = "parts"
IDENTITY = "run.json"
LEFT_BY_A_RUN = (
    MANIFEST,
    "summary.json",
    "report.html",
    *(f"{name}.parquet" for name in SCHEMAS),
    "figures/overage_by_cause.png",
    "figures/cost_over_replications.png",
    "figures/blocked_over_time.png",
    "figures/sim_period.png",
)
"""Files that a run leaves beside the scenario and its inputs. Whatever else is in the folder is not ours."""

Identity = Mapping[str, str | int]
"""What must be the same for a run to go on in a folder."""

KEPT = asdict(ROWS)
"""What a run keeps whose manifest does not say it."""


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder, made if it is absent, against other programs.

    Raises
    ------
    BadInput
        It is no folder, or another program writes there.
    """
    if folder.exists() and not folder.is_dir():
        raise refused(folder, "found a file; expected a folder, or a name that is free")
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder) as alone:
        if not alone:
            raise refused(folder, "another run writes to this folder; wait for its end or use another folder")
        yield


def refused(folder: Path, why: str) -> BadInput:
    """Why a folder is left as it is."""
    return BadInput(Mistake(str(folder), None, "", why))


class Store:
    """The folder of one run.

    Parameters
    ----------
    folder
        Made if it is absent.
    identity
        Of the run that wants to write there: its seed, the program's version and the scenario's hash.
    wanted
        What the run keeps, which is part of its identity.
    """

    def __init__(self, folder: Path, identity: Identity, wanted: Wanted = ROWS) -> None:
        self.folder = folder
        self.identity = {**identity, **asdict(wanted)}
        self.names = wanted.tables
        self.parts = folder / PARTS

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder, made if it is absent, against other runs.

        Raises
        ------
        BadInput
            It is no folder, or another run writes there.
        """
        with alone_in(self.folder):
            yield

    def open(
        self,
        replications: int,
        scenario: str,
        inputs: Mapping[str, Path],
        *,
        resume: bool,
        overwrite: bool,
        at_most: bool = False,
    ) -> set[int]:
        """Get the folder ready and return the replications that are finished there.

        Parameters
        ----------
        replications
            How many the run wants.
        scenario
            The resolved scenario, as YAML.
        inputs
            The files that it names, from `fleetsim.experiments.inputs.inputs_of`.
        resume, overwrite
            What to do with a folder that is not empty.
        at_most
            Whether the run may turn out to want fewer replications.

        Raises
        ------
        BadInput
            The folder holds something else; nothing has been changed.
        OSError
            Something could not be read or written.
        """
        found = self._found()
        if self._occupied():
            self._check(found, replications, resume=resume, overwrite=overwrite)
        finished = 0 if overwrite else self._check_finished_run()
        if at_most:
            replications = max(finished, 1)
        self.parts.mkdir(exist_ok=True)
        # Whenever this is killed, the parts that are there are those of the run that `run.json` names.
        self._say_whose(found if overwrite and found else self._with(replications))
        keep_inputs(self.folder, inputs)
        if finished:
            self._take_apart(finished)
        self._remove_result()
        if overwrite:
            self._remove_parts()
            self._say_whose(self._with(replications))
        write_text(self.folder / SCENARIO, scenario)
        remove_inputs(self.folder, except_for=inputs)
        return set(self._finished())

    def is_complete(self, replications: int) -> bool:
        """Does the folder hold this very run, finished?"""
        found = self._read(self.folder / MANIFEST)
        return found is not None and all(found[name] == value for name, value in self._with(replications).items())

    def finished(self) -> dict[str, Any] | None:
        """Manifest of a finished run in the folder that this one can go on with, if there is one."""
        found = self._read(self.folder / MANIFEST)
        same = found is not None and all(found[name] == value for name, value in self.identity.items())
        return found if same else None

    def sums(self, replication: int) -> pa.Table:
        """The sums of a replication that is kept."""
        return read_table(self._part(replication), "replications")

    def put(self, replication: int, blocks: Iterable[Block | Written], tabulator: Tabulator) -> None:
        """Keep the tables of a replication, block by block as they are finished; all of it or nothing."""
        with self._beside(replication) as beside, ExitStack() as opened:
            large: dict[str, Writer] = {}
            totals = None
            for block in blocks:
                if isinstance(block, Written):
                    for name, file in block.files.items():
                        write_encoded(beside, name, file)
                else:
                    for name, rows in block.rows.items():
                        if name not in large:
                            large[name] = opened.enter_context(writing(beside, name))
                        large[name].write(rows)
                totals = block.totals if totals is None else totals + block.totals
            assert totals is not None
            for name, table in tabulator.whole(replication, totals).items():
                with writing(beside, name) as writer:
                    writer.write(table)

    def assemble(self, replications: int) -> Tables:
        """Put the parts into the tables that users read; return those that are not too large to be held."""
        for name in self.names:
            write_whole(self.folder, name, (self._part(i) for i in range(replications)))
        return Tables(**{name: read_table(self.folder, name) for name in self.names if name not in LARGE})

    def finish(self, manifest: Mapping[str, object]) -> None:
        """Declare the run complete."""
        write_text(self.folder / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
        self.forget_parts()

    def forget_parts(self) -> None:
        """Remove what a complete run has no more use for."""
        shutil.rmtree(self.parts, ignore_errors=True)

    # ---- what is there -----------------------------------------------------------------------------------------------

    def _check(self, found: Identity | None, replications: int, *, resume: bool, overwrite: bool) -> None:
        """Refuse a folder that holds something else than what was asked for."""
        if overwrite:
            if found is None:
                raise self.refuse("it holds no run, so --overwrite leaves it alone; use another folder")
            return
        if not resume:
            if found is None:
                raise self.refuse("the folder is not empty and holds no run; use another folder")
            raise self.refuse("the folder is not empty; go on with --resume, or replace its result with --overwrite")
        if found is None:
            raise self.refuse("there is no run to resume; use another folder")
        for name, value in self.identity.items():
            if found[name] != value:
                label = f"--{name}" if name in KEPT else name
                what = {"scenario_hash": "another scenario, by its hash"}.get(name, f"{label} {found[name]}")
                raise self.refuse(
                    f"its run has {what}; this one has {value}; use another folder or replace it with --overwrite"
                )
        if found["replications"] > replications:  # type: ignore[operator]
            raise self.refuse(
                f"its run has {found['replications']} replications; this one has {replications};"
                " ask for at least as many, or replace it with --overwrite"
            )

    def _occupied(self) -> bool:
        """Is anything in the folder but what a run leaves that was killed before it could say whose it is?"""
        inside = {place.name for place in self.folder.iterdir()}
        begun = {place.name for place in self.parts.iterdir()} if self.parts.is_dir() else inside
        return not (inside <= {PARTS} and begun <= {f".{IDENTITY}{TEMPORARY}"})

    def _found(self) -> Identity | None:
        """Identity of the run whose folder this is, finished or not."""
        return self._read(self.folder / MANIFEST) or self._read(self.parts / IDENTITY)

    def _read(self, file: Path) -> dict[str, Any] | None:
        """Return a manifest; ``None`` for a file that is absent, damaged or another program's."""
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(found, dict):
            return None
        found = KEPT | found
        ours = all(type(found.get(name)) is type(value) for name, value in self._with(0).items())
        return found if ours else None

    def _finished(self) -> Iterator[int]:
        """Yield the finished replications; a part that cannot be read is no finished one."""
        for part in [part for part in self.parts.iterdir() if part.name.isdecimal()]:
            try:
                self._check_tables(part)
            except (OSError, pa.ArrowException):
                shutil.rmtree(part)
            else:
                yield int(part.name)

    def _check_finished_run(self) -> int:
        """See that the result that is there can be read; return its replications, 0 where there is none."""
        manifest = self._read(self.folder / MANIFEST)
        if manifest is None:
            return 0
        finished = int(manifest["replications"])
        try:
            self._check_tables(self.folder)
        except (OSError, pa.ArrowException) as error:
            raise self.refuse(f"its result cannot be read ({error}); replace it with --overwrite") from error
        return finished

    def _check_tables(self, folder: Path) -> None:
        for name in self.names:
            with reading(folder, name) as table:
                table.check()

    # ---- how it changes ----------------------------------------------------------------------------------------------

    @contextmanager
    def _beside(self, replication: int) -> Iterator[Path]:
        """Yield a folder for a part; when the block succeeds it takes its place, when it fails it is removed."""
        place = self._part(replication)
        beside = place.with_name(f".{place.name}{TEMPORARY}")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        try:
            yield beside
            beside.rename(place)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
        sync_folder(self.parts)

    def _take_apart(self, replications: int) -> None:
        """Make parts of the result that is there, but for those that it was made from and that are still there."""
        with ExitStack() as opened:
            tables = {name: opened.enter_context(reading(self.folder, name)) for name in self.names}
            for replication in range(replications):
                if not self._part(replication).exists():
                    with self._beside(replication) as beside:
                        for name, table in tables.items():
                            with writing(beside, name) as writer:
                                for rows in table.row_groups(replication):
                                    writer.write(rows)

    def _remove_result(self) -> None:
        """Remove the tables and what was made from them, the manifest first: nothing half removed looks complete."""
        for name in LEFT_BY_A_RUN:
            (self.folder / name).unlink(missing_ok=True)
        _remove_if_empty(self.folder / "figures")

    def _remove_parts(self) -> None:
        for place in self.parts.iterdir():
            if place.is_dir():
                shutil.rmtree(place)

    def _say_whose(self, found: Identity) -> None:
        identity = {name: found[name] for name in self._with(0)}
        write_text(self.parts / IDENTITY, json.dumps(identity, indent=2) + "\n")

    def _with(self, replications: int) -> dict[str, str | int]:
        return {**self.identity, "replications": replications}

    def _part(self, replication: int) -> Path:
        return self.parts / f"{replication:06d}"

    def refuse(self, why: str) -> BadInput:
        """Say why the folder is left as it is."""
        return refused(self.folder, why)


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
        folder.rmdir()
