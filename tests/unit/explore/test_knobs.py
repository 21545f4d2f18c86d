from __future__ import annotations

import re
from fractions import Fraction

import pytest
from small import SMALL

from fleetsim.errors import BadInput
from fleetsim.explore.knobs import Turned, knobs_of, overrides_of
from fleetsim.explore.traffic import Factors
from fleetsim.explore.turning import large, often, place, turned_from, unlimited, whole
from fleetsim.scenario.load import load_text
from fleetsim.scenario.schema import Scenario

LIMIT, LATER = "fleets.meters.data_limit", "timeline.0.data_limit"
COUNT = "fleets.meters.devices.meter.count"


def turn(text: str = SMALL, values: dict[str, str] | None = None, **factors: Factors) -> Scenario:
    """The scenario as it is loaded after a turn."""
    scenario = load_text(text)
    by_group = {("meters", group): each for group, each in factors.items()}
    return load_text(text, overrides_of(scenario, knobs_of(scenario), Turned(values or {}, by_group)))


def readings(scenario: Scenario):
    return scenario.fleets["meters"].devices["meter"].traffic["readings"]


# ---- what there is ---------------------------------------------------------------------------------------------------


def test_there_is_a_knob_for_each_limit_group_and_rule():
    knobs = knobs_of(load_text(SMALL))
    assert [knob.path for knob in knobs.limits] == [LIMIT, LATER]
    assert [group.count.value for group in knobs.groups] == ["6", "2"]
    assert [knob.path for knob in knobs.platform] == [
        "platform.record_interval",
        "platform.record_delay",
        "platform.enforcement_delay",
        "platform.limit_propagation.typical",
        "platform.limit_propagation.typical_share",
        "platform.limit_propagation.max",
        "platform.dns_when_blocked",
    ]
    assert [(knob.path, knob.value) for knob in knobs.tariff] == [("tariff.fee", "2.00"), ("tariff.per_mb", "0.10")]


def test_a_delay_that_is_the_same_for_all_sims_is_one_knob():
    knobs = knobs_of(load_text(SMALL, ["platform.limit_propagation=10 min"]))
    assert ("platform.limit_propagation", "10 min") in [(knob.path, knob.value) for knob in knobs.platform]


@pytest.mark.parametrize(
    ("limit", "units", "most", "curve"),
    [
        ("8 MB", 8, 30, "1MB:20MB:1MB"),
        ("14 MB", 14, 50, "1MB:30MB:1MB"),
        ("1 MB", 1, 10, "1MB:20MB:1MB"),  # twice the 7.2 MB that 30 days come to
        ("40 MB", 40, 200, "2MB:100MB:2MB"),
        ("20 GB", 20_000, 100_000, "1MB:20MB:1MB"),  # far from what devices use
        ("unlimited", None, 20, "1MB:20MB:1MB"),
    ],
)
def test_a_limit_can_be_turned_to_some_times_what_it_is(limit, units, most, curve):
    knob = knobs_of(load_text(SMALL, [f"{LIMIT}={limit}"])).limits[0]
    assert (knob.units, knob.most, knob.limits) == (units, most, curve)
    assert knob.text(3) == "3 MB"
    assert knob.text(None) == "unlimited"


def test_a_fleet_that_takes_any_limit_is_turned_in_the_unit_of_its_limit():
    knob = knobs_of(load_text(SMALL, ["fleets.meters.any_limit=true", f"{LIMIT}=250 kB"])).limits[0]
    assert (knob.unit, knob.units, knob.most) == ("kB", 250, 1000)
    assert knob.text(300) == "300 kB"


def test_a_curve_has_few_limits_where_nothing_is_known_of_the_use():
    unknown = SMALL.replace("upload: 10 kB", "upload: {distribution: pareto, minimum: 1 kB, shape: 0.9}")
    for limit, curve in (("14 MB", "1MB:50MB:1MB"), ("20 GB", "2000MB:100000MB:2000MB")):
        assert knobs_of(load_text(unknown, [f"{LIMIT}={limit}"])).limits[0].limits == curve


@pytest.mark.parametrize(
    ("typed_in", "at"),
    [("3", 3), (" 12 MB ", 12), ("2000000", 30), ("1 GB", 30), ("8.5", 8), ("0", 1), ("unlimited", None), ("x", None)],
)
def test_a_slider_follows_what_is_typed_and_stands_at_its_end_for_what_lies_beyond(typed_in, at):
    assert place(knobs_of(load_text(SMALL)).limits[0], typed_in) == at


def test_a_name_that_no_path_can_hold_is_told_and_stays():
    knobs = knobs_of(load_text(SMALL.replace("stuck:", "'a=b':")))
    assert knobs.fixed == ("meters/a=b",)
    assert [group.group for group in knobs.groups] == [("meters", "meter")]


# ---- what turning comes to -------------------------------------------------------------------------------------------


def test_what_stands_as_it_was_is_no_override():
    scenario = load_text(SMALL)
    knobs = knobs_of(scenario)
    as_it_is = {knob.path: f" {knob.value} " for knob in knobs}
    assert overrides_of(scenario, knobs, Turned(as_it_is)) == []


def test_a_turned_limit_and_count_are_loaded():
    scenario = turn(values={LIMIT: "5 MB", LATER: "unlimited", COUNT: "9"})
    assert scenario.fleets["meters"].data_limit_bytes == 5_000_000
    assert scenario.limit_changes[0].data_limit_bytes is None
    assert scenario.fleets["meters"].devices["meter"].count == 9


def test_one_part_of_a_delay_over_sims_keeps_the_others():
    found = turn(values={"platform.limit_propagation.max": "1 h"}).platform.limit_propagation
    assert (found.typical_ms, found.typical_share, found.max_ms) == (300_000, Fraction(95, 100), 3_600_000)


