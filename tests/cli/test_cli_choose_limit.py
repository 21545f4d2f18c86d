"""``fleetsim choose-limit``: what it leaves, what it says, how it exits, and how it goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import fleetsim
from fleetsim.choice.folder import STUDY
from fleetsim.choice.tables import SCHEMAS
from fleetsim.errors import BadInput
from tests.cli.conftest import LITTLE, Said, content, process

Cli = Callable[..., Said]
ASKED = ("--fleet", "meters", "--limits", "1MB:3MB:1MB", "--max-blocked-share", "20%", "--engine", "reference")
MADE_AT = ("finished", "wall_seconds")


def said_in(folder: Path) -> dict[str, Any]:
    """The answer, but for when it was given and what it took."""
    answer: dict[str, Any] = json.loads((folder / "choice.json").read_text())
    return {name: value for name, value in answer.items() if name not in MADE_AT}


def tables(folder: Path) -> dict[str, bytes]:
    return {name: file for name, file in content(folder).items() if name.endswith(".parquet")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished choice."""
    path = tmp_path_factory.mktemp("choice")
    (path / "little.yaml").write_text(LITTLE)
    out = path / "out"
    fleetsim.choose_limit(
        path / "little.yaml",
        fleet="meters",
        limits="1MB:3MB:1MB",
        max_blocked_share="20%",
        engine="reference",
        workers=1,
        out=out,
    )
    return out


# ---- what is left ----------------------------------------------------------------------------------------------------


def test_a_choice_leaves_these_files_and_no_others(folder):
    assert set(content(folder)) == {"scenario.yaml", *STUDY.left}
    for name, schema in SCHEMAS.items():
        assert pq.read_table(folder / f"{name}.parquet").schema.equals(schema)


def test_the_answer_has_these_keys(folder):
    answer = json.loads((folder / "choice.json").read_text())
    keys = {"recommended_limit_bytes", "indistinguishable_bytes", "edge", "rule", "confidence", "replications", "why"}
    assert keys | {"estimate", "headroom", "nearest_limit_bytes", "seed", "version", "scenario_hash"} <= answer.keys()
    assert answer["replications"] == 3
    assert answer["rule"] == {"name": "max-blocked-share", "asked": "20%", "max_blocked_share": 0.2}
    assert answer["recommended_limit_bytes"] in answer["indistinguishable_bytes"]
    assert answer["limits"] == [1_000_000, 2_000_000, 3_000_000]
    assert answer["headroom"] == pytest.approx(answer["recommended_limit_bytes"] / answer["use_p99_bytes"])


def test_one_row_a_limit_and_one_row_a_replication_and_limit(folder):
    limits = pq.read_table(folder / "limits.parquet").to_pandas()
    judged = pq.read_table(folder / "judged.parquet").to_pandas()
    assert limits["data_limit_bytes"].tolist() == [1_000_000, 2_000_000, 3_000_000]
    own = judged[judged["replication"] < 3]
    assert len(own) == 9
    sums = own.groupby("data_limit_bytes").sum()
    shares = sums["blocked_sim_periods"] / sums["sim_periods"]
    assert limits["blocked_share"].tolist() == shares.tolist()
    assert limits["cost_mean"].tolist() == pytest.approx((sums["cost_micros"] / 3 / 1e6).tolist(), rel=1e-12)


def test_a_choice_that_was_left_is_read_again(folder):
    study = fleetsim.LimitStudy.read(folder)
    answer = json.loads((folder / "choice.json").read_text())
    assert study.answer() == answer
    assert study.limits_table.equals(pq.read_table(folder / "limits.parquet"))


def test_a_folder_without_a_choice_is_refused(folder, tmp_path):
    with pytest.raises(BadInput, match="found no result of `fleetsim choose-limit`; expected a folder with choice"):
        fleetsim.LimitStudy.read(tmp_path)
    with pytest.raises(BadInput, match="found no result of `fleetsim run`"):
        fleetsim.Result.read(folder)


# ---- what is said, and how it exits ----------------------------------------------------------------------------------


