"""A run that is killed, interrupted or cannot write loses no finished replication and never looks complete."""

from __future__ import annotations

import os
import pickle
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import fleetsim
from fleetsim.experiments import workers as workers_module
from fleetsim.files import replacing
from fleetsim.scenario.load import load_text
from fleetsim.tables import Tables
from tests.cli.conftest import LITTLE, content, process, tables

REPLICATIONS = 12
SLOW = (
    "--set",
    "fleets.meters.devices.meter.traffic.readings.arrivals.every=15 min",
    "--workers",
    2,
    "--no-report",
    "--engine",
    "reference",
)


def parts(folder: Path) -> list[str]:
    place = folder / "parts"
    return sorted(part.name for part in place.iterdir() if part.name.isdecimal()) if place.is_dir() else []


def wait_for_parts(folder: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while len(parts(folder)) < count:
        assert time.monotonic() < deadline, "no replication was finished"
        time.sleep(0.005)


def resume_and_compare(little: Path, folder: Path) -> None:
    """Go on, and hold the result against one that nobody disturbed."""
    assert not (folder / "manifest.json").exists()
    going_on = process("run", little, "--out", folder, "--replications", REPLICATIONS, "--resume", *SLOW)
    _, said = going_on.communicate(timeout=120)
    assert going_on.returncode == 0, said
    assert (folder / "manifest.json").exists()
    assert parts(folder) == []
    found = tables(folder)
    assert found["sim_periods"].equals(undisturbed().sim_periods)
    assert found["replications"].equals(undisturbed().replications)
    assert found["blocked"].equals(undisturbed().blocked)


@cache
def undisturbed() -> Tables:
    return fleetsim.run(load_text(LITTLE, [str(SLOW[1])]), replications=REPLICATIONS, workers=1).tables


def test_after_a_kill_the_rest_is_simulated_and_the_result_is_the_same(little, tmp_path):
    run = process("run", little, "--out", tmp_path / "out", "--replications", REPLICATIONS, *SLOW)
    wait_for_parts(tmp_path / "out", 2)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate(timeout=30)
    assert 2 <= len(parts(tmp_path / "out")) < REPLICATIONS
    resume_and_compare(little, tmp_path / "out")


@pytest.mark.parametrize("whole_group", [True, False])
def test_an_interrupt_exits_130_says_how_to_go_on_and_can_be_resumed(whole_group, little, tmp_path):
    run = process("run", little, "--out", tmp_path / "out", "--replications", REPLICATIONS, *SLOW)
    wait_for_parts(tmp_path / "out", 1)
    (os.killpg if whole_group else os.kill)(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=30)
    assert run.returncode == 130, said
    assert said.splitlines()[-1].startswith("fleetsim: interrupted")
    assert "--resume" in said
    assert "Traceback" not in said
    resume_and_compare(little, tmp_path / "out")


def test_a_disk_that_is_full_exits_1_and_can_be_resumed(little, tmp_path, fleetsim_, monkeypatch):
    write, written = pq.ParquetWriter.write_table, []

    def full_after_four(writer, table, **options):
        written.append(table.num_rows)
        if len(written) > 4:
            raise OSError(28, "No space left on device")
        write(writer, table, **options)

    with monkeypatch.context() as patch:
        patch.setattr(pq.ParquetWriter, "write_table", full_after_four)
        said = fleetsim_("run", little, "--out", tmp_path / "out", "--workers", 1)
    assert said.status == 1
    assert "No space left on device" in said.err
    assert "--resume" in said.err
    assert len(said.err.splitlines()) == 1
    assert parts(tmp_path / "out") == ["000000"]
    assert not (tmp_path / "out" / "manifest.json").exists()
    assert not list((tmp_path / "out").rglob("*.tmp"))
    assert fleetsim_("run", little, "--out", tmp_path / "out", "--workers", 1, "--resume").status == 0
    assert tables(tmp_path / "out")["sim_periods"].equals(fleetsim.run(little, workers=1).tables.sim_periods)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--seed", 8), "its run has seed 7; this one has 8"),
        (("--set", "fleets.meters.data_limit=2MB"), "another scenario"),
        (("--replications", 2), "its run has 3 replications; this one has 2"),
    ],
)
def test_another_run_in_the_same_folder_is_refused_with_the_reason(options, why, little, tmp_path, fleetsim_):
    out = tmp_path / "out"
    assert fleetsim_("run", little, "--out", out, "--workers", 1, "--no-report").status == 0
    before = tables(out)
    said = fleetsim_("run", little, "--out", out, "--resume", *options)
    assert said.status == 2
    assert why in said.err
    assert tables(out)["sim_periods"].equals(before["sim_periods"])


