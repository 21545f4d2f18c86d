"""The processes of the reference engine, by name, and how many events each costs."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import simpy

from fleetsim.engines.reference import ReferenceEngine
from fleetsim.scenario.load import load_text

DAY_OF_METER = """
start: 2026-01-01T00:00:00Z
duration: 1 day
seed: 1
platform: {preset: super-sim, limit_propagation: 5 min}
fleets:
  f:
    data_limit: %(limit)s
    any_limit: true
    devices:
      d:
        count: 1
        session: {mode: always-on, first_record: 6 min}
        traffic:
          readings: {arrivals: {process: periodic, every: 1 h, first: 1 min}, upload: 100 B}
        when_blocked: {reconnect: {first: 1 h, factor: 1, max: 1 h}}
%(timeline)s
"""


def events(monkeypatch: pytest.MonkeyPatch, **parts: str) -> Counter[str]:
    """Count how often each process is resumed by an event, its start left out."""
    resumed: Counter[str] = Counter()
    resume = simpy.Process._resume

    def counting(process: simpy.Process, event: simpy.Event) -> Any:
        if not isinstance(event, simpy.events.Initialize):
            resumed[process.name] += 1
        return resume(process, event)

    monkeypatch.setattr(simpy.Process, "_resume", counting)
    scenario = load_text(DAY_OF_METER % ({"limit": "unlimited", "timeline": ""} | parts))
    ReferenceEngine().simulate(scenario, 0, range(1))
    return resumed


def test_below_the_limit_a_sim_costs_its_transfers_and_nothing_else(monkeypatch):
    # 24 readings a day; 240 records close meanwhile, and none of them can decide anything.
    assert events(monkeypatch, limit="2400 B") == {"device": 24}


def test_an_idle_sim_costs_no_event(monkeypatch):
    parts = {"limit": "5 MB", "timeline": ""}
    text = DAY_OF_METER.replace(
        "readings: {arrivals: {process: periodic, every: 1 h, first: 1 min}, upload: 100 B}", "{}"
    )
    monkeypatch.setattr(f"{__name__}.DAY_OF_METER", text)
    assert events(monkeypatch, **parts) == {}


def test_a_crossing_costs_a_record_an_evaluation_and_a_block(monkeypatch):
    # The 11th reading (10 h 1 min) makes 1100 B > 1000 B. That wakes recorder and enforcement, the record of 10 h 6 min
    # closes and is evaluated, the block takes effect. Then attempts every hour from 11 h 6 min to 23 h 6 min.
    assert events(monkeypatch, limit="1000 B") == {
        "device": 24,
        "recorder": 1 + 2,  # woken; the closes at 10 h 6 min and, not knowing the verdict yet, at 10 h 12 min
        "enforcement": 1 + 2 + 1,  # told of the doubt, of two records; the evaluation
        "block": 1,
        "reconnecting": 13,
    }


def test_a_changed_limit_costs_the_owner_and_the_cache_an_event_each_and_the_notice(monkeypatch):
    timeline = "timeline:\n  - {at: 12 h, fleet: f, data_limit: 1 GB}"
    assert events(monkeypatch, limit="5 MB", timeline=timeline) == {"device": 24, "owner": 1, "limit_cache": 1 + 1}


def test_a_billing_period_costs_an_event(monkeypatch):
    monkeypatch.setattr(f"{__name__}.DAY_OF_METER", DAY_OF_METER.replace("5 min}", "5 min, billing_period: 8 h}"))
    assert events(monkeypatch, limit="5 MB") == {"device": 24, "billing_periods": 2}


def test_a_session_on_demand_costs_its_end(monkeypatch):
    on_demand = DAY_OF_METER.replace("{mode: always-on, first_record: 6 min}", "{mode: on-demand, idle_timeout: 30 s}")
    monkeypatch.setattr(f"{__name__}.DAY_OF_METER", on_demand)
    assert events(monkeypatch, limit="5 MB") == {"device": 24, "session": 24, "enforcement": 24}


def test_running_and_continuous_traffic_are_processes_of_their_own(monkeypatch):
    slow = DAY_OF_METER.replace("upload: 100 B}", "upload: 100 B, duration: 1 min}")
    slow = slow.replace(
        "          readings",
        "          s: {arrivals: {process: continuous, from: 2 h, until: 3 h}, upload: 1 B/s}\n          readings",
    )
    monkeypatch.setattr(f"{__name__}.DAY_OF_METER", slow)
    assert events(monkeypatch, limit="5 MB") == {"device": 24, "transfer": 24, "stream": 2}
