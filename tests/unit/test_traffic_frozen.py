"""Offered traffic is part of what a seed means: it never changes."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pytest

from fleetsim.scenario.fleet import groups
from fleetsim.scenario.load import load_text
from fleetsim.traffic import Transfers, offer

SIZE = {"distribution": "lognormal", "median": "800 B", "sigma": 0.5}
POISSON = {"process": "poisson", "rate": "24 per day"}
PERIODIC = {"process": "periodic", "every": "15 min", "jitter": "30 s"}
ON_OFF = {"process": "on-off", "rate": "30 per h", "on": "20 min", "off": "3 h"}
USE = {"median": "3 MB", "p95": "9 MB"}

FROZEN: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "poisson": (POISSON, {}, "4c59e8be9300d1f0"),
    "poisson, often": ({**POISSON, "rate": "3000 per day"}, {}, "af1e801ec745679a"),
    "periodic": (PERIODIC, {}, "98600ebc3d5613eb"),
    "poisson with a profile": ({**POISSON, "profile": "office-hours"}, {}, "375e71d7fd3c5ff7"),
    "poisson with a rate spread": (POISSON, {"rate_spread": 0.4}, "70ae522fd26c668d"),
    "poisson with both": ({**POISSON, "profile": "human"}, {"rate_spread": 2}, "dbb79c786fa25768"),
    "on-off": (ON_OFF, {}, "2dceee6adb56e69a"),
    "on-off with a rate spread": (ON_OFF, {"rate_spread": 0.4}, "a5006c087fca07af"),
    "on-off with a monthly use": (ON_OFF, {"monthly_use": USE}, "8462d70352108663"),
    "periodic with a monthly use": (PERIODIC, {"monthly_use": USE}, "e51c603e645a578f"),
}


@pytest.mark.parametrize("name", FROZEN)
def test_offered_traffic_is_the_same_for_ever(name: str) -> None:
    arrivals, group, frozen = FROZEN[name]
    item = {"arrivals": arrivals, "upload": SIZE, "download": "150 B", "throughput": "200 kbit/s"}
    document = {
        "start": "2026-03-25T00:00:00Z", "duration": "10 days", "seed": 7, "timezone": "Europe/Berlin",
        "fleets": {
            "fleet": {"data_limit": "unlimited", "devices": {"group": {"count": 70, "traffic": {"item": item}, **group}}}
        },
    }  # fmt: skip
    scenario = load_text(json.dumps(document))
    sims = np.arange(70)
    found = offer(scenario, groups(scenario)[0], "item", 3, sims, sims * 10**6)
    assert isinstance(found, Transfers)
    parts = (found.offsets, found.time_ms, found.upload_bytes, found.download_bytes, found.duration_ms)
    digest = hashlib.sha256(b"".join(part.astype("<i8").tobytes() for part in parts))
    assert digest.hexdigest()[:16] == frozen
