"""Following a SIM under many limits at once gives, for each limit, the rows of a run at that limit."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import fleetsim
from fleetsim.engines.compiled.engine import CompiledEngine
from fleetsim.engines.under_limits import Limits, one_by_one, rows_at, simulate_under
from fleetsim.scenario.schema import Scenario
from tests.oracle.case import Case
from tests.oracle.lifecycle import lifecycle_cases
from tests.oracle.to_yaml import write
from tests.parity import gears
from tests.parity.test_parity import SCENARIOS, at_length, briefly
from tests.properties.scenarios import documents, scenario

LIMITS = (0, 40, 300, 1_000, 2_000, 5_000, 20_000, None)


def assert_same(loaded: Scenario, limits: Limits = LIMITS, sims: range | None = None) -> None:
    sims = range(loaded.sims) if sims is None else sims
    engine = CompiledEngine()
    for fleet in loaded.fleets:
        at_once = simulate_under(engine, loaded, fleet, limits, 1, sims)
        each = one_by_one(engine, loaded, fleet, limits, 1, sims)
        assert len(at_once.rows) <= len(each.rows)
        for number in range(len(limits)):
            found, expected = (rows_at(rows, loaded, fleet, limits, number) for rows in (at_once, each))
            assert np.array_equal(found, expected), (fleet, limits[number], found, expected)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_shipped_scenarios(path: Path) -> None:
    loaded = fleetsim.load(path)
    limits = (1_000_000, 2_000_000, 4_000_000, 5_000_000, 30_000_000, None)
    assert_same(loaded, limits, range(max(0, loaded.sims - 15), loaded.sims))


@settings(briefly, max_examples=100)
@given(gears.documents())
def test_days_taken_as_sums(document: dict[str, Any]) -> None:
    assert_same(scenario(document))


@settings(briefly, max_examples=60)
@given(documents())
def test_groups_of_sims(document: dict[str, Any]) -> None:
    assert_same(scenario(document))


@settings(briefly, max_examples=60)
@given(lifecycle_cases())
def test_one_sim_whose_life_changes(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        loaded = fleetsim.load(write(case, Path(folder)))
    assert_same(loaded)


def test_rows_are_shared_where_a_limit_is_never_passed() -> None:
    loaded = fleetsim.load(SCENARIOS[0].parent / "smart-meters.yaml")
    limits = [million * 1_000_000 for million in range(100, 150)]
    at_once = simulate_under(CompiledEngine(), loaded, "meters", limits, 0, range(10))
    assert len(at_once.rows) == 10  # one row each, and not one a limit
    assert set(at_once.first.tolist()) == {0}
    assert set(at_once.last.tolist()) == {49}


@pytest.mark.verify
@pytest.mark.timeout(0)
@at_length
@given(gears.documents())
def test_days_taken_as_sums_at_length(document: dict[str, Any]) -> None:
    assert_same(scenario(document))
