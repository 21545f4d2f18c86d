"""``fleetsim compare``: what it says first, what it leaves, what it refuses to compare, how it goes on."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import fleetsim
from fleetsim.comparison.differences import COMPARISON_SCHEMA
from fleetsim.errors import BadInput
from tests.cli.conftest import LITTLE, Said, content

Cli = Callable[..., Said]
HOW = ("--engine", "reference", "--workers", "1")
MADE_AT = ("finished", "wall_seconds")
LARGER = LITTLE.replace("data_limit: 1 MB", "data_limit: 2 MB").replace("name: little", "name: larger")


def said_in(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "comparison.json").read_text())
    return {name: value for name, value in found.items() if name not in MADE_AT}


def tables(folder: Path) -> dict[str, bytes]:
    return {name: file for name, file in content(folder).items() if name.endswith(".parquet")}


def write(folder: Path, **texts: str) -> list[Path]:
    """Files of scenarios by their names."""
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
    return [folder / f"{name}.yaml" for name in texts]


def compare(files: Any, out: Path | None = None, **options: Any) -> tuple[fleetsim.Comparison, list[tuple[int, int]]]:
    """Compare; return also how many SIMs there were to simulate, and how many of them were known."""
    told: list[tuple[int, int]] = []
    given: dict[str, Any] = {
        "engine": "reference",
        "workers": 1,
        "progress": lambda total, done: told.append((total, done)) or (lambda more: None),
    }
    return fleetsim.compare(files, out=out, **(given | options)), told


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Files of two scenarios that differ in the limit."""
    return write(tmp_path_factory.mktemp("pair"), little=LITTLE, larger=LARGER)


@pytest.fixture(scope="module")
def folder(pair: list[Path]) -> Path:
    """Their finished comparison."""
    compare(pair, pair[0].parent / "out")
    return pair[0].parent / "out"


# ---- what it says and leaves -----------------------------------------------------------------------------------------


def test_means_are_those_of_runs_and_differences_are_paired(folder, pair):
    table = fleetsim.Comparison.read(folder).table.set_index(["metric", "scenario"])
    runs = [fleetsim.run(file, engine="reference") for file in pair]
    costs = [run.replications.groupby("replication")["cost_micros"].sum().to_numpy() / 1e6 for run in runs]
    summary = runs[1].summary().query("metric == 'cost' and over == 'replications' and statistic == 'mean'")
    (expected,) = summary.query("role == 'all' and fleet == 'all'").to_dict("records")
    row = table.loc["cost", "larger"]
    assert (row["mean"], row["low"], row["high"]) == (expected["value"], expected["low"], expected["high"])
    pairs = costs[1] - costs[0]
    assert row["diff"] == pytest.approx(pairs.mean())
    saved = 1 - np.var(pairs, ddof=1) / (np.var(costs[0], ddof=1) + np.var(costs[1], ddof=1))
    assert row["variance_saved"] == pytest.approx(saved)
    assert row["diff_high"] - row["diff"] == pytest.approx(row["diff"] - row["diff_low"])
    assert math.isnan(table.loc["cost", "little"]["diff"])


def test_both_scenarios_have_the_same_random_numbers(folder):
    sums = fleetsim.Comparison.read(folder).replications
    offered = sums.groupby(["scenario", "replication"], observed=True)["offered_bytes"].sum().unstack(0)
    assert offered["little"].tolist() == offered["larger"].tolist()
    assert offered["little"].nunique() == 3
    assert "offered_bytes" in fleetsim.Comparison.read(folder).same


def test_the_files_of_a_comparison(folder):
    files = {"comparison.json", "comparison.parquet", "replications.parquet", "scenario-1.yaml", "scenario-2.yaml"}
    files |= {"report.html"}
    assert set(content(folder)) == files
    assert pq.read_table(folder / "comparison.parquet").schema.equals(COMPARISON_SCHEMA)
    said = said_in(folder)
    assert said["scenarios"] == ["little", "larger"]
    assert (said["replications"], said["confidence"], said["seed"], said["currency"]) == (3, 0.95, 7, "USD")
    assert said["answer"] == fleetsim.Comparison.read(folder).answer


