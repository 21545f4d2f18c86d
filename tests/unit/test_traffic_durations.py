"""How long transfers take: a duration for all, or what a throughput makes of each one's bytes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fleetsim.scenario.fleet import groups
from fleetsim.scenario.load import load_text
from fleetsim.scenario.schema import TrafficItem
from fleetsim.traffic import Transfers, offer
from fleetsim.traffic.offered import durations_ms


def item(**keys: str) -> TrafficItem:
    return TrafficItem.model_validate({"arrivals": {"process": "poisson", "rate": "1 per h"}, "upload": "1 B", **keys})


@pytest.mark.parametrize(
    ("throughput", "upload", "download", "ms"),
    [
        ("200 kbit/s", 1000, 0, 40),  # 8,000,000 / 200,000
        ("200 kbit/s", 1001, 0, 41),  # 40.04
        ("200 kbit/s", 500, 501, 41),  # both directions together: 20 and 20.04 apart
        ("200 kbit/s", 0, 1, 1),  # 0.04
        ("200 kbit/s", 0, 0, 0),
        ("1 bit/s", 0, 1, 8000),
        ("3 bit/s", 0, 1, 2667),  # 2666.67
        ("8 kbit/s", 7, 5, 12),  # a byte a ms
        ("1000 Gbit/s", 2**40 - 1, 2**40 - 1, 17_593),  # 8000 * 2 * (2^40 - 1) / 10^12 = 17,592.19
        # 8000 * 2 * (2^40 - 1) = 1.76 * 10^16, beyond what a float holds exactly
        ("1 bit/s", 2**40 - 1, 2**40 - 1, 17_592_186_044_400_000),
        ("7 bit/s", 2**40 - 1, 2**40 - 1, 2_513_169_434_914_286),  # ... / 7 = ...285.71
    ],
)
def test_a_throughput_moves_all_bytes_in_the_next_whole_millisecond(throughput, upload, download, ms):
    found = durations_ms(item(throughput=throughput), np.array([upload]), np.array([download]))
    assert found.tolist() == [ms]
    assert found.dtype == np.int64


def test_a_duration_holds_for_every_transfer_whatever_its_size():
    some, none = np.array([0, 1, 10**9]), np.zeros(3, np.int64)
    assert durations_ms(item(duration="48 s"), some, none).tolist() == [48_000] * 3
    assert durations_ms(item(), some, none).tolist() == [0] * 3


@pytest.mark.parametrize(
    "arrivals",
    [
        {"process": "periodic", "every": "1 h", "jitter": "2 h"},
        {"process": "poisson", "rate": "30 per day"},
        {"process": "poisson", "rate": "30 per day", "profile": [1] * 12 + [5] * 12},
        {"process": "on-off", "rate": "3 per h", "on": "2 h", "off": "2 h"},
        {"process": "once", "at": "1 h", "spread": "1 day", "shape": "beta(2, 2)"},
    ],
    ids=["periodic", "poisson", "profile", "on-off", "once"],
)
def test_a_transfer_of_any_process_takes_the_time_of_its_own_bytes(arrivals):
    content = {
        "arrivals": arrivals,
        "upload": {"distribution": "exponential", "mean": "3 kB"},
        "download": {"distribution": "empirical", "values": ["0 B", "70 kB"]},
        "throughput": "9.6 kbit/s",
    }
    devices = {"group": {"count": 50, "traffic": {"item": content}}}
    text = {"start": "2026-01-01", "duration": "3 days", "seed": 1, "fleets": {"f": {"data_limit": "unlimited"}}}
    text["fleets"]["f"]["devices"] = devices
    scenario = load_text(json.dumps(text))
    found = offer(scenario, groups(scenario)[0], "item", 0, np.arange(50), np.zeros(50, np.int64))
    assert isinstance(found, Transfers)
    moved = (found.upload_bytes + found.download_bytes).tolist()
    # 9,600 bit/s are 1.2 bytes a ms
    assert found.duration_ms.tolist() == [-(-bytes_ * 10 // 12) for bytes_ in moved]
    assert len(moved) >= 50
    assert len(set(moved)) > 40
