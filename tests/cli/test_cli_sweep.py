"""``fleetsim sweep``: the numbers of a run at each point, on the same random numbers, what it leaves, how it goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from matplotlib.figure import Figure

import fleetsim
from fleetsim.comparison import simulate
from fleetsim.comparison.columns import unit_of
from fleetsim.errors import BadInput
from tests.cli.conftest import LITTLE, Said, content

Cli = Callable[..., Said]
LIMIT, INTERVAL = "fleets.meters.data_limit", "platform.record_interval"
VARY = ("--vary", f"{LIMIT}=1MB:3MB:1MB", "--vary", f"{INTERVAL}=6min,1 day")
HOW = ("--engine", "reference", "--workers", "1")
MADE_AT = ("finished", "wall_seconds")


def said_in(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "sweep.json").read_text())
    return {name: value for name, value in found.items() if name not in MADE_AT}


def tables(folder: Path) -> dict[str, bytes]:
    return {name: file for name, file in content(folder).items() if name.endswith(".parquet")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished sweep over limits and record intervals."""
    path = tmp_path_factory.mktemp("sweep")
    (path / "little.yaml").write_text(LITTLE)
    fleetsim.sweep(path / "little.yaml", list(VARY[1::2]), engine="reference", workers=1, out=path / "out")
    return path / "out"


def sweep(little: Path, out: Path, **options: Any) -> tuple[fleetsim.Sweep, list[tuple[int, int]]]:
    """Sweep; return also how many SIMs there were to simulate, and how many of them were known."""
    told: list[tuple[int, int]] = []
    given: dict[str, Any] = {
        "vary": {LIMIT: "1MB:2MB:1MB"},
        "engine": "reference",
        "workers": 1,
        "progress": lambda total, done: told.append((total, done)) or (lambda more: None),
    }
    return fleetsim.sweep(little, out=out, **(given | options)), told


# ---- what it says and leaves -----------------------------------------------------------------------------------------


def test_every_point_has_the_numbers_of_a_run_there(folder, little):
    table = fleetsim.Sweep.read(folder).table
    assert len(table) == 6
    for limit, interval in ((1, "6 min"), (2, "1 day")):
        run = fleetsim.run(fleetsim.load(little, [f"{LIMIT}={limit}MB", f"{INTERVAL}={interval}"]), engine="reference")
        ms = {"6 min": 360_000, "1 day": 86_400_000}[interval]
        (row,) = table[(table[LIMIT] == limit * 1_000_000) & (table[INTERVAL] == ms)].to_dict("records")
        summary = run.summary()
        summary = summary[(summary["over"] == "replications") & (summary["fleet"] == "all")]
        for role, ending in (("all", ""), ("normal", "_normal")):
            for one in summary[(summary["role"] == role) & (summary["statistic"] == "mean")].to_dict("records"):
                if role == "normal" and f"{one['metric']}_normal" not in row:
                    continue
                name = one["metric"] + ending
                there = [row[name], row[f"{name}_low"], row[f"{name}_high"]]
                assert there == pytest.approx([one["value"], one["low"], one["high"]], rel=0, abs=0, nan_ok=True)
        assert pd.isna(row["cost_p95"])  # 3 replications are fewer than it takes


def test_every_point_has_the_same_random_numbers(folder, little):
    offered = fleetsim.Sweep.read(folder).replications.groupby("replication")["offered_bytes"].agg(["min", "max"])
    per_point = (
        fleetsim.Sweep.read(folder).replications.groupby([LIMIT, INTERVAL, "replication"])["offered_bytes"].sum()
    )
    assert (per_point.groupby("replication").nunique() == 1).all()
    assert per_point.nunique() == 3  # replications differ
    assert len(offered) == 3
    # The negative control: another seed offers something else.
    other = fleetsim.sweep(little, {LIMIT: "1MB"}, seed=8, engine="reference", workers=1).replications
    assert other.groupby("replication")["offered_bytes"].sum()[0] != per_point.iloc[0]


