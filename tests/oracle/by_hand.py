"""What the tables derived by hand share: a SIM to begin with, and ways to ask the oracle.

Where nothing else is said: one always-on SIM with records at 100, 200, ... ms, a limit of 10 bytes, no delays,
a horizon of 1,000 ms inside one billing period. Transfers are (time, upload, download, duration).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.oracle.case import Case, SetLimit, Transfers
from tests.oracle.oracle import Walk

CAUSES = ("metering", "enforcement", "propagation", "dns")


def one_sim(*rows: tuple[int, int, int, int], **changes: Any) -> Case:
    """Build a case from the transfers of one item.

    ``more`` adds items after it; ``updates``, of (time, limit), adds changes of the first fleet's limit.
    """
    more = changes.pop("more", ())
    updates = tuple(SetLimit(at, limit) for at, limit in changes.pop("updates", ()))
    timeline = (*changes.pop("timeline", ()), *updates)
    base: dict[str, Any] = {
        "start": datetime(2026, 1, 1, tzinfo=UTC),
        "horizon": 1000,
        "session": ("always-on", 100),
        "limit": 10,
        "record_interval": 100,
        "items": ((Transfers(rows),) if rows else ()) + tuple(more),
        "timeline": timeline,
    }
    return Case(**(base | changes))


def row(case: Case) -> dict[str, Any]:
    """Return the only row, with the overage's causes as a tuple in the order of CAUSES."""
    (only,) = rows(case)
    return only


def rows(case: Case) -> list[dict[str, Any]]:
    found = Walk(case).run().rows
    return [r | {"causes": tuple(r[f"overage_{cause}_bytes"] for cause in CAUSES)} for r in found]


def windows(case: Case) -> list[tuple[int, int, int]]:
    """Return (start, end, bytes) of every usage record made, the one closed by the horizon included."""
    return [(r.start, r.end, r.upload + r.download) for r in Walk(case).run().records]


def events(case: Case) -> list[tuple[int, str, int | None]]:
    """Return (time, what happened, the limit in the cache)."""
    return [(e.time, e.event, e.limit) for e in Walk(case).run().events]


def shows(table: dict[str, Any], **expected: Any) -> None:
    assert {name: table[name] for name in expected} == expected
