"""Whoever simulates, and wherever a function was written: the same rows, the same choice, the same sweep."""

from __future__ import annotations

import subprocess
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fleetsim
from fleetsim.counted import COUNTED
from fleetsim.engines import engine_named
from fleetsim.scenario.schema import Scenario
from tests.extension.functions import DAY, GROUP, ITEM, by_sim, on_the_grid, own, scenario, small

SCRIPT = """
import sys
import numpy as np
import fleetsim

SIZE = 700

def bursts(random, sim):
    return np.sort(random.integers(0, sim.horizon_ms, random.poisson(20)))

def make(size):
    return lambda random, sim, n: np.full(n, size)

item = "fleets.f.devices.x.traffic.a"
scenario = fleetsim.load(sys.argv[1]).with_arrivals(item, bursts).with_sizes(f"{item}.upload", make(SIZE))
kept = []
for how in ({"workers": 1, "engine": "reference"}, {"workers": 2, "engine": "reference"}, {"engine": "compiled"}):
    kept.append(fleetsim.run(scenario, **how).sim_periods)
assert kept[0].equals(kept[1]) and kept[0].equals(kept[2])
print(int(kept[0]["used_bytes"].sum()))
"""


def rows(loaded: Scenario, **how: Any) -> Any:
    return fleetsim.run(loaded, **how).tables.sim_periods


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_workers_never_change_a_row(engine: str) -> None:
    assert rows(own(), engine=engine, workers=1).equals(rows(own(), engine=engine, workers=2))


def test_blocks_of_sims_never_change_a_row() -> None:
    loaded = own()
    for engine in ("reference", "compiled"):
        whole = engine_named(engine).simulate(loaded, 2, range(loaded.sims)).rows
        parts = [engine_named(engine).simulate(loaded, 2, range(sim, sim + 1)).rows for sim in range(loaded.sims)]
        assert np.array_equal(whole, np.concatenate(parts))


def test_executors_never_change_a_row() -> None:
    """Processes of the standard library know nothing of cloudpickle."""
    here = rows(own().with_sizes(f"{ITEM}.download", lambda random, sim, n: random.integers(0, 9, n)), workers=1)
    loaded = own().with_sizes(f"{ITEM}.download", lambda random, sim, n: random.integers(0, 9, n))
    for executor in (ThreadPoolExecutor(2), ProcessPoolExecutor(2, mp_context=get_context("spawn"))):
        with executor:
            assert rows(loaded, engine="reference", executor=executor).equals(here)


