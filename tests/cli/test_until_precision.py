"""`--until-precision`: as many replications as it takes, and the same number however they are made."""

from __future__ import annotations

import json
import math
import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.stats import t as student

import fleetsim
from fleetsim.errors import BadInput
from fleetsim.experiments.until import Until, rule_from
from fleetsim.scenario.load import load_text
from tests.cli.conftest import LITTLE, content, process

# Devices that are seldom blocked, and costs that vary: neither is known at once.
NOISY = """\
name: noisy
start: 2026-01-01T00:00:00Z
duration: 10 days
seed: 5
platform: {preset: super-sim, billing_period: 5 days}
tariff: {currency: USD, fee: 0.01, per_mb: 0.10}
fleets:
  meters:
    data_limit: 2 MB
    devices:
      meter:
        count: 8
        traffic:
          readings: {arrivals: {process: poisson, rate: 2 per day}, upload: {distribution: exponential, mean: 150 kB}}
"""
ONE = ("--workers", 1, "--no-report", "--engine", "reference")
OF = ("--precision-of", "cost")
HERE = {"workers": 1, "engine": "reference"}


@pytest.fixture
def noisy(tmp_path):
    path = tmp_path / "noisy.yaml"
    path.write_text(NOISY)
    return path


def rows(folder):
    return {name: file for name, file in content(folder).items() if name.endswith(".parquet")}


def costs(result):
    return result.replications.groupby("replication")["cost_micros"].sum().to_numpy(np.float64) / 1e6


def half_width(values):
    """Half of Student's interval at 95 %, by the book."""
    return student.ppf(0.975, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values))


def test_it_stops_when_the_interval_has_been_narrow_for_the_look_ahead():
    result = fleetsim.run(load_text(NOISY), until_precision=0.03, precision_of={"cost": 0.0}, **HERE)
    n, said = result.manifest["replications"], result.manifest["until_precision"]
    values, since = costs(result), said["narrow_since"]
    assert said["met"]
    assert len(values) == n > 20
    assert n == since + max(5, math.ceil(since / 10))
    narrow = [half_width(values[:k]) <= 0.03 * values[:k].mean() for k in range(5, n + 1)]
    assert all(narrow[since - 5 :])
    assert not narrow[since - 6]
    assert result.scenario.replications == n
    assert said["why"].startswith(f"Stopped after {n} replications: since replication {since} the 95 % intervals")


def test_the_rows_are_those_of_a_run_with_that_number():
    scenario = load_text(NOISY)
    result = fleetsim.run(scenario, until_precision="3%", precision_of=["cost"], **HERE)
    n = result.manifest["replications"]
    assert result.tables == fleetsim.run(scenario, replications=n, **HERE).tables


@pytest.mark.parametrize("how", ["processes", "executor", "folder"])
def test_the_number_and_the_files_do_not_depend_on_workers(how, tmp_path):
    scenario = load_text(NOISY)
    asked = {"until_precision": "3%", "precision_of": ["cost"], "engine": "reference"}
    fleetsim.run(scenario, out=tmp_path / "one", workers=1, report=False, **asked)
    one = fleetsim.Result.read(tmp_path / "one")
    if how == "folder":
        assert fleetsim.run(scenario, workers=1, **asked).tables.replications == one.tables.replications
        return
    with ThreadPoolExecutor(3) as executor:
        where = {"workers": 2} if how == "processes" else {"executor": executor}
        fleetsim.run(scenario, out=tmp_path / "other", report=False, **asked, **where)
    assert rows(tmp_path / "other") == rows(tmp_path / "one")
    other = fleetsim.Result.read(tmp_path / "other")
    assert other.manifest["until_precision"] == one.manifest["until_precision"]


def test_at_the_maximum_it_stops_without_the_precision_and_says_so(noisy, tmp_path, fleetsim_):
    out = tmp_path / "out"
    said = fleetsim_("run", noisy, "--out", out, *ONE, "--until-precision", "0.5%", "--max-replications", 12)
    assert said.status == 0
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["replications"] == 12
    why = manifest["until_precision"]["why"]
    assert not manifest["until_precision"]["met"]
    assert why.startswith("Stopped after 12 replications, the most it may take, without the precision: cost ± ")
    # (t * deviation / (0.5 % of the mean))^2 replications and a tenth, by the metric that needs most.
    values = costs(fleetsim.Result.read(out))
    about = int(why.rsplit("About ", 1)[1].split(" would do")[0].replace(",", ""))
    assert about >= (half_width(values) / (0.005 * values.mean())) ** 2 * 12
    assert why in " ".join(said.out.split())


