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
from fleetsim.engines.compiled.items import GIVEN, ITEM, LAW, PERIODIC, POISSON, STREAM
from fleetsim.scenario.fleet import Group, streams
from fleetsim.scenario.schema import Continuous, Periodic, Poisson, Scenario, TrafficItem
from fleetsim.traffic import Transfers, offer
from fleetsim.traffic.profile import LocalClock, StepPlaces, step_places
from fleetsim.traffic.spread import factors

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Laws(NamedTuple):
    """The size tables of all items, their parts one after the other."""

    laws: NDArray[np.void]
    boxes: tuple[NDArray[np.uint64], NDArray[np.uint32]]
    cells: tuple[NDArray[np.uint64], Ints, Ints, NDArray[np.int32]]


class Steps(NamedTuple):
    """The steps of all Poisson items.

    Attributes
    ----------
    means
        Of each step its kind; of each kind where its table of thresholds begins and ends; and the thresholds.
    places
        Of each step its places, and its pieces from and to (-1: one piece); of each piece start, weight, places before.
    """

    means: tuple[Ints, Ints, Ints, NDArray[np.uint64]]
    places: tuple[Ints, Ints, Ints, Ints, Ints, Ints]


class Plan(NamedTuple):
    """The items of a group in a replication."""

    items: NDArray[np.void]
    laws: Laws
    steps: Steps
    mean_of_kind: Floats


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
            row[f"{way}_key"], row[f"{way}_rest_key"] = _signed(chance, purpose), _signed(chance, rest)
            if isinstance(law, Constant):
                row[way], row[f"{way}_bytes"] = -1, law.value
            else:
                row[way] = len(tables)
                tables.append(law)
        if isinstance(item.arrivals, Periodic):
            row["every"], row["jitter"] = item.arrivals.every_ms, item.arrivals.jitter_ms
            row["jitter_key"] = _signed(chance, Purpose.JITTER)
        if isinstance(item.arrivals, Poisson):
            row["own"] = bool(group.devices.rate_spread) and group.devices.monthly_use is None
            row["count_key"], row["time_key"] = _signed(chance, Purpose.COUNT), _signed(chance, Purpose.TIME)
            row["first_step"] = len(kinds)
            _plan_steps(scenario, item.arrivals, row, kinds, means, places)
    return Plan(items, _laws(tables), _steps(kinds, means, places), np.array(means, np.float64))


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
    if isinstance(arrivals, Continuous):
        return STREAM
    if isinstance(arrivals, Poisson):
        return POISSON
    # With a large jitter the points of the grid change places.
    if isinstance(arrivals, Periodic) and 2 * arrivals.jitter_ms < arrivals.every_ms:
        return PERIODIC
    return GIVEN


def _signed(chance: Streams, purpose: Purpose) -> np.int64:
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


def _laws(tables: list[Law]) -> Laws:
    laws = np.zeros(max(len(tables), 1), LAW)
    found = [size_table(law) for law in tables]
    box = cell = mark = 0
    for row, table in zip(laws, found, strict=False):
        row["boxes"], row["box_end"] = box, box + table.base.size
        row["cells"], row["cell_end"] = cell, cell + table.cum.size
        row["marks"], row["mark_end"] = mark, mark + table.guide.size
        row["shift"], row["threshold"], row["mark_shift"] = table.shift, table.threshold, table.guide_shift
        box, cell, mark = row["box_end"], row["cell_end"], row["mark_end"]
    return Laws(
        laws,
        (_joined([t.base for t in found], np.uint64), _joined([t.slope for t in found], np.uint32)),
        (
            _joined([t.cum for t in found], np.uint64),
            _joined([t.lower for t in found], np.int64),
            _joined([t.width for t in found], np.int64),
            _joined([t.guide for t in found], np.int32),
        ),
    )


def _steps(kinds: list[int], means: list[float], places: list[tuple[int, StepPlaces | None, int]]) -> Steps:
    # A mean too large for a table is a rate of one SIM's own only at its peak; those never ask for it.
    tables = [poisson_table(mean) for mean in means]
    ends = np.cumsum([table.size for table in tables], dtype=np.int64)
    starts = ends - np.array([table.size for table in tables], np.int64)
    totals, piece_from, piece_to = [], [], []
    pieces: list[StepPlaces] = []
    so_far = 0
    for steps, found, step_ms in places:
        if found is None:
            totals.append(np.full(steps, step_ms))
            piece_from.append(np.full(steps, -1))
            piece_to.append(np.full(steps, -1))
            continue
        totals.append(found.total)
        piece_from.append(found.first[:-1] + so_far)
        piece_to.append(found.first[1:] + so_far)
        so_far += found.start_ms.size
        pieces.append(found)
    return Steps(
        (np.array(kinds, np.int64), starts, ends, _joined(tables, np.uint64)),
        (
            _joined(totals, np.int64),
            _joined(piece_from, np.int64),
            _joined(piece_to, np.int64),
            _joined([each.start_ms for each in pieces], np.int64),
            _joined([each.weight for each in pieces], np.int64),
            _joined([each.before for each in pieces], np.int64),
        ),
    )


def _own_means(rate: Floats | None, means: Floats) -> Floats:
    if rate is None:
        return np.zeros((1, means.size, 3))
    mean = np.outer(rate, means)
    parts = np.maximum(np.ceil(mean / MAX_PART), 1.0)
    each = mean / parts
    return np.stack([each, parts, elementary.exp(-each) * 2.0**32], axis=2)


def _joined(parts: list[NDArray], dtype: type) -> NDArray:
    return np.concatenate([np.zeros(0, dtype), *parts]).astype(dtype)
