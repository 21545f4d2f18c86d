"""0 done, 1 failed, 2 bad input, 130 interrupted; and what is said then, in plain lines."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import fleetsim
from fleetsim.cli import main
from fleetsim.experiments.expected import expected_use
from fleetsim.scenario.fleet import groups
from tests.cli.conftest import LITTLE, Said, content

Cli = Callable[..., Said]
VERBS = ("run", "sweep", "choose-limit", "compare", "explore", "validate", "report", "schema")
SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))
SMART_METERS = SCENARIOS[0].with_name("smart-meters.yaml")
FLEETSIM = f'"{sys.executable}" -m fleetsim'


def shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which a pipe fails with any of its parts."""
    command = ["bash", "-o", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


# ---- help ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_shows_an_example_that_is_a_command(verb, fleetsim_: Cli):
    said = fleetsim_(*verb.split(), "--help")
    assert (said.status, said.err) == (0, "")
    example = said.out.split("example:\n")[1].strip()
    assert example.startswith(f"fleetsim {verb}")
    arguments = example.removeprefix("fleetsim ").split(" > ")[0].split()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(SCENARIOS[0].parents[1])
        for name in ("_run", "_choose_limit", "_compare", "_explore", "_validate", "_report", "_schema"):
            patch.setattr(f"fleetsim.cli.{name}", lambda options: 0)
        assert main(arguments) == 0


def test_the_version_is_said(fleetsim_: Cli):
    assert fleetsim_("--version") == Said(0, f"fleetsim {fleetsim.__version__}\n", "")


def test_help_lists_the_verbs_and_no_others(fleetsim_: Cli):
    listed = fleetsim_("--help").out.split("  COMMAND\n")[1].split("\nexample:")[0]
    assert tuple(re.findall(r"^    (\S+)", listed, re.M)) == VERBS


# ---- bad input: 2 ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["simulate"], "invalid choice: 'simulate'"),
        (["run"], "the following arguments are required: SCENARIO, --out"),
        (["run", "s.yaml"], "the following arguments are required: --out"),
        (["run", "s.yaml", "--out"], "argument --out: expected one argument"),
        (["run", "s.yaml", "--out", "o", "--sed", "3"], "unrecognized arguments: --sed 3"),
        (["run", "s.yaml", "--out", "o", "--over"], "unrecognized arguments: --over"),
        (["run", "s.yaml", "--out", "o", "two\nlines"], r"unrecognized arguments: two\nlines"),
        (["run", "s.yaml", "--out", "o", "--seed", "1.5"], "argument --seed: invalid int value: '1.5'"),
        (["run", "s.yaml", "--out", "o", "--resume", "--overwrite"], "not allowed with argument --resume"),
        (["report"], "the following arguments are required: DIR"),
        (["schema", "s.yaml"], "unrecognized arguments: s.yaml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_command_line_is_one_line_that_points_to_help(arguments, said, tmp_path, fleetsim_, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = fleetsim_(*arguments)
    assert (found.status, found.out) == (2, "")
    assert said in found.err
    assert found.err.startswith("fleetsim")
    assert found.err.endswith(" --help\n")
    assert found.err.count("\n") == 1
    assert content(tmp_path) == {}


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--replications", 0, "from 1 to 1,000,000"),
        ("--replications", 1_000_001, "from 1 to 1,000,000"),
        ("--seed", -1, "from 0 to 9,223,372,036,854,775,807"),
        ("--seed", 2**63, "from 0 to 9,223,372,036,854,775,807"),
        ("--workers", 0, "from 1 to 1,024"),
        ("--engine", "warp", "one of auto, reference, compiled"),
    ],
)
def test_an_option_out_of_bounds_is_refused(option, value, expected, little, tmp_path, fleetsim_: Cli):
    said = fleetsim_("run", little, "--out", tmp_path / "out", option, value)
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith(f"{option.removeprefix('--')}: found ")
    assert said.err.endswith(f"{expected}\n")
    assert said.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("option", "value"), [("--replications", 1), ("--seed", 0), ("--seed", 2**63 - 1)])
def test_the_bounds_themselves_are_allowed(option, value, little, tmp_path, fleetsim_: Cli):
    said = fleetsim_("run", little, "--out", tmp_path / "out", "--no-report", option, value)
    assert said.status == 0
    assert fleetsim.Result.read(tmp_path / "out").manifest[option.removeprefix("--")] == value


