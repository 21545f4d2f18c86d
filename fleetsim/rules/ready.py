"""When a SIM that is ready turns active by itself."""

from __future__ import annotations

READY_BYTES = 250_000
"""Bytes that it has moved since it became ready."""
READY_MONTHS = 3
"""Or calendar months for which it has been ready."""
