"""Random scenarios of several days in which most days are sums: where the first gear must hand over to the second."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

SIZES = st.sampled_from(
    [
        "40 B",
        {"distribution": "uniform", "minimum": "0 B", "maximum": "90 B"},
        {"distribution": "lognormal", "median": "30 B", "sigma": 1.0},
        {"distribution": "empirical", "values": ["10 B", "200 B"], "weights": [5, 1]},
    ]
)
ARRIVALS = st.sampled_from(
    [
        {"process": "poisson", "rate": "6 per day"},
        {"process": "poisson", "rate": "20 per day"},
        {"process": "poisson", "rate": "9 per day", "profile": "office-hours"},
        {"process": "poisson", "rate": "1500 per day"},
        {"process": "periodic", "every": "4 h", "jitter": "1 h"},
        {"process": "periodic", "every": "6 h", "first": "0 s"},
        {"process": "periodic", "every": "3 h", "jitter": "2 h"},
        {"process": "on-off", "rate": "2 per h", "on": "5 h", "off": "20 h"},
        {"process": "once", "at": "3 days", "spread": "1 day"},
        {"process": "continuous", "from": "30 h", "until": "123 h"},
    ]
)
INSTANTS = ("0 s", "1 day", "36 h", "2 days", "50 h", "3 days", "4 days", "123 h", "6 days", "155 h", "8 days")


@st.composite
def documents(draw: Any) -> dict[str, Any]:
    traffic = {}
    for name in draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True)):
        traffic[name] = {"arrivals": draw(ARRIVALS), "upload": draw(SIZES), "download": draw(SIZES)}
        if traffic[name]["arrivals"]["process"] == "continuous":
            traffic[name] |= {"upload": "1 B/s", "download": draw(st.sampled_from(("0 B/s", "2 B/s")))}
        if draw(st.integers(0, 4)) == 0:
            traffic[name]["via"] = "dns"
    group: dict[str, Any] = {"count": draw(st.integers(1, 3)), "traffic": traffic}
    group["status"] = draw(st.sampled_from(("active", "active", "ready")))
    group["activation"] = draw(st.sampled_from(({}, {}, {"at": "30 h"}, {"at": "1 day", "over": "20 h"})))
    spread = draw(st.integers(0, 3))
    if spread == 1:
        group["rate_spread"] = 0.5
    elif spread == 2 and any(item["arrivals"]["process"] not in ("once", "continuous") for item in traffic.values()):
        group["monthly_use"] = {"median": "20 kB", "p95": "90 kB"}
    if draw(st.booleans()):
        group["dns"] = {"query": "7 B", "response": "15 B", "cache_ttl": draw(st.sampled_from(("0 s", "5 min", "1 h")))}
    if draw(st.integers(0, 2)) == 0:
        waits = draw(st.sampled_from((("1 h", "9 h"), ("10 s", "15 min"), ("7 min", "7 min"))))
        group["when_blocked"] = {"reconnect": {"first": waits[0], "factor": 2, "max": waits[1]}}
    limits = st.sampled_from(("0 B", "300 B", "2 kB", "5 kB", "20 kB", "90 kB", "unlimited"))
    timeline: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(0, 3))):
        timeline.append({"at": draw(st.sampled_from(INSTANTS)), "fleet": "f", "data_limit": draw(limits)})
    late = st.sampled_from(INSTANTS[3:])  # when all are active
    for _ in range(draw(st.integers(0, 2))):
        timeline.append({"at": draw(late), "sims": "f/x", "status": draw(st.sampled_from(("inactive", "active")))})
    if draw(st.integers(0, 3)) == 0:
        timeline.append({"at": draw(late), "sims": "f/x", "count": 1, "to": "g"})
    platform = {
        "record_interval": draw(st.sampled_from(("6 min", "6 min", "1 h", "1 day", "none"))),
        "record_delay": draw(st.sampled_from(("0 s", "0 s", "12 h", "2 days"))),
        "enforcement_delay": draw(st.sampled_from(("0 s", "0 s", "1 h", "1 day"))),
        "limit_propagation": draw(st.sampled_from(("0 s", "15 min", "1 day"))),
        "dns_when_blocked": draw(st.sampled_from(("public", "none"))),
        "dns_counts": draw(st.booleans()),
        "billing_period": draw(st.sampled_from(("activation-month", "4 days", "50 h", "calendar-month"))),
    }
    return {
        "start": draw(st.sampled_from(("2026-03-27T00:00:00Z", "2026-01-30T06:30:00Z"))),
        "timezone": draw(st.sampled_from(("UTC", "Europe/Berlin"))),
        "duration": draw(st.sampled_from(("9 days", "9 days", "200 h"))),
        "seed": draw(st.integers(0, 10**6)),
        "platform": platform,
        "fleets": {
            "f": {"any_limit": True, "data_limit": draw(limits), "devices": {"x": group}},
            "g": {"any_limit": True, "data_limit": draw(limits), "devices": {}},
        },
        "timeline": timeline,
    }
