"""Every key of a scenario changes what a run gives; none is accepted and then ignored."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import fleetsim
from fleetsim.scenario import arrivals, devices, initial, platform, preset, schema, sizes, timeline, trace
from fleetsim.scenario.base import Part
from tests.support import parts_of_a_scenario

SCENARIO = """\
name: keys
start: 2026-03-10T00:00:00Z
duration: 35 days
seed: 7
platform: {preset: super-sim, limit_propagation: {typical: 5 min, typical_share: 0.5, max: 15 min}}
tariff: {preset: super-sim-payg, networks: {US-1: 0.08}}
fleets:
  small:
    data_limit: 1 MB
    devices:
      meter:
        count: 3
        network: US-1
        activation: {at: 1 h, over: 1 day}
        rate_spread: 0.4
        session: {mode: always-on, first_record: 6 min}
        traffic:
          readings:
            arrivals: {process: periodic, every: 1 h, jitter: 1 min, first: 2 min}
            upload: {distribution: lognormal, median: 4 kB, sigma: 0.5}
            download: 150 B
          alarms:
            arrivals: {process: poisson, rate: 1 per h, profile: office-hours}
            upload: {distribution: exponential, mean: 2 kB}
          update:
            arrivals: {process: once, at: 2 days, spread: 4 h, shape: "beta(3, 4)"}
            upload: {distribution: constant, value: 4 KiB}
            download: {distribution: lognormal, mean: 900 kB, sigma: 0.1}
            throughput: 2 kbit/s
          firmware:
            arrivals: {process: once, at: 30 h}
            download: 300 kB
            duration: 2 h
        dns: {query: 70 B, response: 150 B, cache_ttl: 5 min, resolver: public}
        when_blocked:
          reconnect: {first: 1 min, factor: 2, max: 2 h}
          handshake: {upload: 820 B, download: 5.4 kB}
      stuck:
        count: 2
        role: faulty
        traffic:
          loop:
            arrivals: {process: continuous, from: 3 days, until: 31 days}
            upload: 1 kB/s
            download: 10 B/s
          tunnel:
            arrivals: {process: poisson, rate: 2 per day}
            upload: {distribution: uniform, minimum: 1 kB, maximum: 9 kB}
            via: dns
      light:
        count: 2
        traffic:
          pings: {arrivals: {process: periodic, every: 1 day}, upload: 100 B}
  large:
    data_limit: 3 MB
    devices:
      tracker:
        count: 3
        monthly_use: {median: 6 MB, p95: 20 MB}
        initial: {file: sims.csv}
        session: {mode: on-demand, idle_timeout: 30 s}
        traffic:
          positions:
            arrivals: {process: trace, file: trace.csv}
          messages:
            arrivals: {process: on-off, rate: 20 per h, on: 10 min, off: 2 h}
            upload: 300 B
          pictures:
            arrivals: {process: poisson, rate: 1 per h}
            upload: {distribution: gamma, mean: 6 kB, shape: 2.5}
          uploads:
            arrivals: {process: poisson, rate: 1 per day}
            upload: {distribution: pareto, minimum: 10 kB, shape: 1.5, maximum: 200 kB}
          reports:
            arrivals: {process: poisson, rate: 3 per day}
            upload: {distribution: empirical, values: [400 B, 1.2 kB, 9 kB], weights: [5, 3, 0.5]}
timeline:
  - {at: 20 days, fleet: small, data_limit: 2 MB}
  - {at: 21 days, sims: small/stuck, count: 1, status: inactive}
  - {at: 10 days, sims: small/light, count: 1, to: large}
