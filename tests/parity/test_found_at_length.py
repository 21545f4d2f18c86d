"""Scenarios that longer searches found, made small: where the engines once differed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.parity.test_parity import assert_parity
from tests.properties.scenarios import scenario

TRAFFIC = {"arrivals": {"process": "poisson", "rate": "6 per day"}, "upload": "40 B", "download": "40 B"}
ON_A_GRID = {"arrivals": {"process": "periodic", "every": "6 h", "first": "0 s"}, "upload": "40 B", "download": "40 B"}
STREAM = {"arrivals": {"process": "continuous", "from": "30 h", "until": "123 h"}, "upload": "1 B/s"}


def document(traffic: dict[str, Any], timeline: list[dict[str, Any]], **platform: Any) -> dict[str, Any]:
    return {
        "start": "2026-03-27T00:00:00Z",
        "duration": "9 days",
        "seed": 0,
        "platform": {
            "record_interval": "6 min",
            "record_delay": "0 s",
            "enforcement_delay": "0 s",
            "limit_propagation": "0 s",
            "dns_when_blocked": "public",
            "dns_counts": False,
            "billing_period": "activation-month",
        }
        | platform,
        "fleets": {"f": {"any_limit": True, "data_limit": "0 B", "devices": {"x": {"count": 1, "traffic": traffic}}}},
        "timeline": timeline,
    }


FOUND = {
    "a record of a SIM that was made inactive is evaluated two days later, and blocks it": document(
        {"a": TRAFFIC},
        [{"at": "2 days", "sims": "f/x", "status": "inactive"}],
        record_interval="none",
        record_delay="2 days",
    ),
    "transfers of an instant that was lived are not offered again when its day is begun anew": document(
        {"a": TRAFFIC | {"via": "dns"}, "b": STREAM | {"via": "dns"}, "c": ON_A_GRID | {"via": "dns"}},
        [{"at": "0 s", "fleet": "f", "data_limit": "90 kB"}],
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_engines_agree(name: str) -> None:
    assert_parity(scenario(FOUND[name]))