def test_the_answer_stands_first_and_the_folder_last(little, tmp_path, fleetsim_: Cli):
    said = fleetsim_("choose-limit", little, *ASKED, "--out", tmp_path / "out", "--workers", 1)
    assert (said.status, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0].startswith("Recommended limit for fleet meters: ")
    assert lines[1] == said_in(tmp_path / "out")["why"]
    assert lines[-1] == str(tmp_path / "out" / "report.html")
    assert any(line.startswith("* ") for line in lines)


def test_no_limit_that_meets_the_rule_is_3_with_both_files(little, tmp_path, fleetsim_: Cli):
    out = tmp_path / "out"
    asked = ("--fleet", "meters", "--limits", "1MB", "--max-blocked-share", "0%", "--engine", "reference")
    said = fleetsim_("choose-limit", little, *asked, "--out", out, "--workers", 1)
    assert (said.status, said.err) == (3, "")
    assert said.out.startswith("No limit is recommended for fleet meters; the nearest is 1 MB.\n")
    answer = said_in(out)
    assert answer["recommended_limit_bytes"] is None
    assert answer["nearest_limit_bytes"] == 1_000_000
    assert (out / "limits.parquet").exists()


def test_too_few_replications_are_3_with_the_number_that_it_takes(little, tmp_path, fleetsim_: Cli):
    said = fleetsim_("choose-limit", little, *ASKED, "--out", tmp_path / "one", "--replications", 1)
    assert said.status == 3
    assert "1 replication is too few to judge; it takes 2." in said.out
    budget = [*ASKED[:4], "--budget", "50 at 95%", *ASKED[6:]]
    said = fleetsim_("choose-limit", little, *budget, "--out", tmp_path / "few")
    assert said.status == 3
    # 0.95**n is at most 0.05 / 3 from n = 80 on.
    assert "3 replications are too few to judge the 95 % quantile of cost under 3 limits together" in said.out
    assert said_in(tmp_path / "few")["replications_needed"] == 80


def test_an_answer_at_an_edge_is_0_and_said(little, tmp_path, fleetsim_: Cli):
    asked = ("--fleet", "meters", "--limits", "3MB,4MB", "--max-blocked-share", "50%", "--engine", "reference")
    said = fleetsim_("choose-limit", little, *asked, "--out", tmp_path / "out")
    assert said.status == 0
    assert "3 MB is the smallest limit asked for, so a smaller one may be better" in said.out
    assert said_in(tmp_path / "out")["edge"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--limits", "1MB", "--max-blocked-share", "1%"], "the following arguments are required: --fleet"),
        (
            ["--fleet", "meters", "--limits", "1MB"],
            "one of the arguments --max-blocked-share --outage-cost --budget is",
        ),
        (
            ["--fleet", "meters", "--limits", "1MB", "--budget", "1 at 50%", "--outage-cost", "1 per day"],
            "argument --outage-cost: not allowed with argument --budget",
        ),
        (["--fleet", "meter", "--limits", "1MB", "--max-blocked-share", "1%"], "fleet: found 'meter'; expected one of"),
        (
            ["--fleet", "meters", "--limits", "1.5MB", "--max-blocked-share", "1%"],
            "limits: found '1.5MB'; expected whole",
        ),
        (
            ["--fleet", "meters", "--limits", "1MB", "--max-blocked-share", "1"],
            "max-blocked-share: found '1'; expected",
        ),
        (["--fleet", "meters", "--limits", "1MB", "--budget", "1"], "budget: found '1'; expected money and a quantile"),
        (
            ["--fleet", "meters", "--limits", "1MB", "--max-blocked-share", "1%", "--confidence", "2"],
            "confidence: found '2'; expected a number from 0.5",
        ),
        (
            ["--fleet", "meters", "--limits", "1MB", "--max-blocked-share", "1%", "--set", "duration=20 days"],
            "fleet: meters: found no complete billing period of a normal device in 20 days; expected a longer duration",
        ),
    ],
)
def test_bad_input_is_2_in_one_line_and_nothing_is_written(arguments, said, little, tmp_path, fleetsim_: Cli):
    found = fleetsim_("choose-limit", little, *arguments, "--out", tmp_path / "out")
    assert found.status == 2
    assert said in found.err
    assert len(found.err.splitlines()) == 1
    assert found.out == ""
    assert not (tmp_path / "out").exists()


