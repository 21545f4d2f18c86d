"""What an evaluation decides."""

from __future__ import annotations

UNLIMITED = 1 << 62
"""Stands for "no limit" in comparisons: more bytes than any SIM can move."""


def above_limit(recorded_bytes: int, cached_limit_bytes: int) -> bool:
    """Is the recorded usage of the current period above the limit? Strict: *more than* it."""
    return recorded_bytes > cached_limit_bytes
