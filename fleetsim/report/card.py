"""How a run's result shows itself in a notebook."""

from __future__ import annotations

from typing import Final

import pandas as pd

from fleetsim.markup import Grid, card
from fleetsim.report import words
from fleetsim.report.answer import answer
from fleetsim.report.source import Result, has_rows, replications, start_and_end
from fleetsim.units import format_bytes

_MOST_GROUPS: Final = 10
_MOST_SIM_PERIODS: Final = 2_000_000
"""The answer counts SIMs in the rows; of more of them it is left to the report."""


def result_card(result: Result) -> str:
    """Give the answer, and sums of each device group: means of the replications."""
    frame, n = result.replications, replications(result)
    currency = str(result.manifest["currency"])
    start, end = start_and_end(result)
    sims = f"{words.counted(int(result.manifest['sims']), 'SIM', 'SIMs')}"
    kind = f"result of a run: {sims}, {words.horizon(start, end)}, {words.counted(n, 'replication', 'replications')}"
    few = not has_rows(result) or frame["sim_periods"].sum() <= _MOST_SIM_PERIODS
    names = ["fleet", "device_group", "role"]
    sums = frame.groupby(names, observed=True, sort=False).sum(numeric_only=True).reset_index()
    rows = [(*(str(row[name]) for name in names), *_figures(row, n, currency)) for _, row in sums.iterrows()]
    shown = rows[:_MOST_GROUPS]
    heads = ("fleet", "devices", "role", "SIM-periods", "blocked", "used", "overage", "cost")
    left_out = len(rows) - len(shown)
    notes = [
        f"and {left_out:,} more device groups" if left_out else "",
        "Means of the replications. " * (n > 1) + _going_on(result),
    ]
    sentences = [answer(result).service, answer(result).money] if few else []
    return card(str(result.manifest["name"]), kind, sentences, Grid(heads, shown, 3), notes)


def _figures(row: pd.Series, n: int, currency: str) -> tuple[str, ...]:
    share = row["blocked_sim_periods"] / row["sim_periods"] if row["sim_periods"] else 0.0
    return (
        words.number(row["sim_periods"] / n),
        words.share(share),
        format_bytes(row["used_bytes"] / n),
        format_bytes(row["overage_bytes"] / n),
        words.money(row["cost_micros"] / n / 1e6, currency),
    )


def _going_on(result: Result) -> str:
    tables = ["sim_periods"] if has_rows(result) else ["histograms"]
    tables += ["replications", "blocked"]
    if result.manifest.get("records", "none") != "none":
        tables += ["usage_records", "events"]
    named = ", ".join(f"`.{name}`" for name in tables)
    return f"Data frames: {named}, `.summary()`; pictures: `.plot`"
