"""Tables as Parquet files: a row group a replication, so that those which are large need not be held as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from fleetsim.files import replacing
from fleetsim.tables import SCHEMAS, Tables


def write_part(folder: Path, name: str, table: pa.Table) -> None:
    """Write the table of one replication, completely or not at all."""
    with replacing(_file(folder, name)) as file, file.open("wb") as stream:
        pq.write_table(table, stream, compression="zstd")


def write_table(folder: Path, name: str, parts: Iterable[pa.Table]) -> None:
    """Write the parts one after the other, each a row group, completely or not at all; one is held at a time."""
    with (
        replacing(_file(folder, name)) as file,
        file.open("wb") as stream,
        pq.ParquetWriter(stream, SCHEMAS[name], compression="zstd") as writer,
    ):
        for part in parts:
            writer.write_table(part, row_group_size=max(part.num_rows, 1))


def read_table(folder: Path, name: str) -> pa.Table:
    """Read a table of a result or of a part.

    Raises
    ------
    OSError, pyarrow.ArrowException
        There is none, it is damaged, or it has other columns.
    """
    with _file(folder, name).open("rb") as stream:
        return _opened(stream, name).read().unify_dictionaries()


def check_table(folder: Path, name: str) -> None:
    """See that a table is there and has the columns that it should have.

    Raises
    ------
    OSError, pyarrow.ArrowException
        As `read_table` does; what lies between the file's ends is not read.
    """
    with _file(folder, name).open("rb") as stream:
        _opened(stream, name)


def read_replications(folder: Path, names: Sequence[str], replications: int) -> Iterator[Tables]:
    """Read the tables of a result, one replication after the other.

    Raises
    ------
    OSError, pyarrow.ArrowException
        As `read_table` does, at the latest when the damaged place is reached.
    """
    with ExitStack() as opened:
        files = {name: _opened(opened.enter_context(_file(folder, name).open("rb")), name) for name in names}
        row_groups = {name: _row_groups(file) for name, file in files.items()}
        for i in range(replications):
            yield Tables(
                **{
                    name: file.read_row_groups(row_groups[name][i]).unify_dictionaries()
                    if i in row_groups[name]
                    else SCHEMAS[name].empty_table()
                    for name, file in files.items()
                }
            )


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.parquet"


def _opened(stream: IO[bytes], name: str) -> pq.ParquetFile:
    # By a stream, for Arrow takes some names of files for addresses.
    file = pq.ParquetFile(stream)
    if not file.schema_arrow.equals(SCHEMAS[name]):
        raise pa.ArrowInvalid(f"{name}.parquet has other columns than this version writes")
    return file


def _row_groups(file: pq.ParquetFile) -> dict[int, list[int]]:
    """Row groups of each replication that has rows, by the statistics of the first column."""
    found: dict[int, list[int]] = {}
    for i in range(file.num_row_groups):
        column = file.metadata.row_group(i).column(0)
        if column.num_values:
            found.setdefault(column.statistics.min, []).append(i)
    return found