def test_the_files_of_a_sweep(folder):
    files = {"scenario.yaml", "sweep.json", "sweep.parquet", "replications.parquet", "report.html"}
    assert set(content(folder)) == files
    table = pq.read_table(folder / "sweep.parquet")
    assert table.schema.names[:4] == [LIMIT, INTERVAL, "blocked_sim_periods_share", "blocked_sim_periods_share_low"]
    assert [str(field.type) for field in list(table.schema)[:3]] == ["int64", "int64", "double"]
    assert [unit_of(field) for field in list(table.schema)[:2]] == ["bytes", "ms"]
    assert table[LIMIT].to_pylist() == [1_000_000] * 2 + [2_000_000] * 2 + [3_000_000] * 2
    said = said_in(folder)
    assert said["vary"] == {LIMIT: ["1MB", "2MB", "3MB"], INTERVAL: ["6min", "1 day"]}
    assert said["units"] == {LIMIT: "bytes", INTERVAL: "ms"}
    assert said["replications"] == 3


def test_the_command_says_what_the_function_returns(folder, little, tmp_path, fleetsim_: Cli):
    said = fleetsim_("sweep", little, *VARY, *HOW, "--out", tmp_path / "out")
    assert (said.status, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0] == (
        "6 points, the same random numbers at each; means of 3 replications, intervals at 95 %, point by point"
    )
    assert [line.split()[:2] for line in lines[4:7]] == [["1MB", "6min"], ["1MB", "1"], ["2MB", "6min"]]
    assert "to tell two points apart, with an interval of their difference: fleetsim compare" in lines
    assert lines[-1] == str(tmp_path / "out" / "report.html")
    assert max(map(len, lines[:-1])) <= 110
    assert tables(tmp_path / "out") == tables(folder)
    assert said_in(tmp_path / "out") == said_in(folder)


def test_an_unlimited_point_is_null_and_words_stay_words(little):
    swept = fleetsim.sweep(
        little, {LIMIT: ["1 MB", "unlimited"], "platform.dns_when_blocked": ["public", "none"]}, engine="reference"
    )
    assert swept.table[LIMIT].dtype == "Int64"
    assert swept.table[LIMIT].isna().tolist() == [False, False, True, True]
    assert swept.table["platform.dns_when_blocked"].tolist() == ["public", "none"] * 2
    assert swept.table["blocked_sims"].tolist()[2:] == [0, 0]
    assert repr(swept) == (
        f"<fleetsim.Sweep 'little': {LIMIT} (2) x platform.dns_when_blocked (2), 4 points, 3 replications>"
    )


def test_the_scenario_that_is_left_gives_the_same_sweep(folder, tmp_path):
    fleetsim.sweep(folder / "scenario.yaml", list(VARY[1::2]), engine="reference", workers=1, out=tmp_path / "again")
    assert said_in(tmp_path / "again") == said_in(folder)
    assert tables(tmp_path / "again") == tables(folder)


def test_workers_and_engines_change_nothing(folder, little, tmp_path):
    scenario = fleetsim.load(little)
    for name, engine, workers in (("processes", "reference", 2), ("threads", "compiled", 2), ("one", "compiled", 1)):
        fleetsim.sweep(scenario, list(VARY[1::2]), engine=engine, workers=workers, out=tmp_path / name)
        assert tables(tmp_path / name) == tables(folder)
    with ThreadPoolExecutor(2) as executor:
        fleetsim.sweep(scenario, list(VARY[1::2]), engine="reference", executor=executor, out=tmp_path / "executor")
    assert tables(tmp_path / "executor") == tables(folder)


@pytest.mark.parametrize(
    ("values", "scale", "ticks"),
    [
        (["6min", "15min", "1h", "1 day"], "log", ["6min", "15min", "1h", "1 day"]),
        (["6min", "1h"], "linear", None),
        ([f"{6 * i}min" for i in range(1, 31)], "linear", None),  # even steps, from 6 min to 3 h
    ],
)
def test_values_that_span_much_stand_on_an_axis_of_their_logarithm(values, scale, ticks, little):
    swept = fleetsim.sweep(little, {INTERVAL: values}, replications=1, overrides=["duration=1 day"], workers=1)
    ax = swept.plot.curve(Figure().add_subplot())
    assert ax.get_xscale() == scale
    if ticks is not None:
        assert [label.get_text() for label in ax.get_xticklabels()] == ticks
        assert ax.get_xlabel() == INTERVAL


