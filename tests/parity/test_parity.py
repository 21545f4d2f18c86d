"""The compiled engine gives the reference engine's rows, blocks, records and events, to the byte."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import fleetsim
from fleetsim.counted import COUNTED, HAPPENED, RECORDED, Kept
from fleetsim.engines import engine_named
from fleetsim.engines.compiled.engine import CompiledEngine
from fleetsim.scenario.schema import Scenario
from tests.oracle.case import Case
from tests.oracle.lifecycle import lifecycle_cases
from tests.oracle.strategies import cases
from tests.oracle.to_yaml import write
from tests.parity import gears
from tests.properties.scenarios import documents, scenario

SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))
NAMES = {"rows": COUNTED, "blocked": ("sim", "fleet", "from", "until"), "records": RECORDED, "events": HAPPENED}

briefly = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
at_length = settings(
    max_examples=int(os.environ.get("FLEETSIM_PARITY_CASES", "5000")),
    derandomize=False,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def assert_parity(loaded: Scenario, sims: range | None = None, kept: tuple[Kept, ...] = ("none", "all")) -> None:
    sims = range(loaded.sims) if sims is None else sims
    for records in kept:
        reference, compiled = (
            engine_named(name).simulate(loaded, 0, sims, records) for name in ("reference", "compiled")
        )
        for table, names in NAMES.items():
            expected, found = getattr(reference, table), getattr(compiled, table)
            assert found.shape == expected.shape, (table, records, found, expected)
            row, column = np.nonzero(found != expected)
            differences = [
                (names[c], expected[r].tolist(), found[r].tolist()) for r, c in zip(row, column, strict=True)
            ]
            assert not differences, (table, records, differences[:3])


def assert_parity_of_case(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        loaded = fleetsim.load(write(case, Path(folder)))
    assert_parity(loaded)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_shipped_scenarios(path: Path) -> None:
    loaded = fleetsim.load(path)
    assert_parity(loaded, range(max(0, loaded.sims - 15), loaded.sims), ("none", "traffic"))
    assert_parity(loaded, range(min(15, loaded.sims)), ("none",))


@briefly
@given(cases())
def test_one_sim_full_of_ties(case: Case) -> None:
    assert_parity_of_case(case)


@briefly
@given(lifecycle_cases())
def test_one_sim_whose_life_changes(case: Case) -> None:
    assert_parity_of_case(case)


@settings(briefly, max_examples=60)
@given(documents())
def test_groups_of_sims(document: dict[str, Any]) -> None:
    assert_parity(scenario(document))


@pytest.mark.verify
@pytest.mark.timeout(0)
@at_length
@given(cases() | lifecycle_cases())
def test_one_sim_at_length(case: Case) -> None:
    assert_parity_of_case(case)


@settings(briefly, max_examples=120)
@given(gears.documents())
def test_days_taken_as_sums_and_days_lived_instant_by_instant(document: dict[str, Any]) -> None:
    loaded = scenario(document)
    assert_parity(loaded, kept=("none",))
    in_sums, by_event = (
        CompiledEngine(by_event=only).simulate(loaded, 0, range(loaded.sims)) for only in (False, True)
    )
    assert np.array_equal(in_sums.rows, by_event.rows)
    assert np.array_equal(in_sums.blocked, by_event.blocked)


@pytest.mark.verify
@pytest.mark.timeout(0)
@at_length
@given(gears.documents())
def test_the_gears_at_length(document: dict[str, Any]) -> None:
    assert_parity(scenario(document), kept=("none",))
