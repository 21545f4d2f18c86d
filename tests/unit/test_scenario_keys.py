"""Every key changes the model in the way it says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from pydantic import ValidationError
from scenario_texts import SMALL, SMART_METERS

from fleetsim.draws.laws import Constant, Empirical, Exponential, Gamma, LogNormal, Pareto, Uniform
from fleetsim.scenario import Scenario, load, load_text
from fleetsim.scenario.schema import DeviceGroup, Fleet, TrafficItem
from fleetsim.scenario.shapes import Beta

GROUP = "fleets.meters.devices.meter"
ITEM = f"{GROUP}.traffic.readings"


def fleet(scenario: Scenario) -> Fleet:
    return scenario.fleets["meters"]


def group(scenario: Scenario) -> DeviceGroup:
    return fleet(scenario).devices["meter"]


def item(scenario: Scenario) -> TrafficItem:
    return group(scenario).traffic["readings"]


def arrivals(scenario: Scenario) -> Any:
    return item(scenario).arrivals


DAY = 86_400_000
PROPAGATION = "platform.limit_propagation"
RECONNECT = "{reconnect: {first: 1 s, factor: 1.1, max: 2 min}}"


@pytest.mark.parametrize(
    ("override", "read", "value"),
    [
        ("name=x", lambda s: s.name, "x"),
        ("name=12", lambda s: s.name, "12"),
        ("description=some words", lambda s: s.description, "some words"),
        ("start=2026-03-01T01:00:00+01:00", lambda s: s.start, datetime(2026, 3, 1, tzinfo=UTC)),
        ("start=2026-03-01", lambda s: s.start_ms, 1_772_323_200_000),
        ("start=2026-03-01T00:00:00.250", lambda s: s.start_ms, 1_772_323_200_250),
        ("duration=36 h", lambda s: s.horizon_ms, 129_600_000),
        ("duration=2 months", lambda s: s.horizon_ms, 59 * DAY),
        ("duration=2months", lambda s: s.horizon_ms, 59 * DAY),
        ("duration=2 months", lambda s: s.end, datetime(2026, 3, 1, tzinfo=UTC)),
        ("seed=9223372036854775807", lambda s: s.seed, 2**63 - 1),
        ("replications=20", lambda s: s.replications, 20),
        ("timezone=UTC", lambda s: s.timezone, "UTC"),
        ("platform.record_interval=1 min", lambda s: s.platform.record_interval_ms, 60_000),
        ("platform.record_interval=none", lambda s: s.platform.record_interval_ms, None),
        ("platform.record_delay=1 s", lambda s: s.platform.record_delay_ms, 1000),
        ("platform.enforcement_delay=2 s", lambda s: s.platform.enforcement_delay_ms, 2000),
        (f"{PROPAGATION}=3 min", lambda s: s.platform.limit_propagation.max_ms, 180_000),
        (f"{PROPAGATION}=3 min", lambda s: s.platform.limit_propagation.typical_ms, 180_000),
        (f"{PROPAGATION}=0 s", lambda s: s.platform.limit_propagation.fixed, True),
        (f"{PROPAGATION}.max=20 min", lambda s: s.platform.limit_propagation.max_ms, 1_200_000),
        (f"{PROPAGATION}.max=20 min", lambda s: s.platform.limit_propagation.fixed, False),
        (f"{PROPAGATION}.typical=1 min", lambda s: s.platform.limit_propagation.typical_ms, 60_000),
        (f"{PROPAGATION}.typical_share=0.9", lambda s: s.platform.limit_propagation.typical_share, Fraction(9, 10)),
        ("platform.dns_when_blocked=none", lambda s: s.platform.dns_when_blocked, "none"),
        ("platform.dns_counts=false", lambda s: s.platform.dns_counts, False),
        ("platform.billing_period=calendar-month", lambda s: s.platform.billing_period, "calendar-month"),
        ("platform.billing_period=30 days", lambda s: s.platform.billing_period, 30 * DAY),
        ("tariff.currency=EUR", lambda s: s.tariff.currency, "EUR"),
        ("tariff.fee=0.4", lambda s: s.tariff.fee_micros, 400_000),
        ("tariff.per_mb=0.0025", lambda s: s.tariff.per_mb_micros, 2500),
        ("tariff.networks={US-1: 0.2, DE-1: 0}", lambda s: s.tariff.networks, {"US-1": 200_000, "DE-1": 0}),
        ("tariff.networks.US-1=0.000001", lambda s: s.tariff.networks, {"US-1": 1}),
        ("tariff.increment=100 kB", lambda s: s.tariff.increment_bytes, 100_000),
        ("fleets.meters.data_limit=unlimited", lambda s: fleet(s).data_limit_bytes, None),
        ("fleets.meters.data_limit=2 TB", lambda s: fleet(s).data_limit_bytes, 2_000_000_000_000),
        ("fleets.meters.any_limit=true", lambda s: fleet(s).any_limit, True),
        ("fleets.new={data_limit: 1 MB, devices: {}}", lambda s: list(s.fleets), ["meters", "new"]),
        ("fleets.new={data_limit: 1 MB}", lambda s: s.fleets["new"].devices, {}),
        (f"{GROUP}.count=7", lambda s: s.sims, 7),
        (f"{GROUP}.role=faulty", lambda s: group(s).role, "faulty"),
        (f"{GROUP}.network=US-1", lambda s: group(s).network, "US-1"),
        (f"{GROUP}.status=active", lambda s: group(s).status, "active"),
        (f"{GROUP}.activation.at=1 day", lambda s: group(s).activation.at_ms, DAY),
        (f"{GROUP}.activation.at=2026-01-03T00:00:00Z", lambda s: group(s).activation.at_ms, 2 * DAY),
        (f"{GROUP}.activation.over=1 h", lambda s: group(s).activation.over_ms, 3_600_000),
        (f"{GROUP}.session={{mode: always-on, first_record: 6 min}}", lambda s: group(s).session.first_record_ms, 360_000),
        (f"{GROUP}.session.mode=on-demand", lambda s: group(s).session.idle_timeout_ms, 30_000),
        (f"{GROUP}.session={{mode: on-demand, idle_timeout: 1 s}}", lambda s: group(s).session.idle_timeout_ms, 1000),
        (f"{GROUP}.traffic={{}}", lambda s: group(s).traffic, {}),
        (f"{GROUP}.dns={{}}", lambda s: group(s).dns.query_bytes, 70),
        (f"{GROUP}.dns={{}}", lambda s: group(s).dns.response_bytes, 150),
        (f"{GROUP}.dns={{}}", lambda s: group(s).dns.cache_ttl_ms, 0),
        (f"{GROUP}.dns={{}}", lambda s: group(s).dns.resolver, "public"),
        (f"{GROUP}.dns=null", lambda s: group(s).dns, None),
        (f"{GROUP}.dns.query=60 B", lambda s: group(s).dns.query_bytes, 60),
        (f"{GROUP}.dns.response=61 B", lambda s: group(s).dns.response_bytes, 61),
        (f"{GROUP}.dns.cache_ttl=5 min", lambda s: group(s).dns.cache_ttl_ms, 300_000),
        (f"{GROUP}.dns.resolver=carrier", lambda s: group(s).dns.resolver, "carrier"),
        (f"{GROUP}.when_blocked={RECONNECT}", lambda s: group(s).when_blocked.reconnect.first_ms, 1000),
        (f"{GROUP}.when_blocked={RECONNECT}", lambda s: group(s).when_blocked.reconnect.factor, Fraction(11, 10)),
        (f"{GROUP}.when_blocked={RECONNECT}", lambda s: group(s).when_blocked.reconnect.max_ms, 120_000),
        (f"{GROUP}.when_blocked={RECONNECT}", lambda s: group(s).when_blocked.handshake.upload_bytes, 0),
        (
            f"{GROUP}.when_blocked={RECONNECT[:-1]}, handshake: {{upload: 820 B, download: 5.4 kB}}}}",
            lambda s: (group(s).when_blocked.handshake.upload_bytes, group(s).when_blocked.handshake.download_bytes),
            (820, 5400),
        ),
        (f"{ITEM}.arrivals.every=1 min", lambda s: arrivals(s).every_ms, 60_000),
        (f"{ITEM}.arrivals.jitter=1 s", lambda s: arrivals(s).jitter_ms, 1000),
        (f"{ITEM}.arrivals.first=0 s", lambda s: arrivals(s).first_ms, 0),
        (f"{ITEM}.arrivals={{process: poisson, rate: 6 per week}}", lambda s: arrivals(s).rate_per_day, Fraction(6, 7)),
        (f"{ITEM}.arrivals={{process: once, at: 2026-01-02T00:00:00Z}}", lambda s: arrivals(s).at_ms, DAY),
        (f"{ITEM}.arrivals={{process: once, at: 1 h, spread: 4 h}}", lambda s: arrivals(s).spread_ms, 14_400_000),
        (
            f"{ITEM}.arrivals={{process: once, at: 1 h, spread: 4 h, shape: ' beta( 3,4.50 )'}}",
            lambda s: arrivals(s).shape,
            Beta(Fraction(3), Fraction(9, 2)),
        ),
        (f"{ITEM}.upload=1 kB", lambda s: item(s).upload, Constant(1000)),
        (f"{ITEM}.upload={{distribution: constant, value: 5 B}}", lambda s: item(s).upload, Constant(5)),
        (f"{ITEM}.upload={{distribution: uniform, minimum: 1 B, maximum: 9 B}}", lambda s: item(s).upload, Uniform(1, 9)),
        (f"{ITEM}.upload={{distribution: exponential, mean: 2 kB}}", lambda s: item(s).upload, Exponential(2000)),
        (f"{ITEM}.upload={{distribution: gamma, mean: 2 kB, shape: 0.5}}", lambda s: item(s).upload, Gamma(2000, 0.5)),
        (
            f"{ITEM}.upload={{distribution: lognormal, median: 2 kB, sigma: 1}}",
            lambda s: item(s).upload,
            LogNormal(2000, 1.0),
        ),
        (
            f"{ITEM}.upload={{distribution: lognormal, mean: 2 kB, sigma: 0.5}}",
            lambda s: item(s).upload,
            LogNormal.from_mean(2000, 0.5),
        ),
        (
            f"{ITEM}.upload={{distribution: empirical, values: [1 kB, 100 B], weights: [1, 2.5]}}",
            lambda s: item(s).upload,
            Empirical((1000, 100), (Fraction(1), Fraction(5, 2))),
        ),
        (
            f"{ITEM}.upload={{distribution: empirical, values: [1 kB, 100 B]}}",
            lambda s: item(s).upload,
            Empirical((1000, 100), (Fraction(1), Fraction(1))),
        ),
        (f"{ITEM}.throughput=200 kbit/s", lambda s: item(s).throughput_bits_per_s, 200_000),
        (f"{ITEM}.upload={{distribution: pareto, minimum: 2 B, shape: 2.5}}", lambda s: item(s).upload, Pareto(2, 2.5)),
        (
            f"{ITEM}.upload={{distribution: pareto, minimum: 2 B, shape: 2.5, maximum: 200 B}}",
            lambda s: item(s).upload,
            Pareto(2, 2.5, 200),
        ),
        (f"{ITEM}.download=150 B", lambda s: item(s).download, Constant(150)),
        (f"{ITEM}.duration=48 s", lambda s: item(s).duration_ms, 48_000),
        (f"{ITEM}.via=dns", lambda s: item(s).via, "dns"),
        ("timeline=[{at: 1 h, fleet: meters, data_limit: 9 MB}]", lambda s: s.timeline[0].data_limit_bytes, 9_000_000),
        ("timeline=[{at: 1 h, fleet: meters, data_limit: unlimited}]", lambda s: s.timeline[0].data_limit_bytes, None),
        ("timeline=[{at: 2026-01-01T01:00:00Z, fleet: meters, data_limit: 1 MB}]", lambda s: s.timeline[0].at_ms, 3_600_000),
    ],
)  # fmt: skip
def test_a_key_changes_what_it_names(override: str, read: Callable[[Scenario], object], value: object) -> None:
    changed = load_text(SMALL, [override])
    assert read(changed) == value
    before = load_text(SMALL)
    # What equals its default in the small scenario is the only thing that may leave the scenario as it was.
    unchanged = {"timezone=UTC", f"{GROUP}.status=active", f"{GROUP}.dns=null"}
    assert (changed == before) == (override in unchanged)


def test_continuous_traffic_has_rates_and_a_stream_ends_with_the_scenario_by_default() -> None:
    text = SMALL.replace("process: periodic, every: 15 min", "process: continuous").replace("800 B", "280 kB/s")
    stream = item(load_text(text, [f"{ITEM}.download=1 B per s"]))
    assert (stream.upload_bytes_per_s, stream.download_bytes_per_s) == (280_000, 1)
    assert (stream.upload, stream.download) == (Constant(0), Constant(0))
    assert (stream.arrivals.from_ms, stream.arrivals.until_ms) == (0, None)  # type: ignore[union-attr]
    part = [f"{ITEM}.arrivals={{process: continuous, from: 8 days, until: 2026-01-31T00:00:00Z}}"]
    stream = item(load_text(text, part))
    assert (stream.arrivals.from_ms, stream.arrivals.until_ms) == (8 * DAY, 30 * DAY)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        ("2026-01-31T10:00:00Z", "1 month", "2026-02-28T10:00:00+00:00"),
        ("2028-01-31T10:00:00Z", "1 month", "2028-02-29T10:00:00+00:00"),
        ("2026-01-31T10:00:00Z", "2 months", "2026-03-31T10:00:00+00:00"),
        ("2026-11-30T00:00:00Z", "3 months", "2027-02-28T00:00:00+00:00"),
        ("2026-12-01T00:00:00Z", "12 months", "2027-12-01T00:00:00+00:00"),
        ("2026-01-01T00:00:00Z", "600 months", "2076-01-01T00:00:00+00:00"),
    ],
)
def test_months_are_calendar_months_from_the_start_cut_at_a_shorter_months_end(
    start: str, duration: str, end: str
) -> None:
    scenario = load_text(SMALL, [f"start={start}", f"duration={duration}"])
    assert scenario.end.isoformat() == end


def test_the_defaults_are_those_of_the_interface() -> None:
    scenario = load_text(SMALL, file="small.yaml")
    assert (scenario.name, scenario.description, scenario.replications) == ("small", "", 1)
    assert (scenario.timezone, scenario.timeline) == ("UTC", ())
    platform = scenario.platform
    assert (platform.record_interval_ms, platform.record_delay_ms, platform.enforcement_delay_ms) == (360_000, 0, 0)
    spread = platform.limit_propagation
    assert (spread.typical_ms, spread.typical_share, spread.max_ms) == (300_000, Fraction(19, 20), 900_000)
    assert (platform.dns_when_blocked, platform.dns_counts) == ("public", True)
    assert platform.billing_period == "activation-month"
    tariff = scenario.tariff
    assert (tariff.currency, tariff.fee_micros, tariff.per_mb_micros, tariff.increment_bytes) == (
        "USD",
        2_000_000,
        100_000,
        1,
    )
    devices = group(scenario)
    assert (devices.role, devices.activation.at_ms, devices.activation.over_ms) == ("normal", 0, 0)
    assert (devices.session.mode, devices.dns, devices.when_blocked) == ("always-on", None, None)
    assert (item(scenario).download, item(scenario).duration_ms, item(scenario).via) == (Constant(0), 0, None)


def test_any_limit_takes_any_whole_number_of_bytes_in_the_fleet_and_on_the_timeline() -> None:
    text = SMALL.replace("data_limit: 5 MB", "any_limit: true\n    data_limit: 0 B")
    scenario = load_text(text, ["timeline=[{at: 0 s, fleet: meters, data_limit: 1 B}]"])
    assert fleet(scenario).data_limit_bytes == 0
    assert scenario.timeline[0].data_limit_bytes == 1


def test_the_timeline_keeps_the_files_order() -> None:
    entries = "[{at: 2 h, fleet: meters, data_limit: 1 MB}, {at: 1 h, fleet: meters, data_limit: 2 MB}]"
    scenario = load_text(SMALL, [f"timeline={entries}", "timeline.1.data_limit=3 MB"])
    assert [(c.at_ms, c.data_limit_bytes) for c in scenario.timeline] == [
        (7_200_000, 1_000_000),
        (3_600_000, 3_000_000),
    ]


def test_the_interfaces_example_loads() -> None:
    scenario = load_text(SMART_METERS)
    assert scenario.sims == 1000
    assert list(scenario.fleets) == ["meters", "other-fleet"]
    assert list(scenario.fleets["meters"].devices["meter"].traffic) == ["readings", "alarms", "firmware"]
    assert scenario.timeline[0].at_ms == (14 * 24 + 9) * 3_600_000


def test_a_scenario_is_frozen_and_can_be_made_from_plain_data() -> None:
    scenario = load_text(SMALL)
    with pytest.raises(ValidationError):
        scenario.seed = 2  # type: ignore[misc]
    made = Scenario.model_validate(
        {
            "name": "scenario",
            "start": "2026-01-01",
            "duration": "31 days",
            "seed": 1,
            "fleets": {
                "meters": {
                    "data_limit": "5 MB",
                    "devices": {
                        "meter": {
                            "count": 3,
                            "traffic": {
                                "readings": {"arrivals": {"process": "periodic", "every": "15 min"}, "upload": "800 B"}
                            },
                        }
                    },
                }
            },
        }
    )
    assert made == scenario


def test_a_file_of_the_fleet_as_it_is_without_rows_is_said(tmp_path):
    (tmp_path / "sims.csv").write_text("sim,period_start,used_bytes\n")
    group = "      meter:\n        count: 3\n        initial: {file: sims.csv}\n        traffic: {}\n"
    (tmp_path / "s.yaml").write_text(
        "name: s\nstart: 2026-01-01T00:00:00Z\nduration: 1 month\nseed: 1\nplatform: super-sim\n"
        f"tariff: super-sim-payg\nfleets:\n  meters:\n    data_limit: 5 MB\n    devices:\n{group}"
    )
    (warning,) = load(tmp_path / "s.yaml").warnings
    assert warning == f"{tmp_path}/sims.csv: no rows; all SIMs of meters/meter start as `activation` says"
