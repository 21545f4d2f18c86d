"""Days that end exactly at the limit or a byte beside it, where days are taken as sums; random ones seldom do.

A transfer of 40 B comes every 6 hours or every 3 days, from the first instant on.
"""

from __future__ import annotations

from typing import Any

import pytest

from fleetsim.engines import engine_named
from tests.parity.test_parity import assert_parity
from tests.properties.scenarios import scenario

MS_PER_HOUR = 3_600_000


def document(limit_bytes: int, every: str, lowered_to: int | None = None, **platform: str) -> dict[str, Any]:
    traffic = {"a": {"arrivals": {"process": "periodic", "every": every, "first": "0 s"}, "upload": "40 B"}}
    devices = {"x": {"count": 1, "traffic": traffic}}
    lowered = {"at": "97 h", "fleet": "f", "data_limit": f"{lowered_to} B"}
    return {
        "start": "2026-01-01T00:00:00Z",
        "duration": "9 days",
        "seed": 1,
        "platform": {
            "record_interval": "6 min",
            "record_delay": "0 s",
            "enforcement_delay": "0 s",
            "limit_propagation": "0 s",
            "dns_when_blocked": "public",
            "dns_counts": True,
            "billing_period": "calendar-month",
        }
        | platform,
        "fleets": {"f": {"any_limit": True, "data_limit": f"{limit_bytes} B", "devices": devices}},
        "timeline": [] if lowered_to is None else [lowered],
    }


def blocked_at_ms(document: dict[str, Any]) -> int:
    counted = engine_named("compiled").simulate(scenario(document), 0, range(1))
    ((_, _, at, _),) = counted.blocked.tolist()
    return int(at)


@pytest.mark.parametrize("over", [-1, 0, 1])
@pytest.mark.parametrize("record_delay", ["0 s", "12 h", "2 days"])
@pytest.mark.parametrize("every", ["6 h", "3 days"])
def test_engines_agree_on_days_that_end_so_many_bytes_over_the_limit(over: int, record_delay: str, every: str) -> None:
    assert_parity(scenario(document(80 - over, every, record_delay=record_delay)))


@pytest.mark.parametrize(("over", "moves_at_h"), [(-1, 144), (0, 144), (1, 72)])
def test_a_byte_over_the_limit_blocks_at_the_close_of_its_record(over: int, moves_at_h: int) -> None:
    late_ms = blocked_at_ms(document(80 - over, "3 days")) - moves_at_h * MS_PER_HOUR
    assert 0 < late_ms <= 360_000


def test_a_lowered_limit_is_compared_with_what_is_recorded_by_then() -> None:
    # At 97 h 680 B have moved, but 360 B are recorded. The 13th transfer moves at 72 h and is recorded two days later.
    lowered = document(20_000, "6 h", lowered_to=500, record_delay="2 days")
    assert 0 < blocked_at_ms(lowered) - 120 * MS_PER_HOUR <= 360_000
    assert_parity(scenario(lowered))