def test_the_answer_stands_first_and_the_table_fits(folder, pair, tmp_path, fleetsim_: Cli):
    said = fleetsim_("compare", *pair, *HOW, "--out", tmp_path / "out")
    assert (said.status, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0] == said_in(folder)["answer"]
    assert lines[0].startswith(("larger costs $", "larger cannot be told apart from little by its cost in 40 days: $"))
    assert "B: larger, against A: little" in lines
    assert any(line.startswith("Means of 3 replications; intervals hold at 95 % for all ") for line in lines)
    assert any(line.startswith("the same in all scenarios, and left out: offered_bytes, ") for line in lines)
    assert all(len(line) <= 80 for line in lines if line.startswith(("blocked", "hours", "cost", "overage", "used")))
    assert lines[-1] == str(tmp_path / "out" / "report.html")
    assert tables(tmp_path / "out") == tables(folder)
    assert said_in(tmp_path / "out") == said_in(folder)


def test_scenarios_that_are_the_same_are_said_to_be(pair, tmp_path, fleetsim_: Cli):
    files = [pair[0], *write(tmp_path, other=LITTLE)]
    said = fleetsim_("compare", *files, *HOW, "--out", tmp_path / "out")
    assert said.status == 0
    assert said.out.splitlines()[0] == (
        "little (other) costs the same as little (little), and blocks the same share of the normal devices' SIM-periods in every replication."
    )
    assert "the same in all scenarios, and left out: everything" in said.out
    assert pq.read_table(tmp_path / "out" / "comparison.parquet").num_rows == 0


def test_scenarios_that_differ_by_chance_only_cannot_be_told_apart(tmp_path):
    # A group of another name draws other numbers; in truth the two are the same.
    files = write(tmp_path, a=LITTLE, b=LITTLE.replace("      meter:\n", "      sensor:\n").replace("little", "b"))
    found, _ = compare(files, replications=6)
    (row,) = found.table.query("metric == 'cost' and scenario == 'b'").to_dict("records")
    assert row["diff"] != 0
    assert not row["distinguishable"]
    assert row["replications_needed"] > 6
    assert "cannot be told apart from little by its cost" in found.answer
    assert found.provenance["warnings"] == [
        "b: meters/meter, meters/sensor not in both it and little; no common random numbers there"
    ]


def test_names_of_scenarios(pair, tmp_path):
    files = write(tmp_path, little=LITTLE, third=LITTLE)
    assert compare([pair[0], *files], replications=1)[0].names == (
        f"little ({pair[0]})",
        f"little ({files[0]})",
        "little (third)",
    )
    loaded = fleetsim.load(pair[0])
    assert compare([loaded, pair[1], loaded], replications=1)[0].names == ("little (1)", "larger", "little (3)")
    assert compare({"now": loaded, "then": pair[1]}, replications=1)[0].names == ("now", "then")


def test_values_are_set_in_all_of_them(pair):
    found, _ = compare(pair, overrides=["fleets.meters.data_limit=unlimited"], replications=2)
    assert len(found.same) > 15
    assert found.answer.startswith("larger costs the same as little")


def test_confidence_widens_every_interval(pair):
    some, more = (compare(pair, confidence=confidence)[0].table for confidence in (0.8, "99%"))
    both = some.merge(more, on=["metric", "scenario"]).query("diff_low_x < diff_high_x")
    assert len(both) > 3
    assert (both["diff_low_y"] <= both["diff_low_x"]).all()
    assert (both["diff_high_y"] - both["diff_low_y"] > both["diff_high_x"] - both["diff_low_x"]).any()


