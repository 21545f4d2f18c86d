"""The traffic of one SIM over the horizon: counts and sizes of each item, and their sums by day."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fleetsim.engines.compiled.items import DAY, GIVEN, PERIODIC, POISSON, count_steps, first_point, scale, sizes_of
from fleetsim.engines.compiled.settings import OPTIONS


@njit(**OPTIONS)
def draw_traffic(
    items: NDArray,
    laws: tuple,
    means: tuple,
    own_means: NDArray,
    size_factor: float,
    number: int,
    replication: int,
    days: int,
    origins: NDArray,
    first_given: NDArray,
    last_given: NDArray,
    given: tuple[NDArray, NDArray, NDArray, NDArray],
    counts: NDArray,
    places: NDArray,
    offsets: NDArray,
    fixed: NDArray,
    transfers: tuple[NDArray, NDArray, NDArray, NDArray],
    words: NDArray,
    slow: NDArray,
) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Draw counts and sizes of a SIM's transfers; return the arrays that hold them, new ones where there was no room.

    Parameters
    ----------
    counts
        Is told the transfers of each step of the Poisson items.
    places, offsets
        Are told that the transfers of item k in day d are number ``offsets[k] + places[k, d]`` to
        ``offsets[k] + places[k, d + 1]`` - 1.
    fixed
        Is told the upload and download bytes of all transfers of an item, -1 where they differ.
    """
    total = 0
    for k in range(items.size):
        item = items[k]
        offsets[k] = total
        if item.kind == GIVEN:
            last = last_given[k] - first_given[k]
            at = 0
            for day in range(days):
                places[k, day] = at
                while at < last and given[0][first_given[k] + at] < (day + 1) * DAY:
                    at += 1
            places[k, days] = at
            total += last
        elif item.kind == PERIODIC:
            for day in range(days + 1):
                places[k, day] = first_point(item, origins[k], day * DAY, number, replication)
            total += places[k, days]
        elif item.kind == POISSON:
            own = counts[item.first_step : item.first_step + item.steps]
            total += count_steps(own, item, means, number, replication, words, own_means)
            a_day, n = DAY // item.step, 0
            for day in range(days):
                places[k, day] = n
                for d in range(day * a_day, min((day + 1) * a_day, item.steps)):
                    n += own[d]
            places[k, days] = n
    times, uploads, downloads, durations = transfers
    if total > times.size:
        times, uploads = np.zeros(2 * total, np.int64), np.zeros(2 * total, np.int64)
        downloads, durations = np.zeros(2 * total, np.int64), np.zeros(2 * total, np.int64)
    for k in range(items.size):
        item = items[k]
        first, count = offsets[k], places[k, days]
        if item.kind == GIVEN:
            fixed[k, 0], fixed[k, 1] = -1, -1
            for i in range(count):
                times[first + i], uploads[first + i] = given[0][first_given[k] + i], given[1][first_given[k] + i]
                downloads[first + i], durations[first + i] = given[2][first_given[k] + i], given[3][first_given[k] + i]
            continue
        fixed[k, 0], fixed[k, 1] = item.upload_bytes, item.download_bytes
        if item.scaled == 1:
            scale(fixed[k], size_factor)
        for way, law, key, rest_key in (
            (0, item.upload, item.upload_key, item.upload_rest_key),
            (1, item.download, item.download_key, item.download_rest_key),
        ):
            if law < 0:
                continue
            fixed[k, way] = -1
            sizes = uploads if way == 0 else downloads
            sizes_of(sizes, first, count, law, laws, key, rest_key, number, replication, words, slow)
            if item.scaled == 1:
                scale(sizes[first : first + count], size_factor)
    return times, uploads, downloads, durations


@njit(**OPTIONS)
def fill_with(values: NDArray, first: int, count: int, value: int) -> None:
    """Set `count` numbers to one value."""
    for i in range(first, first + count):
        values[i] = value


@njit(**OPTIONS)
def last_for(item, transfers: tuple[NDArray, NDArray, NDArray, NDArray], first: int, count: int) -> None:  # type: ignore[no-untyped-def]
    """Set how long an item's transfers take."""
    _, uploads, downloads, durations = transfers
    for i in range(first, first + count):
        durations[i] = item.duration
        if item.bits_per_s > 0:
            durations[i] = (8000 * (uploads[i] + downloads[i]) + item.bits_per_s - 1) // item.bits_per_s


@njit(**OPTIONS)
def sum_days(
    places: NDArray,
    offsets: NDArray,
    fixed: NDArray,
    transfers: tuple[NDArray, NDArray, NDArray, NDArray],
    sums: tuple[NDArray, NDArray, NDArray, NDArray],
) -> None:
    """Sum the transfers of each item and day: their number, upload, download, and both."""
    numbers, uploads, downloads, sizes = sums
    for k in range(numbers.shape[0]):
        for day in range(numbers.shape[1]):
            first, last = offsets[k] + places[k, day], offsets[k] + places[k, day + 1]
            numbers[k, day] = last - first
            up, down = (last - first) * fixed[k, 0], (last - first) * fixed[k, 1]
            uploads[k, day] = up if fixed[k, 0] >= 0 else total(transfers[1], first, last)
            downloads[k, day] = down if fixed[k, 1] >= 0 else total(transfers[2], first, last)
            sizes[k, day] = uploads[k, day] + downloads[k, day]


@njit(**OPTIONS)
def total(values: NDArray, first: int, last: int) -> int:
    """Sum of the numbers `first` to `last` - 1 of an array."""
    found = 0
    for i in range(first, last):
        found += values[i]
    return found
