"""Compiled code and where it is kept between runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba import njit

from fleetsim.engines.compiled.settings import CALLED_FROM_PYTHON


@lru_cache(maxsize=1)
def digest() -> str:
    """Digest of all that kernels are made from.

    numba looks at the file of the function that it keeps, and not at what that function calls.
    """
    found = sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        found.update(file.read_bytes())
    return found.hexdigest()[:16]


def kept(function: Callable[..., Any]) -> Any:
    """Compile a function when it is called first, and keep the code: beside this file, or with the user's caches."""
    function.__qualname__ = f"{function.__name__}_{digest()}"
    return njit(cache=True, **CALLED_FROM_PYTHON)(function)


def is_compiled() -> bool:
    """Is there code from an earlier run?"""
    from fleetsim.engines.compiled.lives import lives

    return any(Path(lives._cache.cache_path).glob(f"*{digest()}*.nbc"))