def test_a_scenario_without_a_limit_blocks_none_and_its_folder_says_so(pair, tmp_path, fleetsim_: Cli):
    files = [pair[0], *write(tmp_path, free=LARGER.replace("2 MB", "unlimited").replace("larger", "free"))]
    said = fleetsim_("compare", *files, *HOW, "--out", tmp_path / "out")
    assert "cannot be told" not in said.out.splitlines()[0]
    found = fleetsim.Comparison.read(tmp_path / "out")
    assert "blocks none of SIM-periods instead of" in found.answer or "the normal devices'" in found.answer
    assert set(found.provenance["never"]) == {"free"}
    rows = found.table.query("scenario == 'free'").set_index("metric")
    assert rows.loc["blocked_hours", ["mean", "low", "high"]].tolist() == [0, 0, 0]
    assert rows.loc["blocked_hours", "diff_high"] <= 0
    assert rows.loc["overage_bytes", "distinguishable"]
    # Asked the other way round, it is the same with the other sign.
    back, _ = compare(files[::-1])
    assert back.found.row("blocked_sims").differences[0].low == -found.found.row("blocked_sims").differences[0].high


def test_one_replication_has_no_intervals(pair, tmp_path, fleetsim_: Cli):
    said = fleetsim_("compare", *pair, *HOW, "--replications", 1, "--out", tmp_path / "out")
    assert said.status == 0
    assert "There was one replication, so nothing can be told apart; --replications 20 gives intervals." in said.out
    assert pq.read_table(tmp_path / "out" / "comparison.parquet")["diff_low"].null_count


def test_help_has_an_example(fleetsim_: Cli):
    said = fleetsim_("compare", "--help")
    assert said.status == 0
    assert "example:\n  fleetsim compare " in said.out


# ---- what can be compared --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "scenarios: found 1 scenario; expected from 2 to 100 to stand side by side"),
        (["{little}"], "found the file twice; expected each once (to vary a value use `fleetsim sweep`)"),
        (["{eur}"], "eur: tariff.currency: found EUR; expected USD as in little; compare costs in one currency"),
        (
            ["{longer}"],
            "longer: duration: found 80 days; expected 40 days as in little; sums are over the whole scenario",
        ),
        (["{larger}", "--confidence", "2"], "confidence: found '2'; expected a number from 0.5"),
        (["{larger}", "--replications", "0"], "replications: found 0; expected a whole number"),
        (
            ["{larger}", "--set", "fleets.meters.data_limt=1MB"],
            "data_limt'; expected one of any_limit, data_limit, devices;",
        ),
        (["{none}"], "no such file"),
    ],
)
def test_bad_input_is_2_in_one_line_and_nothing_is_written(arguments, said, tmp_path, fleetsim_: Cli):
    texts = {
        "little": LITTLE,
        "larger": LARGER,
        "eur": LITTLE.replace("name: little", "name: eur\ntariff: {preset: super-sim-payg, currency: EUR}"),
        "longer": LITTLE.replace("name: little", "name: longer").replace("40 days", "80 days"),
    }
    files = dict(zip(texts, write(tmp_path, **texts), strict=True)) | {"none": tmp_path / "none.yaml"}
    given = [argument.format(**files) for argument in arguments]
    found = fleetsim_("compare", files["little"], *given, "--out", tmp_path / "out")
    assert found.status == 2
    assert said in found.err
    assert len(found.err.splitlines()) == 1
    assert found.out == ""
    assert not (tmp_path / "out").exists()


