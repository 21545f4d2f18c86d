"""The first line of a CSV file, and how many of its mistakes are told."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Final

from fleetsim.errors import BadInput, Mistake
from fleetsim.scenario.wording import did_you_mean

#: Mistakes told of one file: a wrong column makes one a row.
MAX_MISTAKES: Final = 10


def read_header(line: str, file: str, required: Sequence[str], optional: Sequence[str]) -> list[str]:
    """Return the names of the columns, in the file's order.

    Raises
    ------
    BadInput
        One that is required is missing, or a known one stands twice.
    """
    line = line.rstrip("\r\n")
    names = [name.strip() for name in next(csv.reader([line]), [])]
    known = (*required, *optional)
    separators = [sign for sign in (";", "\t") if sign in line]
    if len(names) == 1 and separators:
        what = {";": "semicolons", "\t": "tabs"}[separators[0]]
        raise BadInput(Mistake(file, 1, "", f"found columns separated by {what}; expected commas"))
    mistakes = []
    for name in required:
        if name not in names:
            hint = did_you_mean(name, [other for other in names if other not in known])
            mistakes.append(Mistake(file, 1, name, f"found no such column; expected {', '.join(required)}{hint}"))
    mistakes += [
        Mistake(file, 1, name, "found this column twice; expected each column once")
        for name in dict.fromkeys(names)
        if name in known and names.count(name) > 1
    ]
    if mistakes:
        raise BadInput(mistakes)
    return names


def first_mistakes(mistakes: list[Mistake], file: str) -> list[Mistake]:
    """Return the first `MAX_MISTAKES`, and one that says how many more there are."""
    more = len(mistakes) - MAX_MISTAKES
    if more <= 0:
        return mistakes
    return [*mistakes[:MAX_MISTAKES], Mistake(file, None, "", f"{more:,} more mistakes like these")]
