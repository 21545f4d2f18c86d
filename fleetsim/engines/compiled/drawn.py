"""The traffic of one SIM: counts and sizes of each item over the horizon, the instants of a day, and sums over days."""

from __future__ import annotations

from numba import njit
from numpy.typing import NDArray

from fleetsim.engines.compiled.draws import draw_sizes
from fleetsim.engines.compiled.items import (
    DAY,
    GIVEN,
    PERIODIC,
    POISSON,
    arrivals,
    count_steps,
    first_point,
    items_at,
    points,
    scale,
)
from fleetsim.engines.compiled.pointed import copy_to, fill_with, numbers_at
from fleetsim.engines.compiled.room import TILE, asked_before, fixed_of, places_of
from fleetsim.engines.compiled.settings import OPTIONS
from fleetsim.engines.compiled.state import NEVER, Held, Rules, Sim

NOT_TIMED, BUT_REGULAR, TIMED = 0, 1, 2
"""Of a day: which of its instants have been drawn."""


@njit(**OPTIONS)
def draw_traffic(
    sim: Sim,
    rules: Rules,
    held: Held,
    own_means: NDArray,
    size_factor: float,
    i: int,
    given_offsets: NDArray,
    given: tuple[NDArray, NDArray, NDArray, NDArray],
) -> bool:
    """Draw counts and sizes of a SIM's transfers; say whether there was room for so many (`held.transfers`).

    Parameters
    ----------
    own_means
        Of each kind of step, where the SIM has means of its own.
    i, given_offsets, given
        Transfers of item k that are drawn already are number ``given_offsets[k, i]`` to ``given_offsets[k, i + 1]`` - 1
        of the four columns `given`.
    """
    number, replication, days = sim.number_in_group, rules.replication, rules.days
    items, offsets = items_at(rules.items, rules.item_count), numbers_at(held.offsets, rules.item_count)
    origins, room = numbers_at(held.origins, rules.item_count), held.transfers
    fill_with(numbers_at(held.is_timed, days), NOT_TIMED)
    fill_with(numbers_at(held.rungs, rules.kind_count), 0)
    held.known_from = NEVER
    count_of_all = 0
    for k in range(rules.item_count):
        item = items[k]
        places = places_of(rules, held, k)
        offsets[k] = count_of_all
        if item.kind == GIVEN:
            first, last = given_offsets[k, i], given_offsets[k, i + 1]
            at = first
            for day in range(days):
                places[day] = at - first
                while at < last and given[0][at] < (day + 1) * DAY:
                    at += 1
            places[days] = at - first
        elif item.kind == PERIODIC:
            for day in range(days + 1):
                places[day] = first_point(item, origins[k], day * DAY, number, replication)
        elif item.kind == POISSON:
            counts = numbers_at(held.counts + 8 * item.first_step, item.steps)
            count_steps(counts, item, rules, held, number, own_means)
            a_day, n = DAY // item.step, 0
            for day in range(days):
                places[day] = n
                for step in range(day * a_day, min((day + 1) * a_day, item.steps)):
                    n += counts[step]
            places[days] = n
        else:
            fill_with(places, 0)
        count_of_all += places[days]
    held.transfers = count_of_all
    if count_of_all > room:
        return False
    held.transfers = room
    uploads_differ, downloads_differ = False, False
    for k in range(rules.item_count):
        item = items[k]
        first, count, fixed = offsets[k], places_of(rules, held, k)[days], fixed_of(held, k)
        uploads, downloads = numbers_at(held.uploads + 8 * first, count), numbers_at(held.downloads + 8 * first, count)
        if item.kind == GIVEN:
            times, durations = numbers_at(held.times + 8 * first, count), numbers_at(held.durations + 8 * first, count)
            begin, end = given_offsets[k, i], given_offsets[k, i] + count
            copy_to(times, given[0][begin:end])
            copy_to(uploads, given[1][begin:end])
            copy_to(downloads, given[2][begin:end])
            copy_to(durations, given[3][begin:end])
            fill_with(fixed, -1)
            uploads_differ, downloads_differ = True, True
            continue
        fixed[0], fixed[1] = item.upload_bytes, item.download_bytes
        if item.scaled == 1:
            scale(fixed, size_factor)
        if item.upload >= 0:
            fixed[0] = -1
            uploads_differ = True
            draw_sizes(uploads, rules, held, item.upload, item.upload_key, item.upload_rest_key, number, replication)
            if item.scaled == 1:
                scale(uploads, size_factor)
        if item.download >= 0:
            fixed[1] = -1
            downloads_differ = True
            keys = item.download_key, item.download_rest_key
            draw_sizes(downloads, rules, held, item.download, keys[0], keys[1], number, replication)
            if item.scaled == 1:
                scale(downloads, size_factor)
    if rules.sums == 1 and uploads_differ:
        add_up(held.uploads, held.uploads_by_tile, count_of_all)
    if rules.sums == 1 and downloads_differ:
        add_up(held.downloads, held.downloads_by_tile, count_of_all)
    return True