def test_other_seeds_starts_and_numbers_of_replications_are_made_one_and_said(pair, tmp_path, fleetsim_: Cli):
    other = LARGER.replace("seed: 7", "seed: 8").replace("2026-01-01", "2026-02-01").replace(": 3\n", ": 4\n")
    files = [pair[0], *write(tmp_path, other=other)]
    said = fleetsim_("compare", *files, *HOW, "--out", tmp_path / "out")
    assert said.err.splitlines() == [
        "warning: larger: simulated with the seed of little, 7, for common random numbers",
        "warning: larger: starts at 2026-02-01T00:00:00Z, little at 2026-01-01T00:00:00Z",
    ]
    assert (said_in(tmp_path / "out")["seed"], said_in(tmp_path / "out")["replications"]) == (7, 4)
    said = fleetsim_("compare", *files, *HOW, "--out", tmp_path / "nine", "--seed", 9, "--replications", 2)
    assert len(said.err.splitlines()) == 1
    assert (said_in(tmp_path / "nine")["seed"], said_in(tmp_path / "nine")["replications"]) == (9, 2)


@pytest.mark.parametrize("given", ["little.yaml", [], ["a.yaml"], 5])
def test_fewer_than_two_are_refused_in_python_too(given):
    with pytest.raises(BadInput, match="expected"):
        fleetsim.compare(given)


# ---- the same from anywhere, and going on ----------------------------------------------------------------------------


def test_workers_and_engines_change_nothing(folder, pair, tmp_path):
    for name, engine, workers in (("processes", "reference", 2), ("threads", "compiled", 2)):
        compare(pair, tmp_path / name, engine=engine, workers=workers)
        assert tables(tmp_path / name) == tables(folder)


def test_the_scenarios_that_are_left_give_the_same_comparison(folder, tmp_path):
    compare([folder / "scenario-1.yaml", folder / "scenario-2.yaml"], tmp_path / "again")
    assert said_in(tmp_path / "again") == said_in(folder)
    assert tables(tmp_path / "again") == tables(folder)


def test_a_folder_that_is_not_empty_is_refused(folder, pair, tmp_path, fleetsim_: Cli):
    said = fleetsim_("compare", *pair, *HOW, "--out", folder)
    assert said.status == 2
    assert "the folder is not empty; go on with --resume, or replace its result with --overwrite" in said.err
    (tmp_path / "letter.txt").write_text("dear")
    for how in ("", "--resume", "--overwrite"):
        assert fleetsim_("compare", *pair, *HOW, "--out", tmp_path, *how.split()).status == 2
        assert content(tmp_path) == {"letter.txt": b"dear"}


def test_another_comparison_is_not_gone_on_with(folder, pair, tmp_path):
    before = content(folder)
    for files, options, said in (
        (pair[::-1], {}, "other scenarios, by their names"),
        (pair, {"overrides": ["fleets.meters.devices.meter.count=7"]}, "another scenario, by its hash"),
        (pair, {"seed": 8}, "its comparison has seed 7; this one has 8"),
    ):
        with pytest.raises(BadInput, match=said):
            compare(files, folder, resume=True, **options)
    assert content(folder) == before


def test_a_finished_comparison_is_read_and_another_confidence_simulates_nothing(pair, tmp_path):
    compare(pair, tmp_path / "out")
    before = content(tmp_path / "out")
    _, told = compare(pair, tmp_path / "out", resume=True)
    assert told == []
    assert content(tmp_path / "out") == before
    _, told = compare(pair, tmp_path / "out", resume=True, confidence=0.9)
    assert told == [(48, 48)]
    compare(pair, tmp_path / "fresh", confidence=0.9)
    assert said_in(tmp_path / "out") == said_in(tmp_path / "fresh")
    assert tables(tmp_path / "out") == tables(tmp_path / "fresh")


def test_overwrite_replaces_the_comparison_and_its_scenarios(folder, pair, tmp_path):
    compare([*pair, *write(tmp_path, third=LITTLE)], tmp_path / "out", replications=1)
    assert (tmp_path / "out" / "scenario-3.yaml").exists()
    compare(pair, tmp_path / "out", overwrite=True)
    assert said_in(tmp_path / "out") == said_in(folder)
    assert tables(tmp_path / "out") == tables(folder)
    assert content(tmp_path / "out").keys() == content(folder).keys()
