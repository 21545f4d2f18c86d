"""The checks that run on every table of the tests can fail."""

from __future__ import annotations

import dataclasses

import pytest

from fleetsim.counted import COUNTED
from fleetsim.engines import engine_named
from fleetsim.scenario.load import load_text
from fleetsim.tables.invariants import check

TEXT = """
start: 2026-01-01
duration: 2 days
seed: 1
platform: {billing_period: 1 day}
fleets:
  f:
    any_limit: true
    data_limit: 1 kB
    devices:
      d: {count: 2, traffic: {x: {arrivals: {process: periodic, every: 1 h, first: 0 s}, upload: 100 B}}}
"""


@pytest.mark.parametrize(
    ("column", "change", "what"),
    [
        ("sim", -1, "number 0"),
        ("period", 1, "first period|without a gap"),
        ("upload_bytes", 1, "was offered"),
        ("overage_metering_bytes", 10_000, "over the limit"),
        ("dns_bytes", 10_000, "are DNS"),
        ("undelivered_bytes", 1, "was offered"),
        ("blocked_ms", 1, "add up"),
        ("blocks", -1, "first instant"),
        ("period_start_ms", 3 * 86_400_000, "starts at the horizon|overlap|numbered"),
        ("fee_due", 1, "due or not"),
    ],
)
def test_a_wrong_row_is_found(column: str, change: int, what: str) -> None:
    scenario = load_text(TEXT)
    counted = engine_named("reference").simulate(scenario, 0, range(2))
    check(scenario, counted)
    rows = counted.rows.copy()
    rows[0, COUNTED.index(column)] += change
    with pytest.raises(AssertionError, match=what):
        check(scenario, dataclasses.replace(counted, rows=rows))
