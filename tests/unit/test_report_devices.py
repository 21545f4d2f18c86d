"""What devices do, as a page tells it among what was assumed."""

from __future__ import annotations

from pathlib import Path

import pytest

import fleetsim
from fleetsim.report.devices import devices
from fleetsim.scenario.load import load_text
from tests.cli.conftest import LITTLE

DOCS = Path(__file__).parents[2] / "docs"
READINGS = "every 15 min, jitter 30 s, first 1 min, upload lognormal median 800 B sigma 0.5, download 150 B"


def test_each_group_is_told_with_its_traffic_its_lookups_and_what_it_does_while_blocked() -> None:
    told = dict(devices(fleetsim.load(DOCS / "every-key.yaml")))
    assert list(told) == ["Devices meter of meters", "Devices stuck of meters", "Devices tracker of trackers"]
    meter, stuck, tracker = told.values()
    for said in (
        f"readings: periodic, {READINGS}",
        "alarms: poisson, rate 6 per day, profile of 24 values, upload exponential mean 2 kB",
        "rates differ between SIMs by a sigma of 0.4",
        "looks names up, 70 B up and 150 B down, kept for 5 min, at a public resolver",
        "blocked, it tries again after 1 s, each time 2 times as late, up to 2 min; back, it moves 820 B up",
    ):
        assert said in meter
    assert "loop: continuous, from 8 days 4 h, until 31 days, upload 280 kB/s;" in stuck
    assert stuck.endswith("through DNS")
    assert "use differs between SIMs, median 60 MB, p95 200 MB a month" in tracker
    assert "values 400 B 1200 B 9 kB weights 5 3 0.5" in tracker
    assert "a session ends when it has been idle for 30 s" in tracker


@pytest.mark.parametrize(("traffic", "said"), [("{}", "no traffic of its own"), (None, "readings: ")])
def test_of_a_single_fleet_the_group_stands_alone(traffic: str | None, said: str) -> None:
    changed = [] if traffic is None else [f"fleets.meters.devices.meter.traffic={traffic}"]
    name, text = devices(load_text(LITTLE, changed))[0]
    assert name == "Devices meter"
    assert text.startswith(said)


def test_of_many_groups_the_scenario_tells() -> None:
    more = [f"fleets.meters.devices.more{i}={{count: 1, traffic: {{}}}}" for i in range(13)]
    assert devices(load_text(LITTLE, more)) == []
