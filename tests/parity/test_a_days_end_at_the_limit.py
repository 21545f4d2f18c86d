"""Days that end exactly at the limit, one byte below and one above, where days are taken as sums; random ones seldom do."""

from __future__ import annotations

from typing import Any

import pytest

from fleetsim.engines import engine_named
from tests.parity.test_parity import assert_parity
from tests.properties.scenarios import scenario

A_DAY = 4 * 40
"""Bytes of a transfer of 40 B every 6 hours, from the day's first instant on."""


def document(limit_bytes: int, **platform: str) -> dict[str, Any]:
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
        "fleets": {
            "f": {
                "any_limit": True,
                "data_limit": f"{limit_bytes} B",
                "devices": {
                    "x": {
                        "count": 1,
                        "traffic": {
                            "a": {
                                "arrivals": {"process": "periodic", "every": "6 h", "first": "0 s"},
                                "upload": "40 B",
                            }
                        },
                    }
                },
            }
        },
    }


@pytest.mark.parametrize("over", [-1, 0, 1])
@pytest.mark.parametrize("record_delay", ["0 s", "12 h", "2 days"])
def test_engines_agree_on_a_day_that_ends_so_many_bytes_over_the_limit(over: int, record_delay: str) -> None:
    assert_parity(scenario(document(3 * A_DAY - over, record_delay=record_delay)))


@pytest.mark.parametrize(("over", "blocked_on_day"), [(-1, 3), (0, 3), (1, 2)])
def test_the_byte_over_the_limit_blocks_on_the_day_on_which_it_moves(over: int, blocked_on_day: int) -> None:
    counted = engine_named("compiled").simulate(scenario(document(3 * A_DAY - over)), 0, range(1))
    ((_, _, begins, _),) = counted.blocked.tolist()
    assert begins // 86_400_000 == blocked_on_day
