"""Scenarios of one group that uploads by traces: the base of the tests of records, enforcement, sessions, updates."""

from __future__ import annotations

from typing import Any

TRACE = "readings: {arrivals: {process: trace, file: trace.csv}}"


def scenario(
    *,
    limit: str = "100 B",
    platform: str = "limit_propagation: 4 min",
    session: str = "mode: always-on, first_record: 6 min",
    duration: str = "30 min",
    count: int = 1,
    group: tuple[str, ...] = (),
    traffic: str = TRACE,
    other: str | None = None,
    timeline: tuple[str, ...] = (),
) -> str:
    """Fleet f with the group d; records close at 6, 12, ... min, a changed limit arrives 4 min later.

    `other` is the limit of a second fleet g without devices.
    """
    lines = [
        "name: micro",
        "start: 2026-01-01T00:00:00Z",
        f"duration: {duration}",
        "seed: 1",
        f"platform: {{preset: super-sim, {platform}}}",
        "fleets:",
        "  f:",
        f"    data_limit: {limit}",
        "    any_limit: true",
        "    devices:",
        "      d:",
        f"        count: {count}",
        *(f"        {line}" for line in group),
        f"        session: {{{session}}}",
        f"        traffic: {{{traffic}}}",
    ]
    if other is not None:
        lines.append(f"  g: {{data_limit: {other}, any_limit: true, devices: {{}}}}")
    if timeline:
        lines += ["timeline:", *(f"  - {{{entry}}}" for entry in timeline)]
    return "\n".join(lines) + "\n"


def trace(*transfers: tuple[int, ...]) -> str:
    """Uploads as (time_ms, bytes) or (time_ms, bytes, duration_ms)."""
    rows = [f"{at},{size},0,{rest[0] if rest else 0}" for at, size, *rest in transfers]
    return "\n".join(["time_ms,upload_bytes,download_bytes,duration_ms", *rows]) + "\n"


def check(found: dict[str, Any], **expected: Any) -> None:
    """Hold the named columns of a row against literal figures."""
    assert {name: found[name] for name in expected} == expected
