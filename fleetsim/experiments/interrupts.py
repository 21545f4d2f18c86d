"""An interrupt from the keyboard, taken where it does no harm.

Python raises it wherever the main thread happens to be. In the midst of `concurrent.futures.wait` that leaves locks of
futures behind, and whoever then waits for their workers waits for ever. So who waits for workers notes an interrupt
first, and raises it where nothing is half done.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final

LOOK_EVERY_S: Final = 0.2
"""Whoever waits looks so often whether there was an interrupt."""
AGAIN_S: Final = 0.05
"""An interrupt that was lost comes again so much later."""


@contextmanager
def noted() -> Iterator[Callable[[], None]]:
    """Note interrupts; what is yielded raises `KeyboardInterrupt` if there was one, and so does the end.

    In other threads than the main one, and where interrupts are ignored or somebody else's, everything stays as it is.
    """
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield lambda: None
        return
    seen: list[bool] = []

    def raise_it() -> None:
        if seen:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, lambda *of_no_interest: seen.append(True))
    try:
        yield raise_it
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    raise_it()


def not_inherited() -> AbstractContextManager[Any]:
    """Keep interrupts from processes that are started inside: they are for their parent to end."""
    return _blocked() if hasattr(signal, "pthread_sigmask") else nullcontext()


@contextmanager
def _blocked() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


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
