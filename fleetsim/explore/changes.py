"""What a turn changes: the scenario as it was opened and as it is now, on the same random numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from fleetsim.comparison import phrases
from fleetsim.comparison.metrics import Metric
from fleetsim.experiments.summary import NORMAL, mean_of
from fleetsim.inference.estimate import Floats
from fleetsim.inference.means import paired_difference
from fleetsim.report import words
from fleetsim.report.source import confidence
from fleetsim.results import Result

SHOWN: Final = {
    Metric(f"blocked_sim_periods_share{NORMAL}", "blocked_sim_periods_share", True): "Normal SIM-periods blocked, %",
    Metric(f"blocked_hours{NORMAL}", "blocked_hours", True): "Normal SIMs silent, hours in all",
    Metric("overage_bytes", "overage_bytes", False): "Moved beyond the limit, MB",
    Metric("overage_cost", "overage_cost", False): "Paid beyond the limit",
    Metric("cost", "cost", False): "Cost of the whole run",
}
"""What is compared, and what it is called; money without its currency."""


@dataclass(frozen=True)
class Line:
    """One figure.

    Parameters
    ----------
    name
        Of the metric, as `fleetsim compare` has it.
    label
        What it is called, with its unit.
    opened, now
        Means over replications in words.
    value
        The mean now, in the metric's own unit.
    difference, interval
        What the turn changes, with a 95 % interval of this figure alone; empty where nothing was turned.
    """

    name: str
    label: str
    opened: str
    now: str
    value: float
    difference: str
    interval: str


def changes(opened: Result, now: Result) -> list[Line]:
    """Compare a result with that of the scenario as it was opened; both have the same replications."""
    currency = str(now.manifest["currency"])
    found = []
    for metric, label in SHOWN.items():
        before, after = _Values(opened, metric), _Values(now, metric)
        if not after.there:
            continue
        change = interval = ""
        if opened is not now:
            difference = paired_difference(after.each, before.each, confidence(now))
            change, interval = phrases.difference(metric, difference)
            if phrases.is_same(difference):
                change, interval = "the same", ""
            else:
                change = change if change.startswith("-") else f"+{change}"
                interval = "in each replication" if interval == "exactly" else interval
        unit = f", {words.plain(currency)}" if metric.unit == "money" else ""
        found.append(
            Line(metric.name, label + unit, before.text, after.text, after.mean, _minus(change), _minus(interval))
        )
    return found


def _minus(text: str) -> str:
    return text.replace("-", "−")


class _Values:
    """A metric's values in each replication."""

    def __init__(self, result: Result, metric: Metric) -> None:
        frame = result.replications
        if metric.normal:
            frame = frame[frame["role"] == "normal"]
        sums = frame.groupby("replication").sum(numeric_only=True)
        self.there = bool(len(sums)) and bool(sums["sim_periods"].any())

        def total(name: str) -> Floats:
            return sums[name].to_numpy(np.float64)

        self.each = metric.measure(total) if self.there else np.zeros(int(result.manifest["replications"]))
        estimate = mean_of(metric.of, total, confidence(result)) if self.there else None
        self.mean = 0.0 if estimate is None else estimate.value
        # The digits that the interval deserves; a mean without one has those of any figure.
        self.text = "" if estimate is None else phrases.mean(metric, self.mean, estimate.low, estimate.high)
