"""How long a device waits before its next attempt."""

from __future__ import annotations

from fractions import Fraction


def next_wait(wait_ms: int, factor: Fraction, max_ms: int) -> int:
    """Wait that follows `wait_ms`: min(max, floor(wait * factor)), the factor exactly as written."""
    return min(max_ms, wait_ms * factor.numerator // factor.denominator)
