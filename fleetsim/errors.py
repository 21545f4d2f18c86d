"""What is said when an input is wrong: one line a mistake, with its file, its line and the remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """One mistake in one input.

    Parameters
    ----------
    file
        The file as the user named it, or ``--set`` for an override.
    line
        1-based line, or ``None`` where an input has no lines (an override, an empty file).
    path
        Dotted path of the value (``fleets.meters.data_limit``), empty for the file as a whole.
    text
        What was found and what was expected, in the words of the person who wrote the file.
    """

    file: str
    line: int | None
    path: str
    text: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        parts = [place, self.path, self.text] if self.path else [place, self.text]
        # A name from a file may hold line breaks or control characters; a mistake stays on one line.
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in ": ".join(parts))


class BadInput(ValueError):
    """An input that cannot be run; nothing has been written.

    Attributes
    ----------
    mistakes
        Every mistake that was found, in the order of the file.
    """

    def __init__(self, mistakes: Sequence[Mistake] | Mistake) -> None:
        self.mistakes: tuple[Mistake, ...] = (mistakes,) if isinstance(mistakes, Mistake) else tuple(mistakes)
        super().__init__("\n".join(str(m) for m in self.mistakes))

    def __reduce__(self) -> tuple[type[BadInput], tuple[tuple[Mistake, ...]]]:
        return type(self), (self.mistakes,)


class FunctionFailed(RuntimeError):
    """A function of the user's own raised an exception while traffic was drawn, which is the cause of this one.

    The message names the function, the traffic item, the SIM and the replication.
    """
