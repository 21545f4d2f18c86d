"""Random scenarios in which chance is at work: several groups, processes, laws, sessions, DNS, attempts, updates."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from fleetsim.scenario import Scenario
from fleetsim.scenario.load import load_text

HORIZON_H = 12

sizes = st.sampled_from(
    [
        "40 B",
        {"distribution": "uniform", "minimum": "0 B", "maximum": "90 B"},
        {"distribution": "exponential", "mean": "60 B"},
        {"distribution": "gamma", "mean": "50 B", "shape": 0.5},
        {"distribution": "lognormal", "median": "30 B", "sigma": 1.0},
        {"distribution": "pareto", "minimum": "20 B", "shape": 2.5},
    ]
)
transfers = st.sampled_from(
    [
        {"process": "periodic", "every": "20 min", "jitter": "4 min"},
        {"process": "periodic", "every": "1 h", "first": "0 s"},
        {"process": "poisson", "rate": "2 per h"},
        {"process": "once", "at": "3 h", "spread": "2 h"},
    ]
)


@st.composite
def items(draw: Any, durations: bool = True) -> dict[str, Any]:
    """One traffic item."""
    if draw(st.integers(0, 4)) == 0 and durations:
        until = draw(st.sampled_from(["6 h", "12 h"]))
        return {"arrivals": {"process": "continuous", "from": "90 min", "until": until}, "upload": "1 B/s"}
    item = {"arrivals": draw(transfers), "upload": draw(sizes), "download": draw(sizes)}
    if durations and draw(st.booleans()):
        item["duration"] = draw(st.sampled_from(["1 ms", "40 s", "25 min"]))
    return item


@st.composite
def groups(draw: Any, plain: bool = False) -> dict[str, Any]:
    """One device group; `plain`: neither DNS nor attempts."""
    group: dict[str, Any] = {
        "count": draw(st.integers(1, 5)),
        "role": draw(st.sampled_from(["normal", "faulty"])),
        "activation": draw(st.sampled_from([{}, {"at": "0 s", "over": "4 h"}])),
        "traffic": draw(st.dictionaries(st.sampled_from("abc"), items(), min_size=1, max_size=3)),
        "session": draw(st.sampled_from([{"mode": "always-on"}, {"mode": "on-demand", "idle_timeout": "7 min"}])),
    }
    if not plain and draw(st.booleans()):
        group["dns"] = draw(
            st.sampled_from(
                [
                    {"query": "7 B", "response": "15 B", "cache_ttl": "0 s"},
                    {"query": "7 B", "response": "15 B", "cache_ttl": "30 min", "resolver": "carrier"},
                ]
            )
        )
    if not plain and draw(st.booleans()):
        group["when_blocked"] = {
            "reconnect": {"first": "1 min", "factor": draw(st.sampled_from([1, 1.5, 2])), "max": "20 min"},
            "handshake": {"upload": "11 B", "download": "23 B"},
        }
    return group


@st.composite
def documents(draw: Any, plain: bool = False, updates: bool = True) -> dict[str, Any]:
    """A scenario as its file would have it, a little fleet over half a day."""
    document: dict[str, Any] = {
        "name": "random",
        "start": "2026-03-01T00:00:00Z",
        "duration": f"{HORIZON_H} h",
        "seed": draw(st.integers(0, 1000)),
        "platform": {
            "preset": "super-sim",
            "record_delay": draw(st.sampled_from(["0 s", "6 min", "17 min"])),
            "enforcement_delay": draw(st.sampled_from(["0 s", "6 min"])),
            "dns_when_blocked": draw(st.sampled_from(["public", "all", "none"])),
            "billing_period": draw(st.sampled_from(["activation-month", "5 h", "calendar-month"])),
        },
        "fleets": {
            "f": {
                "data_limit": f"{draw(st.sampled_from([0, 300, 2000, 9000]))} B",
                "any_limit": True,
                "devices": draw(st.dictionaries(st.sampled_from("xyz"), groups(plain), min_size=1, max_size=3)),
            },
        },
    }
    if updates and draw(st.booleans()):
        document["timeline"] = [
            {"at": "4 h", "fleet": "f", "data_limit": draw(st.sampled_from(["100 B", "5 kB"]))},
            {"at": "4 h 3 min", "fleet": "f", "data_limit": "1 kB"},
        ]
    return document


def scenario(document: dict[str, Any]) -> Scenario:
    """Load a document; JSON is YAML."""
    return load_text(json.dumps(document))
