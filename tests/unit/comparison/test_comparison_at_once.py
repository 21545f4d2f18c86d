"""Cases that differ in one fleet's limit are followed at once, and each has the sums of a run of its own."""

from __future__ import annotations

import json

import numpy as np
import pytest

import fleetsim
from fleetsim.comparison.at_once import together
from fleetsim.comparison.axis import read_vary
from fleetsim.comparison.points import grid, load_points, source_of
from fleetsim.comparison.simulate import REPLICATIONS, SumTask, simulate_cases
from fleetsim.scenario import Scenario
from fleetsim.scenario.load import load_text

F, G = "fleets.f.data_limit", "fleets.g.data_limit"


def devices(count: int, size: str) -> dict[str, object]:
    traffic = {"a": {"arrivals": {"process": "poisson", "rate": "30 per day"}, "upload": size}}
    dns = {"query": "70 B", "response": "150 B", "cache_ttl": "1 h"}
    return {"count": count, "rate_spread": 0.5, "traffic": traffic, "dns": dns}


@pytest.fixture
def two_fleets() -> Scenario:
    """Sensors and cameras; some sensors are moved to the cameras, whose limit is lowered later."""
    document = {
        "name": "two fleets",
        "start": "2026-01-01T00:00:00Z",
        "duration": "1 month",
        "seed": 3,
        "platform": "super-sim",
        "tariff": "super-sim-payg",
        "fleets": {
            "f": {"data_limit": "2 MB", "devices": {"sensor": devices(12, "2 kB"), "faulty": devices(2, "20 kB")}},
            "g": {"data_limit": "9 MB", "devices": {"camera": devices(5, "9 kB")}},
        },
        "timeline": [
            {"at": "9 days", "sims": "f/sensor", "to": "g", "count": 3},
            {"at": "15 days", "fleet": "g", "data_limit": "3 MB"},
        ],
    }
    return load_text(json.dumps(document))


def cases(scenario: Scenario, *vary: str) -> list[Scenario]:
    axes = [read_vary(text) for text in vary]
    return load_points(source_of(scenario, ()), axes, grid(axes))


def test_cases_that_differ_in_the_limit_of_one_fleet_are_together(two_fleets: Scenario) -> None:
    found = together(cases(two_fleets, f"{F}=3MB,unlimited,1MB", "platform.record_interval=6min,1h"), "compiled")
    assert [(each.fleet, each.limits, each.cases) for each in found] == [
        ("f", (1_000_000, 3_000_000, None), (4, 0, 2)),
        ("f", (1_000_000, 3_000_000, None), (5, 1, 3)),
    ]


def test_of_two_fleets_the_one_with_more_limits_is_followed(two_fleets: Scenario) -> None:
    found = together(cases(two_fleets, f"{F}=1MB,2MB", f"{G}=1MB:3MB:1MB"), "compiled")
    assert [(each.fleet, each.cases) for each in found] == [("g", (0, 1, 2)), ("g", (3, 4, 5))]


@pytest.mark.parametrize("vary", ["fleets.f.devices.sensor.count=5,6", "tariff.currency=USD,EUR"])
def test_what_differs_in_more_is_simulated_alone(vary: str, two_fleets: Scenario) -> None:
    found = together(cases(two_fleets, vary), "compiled")
    assert [(each.limits, each.cases) for each in found] == [((), (0,)), ((), (1,))]


def test_the_same_scenario_twice_is_simulated_twice(two_fleets: Scenario) -> None:
    other, *_ = cases(two_fleets, f"{F}=1MB")
    found = together([two_fleets, other, two_fleets], "compiled")
    assert sorted(each.cases for each in found) == [(1, 0), (2,)]


def test_an_engine_that_follows_one_limit_at_a_time_is_asked_for_one(two_fleets: Scenario) -> None:
    found = together(cases(two_fleets, f"{F}=1MB,2MB"), "reference")
    assert [each.cases for each in found] == [(0,), (1,)]


@pytest.mark.parametrize("fleet", [F, G])
def test_each_case_has_the_sums_of_a_run(fleet: str, two_fleets: Scenario) -> None:
    asked = cases(two_fleets, f"{fleet}=1MB,2MB,4MB,9MB,unlimited", "platform.enforcement_delay=0s,1day")
    assert [len(each.limits) for each in together(asked, "compiled")] == [5, 5]
    sums = simulate_cases(asked, 2, "compiled", 1, (), None, lambda total, known: lambda more: None)
    for case, scenario in enumerate(asked):
        run = fleetsim.run(scenario, replications=2, engine="reference", keep="sums").tables.replications
        rows = sums.filter(np.equal(sums["case"].to_numpy(), case)).drop_columns("case")
        assert rows.unify_dictionaries().combine_chunks().equals(run.combine_chunks()), scenario.fleets


def test_rows_of_many_limits_are_held_for_few_sims_at_a_time(two_fleets: Scenario, monkeypatch) -> None:
    monkeypatch.setattr("fleetsim.engines.under_limits._MOST_ROWS", 100)
    task = SumTask(tuple(together(cases(two_fleets, f"{F}=1MB:9MB:1MB"), "compiled")), "compiled", 40)
    ((*blocks,),) = task.blocks(40, 2, None)
    assert [sim for block in blocks for sim in block] == list(range(two_fleets.sims))
    assert max(map(len, blocks)) == 100 // (3 * 9)  # of three periods under nine limits


def test_what_is_known_of_some_cases_is_completed(two_fleets: Scenario) -> None:
    asked = cases(two_fleets, f"{F}=1MB,2MB")
    told: list[tuple[int, int]] = []
    whole = simulate_cases(asked, 2, "compiled", 1, (), None, lambda *sims: told.append(sims) or (lambda more: None))
    known = [{REPLICATIONS: whole.filter(np.equal(whole["replication"].to_numpy(), 0))}]
    again = simulate_cases(asked, 2, "compiled", 1, known, None, lambda *sims: told.append(sims) or (lambda more: None))
    assert again.equals(whole)
    assert told == [(38, 0), (38, 19)]  # the SIMs of two limits are followed once