def test_help_has_an_example(fleetsim_: Cli):
    said = fleetsim_("sweep", "--help")
    assert said.status == 0
    assert "example:\n  fleetsim sweep scenarios/smart-meters.yaml --vary fleets.meters.data_limit=" in said.out


# ---- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the following arguments are required: --vary"),
        (["--vary", LIMIT], f"--vary {LIMIT}: expected PATH=FROM:TO:STEP"),
        (["--vary", f"{LIMIT}=1MB:2MB:500kB"], f"--vary {LIMIT}=1500 kB: {LIMIT}: found '1500 kB'; expected whole MB"),
        (["--vary", "seed=1,2"], "seed: expected another path: every point has the same random numbers"),
        (["--vary", f"{LIMIT}=1MB", "--workers", "0"], "workers: found 0; expected a whole number from 1"),
        (["--vary", f"{LIMIT}=1MB", "--engine", "fast"], "engine: found 'fast'; expected one of auto"),
        (["--vary", f"{LIMIT}=1MB", "--replications", "0"], "replications: found 0; expected a whole number"),
    ],
)
def test_bad_input_is_2_in_one_line_and_nothing_is_written(arguments, said, little, tmp_path, fleetsim_: Cli):
    found = fleetsim_("sweep", little, *arguments, "--out", tmp_path / "out")
    assert found.status == 2
    assert said in found.err
    assert len(found.err.splitlines()) == 1
    assert found.out == ""
    assert not (tmp_path / "out").exists()


def test_a_point_that_is_a_mistake_is_named_before_anything_is_simulated(little, tmp_path, fleetsim_: Cli, monkeypatch):
    monkeypatch.setattr(simulate, "in_order", lambda *_: pytest.fail("simulated"))
    vary = ("--vary", "fleets.meters.any_limit=true,false", "--vary", f"{LIMIT}=1MB,1.5MB")
    said = fleetsim_("sweep", little, *vary, *HOW, "--out", tmp_path / "out")
    assert said.status == 2
    assert said.err.rstrip().endswith(f"at the point fleets.meters.any_limit=false, {LIMIT}=1.5MB")
    assert not (tmp_path / "out").exists()


# ---- again, and going on ---------------------------------------------------------------------------------------------


def test_a_folder_that_is_not_empty_is_refused(folder, little, tmp_path, fleetsim_: Cli):
    said = fleetsim_("sweep", little, *VARY, *HOW, "--out", folder)
    assert said.status == 2
    assert "the folder is not empty; go on with --resume, or replace its result with --overwrite" in said.err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    for how in ("", "--resume", "--overwrite"):
        assert fleetsim_("sweep", little, *VARY, *HOW, "--out", tmp_path / "mine", *how.split()).status == 2
        assert content(tmp_path / "mine") == {"letter.txt": b"dear"}


def test_a_run_and_a_sweep_leave_each_other_alone(folder, little, tmp_path, fleetsim_: Cli):
    fleetsim.run(little, out=tmp_path / "run", report=False, engine="reference")
    before = content(tmp_path / "run")
    for how in ("--resume", "--overwrite"):
        assert fleetsim_("sweep", little, *VARY, *HOW, "--out", tmp_path / "run", how).status == 2
    assert content(tmp_path / "run") == before
    before = content(folder)
    for how in ("--resume", "--overwrite"):
        assert fleetsim_("run", little, "--out", folder, how).status == 2
    assert content(folder) == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seed": 8}, "its sweep has seed 7; this one has 8"),
        ({"vary": {LIMIT: "1MB:3MB:1MB"}}, "its sweep has other points"),
        ({"overrides": ["fleets.meters.devices.meter.count=7"]}, "its sweep has another scenario, by its hash"),
    ],
)
def test_another_sweep_is_not_gone_on_with(options, said, little, tmp_path):
    sweep(little, tmp_path / "out")
    before = content(tmp_path / "out")
    with pytest.raises(BadInput, match=said):
        sweep(little, tmp_path / "out", resume=True, **options)
    assert content(tmp_path / "out") == before