def test_a_finished_run_goes_on_to_more_replications(little, tmp_path, fleetsim_):
    out = tmp_path / "out"
    fleetsim_("run", little, "--out", out, "--workers", 1, "--no-report", "--replications", 2)
    said = fleetsim_("run", little, "--out", out, "--workers", 1, "--no-report", "--replications", 4, "--resume")
    assert said.status == 0
    whole = fleetsim.run(little, replications=4, workers=1).tables
    assert tables(out)["sim_periods"].equals(whole.sim_periods)
    assert pq.ParquetFile(out / "sim_periods.parquet").num_row_groups == 4


def test_resuming_an_absent_folder_starts_and_a_finished_one_has_nothing_to_do(little, tmp_path, fleetsim_):
    out = tmp_path / "out"
    assert fleetsim_("run", little, "--out", out, "--workers", 1, "--no-report", "--resume").status == 0
    manifest = (out / "manifest.json").read_bytes()
    assert fleetsim_("run", little, "--out", out, "--workers", 1, "--no-report", "--resume").status == 0
    assert (out / "manifest.json").read_bytes() == manifest


def test_a_run_of_another_version_is_refused(little, tmp_path, fleetsim_, monkeypatch):
    out = tmp_path / "out"
    fleetsim_("run", little, "--out", out, "--workers", 1, "--no-report")
    monkeypatch.setattr("fleetsim.experiments.provenance.__version__", "99.0")
    said = fleetsim_("run", little, "--out", out, "--resume", "--replications", 4)
    assert said.status == 2
    assert f"its run has version {fleetsim.__version__}; this one has 99.0; use another folder" in said.err


def test_what_changes_no_row_may_change_when_a_run_goes_on(little, tmp_path, fleetsim_):
    out = tmp_path / "out"
    fleetsim_("run", little, "--out", out, "--workers", 1, "--no-report", "--replications", 2)
    renamed = little.with_name("renamed.yaml")
    renamed.write_text(little.read_text().replace("name: little", "name: large"))
    assert fleetsim_("run", renamed, "--out", out, "--workers", 2, "--no-report", "--resume").status == 0
    assert fleetsim.Result.read(out).manifest["name"] == fleetsim.Result.read(out).scenario.name == "large"


def test_a_finished_run_without_a_report_gets_one_when_it_is_resumed(little, tmp_path, fleetsim_):
    out = tmp_path / "out"
    fleetsim_("run", little, "--out", out, "--workers", 1, "--no-report")
    assert fleetsim_("run", little, "--out", out, "--resume").status == 0
    assert (out / "report.html").exists()


def test_no_report_of_fewer_replications_stands_beside_an_extended_run(little, tmp_path, fleetsim_):
    out = tmp_path / "out"
    fleetsim_("run", little, "--out", out, "--workers", 1, "--replications", 1)
    assert (out / "report.html").exists()
    more = ("--replications", 2, "--resume", "--no-report")
    assert fleetsim_("run", little, "--out", out, "--workers", 1, *more).status == 0
    assert not (out / "report.html").exists()
    assert not (out / "figures").exists()


def test_a_part_that_a_loss_of_power_damaged_is_simulated_again(little, tmp_path, fleetsim_, monkeypatch):
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr("fleetsim.api.Store.assemble", lambda *_: exec("raise OSError(5, 'Input/output error')"))
        assert fleetsim_("run", little, "--out", out, "--workers", 1).status == 1
    assert parts(out) == ["000000", "000001", "000002"]
    (out / "parts" / "000001" / "replications.parquet").write_bytes(b"\0" * 100)
    assert fleetsim_("run", little, "--out", out, "--workers", 1, "--no-report", "--resume").status == 0
    assert tables(out)["replications"] == fleetsim.run(little, workers=1).tables.replications


