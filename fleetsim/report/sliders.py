"""What sliders of a page choose from: texts, widths and places that are all worked out beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fleetsim.report.words import unbroken

LEVELS: Final = (0.80, 0.90, 0.95, 0.99)
"""Confidences that a slider offers, with the one that was asked for."""


@dataclass(frozen=True)
class Slider:
    """A slider.

    Attributes
    ----------
    label
        What it turns.
    places
        What its places are called.
    at
        The place where it stands first, and in print if nobody turns it.
    """

    label: str
    places: tuple[str, ...]
    at: int


class Tables:
    """Tables from which sliders of a page choose.

    Parameters
    ----------
    sliders
        By their keys. A table is indexed by the places of some of them, in the order in which it names them.
    """

    def __init__(self, sliders: Mapping[str, Slider]) -> None:
        self.sliders = dict(sliders)
        self._texts: dict[str, dict[str, Any]] = {}
        self._parts: dict[str, dict[str, Any]] = {}
        self._marks: dict[str, dict[str, Any]] = {}
        for key, slider in sliders.items():
            self.text(f"place-{key}", (key,), slider.places)

    def text(self, name: str, by: Sequence[str], of: Iterable[Any]) -> None:
        """Add texts: of one slider a sequence, of two a sequence of sequences."""
        self._texts[name] = {"by": list(by), "of": _unbroken(of)}

    def part(self, name: str, by: str, of: Sequence[float]) -> None:
        """Add widths, in percent of the whole."""
        self._parts[name] = {"by": [by], "of": [round(each, 1) for each in of]}

    def mark(self, name: str, by: str, of: Sequence[float]) -> None:
        """Add places on the horizontal axis of a picture, in units of its view box."""
        self._marks[name] = {"by": [by], "of": list(of)}

    def now(self, name: str) -> str:
        """The text where the sliders stand first."""
        return str(self._first(self._texts[name]))

    def now_part(self, name: str) -> float:
        """The width where the sliders stand first."""
        return float(self._first(self._parts[name]))

    def now_mark(self, name: str) -> float:
        """The place where the sliders stand first."""
        return float(self._first(self._marks[name]))

    def data(self) -> dict[str, Any]:
        """What the page's script reads."""
        return {
            "at": {key: slider.at for key, slider in self.sliders.items()},
            "said": {key: list(slider.places) for key, slider in self.sliders.items()},
            "texts": self._texts,
            "parts": self._parts,
            "marks": self._marks,
        }

    def _first(self, table: Mapping[str, Any]) -> Any:
        found = table["of"]
        for key in table["by"]:
            found = found[self.sliders[key].at]
        return found


def _unbroken(of: Iterable[Any]) -> list[Any]:
    return [unbroken(each) if isinstance(each, str) else _unbroken(each) for each in of]
