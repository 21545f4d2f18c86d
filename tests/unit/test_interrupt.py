"""An interrupt ends the program, also where Python ignores exceptions."""

from __future__ import annotations

import signal
import time

import pytest

from fleetsim.interrupt import never_lost


class Interrupted:
    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def fall_into_a_destructor() -> None:
    Interrupted()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        time.sleep(0.001)


def test_an_interrupt_that_falls_into_a_destructor_comes_again():
    with pytest.raises(KeyboardInterrupt), never_lost():
        fall_into_a_destructor()


def test_nothing_comes_after_the_end(monkeypatch):
    import fleetsim.interrupt

    monkeypatch.setattr(fleetsim.interrupt, "AGAIN_S", 0.2)
    with never_lost():
        Interrupted()
    time.sleep(0.4)


def test_other_exceptions_in_destructors_are_told_as_usual(monkeypatch):
    told = []
    monkeypatch.setattr("sys.unraisablehook", lambda ignored: told.append(ignored.exc_type))

    class Broken:
        def __del__(self) -> None:
            raise ValueError

    with never_lost():
        Broken()
    assert told == [ValueError]
