"""Parquet files put one after the other without decoding them: row groups are copied, footers say where they are now.

A footer is a structure of Apache Thrift's compact protocol (https://github.com/apache/thrift/blob/master/doc/specs/
thrift-compact-protocol.md) that is described in https://github.com/apache/parquet-format. Of all that it says, only
the places of row groups in the file change, so all else is copied as it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

MAGIC: Final = b"PAR1"
_PIECE: Final = 1 << 20

_PLACE: Final = "a number of bytes from the file's start, 0 or more"
_Fields = Mapping[int, object]
# Fields that hold places, or structures that do, by their numbers in parquet.thrift.
_COLUMN_META_DATA: Final[_Fields] = {9: _PLACE, 10: _PLACE, 11: _PLACE}  # of data, index and dictionary pages
_COLUMN_CHUNK: Final[_Fields] = {2: _PLACE, 3: _COLUMN_META_DATA}
_ROW_GROUP: Final[_Fields] = {1: _COLUMN_CHUNK, 5: _PLACE}
_FILE_META_DATA: Final[_Fields] = {4: _ROW_GROUP}

_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 0, 1, 2, 3, 7, 8, 9, 10, 12
_INTEGERS: Final = (4, 5, 6)


def splice(target: BinaryIO, files: Iterable[Path]) -> None:
    """Write a Parquet file that has the row groups of others, one file after the other.

    Parameters
    ----------
    target
        Where to write, from its beginning.
    files
        At least one; all with the same columns, and written by `fleetsim.experiments.parquet`.
    """
    target.write(MAGIC)
    whole: pq.FileMetaData | None = None
    for file in files:
        with file.open("rb") as part:
            footer, begin = _footer(part)
            moved = _read(_moved(footer, target.tell() - len(MAGIC)))
            if whole is None:
                whole = moved
            else:
                whole.append_row_groups(moved)
            part.seek(len(MAGIC))
            left = begin - len(MAGIC)
            while left:
                piece = part.read(min(left, _PIECE))
                if not piece:
                    raise OSError(f"{file} is shorter than its footer says")
                left -= target.write(piece)
    assert whole is not None
    end = pa.BufferOutputStream()
    whole.write_metadata_file(end)
    target.write(memoryview(end.getvalue())[len(MAGIC) :])


def _footer(file: BinaryIO) -> tuple[bytes, int]:
    """Footer of a Parquet file, and where it begins."""
    end = file.seek(-len(MAGIC) - 4, 2)
    begin = end - int.from_bytes(file.read(4), "little")
    file.seek(begin)
    return file.read(end - begin), begin


def _read(footer: bytes) -> pq.FileMetaData:
    return pq.read_metadata(pa.BufferReader(MAGIC + footer + len(footer).to_bytes(4, "little") + MAGIC))


def _moved(footer: bytes, by: int) -> bytes:
    """The footer of a file whose row groups lie `by` bytes further from its start."""
    if not by:
        return footer
    copy = _Copy(footer, by)
    copy.structure(_FILE_META_DATA)
    return copy.finished()


class _Copy:
    """A structure that is copied but for the places in it."""

    def __init__(self, data: bytes, by: int) -> None:
        self.data = data
        self.by = by
        self.at = 0
        self.copied = 0  # up to here
        self.pieces: list[bytes] = []

    def finished(self) -> bytes:
        return b"".join([*self.pieces, self.data[self.copied :]])

    def structure(self, fields: _Fields) -> None:
        """Pass over a structure."""
        number = 0
        while (header := self.byte()) != _STOP:
            number = number + (header >> 4) if header >> 4 else _signed(self.varint())
            self.value(header & 15, fields.get(number))

    def value(self, kind: int, what: object) -> None:
        """Pass over a field's value."""
        if what is _PLACE:
            self.place()
        elif kind == _STRUCT:
            self.structure(what if isinstance(what, dict) else {})
        elif kind in (_LIST, _SET):
            header = self.byte()
            for _ in range(header >> 4 if header >> 4 != 15 else self.varint()):
                if header & 15 in (_TRUE, _FALSE):
                    self.at += 1  # as an element a truth has a byte of its own
                else:
                    self.value(header & 15, what)
        elif kind in _INTEGERS:
            self.varint()
        elif kind == _BINARY:
            size = self.varint()
            self.at += size
        elif kind in (_BYTE, _DOUBLE):
            self.at += 1 if kind == _BYTE else 8
        elif kind not in (_TRUE, _FALSE):
            raise ValueError(f"a footer has a field of unknown kind {kind}")

    def place(self) -> None:
        """Copy what lies before a place, and put it where it is now; 0 says that there is none."""
        begin = self.at
        place = _signed(self.varint())
        if place:
            self.pieces += [self.data[self.copied : begin], _varint(2 * (place + self.by))]
            self.copied = self.at

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def varint(self) -> int:
        value = shift = 0
        while (part := self.byte()) & 128:
            value |= (part & 127) << shift
            shift += 7
        return value | part << shift


def _signed(value: int) -> int:
    return value >> 1 ^ -(value & 1)


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    made.append(value)
    return bytes(made)