@njit(**OPTIONS)
def begin_day(sim: Sim, rules: Rules, held: Held, day: int) -> None:
    """Let the transfers of a day be those that have still to come, with their instants."""
    begin_days(sim, rules, held, day, day + 1)
    first, last = numbers_at(held.first, rules.item_count), numbers_at(held.last, rules.item_count)
    times = numbers_at(held.times, held.transfers)
    for k in range(rules.item_count):
        while first[k] < last[k] and times[first[k]] < sim.reached:
            first[k] += 1
        while first[k] < last[k] and times[last[k] - 1] >= rules.horizon:
            last[k] -= 1
    sim.day = day


@njit(**OPTIONS)
def begin_days(sim: Sim, rules: Rules, held: Held, begin: int, end: int) -> None:
    """Let the transfers of days `begin` to `end` - 1 be those that have still to come, with their instants."""
    first, last = numbers_at(held.first, rules.item_count), numbers_at(held.last, rules.item_count)
    offsets, is_timed = numbers_at(held.offsets, rules.item_count), numbers_at(held.is_timed, rules.days)
    for k in range(rules.item_count):
        places = places_of(rules, held, k)
        first[k] = offsets[k] + places[begin]
        last[k] = offsets[k] + places[end]
    for day in range(begin, end):
        if is_timed[day] == NOT_TIMED:
            draw_others(sim, rules, held, day)
        if is_timed[day] != TIMED:
            draw_rest(sim, rules, held, day)
    sim.day = -1


@njit(**OPTIONS)
def draw_others(sim: Sim, rules: Rules, held: Held, day: int) -> None:
    """Draw the instants of a day of all items but the regular one, if there is one."""
    for k in range(rules.item_count):
        if k != held.regular:
            draw_instants(sim, rules, held, k, day)
    if held.regular >= 0:
        begin, end = others_before(rules, held, day), others_before(rules, held, day + 1)
        merge_instants(numbers_at(held.others + 8 * begin, end - begin), rules, held, day, held.regular)
    numbers_at(held.is_timed, rules.days)[day] = BUT_REGULAR


@njit(**OPTIONS)
def draw_rest(sim: Sim, rules: Rules, held: Held, day: int) -> None:
    """Draw the regular item's instants of a day too."""
    if held.regular >= 0:
        draw_instants(sim, rules, held, held.regular, day)
    if rules.merges == 1:
        begin, end = asked_before(rules, held, day), asked_before(rules, held, day + 1)
        merge_instants(numbers_at(held.asks + 8 * begin, end - begin), rules, held, day, -1)
    numbers_at(held.is_timed, rules.days)[day] = TIMED


@njit(**OPTIONS)
def others_before(rules: Rules, held: Held, day: int) -> int:
    """Transfers before a day that ask for a lookup, without those of the regular item."""
    return asked_before(rules, held, day) - places_of(rules, held, held.regular)[day]


@njit(**OPTIONS)
def merge_instants(merged: NDArray, rules: Rules, held: Held, day: int, but: int) -> None:
    """Write the instants of a day's transfers that ask for lookups, except those of one item, in one order."""
    offsets, via_dns = numbers_at(held.offsets, rules.item_count), numbers_at(held.via_dns, rules.item_count)
    count = 0
    for k in range(rules.item_count):
        if via_dns[k] == 1 or k == but:
            continue
        places = places_of(rules, held, k)
        times = numbers_at(held.times + 8 * (offsets[k] + places[day]), places[day + 1] - places[day])
        i, j = count - 1, times.size - 1
        count += times.size
        at = count - 1
        while j >= 0:  # from the last one on
            if i >= 0 and merged[i] > times[j]:
                merged[at] = merged[i]
                i -= 1
            else:
                merged[at] = times[j]
                j -= 1
            at -= 1


