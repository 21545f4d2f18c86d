"""How kernels are compiled."""

from __future__ import annotations

from typing import Any, Final

from fleetsim.engines.compiled.linking import PartCompiler, WholeCompiler

OPTIONS: Final[dict[str, Any]] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": False,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "pipeline_class": PartCompiler,
}
"""No lock of the interpreter; a division by zero is none of ours; every operation as it is written; only `lives` is
called from Python, so nothing else needs a wrapper for that, which would take as long to compile as the rest."""

CALLED_FROM_PYTHON: Final[dict[str, Any]] = {**OPTIONS, "no_cpython_wrapper": False, "pipeline_class": WholeCompiler}
"""Of `lives`, which is linked with all others."""
