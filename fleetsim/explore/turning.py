"""From what the page's controls hold to how the knobs stand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from fleetsim import units
from fleetsim.errors import BadInput, Mistake
from fleetsim.explore.knobs import GroupKnobs, Knobs, LimitKnob, Turned
from fleetsim.explore.traffic import Factors
from fleetsim.scenario.source import quoted

OFTEN: Final = "how often they send, ×"
LARGE: Final = "how much they send, ×"
"""What the two factors of a group are called."""
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")
_NUMBER: Final = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?")
_LARGEST: Final = Fraction(100)
"""Factor, and its inverse the smallest."""
_STEPS: Final = 200
"""A slider has about so many steps at most: its keys would take too long otherwise."""


def unlimited(knob: LimitKnob) -> str:
    """Name of the control that says that a limit is none; the limit itself has its path."""
    return f"{knob.path} unlimited"


def often(group: GroupKnobs) -> str:
    """Name of the control of how often a group's devices send."""
    return f"{group.count.path} often"


def large(group: GroupKnobs) -> str:
    """Name of the control of how much they send."""
    return f"{group.count.path} large"


def step_of(knob: LimitKnob) -> int:
    """Step of a limit's slider, in units: one, unless that would take too many."""
    return max(knob.most // _STEPS, 1)


def typed(knob: LimitKnob, text: str) -> str:
    """A limit as it was typed, in the words of a scenario file: a bare number is one of the knob's units."""
    text = text.strip()
    return f"{text} {knob.unit}" if _is_number(text) else text


def place(knob: LimitKnob, text: str) -> int | None:
    """Where the slider of a limit stands that was typed, in units: at an end for one beyond; ``None`` for no limit."""
    try:
        size = units.parse_bytes(typed(knob, text))
    except ValueError:
        return None
    return min(max(round(size / units.BYTE_UNITS[knob.unit]), step_of(knob)), knob.most)


def whole(name: str, text: str) -> int:
    """A whole number as it was typed; its bounds are looked at where it is used.

    Raises
    ------
    BadInput
        It is none.
    """
    if not _WHOLE.fullmatch(text.strip()):
        raise _refuse(name, text, "a whole number")
    return int(text)


def turned_from(knobs: Knobs, held: Mapping[str, Any]) -> Turned:
    """How the knobs stand.

    Parameters
    ----------
    held
        What controls hold, by name: a limit's path, or `unlimited`; the path of any other value; `often` and `large`.
        All is text as it was typed, but for the truth of `unlimited`; a control that is not there stands as the
        scenario has it.

    Raises
    ------
    BadInput
        A factor is none. Everything else is looked at when the scenario is loaded.
    """
    values: dict[str, str] = {}
    for knob in knobs.limits:
        if held.get(unlimited(knob)):
            values[knob.path] = knob.text(None)
        elif (text := held.get(knob.path)) is not None:
            values[knob.path] = typed(knob, text)
    limits = {knob.path for knob in knobs.limits}
    for other in knobs:
        found = held.get(other.path)
        if other.path not in limits and found is not None:
            values[other.path] = found.strip()
    factors = {
        each.group: Factors(
            _factor(f"{each.name}: {OFTEN}", held.get(often(each), "1")),
            _factor(f"{each.name}: {LARGE}", held.get(large(each), "1")),
        )
        for each in knobs.groups
    }
    return Turned(values, factors)


def _factor(name: str, text: str) -> Fraction:
    """A factor as it was typed: 0.1 is a tenth."""
    factor = Fraction(text.strip()) if _is_number(text) else Fraction()
    if not 1 / _LARGEST <= factor <= _LARGEST:
        raise _refuse(name, text, f"a number from {float(1 / _LARGEST):g} to {_LARGEST}")
    return factor


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text.strip()) is not None


def _refuse(name: str, text: str, expected: str) -> BadInput:
    found = quoted(text.strip()) if text.strip() else "nothing"
    return BadInput(Mistake(name, None, "", f"found {found}; expected {expected}"))
