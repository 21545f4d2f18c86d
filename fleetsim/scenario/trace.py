"""Traces: transfers read from a CSV file, strictly."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fleetsim.errors import BadInput, Mistake
from fleetsim.scenario.source import quoted, read_bytes, read_text

Ints = NDArray[np.int64]

MAX_TRACE_BYTES: Final = 2_000_000_000
#: Mistakes told of one file: a wrong column makes one a row.
MAX_MISTAKES: Final = 10

_REQUIRED: Final = ("time_ms", "upload_bytes", "download_bytes", "duration_ms")
_MAX_MS: Final = 10**13
_UNREADABLE: Final = -1


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
        mine, theirs = vars(self), vars(other)
        return self.sha256 == other.sha256 and all(np.array_equal(mine[k], theirs[k]) for k in mine)

    __hash__ = None  # type: ignore[assignment]


def read_trace(
    path: Path, file: str, count: int, horizon_ms: int, at: tuple[int | None, str, str]
) -> tuple[TraceRows, tuple[str, ...]]:
    """Read a trace.

    Parameters
    ----------
    path
        Where it is.
    file
        What mistakes call it.
    count
        SIMs in the group.
    horizon_ms
        Rows at or after it are ignored with a warning.
    at
        Line, path and file of the key that names it, for a file that is missing.

    Returns
    -------
    tuple
        The rows, and warnings.

    Raises
    ------
    BadInput
        With at most `MAX_MISTAKES` mistakes and a line that says how many more there are.
    """
    data = _read(path, at)
    columns, lines = _numbers(data, file)
    sims = columns.get("sim")
    mistakes = list(_mistakes(columns, lines, file, count))
    if mistakes:
        raise BadInput(_cut(sorted(mistakes, key=lambda m: m.line or 0), file))
    kept = columns["time_ms"] < horizon_ms
    ignored = int(kept.size - np.count_nonzero(kept))
    offsets = None
    order = np.flatnonzero(kept)
    if sims is not None:
        order = order[np.argsort(sims[order], kind="stable")]
        offsets = np.searchsorted(sims[order], np.arange(count + 1)).astype(np.int64)
    rows = TraceRows(offsets, *(columns[name][order] for name in _REQUIRED), hashlib.sha256(data).hexdigest())
    rows_text = "1 row" if ignored == 1 else f"{ignored:,} rows"
    return rows, (f"{file}: ignored {rows_text} at or after the end of the scenario",) if ignored else ()


def _read(path: Path, at: tuple[int | None, str, str]) -> bytes:
    line, key, scenario = at
    try:
        return read_bytes(path, scenario, MAX_TRACE_BYTES)
    except BadInput as error:
        text = f"found {quoted(str(path))}; {error.mistakes[0].text}"
        raise BadInput(Mistake(scenario, line, key, text)) from None


def _numbers(data: bytes, file: str) -> tuple[dict[str, Ints], Ints]:
    """Return the columns by name and each row's line; a cell that is no whole number is `_UNREADABLE`."""
    head, _, body = data.partition(b"\n")
    names = _header(next(csv.reader([read_text(head, file)]), []), file)
    body = body.replace(b"\r\n", b"\n")
    # Digits, commas and line ends only, as a program writes them: read at once, a million rows in well under
    # a second. All else, blank lines included, goes the slow way, which knows the line of each row.
    plain = not body.translate(None, b"0123456789,\n") and b"\n\n" not in body and not body.startswith(b"\n")
    if plain and body and "\r" not in read_text(head, file).rstrip("\r"):
        try:
            table = np.loadtxt(io.BytesIO(body), np.int64, comments=None, delimiter=",", ndmin=2)
        except ValueError:
            pass
        else:
            if table.shape[1] == len(names):
                found = {name: np.ascontiguousarray(table[:, i]) for i, name in enumerate(names) if name in _KNOWN}
                return found, np.arange(2, table.shape[0] + 2)
    return _slowly(read_text(data, file), names, file)


_KNOWN: Final = frozenset({*_REQUIRED, "sim"})
