"""Lookups of a device whose readings come on a grid, an answer's time apart: only alarms take lookups from them.

Days without a block count these by the gaps between alarms. The readings of the cases on paper come every 6 hours for 9
days, from the first instant on: 36 of them, of which one for each alarm may find its answer. A lookup has 220 B.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fleetsim
from tests.parity.test_days_at_the_limit import document
from tests.parity.test_many_limits import assert_same
from tests.parity.test_parity import assert_parity
from tests.properties.scenarios import scenario

LOOKUP = 220
H_MS = 3_600_000
READINGS, ALARMS = 36, 9


def metering(ttl_ms: int, **items: dict[str, Any]) -> dict[str, Any]:
    """Meters with a limit that is never passed, and traffic items of 40 B."""
    whole = document(1_000_000, "6 h")
    meter = whole["fleets"]["f"]["devices"]["x"]
    meter["traffic"] = {name: {"arrivals": arrivals, "upload": "40 B"} for name, arrivals in items.items()}
    meter["dns"] = {"query": "70 B", "response": "150 B", "cache_ttl": f"{ttl_ms} ms"}
    return whole


def every(hours: int, first_ms: int = 0) -> dict[str, Any]:
    return {"process": "periodic", "every": f"{hours} h", "first": f"{first_ms} ms"}


@pytest.mark.parametrize("first", ["readings", "alarms"])
@pytest.mark.parametrize(
    ("alarm_ms", "lookups"),
    [
        # 2 hours after a reading the alarm finds no answer any more; 2 hours before the next one it leaves it none.
        (2 * H_MS - 1, READINGS),
        (2 * H_MS, READINGS + ALARMS),
        (4 * H_MS, READINGS + ALARMS),
        (4 * H_MS + 1, READINGS),  # it looks up instead of the reading
        (6 * H_MS - 1, READINGS),
        (6 * H_MS, READINGS),  # at one instant: one lookup
    ],
)
def test_an_alarm_looks_up_or_finds_an_answer(alarm_ms: int, lookups: int, first: str) -> None:
    items = {"readings": every(6), "alarms": every(24, alarm_ms)}
    order = [first, *(name for name in items if name != first)]
    asked = scenario(metering(2 * H_MS, **{name: items[name] for name in order}))
    rows = fleetsim.run(asked, engine="compiled", replications=1).sim_periods
    assert np.array_equal(rows["dns_bytes"], [lookups * LOOKUP])
    assert_parity(asked)


def test_a_lookup_by_an_alarm_lasts_into_the_next_day() -> None:
    # An hour before midnight, of an answer that holds for 2 hours: the reading at midnight finds it, on 8 days.
    asked = scenario(metering(2 * H_MS, readings=every(6), alarms=every(24, 23 * H_MS)))
    rows = fleetsim.run(asked, engine="compiled", replications=1).sim_periods
    assert np.array_equal(rows["dns_bytes"], [(READINGS + ALARMS - 8) * LOOKUP])
    assert_parity(asked)
    assert_same(asked, (1_000_000, 2_000_000))  # under several limits days are counted one by one


JITTERY = {"process": "periodic", "every": "15 min", "jitter": "5 min"}  # at least 5 minutes apart
POISSON = {"process": "poisson", "rate": "20 per day"}


@pytest.mark.parametrize("ttl_ms", [1, 200_000, 299_999, 300_000, 300_001, 900_000])
@pytest.mark.parametrize(
    "others",
    [
        {},
        {"alarms": POISSON},
        {"alarms": every(1, 450_000)},
        {"alarms": POISSON, "status": {"process": "periodic", "every": "1 h", "jitter": "10 min"}},
        {"alarms": POISSON, "others": {"process": "on-off", "rate": "4 per h", "on": "1 h", "off": "5 h"}},
        {"alarms": {"process": "poisson", "rate": "90 per day"}},
        {"alarms": {"process": "poisson", "rate": "150 per day"}},  # more than readings: instants in order are faster
    ],
    ids=str,
)
def test_jitter_decides_next_to_an_alarm(others: dict[str, Any], ttl_ms: int) -> None:
    whole = metering(ttl_ms, readings=JITTERY, **others)
    whole["duration"] = "5 days"
    whole["fleets"]["f"]["devices"]["x"]["count"] = 8
    assert_parity(scenario(whole), kept=("none",))


def test_limits_that_block_before_and_after() -> None:
    """Days are counted by gaps, then instant by instant, then with attempts; and again under the next limit."""
    whole = metering(300_000, readings=JITTERY, alarms=POISSON)
    devices = whole["fleets"]["f"]["devices"]["x"]
    devices |= {"count": 8, "when_blocked": {"reconnect": {"first": "10 s", "factor": 2, "max": "2 min"}}}
    whole["timeline"] = [{"at": "6 days", "fleet": "f", "data_limit": "90 kB"}]
    assert_parity(scenario(whole), kept=("none",))
    del whole["timeline"]
    assert_same(scenario(whole), (0, 5_000, 60_000, 90_000, 120_000, None))
