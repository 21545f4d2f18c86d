"""Scenarios of one SIM in flow style: the base of the tests of blocks, DNS, attempts, causes, periods and money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COLUMNS = {
    "offered": "offered_bytes",
    "up": "upload_bytes",
    "down": "download_bytes",
    "used": "used_bytes",
    "dns": "dns_bytes",
    "over": "overage_bytes",
    "metering": "overage_metering_bytes",
    "enforcement": "overage_enforcement_bytes",
    "propagation": "overage_propagation_bytes",
    "leak": "overage_dns_bytes",
    "undelivered": "undelivered_bytes",
    "blocks": "blocks",
    "first_blocked": "first_blocked_at",
    "blocked_ms": "blocked_ms",
}


TRACE = "{arrivals: {process: trace, file: trace.csv}}"
TUNNEL = "{via: dns, arrivals: {process: trace, file: tunnel.csv}}"


def counted(row: dict[str, Any]) -> dict[str, int]:
    """The counted columns, in short names, that are not 0 or null: a column a test does not name is 0."""
    return {short: row[name] for short, name in COLUMNS.items() if row[name]}


def flow(keys: Mapping[str, object]) -> str:
    """A YAML mapping on one line."""
    return "{" + ", ".join(f"{key}: {value}" for key, value in keys.items()) + "}"


def scenario(
    traffic: Mapping[str, object],
    limit: str = "1000 B",
    duration: str = "1 h",
    platform: Mapping[str, object] | None = None,
    limits: Mapping[str, object] | None = None,
    tariff: str = "super-sim-payg",
    **group: object,
) -> str:
    """One always-on SIM: records close at 6, 12, ... min, a limit set at T arrives at T + 5 min."""
    platform = {"preset": "super-sim", "limit_propagation": "5 min"} | dict(platform or {})
    group = {
        "count": 1,
        "session": "{mode: always-on, first_record: 6 min}",
        "traffic": flow(traffic),
    } | group
    lines = [
        "name: micro",
        "start: 2026-01-01T00:00:00Z",
        f"duration: {duration}",
        "seed: 1",
        f"platform: {flow(platform)}",
        f"tariff: {tariff}",
        f"fleets: {{f: {{data_limit: {limit}, any_limit: true, devices: {{d: {flow(group)}}}}}}}",
    ]
    if limits:
        lines.append("timeline:")
        lines += [f"  - {{at: {at}, fleet: f, data_limit: {value}}}" for at, value in limits.items()]
    return "\n".join(lines) + "\n"


def trace(*transfers: tuple[int, ...]) -> str:
    """A trace file of rows (time_ms, upload_bytes, download_bytes, duration_ms)."""
    return "\n".join(["time_ms,upload_bytes,download_bytes,duration_ms", *(",".join(map(str, t)) for t in transfers)])


def dns(cache_ttl: str = "0 s", resolver: str = "public") -> str:
    """The key `dns` with lookups of 70 B up and 150 B down."""
    return f"{{query: 70 B, response: 150 B, cache_ttl: {cache_ttl}, resolver: {resolver}}}"