@njit(**OPTIONS)
def draw_instants(sim: Sim, rules: Rules, held: Held, number: int, day: int) -> None:
    """Draw the instants of an item's transfers in a day, and write down what else of them is not."""
    item = items_at(rules.items, rules.item_count)[number]
    if item.kind != PERIODIC and item.kind != POISSON:
        return
    places = places_of(rules, held, number)
    first, count = numbers_at(held.offsets, rules.item_count)[number] + places[day], places[day + 1] - places[day]
    times, durations = numbers_at(held.times + 8 * first, count), numbers_at(held.durations + 8 * first, count)
    uploads, downloads = numbers_at(held.uploads + 8 * first, count), numbers_at(held.downloads + 8 * first, count)
    if item.kind == PERIODIC:
        origin = numbers_at(held.origins, rules.item_count)[number]
        points(times, item, held, origin, places[day], sim.number_in_group, rules.replication)
    else:
        arrivals(times, item, rules, held, day, sim.number_in_group)
    fixed = fixed_of(held, number)
    if fixed[0] >= 0:
        fill_with(uploads, fixed[0])
    if fixed[1] >= 0:
        fill_with(downloads, fixed[1])
    if rules.takes_time == 1:
        fill_with(durations, item.duration)
        if item.bits_per_s > 0:
            for i in range(count):
                durations[i] = (8000 * (uploads[i] + downloads[i]) + item.bits_per_s - 1) // item.bits_per_s


@njit(**OPTIONS)
def count_of_days(rules: Rules, held: Held, item: int, first: int, last: int) -> int:
    """Transfers of an item in days `first` to `last` - 1."""
    places = places_of(rules, held, item)
    return places[last] - places[first]


@njit(**OPTIONS)
def upload_of_days(rules: Rules, held: Held, item: int, first: int, last: int) -> int:
    """Their upload bytes."""
    each = fixed_of(held, item)[0]
    if each >= 0:
        return count_of_days(rules, held, item, first, last) * each
    offset, places = numbers_at(held.offsets, rules.item_count)[item], places_of(rules, held, item)
    return between(held.uploads, held.uploads_by_tile, offset + places[first], offset + places[last])


@njit(**OPTIONS)
def download_of_days(rules: Rules, held: Held, item: int, first: int, last: int) -> int:
    """Their download bytes."""
    each = fixed_of(held, item)[1]
    if each >= 0:
        return count_of_days(rules, held, item, first, last) * each
    offset, places = numbers_at(held.offsets, rules.item_count)[item], places_of(rules, held, item)
    return between(held.downloads, held.downloads_by_tile, offset + places[first], offset + places[last])


@njit(**OPTIONS)
def add_up(column: int, by_tile: int, count: int) -> None:
    """Add the first `count` numbers of a column up, as far as each tile of 64 of them."""
    tiles = count // TILE
    so_far = numbers_at(by_tile, tiles + 1)
    so_far[0] = 0
    for tile in range(tiles):
        so_far[tile + 1] = so_far[tile] + total(numbers_at(column + 8 * TILE * tile, TILE))


@njit(**OPTIONS)
def between(column: int, by_tile: int, first: int, last: int) -> int:
    """Sum of the numbers `first` to `last` - 1 of a column that has been added up."""
    begin, end = (first + TILE - 1) // TILE, last // TILE
    if begin >= end:
        return total(numbers_at(column + 8 * first, last - first))
    so_far = numbers_at(by_tile, end + 1)
    before, after = TILE * begin - first, last - TILE * end
    ends = total(numbers_at(column + 8 * first, before)) + total(numbers_at(column + 8 * TILE * end, after))
    return so_far[end] - so_far[begin] + ends


@njit(**OPTIONS)
def total(numbers: NDArray) -> int:
    """Sum of an array."""
    found = 0
    for i in range(numbers.size):
        found += numbers[i]
    return found
