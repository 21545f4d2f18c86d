"""What holds of every scenario: nothing is lost, nothing is counted twice, nobody else's chance is moved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from fleetsim.counted import COUNTED, NOT_BLOCKED, RECORDED
from fleetsim.engines.reference import ReferenceEngine, lifecycle
from fleetsim.engines.reference.flows import Transfer
from fleetsim.engines.reference.sim import Sim
from tests.properties.scenarios import documents, scenario

quickly = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def count(document: dict[str, Any]) -> dict[str, np.ndarray]:
    loaded = scenario(document)
    rows = ReferenceEngine().simulate(loaded, 0, range(loaded.sims)).rows
    return dict(zip(COUNTED, rows.T, strict=True))


def used(rows: dict[str, np.ndarray]) -> np.ndarray:
    return rows["upload_bytes"] + rows["download_bytes"]


def overage(rows: dict[str, np.ndarray]) -> np.ndarray:
    return sum(rows[f"overage_{cause}_bytes"] for cause in ("metering", "enforcement", "propagation", "dns"))


@quickly
@given(documents(updates=False))
def test_with_a_constant_limit_the_causes_add_up_to_what_is_used_beyond_it(document):
    rows = count(document)
    assert np.array_equal(overage(rows), np.maximum(used(rows) - rows["data_limit_bytes"], 0))


@quickly
@given(documents())
def test_rows_are_in_range_and_in_order(document):
    rows = count(document)
    horizon = scenario(document).horizon_ms
    assert all((rows[name] >= 0).all() for name in COUNTED if name != "first_blocked_at_ms")
    assert (np.lexsort((rows["period"], rows["sim"])) == np.arange(rows["sim"].size)).all()
    assert (overage(rows) <= used(rows)).all()
    assert (rows["dns_bytes"] <= used(rows)).all()
    cut = np.minimum(rows["period_end_ms"], horizon)
    assert (rows["blocked_ms"] <= cut - rows["period_start_ms"]).all()
    blocked = rows["blocks"] > 0
    assert (blocked == (rows["first_blocked_at_ms"] != NOT_BLOCKED)).all()
    assert (rows["blocked_ms"][~blocked] == 0).all()
    assert ((rows["first_blocked_at_ms"] >= rows["period_start_ms"]) | ~blocked).all()


@quickly
@given(documents(plain=True))
def test_what_is_offered_is_moved_undelivered_or_still_in_flight(document):
    in_flight: dict[int, int] = {}

    def watched(sim: Sim, now: int) -> None:
        end_of_horizon(sim, now)
        running = [flow for flow in sim.flows if isinstance(flow, Transfer)]
        in_flight[sim.number] = sum(flow.left(flow.ends) for flow in running)

    end_of_horizon = lifecycle.end_of_horizon
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lifecycle, "end_of_horizon", watched)
        rows = count(document)
    for number in np.unique(rows["sim"]):
        own = rows["sim"] == number
        moved, lost = used(rows)[own].sum(), rows["undelivered_bytes"][own].sum()
        assert rows["offered_bytes"][own].sum() == moved + lost + in_flight[int(number)]


@quickly
@given(documents())
def test_bytes_in_records_are_the_bytes_in_rows(document):
    loaded = scenario(document)
    counted = ReferenceEngine().simulate(loaded, 0, range(loaded.sims), "traffic")
    names = ("sim", "period", "upload_bytes", "download_bytes", "dns_bytes")
    rows, records = (
        np.stack([table[:, columns.index(name)] for name in names], axis=1)
        for table, columns in ((counted.rows, COUNTED), (counted.records, RECORDED))
    )
    for row in rows:
        own = (records[:, :2] == row[:2]).all(axis=1)
        assert records[own, 2:].sum(axis=0).tolist() == row[2:].tolist()


@quickly
@given(documents(plain=True, updates=False))
def test_a_higher_limit_never_brings_the_first_block_of_a_first_period_forward(document):
    never = 1 << 62
    first_blocks = []
    for more in (0, 1, 700):
        raised = int(document["fleets"]["f"]["data_limit"].removesuffix(" B")) + more
        document["fleets"]["f"]["data_limit"] = f"{raised} B"
        rows = count(document)
        first_blocks.append(np.where(rows["blocks"] > 0, rows["first_blocked_at_ms"], never)[rows["period"] == 0])
    assert (first_blocks[0] <= first_blocks[1]).all()
    assert (first_blocks[1] <= first_blocks[2]).all()


@quickly
@given(documents())
def test_the_rows_do_not_depend_on_how_the_sims_are_cut_into_ranges(document):
    loaded = scenario(document)
    engine = ReferenceEngine()
    whole = engine.simulate(loaded, 0, range(loaded.sims))
    parts = [engine.simulate(loaded, 0, range(first, first + 1)) for first in range(loaded.sims)]
    assert np.array_equal(whole.rows, np.concatenate([part.rows for part in parts]))
    assert np.array_equal(whole.blocked, np.concatenate([part.blocked for part in parts]))


@quickly
@given(documents())
def test_another_group_and_another_order_leave_every_other_sims_rows_as_they_were(document):
    before = by_name(document)
    devices = document["fleets"]["f"]["devices"]
    newcomer = {"count": 2, "traffic": {"a": {"arrivals": {"process": "poisson", "rate": "1 per h"}, "upload": "9 B"}}}
    document["fleets"]["f"]["devices"] = {"newcomer": newcomer} | dict(reversed(devices.items()))
    after = by_name(document)
    assert {name: after[name] for name in before} == before


def by_name(document: dict[str, Any]) -> dict[tuple[str, int], list[list[int]]]:
    """Rows by (group, SIM's number in it), without the SIM's number in the scenario."""
    rows = ReferenceEngine().simulate(scenario(document), 0, range(scenario(document).sims)).rows
    found: dict[tuple[str, int], list[list[int]]] = {}
    first = 0
    for name, group in document["fleets"]["f"]["devices"].items():
        for number in range(group["count"]):
            found[name, number] = [row[1:] for row in rows[rows[:, 0] == first + number].tolist()]
        first += group["count"]
    return found
