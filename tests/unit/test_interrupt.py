"""An interrupt ends the program, also where Python ignores exceptions."""

from __future__ import annotations

import signal
import time

import pytest

from fleetsim.experiments import interrupts
from fleetsim.experiments.interrupts import never_lost, noted


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
    monkeypatch.setattr(interrupts, "AGAIN_S", 0.2)
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


def test_an_interrupt_that_is_noted_is_raised_where_that_is_asked_for():
    reached = []

    def look() -> None:
        with noted() as raise_interrupt:
            raise_interrupt()
            signal.raise_signal(signal.SIGINT)
            reached.append("after it")
            raise_interrupt()
            reached.append("too far")

    with pytest.raises(KeyboardInterrupt):
        look()
    assert reached == ["after it"]


def test_an_interrupt_that_nobody_asked_for_is_raised_at_the_end():
    def work() -> None:
        with noted():
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_that_is_ignored_stays_so():
    usual = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with noted() as raise_interrupt:
            signal.raise_signal(signal.SIGINT)
            raise_interrupt()
    finally:
        signal.signal(signal.SIGINT, usual)
