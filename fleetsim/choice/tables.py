"""The tables that a choice leaves: what was judged, what SIMs use without a limit, and a row for each limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fleetsim.billing import CAUSES
from fleetsim.choice.judging import JUDGED, Judgement

Ints = NDArray[np.int64]


class Judged(NamedTuple):
    """What a replication came to under some limits (bytes, ascending)."""

    replication: int
    limits: tuple[int, ...]
    judgement: Judgement

    def under(self, limits: Sequence[int], *, with_use: bool) -> Judgement:
        """The judgement of some of the limits, with or without what is used under none."""
        chosen = [self.limits.index(limit) for limit in limits]
        use = self.judgement.use if with_use else self.judgement.use[:, :0]
        return Judgement(self.judgement.sums[:, chosen], self.judgement.periods_per_sim, use)


def _int(name: str) -> pa.Field:
    return pa.field(name, pa.int64(), nullable=False)


def _float(name: str) -> pa.Field:
    return pa.field(name, pa.float64(), nullable=False)


def _maybe(name: str) -> pa.Field:
    return pa.field(name, pa.float64())


def _bounded(name: str) -> list[pa.Field]:
    return [_maybe(name), _maybe(f"{name}_low"), _maybe(f"{name}_high")]


SCHEMAS: Final[dict[str, pa.Schema]] = {
    # One row per replication and limit, sorted so: sums over SIM-periods; bytes, ms, micro-units of the currency.
    "judged": pa.schema([*map(_int, ("replication", "data_limit_bytes", *JUDGED, "periods_per_sim"))]),
    # Complete SIM-periods of normal devices without a limit: `count` of them use lower <= bytes < upper.
    "use": pa.schema([*map(_int, ("replication", "lower", "upper", "count"))]),
    # One row per limit, ascending: shares, means per replication (hours, bytes, money in the currency), intervals.
    "limits": pa.schema(
        [
            _int("data_limit_bytes"),
            pa.field("recommended", pa.bool_(), nullable=False),
            pa.field("could_be_answer", pa.bool_(), nullable=False),
            *map(_float, ("blocked_share", "blocked_share_low", "blocked_share_high", "blocked_hours")),
            *map(_float, ("undelivered_bytes", "overage_bytes", *(f"overage_{cause}_bytes" for cause in CAUSES))),
            _float("cost_mean"),
            *map(_maybe, ("cost_low", "cost_high", "cost_p50", "cost_p95", "cost_p99")),
            *_bounded("budget_quantile"),
            *_bounded("objective"),
            *_bounded("objective_diff"),
        ]
    ),
}
"""Columns and types. Null stands where the replications do not allow a figure, or the rule has none."""


def judged_table(found: Sequence[Judged]) -> pa.Table:
    """Table ``judged``, in the order given."""
    columns: dict[str, list[Any]] = {name: [] for name in SCHEMAS["judged"].names}
    for each in found:
        columns["replication"] += [each.replication] * len(each.limits)
        columns["data_limit_bytes"] += each.limits
        columns["periods_per_sim"] += [each.judgement.periods_per_sim] * len(each.limits)
        for name, sums in zip(JUDGED, each.judgement.sums, strict=True):
            columns[name] += sums.tolist()
    return pa.table(columns, schema=SCHEMAS["judged"])


def use_table(found: Sequence[Judged]) -> pa.Table:
    """Table ``use``, of those replications in which that was asked for."""
    use = np.concatenate([np.zeros((3, 0), np.int64), *(each.judgement.use for each in found)], axis=1)
    replication = np.repeat([each.replication for each in found], [each.judgement.use.shape[1] for each in found])
    columns = [replication.astype(np.int64), *use]
    return pa.Table.from_arrays([pa.array(column) for column in columns], schema=SCHEMAS["use"])


def judged_from(judged: pa.Table, use: pa.Table) -> list[Judged]:
    """Read again what `judged_table` and `use_table` gave."""
    columns = {name: judged[name].to_numpy() for name in judged.schema.names}
    counts = np.stack([use[name].to_numpy() for name in ("lower", "upper", "count")])
    of_use = use["replication"].to_numpy()
    found = []
    starts = np.flatnonzero(np.diff(columns["replication"], prepend=-1))
    for rows in np.split(np.arange(len(columns["replication"])), starts[1:]):
        if not rows.size:
            continue
        replication = int(columns["replication"][rows[0]])
        sums = np.stack([columns[name][rows] for name in JUDGED])
        judgement = Judgement(sums, int(columns["periods_per_sim"][rows[0]]), counts[:, of_use == replication])
        found.append(Judged(replication, tuple(columns["data_limit_bytes"][rows].tolist()), judgement))
    return found
