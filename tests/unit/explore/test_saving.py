from __future__ import annotations

from pathlib import Path

import pytest
from small import SMALL, written

import fleetsim
from fleetsim.cli import main
from fleetsim.errors import BadInput
from fleetsim.explore.bench import Bench
from fleetsim.explore.curve import Asked
from fleetsim.explore.saving import choosing, command, default_name, save
from fleetsim.scenario import scenario_hash

LIMIT = "fleets.meters.data_limit"


@pytest.fixture
def bench(tmp_path) -> Bench:
    return Bench(written(tmp_path), engine="reference", replications=2)


def saved(bench: Bench, name: str, folder: Path, turned: list[str], **how: bool) -> Path:
    asked = {"replace": False, "inside": False} | how
    return save(bench.load(turned), name, folder, opened=bench.file, turned=turned, **asked)


def test_a_saved_scenario_runs_to_the_same_numbers(bench, tmp_path):
    turned = [f"{LIMIT}=3 MB", "platform.record_interval=1 h", "tariff.fee=1.25"]
    path = saved(bench, "found.yaml", tmp_path, turned)
    assert path == Path("found.yaml")
    status = main(["run", str(tmp_path / path), "--out", str(tmp_path / "out"), "--engine", "reference", "--no-report"])
    run = fleetsim.Result.read(tmp_path / "out")
    outcome = bench.answer(turned)
    assert status == 0
    assert run.summary_rows == outcome.result.summary_rows
    assert run.manifest["scenario_hash"] == outcome.result.manifest["scenario_hash"]


def test_files_that_a_scenario_names_are_found_from_where_it_is_saved(tmp_path):
    (tmp_path / "trace.csv").write_text("time_ms,upload_bytes,download_bytes,duration_ms\n1000,5,6,0\n")
    text = SMALL.replace(
        "readings: {arrivals: {process: periodic, every: 1 h, jitter: 1 min}, upload: 10 kB}",
        "readings: {arrivals: {process: trace, file: trace.csv}}",
    )
    bench = Bench(written(tmp_path, text), engine="reference", replications=1)
    (tmp_path / "below").mkdir()
    path = tmp_path / saved(bench, "below/found.yaml", tmp_path, [])
    assert scenario_hash(fleetsim.load(path)) == scenario_hash(bench.load([]))


def test_the_file_says_where_it_comes_from_and_how_to_run_it(bench, tmp_path):
    saved(bench, "found.yaml", tmp_path, [f"{LIMIT}=3 MB"])
    lines = (tmp_path / "found.yaml").read_text().splitlines()
    assert lines[:4] == [
        f"# Explored from {bench.file}",
        f"#   {LIMIT}=3 MB",
        "# Run it:",
        "#   fleetsim run found.yaml --out out/found",
    ]


def test_a_name_with_a_line_break_stays_in_its_comment(bench, tmp_path):
    saved(bench, "a\nseed: 1.yaml", tmp_path, [])
    assert fleetsim.load(tmp_path / "a\nseed: 1.yaml").seed == 7


def test_a_file_that_is_there_is_replaced_only_when_asked(bench, tmp_path):
    (tmp_path / "found.yaml").write_text("mine")
    with pytest.raises(BadInput, match="there is such a file"):
        saved(bench, "found.yaml", tmp_path, [])
    assert (tmp_path / "found.yaml").read_text() == "mine"
    saved(bench, "found.yaml", tmp_path, [], replace=True)
    assert fleetsim.load(tmp_path / "found.yaml").sims == 8


@pytest.mark.parametrize("name", ["", "  ", "nowhere/found.yaml", "found.txt", "."])
def test_a_path_that_is_none_to_write_to_is_refused(bench, tmp_path, name):
    before = sorted(tmp_path.iterdir())
    with pytest.raises(BadInput, match="expected"):
        saved(bench, name, tmp_path, [])
    assert sorted(tmp_path.iterdir()) == before


def test_other_machines_save_within_the_folder_only(bench, tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "out").symlink_to(tmp_path)
    for name in ("../found.yaml", str(tmp_path / "found.yaml"), "~/found.yaml", "out/found.yaml"):
        with pytest.raises(BadInput, match="expected a file in the folder that fleetsim was started in"):
            saved(bench, name, tmp_path / "here", [], inside=True)
    assert saved(bench, "found.yaml", tmp_path / "here", [], inside=True) == Path("found.yaml")
    assert not (tmp_path / "found.yaml").exists()


def test_the_name_that_is_offered_is_free(bench, tmp_path):
    assert default_name("scenarios/small.yaml", tmp_path) == "small-explored.yaml"
    (tmp_path / "small-explored.yaml").touch()
    assert default_name("scenarios/small.yaml", tmp_path) == "small-explored-2.yaml"


def test_commands_are_quoted_for_a_shell(bench):
    path = Path("what if; $(rm).yaml")
    assert command(path) == "fleetsim run 'what if; $(rm).yaml' --out 'out/what if; $(rm)'"
    said = choosing(path, bench.load(["timeline=[]"]), Asked("meters", "1MB:9MB:1MB"))
    assert said.startswith("fleetsim choose-limit 'what if; $(rm).yaml' --fleet meters --limits 1MB:9MB:1MB")


def test_no_command_is_offered_that_would_be_refused(bench):
    assert choosing(Path("a.yaml"), bench.load([]), Asked("nobody", "1MB")) == ""
