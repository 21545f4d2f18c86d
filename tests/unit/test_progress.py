"""Progress of long work, where there is no terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.progress import Progress as Bar

from fleetsim.progress import Shown


def test_what_was_simulated_before_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Shown(None)
    shown(1000, 330)(10)
    shown(2000, 340)  # more is expected now
    assert capsys.readouterr().err == "going on: 330 of 1,000 SIMs have been simulated before\n"


@pytest.mark.parametrize("done", [0, 1000])
def test_a_new_run_and_a_finished_one_say_nothing(done: int, capsys: pytest.CaptureFixture[str]) -> None:
    Shown(None)(1000, done)
    assert capsys.readouterr().err == ""


def test_in_a_terminal_it_stands_above_the_bar() -> None:
    file = io.StringIO()
    with Bar(console=Console(file=file, force_terminal=True, width=80), transient=True) as bar:
        Shown(bar)(1000, 330)
    assert "going on: 330 of 1,000 SIMs have been simulated before" in file.getvalue()


def test_a_line_now_and_then_says_how_far_it_is(capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    now = [0.0]
    monkeypatch.setattr("fleetsim.progress.time.monotonic", lambda: now[0])
    shown = Shown(None)
    tell = shown(1000, 0)
    for now[0] in (1.0, 20.0, 31.0):
        tell(100)
    # 200 SIMs in the 30 s since the first were done: the other 700 take 105 s.
    assert capsys.readouterr().err == "300 of 1,000 SIMs simulated, about 105 s left\n"
