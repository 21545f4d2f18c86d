"""The fleet as it is: SIMs whose billing period has begun before the scenario's start, from a CSV file, strictly."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fleetsim.clock import BillingPeriod, period_ends, to_ms
from fleetsim.errors import BadInput, Mistake
from fleetsim.scenario.columns import first_mistakes, read_header
from fleetsim.scenario.moments import parse_instant
from fleetsim.scenario.quantities import MAX_LIMIT_BYTES
from fleetsim.scenario.source import quoted, read_text

Ints = NDArray[np.int64]

MAX_INITIAL_BYTES: Final = 2_000_000_000
_REQUIRED: Final[tuple[str, ...]] = ("sim", "period_start", "used_bytes")
_OPTIONAL: Final[tuple[str, ...]] = ("blocked",)
_WHOLE: Final = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, eq=False)
class InitialRows:
    """SIMs of a device group whose running period began before the start.

    Attributes
    ----------
    sims
        int64, ascending: their numbers in the group.
    period_start_ms
        int64: when the period began, ms since the scenario's start, below 0.
    used_bytes
        int64: bytes used in it before the start.
    blocked
        bool: blocked as the scenario starts.
    by_use
        bool: the file leaves that open, so `blocked` follows from the use and the fleet's limit.
    sha256
        Digest of the file.
    """

    sims: Ints
    period_start_ms: Ints
    used_bytes: Ints
    blocked: NDArray[np.bool_]
    by_use: NDArray[np.bool_]
    sha256: str

    def under(self, data_limit_bytes: int | None) -> InitialRows:
        """Return what the same file says where the fleet has this limit."""
        above = self.used_bytes > data_limit_bytes if data_limit_bytes is not None else np.zeros(self.sims.shape, bool)
        return replace(self, blocked=np.where(self.by_use, above, self.blocked))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, InitialRows):
            return NotImplemented
        names = ("sims", "period_start_ms", "used_bytes", "blocked")
        return all(np.array_equal(getattr(self, name), getattr(other, name)) for name in names)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Known:
    """What a row is read against: the group's size, its fleet's limit in the file, the scenario's start."""

    count: int
    data_limit_bytes: int | None
    start: datetime
    billing_period: BillingPeriod


def parse_initial(data: bytes, file: str, known: Known) -> InitialRows:
    """Read the content of the file.

    Parameters
    ----------
    data
        The file's bytes: columns ``sim, period_start, used_bytes`` and optionally ``blocked``, found by name.
    file
        What mistakes call it.

    Raises
    ------
    BadInput
        With the first mistakes, each with its line, and one that says how many more there are.
    """
    text = read_text(data, file)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    names = read_header(text.partition("\n")[0], file, _REQUIRED, _OPTIONAL)
    places = {name: names.index(name) for name in (*_REQUIRED, *_OPTIONAL) if name in names}
    rows: dict[int, tuple[int, int, bool, bool]] = {}
    lines: dict[int, int] = {}
    mistakes: list[Mistake] = []
    period_start = _period_starts(known)
    try:
        next(reader)
        for row in reader:
            line = reader.line_num
            if not row:
                continue
            if len(row) != len(names):
                what = f"found {len(row)} values; expected {len(names)}, as the first line names them"
                mistakes.append(Mistake(file, line, "", what))
                continue
            cells = {name: row[place].strip() for name, place in places.items()}
            wrong = list(_wrong(cells, known))
            try:
                start_ms = period_start(cells["period_start"])
            except ValueError as error:
                wrong.append(("period_start", str(error)))
            if not wrong and int(cells["sim"]) in rows:
                wrong.append(("sim", f"expected each SIM once; it is in line {lines[int(cells['sim'])]} too"))
            mistakes += [Mistake(file, line, name, f"found {quoted(cells[name])}; {what}") for name, what in wrong]
            if not wrong:
                sim, used = int(cells["sim"]), int(cells["used_bytes"])
                said = cells.get("blocked", "")
                rows[sim], lines[sim] = (start_ms, used, said == "1", said == ""), line
    except csv.Error as error:
        mistakes.append(Mistake(file, reader.line_num, "", f"not CSV: {error}"))
    if mistakes:
        raise BadInput(first_mistakes(mistakes, file))
    sims = sorted(rows)
    table = np.array([rows[sim] for sim in sims], np.int64).reshape(-1, 4)
    digest = hashlib.sha256(data).hexdigest()
    found = InitialRows(np.array(sims, np.int64), table[:, 0], table[:, 1], table[:, 2] == 1, table[:, 3] == 1, digest)
    return found.under(known.data_limit_bytes)


def _wrong(cells: dict[str, str], known: Known) -> Iterator[tuple[str, str]]:
    """Yield (column, what was expected) for each cell that is wrong by itself."""
    last = known.count - 1
    for name, most in (("sim", last), ("used_bytes", MAX_LIMIT_BYTES)):
        if not _WHOLE.fullmatch(cells[name]) or int(cells[name]) > most:
            hint = f": the group has {known.count:,} device{'s' if known.count > 1 else ''}" if name == "sim" else ""
            yield name, f"expected a whole number from 0 to {most:,}{hint}"
    if cells.get("blocked", "") not in ("", "0", "1"):
        yield "blocked", "expected 0 or 1, or nothing: blocked where more than the limit is used"


def _period_starts(known: Known) -> Callable[[str], int]:
    """Make a reader of `period_start`; fleets have far fewer distinct ones than SIMs."""

    @lru_cache(maxsize=1 << 16)
    def read(text: str) -> int:
        start_ms = to_ms(known.start, parse_instant(text))
        if start_ms >= 0:
            raise ValueError("expected an instant before the scenario's start: its period is running")
        if next(period_ends(known.billing_period, known.start, start_ms)) <= 0:
            raise ValueError("expected less than one billing period before the scenario's start: it would be over")
        return start_ms

    return read