def test_a_dask_cluster_never_changes_a_row() -> None:
    distributed = pytest.importorskip("distributed")
    loaded = own().with_sizes(f"{ITEM}.download", lambda random, sim, n: random.integers(0, 9, n))
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # Dask's own, at its end
        with (
            distributed.LocalCluster(
                n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            there = rows(loaded, engine="reference", executor=client.get_executor())
    assert there.equals(rows(loaded, engine="reference", workers=1))


def test_functions_of_a_script_reach_other_processes(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "scenario.yaml").write_text(fleetsim.scenario.dump(scenario()))
    done = subprocess.run(
        [sys.executable, tmp_path / "script.py", tmp_path / "scenario.yaml"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0


# ---- what draws depend on --------------------------------------------------------------------------------------------


def test_one_more_group_and_another_limit_move_nobody() -> None:
    def counted(loaded: Scenario, *columns: str) -> Any:
        found = engine_named("compiled").simulate(loaded, 1, range(9)).rows
        return found[:, [COUNTED.index(name) for name in columns]]

    columns = ("sim", "period", "offered_bytes")
    few = counted(own(), *columns)
    for override in (
        "fleets.g={data_limit: 1 MB, devices: {y: {count: 3, traffic: {}}}}",
        "fleets.f.data_limit=1 kB",
        "fleets.f.devices.x.count=11",
        "timeline=[{at: 10 days, fleet: f, data_limit: 3 kB}]",
    ):
        loaded = scenario(override).with_arrivals(ITEM, on_the_grid).with_sizes(f"{ITEM}.upload", small)
        loaded = loaded.with_sizes(f"{GROUP}.traffic.b.upload", by_sim)
        assert np.array_equal(counted(loaded, *columns), few), override
    assert not np.array_equal(counted(own().model_copy(update={"seed": 8}), *columns), few)


def test_streams_of_sims_replications_and_uses_differ() -> None:
    seen: list[int] = []

    def note(random: Any, sim: Any, n: int | None = None) -> Any:
        seen.append(int(random.integers(2**62)))
        return [0] * (n or 1)

    loaded = scenario("fleets.f.devices.x.activation.over=0 s")
    for group in (ITEM, f"{GROUP}.traffic.b"):
        loaded = loaded.with_arrivals(group, note)
        loaded = loaded.with_sizes(f"{group}.upload", note).with_sizes(f"{group}.download", note)
    for replication in range(2):
        engine_named("compiled").simulate(loaded, replication, range(loaded.sims))
    assert len(seen) == len(set(seen)) == 2 * loaded.sims * 2 * 3


def test_a_function_knows_its_sim() -> None:
    told: list[Any] = []

    def note(random: Any, sim: fleetsim.SimFacts) -> Any:
        told.append(sim)
        return []

    loaded = scenario().with_arrivals(ITEM, note)
    engine_named("reference").simulate(loaded, 0, range(loaded.sims))
    assert [sim.number for sim in told] == list(range(loaded.sims))
    assert {sim.horizon_ms for sim in told} == {40 * DAY}
    assert {sim.start for sim in told} == {loaded.start}
    assert all(0 <= sim.activation_ms <= 2 * DAY for sim in told)
    assert len({sim.activation_ms for sim in told}) == loaded.sims


# ---- the other verbs -------------------------------------------------------------------------------------------------


def test_a_choice_counts_what_runs_at_its_limits_count() -> None:
    how: dict[str, Any] = {"fleet": "f", "limits": "6000 B,20 kB,90 kB", "max_blocked_share": "50%", "replications": 2}
    study = fleetsim.choose_limit(own(), engine="compiled", **how)
    again = fleetsim.choose_limit(own(), engine="reference", workers=2, **how)
    assert study.limits.equals(again.limits)
    assert study.why == again.why
    row = study.limits.iloc[1]
    at_20 = fleetsim.run(own(), replications=2, engine="reference")
    assert row["data_limit_bytes"] == 20_000
    limit = scenario("fleets.f.data_limit=20 kB")
    run = fleetsim.run(attached(limit), replications=2, engine="reference").sim_periods
    assert row["overage_bytes"] == pytest.approx(run["overage_bytes"].sum() / 2)
    assert at_20.sim_periods["offered_bytes"].sum() == run["offered_bytes"].sum()


def attached(loaded: Scenario) -> Scenario:
    """The functions of `own` in another scenario."""
    from fleetsim.scenario import dump, load_text
    from fleetsim.scenario.attach import with_functions_of

    return with_functions_of(load_text(dump(own()), ["fleets.f.data_limit=20 kB"]), own())


def test_a_sweep_keeps_the_functions_of_a_loaded_scenario() -> None:
    vary = {"fleets.f.data_limit": ["6 kB", "90 kB"], f"{ITEM}.duration": ["0 s", "10 s"]}
    swept = fleetsim.sweep(own(), vary, replications=2, engine="compiled")
    at_6 = fleetsim.run(attached(own()), replications=2).sim_periods
    offered = swept.replications.groupby("fleets.f.data_limit")["offered_bytes"].sum()
    assert (offered == 2 * at_6["offered_bytes"].sum()).all()
    overage = swept.replications.groupby("fleets.f.data_limit")["overage_bytes"].sum()
    assert overage.iloc[0] > overage.iloc[1]


def test_a_sweep_can_put_a_value_in_the_place_of_a_function() -> None:
    swept = fleetsim.sweep(own(), {f"{ITEM}.upload": ["10 B", "20 B"]}, replications=1, engine="compiled")
    offered = swept.replications["offered_bytes"]
    assert offered[1] > offered[0] > 0


def test_scenarios_with_and_without_functions_are_compared() -> None:
    found = fleetsim.compare({"file": scenario(), "own": own()}, replications=2, engine="compiled")
    assert "own" in found.answer


def test_a_story_and_its_run_tell_of_the_same_traffic() -> None:
    """A story looks at runs that end earlier, and functions know the end."""
    from fleetsim.experiments.story.tell import tell

    loaded = own()
    for sim in range(loaded.sims):
        story = tell(loaded, "reference", 0, sim, 0)
        times, used = story.curve.T if story.curve.shape[1] == 2 else story.curve
        assert (np.diff(used[np.argsort(times, kind="stable")]) >= 0).all()
        whole = engine_named("compiled").simulate(loaded, 0, range(sim, sim + 1)).rows[0]
        assert used.max() == whole[COUNTED.index("upload_bytes")] + whole[COUNTED.index("download_bytes")]
