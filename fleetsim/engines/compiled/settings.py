"""How kernels are compiled."""

from __future__ import annotations

from typing import Any, Final

OPTIONS: Final[dict[str, Any]] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": False,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
"""No lock of the interpreter; a division by zero is none of ours; every operation as it is written; only `lives` is
called from Python, so nothing else needs a wrapper for that, which would take as long to compile as the rest."""

CALLED_ONCE: Final[dict[str, Any]] = {**OPTIONS, "inline": "always"}
"""For functions that are called in one place: every level of calls is compiled again with the one above it."""
