"""Room for one SIM's traffic, for what its drawing needs, and for what happens to many: arrays for `state.held`."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fleetsim.engines.compiled.pointed import address, numbers_at
from fleetsim.engines.compiled.settings import OPTIONS
from fleetsim.engines.compiled.state import Held, Rules

RUNGS: Final = 256
"""Counts that a SIM's own mean may give: of a part's mean, at most 64, no word asks for more than half of them."""
SORTED_AT_ONCE: Final = 4096
"""Instants of a step that are sorted by the slots of it that they fall into; more of them are sorted by comparison."""
SLOTS: Final = 8
"""At least so many slots an instant."""
TILE: Final = 64
"""Transfers whose bytes are added up together."""


def room_for_traffic(items: int, days: int, steps: int, transfers: int) -> dict[str, NDArray[np.int64]]:
    """Return room for the traffic of one SIM.

    times, uploads, downloads, durations
        Shape (transfers,): all transfers of item 0, then those of item 1, and so on, each in the order of time. Sizes
        are drawn for the whole horizon, instants a day at a time (`is_timed`) where somebody needs them.
    counts
        Transfers of each step of the Poisson items.
    offsets, places
        The transfers of item k in day d are number ``offsets[k] + places[k, d]`` to ``offsets[k] + places[k, d + 1]``
        - 1.
    uploads_by_tile, downloads_by_tile
        Bytes of all transfers before number 64 * t.
    lookups_by_day, looked_up_by_day
        Of days ``known_from`` to ``known_until``, if the SIM is not blocked: lookups since the first of them, and the
        last one before the day.
    fixed
        Upload and download bytes of all transfers of an item, shape (items, 2); -1 where they differ.
    origins
        Where the grid of a periodic item begins.
    asks
        Instants of the transfers of all items that ask for lookups, in the order of time, where they are several.
    others
        Likewise, without those of the item number ``regular``, where there is one.
    is_timed
        Of each day: have its instants been drawn, or those of all but the regular item?
    first, last
        Of the day that is being lived: transfers of item k that have still to come are ``first[k]`` to ``last[k]`` - 1.
    mark
        Keeps `first` while it is moved to look ahead.
    via_dns
        Of each item: does it go through DNS?
    streams
        Continuous traffic of item k, shape (items, 5): begin, end, clock, upload and download bytes a second;
        begin >= end: none, or none any more.
    """
    shapes = {
        **dict.fromkeys(("times", "uploads", "downloads", "durations", "asks", "others"), (transfers,)),
        "counts": (steps,),
        **dict.fromkeys(("uploads_by_tile", "downloads_by_tile"), (transfers // TILE + 1,)),
        "places": (items, days + 1),
        **dict.fromkeys(("lookups_by_day", "looked_up_by_day"), (days + 1,)),
        "fixed": (items, 2),
        "is_timed": (days,),
        "streams": (items, 5),
        **dict.fromkeys(("offsets", "origins", "first", "last", "mark", "via_dns"), (items,)),
    }
    return {name: np.zeros(shape, np.int64) for name, shape in shapes.items()}


def scratch(kinds: int) -> dict[str, NDArray]:
    """Return what drawing needs for a moment: random words, sizes that no box carries, and instants to be sorted.

    ``ladders[k, n]`` is 2^32 times the probability of at most n transfers in a step of kind k, for the SIM's own mean,
    as far as it is known: ``rungs[k]`` numbers. ``ladder_ends[k]`` is what the last rung adds to the one before.
    """
    return {
        "words": np.zeros(128, np.uint32),
        "slow": np.zeros(64, np.int64),
        "unsorted": np.zeros(SORTED_AT_ONCE, np.int64),
        "links": np.zeros(SORTED_AT_ONCE, np.int32),
        "heads": np.zeros(SLOTS * SORTED_AT_ONCE, np.int32),
        "filled": np.zeros(SLOTS * SORTED_AT_ONCE // 64, np.uint64),
        "ladders": np.zeros((kinds, RUNGS), np.float64),
        "ladder_ends": np.zeros(kinds, np.float64),
        "rungs": np.zeros(kinds, np.int64),
    }


def point_to(record: NDArray[np.void], arrays: dict[str, NDArray]) -> None:
    """Write the arrays' addresses into the fields of a record that have their names."""
    for name, array in arrays.items():
        record[name] = address(array)


@njit(**OPTIONS)
def places_of(rules: Rules, held: Held, item: int) -> NDArray:
    """Of each day and the one after the last: transfers of an item before it."""
    return numbers_at(held.places + 8 * item * (rules.days + 1), rules.days + 1)


@njit(**OPTIONS)
def asked_before(rules: Rules, held: Held, day: int) -> int:
    """Transfers before a day that ask for a lookup."""
    via_dns, found = numbers_at(held.via_dns, rules.item_count), 0
    for item in range(rules.item_count):
        if via_dns[item] == 0:
            found += places_of(rules, held, item)[day]
    return found


@njit(**OPTIONS)
def stream_of(held: Held, item: int) -> NDArray:
    """Continuous traffic of an item."""
    return numbers_at(held.streams + 40 * item, 5)


@njit(**OPTIONS)
def fixed_of(held: Held, item: int) -> NDArray:
    """Upload and download bytes of all transfers of an item, -1 where they differ."""
    return numbers_at(held.fixed + 16 * item, 2)
