"""Profiles by local hour: pieces of constant hour, the places of a step, and what does not change."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from fleetsim.scenario.fleet import groups
from fleetsim.scenario.load import load_text
from fleetsim.traffic import Transfers, offer
from fleetsim.traffic.profile import LocalClock, expected, pieces, step_places

HOUR = 3_600_000
DAY = 24 * HOUR
BY_HOUR = tuple(range(24))  # the weight of an hour is its number
BY_HOUR_OF_WEEK = tuple(range(168))


def clock(timezone: str, start: str) -> LocalClock:
    return LocalClock(timezone, int(datetime.fromisoformat(start).timestamp()) * 1000)


def in_hours(profile: tuple[int, ...], where: LocalClock, hours: float) -> list[tuple[float, int]]:
    """(Length in hours, weight) of each piece."""
    end = int(hours * HOUR)
    starts, weights = pieces(profile, where, 0, end)
    assert starts[0] == 0
    return list(zip((np.diff(starts, append=end) / HOUR).tolist(), weights.tolist(), strict=True))


def test_the_night_in_which_the_clock_goes_forward_lacks_an_hour() -> None:
    where = clock("Europe/Berlin", "2026-03-28T23:00:00+00:00")  # midnight in Berlin
    assert in_hours(BY_HOUR, where, 23) == [(1, hour) for hour in range(24) if hour != 2]


def test_the_night_in_which_the_clock_goes_back_has_an_hour_twice() -> None:
    where = clock("Europe/Berlin", "2026-10-24T22:00:00+00:00")  # midnight in Berlin
    assert in_hours(BY_HOUR, where, 25) == [(1, hour) for hour in sorted([*range(24), 2])]


def test_a_zone_of_half_hours_changes_the_hour_at_half_past() -> None:
    where = clock("Asia/Kolkata", "2026-01-01T00:00:00+00:00")  # 05:30 there
    assert in_hours(BY_HOUR, where, 3) == [(0.5, 5), (1, 6), (1, 7), (0.5, 8)]


def test_a_clock_that_goes_back_by_half_an_hour_repeats_half_an_hour() -> None:
    # On Lord Howe Island 02:00 (UTC+11) became 01:30 (UTC+10:30) at 15:00 UTC on 4 April 2026.
    where = clock("Australia/Lord_Howe", "2026-04-04T14:00:00+00:00")
    assert in_hours(BY_HOUR, where, 2) == [(1, 1), (0.5, 1), (0.5, 2)]


def test_a_week_begins_on_monday() -> None:
    where = clock("UTC", "2026-01-04T22:00:00+00:00")  # a Sunday
    assert in_hours(BY_HOUR_OF_WEEK, where, 4) == [(1, 166), (1, 167), (1, 0), (1, 1)]


@pytest.mark.parametrize(
    ("timezone", "start"),
    [
        ("America/New_York", "2026-02-20T07:13:21+00:00"),
        ("Africa/Casablanca", "2026-02-01T00:00:00+00:00"),  # it changes for Ramadan
        ("Pacific/Chatham", "2026-03-20T00:00:00+00:00"),
        ("Africa/Monrovia", "1971-12-20T00:00:00+00:00"),  # 44 min 30 s behind, until January 1972
        ("America/Sao_Paulo", "2040-12-20T00:00:00+00:00"),
    ],
)
def test_the_weight_is_that_of_the_local_hour_at_any_instant(timezone: str, start: str) -> None:
    where = clock(timezone, start)
    starts, weights = pieces(BY_HOUR_OF_WEEK, where, 0, 60 * DAY)
    for t in np.random.default_rng(1).integers(0, 60 * DAY, 2000).tolist():
        instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=where.start_ms + t)
        local = instant.astimezone(ZoneInfo(timezone))
        assert weights[np.searchsorted(starts, t, side="right") - 1] == 24 * local.weekday() + local.hour


# ---- places -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step_ms", [DAY, DAY // 90, HOUR // 4])
def test_a_place_lies_where_the_weights_before_it_end(step_ms: int) -> None:
    profile = (0, 3, 0, 0, 7, 1, *[0] * 17, 2)
    where = clock("Europe/Berlin", "2026-10-24T00:00:00+00:00")
    found = step_places(profile, where, step_ms, 2 * DAY // step_ms)
    starts, weights = pieces(profile, where, 0, 2 * DAY)
    rng = np.random.default_rng(2)
    for step in np.flatnonzero(found.total)[:40].tolist():
        begin, end = step * step_ms, (step + 1) * step_ms
        inside = [
            (max(a, begin), min(b, end), w)
            for a, b, w in zip(starts.tolist(), [*starts[1:].tolist(), 2 * DAY], weights.tolist(), strict=True)
            if a < end and b > begin
        ]
        total = sum((b - a) * w for a, b, w in inside)
        assert found.total[step] == total
        for place in [0, total - 1, *rng.integers(0, total, 20).tolist()]:
            left = place
            for a, b, w in inside:
                if left < (b - a) * w:
                    break
                left -= (b - a) * w
            assert found.instants_ms(np.array([step]), np.array([place])).tolist() == [a + left // w]


def test_the_mean_of_a_day_adds_up_over_its_local_hours() -> None:
    # The weights' mean is 28 / 24, so a rate of 28 a day gives the hour 2 a mean of 5 and each other one a mean of 1.
    profile = (1, 1, 5, *[1] * 21)
    where = clock("Europe/Berlin", "2026-03-27T23:00:00+00:00")  # the second day has no hour 2
    assert step_places(profile, where, DAY, 3).means(Fraction(28), profile) == [28.0, 24.0, 28.0]
    assert step_places(profile, where, HOUR // 2, 8).means(Fraction(28), profile) == [0.5] * 4 + [2.5] * 2 + [0.5] * 2
    assert expected(Fraction(28), profile, where, 5 * HOUR // 2, 4 * HOUR) == pytest.approx(2.5 + 1, rel=1e-12)
    assert expected(Fraction(28), profile, where, 24 * HOUR, 48 * HOUR) == pytest.approx(24, rel=1e-12)
    assert expected(Fraction(28), profile, where, HOUR // 2, HOUR // 2) == 0.0


def test_weights_of_an_hour_of_a_long_scenario_do_not_overflow() -> None:
    profile = (10**8, *[10**8 - 1] * 23)
    where = clock("UTC", "2026-01-01T00:00:00+00:00")
    found = step_places(profile, where, DAY, 18_263)  # 50 years: 1.6e20 places in all
    assert set(found.total.tolist()) == {24 * HOUR * (10**8 - 1) + HOUR}
    last = np.array([18_262])
    assert found.instants_ms(last, found.total[-1:] - 1).tolist() == [18_263 * DAY - 1]


# ---- what is offered ------------------------------------------------------------------------------------------------------


def transfers(arrivals: dict[str, Any], timezone: str = "UTC", duration: str = "10 days", **group: Any) -> Transfers:
    item = {"arrivals": {"process": "poisson", **arrivals}, "upload": {"distribution": "exponential", "mean": "1 kB"}}
    content = {"count": 50, "traffic": {"item": item}, **group}
    document = {
        "start": "2026-03-25T00:00:00Z", "duration": duration, "seed": 5, "timezone": timezone,
        "fleets": {"fleet": {"data_limit": "unlimited", "devices": {"group": content}}},
    }  # fmt: skip
    scenario = load_text(json.dumps(document))
    found = offer(scenario, groups(scenario)[0], "item", 0, np.arange(50), np.zeros(50, np.int64))
    assert isinstance(found, Transfers)
    return found


def same(a: Transfers, b: Transfers) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in a.__dataclass_fields__)


@pytest.mark.parametrize("rate", ["24 per day", "3000 per day"])
@pytest.mark.parametrize("spread", [0, 0.5])
def test_a_flat_profile_changes_no_draw(rate: str, spread: float) -> None:
    plain = transfers({"rate": rate}, duration="2 days", rate_spread=spread)
    flat = transfers({"rate": rate, "profile": [0.7] * 168}, "Asia/Kolkata", "2 days", rate_spread=spread)
    assert same(plain, flat)
    uneven = transfers({"rate": rate, "profile": [0.7] * 23 + [0.8]}, duration="2 days", rate_spread=spread)
    assert not same(plain, uneven)


def test_only_the_weights_ratios_matter() -> None:
    twice = [{"rate": "24 per day", "profile": [f * w for w in range(24)]} for f in (1, 2.5)]
    assert same(*(transfers(each, "Europe/Berlin") for each in twice))
    day = {"rate": "24 per day", "profile": list(range(24)) * 7}  # every day of a week alike
    assert same(transfers(day, "Europe/Berlin"), transfers(twice[0], "Europe/Berlin"))


def test_hours_without_weight_have_no_transfers() -> None:
    only_at_nine = {"rate": "24 per day", "profile": [0] * 9 + [1] + [0] * 14}
    time_ms = transfers(only_at_nine, "Asia/Kolkata").time_ms
    assert time_ms.size > 5000
    assert set((time_ms + 11 * HOUR // 2) // HOUR % 24) == {9}
    # 9 h in Berlin is 8 h UTC until 29 March, five days in, and 7 h from then on.
    time_ms = transfers(only_at_nine, "Europe/Berlin").time_ms
    assert {tuple(pair) for pair in np.stack([time_ms // DAY >= 4, time_ms // HOUR % 24], axis=1).tolist()} == {
        (0, 8),
        (1, 7),
    }


def test_a_longer_scenario_begins_as_the_shorter_one() -> None:
    profile = {"rate": "24 per day", "profile": "office-hours"}
    short, long = (transfers(profile, "Europe/Berlin", duration, rate_spread=0.5) for duration in ("3 days", "10 days"))
    early = long.time_ms < 3 * DAY
    assert np.array_equal(short.time_ms, long.time_ms[early])
    assert np.array_equal(short.upload_bytes, long.upload_bytes[early])