def test_twice_as_often_is_half_the_distance_and_twice_the_rate():
    scenario = turn(meter=Factors(often=Fraction(2)), stuck=Factors(often=Fraction(2)))
    assert readings(scenario).arrivals.every_ms == 30 * 60_000
    assert readings(scenario).arrivals.jitter_ms == 30_000
    assert scenario.fleets["meters"].devices["stuck"].traffic["loop"].upload_bytes_per_s == 1000


def test_a_rate_that_no_decimal_number_is_comes_as_near_as_can_be_written():
    text = SMALL.replace("process: periodic, every: 1 h, jitter: 1 min", "process: poisson, rate: 1 per day")
    scenario = turn(text, meter=Factors(often=Fraction(1, 3)))
    assert abs(readings(scenario).arrivals.rate_per_day - Fraction(1, 3)) < Fraction(1, 10**6)


@pytest.mark.parametrize(
    ("size", "larger"),
    [
        ("10 kB", "15 kB"),
        ("{distribution: uniform, minimum: 1 kB, maximum: 3 kB}", "{distribution: uniform, minimum: 1500 B, maximum: 4500 B}"),
        ("{distribution: exponential, mean: 2 kB}", "{distribution: exponential, mean: 3 kB}"),
        ("{distribution: gamma, mean: 2 kB, shape: 0.5}", "{distribution: gamma, mean: 3 kB, shape: 0.5}"),
        ("{distribution: lognormal, median: 2 kB, sigma: 0.5}", "{distribution: lognormal, median: 3 kB, sigma: 0.5}"),
        ("{distribution: lognormal, mean: 2 kB, sigma: 0.5}", "{distribution: lognormal, mean: 3 kB, sigma: 0.5}"),
        ("{distribution: pareto, minimum: 1 kB, shape: 1.5}", "{distribution: pareto, minimum: 1500 B, shape: 1.5}"),
        ("{distribution: empirical, values: [1 kB, 2 kB]}", "{distribution: empirical, values: [1500 B, 3 kB]}"),
    ],
)  # fmt: skip
def test_half_as_much_again_is_that_of_every_size(size, larger):
    scenario = turn(SMALL.replace("10 kB", size), meter=Factors(large=Fraction("1.5")))
    assert readings(scenario).upload == readings(load_text(SMALL.replace("10 kB", larger))).upload


def test_sizes_that_follow_a_monthly_use_grow_with_it():
    text = SMALL.replace("count: 6", "count: 6\n        monthly_use: {median: 3 MB, p95: 9 MB}")
    use = turn(text, meter=Factors(large=Fraction(2))).fleets["meters"].devices["meter"].monthly_use
    assert (use.median_bytes, use.p95_bytes) == (6_000_000, 18_000_000)


# ---- from controls ---------------------------------------------------------------------------------------------------


def test_controls_say_how_the_knobs_stand():
    knobs = knobs_of(load_text(SMALL))
    meter = knobs.groups[0]
    held = {
        LIMIT: "5",
        LATER: "12",
        unlimited(knobs.limits[1]): True,
        COUNT: " 9",
        "platform.record_interval": " 1 h ",
        often(meter): "0.1",
        large(meter): "3",
    }
    turned = turned_from(knobs, held)
    assert turned.values == {LIMIT: "5 MB", LATER: "unlimited", COUNT: "9", "platform.record_interval": "1 h"}
    assert turned.factors["meters", "meter"] == Factors(Fraction(1, 10), Fraction(3))


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        (LIMIT, "8.5", "found '8.5 MB'; expected whole MB from 1 to 2,000,000"),
        (LIMIT, "99999999", "found '99999999 MB'; expected whole MB from 1 to 2,000,000"),
        (LIMIT, "", "found nothing; expected whole MB from 1 to 2,000,000, or unlimited"),
        (COUNT, "2.5", "found '2.5'; expected a whole number from 1 to 10,000,000"),
    ],
)
def test_what_is_wrong_is_refused_as_on_the_command_line(path, text, said):
    scenario = load_text(SMALL)
    knobs = knobs_of(scenario)
    with pytest.raises(BadInput, match=re.escape(f"{path}: {said}")):
        load_text(SMALL, overrides_of(scenario, knobs, turned_from(knobs, {path: text})))


@pytest.mark.parametrize(
    ("text", "taken"), [("2000000", 2 * 10**12), ("12", 12 * 10**6), ("3 GB", 3 * 10**9), ("unlimited", None)]
)
def test_a_limit_beyond_the_slider_is_taken_as_it_was_typed(text, taken):
    scenario = load_text(SMALL)
    knobs = knobs_of(scenario)
    found = load_text(SMALL, overrides_of(scenario, knobs, turned_from(knobs, {LIMIT: text})))
    assert found.fleets["meters"].data_limit_bytes == taken


def test_a_factor_that_is_none_is_refused():
    knobs = knobs_of(load_text(SMALL))
    for text in ("", "0", "-1", "101", "0.001", "1e3", "x"):
        with pytest.raises(
            BadInput, match=r"meter: how often they send, ×: found .*; expected a number from 0.01 to 100"
        ):
            turned_from(knobs, {often(knobs.groups[0]): text})
    assert turned_from(knobs, {often(knobs.groups[0]): "0.25"}).factors["meters", "meter"].often == Fraction(1, 4)


def test_a_whole_number_is_never_rounded():
    assert whole("SIM", " 7 ") == 7
    for text in ("", "2.5", "x", "1_0"):
        with pytest.raises(BadInput, match=r"SIM: found .*; expected a whole number"):
            whole("SIM", text)