# ---- the same from anywhere ------------------------------------------------------------------------------------------


def test_workers_and_engines_change_nothing(folder, little, tmp_path, fleetsim_: Cli):
    for name, how in {
        "processes": ("reference", 2),
        "threads": ("compiled", 2),
        "one": ("compiled", 1),
    }.items():
        asked = [*ASKED[:-1], how[0], "--workers", how[1]]
        assert fleetsim_("choose-limit", little, *asked, "--out", tmp_path / name).status == 0
        assert tables(tmp_path / name) == tables(folder)
        answer, expected = said_in(tmp_path / name), said_in(folder)
        assert answer | {"engine": ""} == expected | {"engine": ""}


def test_the_scenario_that_is_left_gives_the_same_choice(folder, tmp_path):
    fleetsim.choose_limit(
        folder / "scenario.yaml",
        fleet="meters",
        limits="1MB:3MB:1MB",
        max_blocked_share="20%",
        engine="reference",
        out=tmp_path / "again",
    )
    assert content(tmp_path / "again").keys() == content(folder).keys()
    assert said_in(tmp_path / "again") == said_in(folder)
    assert tables(tmp_path / "again") == tables(folder)


# ---- again, and going on ---------------------------------------------------------------------------------------------


def choose(little: Path, out: Path, **options: Any) -> tuple[fleetsim.LimitStudy, list[tuple[int, int]]]:
    """Choose; return also how many SIMs there were to simulate, and how many of them had been judged before."""
    told: list[tuple[int, int]] = []
    given: dict[str, Any] = {
        "fleet": "meters",
        "limits": "1MB:3MB:1MB",
        "engine": "reference",
        "workers": 1,
        "progress": lambda total, done: told.append((total, done)) or (lambda more: None),
    }
    if not {"outage_cost", "budget"} & options.keys():
        given["max_blocked_share"] = "20%"
    return fleetsim.choose_limit(little, out=out, **(given | options)), told


def test_a_folder_that_is_not_empty_is_refused(folder, little, tmp_path, fleetsim_: Cli):
    said = fleetsim_("choose-limit", little, *ASKED, "--out", folder)
    assert said.status == 2
    assert "the folder is not empty; go on with --resume, or replace its result with --overwrite" in said.err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    for how in ("", "--resume", "--overwrite"):
        said = fleetsim_("choose-limit", little, *ASKED, "--out", tmp_path / "mine", *how.split())
        assert said.status == 2
        assert content(tmp_path / "mine") == {"letter.txt": b"dear"}


def test_a_run_and_a_choice_leave_each_other_alone(folder, little, tmp_path, fleetsim_: Cli):
    fleetsim.run(little, out=tmp_path / "run", report=False)
    before = content(tmp_path / "run")
    for how in ("--resume", "--overwrite"):
        assert fleetsim_("choose-limit", little, *ASKED, "--out", tmp_path / "run", how).status == 2
    assert content(tmp_path / "run") == before
    before = content(folder)
    for how in ("--resume", "--overwrite"):
        assert fleetsim_("run", little, "--out", folder, how).status == 2
    assert content(folder) == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seed": 8}, "its choice has seed 7; this one has 8"),
        ({"limits": "1MB:4MB:1MB"}, "its choice has other limits"),
        ({"scenario": ["fleets.meters.devices.meter.count=7"]}, "its choice has another scenario, by its hash"),
    ],
)
def test_another_choice_is_not_gone_on_with(options, said, folder, tmp_path):
    (tmp_path / "little.yaml").write_text(LITTLE)
    scenario = fleetsim.load(tmp_path / "little.yaml", options.pop("scenario", []))
    before = content(folder)
    with pytest.raises(BadInput) as error:
        choose(scenario, folder, resume=True, **options)
    assert said in str(error.value)
    assert content(folder) == before


def test_a_finished_choice_is_read_and_nothing_simulated(little, tmp_path):
    choose(little, tmp_path / "out")
    before = content(tmp_path / "out")
    _, told = choose(little, tmp_path / "out", resume=True)
    assert told == []
    assert content(tmp_path / "out") == before


