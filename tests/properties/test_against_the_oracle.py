"""The reference engine against an independent, naive reading of the model, over random cases full of ties."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

import fleetsim
from tests.oracle import oracle
from tests.oracle.strategies import cases
from tests.oracle.to_yaml import write
from tests.support import plain_rows

EXAMPLES = 400


def assert_engine_agrees(case: oracle.Case) -> None:
    expected, _ = oracle.simulate(case)[:2]
    with tempfile.TemporaryDirectory() as folder:
        scenario = fleetsim.load(write(case, Path(folder)))
    rows = plain_rows(fleetsim.run(scenario, engine="reference", workers=1))
    found = [{name: row[name] for name in expected[0]} for row in rows] if expected else rows
    assert found == expected


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(cases())
def test_the_reference_engine_gives_the_oracles_rows(case: oracle.Case) -> None:
    assert_engine_agrees(case)


@pytest.mark.verify
@pytest.mark.timeout(0)
@settings(
    max_examples=int(os.environ.get("FLEETSIM_ORACLE_CASES", "20000")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(cases())
def test_the_reference_engine_gives_the_oracles_rows_at_length(case: oracle.Case) -> None:
    assert_engine_agrees(case)
