"""What holds of everything that an engine counts. Tests check it on every table; a run does not pay for it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleetsim.counted import COUNTED, NOT_BLOCKED, RECORDED, Counted
from fleetsim.scenario.fleet import groups
from fleetsim.scenario.schema import Scenario

Columns = dict[str, NDArray[np.int64]]

SIGNED = ("period_start_ms", "first_blocked_at_ms")
"""Columns that may be below 0: a period may begin before the scenario."""


def check(scenario: Scenario, counted: Counted) -> None:
    """Check order, ranges and conservation.

    Raises
    ------
    AssertionError
        With the name of what does not hold.
    """
    rows: Columns = dict(zip(COUNTED, counted.rows.T, strict=True))
    rows["used"] = rows["upload_bytes"] + rows["download_bytes"]
    _order(rows, scenario.horizon_ms)
    _ranges(rows, scenario.horizon_ms)
    _conservation(scenario, rows)
    _blocks(rows, counted.blocked, scenario.horizon_ms)
    if counted.records.size:
        _records(rows, counted.records)


def _hold(truth: NDArray[np.bool_] | np.bool_ | bool, what: str) -> None:
    if not np.all(truth):
        raise AssertionError(f"does not hold: {what}")


def _order(rows: Columns, horizon_ms: int) -> None:
    sim, period = rows["sim"], rows["period"]
    same = sim[1:] == sim[:-1]
    _hold((sim[1:] > sim[:-1]) | same, "rows are sorted by SIM")
    _hold(period[1:][same] == period[:-1][same] + 1, "periods of a SIM are numbered without a gap")
    _hold(period[np.concatenate([[True], ~same])[: period.size]] == 0, "the first period of a SIM is number 0")
    _hold(rows["period_start_ms"][1:][same] >= rows["period_end_ms"][:-1][same], "periods do not overlap")
    _hold(rows["period_start_ms"] < horizon_ms, "no period starts at the horizon")


def _ranges(rows: Columns, horizon_ms: int) -> None:
    for name, values in rows.items():
        _hold(values >= (-(1 << 62) if name in SIGNED else 0), f"{name} is not negative")
    _hold(rows["period_start_ms"] < rows["period_end_ms"], "a period ends after its start")
    over = sum(rows[f"overage_{cause}_bytes"] for cause in ("metering", "enforcement", "propagation", "dns"))
    _hold(over <= rows["used"], "no more bytes are over the limit than were used")
    _hold(rows["dns_bytes"] <= rows["used"], "no more bytes are DNS than were used")
    _hold(rows["undelivered_bytes"] >= 0, "undelivered bytes are not negative")
    inside = np.minimum(rows["period_end_ms"], horizon_ms) - np.maximum(rows["period_start_ms"], 0)
    _hold(rows["blocked_ms"] <= inside, "a SIM is not blocked for longer than its period")
    _hold((rows["blocks"] > 0) == (rows["first_blocked_at_ms"] != NOT_BLOCKED), "a block has a first instant")
    _hold((rows["blocked_ms"] == 0) | (rows["blocks"] > 0), "who was not blocked was so for no time")
    _hold(rows["fee_due"] <= 1, "a fee is due or not")


def _conservation(scenario: Scenario, rows: Columns) -> None:
    """Nothing moves that was not offered, but lookups and handshakes."""
    for group in groups(scenario):
        if group.devices.when_blocked is not None or any(i.via == "dns" for i in group.devices.traffic.values()):
            continue
        own = (rows["sim"] >= group.first_sim) & (rows["sim"] < group.first_sim + group.devices.count)
        sims, which = np.unique(rows["sim"][own], return_inverse=True)
        left = np.zeros(sims.size, np.int64)
        np.add.at(
            left, which, (rows["offered_bytes"] - rows["used"] + rows["dns_bytes"] - rows["undelivered_bytes"])[own]
        )
        _hold(left >= 0, f"what {group.name} moved or lost was offered")


def _blocks(rows: Columns, spans: NDArray[np.int64], horizon_ms: int) -> None:
    _hold((spans[:, 2] < spans[:, 3]) & (spans[:, 3] <= horizon_ms), "a block lasts and lies in the scenario")
    _hold(spans[:, 3].sum() - spans[:, 2].sum() == rows["blocked_ms"].sum(), "blocks add up to the rows' blocked time")


def _records(rows: Columns, records: NDArray[np.int64]) -> None:
    kept: Columns = dict(zip(RECORDED, records.T, strict=True))
    _hold(kept["record_start_ms"] < kept["record_end_ms"], "a record has a length")
    for name in ("upload_bytes", "download_bytes", "dns_bytes"):
        _hold(kept[name].sum() == rows[name].sum(), f"{name} of records are those of rows")