"""
FILES = {
    "sims.csv": "sim,period_start,used_bytes,blocked\n0,2026-02-20T10:00:00Z,2900000,0\n",
    "trace.csv": "sim,time_ms,upload_bytes,download_bytes,duration_ms\n1,60000,180,40,0\n2,60000,52000,900,4000\n",
    "other-sims.csv": "sim,period_start,used_bytes\n1,2026-03-01T10:00:00Z,5\n",
    "other-trace.csv": "time_ms,upload_bytes,download_bytes,duration_ms\n60000,1,2,0\n",
}

METER = "fleets.small.devices.meter"
STUCK = "fleets.small.devices.stuck"
LIGHT = "fleets.small.devices.light"
TRACKER = "fleets.large.devices.tracker"
READINGS, ALARMS, UPDATE = (f"{METER}.traffic.{item}" for item in ("readings", "alarms", "update"))
LOOP, TUNNEL = (f"{STUCK}.traffic.{item}" for item in ("loop", "tunnel"))
POSITIONS, MESSAGES, PICTURES, UPLOADS, REPORTS = (
    f"{TRACKER}.traffic.{item}" for item in ("positions", "messages", "pictures", "uploads", "reports")
)
PROPAGATION = "platform.limit_propagation"


class Change(NamedTuple):
    """Another value for a key, and a column of `sim_periods`, or an entry of the manifest, that it must change.

    `also` is what else has to be said for the value to be taken.
    """

    value: str
    shows_in: str
    also: tuple[str, ...] = ()


Changes = tuple[type[Part], str, dict[str, Change]]

#: Keys that choose which part a mapping is: they are changed by another mapping, for the parts have keys of their own.
CHOOSING = ("process", "mode", "distribution")

#: A part, where SCENARIO has one, and what its keys are changed to.
CHANGES: tuple[Changes, ...] = (
    (
        schema.Scenario,
        "",
        {
            "name": Change("others", "manifest: name"),
            "description": Change("some words", "manifest: description"),
            "start": Change("2026-03-10T00:00:00+01:00", "period_start"),
            "duration": Change("1 month", "complete"),
            "seed": Change("8", "used_bytes"),
            "replications": Change("2", "replication"),
            "timezone": Change("Asia/Tokyo", "used_bytes"),
            "platform": Change("{record_interval: 1 h}", "overage_metering_bytes"),
            "tariff": Change("{fee: 3}", "fee_micros"),
            "fleets": Change(
                "{a: {data_limit: 1 MB, devices: {b: {count: 1, traffic: {}}}}}", "fleet", ("timeline=[]",)
            ),
            "timeline": Change("[]", "blocks"),
        },
    ),
    (
        platform.Platform,
        "platform",
        {
            "record_interval": Change("1 h", "overage_metering_bytes"),
            "record_delay": Change("30 s", "first_blocked_at"),
            "enforcement_delay": Change("1 min", "overage_enforcement_bytes"),
            "limit_propagation": Change("2 h", "blocked_ms"),
            "preset": Change("other", "period_end"),
            "dns_when_blocked": Change("none", "overage_dns_bytes"),
            "dns_counts": Change("false", "overage_bytes"),
            "billing_period": Change("30 days", "period_end"),
        },
    ),
    (
        platform.Propagation,
        PROPAGATION,
        {
            "typical": Change("1 min", "blocked_ms"),
            "typical_share": Change("0.05", "blocked_ms"),
            "max": Change("20 h", "blocked_ms"),
        },
    ),
    (
        platform.Tariff,
        "tariff",
        {
            "preset": Change("other", "fee_micros"),
            "currency": Change("EUR", "manifest: currency"),
            "fee": Change("3", "fee_micros"),
            "per_mb": Change("0.2", "usage_cost_micros"),
            "networks": Change("{}", "usage_cost_micros"),
            "increment": Change("100 kB", "usage_cost_micros"),
        },
    ),
    (
        schema.Fleet,
        "fleets.small",
        {
            "data_limit": Change("3 MB", "first_blocked_at"),
            "devices": Change("{light: {count: 2, traffic: {}}, stuck: {count: 1, traffic: {}}}", "device_group"),
        },
    ),
    (
        devices.DeviceGroup,
        METER,
        {
            "count": Change("4", "sim"),
            "role": Change("faulty", "role"),
            "network": Change("null", "usage_cost_micros"),
            "activation": Change("{at: 1 day}", "period_start"),
            "rate_spread": Change("0.2", "offered_bytes"),
            "session": Change("{mode: on-demand}", "first_blocked_at"),
            "traffic": Change("{}", "used_bytes"),
            "dns": Change("null", "dns_bytes"),
            "when_blocked": Change("null", "overage_dns_bytes"),
        },
    ),
    (devices.DeviceGroup, LIGHT, {"status": Change("ready", "fee_due")}),
    (
        devices.DeviceGroup,
        TRACKER,
        {"initial": Change("null", "carried_bytes"), "monthly_use": Change("null", "offered_bytes")},
    ),
    (devices.Initial, f"{TRACKER}.initial", {"file": Change("other-sims.csv", "carried_bytes")}),
    (
        devices.Activation,
        f"{METER}.activation",
        {"at": Change("2 h", "period_start"), "over": Change("1 h", "period_start")},
    ),
    (
        devices.MonthlyUse,
        f"{TRACKER}.monthly_use",
        {"median": Change("5 MB", "used_bytes"), "p95": Change("10 MB", "used_bytes")},
    ),
    (
        devices.AlwaysOn,
        f"{METER}.session",
        {"mode": Change("{mode: on-demand}", "first_blocked_at"), "first_record": Change("2 min", "first_blocked_at")},
    ),
    (
        devices.OnDemand,
        f"{TRACKER}.session",
        {"mode": Change("{mode: always-on}", "first_blocked_at"), "idle_timeout": Change("2 min", "first_blocked_at")},
    ),
    (
        devices.TrafficItem,
        TUNNEL,
        {
            "arrivals": Change("{process: poisson, rate: 3 per day}", "offered_bytes"),
            "upload": Change("1 kB", "upload_bytes"),
            "download": Change("1 kB", "download_bytes"),
            "via": Change("null", "dns_bytes"),
        },
    ),
    (devices.TrafficItem, f"{METER}.traffic.firmware", {"duration": Change("2 days", "undelivered_bytes")}),
    (devices.TrafficItem, UPDATE, {"throughput": Change("200 bit/s", "first_blocked_at")}),
    (
        arrivals.Periodic,
        f"{READINGS}.arrivals",
        {
            "process": Change("{process: poisson, rate: 1 per h}", "offered_bytes"),
            "every": Change("2 h", "offered_bytes"),
            "jitter": Change("30 min", "used_bytes"),
            "first": Change("30 min", "used_bytes"),
        },
    ),
    (
        arrivals.Poisson,
        f"{ALARMS}.arrivals",
        {
            "process": Change("{process: periodic, every: 2 h}", "offered_bytes"),
            "rate": Change("2 per h", "offered_bytes"),
            "profile": Change("human", "used_bytes"),
        },
    ),
    (
        arrivals.OnOff,
        f"{MESSAGES}.arrivals",
        {
            "process": Change("{process: poisson, rate: 1 per h}", "offered_bytes"),
            "rate": Change("30 per h", "offered_bytes"),
            "on": Change("20 min", "offered_bytes"),
            "off": Change("1 h", "offered_bytes"),
        },
    ),
    (
        arrivals.Once,
        f"{UPDATE}.arrivals",
        {
            "process": Change("{process: periodic, every: 2 h}", "offered_bytes"),
            "at": Change("3 days", "first_blocked_at"),
            "spread": Change("8 h", "first_blocked_at"),
            "shape": Change("beta(1, 9)", "first_blocked_at"),
        },
    ),
    (
        arrivals.Continuous,
        f"{LOOP}.arrivals",
        {
            "process": Change("{process: continuous}", "offered_bytes"),
            "from": Change("4 days", "first_blocked_at"),
            "until": Change("30 days", "offered_bytes"),
        },
    ),
    (
        arrivals.Trace,
        f"{POSITIONS}.arrivals",
        {
            "process": Change("{process: continuous}", "offered_bytes", (f"{POSITIONS}.upload=1 B/s",)),
            "file": Change("other-trace.csv", "offered_bytes"),
        },
    ),
    (
        sizes.ConstantSize,
        f"{UPDATE}.upload",
        {
            "distribution": Change("{distribution: exponential, mean: 4 KiB}", "offered_bytes"),
            "value": Change("4 kB", "offered_bytes"),
        },
    ),
    (
        sizes.UniformSize,
        f"{TUNNEL}.upload",
        {
            "distribution": Change("{distribution: exponential, mean: 5 kB}", "dns_bytes"),
            "minimum": Change("2 kB", "dns_bytes"),
            "maximum": Change("8 kB", "dns_bytes"),
        },
    ),
    (
        sizes.ExponentialSize,
        f"{ALARMS}.upload",
        {
            "distribution": Change("{distribution: gamma, mean: 2 kB, shape: 2}", "offered_bytes"),
            "mean": Change("3 kB", "offered_bytes"),
        },
    ),
    (
        sizes.GammaSize,
        f"{PICTURES}.upload",
        {
            "distribution": Change("{distribution: exponential, mean: 6 kB}", "offered_bytes"),
            "mean": Change("60 kB", "offered_bytes"),
            "shape": Change("0.5", "offered_bytes"),
        },
    ),
    (
        sizes.LogNormalSize,
        f"{READINGS}.upload",
        {
            "distribution": Change("{distribution: exponential, mean: 4 kB}", "offered_bytes"),
            "median": Change("5 kB", "offered_bytes"),
            "sigma": Change("0.6", "offered_bytes"),
        },
    ),
    (sizes.LogNormalSize, f"{UPDATE}.download", {"mean": Change("800 kB", "offered_bytes")}),
    (
        sizes.ParetoSize,
        f"{UPLOADS}.upload",
        {
            "distribution": Change("{distribution: exponential, mean: 30 kB}", "offered_bytes"),
            "minimum": Change("20 kB", "offered_bytes"),
            "shape": Change("1.2", "offered_bytes"),
            "maximum": Change("2 MB", "offered_bytes"),
        },
    ),
    (
        sizes.EmpiricalSize,
        f"{REPORTS}.upload",
        {
            "distribution": Change("{distribution: exponential, mean: 1 kB}", "offered_bytes"),
            "values": Change("[400 B, 1.2 kB, 90 kB]", "offered_bytes"),
            "weights": Change("[5, 3, 50]", "offered_bytes"),
        },
    ),
    (
        devices.Dns,
        f"{METER}.dns",
        {
            "query": Change("71 B", "dns_bytes"),
            "response": Change("151 B", "dns_bytes"),
            "cache_ttl": Change("0 s", "dns_bytes"),
            "resolver": Change("carrier", "overage_dns_bytes"),
        },
    ),
    (
        devices.WhenBlocked,
        f"{METER}.when_blocked",
        {
            "reconnect": Change("{first: 5 min, factor: 1, max: 5 min}", "overage_dns_bytes"),
            "handshake": Change("{upload: 1 B}", "used_bytes"),
        },
    ),
    (
        devices.Reconnect,
        f"{METER}.when_blocked.reconnect",
        {
            "first": Change("2 min", "overage_dns_bytes"),
            "factor": Change("1.1", "overage_dns_bytes"),
            "max": Change("1 h", "overage_dns_bytes"),
        },
    ),
    (
        devices.Handshake,
        f"{METER}.when_blocked.handshake",
        {"upload": Change("821 B", "upload_bytes"), "download": Change("5.5 kB", "download_bytes")},
    ),
    (
        timeline.LimitChange,
        "timeline.0",
        {
            "at": Change("15 days", "blocked_ms"),
            "fleet": Change("large", "blocked_ms"),
            "data_limit": Change("3 MB", "data_limit_bytes"),
        },
    ),
    (
        timeline.StatusChange,
        "timeline.1",
        {
            "at": Change("22 days", "offered_bytes"),
            "sims": Change("small/meter", "offered_bytes"),
            "count": Change("2", "offered_bytes"),
            "status": Change("active", "offered_bytes"),
        },
    ),
    (
        timeline.Move,
        "timeline.2",
        {
            "at": Change("32 days", "fleet"),
            "sims": Change("small/meter", "fleet"),
            "count": Change("2", "fleet"),
            "to": Change("small", "fleet"),
        },
    ),
)

#: The columns of the files: lines that a column's change leaves, and what it must change.
COLUMNS = {
    "sims.csv: sim": ("1,2026-02-20T10:00:00Z,2900000,0", "period_start"),
    "sims.csv: period_start": ("0,2026-02-21T10:00:00Z,2900000,0", "period_end"),
    "sims.csv: used_bytes": ("0,2026-02-20T10:00:00Z,2800000,0", "carried_bytes"),
    "sims.csv: blocked": ("0,2026-02-20T10:00:00Z,2900000,1", "first_blocked_at"),
    "trace.csv: sim": ("0,60000,180,40,0", "offered_bytes"),
    "trace.csv: time_ms": ("1,2700000000,180,40,0", "offered_bytes"),
    "trace.csv: upload_bytes": ("1,60000,181,40,0", "upload_bytes"),
    "trace.csv: download_bytes": ("1,60000,180,41,0", "download_bytes"),
    "trace.csv: duration_ms": ("1,60000,180,40,2600000000", "used_bytes"),
}

EACH = [
    pytest.param(path, key, change, id=f"{path}.{key}".lstrip("."))
    for _, path, changes in CHANGES
    for key, change in changes.items()
]


@pytest.fixture(scope="module", autouse=True)
def other_presets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have a second preset of each kind that has only one, so that the key `preset` has something to change."""
    folder = tmp_path_factory.mktemp("presets") / "presets"
    shutil.copytree(preset._FOLDER, folder)
    for kind, old, new in (
        ("platforms/super-sim", "activation-month", "30 days"),
        ("tariffs/super-sim-payg", "2.00", "4.00"),
    ):
        content = (folder / f"{kind}.yaml").read_text()
        assert old in content
        (folder / kind).with_name("other.yaml").write_text(content.replace(old, new))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preset, "_FOLDER", folder)
        preset.names.cache_clear()
        yield
    preset.names.cache_clear()


