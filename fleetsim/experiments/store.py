"""The folder of a run: finished replications are kept one by one, and the whole appears only when it is whole.

While a run goes on, ``parts/`` holds the tables of each finished replication in a folder of its own, which is made
beside its place and renamed into it. The end of the run puts the parts one after the other, each a row group, into the
tables that users read; ``manifest.json`` is written last. Whatever is killed in between leaves parts that `--resume`
goes on from.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from fleetsim.errors import BadInput, Mistake
from fleetsim.files import replacing, sync_folder, write_text
from fleetsim.tables import BLOCKED, REPLICATIONS, SIM_PERIODS, Tables

SCHEMAS = {"sim_periods": SIM_PERIODS, "replications": REPLICATIONS, "blocked": BLOCKED}
MANIFEST = "manifest.json"
PARTS = "parts"
IDENTITY = "run.json"
LEFT_BY_A_RUN = (
    MANIFEST,
    "summary.json",
    "scenario.yaml",
    "report.html",
    *(f"{name}.parquet" for name in SCHEMAS),
    "figures",
    "inputs",
    PARTS,
)

Identity = dict[str, str | int]
"""What must be the same for a run to go on in a folder: names for people to their values."""


class Store:
    """The folder of one run.

    Parameters
    ----------
    folder
        Made if it is absent.
    identity
        Of the run that wants to write there.
    """

    def __init__(self, folder: Path, identity: Identity) -> None:
        self.folder = folder
        self.identity = identity
        self.parts = folder / PARTS

    def open(self, replications: int, *, resume: bool, overwrite: bool) -> set[int]:
        """Get the folder ready and return the replications that are finished there.

        Raises
        ------
        BadInput
            The folder holds something else; nothing has been changed.
        """
        found = self._found()
        if overwrite:
            if found is None and self._occupied():
                raise self._refuse("it holds no result of fleetsim, so --overwrite leaves it alone; use another folder")
            self._clear()
        elif self._occupied():
            if not resume:
                raise self._refuse("the folder is not empty; go on with --resume, replace with --overwrite")
            if found is None:
                raise self._refuse("there is no run to resume; use another folder")
            for name, value in self.identity.items():
                if found.get(name) != value:
                    raise self._refuse(
                        f"its run has {name} {found.get(name)}, this one has {value};"
                        " use another folder or replace it with --overwrite"
                    )
            if int(found.get("replications", 0)) > replications:
                raise self._refuse(
                    f"its run has {found['replications']} replications, this one {replications};"
                    " ask for at least as many, or replace it with --overwrite"
                )
        self.parts.mkdir(parents=True, exist_ok=True)
        self._split_finished()
        write_text(self.parts / IDENTITY, json.dumps(self.identity | {"replications": replications}, indent=2) + "\n")
        return set(self._finished())

    def is_complete(self, replications: int) -> bool:
        """Does the folder hold this very run, finished?"""
        found = self._read(self.folder / MANIFEST)
        return found is not None and found == found | self.identity | {"replications": replications}

    def put(self, replication: int, tables: Tables) -> None:
        """Keep the tables of a finished replication."""
        place = self._part(replication)
        beside = place.with_name(f".{place.name}.tmp")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        try:
            for name in SCHEMAS:
                pq.write_table(getattr(tables, name), beside / f"{name}.parquet", compression="zstd")
            beside.rename(place)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
        sync_folder(self.parts)

    def assemble(self, replications: int) -> Tables:
        """Put the parts into the tables that users read, a row group a replication; return them."""
        tables = {}
        for name, schema in SCHEMAS.items():
            parts = [pq.read_table(self._part(i) / f"{name}.parquet") for i in range(replications)]
            table = pa.concat_tables(parts).unify_dictionaries()
            with (
                replacing(self.folder / f"{name}.parquet") as beside,
                pq.ParquetWriter(beside, schema, compression="zstd") as writer,
            ):
                start = 0
                for part in parts:
                    writer.write_table(table.slice(start, part.num_rows), row_group_size=max(part.num_rows, 1))
                    start += part.num_rows
            tables[name] = table
        return Tables(**tables)

    def finish(self, manifest: dict[str, object]) -> None:
        """Declare the run complete."""
        write_text(self.folder / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
        shutil.rmtree(self.parts, ignore_errors=True)

    def _split_finished(self) -> None:
        """Turn a finished result into parts again, for a run that goes on from it."""
        manifest = self.folder / MANIFEST
        if not manifest.is_file():
            return
        files = {name: pq.ParquetFile(self.folder / f"{name}.parquet") for name in SCHEMAS}
        for replication in range(files["sim_periods"].num_row_groups):
            if not self._part(replication).exists():
                self.put(replication, Tables(**{name: f.read_row_group(replication) for name, f in files.items()}))
        manifest.unlink()

    def _finished(self) -> Iterator[int]:
        return (int(part.name) for part in self.parts.iterdir() if part.name.isdecimal())

    def _part(self, replication: int) -> Path:
        return self.parts / f"{replication:06d}"

    def _occupied(self) -> bool:
        return self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir()))

    def _found(self) -> Identity | None:
        """Identity of the run whose folder this is, finished or not."""
        return self._read(self.folder / MANIFEST) or self._read(self.parts / IDENTITY)

    @staticmethod
    def _read(file: Path) -> Identity | None:
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _clear(self) -> None:
        """Remove what a run leaves, the manifest first, so that nothing half removed looks complete."""
        for name in LEFT_BY_A_RUN:
            place = self.folder / name
            if place.is_dir() and not place.is_symlink():
                shutil.rmtree(place)
            else:
                place.unlink(missing_ok=True)

    def _refuse(self, why: str) -> BadInput:
        return BadInput(Mistake(str(self.folder), None, "", why))


def copy_inputs(folder: Path, files: Iterable[tuple[str, Path]]) -> None:
    """Copy the files that the resolved scenario names, (name within `folder`, source), beside it."""
    for name, source in files:
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.exists() and place.samefile(source):
            continue
        with replacing(place) as beside:
            shutil.copyfile(source, beside)
