"""Mistakes in values: what was expected, in the words of the file.

A mistake travels as a pydantic error of type ``mistake`` that carries what was expected (and what was found,
where that is not the value itself). `fleetsim.scenario.load` adds file, line and path.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

MAX_NAME: Final = 100
#: How alike two words must be to take one for a slip of the other: healthy is no slip of faulty.
ALIKE: Final = 0.65
NAME_EXPECTED: Final = f"expected a name of 1 to {MAX_NAME} printable characters without '.' and '/'"


def is_name(text: str) -> bool:
    """Say whether a text can name a fleet, group or item: names make up paths, tables and file names."""
    return 0 < len(text) <= MAX_NAME and text.isprintable() and not set("./") & set(text) and bool(text.strip())


def wrong(expected: str, found: str | None = None) -> PydanticCustomError:
    """Return the error for one mistake; `found` where it is not the value itself."""
    context = {"expected": expected} if found is None else {"expected": expected, "found": found}
    return PydanticCustomError("mistake", "{expected}", context)


def did_you_mean(found: object, known: Iterable[str]) -> str:
    """Return ``; did you mean 'X'?`` for the nearest known word, or nothing."""
    near = difflib.get_close_matches(str(found)[:MAX_NAME], list(known), n=1, cutoff=ALIKE)
    return f"; did you mean '{near[0]}'?" if near else ""


def one_of(found: object, known: Iterable[str]) -> PydanticCustomError:
    """Return the error for a word that is none of the `known` ones."""
    words = list(known)
    if len(words) == 1:
        return wrong(f"expected {words[0]}")
    listed = f"{', '.join(words[:-1])} or {words[-1]}"
    return wrong(f"expected {listed}{did_you_mean(found, words) if isinstance(found, str) else ''}")


def details(error: ValidationError) -> list[InitErrorDetails]:
    """Return the mistakes in a validation error, each in the form that `wrong` gives."""
    found: list[InitErrorDetails] = []
    for item in error.errors(include_url=False):
        context = item.get("ctx", {})
        if item["type"] == "mistake":
            kind = wrong(**context)
        elif item["type"] == "value_error":
            kind = wrong(str(context["error"]))
        else:
            kind = wrong(item["msg"].replace("Input should be", "expected"))
        found.append(InitErrorDetails(type=kind, loc=item["loc"], input=item["input"]))
    return found


def at_key(key: str, error: PydanticCustomError) -> ValidationError:
    """Return a mistake in the value of a key of the mapping that is being read."""
    return ValidationError.from_exception_data("part", [InitErrorDetails(type=error, loc=(key,), input=None)])


def raise_all(title: str, errors: list[InitErrorDetails]) -> None:
    """Raise all mistakes as one validation error, if there are any."""
    if errors:
        raise ValidationError.from_exception_data(title, errors)
