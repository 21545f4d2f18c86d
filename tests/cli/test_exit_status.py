"""Exit statuses, and what is said: one plain line a mistake, nothing written; help with an example."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import content, process

VERBS = ("run", "validate", "report", "schema")
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb, fleetsim_):
    said = fleetsim_(verb, "--help")
    assert said.status == 0
    assert f"example:\n  fleetsim {verb}" in said.out


def test_what_is_not_built_yet_does_not_show(fleetsim_):
    said = fleetsim_("run", "--help").out + fleetsim_("--help").out
    for later in ("--dask", "--records", "--keep", "compiled", "--until-precision", "sweep", "choose-limit", "compare"):
        assert later not in said


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "x.yaml"),
        ("run", "x.yaml", "--out", "o", "--records", "all"),
        ("run", "x.yaml", "--out", "o", "--resume", "--overwrite"),
        ("run", "x.yaml", "--out", "o", "--replications", "many"),
        ("fly",),
        (),
    ],
)
def test_a_wrong_option_is_bad_input_in_one_line(arguments, fleetsim_):
    said = fleetsim_(*arguments)
    assert said.status == 2
    assert len(said.err.splitlines()) == 1
    assert "--help" in said.err


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        (("--replications", 0), "expected a whole number from 1 to 1,000,000"),
        (("--seed", -1), "expected a whole number from 0 to 9,223,372,036,854,775,807"),
        (("--workers", 0), "expected a whole number from 1"),
        (("--engine", "fastest"), "expected one of auto, reference"),
        (("--set", "fleets.meters.data_limit=0 MB"), "expected whole MB from 1 to 2,000,000"),
        (("--set", "fleets.meter.data_limit=1 MB"), "did you mean 'meters'?"),
        (("--set", "seed"), "expected PATH=VALUE"),
    ],
)
def test_a_wrong_value_is_bad_input_with_its_remedy_and_nothing_is_written(
    options, remedy, little, tmp_path, fleetsim_
):
    said = fleetsim_("run", little, "--out", tmp_path / "out", *options)
    assert said.status == 2
    assert remedy in said.err
    assert said.out == ""
    assert not (tmp_path / "out").exists()


def test_mistakes_are_plain_lines_that_do_not_wrap(tmp_path):
    folder = tmp_path / ("deep" * 20) / ("down" * 20)
    folder.mkdir(parents=True)
    path = folder / "scenario.yaml"
    path.write_text("start: yesterday\nduration: 5 m\nseed: 1\nfleets: {f: {data_limit: 5, devices: {}}}\n")
    run = process("validate", path, env={"COLUMNS": "40", "PATH": ""})
    _, said = run.communicate(timeout=60)
    assert run.returncode == 2
    lines = said.splitlines()
    assert len(lines) == 3
    assert [line.startswith(f"{path}:{number}: ") for number, line in zip((1, 2, 4), lines, strict=True)] == [True] * 3
    assert "\x1b" not in said


def test_a_reader_that_has_seen_enough_is_no_traceback():
    command = f"{sys.executable} -m fleetsim schema | head -n 1"
    run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert run.stdout == "{\n"
    assert "Traceback" not in run.stderr


def test_the_schema_is_json_that_names_every_key_of_a_scenario(fleetsim_):
    schema = json.loads(fleetsim_("schema").out)
    assert {"start", "duration", "seed", "fleets"} <= set(schema["required"])
    assert {"name", "platform", "tariff", "timeline", "replications"} <= set(schema["properties"])


@pytest.mark.parametrize("scenario", sorted((ROOT / "scenarios").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_scenario_is_valid_and_says_what_it_answers(scenario, fleetsim_):
    said = fleetsim_("validate", scenario)
    assert said.status == 0
    assert said.err == ""
    assert "SIMs" in said.out
    assert scenario.read_text().startswith("# Which question does this answer?")


def test_validate_on_smart_meters_stands_within_two_percent_of_a_simulated_mean(tmp_path):
    import fleetsim
    from fleetsim.experiments.outline import expected_use
    from fleetsim.scenario.fleet import groups

    few = ["fleets.meters.devices.meter.count=40", "fleets.meters.devices.stuck.count=1"]
    scenario = fleetsim.load(ROOT / "scenarios" / "smart-meters.yaml", few)
    rows = fleetsim.run(scenario, replications=1, workers=1).sim_periods
    simulated = rows.loc[rows["device_group"] == "meter", "used_bytes"].mean()
    expected = expected_use(scenario, groups(scenario)[0], 0, scenario.horizon_ms).mean
    assert expected == pytest.approx(simulated, rel=0.02)


@pytest.mark.parametrize("damage", ["unfinished", "absent", "empty", "damaged"])
def test_a_report_of_no_result_is_bad_input(damage, little, tmp_path, fleetsim_):
    folder = tmp_path / "out"
    if damage in ("unfinished", "damaged"):
        assert fleetsim_("run", little, "--out", folder, "--workers", 1, "--no-report").status == 0
        if damage == "unfinished":
            (folder / "manifest.json").unlink()
        else:
            (folder / "sim_periods.parquet").write_bytes(b"PAR1")
    elif damage == "empty":
        folder.mkdir()
    before = content(folder) if folder.exists() else {}
    said = fleetsim_("report", folder)
    assert said.status == 2
    assert len(said.err.splitlines()) == 1
    assert (content(folder) if folder.exists() else {}) == before


def test_validate_says_how_much_dns_leaks_from_a_blocked_device(fleetsim_):
    # Attempts every 2 min, an answer kept for 5 min: a lookup of 220 B every 6 min, 240 a day, 52,800 B.
    said = fleetsim_("validate", ROOT / "scenarios" / "smart-meters.yaml").out
    assert "about 52.8 kB a day of DNS, all beyond the limit" in said
