"""The reference engine against an independent, naive reading of the model, over random cases full of ties."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

import fleetsim
from tests.oracle.case import Case
from tests.oracle.lifecycle import lifecycle_cases
from tests.oracle.oracle import Event, UsageRecord, Walk
from tests.oracle.strategies import cases
from tests.oracle.to_yaml import FLEETS, write
from tests.support import plain_rows

EXAMPLES = 400
CASES_AT_LENGTH = int(os.environ.get("FLEETSIM_ORACLE_CASES", "20000"))
# Statuses, moves and initial, and what is kept with records="all".
LIFECYCLE = True

lifecycle = pytest.mark.skipif(not LIFECYCLE, reason="statuses, moves and initial are not in this release")
briefly = settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
at_length = settings(
    max_examples=CASES_AT_LENGTH, derandomize=False, deadline=None, suppress_health_check=list(HealthCheck)
)


def assert_engine_agrees(case: Case) -> None:
    walk = Walk(case).run()
    expected = [row | {"fleet": FLEETS[row["fleet"]]} for row in walk.rows]
    with tempfile.TemporaryDirectory() as folder:
        scenario = fleetsim.load(write(case, Path(folder)))
        kept: dict[str, Any] = {"records": "all"} if LIFECYCLE else {}
        result = fleetsim.run(scenario, engine="reference", workers=1, **kept)
    rows = plain_rows(result)
    found = [{name: row[name] for name in expected[0]} for row in rows] if expected else rows
    assert found == expected
    if LIFECYCLE:
        assert records(result) == walk.records
        assert events(result) == walk.events


def records(result: fleetsim.Result) -> list[UsageRecord]:
    """Return the records that were kept, as the oracle gives them: times as ms since the scenario's start."""
    frame = result.usage_records
    times = [since_start(result, frame[name]) for name in ("record_start", "record_end")]
    columns = [frame[name] for name in ("upload_bytes", "download_bytes", "dns_bytes")]
    return [UsageRecord(*values) for values in zip(frame["period"], frame["session"], *times, *columns, strict=True)]


def events(result: fleetsim.Result) -> list[Event]:
    frame = result.events
    limits = [None if pd.isna(limit) else int(limit) for limit in frame["data_limit_bytes"]]
    times = since_start(result, frame["time"])
    return [Event(*e) for e in zip(times, frame["period"], frame["event"], limits, frame["cause"], strict=True)]


def since_start(result: fleetsim.Result, moments: pd.Series[Any]) -> list[int]:
    start = pd.Timestamp(result.scenario.start_ms, unit="ms", tz="UTC")
    return [int((moment - start) // pd.Timedelta(1, "ms")) for moment in moments]


@briefly
@given(cases())
def test_the_reference_engine_gives_the_oracles_rows(case: Case) -> None:
    assert_engine_agrees(case)


@lifecycle
@briefly
@given(lifecycle_cases())
def test_the_reference_engine_gives_the_oracles_rows_of_a_lifecycle(case: Case) -> None:
    assert_engine_agrees(case)


@pytest.mark.verify
@pytest.mark.timeout(0)
@at_length
@given(cases())
def test_the_reference_engine_gives_the_oracles_rows_at_length(case: Case) -> None:
    assert_engine_agrees(case)


@lifecycle
@pytest.mark.verify
@pytest.mark.timeout(0)
@at_length
@given(lifecycle_cases())
def test_the_reference_engine_gives_the_oracles_rows_of_a_lifecycle_at_length(case: Case) -> None:
    assert_engine_agrees(case)
