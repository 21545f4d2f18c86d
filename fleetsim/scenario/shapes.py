"""Shapes of a spread: how many SIMs start when, within the time over which a rollout is spread."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from pydantic import ValidationInfo

from fleetsim import units
from fleetsim.draws.beta import BETA_SHAPE_BOUNDS
from fleetsim.scenario.base import Reads
from fleetsim.scenario.quantities import text_of

_LOW, _HIGH = BETA_SHAPE_BOUNDS
SHAPE_EXPECTED: Final = f"expected 'beta(A, B)' in quotes, A and B decimal numbers from {_LOW:g} to {_HIGH:g}"


@dataclass(frozen=True)
class Beta:
    """As by the beta law with these parameters, exactly as written."""

    alpha: Fraction
    beta: Fraction

    @property
    def text(self) -> str:
        """As a scenario writes it."""
        return f"beta({units.decimal_text(self.alpha)}, {units.decimal_text(self.beta)})"


_BETA: Final = re.compile(r"beta\(([^(),]+),([^(),]+)\)", re.ASCII)
_NUMBER: Final = r"\s*[0-9]+(\.[0-9]+)?\s*"


def _shape(raw: Any, info: ValidationInfo) -> Beta:
    match = _BETA.fullmatch(text_of(raw, SHAPE_EXPECTED).strip())
    if match is None:
        raise ValueError(SHAPE_EXPECTED)
    try:
        alpha, beta = map(units.parse_decimal, match.groups())
    except ValueError:
        raise ValueError(SHAPE_EXPECTED) from None
    if not all(_LOW <= float(parameter) <= _HIGH for parameter in (alpha, beta)):
        raise ValueError(SHAPE_EXPECTED)
    return Beta(alpha, beta)


# Between braces a comma ends an entry, so the text needs its quotes there.
Shape: Final = Reads(
    _shape,
    SHAPE_EXPECTED,
    {"type": "string", "pattern": rf"^\s*beta\({_NUMBER},{_NUMBER}\)\s*$", "examples": ["beta(3, 4)"]},
)
