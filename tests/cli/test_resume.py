"""A run that is killed, interrupted or cannot write loses no finished replication and never looks complete."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import fleetsim
from tests.cli.conftest import process, tables

REPLICATIONS = 12
SLOW = ("--set", "fleets.meters.devices.meter.traffic.readings.arrivals.every=15 min", "--workers", 2, "--no-report")


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
    undisturbed = fleetsim.run(fleetsim.load(little, [str(SLOW[1])]), replications=REPLICATIONS, workers=1).tables
    found = tables(folder)
    assert found["sim_periods"].equals(undisturbed.sim_periods)
    assert found["replications"].equals(undisturbed.replications)
    assert found["blocked"].equals(undisturbed.blocked)


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
    write, written = pq.write_table, []

    def full_after_four(table, where, **options):
        written.append(where)
        if len(written) > 4:
            raise OSError(28, "No space left on device")
        write(table, where, **options)

    with monkeypatch.context() as patch:
        patch.setattr(pq, "write_table", full_after_four)
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
