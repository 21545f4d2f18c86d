"""When a device looks a name up, and what passes while its SIM is blocked."""

from __future__ import annotations

from typing import Literal

DnsWhenBlocked = Literal["public", "all", "none"]
Resolver = Literal["public", "carrier"]


def lookup_due(last_lookup_ms: int | None, cache_ttl_ms: int, now_ms: int) -> bool:
    """Is a lookup due? Before the first one always, else once the cached answer is `cache_ttl_ms` old."""
    return last_lookup_ms is None or now_ms - last_lookup_ms >= cache_ttl_ms


def lookup_passes(policy: DnsWhenBlocked, resolver: Resolver) -> bool:
    """Does a lookup at this resolver pass while the SIM is blocked?"""
    return policy == "all" or (policy == "public" and resolver == "public")


def tunnel_passes(policy: DnsWhenBlocked) -> bool:
    """Does traffic marked ``via: dns`` pass while the SIM is blocked?"""
    return policy != "none"