def test_a_mean_of_about_zero_is_narrow_within_the_floor():
    scenario = load_text(NOISY, ["fleets.meters.data_limit=3MB"])
    asked = {"until_precision": 0.02, "max_replications": 60, **HERE}
    without = fleetsim.run(scenario, precision_of={"blocked_sims": 0}, **asked)
    assert not without.manifest["until_precision"]["met"]
    assert 0 < without.replications["blocked_sim_periods"].sum() < 60
    found = fleetsim.run(scenario, precision_of=["blocked_sims=0.5"], **asked)
    assert found.manifest["until_precision"]["met"]
    assert "± " in found.manifest["until_precision"]["why"]
    assert "within the floor of 0.5" in found.manifest["until_precision"]["why"]


def test_an_event_that_was_never_seen_is_given_an_upper_bound_and_not_zero():
    result = fleetsim.run(load_text(NOISY, ["fleets.meters.data_limit=100MB"]), until_precision=0.5, **HERE)
    n, why = result.manifest["replications"], result.manifest["until_precision"]["why"]
    bound = 1 - 0.05 ** (1 / (8 * n))
    assert f"No normal SIM was seen blocked; that allows for up to {100 * bound:.2g} % of the normal SIMs." in why
    assert "± 0" not in why


def test_of_nobody_it_is_not_said_that_none_was_blocked():
    scenario = load_text(NOISY, ["fleets.meters.devices.meter.role=faulty"])
    result = fleetsim.run(scenario, until_precision=0.5, **HERE)
    assert "was seen blocked" not in result.manifest["until_precision"]["why"]


def test_normal_devices_have_a_precision_of_their_own():
    """Faulty devices that are always blocked make the share of all SIMs look known."""
    stuck = {
        "count": 8,
        "role": "faulty",
        "traffic": {"loop": {"arrivals": {"process": "continuous"}, "upload": "9 B/s"}},
    }
    scenario = load_text(NOISY, [f"fleets.meters.devices.stuck={json.dumps(stuck)}"])
    asked = {"until_precision": "30%", "max_replications": 200, **HERE}
    both = {}
    for role in ("", "_normal"):
        found = fleetsim.run(scenario, precision_of={f"blocked_sim_periods_share{role}": 0}, **asked)
        assert found.manifest["until_precision"]["met"]
        both[role] = found.manifest["replications"]
    assert both[""] < both["_normal"]
    usual = fleetsim.run(scenario, until_precision="90%", **HERE)
    assert list(usual.manifest["until_precision"]["floors"]) == ["cost", "blocked_sim_periods_share_normal"]


