from __future__ import annotations

import importlib.util
import socket

import pytest
from small import written

from fleetsim.cli import main
from fleetsim.explore import opened, server


@pytest.fixture
def no_server(monkeypatch):
    monkeypatch.setattr(server, "_app", None)


def explore(capsys, *arguments: str) -> tuple[int, str]:
    status = main(["explore", "--no-browser", *arguments])
    said = capsys.readouterr()
    assert said.out == ""
    return status, said.err


def test_without_marimo_the_remedy_is_told(tmp_path, capsys, monkeypatch, no_server):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(server, "find_spec", lambda name: None if name == "marimo" else find_spec(name))
    status, said = explore(capsys, str(written(tmp_path)))
    assert status == 2
    assert said.count("\n") == 1
    assert "pip install 'fleetsim[explore]'" in said


def test_a_mistake_in_the_scenario_is_told_before_a_server_starts(tmp_path, capsys, no_server):
    pytest.importorskip("marimo")
    status, said = explore(capsys, str(written(tmp_path)), "--set", "fleets.meters.data_limit=0.5MB")
    assert status == 2
    assert "expected whole MB from 1 to 2,000,000" in said


def test_a_port_that_is_taken_is_bad_input(tmp_path, capsys, no_server):
    pytest.importorskip("marimo")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        status, said = explore(capsys, str(written(tmp_path)), "--port", str(taken.getsockname()[1]))
    assert status == 2
    assert "expected an address of this machine, and a port that is free" in said


@pytest.mark.parametrize("port", ["-1", "70000"])
def test_a_port_that_is_none_is_bad_input(tmp_path, capsys, no_server, port):
    pytest.importorskip("marimo")
    assert explore(capsys, str(written(tmp_path)), f"--port={port}")[0] == 2


def test_a_page_that_runs_by_itself_says_how_to_start_it(monkeypatch):
    monkeypatch.setattr(opened, "_opened", [])
    with pytest.raises(RuntimeError, match="fleetsim explore SCENARIO"):
        opened.find()


def test_the_page_is_a_marimo_app_that_reads_no_name_of_another_cell_twice():
    pytest.importorskip("marimo")
    from fleetsim.explore import page

    page.app._maybe_initialize()  # complains of cycles, and of names that two cells define
    assert set(page.app._cell_manager.names()) >= {"board", "answer", "curve", "saved"}
