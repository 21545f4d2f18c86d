"""Whose billing period is looked at: SIMs that tell most, found in a run's rows."""

from __future__ import annotations

from typing import Final, NamedTuple

import pandas as pd

from fleetsim.errors import BadInput, Mistake
from fleetsim.results import Result

LARGEST, BLOCKED, BUSIEST, NUMBER = (
    "largest overage",
    "normal SIM, blocked longest",
    "normal SIM with most use",
    "SIM by its number",
)
WHOSE: Final = (LARGEST, BLOCKED, BUSIEST, NUMBER)

NOBODY: Final = {
    LARGEST: "No SIM moved a byte beyond its limit.",
    BLOCKED: "No normal SIM was blocked.",
    BUSIEST: "No normal SIM moved a byte.",
}
"""What to say where there is no such SIM."""


class SimPeriod(NamedTuple):
    """Numbers of a SIM-period, from 0; `period` ``None``: the one with the largest overage."""

    replication: int
    sim: int
    period: int | None


def find(result: Result, whose: str, sim: int = 0, replication: int = 0) -> SimPeriod | None:
    """Find the SIM-period to look at; ``None`` where there is no such one.

    Parameters
    ----------
    whose
        One of `WHOSE`.
    sim, replication
        With `NUMBER`.

    Raises
    ------
    BadInput
        There is no such SIM or replication.
    """
    scenario = result.scenario
    if whose == NUMBER:
        for name, found, count in (("SIM", sim, scenario.sims), ("replication", replication, scenario.replications)):
            if not 0 <= found < count:
                expected = f"expected a whole number from 0 to {count - 1:,}"
                raise BadInput(Mistake(name, None, "", f"found {found:,}; {expected}"))
        return SimPeriod(replication, sim, None)
    rows = result.sim_periods
    if whose != LARGEST:
        rows = rows[(rows["role"] == "normal").to_numpy()]
    column = {LARGEST: "overage_bytes", BLOCKED: "blocked_ms", BUSIEST: "used_bytes"}[whose]
    return _first_largest(rows, column)


def _first_largest(rows: pd.DataFrame, column: str) -> SimPeriod | None:
    values = rows[column].to_numpy()
    if not values.size or values.max() == 0:
        return None
    row = rows.iloc[int(values.argmax())]
    return SimPeriod(int(row["replication"]), int(row["sim"]), int(row["period"]))
