"""Scenarios of SIMs that come, go, move and come back, and the whole of what a row counts.

Fleet f has the group d. Unless a test says otherwise: a limit of 100 bytes, records at 6, 12, 18 and 24 minutes, a
changed limit that arrives 4 minutes later, one billing period of 30 minutes, the horizon at its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MINUTE = 60_000
DAY = 86_400_000
ON_DEMAND = "{mode: on-demand, idle_timeout: 10 min}"
TRACE = "{t: {arrivals: {process: trace, file: trace.csv}}}"

NAMES = {
    "sim": "sim",
    "fleet": "fleet",
    "group": "device_group",
    "limit": "data_limit_bytes",
    "carried": "carried_bytes",
    "fee": "fee_due",
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


def scenario(
    *,
    limit: str = "100 B",
    others: Mapping[str, str] | None = None,
    more_devices: str = "",
    start: str = "2026-01-01T00:00:00Z",
    duration: str = "30 min",
    period: str = "30 min",
    propagation: str = "4 min",
    platform: str = "",
    count: int = 1,
    group: Iterable[str] = (),
    session: str = "{mode: always-on, first_record: 6 min}",
    traffic: str = TRACE,
    timeline: Iterable[str] = (),
) -> str:
    """`others`: the limits of fleets without devices; `group`: more keys of d; `more_devices`: whole groups of f."""
    keys = [f"count: {count}", *group, f"session: {session}", f"traffic: {traffic}"]
    lines = [
        "name: micro",
        f"start: {start}",
        f"duration: {duration}",
        "seed: 1",
        f"platform: {{preset: super-sim, limit_propagation: {propagation}, billing_period: {period}{platform}}}",
        "fleets:",
        f"  f: {{data_limit: {limit}, any_limit: true, devices: {{d: {{{', '.join(keys)}}}{more_devices}}}}}",
    ]
    lines += [f"  {name}: {{data_limit: {of}, any_limit: true, devices: {{}}}}" for name, of in (others or {}).items()]
    entries = [f"  - {{{entry}}}" for entry in timeline]
    return "\n".join([*lines, *(["timeline:", *entries] if entries else [])]) + "\n"


def off(at: str, count: int | None = None) -> str:
    """Make SIMs of f/d inactive."""
    return f"at: {at}, sims: f/d{_count(count)}, status: inactive"


def on(at: str, count: int | None = None) -> str:
    """Make SIMs of f/d active."""
    return f"at: {at}, sims: f/d{_count(count)}, status: active"


def move(at: str, to: str, count: int | None = None) -> str:
    """Move SIMs of f/d to another fleet."""
    return f"at: {at}, sims: f/d{_count(count)}, to: {to}"


def limit_set(at: str, value: str, fleet: str = "f") -> str:
    """Set the limit of a fleet."""
    return f"at: {at}, fleet: {fleet}, data_limit: {value}"


def _count(count: int | None) -> str:
    return "" if count is None else f", count: {count}"


def bursts(*transfers: tuple[int, ...]) -> str:
    """Trace of uploads (time_ms, bytes) or (time_ms, bytes, duration_ms)."""
    rows = [f"{at},{size},0,{rest[0] if rest else 0}" for at, size, *rest in transfers]
    return "\n".join(["time_ms,upload_bytes,download_bytes,duration_ms", *rows]) + "\n"


def bursts_of_sims(*transfers: tuple[int, int, int]) -> str:
    """Trace of uploads (sim, time_ms, bytes)."""
    rows = [f"{sim},{at},{size},0,0" for sim, at, size in transfers]
    return "\n".join(["sim,time_ms,upload_bytes,download_bytes,duration_ms", *rows]) + "\n"


def sims_file(*rows: str, columns: str = "sim,period_start,used_bytes,blocked") -> str:
    """The CSV that `initial` names."""
    return "\n".join([columns, *rows]) + "\n"


def line(
    period: int = 0,
    start: int = 0,
    end: int = 30 * MINUTE,
    complete: bool = True,
    *,
    limit: int | None = 100,
    fleet: str = "f",
    group: str = "d",
    sim: int = 0,
    fee: bool = True,
    used: int = 0,
    down: int = 0,
    first_blocked: int | None = None,
    metering: int = 0,
    enforcement: int = 0,
    propagation: int = 0,
    leak: int = 0,
    **counted: int,
) -> dict[str, Any]:
    """Everything that a row counts; what a test does not name is 0, `used` is uploaded but for `down`."""
    unnamed = dict.fromkeys(("carried", "offered", "dns", "undelivered", "blocks", "blocked_ms"), 0)
    assert counted.keys() <= unnamed.keys()
    return {
        "span": (period, start, end, complete),
        "limit": limit,
        "fleet": fleet,
        "group": group,
        "sim": sim,
        "fee": fee,
        "used": used,
        "up": used - down,
        "down": down,
        "first_blocked": first_blocked,
        "metering": metering,
        "enforcement": enforcement,
        "propagation": propagation,
        "leak": leak,
        "over": metering + enforcement + propagation + leak,
        **unnamed,
        **counted,
    }


def told(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows in the words of `line`."""
    return [
        {"span": (row["period"], row["period_start"], row["period_end"], row["complete"])}
        | {short: row[name] for short, name in NAMES.items()}
        for row in rows
    ]
