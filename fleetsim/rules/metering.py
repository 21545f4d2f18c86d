"""How many bytes running traffic has moved by an instant, and when records close."""

from __future__ import annotations


def transferred(size_bytes: int, started_ms: int, duration_ms: int, now_ms: int) -> int:
    """Bytes that a transfer of `duration_ms` > 0 has moved by `now_ms`."""
    return size_bytes * min(now_ms - started_ms, duration_ms) // duration_ms


def flowed(bytes_per_s: int, began_ms: int, now_ms: int) -> int:
    """Bytes that continuous traffic offers from its own start to `now_ms`."""
    return bytes_per_s * (now_ms - began_ms) // 1000


def close_after(close_ms: int, interval_ms: int, now_ms: int) -> int:
    """First close after `now_ms` on the grid of records that has `close_ms` on it, `close_ms` <= `now_ms`."""
    return close_ms + ((now_ms - close_ms) // interval_ms + 1) * interval_ms
