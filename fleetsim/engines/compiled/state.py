"""What a compiled life is made of: the rules it lives under, one SIM's state, and what it holds for a while.

Each is one record of int64 numbers: ms since the scenario's start, bytes, 0 and 1, or the address of an array
(`fleetsim.engines.compiled.pointed`). Kernels take the three of them and little else. Names are those of the reference
engine.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fleetsim.counted import COUNTED, HAPPENED, RECORDED

Sim: TypeAlias = Any
Rules: TypeAlias = Any
Held: TypeAlias = Any

NEVER: Final = 1 << 62
DRAWN: Final = -1
"""A first close that is drawn."""
BY_USE: Final = -1
"""Blocked as the scenario starts if the limit in the file has been passed."""
ACTIVE, READY, INACTIVE = 0, 1, 2
MAKE_ACTIVE, MAKE_INACTIVE, MOVE, LIMIT = 0, 1, 2, 3
"""Operations of the owner."""
NONE, TRAFFIC, ALL = 0, 1, 2
"""Usage records that are kept."""

OFFERED, UPLOAD, DOWNLOAD, DNS = (COUNTED.index(f"{name}_bytes") for name in ("offered", "upload", "download", "dns"))
METERING, ENFORCEMENT, PROPAGATION, LEAK = (
    COUNTED.index(f"overage_{name}_bytes") for name in ("metering", "enforcement", "propagation", "dns")
)
UNDELIVERED, BLOCKS, FIRST_BLOCKED, BLOCKED_MS, FEE_DUE = (
    COUNTED.index(name) for name in ("undelivered_bytes", "blocks", "first_blocked_at_ms", "blocked_ms", "fee_due")
)
NUMBER, FLEET, PERIOD, START, END, DATA_LIMIT, CARRIED = (
    COUNTED.index(name)
    for name in ("sim", "fleet", "period", "period_start_ms", "period_end_ms", "data_limit_bytes", "carried_bytes")
)


def _numbers(*names: str) -> list[tuple[str, type]]:
    return [(name, np.int64) for name in names]


DRAWN_FROM: Final = (
    "items",
    # size tables
    "laws",
    "box_base",
    "box_slope",
    "cells",
    "cell_lower",
    "cell_width",
    "cell_guide",
    # of each step its kind; of each kind its table of counts
    "kinds",
    "tables",
    "table_guides",
    "thresholds",
    # of each step its places and the shape in which they lie; of each shape a guide to its pieces; of each piece its
    # start in the step, its weight, and the places before it and up to its end
    "step_places",
    "step_shapes",
    "shape_guides",
    "piece_starts",
    "piece_weights",
    "places_before",
    "places_until",
)
"""Addresses of what all SIMs of a group draw their traffic from; see `fleetsim.engines.compiled.plan`."""

RULES: Final = np.dtype(
    _numbers(
        "horizon",
        "days",
        "replication",
        "record_interval",  # NEVER: only at a session's end
        "record_delay",
        "enforcement_delay",
        "dns_counts",
        "lookups_pass",
        "tunnels_pass",
        "looks_up",
        "query",
        "response",
        "cache_ttl",
        "on_demand",
        "idle_timeout",
        "reconnects",
        "handshake_up",
        "handshake_down",
        "keeps",  # which records
        "streams",  # is any traffic continuous?
        "merges",  # do several items ask for lookups, so that their instants are merged?
        "asking_item",  # the only one that does; -1: none, or several
        "takes_time",  # does any transfer?
        "first_close",  # of the first record, after the activation; DRAWN or NEVER
        "phase_key",
        "again",  # is each SIM's life lived under several limits?
        "sums",  # may anything be taken as sums?
        "item_count",
        "kind_count",  # of steps
        *DRAWN_FROM,
    )
)
"""The platform's rules, how the devices of a group behave, and what their traffic is drawn from."""

