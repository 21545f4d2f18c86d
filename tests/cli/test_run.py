"""What a run leaves, from the command line and from Python."""

from __future__ import annotations

import html
import json
import math
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fleetsim
from fleetsim.experiments.replicate import LARGEST_BLOCK, blocks_of
from fleetsim.experiments.store import LEFT_BY_A_RUN
from fleetsim.scenario import scenario_hash
from fleetsim.scenario.load import load_text
from tests.cli.conftest import LITTLE, Said, content, process, tables

Cli = Callable[..., Said]

TRACED = """\
start: 2026-01-01T00:00:00Z
duration: 2 days
seed: 3
fleets:
  f:
    data_limit: 1 MB
    devices:
      played:
        count: 2
        traffic:
          readings: {arrivals: {process: trace, file: measured/readings.csv}}
          again: {arrivals: {process: trace, file: measured/readings.csv}}
          others: {arrivals: {process: poisson, rate: 9 per day}, upload: 7 kB}
"""
TRACE = "time_ms,upload_bytes,download_bytes,duration_ms\n1000,600000,10,0\n90000,700,0,50\n"
SUMMARY = {"metric", "role", "fleet", "over", "statistic", "value", "low", "high", "n"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished result with its report."""
    path = tmp_path_factory.mktemp("run")
    (path / "little.yaml").write_text(LITTLE)
    fleetsim.run(path / "little.yaml", out=path / "out")
    return path / "out"


@pytest.fixture
def traced(tmp_path: Path) -> Path:
    (tmp_path / "given" / "measured").mkdir(parents=True)
    (tmp_path / "given" / "measured" / "readings.csv").write_text(TRACE)
    path = tmp_path / "given" / "traced.yaml"
    path.write_text(TRACED)
    return path


# ---- the folder ------------------------------------------------------------------------------------------------------


def test_a_run_leaves_these_files_and_no_others(folder):
    kept_on_demand = {"usage_records.parquet", "events.parquet", "histograms.parquet"}
    assert set(content(folder)) == {"scenario.yaml", *LEFT_BY_A_RUN} - kept_on_demand


def test_the_manifest_names_versions_seed_engine_hash_currency_and_wall_time(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["version"] == fleetsim.__version__
    assert manifest["seed"] == 7
    assert manifest["replications"] == 3
    assert manifest["engine"] == "reference"
    assert manifest["currency"] == "USD"
    assert manifest["scenario_hash"] == scenario_hash(fleetsim.load(folder / "scenario.yaml"))
    assert manifest["wall_seconds"] > 0
    assert {"numpy", "simpy", "pyarrow", "pandas"} <= manifest["packages"].keys()


def test_the_summary_is_a_tidy_list(folder):
    rows = json.loads((folder / "summary.json").read_text())
    assert all(row.keys() == SUMMARY for row in rows)
    keys = [tuple(row[k] for k in ("metric", "role", "fleet", "over", "statistic")) for row in rows]
    assert len(set(keys)) == len(keys)
    assert {row["over"] for row in rows} == {"sims", "replications"}
    assert {row["role"] for row in rows} == {"all", "normal", "faulty"}
    assert {"mean", "p50", "p95"} <= {row["statistic"] for row in rows}
    for row in rows:
        assert math.isfinite(row["value"])
        assert (row["low"] is None) == (row["high"] is None)
        assert row["low"] is None or row["low"] <= row["value"] <= row["high"]


def test_the_summary_agrees_with_the_tables(folder):
    frame = pq.read_table(folder / "replications.parquet").to_pandas()
    rows = {tuple(row.values())[:5]: row for row in json.loads((folder / "summary.json").read_text())}
    costs = frame.groupby("replication")["cost_micros"].sum() / 1e6
    cost = rows["cost", "all", "all", "replications", "mean"]
    assert cost["n"] == 3
    assert cost["value"] == pytest.approx(costs.mean(), rel=1e-12)
    half = 4.302652729696142 * costs.std() / math.sqrt(3)  # Student's t, 2 degrees of freedom, 0.975
    assert cost["high"] == pytest.approx(costs.mean() + half, rel=1e-9)
    used = pq.read_table(folder / "sim_periods.parquet").to_pandas().query("role == 'normal'")["used_bytes"]
    assert rows["used_bytes", "normal", "all", "sims", "mean"]["value"] == pytest.approx(used.mean(), rel=1e-12)
    assert rows["used_bytes", "normal", "all", "sims", "mean"]["n"] == used.size


def test_without_a_report_there_are_tables_only(little, tmp_path, fleetsim_: Cli):
    said = fleetsim_("run", little, "--out", tmp_path / "out", "--no-report")
    assert said.status == 0
    assert said.err == ""
    assert "The fleet pays" in said.out
    assert said.out.splitlines()[-1] == str(tmp_path / "out")
    assert not {"report.html", "figures/overage_by_cause.png"} & content(tmp_path / "out").keys()


def test_a_report_can_be_written_later_and_anew(little, tmp_path, fleetsim_: Cli):
    fleetsim_("run", little, "--out", tmp_path / "out", "--no-report")
    before = content(tmp_path / "out")
    said = fleetsim_("report", tmp_path / "out")
    assert (said.status, said.err) == (0, "")
    assert said.out.splitlines()[-1] == str(tmp_path / "out" / "report.html")
    after = content(tmp_path / "out")
    assert after.keys() - before.keys() == {name for name in LEFT_BY_A_RUN if name.startswith(("report", "figures"))}
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize(
    "name", ["limit=5MB", "a:b", "file:x", "with blank %20", "[red]x", "fr\u00fch\u2014\U0001f600"]
)
def test_a_folder_may_have_any_name(name, little, tmp_path, fleetsim_: Cli, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert fleetsim_("run", little.name, "--out", name, "--no-report").status == 0
    assert fleetsim.Result.read(name).manifest["name"] == "little"
    assert fleetsim.Result.read(name).sim_periods.columns[0] == "replication"


# ---- again -----------------------------------------------------------------------------------------------------------


def test_the_scenario_that_is_left_gives_the_same_rows_from_another_folder(little, tmp_path, fleetsim_, monkeypatch):
    limit = "fleets.meters.data_limit=2MB"
    first = tmp_path / "first"
    said = fleetsim_("run", little, "--out", first, "--no-report", "--set", limit, "--seed", 11, "--replications", 2)
    assert said.status == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert fleetsim_("run", first / "scenario.yaml", "--out", "second", "--no-report").status == 0
    assert tables(first) == tables(Path("second"))
    assert content(first)["scenario.yaml"] == content(Path("second"))["scenario.yaml"]
    assert set(tables(first)["sim_periods"]["data_limit_bytes"].to_pylist()) == {2_000_000}
    assert json.loads((first / "manifest.json").read_text())["seed"] == 11


def test_a_trace_is_left_with_the_scenario(traced, tmp_path, fleetsim_, monkeypatch):
    first = tmp_path / "first"
    assert fleetsim_("run", traced, "--out", first, "--no-report").status == 0
    inputs = [name for name in content(first) if name.startswith("inputs/")]
    assert [content(first)[name] for name in inputs] == [TRACE.encode()]  # once, though two items replay it
    moved = tmp_path / "moved"
    first.rename(moved)
    (traced.parent / "measured" / "readings.csv").unlink()
    monkeypatch.chdir("/")
    assert fleetsim_("run", moved / "scenario.yaml", "--out", tmp_path / "second", "--no-report").status == 0
    assert tables(moved) == tables(tmp_path / "second")
    assert (tables(moved)["sim_periods"]["offered_bytes"].to_numpy() >= 2 * 600_710).all()
    assert content(moved)["scenario.yaml"] == content(tmp_path / "second")["scenario.yaml"]


@pytest.mark.parametrize("how", ["--overwrite", "--resume"])
def test_a_result_can_be_run_again_in_its_own_folder(how, traced, tmp_path, fleetsim_: Cli):
    out = tmp_path / "out"
    fleetsim_("run", traced, "--out", out, "--no-report")
    before = tables(out)
    left = out / "scenario.yaml"
    assert fleetsim_("run", left, "--out", out, "--no-report", how, "--replications", 2).status == 0
    assert tables(out)["sim_periods"].filter(np.arange(4) < 2) == before["sim_periods"]
    assert [name for name in content(out) if name.startswith("inputs/")]
    assert fleetsim.Result.read(out).manifest["replications"] == 2


def test_a_trace_that_changed_after_it_was_loaded_is_not_left_as_if_it_had_been_simulated(traced, tmp_path):
    scenario = fleetsim.load(traced)
    (traced.parent / "measured" / "readings.csv").write_text(TRACE + "90001,1,1,0\n")
    with pytest.raises(OSError, match=r"readings\.csv has changed since it was read"):
        fleetsim.run(scenario, out=tmp_path / "out")
    assert not (tmp_path / "out" / "manifest.json").exists()
    assert len(fleetsim.run(traced, out=tmp_path / "out", resume=False, overwrite=True, report=False).sim_periods) == 2


def test_the_rows_are_the_same_with_any_number_of_workers():
    scenario = load_text(LITTLE)
    results = [fleetsim.run(scenario, workers=workers).tables for workers in (1, 2, 3)]
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("keep", ["rows", "sums"])
def test_every_table_has_the_same_bytes_for_any_workers_engine_and_size_of_blocks(keep, little, tmp_path, monkeypatch):
    monkeypatch.setattr("fleetsim.experiments.parquet.ROW_GROUP", 7)
    files = []
    for number, (engine, workers, largest) in enumerate(
        (("reference", 1, 250), ("reference", 2, 1), ("compiled", 1, 3), ("compiled", 2, 8192), ("compiled", 3, 1))
    ):
        monkeypatch.setitem(LARGEST_BLOCK, engine, largest)
        out = tmp_path / str(number)
        fleetsim.run(little, out=out, engine=engine, workers=workers, keep=keep, records="traffic", report=False)
        files.append({name: file for name, file in content(out).items() if name != "manifest.json"})
    assert files[1:] == files[:1] * 4


@given(st.integers(0, 100_000), st.integers(0, 300), st.integers(1, 40), st.integers(1, 9000))
def test_blocks_hold_every_sim_once_none_is_too_large_and_they_are_of_one_size(sims, replications, workers, largest):
    blocks = blocks_of(sims, replications, workers, largest)
    assert [sim for block in blocks for sim in block] == list(range(sims))
    assert blocks
    assert max(map(len, blocks)) <= largest
    assert all(len(block) == len(blocks[0]) >= len(blocks[-1]) for block in blocks[:-1])


@pytest.mark.parametrize(("sims", "workers"), [(100_000, 2), (1_000_000, 2), (100_000, 7), (50, 3)])
def test_each_worker_has_as_many_blocks_of_a_replication(sims, workers):
    assert len(blocks_of(sims, 1, workers, 8192)) % workers == 0


def test_many_replications_are_not_cut():
    """Sixteen tasks for each of two workers are enough."""
    blocks = [len(blocks_of(1000, replications, 2, 8192)) for replications in (1, 8, 16, 31, 32, 200)]
    assert blocks == [4, 4, 2, 2, 1, 1]


def test_a_result_depends_on_the_seed():
    first, second = (fleetsim.run(load_text(LITTLE), seed=seed, replications=1).tables.sim_periods for seed in (1, 2))
    assert first["offered_bytes"] != second["offered_bytes"]


def test_a_result_depends_on_no_hash_seed_time_zone_or_working_folder(little, tmp_path):
    runs = []
    for number, zone in enumerate(("UTC", "Pacific/Auckland")):
        (tmp_path / str(number)).mkdir()
        env = {**os.environ, "PYTHONHASHSEED": str(number), "TZ": zone}
        options = ("--out", "out", "--no-report", "--workers", 2)
        runs.append(process("run", little, *options, cwd=tmp_path / str(number), env=env))
    assert [run.communicate(timeout=60)[1] for run in runs] == ["", ""]
    first, second = (content(tmp_path / number / "out") for number in "01")
    assert {name for name in first if first[name] != second[name]} <= {"manifest.json"}  # the time that it took


def test_a_replication_is_the_same_however_many_there_are(folder):
    many = fleetsim.run(folder / "scenario.yaml", replications=5).tables.sim_periods
    three = tables(folder)["sim_periods"]
    assert many.slice(0, three.num_rows) == three


# ---- folders that are not empty --------------------------------------------------------------------------------------


def test_a_folder_that_is_not_empty_is_refused(little, tmp_path, fleetsim_: Cli):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("mine")
    said = fleetsim_("run", little, "--out", out)
    assert said.status == 2
    assert said.err.startswith(f"{out}: the folder is not empty and holds no run; use another folder")
    assert said.err.count("\n") == 1
    for option in ("--overwrite", "--resume"):
        assert fleetsim_("run", little, "--out", out, option).status == 2
    assert content(out) == {"thesis.tex": b"mine"}
    fleetsim_("run", little, "--out", tmp_path / "result", "--no-report")
    before = content(tmp_path / "result")
    assert "--resume" in fleetsim_("run", little, "--out", tmp_path / "result").err
    assert content(tmp_path / "result") == before


def test_a_folder_is_gone_on_with_or_replaced_and_not_both(little, tmp_path):
    both = {"out": tmp_path / "out", "resume": True, "overwrite": True}
    calls = (
        lambda: fleetsim.run(little, **both),
        lambda: fleetsim.choose_limit(little, fleet="meters", limits="1MB,2MB", max_blocked_share="1%", **both),
        lambda: fleetsim.sweep(little, {"seed": [1]}, **both),
        lambda: fleetsim.compare([little, little], **both),
    )
    for call in calls:
        with pytest.raises(fleetsim.BadInput, match="overwrite: found it together with resume"):
            call()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", [[], ["--resume"], ["--overwrite"]])
def test_a_file_in_the_folders_place_is_refused(option, little, fleetsim_: Cli):
    said = fleetsim_("run", little, "--out", little, *option)
    assert said.status == 2
    assert "found a file; expected a folder" in said.err
    assert little.read_text() == LITTLE


@pytest.mark.parametrize(
    "manifest",
    ['{"name": "My app", "version": "1.0.0", "icons": []}', "[]", "{}", "", "null", '{"seed": null, "version": 1}'],
)
def test_another_programs_manifest_makes_no_result_of_a_folder(manifest, little, tmp_path, fleetsim_: Cli):
    (tmp_path / "app" / "figures").mkdir(parents=True)
    (tmp_path / "app" / "manifest.json").write_text(manifest)
    (tmp_path / "app" / "figures" / "logo.png").write_bytes(b"png")
    before = content(tmp_path / "app")
    for option in ("--overwrite", "--resume"):
        assert fleetsim_("run", little, "--out", tmp_path / "app", option).status == 2
        assert content(tmp_path / "app") == before
    assert fleetsim_("report", tmp_path / "app").status == 2


def test_overwriting_replaces_the_result_and_nothing_else(traced, little, tmp_path, fleetsim_: Cli):
    out = tmp_path / "out"
    fleetsim_("run", traced, "--out", out)
    mine = ["notes.txt", "figures/mine.png", "inputs/mine.csv", "report.pdf", "parquet/a.parquet"]
    for name in mine:
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text(name)
    assert fleetsim_("run", little, "--out", out, "--overwrite", "--no-report").status == 0
    left = content(out)
    assert {name: left.pop(name) for name in mine} == {name: name.encode() for name in mine}
    # Neither the former report nor the former trace stands beside the new tables.
    assert set(left) == {"scenario.yaml", "manifest.json", "summary.json", *(f"{name}.parquet" for name in tables(out))}
    assert fleetsim.Result.read(out).scenario == fleetsim.load(little)


def test_overwriting_an_absent_folder_starts(little, tmp_path, fleetsim_: Cli):
    assert fleetsim_("run", little, "--out", tmp_path / "a" / "b", "--overwrite", "--no-report").status == 0


# ---- names are data --------------------------------------------------------------------------------------------------

ODD = {
    "name": "<script>alert(1)</script> {{7*7}} [red]x[/red]",
    "description": "{% for x in y %} =cmd()|' /C calc'!A0 <b>b</b> $x^2$ \U0001f600",
    "fleets": ["<script>alert(1)", "[red]x", "{{7*7}}", "=cmd()", "\U0001f600 & co", "${x}", "nobody's"],
}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("odd") / "out"
    group = {"arrivals": {"process": "poisson", "rate": "40 per day"}, "upload": "9 kB"}
    fleets = {
        name: {"data_limit": "1 MB", "devices": {f"<{name}>": {"count": 1, "traffic": {f"={name}": group}}}}
        for name in ODD["fleets"]
    }
    fleets["nobody's"]["devices"] = {}
    scenario = {"start": "2026-01-01", "duration": "40 days", "seed": 1, "replications": 2} | ODD
    scenario["fleets"] = fleets
    (out.parent / "odd.yaml").write_text(json.dumps(scenario, ensure_ascii=False))
    fleetsim.run(out.parent / "odd.yaml", out=out)
    return out


def test_names_in_the_page_are_text(odd):
    page = (odd / "report.html").read_text()
    for name in [ODD["name"], *ODD["fleets"][:-1]]:
        assert html.escape(name, quote=False).replace("'", "&#39;") in page or html.escape(name) in page
    assert "<script" not in page
    assert "<b>b</b>" not in page


def test_names_in_the_terminal_and_in_tables_are_as_written(odd, fleetsim_: Cli):
    said = fleetsim_("report", odd)
    for name in ODD["fleets"][:-1]:
        assert name[:9] in said.out
    assert set(tables(odd)["sim_periods"]["fleet"].to_pylist()) == set(ODD["fleets"][:-1])
    assert set(tables(odd)["sim_periods"]["device_group"].to_pylist()) == {f"<{name}>" for name in ODD["fleets"][:-1]}


def test_odd_names_come_back_from_the_scenario_that_is_left(odd):
    assert fleetsim.load(odd / "scenario.yaml") == fleetsim.load(odd.parent / "odd.yaml")
    assert json.loads((odd / "manifest.json").read_text())["name"] == ODD["name"]


# ---- edges of what can be asked for ----------------------------------------------------------------------------------

EDGE = """\
start: 2026-01-01T00:00:00Z
duration: {duration}
seed: 7
replications: 2
fleets:
  f:
    data_limit: 1 MB
    devices: {devices}
"""
GROUP = (
    "{{g: {{count: {count}, activation: {{at: {at}}}, traffic: {{t: {{arrivals: {{process: periodic, every: 1 h,"
    " first: 0 s}}, upload: 9 B}}}}}}}}"
)


@pytest.mark.parametrize(
    ("duration", "devices", "rows", "used"),
    [
        ("1 day", "{}", 0, 0),
        ("1 day", GROUP.format(count=3, at="1 day"), 0, 0),
        ("1 day", GROUP.format(count=1, at="0 s"), 2, 2 * 24 * 9),
        ("1 ms", GROUP.format(count=1, at="0 s"), 2, 2 * 9),
    ],
    ids=["no devices", "all activated at the horizon", "one SIM", "one millisecond"],
)
def test_the_smallest_scenarios_run_and_are_reported(duration, devices, rows, used, tmp_path, fleetsim_: Cli):
    path, out = tmp_path / "edge.yaml", tmp_path / "out"
    path.write_text(EDGE.format(duration=duration, devices=devices))
    assert fleetsim_("validate", path).status == 0
    said = fleetsim_("run", path, "--out", out)
    assert (said.status, said.err) == (0, "")
    result = fleetsim.Result.read(out)
    assert len(result.sim_periods) == rows
    assert result.sim_periods["used_bytes"].sum() == used
    assert set(result.summary().columns) == SUMMARY
    assert pq.ParquetFile(out / "sim_periods.parquet").num_row_groups == 2
    assert fleetsim_("run", path, "--out", out, "--resume", "--replications", 3, "--no-report").status == 0
    assert len(fleetsim.Result.read(out).sim_periods) == rows // 2 * 3


# ---- from Python -----------------------------------------------------------------------------------------------------


def test_in_memory_and_in_a_folder_the_result_is_the_same(folder):
    result = fleetsim.run(fleetsim.load(folder / "scenario.yaml"))
    read = fleetsim.Result.read(folder)
    pd.testing.assert_frame_equal(result.sim_periods, read.sim_periods)
    pd.testing.assert_frame_equal(result.replications, read.replications)
    pd.testing.assert_frame_equal(result.summary(), read.summary())
    assert result.scenario == read.scenario
    assert {k: v for k, v in result.manifest.items() if k not in ("finished", "wall_seconds")} == {
        k: v for k, v in read.manifest.items() if k not in ("finished", "wall_seconds")
    }


def test_frames_have_integers_categories_and_instants(folder):
    frame = fleetsim.Result.read(folder).sim_periods
    for name in frame.columns:
        if name.endswith(("_bytes", "_micros")) and name != "data_limit_bytes":
            assert frame[name].dtype == "int64", name
    assert {str(frame[name].dtype) for name in ("replication", "sim", "period", "blocks", "blocked_ms")} == {"int64"}
    assert {str(frame[name].dtype) for name in ("fleet", "device_group", "role")} == {"category"}
    assert {str(frame[name].dtype) for name in ("complete", "fee_due")} == {"bool"}
    assert {str(frame[name].dtype) for name in ("period_start", "period_end", "first_blocked_at")} == {
        "datetime64[ms, UTC]"
    }
    assert str(frame["data_limit_bytes"].dtype) == "Int64"


def test_an_unlimited_fleet_has_no_limit_in_its_rows():
    result = fleetsim.run(load_text(LITTLE, ["fleets.meters.data_limit=unlimited"]), replications=1)
    assert result.sim_periods["data_limit_bytes"].isna().all()
    assert result.sim_periods["first_blocked_at"].isna().all()
    assert result.sim_periods["overage_bytes"].sum() == 0


def test_running_leaves_the_scenario_as_it_was(little):
    scenario = fleetsim.load(little)
    result = fleetsim.run(scenario, seed=5, replications=np.int64(1), workers=1)
    assert scenario == fleetsim.load(little)
    assert (result.scenario.seed, result.scenario.replications) == (5, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"replications": 0},
        {"replications": 1_000_001},
        {"replications": 2.5},
        {"replications": True},
        {"seed": -1},
        {"seed": 2**63},
        {"seed": "7"},
        {"workers": 0},
        {"workers": 10**6},
        {"engine": "fastest"},
    ],
    ids=str,
)
def test_a_wrong_argument_is_bad_input_and_nothing_is_written(wrong, little, tmp_path):
    with pytest.raises(fleetsim.BadInput, match=rf"^{next(iter(wrong))}: found .*; expected "):
        fleetsim.run(little, out=tmp_path / "out", **wrong)
    assert not (tmp_path / "out").exists()


def test_a_script_without_a_guard_may_use_processes(little, tmp_path):
    script = tmp_path / "study.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import fleetsim
            print("begun")
            result = fleetsim.run({str(little)!r}, workers=2)
            print(len(result.sim_periods))
            """
        )
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "begun\n48\n", "")


def test_progress_adds_up_to_everything_that_is_to_do(little, tmp_path):
    told: list[tuple[int, int, list[int]]] = []

    def begin(total: int, done: int) -> Callable[[int], None]:
        told.append((total, done, []))
        return told[-1][2].append

    fleetsim.run(little, out=tmp_path / "out", replications=2, report=False, progress=begin)
    fleetsim.run(little, out=tmp_path / "out", replications=5, report=False, resume=True, progress=begin)
    assert [(total, done, sum(more)) for total, done, more in told] == [(16, 0, 16), (40, 16, 24)]