@pytest.mark.parametrize("verb", ["validate", "run"])
def test_several_mistakes_are_a_line_each_with_file_line_and_path_and_nothing_is_written(verb, tmp_path, fleetsim_):
    folder = tmp_path / "a folder with a long name".ljust(200, "x")
    folder.mkdir()
    path = folder / "wrong.yaml"
    path.write_text(LITTLE.replace("1 MB", "1.5 MB").replace("count: 2", "count: two").replace("seed", "sede"))
    said = fleetsim_(verb, path, *(["--out", tmp_path / "out"] if verb == "run" else []))
    assert (said.status, said.out) == (2, "")
    lines = said.err.splitlines()
    assert all(line.startswith(f"{path}:") for line in lines)
    assert [line for line in lines if f"{path}:8: fleets.meters.data_limit: found '1.5 MB'; expected whole MB" in line]
    assert [line for line in lines if f"{path}:19: fleets.meters.devices.stuck.count: found 'two'; expected" in line]
    assert [line for line in lines if f"{path}:4: sede: " in line and "did you mean 'seed'?" in line]
    assert not (tmp_path / "out").exists()


def test_mistakes_are_not_wrapped_where_stderr_is_no_terminal(tmp_path):
    path = tmp_path / ("long" * 50) / "wrong.yaml"
    path.parent.mkdir()
    path.write_text("start: now\n")
    done = subprocess.run(
        [sys.executable, "-m", "fleetsim", "validate", str(path)],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "40"},
    )
    assert done.returncode == 2
    assert all(line.startswith(f"{path}:1: ") for line in done.stderr.splitlines())
    assert "\x1b" not in done.stderr


def test_an_absent_scenario_is_named(tmp_path, fleetsim_: Cli):
    said = fleetsim_("run", tmp_path / "absent.yaml", "--out", tmp_path / "out")
    assert (said.status, said.err) == (2, f"{tmp_path / 'absent.yaml'}: no such file\n")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("override", "remedy"),
    [
        ("fleets.meters.data_limit=0 MB", "expected whole MB from 1 to 2,000,000"),
        ("fleets.meters.data_limt=8MB", "did you mean 'data_limit'?"),
        ("fleets.meter.data_limit=1 MB", "did you mean 'meters'?"),
        ("seed", "expected PATH=VALUE"),
    ],
)
def test_a_wrong_override_is_named_with_its_remedy(override, remedy, little, tmp_path, fleetsim_: Cli):
    said = fleetsim_("run", little, "--out", tmp_path / "out", "--set", override)
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith(f"--set {override}: ")
    assert remedy in said.err
    assert not (tmp_path / "out").exists()


# ---- validate, schema, report ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_validate_says_what_a_scenario_means(path, fleetsim_: Cli):
    said = fleetsim_("validate", path)
    assert (said.status, said.err) == (0, "")
    scenario = fleetsim.load(path)
    assert said.out.startswith(f"{scenario.name}: {scenario.sims:,} SIMs from {scenario.start:%Y-%m-%d %H:%M} UTC to ")
    for fleet in scenario.fleets.values():
        assert all(f"  {group}: " in said.out for group in fleet.devices)
    assert path.read_text().startswith("# Which question does this answer?")


def test_validate_on_smart_meters_stands_within_two_percent_of_a_simulated_mean():
    few = ["fleets.meters.devices.meter.count=40", "fleets.meters.devices.stuck.count=1"]
    scenario = fleetsim.load(SMART_METERS, few)
    rows = fleetsim.run(scenario, replications=1, workers=1).sim_periods
    simulated = rows.loc[rows["device_group"] == "meter", "used_bytes"].mean()
    expected = expected_use(scenario, groups(scenario)[0], 0, scenario.horizon_ms).mean
    assert expected == pytest.approx(simulated, rel=0.02)


def test_a_warning_goes_to_stderr_and_is_no_failure(tmp_path, fleetsim_: Cli):
    (tmp_path / "t.csv").write_text("time_ms,upload_bytes,download_bytes,duration_ms\n1,1,1,0\n3600000,1,1,0\n")
    path = tmp_path / "s.yaml"
    path.write_text(
        "{start: 2026-01-01, duration: 1 h, seed: 1, fleets: {f: {data_limit: 1 MB, devices: {g: {count: 1,"
        " traffic: {t: {arrivals: {process: trace, file: t.csv}}}}}}}}"
    )
    for arguments in (["validate", path], ["run", path, "--out", tmp_path / "out", "--no-report"]):
        said = fleetsim_(*arguments)
        assert said.status == 0
        assert said.err == f"warning: {tmp_path}/t.csv: 1 row at or after the scenario's end ignored\n"


def references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from ([schema["$ref"]] if "$ref" in schema else [])
        schema = list(schema.values())
    for below in schema if isinstance(schema, list) else []:
        yield from references(below)


