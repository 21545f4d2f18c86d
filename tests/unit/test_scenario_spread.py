"""The keys by which SIMs and hours differ: read, written back, and answered where they are wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from scenario_texts import SMALL

from fleetsim.draws.laws import LogNormal
from fleetsim.errors import BadInput
from fleetsim.scenario import Scenario, dump, json_schema, load_text, scenario_hash
from fleetsim.scenario.zones import zone_names
from fleetsim.units import BYTES_EXPECTED, DURATION_EXPECTED

GROUP = "fleets.meters.devices.meter"
ARRIVALS = f"{GROUP}.traffic.readings.arrivals"
POISSON = f"{ARRIVALS}={{process: poisson, rate: 6 per day}}"
ON_OFF = f"{ARRIVALS}={{process: on-off, rate: 60 per h, on: 10 min, off: 2 h}}"


def group(scenario: Scenario) -> Any:
    return scenario.fleets["meters"].devices["meter"]


def arrivals(scenario: Scenario) -> Any:
    return group(scenario).traffic["readings"].arrivals


def profile_of(*weights: object) -> list[str]:
    return [POISSON, f"{ARRIVALS}.profile=[{', '.join(map(str, weights))}]"]


@pytest.mark.parametrize(
    ("overrides", "read", "value"),
    [
        (["timezone=Asia/Kolkata"], lambda s: s.timezone, "Asia/Kolkata"),
        (["timezone=America/Argentina/Buenos_Aires"], lambda s: s.timezone, "America/Argentina/Buenos_Aires"),
        ([f"{GROUP}.rate_spread=0.4"], lambda s: group(s).rate_spread, 0.4),
        ([f"{GROUP}.rate_spread=2"], lambda s: group(s).rate_spread, 2.0),
        ([f"{GROUP}.monthly_use={{median: 3 MB, p95: 9 MB}}"], lambda s: group(s).monthly_use.median_bytes, 3_000_000),
        ([f"{GROUP}.monthly_use={{median: 3 MB, p95: 9 MB}}"], lambda s: group(s).monthly_use.p95_bytes, 9_000_000),
        ([ON_OFF], lambda s: arrivals(s).rate_per_day, Fraction(1440)),
        ([ON_OFF], lambda s: (arrivals(s).on_ms, arrivals(s).off_ms), (600_000, 7_200_000)),
        ([ON_OFF], lambda s: arrivals(s).mean_per_day, Fraction(1440, 13)),
        (profile_of(*["0.5", 1] * 12), lambda s: arrivals(s).profile, (1, 2) * 12),
        (profile_of(*[0] * 167, "0.001"), lambda s: arrivals(s).profile, (*[0] * 167, 1)),
        ([POISSON, f"{ARRIVALS}.profile=human"], lambda s: arrivals(s).profile[:3], (80, 57, 39)),
        ([POISSON, f"{ARRIVALS}.profile=office-hours"], lambda s: arrivals(s).profile[22:], (61, 44)),
    ],
)
def test_a_key_is_read_and_written_back(
    overrides: list[str], read: Callable[[Scenario], object], value: object
) -> None:
    scenario = load_text(SMALL, overrides)
    assert read(scenario) == value
    again = load_text(dump(scenario))
    assert again == scenario
    assert scenario_hash(again) == scenario_hash(scenario)
    assert scenario_hash(scenario) != scenario_hash(load_text(SMALL, [POISSON] if "profile" in overrides[-1] else []))


def test_by_default_all_sims_and_hours_are_alike() -> None:
    scenario = load_text(SMALL, [POISSON])
    assert (group(scenario).rate_spread, group(scenario).monthly_use, arrivals(scenario).profile) == (0.0, None, None)
    assert load_text(SMALL, [POISSON, f"{GROUP}.rate_spread=0", f"{ARRIVALS}.profile=null"]) == scenario


def test_a_monthly_use_is_a_lognormal_law_with_its_median_and_p95() -> None:
    law = group(load_text(SMALL, [f"{GROUP}.monthly_use={{median: 3 MB, p95: 9 MB}}"])).monthly_use.law
    assert law == LogNormal(3_000_000, law.sigma)
    assert law.sigma == pytest.approx(math.log(3) / 1.6448536269514722, rel=1e-15)


def test_expected_bytes_of_30_days_count_what_is_scaled_and_nothing_else() -> None:
    items = {
        "grid": "{arrivals: {process: periodic, every: 6 h}, upload: 100 B}",
        "bursts": "{arrivals: {process: on-off, rate: 1 per h, on: 1 h, off: 5 h}, download: {distribution: lognormal, "
        "median: 1 kB, sigma: 2}}",
        "rare": "{arrivals: {process: poisson, rate: 1 per week, profile: human}, upload: {distribution: pareto, "
        "minimum: 1 kB, shape: 2}, download: 5 B}",
        "update": "{arrivals: {process: once, at: 1 h}, download: 1 MB}",
        "stream": "{arrivals: {process: continuous}, upload: 1 B/s}",
    }
    written = ", ".join(f"{name}: {item}" for name, item in items.items())
    month = group(load_text(SMALL, [f"{GROUP}.traffic={{{written}}}"])).month_bytes
    assert month == pytest.approx(120 * 100 + 30 * 4 * 1000 * math.exp(2) + 30 / 7 * 2005, rel=1e-14)


@pytest.mark.parametrize(
    ("overrides", "mistake"),
    [
        (
            ["timezone=Europe/Berln"],
            "timezone: found 'Europe/Berln'; expected the name of a time zone such as UTC or Europe/Berlin; "
            "did you mean 'Europe/Berlin'?",
        ),
        (
            ["timezone=[UTC]"],
            "timezone: found a list; expected the name of a time zone such as UTC or Europe/Berlin",
        ),
        (
            [POISSON, f"{ARRIVALS}.profile=ofice-hours"],
            f"{ARRIVALS}.profile: found 'ofice-hours'; expected 24 weights by local hour, 168 from Monday 0 h, "
            "or the name of a preset (human, office-hours); did you mean 'office-hours'?",
        ),
        (
            profile_of(1, 2, 3),
            f"{ARRIVALS}.profile: found a list of 3; expected 24 weights by local hour, 168 from Monday 0 h, "
            "or the name of a preset",
        ),
        (profile_of(*[0] * 24), f"{ARRIVALS}.profile: found a list; expected at least one weight above 0"),
        (
            profile_of(*[1] * 23, -1),
            f"{ARRIVALS}.profile: found a list; expected weights that are decimal numbers from 0 on",
        ),
        (
            profile_of(*["0.000000001"] * 23, "1.000000001"),
            f"{ARRIVALS}.profile: found a list; expected weights with fewer digits",
        ),
        ([f"{ARRIVALS}={{process: poisson, rate: 5001 per s}}"], f"{ARRIVALS}.rate: found '5001 per s'; expected at most 5,000 per s"),
        ([f"{GROUP}.rate_spread=2.1"], f"{GROUP}.rate_spread: found '2.1'; expected a decimal number from 0 to 2"),
        ([f"{GROUP}.rate_spread=0.0001"], f"{GROUP}.rate_spread: found '0.0001'; expected 0, or from 0.001 to 2"),
        (
            [f"{GROUP}.rate_spread=0.4", f"{GROUP}.monthly_use={{median: 3 MB, p95: 9 MB}}"],
            f"{GROUP}.monthly_use: found a mapping; expected either a rate_spread or a monthly_use, and not both",
        ),
        (
            [f"{GROUP}.monthly_use={{median: 3 MB, p95: 3 MB}}"],
            f"{GROUP}.monthly_use.p95: found '3 MB'; expected from 1.002 to 700 times the median",
        ),
        (
            [f"{GROUP}.monthly_use={{median: 3 MB}}"],
            f"{GROUP}.monthly_use.p95: found nothing; {BYTES_EXPECTED}",
        ),
        (
            [f"{ARRIVALS}={{process: once, at: 1 h}}", f"{GROUP}.monthly_use={{median: 3 MB, p95: 9 MB}}"],
            f"{GROUP}.monthly_use: found a mapping; expected a periodic, poisson or on-off item that moves bytes: "
            "it scales their sizes",
        ),
        (
            [
                f"{GROUP}.traffic.readings.upload={{distribution: pareto, minimum: 1 B, shape: 1}}",
                f"{GROUP}.monthly_use={{median: 3 MB, p95: 9 MB}}",
            ],
            f"{GROUP}.monthly_use: found a mapping; expected sizes that have a mean; "
            "a pareto law needs a shape above 1 or a maximum",
        ),
        (
            [f"{ARRIVALS}={{process: on-off, rate: 60 per h, on: 10 min}}"],
            f"{ARRIVALS}.off: found nothing; {DURATION_EXPECTED}",
        ),
        (
            [f"{ARRIVALS}={{process: on-off, rate: 60 per h, on: 0 s, off: 1 h}}"],
            f"{ARRIVALS}.on: found '0 s'; expected a duration from 1 ms to 366 days",
        ),
        (
            [f"{ARRIVALS}={{process: on-off, rate: 60 per h, on: 10 ms, off: 90 ms}}"],
            f"{ARRIVALS}.on: found '10 ms'; expected at most 50,000,000 times on and off of one SIM in the scenario",
        ),
        (
            [f"{ARRIVALS}={{process: poisson, rate: 1000000 per day}}", f"{GROUP}.rate_spread=0.5"],
            f"{ARRIVALS}.rate: found '1000000 per day'; expected at most 50,000,000 transfers of one SIM in the scenario",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_answered(overrides: list[str], mistake: str) -> None:
    with pytest.raises(BadInput) as caught:
        load_text(SMALL, overrides, file="s.yaml")
    (found,) = caught.value.mistakes
    assert f"{found.path}: {found.text}" == mistake


def test_a_rate_that_fits_without_a_spread_is_no_mistake() -> None:
    assert load_text(SMALL, [f"{ARRIVALS}={{process: poisson, rate: 1000000 per day}}"]).sims == 3


def test_the_schema_of_a_profile_names_its_presets() -> None:
    found = json_schema()["$defs"]["Poisson"]["properties"]["profile"]["anyOf"]
    assert found[0] == {"enum": ["human", "office-hours", None]}
    assert [part["minItems"] for part in found[1:]] == [24, 168]


def test_time_zones_are_those_of_the_installed_package() -> None:
    assert {"UTC", "Europe/Berlin", "Asia/Kolkata", "America/Argentina/Buenos_Aires"} <= zone_names()
    assert not {"posixrules", "localtime", ""} & zone_names()