@pytest.fixture(scope="module")
def simulate(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Any]]:
    """Run SCENARIO with other values, or with another line in one of its files; what is had from it, by its name."""
    folder = tmp_path_factory.mktemp("keys")

    def run(*overrides: str, **lines: str) -> dict[str, Any]:
        for name, content in FILES.items():
            first, *rest = content.splitlines()
            (folder / name).write_text("\n".join([first, lines.get(Path(name).stem, rest[0]), *rest[1:]]) + "\n")
        (folder / "keys.yaml").write_text(SCENARIO)
        scenario = fleetsim.load(folder / "keys.yaml", overrides)
        assert scenario.warnings == ()
        result = fleetsim.run(scenario, engine="reference", workers=1)
        manifest = {f"manifest: {key}": value for key, value in result.manifest.items()}
        return manifest | result.tables.sim_periods.to_pydict()

    return run


@pytest.fixture(scope="module")
def unchanged(simulate: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    return simulate()


@pytest.mark.parametrize(("path", "key", "change"), EACH)
def test_a_key_changes_what_it_is_for(simulate, unchanged, path, key, change):
    place = path if key in CHOOSING else f"{path}.{key}".lstrip(".")
    assert simulate(f"{place}={change.value}", *change.also)[change.shows_in] != unchanged[change.shows_in]


@pytest.mark.parametrize(("column", "line", "shows_in"), [(c, *change) for c, change in COLUMNS.items()])
def test_a_column_of_a_file_changes_what_it_is_for(simulate, unchanged, column, line, shows_in):
    name = column.split(".")[0]
    assert simulate(**{name: line})[shows_in] != unchanged[shows_in]


def test_any_limit_lets_a_limit_be_any_number_of_bytes(simulate, unchanged):
    with pytest.raises(fleetsim.BadInput, match="whole MB"):
        simulate("fleets.small.data_limit=600 kB")
    found = simulate("fleets.small.any_limit=true", "fleets.small.data_limit=600 kB")
    assert found["first_blocked_at"] != unchanged["first_blocked_at"]


def test_the_same_value_in_other_words_changes_no_row(simulate, unchanged):
    found = simulate("duration=5 weeks", "timezone=Etc/UTC", f"{METER}.dns.response=0.15 kB", "tariff.fee=2")
    columns = [name for name in unchanged if not name.startswith("manifest: ")]
    assert {name: found[name] for name in columns} == {name: unchanged[name] for name in columns}


def test_no_key_of_a_scenario_is_left_out_here():
    changed: dict[type[Part], set[str]] = {model: set() for model in parts_of_a_scenario()}
    for model, _, changes in CHANGES:
        changed[model] |= set(changes)
    changed[schema.Fleet].add("any_limit")
    assert changed == {model: set(model.public_keys()) for model in parts_of_a_scenario()}


def test_no_column_of_a_file_is_left_out_here():
    sims = {f"sims.csv: {name}" for name in (*initial._REQUIRED, *initial._OPTIONAL)}
    assert set(COLUMNS) == sims | {f"trace.csv: {name}" for name in trace._COLUMNS}