def test_a_finished_sweep_is_read_and_nothing_simulated(little, tmp_path):
    sweep(little, tmp_path / "out")
    before = content(tmp_path / "out")
    _, told = sweep(little, tmp_path / "out", resume=True)
    assert told == []
    assert content(tmp_path / "out") == before


@pytest.mark.parametrize("replications", [2, 5])
def test_another_number_of_replications_goes_on(replications, little, tmp_path):
    sweep(little, tmp_path / "out")
    _, told = sweep(little, tmp_path / "out", resume=True, replications=replications)
    assert told == [(2 * replications * 8, 2 * min(replications, 3) * 8)]
    sweep(little, tmp_path / "fresh", replications=replications)
    assert said_in(tmp_path / "out") == said_in(tmp_path / "fresh")
    assert tables(tmp_path / "out") == tables(tmp_path / "fresh")


def test_overwrite_replaces_the_sweep(little, tmp_path):
    sweep(little, tmp_path / "out", seed=1)
    sweep(little, tmp_path / "out", overwrite=True)
    sweep(little, tmp_path / "fresh")
    assert said_in(tmp_path / "out") == said_in(tmp_path / "fresh")
    assert tables(tmp_path / "out") == tables(tmp_path / "fresh")


@pytest.mark.parametrize("after", [0, 1, 4])
def test_what_was_simulated_before_an_error_is_kept_and_not_simulated_again(after, little, tmp_path, monkeypatch):
    simulated: list[int] = []
    original = simulate.SumTask.__call__

    def failing(self: simulate.SumTask, number: int, sims: range) -> Any:
        if len(simulated) == after:
            raise OSError("no space left")
        simulated.append(number)
        return original(self, number, sims)

    monkeypatch.setattr(simulate, "blocks_of", lambda sims, *_: [range(sims)])
    with monkeypatch.context() as patch:
        patch.setattr(simulate.SumTask, "__call__", failing)
        with pytest.raises(OSError, match="no space left"):
            sweep(little, tmp_path / "out")
    assert (tmp_path / "out" / "parts" / "sweep.json").exists()
    assert not (tmp_path / "out" / "sweep.json").exists()
    _, told = sweep(little, tmp_path / "out", resume=True)
    assert told == [(2 * 3 * 8, after * 8)]
    sweep(little, tmp_path / "fresh")
    assert said_in(tmp_path / "out") == said_in(tmp_path / "fresh")
    assert tables(tmp_path / "out") == tables(tmp_path / "fresh")
    assert not (tmp_path / "out" / "parts").exists()


def test_a_damaged_table_is_a_sweep_that_cannot_be_read(little, tmp_path):
    sweep(little, tmp_path / "out")
    (tmp_path / "out" / "replications.parquet").write_bytes(b"PAR1")
    with pytest.raises(BadInput, match="cannot be read"):
        sweep(little, tmp_path / "out", resume=True)
    with pytest.raises(BadInput, match="cannot be read"):
        sweep(little, tmp_path / "out", resume=True, replications=4)
    sweep(little, tmp_path / "out", overwrite=True)
    with pytest.raises(BadInput, match="found no result of `fleetsim sweep`"):
        fleetsim.Sweep.read(tmp_path)


def killed(how: str, folder: Path, every: int) -> int:
    """See tests/cli/killed_sweep.py."""
    command = [sys.executable, "-m", "tests.cli.killed_sweep", how, str(folder), str(every)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.parametrize("how", ["first", "more", "overwrite", "compare"])
def test_a_kill_before_any_change_of_the_folder_loses_nothing_that_was_simulated(how, tmp_path):
    assert killed(how, tmp_path, every=17) >= 2


@pytest.mark.verify
@pytest.mark.parametrize("how", ["first", "more", "overwrite", "compare"])
def test_a_kill_before_each_change_of_the_folder_loses_nothing_that_was_simulated(how, tmp_path):
    assert killed(how, tmp_path, every=1) >= 30