def test_another_rule_uses_what_was_judged(little, tmp_path):
    choose(little, tmp_path / "out")
    study, told = choose(little, tmp_path / "out", resume=True, outage_cost="1 per day")
    assert told == [(2 * 3 * 8, 3 * 8)]
    fresh, _ = choose(little, tmp_path / "fresh", outage_cost="1 per day")
    assert said_in(tmp_path / "out") == said_in(tmp_path / "fresh")
    assert tables(tmp_path / "out") == tables(tmp_path / "fresh")
    assert study.recommended_limit_bytes == fresh.recommended_limit_bytes


@pytest.mark.parametrize("replications", [2, 5])
def test_another_number_of_replications_goes_on(replications, little, tmp_path):
    choose(little, tmp_path / "out")
    _, told = choose(little, tmp_path / "out", resume=True, replications=replications)
    assert told[0][1] == min(replications, 3) * 8
    choose(little, tmp_path / "fresh", replications=replications)
    assert said_in(tmp_path / "out") == said_in(tmp_path / "fresh")
    assert tables(tmp_path / "out") == tables(tmp_path / "fresh")


def test_overwrite_replaces_the_choice(little, tmp_path):
    choose(little, tmp_path / "out", seed=1)
    choose(little, tmp_path / "out", overwrite=True)
    choose(little, tmp_path / "fresh")
    assert said_in(tmp_path / "out") == said_in(tmp_path / "fresh")
    assert tables(tmp_path / "out") == tables(tmp_path / "fresh")


def test_a_damaged_table_is_a_choice_that_cannot_be_read(little, tmp_path):
    choose(little, tmp_path / "out")
    (tmp_path / "out" / "judged.parquet").write_bytes(b"PAR1")
    with pytest.raises(BadInput, match="cannot be read"):
        choose(little, tmp_path / "out", resume=True)
    with pytest.raises(BadInput, match="cannot be read"):
        choose(little, tmp_path / "out", resume=True, outage_cost=1)
    choose(little, tmp_path / "out", overwrite=True)


EVERY = "fleets.meters.devices.meter.traffic.readings.arrivals.every=15 min"
SLOW = (*ASKED[:2], "--limits", "10MB:60MB:10MB", *ASKED[4:6], "--set", EVERY, "--replications", "40")


def parts(folder: Path) -> list[Path]:
    return [part for part in folder.glob("parts/*") if part.name.isdecimal()]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_after_a_kill_what_was_judged_is_kept_and_the_result_is_the_same(how, little, tmp_path, fleetsim_: Cli):
    out = tmp_path / "out"
    choosing = process("choose-limit", little, *SLOW, "--out", out, "--workers", 2, "--engine", "reference")
    deadline = time.monotonic() + 60
    while not parts(out):
        assert time.monotonic() < deadline, "nothing was judged"
        time.sleep(0.01)
    os.killpg(choosing.pid, how)
    _, said = choosing.communicate(timeout=30)
    if how == signal.SIGINT:
        assert choosing.returncode == 130
        assert "finished replications are kept in" in said
    assert not (out / "choice.json").exists()
    fast = (*SLOW, "--engine", "compiled")  # which gives the same, so one can go on with what the other has judged
    assert fleetsim_("choose-limit", little, *fast, "--out", out, "--resume").status == 0
    assert fleetsim_("choose-limit", little, *fast, "--out", tmp_path / "fresh").status == 0
    assert said_in(out) == said_in(tmp_path / "fresh")
    assert tables(out) == tables(tmp_path / "fresh")
    assert parts(out) == []


def killed(how: str, folder: Path, every: int) -> int:
    """See tests/cli/killed_choice.py."""
    command = [sys.executable, "-m", "tests.cli.killed_choice", how, str(folder), str(every)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.parametrize("how", ["first", "rule", "overwrite"])
def test_a_kill_before_any_change_of_the_folder_loses_nothing_that_was_judged(how, tmp_path):
    assert killed(how, tmp_path, every=17) >= 3


@pytest.mark.verify
@pytest.mark.parametrize("how", ["first", "rule", "overwrite"])
def test_a_kill_before_each_change_of_the_folder_loses_nothing_that_was_judged(how, tmp_path):
    assert killed(how, tmp_path, every=1) >= 50
