"""Whole-number arithmetic that may need more than 64 bits on the way."""

from __future__ import annotations

from numba import njit

from fleetsim.engines.compiled.settings import OPTIONS

_SAFE = 1 << 31


@njit(**OPTIONS)
def share(size: int, elapsed: int, whole: int) -> int:
    """floor(size * elapsed / whole) for 0 <= elapsed <= whole: bytes of a transfer that have moved."""
    quotient, rest = size // whole, size % whole
    if whole < _SAFE:
        return quotient * elapsed + rest * elapsed // whole
    return quotient * elapsed + _long_share(rest, elapsed, whole)


@njit(**OPTIONS)
def _long_share(rest: int, elapsed: int, whole: int) -> int:
    """Likewise for rest < whole < 2^62: the product's binary digits one by one, from the highest on."""
    found, left = 0, 0
    for digit in range(61, -1, -1):
        found, left = 2 * found, 2 * left
        if (elapsed >> digit) & 1:
            left += rest
        while left >= whole:
            left -= whole
            found += 1
    return found