def test_looking_now_and_then_finds_what_looking_each_time_finds():
    scenario = load_text(NOISY)
    tables = fleetsim.run(scenario, replications=150, **HERE).tables.replications
    parts = [tables.slice(i, 1) for i in range(150)]  # one group: a row a replication
    for relative in ("2%", "3%", "5%", "9%"):
        rule = rule_from(scenario, relative, ["cost=0"], 150)
        now_and_then, each = Until(rule, scenario), Until(rule, scenario)

        def stop(until, every):
            for n, part in enumerate(parts, 1):
                if every:
                    until._look_at = n
                if until.add(part):
                    return n
            return None

        assert stop(now_and_then, every=False) == stop(each, every=True)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--until-precision", "0"), "found '0'; expected a percentage such as 2%"),
        (("--until-precision", "2%", "--precision-of", "csot"), "found 'csot'; expected one of"),
        (("--until-precision", "2%", "--precision-of", "cost=x"), "found 'x'; expected a number"),
        (
            ("--until-precision", "2%", "--max-replications", "1"),
            "found 1; expected a whole number from 2 to 1,000,000",
        ),
        (("--max-replications", "9"), "found no precision"),
        (("--until-precision", "2%", "--replications", "9"), "not allowed with argument"),
    ],
)
def test_mistakes_are_said_and_nothing_is_written(options, why, noisy, tmp_path, fleetsim_):
    said = fleetsim_("run", noisy, "--out", tmp_path / "out", *options)
    assert said.status == 2
    assert why in said.err
    assert len(said.err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_the_python_function_takes_a_number_or_a_precision():
    with pytest.raises(BadInput, match="expected one"):
        fleetsim.run(load_text(NOISY), until_precision=0.1, replications=3)


def test_progress_says_how_many_so_far_and_how_many_are_expected():
    told, notes = [], []

    class Seen:
        def note(self, text):
            notes.append(text)

        def __call__(self, total, done):
            told.append((total, done))
            return lambda more: None

    result = fleetsim.run(load_text(NOISY), until_precision="4%", precision_of=["cost"], progress=Seen(), **HERE)
    n = result.manifest["replications"]
    assert told[-1] == (8 * n, 8 * n)
    assert notes[-1] == f"{n} replications so far, about {n} expected"
    assert all(done <= total for total, done in told)


# ---- resume ----------------------------------------------------------------------------------------------------------


def test_a_finished_run_goes_on_to_more_precision_and_is_kept_from_less(noisy, tmp_path, fleetsim_):
    out, again = tmp_path / "out", ("run", noisy, *ONE, *OF, "--resume", "--until-precision")
    assert fleetsim_("run", noisy, "--out", out, *ONE, *OF, "--until-precision", "5%").status == 0
    before = content(out)
    assert fleetsim_(*again, "5%", "--out", out).status == 0
    assert content(out) == before  # nothing to do
    said = fleetsim_(*again, "30%", "--out", out)
    assert said.status == 2
    n = json.loads(before["manifest.json"])["replications"]
    assert f"its run has {n} replications; this one ends after" in said.err
    assert content(out) == before
    assert fleetsim_(*again, "3%", "--out", out).status == 0
    assert fleetsim_("run", noisy, "--out", tmp_path / "new", *ONE, *OF, "--until-precision", "3%").status == 0
    assert rows(out) == rows(tmp_path / "new")
    assert content(out)["scenario.yaml"] == content(tmp_path / "new")["scenario.yaml"]


def test_a_run_of_a_number_goes_on_until_a_precision_and_the_other_way_round(noisy, tmp_path, fleetsim_):
    out = tmp_path / "out"
    assert fleetsim_("run", noisy, "--out", out, *ONE, "--replications", 3).status == 0
    assert fleetsim_("run", noisy, "--out", out, *ONE, *OF, "--resume", "--until-precision", "5%").status == 0
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["until_precision"]["met"]
    n = manifest["replications"] + 2
    assert fleetsim_("run", noisy, "--out", out, *ONE, "--resume", "--replications", n).status == 0
    assert "until_precision" not in json.loads((out / "manifest.json").read_text())
    assert fleetsim_("run", noisy, "--out", tmp_path / "new", *ONE, "--replications", n).status == 0
    assert rows(out) == rows(tmp_path / "new")


def killed_and_resumed(number, noisy, tmp_path, *where):
    """Kill a run at a random moment, go on, and hold it against an undisturbed one."""
    chance, out = random.Random(number), tmp_path / "out"
    command = ("run", noisy, "--no-report", "--engine", "reference", *OF, "--until-precision", "1.5%", *where)
    run = process(*command, "--out", out)
    deadline = time.monotonic() + 60
    while not (out / "parts").is_dir() and run.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(chance.uniform(0, 1.5))
    if run.poll() is None:
        os.killpg(run.pid, signal.SIGKILL)
    run.communicate(timeout=30)
    going_on = process(*command, "--out", out, "--resume")
    _, said = going_on.communicate(timeout=120)
    assert going_on.returncode == 0, said
    assert not (out / "parts").exists()
    new = tmp_path / "new"
    fleetsim.run(noisy, out=new, until_precision="1.5%", precision_of=["cost"], report=False, **HERE)
    assert rows(out) == rows(new)
    said, wanted = (json.loads((folder / "manifest.json").read_text())["until_precision"] for folder in (out, new))
    assert said == wanted


@pytest.mark.parametrize("number", range(2))
def test_a_kill_at_some_instant_loses_nothing(number, noisy, tmp_path):
    killed_and_resumed(number, noisy, tmp_path, "--workers", 2)


@pytest.mark.verify
@pytest.mark.parametrize("number", range(20))
def test_a_kill_at_any_instant_loses_nothing(number, noisy, tmp_path):
    killed_and_resumed(number, noisy, tmp_path, "--workers", 2)


def test_the_little_scenario_stops_as_soon_as_it_can():
    result = fleetsim.run(load_text(LITTLE), until_precision="10%", **HERE)
    assert result.manifest["replications"] == 10  # 5 to look at, 5 ahead
