"""Both engines give the same rows for traffic by functions, in all gears, whatever else happens."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetsim.engines import engine_named
from fleetsim.engines.compiled.engine import CompiledEngine
from fleetsim.scenario.load import load_text
from fleetsim.scenario.schema import Scenario
from tests.extension.functions import ARRIVALS, ITEM, SIZES, on_the_grid, own, scenario, small
from tests.parity import gears
from tests.parity.test_many_limits import assert_same
from tests.parity.test_parity import assert_parity, briefly
from tests.properties.scenarios import documents

LIMITS = (0, 300, 2_000, 12_000, 40_000, None)
STREAMS = ("continuous", "trace")


@st.composite
def with_functions(draw: Any, of: st.SearchStrategy[dict[str, Any]]) -> Scenario:
    """A random scenario in which functions take the place of some arrivals and sizes, of one at least."""
    document = draw(of)
    for fleet in document["fleets"].values():
        for group in fleet["devices"].values():
            group.pop("monthly_use", None)  # its sizes need a mean that is known
    loaded = load_text(json.dumps(document))
    places = [
        f"fleets.{fleet}.devices.{group}.traffic.{name}"
        for fleet, content in loaded.fleets.items()
        for group, devices in content.devices.items()
        for name, item in devices.traffic.items()
        if item.arrivals.process not in STREAMS
    ]
    for number, place in enumerate(places):
        if draw(st.booleans()) or number == 0:
            loaded = loaded.with_arrivals(place, draw(st.sampled_from(ARRIVALS)))
        for way in ("upload", "download"):
            if draw(st.integers(0, 2)) == 0:
                loaded = loaded.with_sizes(f"{place}.{way}", draw(st.sampled_from(SIZES)))
    return loaded


@settings(briefly, max_examples=60)
@given(with_functions(gears.documents()))
def test_days_taken_as_sums_and_days_lived_instant_by_instant(loaded: Scenario) -> None:
    assert_parity(loaded, kept=("none",))
    in_sums, by_event = (
        CompiledEngine(by_event=only).simulate(loaded, 0, range(loaded.sims)) for only in (False, True)
    )
    assert np.array_equal(in_sums.rows, by_event.rows)
    assert np.array_equal(in_sums.blocked, by_event.blocked)


@settings(briefly, max_examples=40)
@given(with_functions(documents()))
def test_groups_of_sims_with_sessions_and_kept_records(loaded: Scenario) -> None:
    assert_parity(loaded)


@settings(briefly, max_examples=30)
@given(with_functions(gears.documents()))
def test_many_limits_at_once(loaded: Scenario) -> None:
    assert_same(loaded, LIMITS)


@pytest.mark.parametrize(
    "arrivals",
    [
        {"process": "periodic", "every": "5 h", "jitter": "4 h"},
        {"process": "periodic", "every": "5 h", "first": "1 h"},
        {"process": "poisson", "rate": "9 per day", "profile": "office-hours"},
        {"process": "poisson", "rate": "3000 per day"},
        {"process": "on-off", "rate": "2 per h", "on": "5 h", "off": "20 h"},
        {"process": "once", "at": "3 days", "spread": "1 day"},
    ],
    ids=lambda arrivals: "-".join(map(str, arrivals.values())),
)
def test_sizes_by_a_function_go_with_every_process(arrivals: dict[str, str]) -> None:
    loaded = scenario(f"{ITEM}.arrivals={json.dumps(arrivals)}", "fleets.f.devices.x.rate_spread=0.5")
    assert_parity(loaded.with_sizes(f"{ITEM}.upload", small).with_sizes(f"{ITEM}.download", small), kept=("none",))


def test_transfers_that_take_time() -> None:
    assert_parity(own())
    for override in (f"{ITEM}.throughput=10 bit/s", f"{ITEM}.duration=3 h"):
        loaded = scenario(override).with_arrivals(ITEM, on_the_grid).with_sizes(f"{ITEM}.upload", small)
        assert_parity(loaded)


def test_the_rows_hold_what_the_functions_returned() -> None:
    """Counted here from the functions themselves, with neither engine nor traffic."""
    loaded = scenario("fleets.f.data_limit=unlimited", "fleets.f.devices.x.activation.over=0 s")
    loaded = loaded.with_arrivals(ITEM, fixed_instants).with_sizes(f"{ITEM}.upload", fixed_sizes)
    loaded = loaded.with_sizes("fleets.f.devices.x.traffic.b.upload", nothing)
    for engine in ("reference", "compiled"):
        rows = engine_named(engine).simulate(loaded, 0, range(loaded.sims)).rows
        offered = rows[:, 7].reshape(loaded.sims, -1).sum(axis=1)
        assert offered.tolist() == [sum(range(number + 1)) + 20 * (number + 1) for number in range(loaded.sims)]


def fixed_instants(random: Any, sim: Any) -> Any:
    return np.arange(sim.number + 1) * 1000.0


def fixed_sizes(random: Any, sim: Any, n: int) -> Any:
    return range(n)


def nothing(random: Any, sim: Any, n: int) -> Any:
    return np.zeros(n, np.uint8)