@pytest.mark.parametrize("how", ["first", "more", "overwrite"])
def test_a_kill_before_any_change_of_the_folder_loses_nothing_finished(how, tmp_path):
    assert killed(how, tmp_path, every=15) >= 6


@pytest.mark.verify
@pytest.mark.parametrize("how", ["first", "more", "overwrite"])
def test_a_kill_before_each_change_of_the_folder_loses_nothing_finished(how, tmp_path):
    assert killed(how, tmp_path, every=1) >= 90


def killed(how: str, folder: Path, every: int) -> int:
    """See tests/cli/killed.py."""
    command = [sys.executable, "-m", "tests.cli.killed", how, str(folder), str(every)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_files_that_may_not_grow_are_a_failure_in_one_line_that_can_be_resumed(little, tmp_path):
    # What a quota or a full disk does, by the system and not by a patch: no file of this process passes 8 kB.
    out = tmp_path / "out"
    limit = 8_000
    run = process(
        *("run", little, "--out", out, "--replications", REPLICATIONS, *SLOW),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    _, said = run.communicate(timeout=60)
    assert run.returncode == 1, said
    assert said.startswith("fleetsim: [Errno 27] ")
    assert len(said.splitlines()) == 1
    assert not list(out.rglob("*.tmp"))
    resume_and_compare(little, out)


@pytest.mark.parametrize("name", ["sim_periods.parquet", "scenario.yaml", "summary.json", "manifest.json", "run.json"])
def test_a_file_that_cannot_take_its_place_leaves_no_manifest_and_can_be_resumed(
    name, little, tmp_path, fleetsim_, monkeypatch
):
    out, replace = tmp_path / "out", os.replace

    def full(source, target):
        if Path(target).name == name and Path(target).parent.name in ("out", "parts"):
            raise OSError(28, "No space left on device")
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        said = fleetsim_("run", little, "--out", out, "--workers", 1, "--no-report")
    assert said.status == 1
    assert len(said.err.splitlines()) == 1
    assert "No space left on device" in said.err
    assert not (out / "manifest.json").exists()
    assert not list(out.rglob("*.tmp"))
    assert fleetsim_("run", little, "--out", out, "--workers", 1, "--no-report", "--resume").status == 0
    assert tables(out)["sim_periods"] == fleetsim.run(little, workers=1).tables.sim_periods


def test_a_report_that_cannot_be_written_leaves_no_manifest_and_can_be_resumed(
    little, tmp_path, fleetsim_, monkeypatch
):
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(
            "fleetsim.report.write.replacing", lambda *_: exec("raise OSError(28, 'No space left on device')")
        )
        said = fleetsim_("run", little, "--out", out, "--workers", 1)
    assert (said.status, said.out) == (1, "")
    assert not (out / "manifest.json").exists()
    assert fleetsim_("run", little, "--out", out, "--workers", 1, "--resume").status == 0
    assert (out / "report.html").exists()


def test_a_file_is_replaced_completely_or_not_at_all(tmp_path):
    file = tmp_path / "a"
    file.write_text("before")

    def interrupted() -> None:
        with replacing(file) as beside:
            beside.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert content(tmp_path) == {"a": b"before"}
    with replacing(file) as beside:
        beside.write_text("after")
    assert content(tmp_path) == {"a": b"after"}


def family(leader: int) -> list[tuple[int, str]]:
    """Processes of a group that still run, with their command lines."""
    lines = subprocess.run(
        ["ps", "-ww", "-eo", "pgid=,pid=,stat=,args="], capture_output=True, text=True, check=True
    ).stdout
    found = [line.split(maxsplit=3) for line in lines.splitlines()]
    return [(int(pid), args) for group, pid, state, args in found if int(group) == leader and state[0] != "Z"]


def workers(leader: int) -> list[int]:
    return [pid for pid, args in family(leader) if "LokyProcess" in args]


def test_a_worker_that_is_killed_is_replaced_and_its_work_done_again(little, tmp_path):
    out = tmp_path / "out"
    run = process("run", little, "--out", out, "--replications", REPLICATIONS, *SLOW)
    wait_for_parts(out, 1)
    os.kill(workers(run.pid)[0], signal.SIGKILL)
    _, said = run.communicate(timeout=120)
    assert (run.returncode, said) == (0, "")
    assert tables(out)["sim_periods"] == undisturbed().sim_periods


@pytest.mark.parametrize("broken_at", range(1, 25, 2))
def test_wherever_a_worker_is_lost_no_task_is(broken_at, monkeypatch):
    # Pools that break once each, at their `broken_at`-th call of submit or result, as when a worker is killed then.
    class Pool:
        def __init__(self, **options: Any) -> None:
            self.calls = 0
            options["initializer"](*options["initargs"])

        def call(self) -> None:
            self.calls += 1
            if self.calls == broken_at and pools.pop():
                raise BrokenExecutor

        def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
            self.call()
            future: Future[Any] = Future()
            future.set_result(work(*arguments))
            future.result = lambda: self.call() or Future.result(future)  # type: ignore[method-assign, assignment, func-returns-value]
            return future

        def shutdown(self, **options: Any) -> None:
            pass

    pools = [False, True, True]
    monkeypatch.setattr("loky.ProcessPoolExecutor", Pool)
    monkeypatch.setattr(workers_module, "_prepare", prepare_here)
    monkeypatch.setattr(workers_module, "_work", None)
    scenario = load_text(LITTLE)
    found = fleetsim.run(scenario, workers=2, engine="reference").tables
    assert len(pools) < 3
    assert found == fleetsim.run(scenario, workers=1).tables


def prepare_here(work: bytes, parent: int) -> None:
    workers_module._work = pickle.loads(work)


def test_workers_that_are_killed_again_and_again_are_a_failure_that_can_be_resumed(little, tmp_path):
    out = tmp_path / "out"
    run = process("run", little, "--out", out, "--replications", REPLICATIONS, *SLOW)
    wait_for_parts(out, 1)
    while run.poll() is None:
        for worker in workers(run.pid):
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
    _, said = run.communicate(timeout=30)
    assert run.returncode == 1
    assert said.startswith("fleetsim: worker processes were killed, perhaps for want of memory")
    assert "go on with --resume" in said
    assert len(said.splitlines()) == 1
    resume_and_compare(little, out)


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
def test_no_worker_outlives_a_run_that_is_killed(by, little, tmp_path):
    run = process("run", little, "--out", tmp_path / "out", "--replications", 1000, *SLOW)
    wait_for_parts(tmp_path / "out", 1)
    os.kill(run.pid, by)
    run.communicate(timeout=30)
    deadline = time.monotonic() + 30
    while family(run.pid):
        assert time.monotonic() < deadline, family(run.pid)
        time.sleep(0.1)


@pytest.mark.parametrize("option", ["--resume", "--overwrite"])
def test_two_runs_do_not_write_to_one_folder(option, little, tmp_path, fleetsim_):
    out = tmp_path / "out"
    run = process("run", little, "--out", out, "--replications", 1000, *SLOW)
    wait_for_parts(out, 1)
    said = fleetsim_("run", little, "--out", out, option)
    assert said.status == 2
    assert said.err == f"{out}: another run writes to this folder; wait for its end or use another folder\n"
    assert run.poll() is None
    os.kill(run.pid, signal.SIGINT)
    run.communicate(timeout=30)
    assert run.returncode == 130


@pytest.mark.verify
@pytest.mark.timeout(0)
@pytest.mark.parametrize("number", range(20))
def test_a_kill_at_any_instant_loses_nothing(number, little, tmp_path):
    chance = random.Random(number)
    out = tmp_path / "out"
    run = process("run", little, "--out", out, "--replications", REPLICATIONS, *SLOW)
    time.sleep(chance.uniform(0.5, 6))
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate(timeout=30)
    if not (out / "manifest.json").exists():
        resume_and_compare(little, out)
