"""Profiles: how a rate varies with the local hour of the day or of the week."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from pydantic import GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema

from fleetsim.scenario import preset
from fleetsim.scenario.base import Reads
from fleetsim.scenario.quantities import text_of
from fleetsim.scenario.wording import did_you_mean, wrong
from fleetsim.units import parse_decimal

HOURS_OF_DAY: Final = 24
HOURS_OF_WEEK: Final = 168
#: Largest weight as a whole number. A day of it, in ms, is below 2^53: what `uniform_below` can draw from.
MAX_WEIGHT: Final = 10**8
PROFILE_EXPECTED: Final = "expected 24 weights by local hour, 168 from Monday 0 h, or the name of a preset"

Profile = tuple[int, ...]
"""24 or 168 weights as whole numbers without a common divisor. Their mean stands for the rate."""


def whole_weights(weights: Sequence[Fraction]) -> Profile:
    """Return weights on the coarsest common scale on which they are whole numbers.

    Raises
    ------
    ValueError, PydanticCustomError
        Where there are not 24 or 168 of them, all are 0, or the scale has one above `MAX_WEIGHT`.
    """
    if len(weights) not in (HOURS_OF_DAY, HOURS_OF_WEEK):
        raise wrong(PROFILE_EXPECTED, found=f"a list of {len(weights):,}")
    scale = math.lcm(*(weight.denominator for weight in weights))
    whole = [int(weight * scale) for weight in weights]
    divisor = math.gcd(*whole)
    if not divisor:
        raise ValueError("expected at least one weight above 0")
    if max(whole) // divisor > MAX_WEIGHT:
        raise ValueError("expected weights with fewer digits")
    return tuple(weight // divisor for weight in whole)


def _weight(raw: Any) -> Fraction:
    return parse_decimal(text_of(raw, PROFILE_EXPECTED))


def _read(raw: Any, info: ValidationInfo) -> Profile | None:
    if raw is None:
        return None
    if isinstance(raw, str):
        known = preset.names("profiles")
        if raw not in known:
            raise wrong(f"{PROFILE_EXPECTED} ({', '.join(known)}){did_you_mean(raw, known)}")
        raw = preset.preset("profiles", raw)["weights"]
    if not isinstance(raw, list | tuple):
        raise ValueError(PROFILE_EXPECTED)
    try:
        weights = [_weight(each) for each in raw]
    except ValueError:
        raise ValueError("expected weights that are decimal numbers from 0 on") from None
    return whole_weights(weights)


class _OptionalProfile(Reads):
    """Its JSON schema lists the presets, which are looked up when it is asked for."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        weight = {"type": "number", "minimum": 0}
        arrays = [
            {"type": "array", "items": weight, "minItems": n, "maxItems": n} for n in (HOURS_OF_DAY, HOURS_OF_WEEK)
        ]
        return {"anyOf": [{"enum": [*preset.names("profiles"), None]}, *arrays]}


OptionalProfile: Final = _OptionalProfile(_read, PROFILE_EXPECTED, {})
