"""Lookups that come exactly as a cached answer expires, or a millisecond beside it, where days are taken as sums.

Transfers come every 6 hours for 9 days, from the first instant on: 36 of them. A lookup has 220 B.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fleetsim
from tests.parity.test_days_at_the_limit import document
from tests.parity.test_parity import assert_parity
from tests.properties.scenarios import scenario

LOOKUP = 220
H6_MS = 6 * 3_600_000


def asking(ttl_ms: int, limit_bytes: int = 1_000_000, items: int = 1, **device: Any) -> dict[str, Any]:
    whole = document(limit_bytes, "6 h")
    meter = whole["fleets"]["f"]["devices"]["x"]
    meter["traffic"] = {f"a{i}": meter["traffic"]["a"] for i in range(items)}
    meter["dns"] = {"query": "70 B", "response": "150 B", "cache_ttl": f"{ttl_ms} ms"}
    meter.update(device)
    return whole


@pytest.mark.parametrize("items", [1, 2])  # instants of one item are its own; those of several are put in order
@pytest.mark.parametrize(
    ("ttl_ms", "lookups"),
    [(H6_MS - 1, 36), (H6_MS, 36), (H6_MS + 1, 18), (2 * H6_MS, 18), (2 * H6_MS + 1, 12), (4 * H6_MS, 9)],
)
def test_a_cached_answer_expires_after_its_time_and_not_later(ttl_ms: int, lookups: int, items: int) -> None:
    asked = scenario(asking(ttl_ms, items=items))
    rows = fleetsim.run(asked, engine="compiled", replications=1).sim_periods
    assert np.array_equal(rows["dns_bytes"], [lookups * LOOKUP])
    assert_parity(asked)


@pytest.mark.parametrize("beside", [-1, 0, 1])
@pytest.mark.parametrize("wait_h", [1, 2, 6])
def test_attempts_of_a_blocked_device_look_up_as_the_answer_expires(wait_h: int, beside: int) -> None:
    # Blocked by its second transfer; from there on attempts come every 1, 2 or 6 hours, and the answer is kept for 6.
    chain = {"reconnect": {"first": f"{wait_h} h", "factor": 1, "max": f"{wait_h} h"}}
    assert_parity(scenario(asking(H6_MS + beside, limit_bytes=300, when_blocked=chain)))
