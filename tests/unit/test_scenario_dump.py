"""A scenario written out is the scenario."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenario_texts import SMALL, SMART_METERS

from fleetsim.scenario import dump, input_files, json_schema, load, load_text, resolved, scenario_hash

GROUP = "fleets.meters.devices.meter"
ITEM = f"{GROUP}.traffic.readings"
TRACE = "time_ms,upload_bytes,download_bytes,duration_ms\n1,2,3,4\n"

durations = st.one_of(
    st.integers(1, 10**10).map(lambda n: f"{n} ms"),
    st.integers(1, 2000).map(lambda n: f"{n / 8} h"),
)
sizes = st.one_of(
    st.integers(1, 2**39).map(lambda n: f"{n} B"),
    st.tuples(st.sampled_from(["kB", "KiB", "MB"]), st.integers(1, 1000)).map(lambda p: f"{p[1]} {p[0]}"),
)
decimals = st.decimals("0.01", "9", places=3).map(str)
laws = st.one_of(
    sizes,
    st.builds("{{distribution: exponential, mean: {}}}".format, sizes),
    st.builds("{{distribution: gamma, mean: {}, shape: {}}}".format, sizes, decimals),
    st.builds("{{distribution: lognormal, median: {}, sigma: {}}}".format, sizes, decimals),
    st.builds("{{distribution: lognormal, mean: {}, sigma: {}}}".format, sizes, decimals),
    st.builds("{{distribution: pareto, minimum: {}, shape: 1{}}}".format, sizes, decimals),
    st.builds(
        "{{distribution: empirical, values: [{}, {}], weights: [{}, {}]}}".format, sizes, sizes, decimals, decimals
    ),
)
arrivals = st.one_of(
    st.builds("{{process: once, at: {}, spread: {}}}".format, durations, durations),
    st.builds("{{process: periodic, every: 3 h, jitter: 7 ms, first: {}}}".format, durations),
    st.builds("{{process: poisson, rate: {} per {}}}".format, decimals, st.sampled_from(["min", "h", "day", "week"])),
)
names = st.text(st.characters(exclude_characters="./", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1).filter(
    lambda text: text.isprintable() and text.strip() and len(text) <= 100
)
odd_names = st.sampled_from(["null", "true", "2026", "0x1", "<<", "- a", "#", "a: b", "~", "'", '"', "yes", " a "])


@given(laws, laws, arrivals, durations, st.integers(0, 2**63 - 1), st.booleans())
def test_a_dumped_scenario_loads_as_an_equal_one(
    upload: str, download: str, process: str, length: str, seed: int, counts: bool
) -> None:
    changes = [
        f"{ITEM}.arrivals={process}",
        # Few of the drawn laws fit into a petabyte a month: the volume is another test's matter.
        "duration=1 s",
        f"{ITEM}.upload={upload}",
        f"{ITEM}.download={download}",
        f"{ITEM}.duration={length}",
        f"{GROUP}.session={{mode: on-demand, idle_timeout: {length}}}",
        f"{GROUP}.when_blocked={{reconnect: {{first: 1 s, factor: 1.0625, max: 1 h}}}}",
        f"seed={seed}",
        f"platform={{dns_counts: {str(counts).lower()}, enforcement_delay: {length}}}",
    ]
    scenario = load_text(SMALL, changes)
    again = load_text(dump(scenario))
    assert again == scenario
    assert dump(again) == dump(scenario)
    assert scenario_hash(again) == scenario_hash(scenario)


@given(st.one_of(names, odd_names), st.one_of(names, odd_names), st.text(st.characters(codec="utf-8"), max_size=40))
def test_any_name_survives(fleet: str, group: str, description: str) -> None:
    text = json.dumps({"start": "2026-01-01", "duration": "1 day", "seed": 1, "name": fleet}, ensure_ascii=False)[:-1]
    devices = json.dumps({group: {"count": 1, "traffic": {}}}, ensure_ascii=False)
    fleets = json.dumps(fleet, ensure_ascii=False) + f': {{"data_limit": "1 MB", "devices": {devices}}}'
    shown = "".join(c for c in description if c.isprintable() or c == "\n")
    about = json.dumps(shown, ensure_ascii=False)
    scenario = load_text(f'{text}, "description": {about}, "fleets": {{{fleets}}}}}')
    assert list(scenario.fleets) == [fleet]
    assert list(scenario.fleets[fleet].devices) == [group]
    assert scenario.description == shown
    assert load_text(dump(scenario)) == scenario


@pytest.mark.parametrize(
    "change",
    [
        "platform=super-sim",
        "platform.record_interval=none",
        "platform.limit_propagation=0 s",
        "platform.limit_propagation={typical: 1 s, typical_share: 1, max: 1 s}",
        "platform.billing_period=7 days",
        "start=2026-01-11T10:00:00.007Z",
        "fleets.meters.data_limit=unlimited",
        f"{GROUP}.session={{mode: always-on, first_record: 6 min}}",
        f"{ITEM}.via=dns",
        f"{ITEM}.throughput=9.6 kbit/s",
        f"{GROUP}.network=a b",
        "tariff.networks={US-1: 0.000001, 'null': 12}",
        f"{ITEM}.arrivals={{process: once, at: 1 h, spread: 4 h, shape: 'beta(3, 0.125)'}}",
        f"{ITEM}.upload={{distribution: empirical, values: [7 B, 0 B, 7 B]}}",
        f"{ITEM}.upload={{distribution: empirical, values: [7 B, 0 B], weights: [0, 0.000001]}}",
        f"{ITEM}.upload={{distribution: uniform, minimum: 0 B, maximum: 7 B}}",
        f"{ITEM}.upload={{distribution: lognormal, median: 7 B, sigma: 0.001}}",
        f"{ITEM}={{arrivals: {{process: continuous, from: 1 h}}, download: 3 B/s}}",
        f"{ITEM}={{arrivals: {{process: continuous, until: 1 h}}, upload: 0 B/s}}",
    ],
)
def test_special_values_survive(change: str) -> None:
    scenario = load_text(SMART_METERS, [change])
    assert load_text(dump(scenario)) == scenario


def test_a_resolved_scenario_has_no_preset_and_canonical_units() -> None:
    content = resolved(load_text(SMALL, ["platform.record_interval=90 s", "fleets.meters.data_limit=0.005 GB"]))
    assert content["platform"]["record_interval"] == "1 min 30 s"
    assert content["platform"]["limit_propagation"]["typical"] == "5 min"
    assert "preset" not in content["platform"]
    assert content["fleets"]["meters"]["data_limit"] == "5 MB"
    assert content["duration"] == "31 days"
    assert str(content["tariff"]["fee"]) == "2.00"


@pytest.mark.parametrize("change", ["name=other", "description=other", "replications=7", "duration=31 days"])
def test_what_moves_no_row_leaves_the_hash(change: str) -> None:
    assert scenario_hash(load_text(SMALL, [change])) == scenario_hash(load_text(SMALL))


@pytest.mark.parametrize(
    "change",
    [
        "seed=2",
        "start=2026-01-02",
        "duration=30 days",
        "platform.dns_counts=false",
        "tariff.fee=2.01",
        "tariff.currency=EUR",
        "tariff.networks={US-1: 0.1}",
        f"{GROUP}.network=US-1",
        "fleets.meters.data_limit=6 MB",
        "fleets.other={data_limit: 6 MB, devices: {}}",
        f"{GROUP}.count=4",
        f"{ITEM}.upload=801 B",
        "timeline=[{at: 1 h, fleet: meters, data_limit: 6 MB}]",
    ],
)
def test_what_moves_a_row_or_money_moves_the_hash(change: str) -> None:
    assert scenario_hash(load_text(SMALL, [change])) != scenario_hash(load_text(SMALL))


def test_the_order_of_fleets_moves_the_hash() -> None:
    first, second = "  a: {data_limit: 1 MB, devices: {}}\n", "  b: {data_limit: 1 MB, devices: {}}\n"
    assert scenario_hash(load_text(SMALL + first + second)) != scenario_hash(load_text(SMALL + second + first))


def test_a_trace_counts_by_its_content_and_can_be_renamed(tmp_path: Path) -> None:
    text = SMALL.replace("{process: periodic, every: 15 min}", "{process: trace, file: t.csv}").replace(
        "            upload: 800 B\n", ""
    )
    (tmp_path / "s.yaml").write_text(text)
    (tmp_path / "t.csv").write_text(TRACE)
    scenario = load(tmp_path / "s.yaml")
    assert [(file.place, file.path) for file in input_files(scenario)] == [
        (("meters", "meter", "readings"), tmp_path / "t.csv")
    ]

    (tmp_path / "out" / "traces").mkdir(parents=True)
    (tmp_path / "out" / "traces" / "0.csv").write_text(TRACE)
    renamed = dump(scenario, {("meters", "meter", "readings"): "traces/0.csv"})
    (tmp_path / "out" / "scenario.yaml").write_text(renamed)
    again = load(tmp_path / "out" / "scenario.yaml")
    assert scenario_hash(again) == scenario_hash(scenario)
    assert again.trace("meters", "meter", "readings") == scenario.trace("meters", "meter", "readings")

    (tmp_path / "t.csv").write_text(TRACE + "5,2,3,4\n")
    assert scenario_hash(load(tmp_path / "s.yaml")) != scenario_hash(scenario)


def test_a_scenario_travels_to_another_process_with_its_traces(tmp_path: Path) -> None:
    text = SMALL.replace("{process: periodic, every: 15 min}", "{process: trace, file: t.csv}").replace(
        "            upload: 800 B\n", ""
    )
    (tmp_path / "s.yaml").write_text(text)
    (tmp_path / "t.csv").write_text(TRACE)
    scenario = load(tmp_path / "s.yaml")
    copy = pickle.loads(pickle.dumps(scenario))
    assert copy == scenario
    assert copy.trace("meters", "meter", "readings").upload_bytes.tolist() == [2]


def test_the_json_schema_describes_each_key() -> None:
    schema = json_schema()
    assert set(schema["required"]) == {"start", "duration", "seed", "fleets"}
    assert set(schema["$defs"]["DeviceGroup"]["required"]) == {"count", "traffic"}
    parts = {"scenario": schema, **schema["$defs"]}
    for name, part in parts.items():
        for option in part.get("anyOf", [part]):
            for key, content in option.get("properties", {}).items():
                assert "const" in content or content.get("description"), f"{name}.{key} says nothing"
                assert not key.endswith(("_ms", "_bytes", "_micros", " rate")), f"{name}.{key} is no key of a file"


def test_importing_the_room_loads_no_yaml_parser() -> None:
    code = "import sys, fleetsim.scenario; print([m for m in sys.modules if m.startswith('ruamel')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