def test_the_schema_is_json_schema_2020_12_and_knows_each_key_of_a_scenario(fleetsim_: Cli):
    said = fleetsim_("schema")
    assert (said.status, said.err) == (0, "")
    schema = json.loads(said.out)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert all(reference.removeprefix("#/$defs/") in schema["$defs"] for reference in references(schema))
    assert schema["additionalProperties"] is False
    for path in SCENARIOS:
        written = YAML(typ="safe").load(path)
        assert set(schema["required"]) <= written.keys() <= schema["properties"].keys()


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_shipped_scenarios_are_valid_by_the_schema_and_a_misspelt_one_is_not(path, fleetsim_: Cli):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(fleetsim_("schema").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    written = json.loads(json.dumps(YAML(typ="safe").load(path), default=str))
    assert list(validator.iter_errors(written)) == []
    assert list(validator.iter_errors(written | {"sede": 1}))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    (folder / "little.yaml").write_text(LITTLE)
    fleetsim.run(folder / "little.yaml", out=folder / "out", report=False)
    return folder / "out"


@pytest.mark.parametrize("what", ["absent", "empty", "a file", "unfinished"])
def test_a_report_of_no_finished_result_is_refused(what, tmp_path, fleetsim_: Cli):
    folder = tmp_path / "out"
    if what == "a file":
        folder.write_text("")
    elif what != "absent":
        folder.mkdir()
    if what == "unfinished":
        (folder / "parts").mkdir()
    before = content(tmp_path)
    said = fleetsim_("report", folder)
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith(f"{folder}: found ")
    assert said.err.count("\n") == 1
    assert ("finish it with --resume" in said.err) == (what == "unfinished")
    assert content(tmp_path) == before


DAMAGED = ("manifest.json", "summary.json", "scenario.yaml", "sim_periods.parquet", "replications.parquet")


@pytest.mark.parametrize("name", [*DAMAGED, "blocked.parquet"])
@pytest.mark.parametrize("how", ["cut", "emptied", "removed", "another"])
def test_a_damaged_result_is_refused_in_one_line_and_left_as_it_is(name, how, finished, tmp_path, fleetsim_: Cli):
    folder = tmp_path / "out"
    shutil.copytree(finished, folder)
    file = folder / name
    match how:
        case "cut":
            file.write_bytes(file.read_bytes()[:-40])
        case "emptied":
            file.write_bytes(b"")
        case "removed":
            file.unlink()
        case "another":
            other = "replications" if name == "blocked.parquet" else "blocked"
            file.write_bytes((folder / f"{other}.parquet").read_bytes() if name.endswith("t") else b"{}")
    if (name, how) in {("summary.json", "another"), ("scenario.yaml", "cut")}:
        return  # what is left of these can be read
    before = content(folder)
    scenario = finished.parent / "little.yaml"
    more = [] if name in ("summary.json", "scenario.yaml") else [["--replications", 4]]
    for arguments in (
        ["report", folder],
        *(["run", scenario, "--out", folder, "--resume", "--no-report", *n] for n in [[], *more]),
    ):
        said = fleetsim_(*arguments)
        assert (said.status, said.out) == (2, ""), arguments
        assert said.err.startswith(f"{folder}")
        assert said.err.count("\n") == 1
        assert content(folder) == before


# ---- output that cannot be written -----------------------------------------------------------------------------------


@pytest.mark.parametrize("reader", ["head -n 1", "true"])
def test_a_reader_that_has_seen_enough_causes_no_complaint(reader, little):
    for verb in ("schema", "validate little.yaml", "run little.yaml --out out --no-report", "run --help"):
        assert shell(f"{FLEETSIM} {verb} | {reader}", little.parent).stderr == ""
    assert fleetsim.Result.read(little.parent / "out").manifest["replications"] == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_under_stdout_is_a_failure_that_is_said(tmp_path):
    done = shell(f"{FLEETSIM} schema > /dev/full", tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("fleetsim: [Errno 28] ")
    assert done.stderr.count("\n") == 1


def test_a_name_that_the_terminal_cannot_show_is_no_failure(little):
    script = f"PYTHONIOENCODING=ascii {FLEETSIM} validate little.yaml --set 'name=\u00e4\U0001f600'"
    done = shell(script, little.parent)
    assert done.returncode == 0
    assert done.stdout.startswith(r"\xe4\U0001f600: 8 SIMs")


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_a_failure(little, tmp_path, fleetsim_: Cli):
    (tmp_path / "closed").mkdir(mode=0o500)
    said = fleetsim_("run", little, "--out", tmp_path / "closed" / "out")
    assert said.status == 1
    assert said.err.startswith("fleetsim: [Errno 13] ")


def test_a_folder_below_a_file_is_a_failure_in_one_line(little, fleetsim_: Cli):
    said = fleetsim_("run", little, "--out", little / "out")
    assert said.status == 1
    assert said.err.startswith("fleetsim: [Errno ")
    assert said.err.count("\n") == 1