SIM: Final = np.dtype(
    [
        *_numbers(
            "number",
            "number_in_group",
            "awake",  # has it lived through the instant of its activation?
            "operations",  # address: instant, kind, fleet, limit, delay of its arrival; at last one that never comes
            "bounds",  # address: start and end of each billing period
            "fleet",
            "fleet_limit",
            "cached_limit",
            # status
            "status",
            "active_since",
            "ready_since",
            "ready_turns",  # first instant at which it is active by itself, as far as is known
            "ready_left",
            "returned",  # instant of an activation or a return
            "return_cause",
            # the running period
            "in_period",
            "period",
            "periods",
            "row_start",
            "row_end",
            "fee_paid",
            "moved",
            "counted",
            "peak",  # most that any period has moved or counted
            # records
            "begun",
            "next_close",
            "open_bytes",
            "judged",
            "recorded",
            "head",
            "tail",
            "log_upload",
            "log_download",
            "log_dns",
            # traffic
            "reached",  # all instants before it have been lived
            "decisive",  # instant up to which all was calm, and from which on it may not be
            "day",  # whose transfers have still to come; -1: none
            "flows",
            "moving",  # flows that are not suspended
            "settled_at",
            "last_lookup",
            "session",  # is one open?
            "sessions",
            "last_activity",
            "grid",
            # enforcement
            "blocked",
            "blocked_since",
            "pending",
            "pending_due",
            "pending_cause",
            "refresh_due",
            "refresh_asked",
            "refresh_cause",
            "attempt",
            "waits",
            "resume",  # instant at which suspended traffic may go on
            "full",
        ),
        ("row", np.int64, (len(COUNTED),)),
    ]
)
"""One SIM and its device."""

_NEVER: Final = (
    "begun",
    "next_close",
    "last_lookup",
    "pending_due",
    "refresh_due",
    "attempt",
    "ready_left",
    "ready_turns",
    "returned",
    "resume",
    "decisive",
)

TRAFFIC_OF_A_SIM: Final = (
    "times",
    "uploads",
    "downloads",
    "durations",
    "counts",
    "offsets",
    "places",
    "fixed",
    "origins",
    "uploads_by_tile",
    "downloads_by_tile",
    "lookups_by_day",
    "looked_up_by_day",
    "asks",
    "others",
    "is_timed",
    "first",
    "last",
    "mark",
    "via_dns",
    "streams",
)
SCRATCH: Final = ("words", "slow", "unsorted", "links", "heads", "filled", "ladders", "ladder_ends", "rungs")
"""Addresses of a SIM's traffic, and of what is needed while it is drawn; see `fleetsim.engines.compiled.room`."""

TABLES: Final = ("rows", "spans", "records", "events")
WIDTHS: Final = (len(COUNTED), 4, len(RECORDED), len(HAPPENED))


def held(room: int, waits: int) -> np.dtype[np.void]:
    """Return the record of what a SIM holds for a while, and where it is written down.

    Parameters
    ----------
    room
        Running transfers, and closed records that wait for their evaluation.
    waits
        Distances of the attempts; the last one goes on for ever.
    """
    flows = (
        "began",
        "ends",
        "duration",
        "upload",
        "download",
        "upload_done",
        "download_done",
        "dns",
        "passes",
        "suspended",
        "continuous",
    )
    return np.dtype(
        [
            *_numbers(*(f"{name}_out" for name in TABLES), "written"),
            ("room", np.int64, (4,)),
            ("done", np.int64, (4,)),
            ("count", np.int64, (4,)),
            ("rows", np.int64, (4, len(COUNTED))),
            ("spans", np.int64, (64, 4)),
            ("records", np.int64, (16, len(RECORDED))),
            ("events", np.int64, (256, len(HAPPENED))),
            ("waits", np.int64, (waits,)),
            ("due", np.int64, (room,)),
            ("size", np.int64, (room,)),
            *((name, np.int64, (room,)) for name in flows),
            *_numbers("transfers", "regular", "known_from", "known_until", *TRAFFIC_OF_A_SIM, *SCRATCH),
        ]
    )


def nobody() -> NDArray[np.void]:
    """Return the state of a SIM of which nothing has happened yet, shape (1,)."""
    sim = np.zeros(1, SIM)
    for name in _NEVER:
        sim[name] = NEVER
    sim["judged"] = 1
    sim["day"] = -1
    return sim
