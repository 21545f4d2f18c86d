"""What the devices of a group do, in a sentence: the assumption on which most of an answer hangs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fleetsim.report import words
from fleetsim.scenario.dump import resolved_group
from fleetsim.scenario.schema import Scenario

_MOST_GROUPS: Final = 12
_MOST_VALUES: Final = 8
_NOTHING: Final = ("0 B", "0 B/s", "0 s")

Written = Mapping[str, Any]


def devices(scenario: Scenario) -> list[tuple[str, str]]:
    """Each group, and what its devices do; nothing where groups are many. Names are not escaped."""
    groups = [
        (f"{name} of {fleet}" if len(scenario.fleets) > 1 else name, group)
        for fleet, content in scenario.fleets.items()
        for name, group in content.devices.items()
    ]
    if len(groups) > _MOST_GROUPS:
        return []
    return [
        (f"Devices {words.plain(name)}", words.plain("; ".join(_does(resolved_group(each))))) for name, each in groups
    ]


def _does(group: Written) -> Iterator[str]:
    for name, item in group["traffic"].items():
        yield f"{name}: {', '.join(_item(item))}"
    if not group["traffic"]:
        yield "no traffic of its own"
    if "monthly_use" in group:
        yield f"use differs between SIMs, {_spelled(group['monthly_use'])} a month"
    if group.get("rate_spread"):
        yield f"rates differ between SIMs by a sigma of {group['rate_spread']}"
    if dns := group.get("dns"):
        kept = "" if dns["cache_ttl"] in _NOTHING else f", kept for {dns['cache_ttl']}"
        yield f"looks names up, {dns['query']} up and {dns['response']} down{kept}, at a {dns['resolver']} resolver"
    if blocked := group.get("when_blocked"):
        again, shake = blocked["reconnect"], blocked["handshake"]
        yield (
            f"blocked, it tries again after {again['first']}, each time {again['factor']} times as late, up to"
            f" {again['max']}; back, it moves {shake['upload']} up and {shake['download']} down"
        )
    if group["session"]["mode"] == "on-demand":
        yield f"a session ends when it has been idle for {group['session']['idle_timeout']}"


def _item(item: Written) -> Iterator[str]:
    yield _spelled(item["arrivals"])
    for way in ("upload", "download"):
        size = item.get(way)
        if size not in (None, *_NOTHING):
            yield f"{way} {_spelled(size)}"
    for key in ("throughput", "duration"):
        if item.get(key, _NOTHING[0]) not in _NOTHING:
            yield f"{key} {item[key]}"
    if item.get("via") == "dns":
        yield "through DNS"


def _spelled(value: Any) -> str:
    """``lognormal, median 800 B, sigma 0.5``: what kind it is, and its figures."""
    if isinstance(value, Mapping):
        kinds = ("process", "distribution")
        named = [each if key in kinds else f"{key} {_spelled(each)}" for key, each in value.items()]
        return " ".join(named) if "distribution" in value else ", ".join(named)
    if isinstance(value, list):
        return f"of {len(value):,} values" if len(value) > _MOST_VALUES else " ".join(map(_spelled, value))
    return str(value)
