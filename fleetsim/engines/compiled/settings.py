"""How kernels are compiled."""

from __future__ import annotations

from typing import Any, Final

OPTIONS: Final[dict[str, Any]] = {"nogil": True, "error_model": "numpy", "fastmath": False}
"""No lock of the interpreter; a division by zero is none of ours; every operation as it is written."""
