"""What a device group's traffic is drawn from, as arrays for the kernels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleetsim.clock import MS_PER_DAY
from fleetsim.draws import elementary
from fleetsim.draws.counts import MAX_PART, poisson_table, steps_per_day
from fleetsim.draws.laws import Constant, Law
from fleetsim.draws.philox import Purpose
from fleetsim.draws.sizes import size_table
from fleetsim.draws.streams import Streams
from fleetsim.engines.compiled.draws import BOXES, GUIDE_BITS, GUIDED, LAW
from fleetsim.engines.compiled.items import GIVEN, GUIDED_PLACES, ITEM, PERIODIC, POISSON, STREAM
from fleetsim.scenario.fleet import Group, streams
from fleetsim.scenario.schema import Continuous, OwnSizes, Periodic, Poisson, Scenario, TrafficItem
from fleetsim.traffic import Transfers, has_function, offer
from fleetsim.traffic.profile import LocalClock, StepPlaces, step_places
from fleetsim.traffic.spread import factors

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Plan(NamedTuple):
    """The items of a group in a replication.

    Attributes
    ----------
    items
        One `ITEM` each.
    mean_of_kind
        Expected transfers of each kind of step.
    drawn_from
        The arrays of `state.DRAWN_FROM`: the items, the parts of all size tables one after the other, and of the steps
        of all Poisson items their tables and places.
    """

    items: NDArray[np.void]
    mean_of_kind: Floats
    drawn_from: dict[str, NDArray]


class Own(NamedTuple):
    """What differs between the SIMs of a batch.

    Attributes
    ----------
    origins
        Shape (items, sims): where the grid of a periodic item begins.
    means
        Shape (sims, kinds, 3): mean of a part, parts, e^-mean * 2^32; one row where all SIMs have the same rates.
    size_factors
        Shape (sims,).
    offsets, given
        Transfers that are drawn already: shape (items, sims + 1), and their four columns.
    streams
        Shape (sims, items, 5): continuous traffic.
    """

    origins: Ints
    means: Floats
    size_factors: Floats
    offsets: Ints
    given: tuple[Ints, Ints, Ints, Ints]
    streams: Ints


def plan(scenario: Scenario, group: Group, replication: int) -> Plan:
    """Plan the traffic of a group."""
    content = group.devices.traffic
    items = np.zeros(len(content), ITEM)
    tables: list[Law] = []
    kinds: list[int] = []
    means: list[float] = []
    places: list[tuple[int, StepPlaces | None, int]] = []
    for k, (name, item) in enumerate(content.items()):
        row = items[k]
        chance = streams(scenario, group, replication, np.zeros(0, np.int64), name)
        row["kind"], row["dns"] = _kind(item), item.via == "dns"
        row["duration"], row["bits_per_s"] = item.duration_ms, item.throughput_bits_per_s or 0
        row["scaled"] = group.devices.monthly_use is not None
        for way, law, purpose, rest in (
            ("upload", item.upload, Purpose.UPLOAD, Purpose.UPLOAD_RESIDUAL),
            ("download", item.download, Purpose.DOWNLOAD, Purpose.DOWNLOAD_RESIDUAL),
        ):
            row[f"{way}_key"], row[f"{way}_rest_key"] = signed(chance, purpose), signed(chance, rest)
            if isinstance(law, Constant):
                row[way], row[f"{way}_bytes"] = -1, law.value
            elif isinstance(law, OwnSizes):
                row[way] = -1  # the item is given
            else:
                row[way] = len(tables)
                tables.append(law)
        if isinstance(item.arrivals, Periodic):
            row["every"], row["jitter"] = item.arrivals.every_ms, item.arrivals.jitter_ms
            row["jitter_key"] = signed(chance, Purpose.JITTER)
        if row["kind"] == POISSON:
            assert isinstance(item.arrivals, Poisson)
            row["own"] = bool(group.devices.rate_spread) and group.devices.monthly_use is None
            row["count_key"], row["time_key"] = signed(chance, Purpose.COUNT), signed(chance, Purpose.TIME)
            row["profiled"] = item.arrivals.profile is not None
            row["first_step"] = len(kinds)
            _plan_steps(scenario, item.arrivals, row, kinds, means, places)
    drawn_from = {"items": items, **_laws(tables), **_steps(kinds, means, places)}
    return Plan(items, np.array(means, np.float64), drawn_from)


def own(scenario: Scenario, group: Group, replication: int, plan: Plan, numbers: Ints, activations: Ints) -> Own:
    """Draw what differs between SIMs, and the traffic that no kernel draws."""
    items, sims = group.devices.traffic, numbers.size
    factor = factors(group.devices, streams(scenario, group, replication, numbers))
    origins = np.zeros((len(items), sims), np.int64)
    offsets = np.zeros((len(items), sims + 1), np.int64)
    flows = np.zeros((sims, len(items), 5), np.int64)
    columns: list[list[Ints]] = [[np.zeros(0, np.int64)] for _ in range(4)]
    so_far = 0
    for k, (name, item) in enumerate(items.items()):
        kind = plan.items[k]["kind"]
        if kind == PERIODIC:
            assert isinstance(item.arrivals, Periodic)
            first = item.arrivals.first_ms
            chance = streams(scenario, group, replication, numbers, name)
            phase = chance.uniform(Purpose.PHASE, item.arrivals.every_ms)[:, 0] if first is None else first
            origins[k] = activations + phase
        elif kind != POISSON:
            offered = offer(scenario, group, name, replication, numbers, activations)
            if isinstance(offered, Transfers):
                offsets[k] = offered.offsets + so_far
                so_far += offered.time_ms.size
                parts = offered.time_ms, offered.upload_bytes, offered.download_bytes, offered.duration_ms
                for column, part in zip(columns, parts, strict=True):
                    column.append(part)
            else:
                flows[:, k, 0], flows[:, k, 1] = offered.begin_ms, offered.until_ms
                flows[:, k, 2:] = offered.clock_ms, offered.upload_bytes_per_s, offered.download_bytes_per_s
    times, uploads, downloads, durations = (np.concatenate(column) for column in columns)
    return Own(
        origins,
        _own_means(factor.rate, plan.mean_of_kind),
        np.ones(sims) if factor.size is None else factor.size,
        offsets,
        (times, uploads, downloads, durations),
        flows,
    )


def _kind(item: TrafficItem) -> int:
    arrivals = item.arrivals
    if has_function(item):
        return GIVEN
    if isinstance(arrivals, Continuous):
        return STREAM
    if isinstance(arrivals, Poisson):
        return POISSON
    # With a large jitter the points of the grid change places.
    if isinstance(arrivals, Periodic) and 2 * arrivals.jitter_ms < arrivals.every_ms:
        return PERIODIC
    return GIVEN


def signed(chance: Streams, purpose: Purpose) -> np.int64:
    """Key of a stream, as a kernel takes it."""
    return np.array([chance.key(purpose)], np.uint64).view(np.int64)[0]


def _plan_steps(
    scenario: Scenario,
    arrivals: Poisson,
    row: NDArray[np.void],
    kinds: list[int],
    means: list[float],
    places: list[tuple[int, StepPlaces | None, int]],
) -> None:
    """Plan the steps of a Poisson item, as `fleetsim.traffic.poisson` does."""
    rate, profile = arrivals.rate_per_day, arrivals.profile
    per_day = steps_per_day(rate if profile is None else rate * max(profile) * len(profile) / sum(profile))
    step_ms = MS_PER_DAY // per_day
    steps = -(-scenario.horizon_ms // step_ms)
    row["step"], row["steps"] = step_ms, steps
    if profile is None:
        own_means, found = [float(rate / per_day)] * steps, None
    else:
        found = step_places(profile, LocalClock(scenario.timezone, scenario.start_ms), step_ms, steps)
        own_means = found.means(rate, profile)
    number = {mean: len(means) + i for i, mean in enumerate(dict.fromkeys(own_means))}
    means += number
    kinds += [number[mean] for mean in own_means]
    places.append((steps, found, step_ms))


def _laws(laws: list[Law]) -> dict[str, NDArray]:
    found = [size_table(law) for law in laws]
    rows = np.zeros(len(found), LAW)
    cell = mark = 0
    for k, table in enumerate(found):
        rows[k] = (k * BOXES, table.shift, table.threshold, cell, mark, table.guide_shift)
        cell += table.cum.size
        mark += table.guide.size
    return {
        "laws": rows,
        "box_base": _joined([_for_all(table.base) for table in found], np.uint64),
        "box_slope": _joined([_for_all(table.slope) for table in found], np.uint32),
        "cells": _joined([table.cum for table in found], np.uint64),
        "cell_lower": _joined([table.lower for table in found], np.int64),
        "cell_width": _joined([table.width for table in found], np.int64),
        "cell_guide": _joined([table.guide for table in found], np.int32),
    }


def _for_all(boxes: NDArray) -> NDArray:
    """Boxes for all words, so that none has to be looked at before its box is."""
    return np.concatenate([boxes, np.zeros(BOXES - boxes.size, boxes.dtype)])


def _steps(
    kinds: list[int], means: list[float], places: list[tuple[int, StepPlaces | None, int]]
) -> dict[str, NDArray]:
    # A mean too large for a table is a rate of one SIM's own only at its peak; those never ask for it.
    tables = [poisson_table(mean) for mean in means]
    marks = np.arange(GUIDED, dtype=np.uint64) << np.uint64(GUIDE_BITS)
    totals: list[Ints] = []
    shapes: list[Ints] = []
    distinct: dict[tuple[bytes, bytes], _Shape] = {}
    for steps, found, step_ms in places:
        totals.append(np.full(steps, step_ms) if found is None else found.total)
        shapes.append(np.full(steps, -1) if found is None else _shapes_of(found, step_ms, distinct))
    sizes = np.cumsum([0, *(shape.start_ms.size for shape in distinct.values())])
    guides = [first + shape.guide for first, shape in zip(sizes.tolist(), distinct.values(), strict=False)]
    return {
        "kinds": np.array(kinds, np.int64),
        "tables": np.cumsum([0, *(table.size for table in tables)])[:-1].astype(np.int64),
        "table_guides": _joined([np.searchsorted(table, marks, side="right") for table in tables], np.int32),
        "thresholds": _joined(tables, np.uint64),
        "step_places": _joined(totals, np.int64),
        "step_shapes": _joined(shapes, np.int64),
        "shape_guides": _joined(guides, np.int32),
        "piece_starts": _joined([shape.start_ms for shape in distinct.values()], np.int64),
        "piece_weights": _joined([shape.weight for shape in distinct.values()], np.int64),
        "places_before": _joined([shape.before for shape in distinct.values()], np.int64),
        "places_until": _joined([shape.until for shape in distinct.values()], np.int64),
    }


class _Shape(NamedTuple):
    """How the places of a step lie in it: its pieces, and the first one to reach into each of `GUIDED_PLACES` parts."""

    start_ms: Ints
    weight: Ints
    before: Ints
    until: Ints
    guide: Ints


def _shapes_of(found: StepPlaces, step_ms: int, distinct: dict[tuple[bytes, bytes], _Shape]) -> Ints:
    """Numbers of the steps' shapes among the distinct ones, to which new ones are added."""
    numbers = {shape: i for i, shape in enumerate(distinct)}
    shapes = []
    for step, total in enumerate(found.total.tolist()):
        pieces = slice(found.first[step], found.first[step + 1])
        start, weight, before = found.start_ms[pieces] - step * step_ms, found.weight[pieces], found.before[pieces]
        shape = start.tobytes(), weight.tobytes()
        if shape not in distinct:
            until = np.append(before[1:], total)
            parts = [part * total // GUIDED_PLACES for part in range(GUIDED_PLACES)]
            distinct[shape] = _Shape(start, weight, before, until, np.searchsorted(until, parts, side="right"))
            numbers[shape] = len(numbers)
        shapes.append(numbers[shape])
    return np.array(shapes, np.int64)


def _own_means(rate: Floats | None, means: Floats) -> Floats:
    if rate is None:
        return np.zeros((1, means.size, 3))
    mean = np.outer(rate, means)
    parts = np.maximum(np.ceil(mean / MAX_PART), 1.0)
    each = mean / parts
    return np.stack([each, parts, elementary.exp(-each) * 2.0**32], axis=2)


def _joined(parts: list[NDArray], dtype: type) -> NDArray:
    return np.concatenate([np.zeros(0, dtype), *parts]).astype(dtype)
