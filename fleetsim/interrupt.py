"""An interrupt from the keyboard ends the program, wherever it falls."""

from __future__ import annotations

import _thread
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

AGAIN_S: Final = 0.05
"""An interrupt that was lost comes again so much later."""


@contextmanager
def never_lost() -> Iterator[None]:
    """Repeat an interrupt that Python ignored because it fell into a destructor (one of an open file, say)."""
    usual = sys.unraisablehook
    again: list[threading.Timer] = []

    def hook(ignored: sys.UnraisableHookArgs, /) -> None:
        if not issubclass(ignored.exc_type, KeyboardInterrupt):
            usual(ignored)
            return
        timer = threading.Timer(AGAIN_S, _thread.interrupt_main)
        timer.daemon = True
        again.append(timer)
        timer.start()

    sys.unraisablehook = hook
    try:
        yield
    finally:
        for timer in again:
            timer.cancel()
        sys.unraisablehook = usual
