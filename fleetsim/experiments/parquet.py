"""Tables as Parquet files: row groups of one replication each, so that none that is large need be held as a whole."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from fleetsim.experiments.splice import splice
from fleetsim.files import replacing
from fleetsim.tables import SCHEMAS
from fleetsim.tables.tabulate import Totals

ROW_GROUP: Final = 1 << 16
"""Most rows of a row group: so many are held while a table is written."""


@dataclass(frozen=True)
class Written:
    """What all SIMs of a replication did, as a worker elsewhere hands it over.

    Attributes
    ----------
    files
        Those `LARGE` tables that are kept, as Parquet files, by name.
    totals
        What their rows add up to.
    """

    files: dict[str, bytes]
    totals: Totals


class Writer:
    """Writes the table of one replication as it is made.

    Row groups have `ROW_GROUP` rows, the last one what is left, so the file does not depend on how its rows came.
    """

    def __init__(self, file: pq.ParquetWriter) -> None:
        self._file = file
        self._waiting: list[pa.Table] = []
        self._rows = 0  # that wait
        self._begun = False

    def write(self, rows: pa.Table) -> None:
        """Write further rows."""
        self._waiting.append(rows)
        self._rows += rows.num_rows
        while self._rows >= ROW_GROUP:
            self._row_group(ROW_GROUP)

    def finish(self) -> None:
        """Write what is left; a row group without rows, where there is none at all."""
        if self._rows or not self._begun:
            self._row_group(self._rows)

    def _row_group(self, size: int) -> None:
        rows = pa.concat_tables(self._waiting)
        self._file.write_table(rows.slice(0, size), row_group_size=max(size, 1))
        self._waiting = [rows.slice(size)]
        self._rows -= size
        self._begun = True


class Reader:
    """Reads a table of a result or of a part, a row group or a replication at a time."""

    def __init__(self, file: pq.ParquetFile) -> None:
        self._file = file
        self._row_groups: dict[int, list[int]] = {}  # of each replication that has rows
        for i in range(file.num_row_groups):
            column = file.metadata.row_group(i).column(0)
            if column.num_values:
                self._row_groups.setdefault(column.statistics.min, []).append(i)

    def row_groups(self, replication: int) -> Iterator[pa.Table]:
        """Yield the rows of a replication, a row group at a time, at least one."""
        for i in self._row_groups.get(replication, []):
            yield self._file.read_row_group(i)
        if replication not in self._row_groups:
            yield self.replication(replication)

    def replication(self, replication: int, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of a replication, or some of their columns."""
        found = self._row_groups.get(replication, [])
        return self._file.read_row_groups(found, columns=columns).unify_dictionaries()

    def check(self) -> None:
        """Read everything, a row group at a time, to see that it can be read."""
        for i in range(self._file.num_row_groups):
            self._file.read_row_group(i)


@contextmanager
def writing(folder: Path, name: str) -> Iterator[Writer]:
    """Write the table of one replication, completely or not at all."""
    schema = SCHEMAS[name]
    with (
        replacing(_file(folder, name)) as file,
        file.open("wb") as stream,
        pq.ParquetWriter(stream, schema, **_options(schema)) as parquet,
    ):
        writer = Writer(parquet)
        yield writer
        writer.finish()


def encoded(name: str, rows: pa.Table) -> bytes:
    """The file that `writing` makes of the table of one replication."""
    schema, stream = SCHEMAS[name], io.BytesIO()
    with pq.ParquetWriter(stream, schema, **_options(schema)) as parquet:
        writer = Writer(parquet)
        writer.write(rows)
        writer.finish()
    return stream.getvalue()


def write_encoded(folder: Path, name: str, file: bytes) -> None:
    """Write what `encoded` gave, completely or not at all."""
    with replacing(_file(folder, name)) as beside:
        beside.write_bytes(file)


def write_whole(folder: Path, name: str, parts: Iterable[Path]) -> None:
    """Write a table from its parts, completely or not at all: the tables of replications, in folders of their own."""
    with replacing(_file(folder, name)) as file, file.open("wb") as stream:
        splice(stream, (_file(part, name) for part in parts))


@contextmanager
def reading(folder: Path, name: str) -> Iterator[Reader]:
    """Read a table of a result or of a part.

    Raises
    ------
    OSError, pyarrow.ArrowException
        There is none, it has other columns, or it is damaged; at the latest when the damaged place is read.
    """
    with _opened(folder, name) as file:
        yield Reader(file)


def read_table(folder: Path, name: str) -> pa.Table:
    """Read the whole of a table of a result or of a part.

    Raises
    ------
    OSError, pyarrow.ArrowException
        There is none, it is damaged, or it has other columns.
    """
    with _opened(folder, name) as file:
        return file.read().unify_dictionaries()


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.parquet"


def _options(schema: pa.Schema) -> dict[str, Any]:
    """How columns are written, as it was measured to be small and quick.

    Differences of integers in as many bits as they take: nothing for what is constant or counts up, half of what a
    dictionary takes for what is not. Statistics find the row groups of a replication, and of a SIM.
    """
    names = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    integers = [f.name for f in schema if pa.types.is_int64(f.type) or pa.types.is_timestamp(f.type)]
    return {
        "compression": "snappy",
        "use_dictionary": names,
        "column_encoding": dict.fromkeys(integers, "DELTA_BINARY_PACKED"),
        "write_statistics": [name for name in ("replication", "sim") if name in schema.names],
    }


@contextmanager
def _opened(folder: Path, name: str) -> Iterator[pq.ParquetFile]:
    # By a stream, for Arrow takes some names of files for addresses.
    with _file(folder, name).open("rb") as stream:
        file = pq.ParquetFile(stream)
        if not file.schema_arrow.equals(SCHEMAS[name]):
            raise pa.ArrowInvalid(f"{name}.parquet has other columns than this version writes")
        yield file
