"""Traces: transfers read from a CSV file, strictly."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fleetsim.draws.laws import MAX_SIZE_BYTES
from fleetsim.errors import BadInput, Mistake
from fleetsim.scenario.columns import first_mistakes, read_header
from fleetsim.scenario.source import quoted, read_text

Ints = NDArray[np.int64]

MAX_TRACE_BYTES: Final = 2_000_000_000

_REQUIRED: Final = ("time_ms", "upload_bytes", "download_bytes", "duration_ms")
_COLUMNS: Final = (*_REQUIRED, "sim")
#: Bounds of a cell; `sim` is bounded by the group.
_MOST: Final[Mapping[str, int]] = {
    "time_ms": 10**15,
    "upload_bytes": MAX_SIZE_BYTES,
    "download_bytes": MAX_SIZE_BYTES,
    "duration_ms": 10**13,
}
_WHOLE: Final = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, eq=False)
class TraceRows:
    """The transfers of a trace that lie before the horizon.

    Attributes
    ----------
    offsets
        int64 of shape (count + 1,): SIM i has the rows ``offsets[i]:offsets[i + 1]``. ``None``: every SIM
        replays all rows.
    time_ms, upload_bytes, download_bytes, duration_ms
        int64 arrays, a row each; times ascend within a SIM, equal ones in the file's order.
    sha256
        Digest of the file.
    """

    offsets: Ints | None
    time_ms: Ints
    upload_bytes: Ints
    download_bytes: Ints
    duration_ms: Ints
    sha256: str

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TraceRows):
            return NotImplemented
        same = all(np.array_equal(getattr(self, name), getattr(other, name)) for name in _REQUIRED)
        if self.offsets is None or other.offsets is None:
            return same and self.offsets is other.offsets
        return same and np.array_equal(self.offsets, other.offsets)

    __hash__ = None  # type: ignore[assignment]


def parse_trace(data: bytes, file: str, count: int, horizon_ms: int) -> tuple[TraceRows, tuple[str, ...]]:
    """Read the content of a trace file.

    Parameters
    ----------
    data
        The file's bytes.
    file
        What mistakes call it.
    count
        SIMs in the group.
    horizon_ms
        Rows at or after it are ignored, with one warning.

    Returns
    -------
    tuple
        The rows, and warnings.

    Raises
    ------
    BadInput
        With the first mistakes, and one that says how many more there are.
    """
    columns, lines, mistakes = _table(data, file)
    mistakes += _misfits(columns, lines, file, count)
    if mistakes:
        raise BadInput(first_mistakes(sorted(mistakes, key=lambda mistake: mistake.line or 0), file))
    order = np.flatnonzero(columns["time_ms"] < horizon_ms)
    ignored = columns["time_ms"].size - order.size
    offsets = None
    if "sim" in columns:
        sims = columns["sim"]
        order = order[np.argsort(sims[order], kind="stable")]
        offsets = np.searchsorted(sims[order], np.arange(count + 1)).astype(np.int64)
    kept = {name: columns[name][order] for name in _REQUIRED}
    rows = TraceRows(offsets=offsets, **kept, sha256=hashlib.sha256(data).hexdigest())
    if not ignored:
        return rows, ()
    what = "1 row" if ignored == 1 else f"{ignored:,} rows"
    return rows, (f"{file}: {what} at or after the scenario's end ignored",)


def _table(data: bytes, file: str) -> tuple[dict[str, Ints], Ints, list[Mistake]]:
    """Return the columns by name, the line of each row, and what is wrong with single cells."""
    head, _, body = data.partition(b"\n")
    names = read_header(read_text(head, file), file, _REQUIRED, ("sim",))
    # Digits, commas and line ends only, as a program writes them: read at once, a million rows in a second.
    # All else, blank lines too, goes the slow way, which knows the line of each row and each wrong cell.
    body = body.replace(b"\r\n", b"\n").rstrip(b"\n")
    if body and not body.translate(None, b"0123456789,\n") and b"\n\n" not in b"\n" + body:
        try:
            table = np.loadtxt(io.BytesIO(body), np.int64, comments=None, delimiter=",", ndmin=2)
        except (ValueError, OverflowError):
            table = np.empty((0, 0), np.int64)
        if table.shape[1] == len(names) and not (table < 0).any():
            columns = {name: np.ascontiguousarray(table[:, names.index(name)]) for name in names}
            return _known(columns), np.arange(2, table.shape[0] + 2), []
    return _table_by_rows(read_text(data, file), names, file)


def _known(columns: Mapping[str, Ints]) -> dict[str, Ints]:
    return {name: columns[name] for name in _COLUMNS if name in columns}


def _table_by_rows(text: str, names: list[str], file: str) -> tuple[dict[str, Ints], Ints, list[Mistake]]:
    known = [name for name in _COLUMNS if name in names]
    places = [names.index(name) for name in known]
    rows: list[list[int]] = []
    lines: list[int] = []
    mistakes: list[Mistake] = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        next(reader)
        for row in reader:
            if not row:
                continue
            if len(row) != len(names):
                what = f"found {len(row)} values; expected {len(names)}, as the first line names them"
                mistakes.append(Mistake(file, reader.line_num, "", what))
                continue
            cells = [row[place].strip() for place in places]
            if all(map(_WHOLE.fullmatch, cells)):
                rows.append([int(cell) for cell in cells])
                lines.append(reader.line_num)
                continue
            for name, cell in zip(known, cells, strict=True):
                if not _WHOLE.fullmatch(cell):
                    what = f"found {quoted(cell)}; expected a whole number of at most 18 digits, 0 or more"
                    mistakes.append(Mistake(file, reader.line_num, name, what))
    except csv.Error as error:
        mistakes.append(Mistake(file, reader.line_num, "", f"not CSV: {error}"))
    table = np.array(rows, np.int64).reshape(len(rows), len(known))
    return {name: table[:, i] for i, name in enumerate(known)}, np.array(lines, np.int64), mistakes


def _misfits(columns: Mapping[str, Ints], lines: Ints, file: str, count: int) -> Iterator[Mistake]:
    bounds = {**_MOST, "sim": count - 1}
    for name, values in columns.items():
        for row in np.flatnonzero(values > bounds[name]):
            what = f"found '{values[row]}'; expected a whole number from 0 to {bounds[name]:,}"
            if name == "sim":
                what += f": the group has {count:,} device{'s' if count > 1 else ''}"
            yield Mistake(file, int(lines[row]), name, what)
    times = columns["time_ms"]
    sims = columns.get("sim", np.zeros_like(times))
    by_sim = np.argsort(sims, kind="stable")
    back = (np.diff(times[by_sim]) < 0) & (np.diff(sims[by_sim]) == 0)
    for place in np.flatnonzero(back):
        before, row = by_sim[place], by_sim[place + 1]
        whose = f" of SIM {sims[row]}" if "sim" in columns else ""
        what = f"found '{times[row]}' after '{times[before]}'{whose}; expected ascending times within a SIM"
        yield Mistake(file, int(lines[row]), "time_ms", what)
