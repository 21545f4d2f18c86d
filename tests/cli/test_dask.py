"""Runs on a Dask cluster: the same rows, and no worker that is lost loses any."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from functools import cache

import pytest

pytest.importorskip("distributed")
from distributed import Client, LocalCluster

import fleetsim
from fleetsim.experiments import cluster as cluster_module
from fleetsim.scenario.load import load_text
from fleetsim.tables import Tables
from tests.cli.conftest import LITTLE, content, process, tables
from tests.cli.test_resume import SLOW, family, parts, wait_for_parts
from tests.cli.test_until_precision import NOISY, OF, rows

pytestmark = pytest.mark.filterwarnings("default")  # Dask's own, at its end, are not ours to heed

REPLICATIONS = 12
ON_DASK = (*SLOW[:2], "--no-report", "--engine", "reference", "--dask", "local")
HERE = {"workers": 1, "engine": "reference"}
CLUSTER = """\
import signal
from distributed import LocalCluster

if __name__ == "__main__":
    cluster = LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0")
    print(cluster.scheduler_address, flush=True)
    signal.pause()
"""
TRACE = "time_ms,upload_bytes,download_bytes,duration_ms\n1000,600000,10,0\n90000,700000,0,50\n"


@pytest.fixture(scope="module")
def dask():
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50) as cluster,
        Client(cluster) as client,
    ):
        yield client


@cache
def undisturbed() -> Tables:
    return fleetsim.run(load_text(LITTLE, [str(SLOW[1])]), replications=REPLICATIONS, **HERE).tables


def processes_of_workers(leader: int) -> list[int]:
    return [pid for pid, args in family(leader) if "spawn_main" in args]


@pytest.mark.parametrize("options", [{}, {"keep": "sums"}, {"records": "all"}])
@pytest.mark.parametrize("replications", [1, 5])
def test_the_files_are_those_of_one_process(options, replications, dask, tmp_path):
    # One replication is cut into blocks of SIMs, five are not.
    scenario = load_text(LITTLE)
    asked = {"report": False, "replications": replications, "engine": "reference", **options}
    fleetsim.run(scenario, out=tmp_path / "one", workers=1, **asked)
    fleetsim.run(scenario, out=tmp_path / "dask", executor=dask.get_executor(pure=False), **asked)
    assert rows(tmp_path / "dask") == rows(tmp_path / "one") != {}


def test_the_tables_in_memory_are_those_of_one_process(dask):
    scenario = load_text(LITTLE)
    found = fleetsim.run(scenario, executor=dask.get_executor(), engine="reference")
    assert found.tables == fleetsim.run(scenario, **HERE).tables


def test_until_precision_ends_at_the_same_number(dask, tmp_path):
    asked = {"until_precision": "3%", "precision_of": ["cost"], "engine": "reference", "report": False}
    fleetsim.run(load_text(NOISY), out=tmp_path / "one", workers=1, **asked)
    fleetsim.run(load_text(NOISY), out=tmp_path / "dask", executor=dask.get_executor(pure=False), **asked)
    assert rows(tmp_path / "dask") == rows(tmp_path / "one")


def test_files_that_the_scenario_names_travel_along(dask, tmp_path):
    (tmp_path / "readings.csv").write_text(TRACE)
    traffic = "{readings: {arrivals: {process: trace, file: readings.csv}}}"
    (tmp_path / "s.yaml").write_text(LITTLE + f"      played: {{count: 2, traffic: {traffic}}}\n")
    scenario = fleetsim.load(tmp_path / "s.yaml")
    one = fleetsim.run(scenario, **HERE)
    (tmp_path / "readings.csv").unlink()  # no worker could read it
    assert fleetsim.run(scenario, executor=dask.get_executor(pure=False), engine="reference").tables == one.tables


def test_a_choice_of_a_limit_is_the_same(dask, tmp_path):
    asked = {"fleet": "meters", "limits": "1MB:4MB:1MB", "max_blocked_share": 0.1, "engine": "reference"}
    asked |= {"replications": 4}
    fleetsim.choose_limit(load_text(NOISY), out=tmp_path / "one", workers=1, **asked)
    fleetsim.choose_limit(load_text(NOISY), out=tmp_path / "dask", executor=dask.get_executor(pure=False), **asked)
    assert rows(tmp_path / "dask") == rows(tmp_path / "one") != {}


def test_a_sweep_and_a_comparison_are_the_same(dask, tmp_path):
    (tmp_path / "s.yaml").write_text(LITTLE)
    on_dask = {"executor": dask.get_executor(pure=False), "engine": "reference"}
    vary = "fleets.meters.data_limit=1MB:3MB:1MB"
    swept = fleetsim.sweep(tmp_path / "s.yaml", vary, **on_dask)
    assert swept.arrow == fleetsim.sweep(tmp_path / "s.yaml", vary, **HERE).arrow
    both = [tmp_path / "s.yaml", fleetsim.load(tmp_path / "s.yaml", ["fleets.meters.data_limit=2MB"])]
    assert fleetsim.compare(both, **on_dask).table.equals(fleetsim.compare(both, **HERE).table)


def test_the_command_runs_on_the_cluster_at_an_address(dask, little, tmp_path, fleetsim_):
    address = dask.scheduler.address
    said = fleetsim_(
        *("run", little, "--out", tmp_path / "out", "--dask", address, "--no-report", "--engine", "reference")
    )
    assert said.status == 0, said.err
    assert tables(tmp_path / "out")["sim_periods"] == fleetsim.run(little, **HERE).tables.sim_periods


def test_workers_of_another_version_are_refused(dask, little, tmp_path, fleetsim_, monkeypatch):
    monkeypatch.setattr(cluster_module, "__version__", "99.0")
    said = fleetsim_("run", little, "--out", tmp_path / "out", "--dask", dask.scheduler.address)
    assert said.status == 1
    assert f"has fleetsim {fleetsim.__version__}, and 99.0 is wanted" in said.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("address", "status", "why"),
    [
        ("nowhere at all", 2, "found 'nowhere at all'; expected `local` or a scheduler's address"),
        ("tcp://127.0.0.1:9", 1, "no Dask scheduler answers at tcp://127.0.0.1:9"),
    ],
)
def test_a_cluster_that_is_not_there_is_said_in_one_line(
    address, status, why, little, tmp_path, fleetsim_, monkeypatch
):
    monkeypatch.setattr(cluster_module, "CONNECT_S", 1)
    said = fleetsim_("run", little, "--out", tmp_path / "out", "--dask", address)
    assert (said.status, len(said.err.splitlines())) == (status, 1)
    assert why in said.err
    assert not (tmp_path / "out").exists()


def test_without_dask_the_command_says_what_to_install(little, tmp_path, fleetsim_, monkeypatch):
    monkeypatch.setattr(cluster_module, "find_spec", lambda name: None)
    said = fleetsim_("run", little, "--out", tmp_path / "out", "--dask", "local")
    assert said.status == 2
    assert "pip install 'fleetsim[dask]'" in said.err


def test_a_worker_that_is_killed_is_replaced_and_its_work_done_again(little, tmp_path):
    out = tmp_path / "out"
    run = process("run", little, "--out", out, "--replications", REPLICATIONS, *ON_DASK)
    wait_for_parts(out, 1)
    assert len(parts(out)) < REPLICATIONS
    os.kill(processes_of_workers(run.pid)[-1], signal.SIGKILL)
    _, said = run.communicate(timeout=120)
    assert (run.returncode, said) == (0, "")
    assert tables(out)["sim_periods"] == undisturbed().sim_periods


def test_an_interrupt_says_how_to_go_on_and_no_worker_is_left(little, tmp_path):
    out = tmp_path / "out"
    run = process("run", little, "--out", out, "--replications", 1000, *ON_DASK)
    wait_for_parts(out, 1)
    os.killpg(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert said.startswith("fleetsim: interrupted; finished replications are kept")
    assert len(said.splitlines()) == 1
    assert family(run.pid) == []


@pytest.mark.verify
def test_a_scheduler_that_dies_ends_the_run_in_one_line_that_says_how_to_go_on(little, tmp_path):
    (tmp_path / "cluster.py").write_text(CLUSTER)
    cluster = subprocess.Popen([sys.executable, tmp_path / "cluster.py"], stdout=subprocess.PIPE, text=True)
    assert cluster.stdout is not None
    address = cluster.stdout.readline().strip()
    out = tmp_path / "out"
    run = process("run", little, "--out", out, "--replications", 1000, *ON_DASK[:-1], address)
    wait_for_parts(out, 1)
    cluster.kill()
    cluster.communicate(timeout=30)
    _, said = run.communicate(timeout=90)
    assert run.returncode == 1
    assert said.startswith("fleetsim: the scheduler of the cluster is gone; finished replications are kept")
    assert len(said.splitlines()) == 1


def killed_and_resumed(number, tmp_path, *how):
    """Kill a run and its cluster at a random moment, go on, and hold it against an undisturbed one."""
    scenario, out = tmp_path / "noisy.yaml", tmp_path / "out"
    scenario.write_text(NOISY)
    asked = ("run", scenario, "--no-report", "--engine", "reference", *OF, "--until-precision", "1.5%", "--out", out)
    run = process(*asked, "--dask", "local")
    time.sleep(random.Random(number).uniform(1.5, 5))
    if run.poll() is None:
        os.killpg(run.pid, signal.SIGKILL)
    run.communicate(timeout=30)
    going_on = process(*asked, "--resume", *how)
    _, said = going_on.communicate(timeout=120)
    assert going_on.returncode == 0, said
    fleetsim.run(scenario, out=tmp_path / "new", until_precision="1.5%", precision_of=["cost"], report=False, **HERE)
    assert rows(out) == rows(tmp_path / "new")
    assert "manifest.json" in content(out)


def test_a_kill_of_everything_loses_nothing(tmp_path):
    killed_and_resumed(1, tmp_path, "--workers", 1)


@pytest.mark.verify
@pytest.mark.parametrize("number", range(20))
def test_a_kill_of_everything_at_any_instant_loses_nothing(number, tmp_path):
    killed_and_resumed(number, tmp_path, "--dask", "local")
