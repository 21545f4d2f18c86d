"""From what the page's controls hold to how the knobs stand."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from fleetsim.explore.knobs import GroupKnobs, Knobs, LimitKnob, Turned
from fleetsim.explore.traffic import Factors

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
    """Step of a limit's slider, in units: one, unless that would take too many; the limit as it is can be met."""
    step = max(knob.most // _STEPS, 1)
    return step if knob.units is None or knob.units % step == 0 else 1


def turned_from(knobs: Knobs, held: Mapping[str, Any]) -> Turned:
    """How the knobs stand.

    Parameters
    ----------
    held
        What controls hold, by name: a limit's path, or `unlimited`; the path of any other value; `often` and `large`. A
        number that was deleted is ``None``, and stands as the scenario has it, like a control that is not there.
    """
    values: dict[str, str] = {}
    for knob in knobs.limits:
        if held.get(unlimited(knob)):
            values[knob.path] = knob.text(None)
        elif (units := held.get(knob.path)) is not None:
            values[knob.path] = knob.text(int(units))
    limits = {knob.path for knob in knobs.limits}
    for other in knobs:
        found = held.get(other.path)
        if other.path not in limits and found is not None:
            values[other.path] = str(int(found)) if isinstance(found, int | float) else str(found).strip()
    factors = {each.group: Factors(_factor(held, often(each)), _factor(held, large(each))) for each in knobs.groups}
    return Turned(values, factors)


def _factor(held: Mapping[str, Any], name: str) -> Fraction:
    """A factor as it was typed: 0.1 is a tenth."""
    found = held.get(name)
    return Fraction(1) if not found else Fraction(Decimal(str(found)))
