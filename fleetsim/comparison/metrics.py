"""What scenarios are measured by: the metrics of a run's summary, over replications."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fleetsim.comparison.simulate import CASE
from fleetsim.experiments.summary import NORMAL, OVER_REPLICATIONS, mean_of
from fleetsim.inference.estimate import Estimate
from fleetsim.tables import SCHEMAS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Unit = Literal["share", "count", "hours", "bytes", "money"]

_OF_SERVICE: Final = ("blocked_sim_periods_share", "blocked_sims", "blocked_hours", "undelivered_bytes")
SUMMED: Final = tuple(SCHEMAS["replications"].names[4:])
"""The sums that are kept of a replication."""


@dataclass(frozen=True)
class Metric:
    """A metric of the summary, of all devices or of the normal ones.

    Attributes
    ----------
    name
        As in the summary, ``_normal`` after it where it is of the normal devices.
    of
        As in the summary.
    normal
        Of the normal devices only.
    """

    name: str
    of: str
    normal: bool

    @property
    def unit(self) -> Unit:
        """What its values are: shares, numbers of SIM-periods, hours, bytes, money in the currency."""
        endings: dict[str, Unit] = {"_share": "share", "_sims": "count", "_hours": "hours", "_bytes": "bytes"}
        return next((unit for ending, unit in endings.items() if self.of.endswith(ending)), "money")

    @property
    def measure(self) -> Callable[[Callable[[str], Floats]], Floats]:
        """Gives its values, from what gives the sums of a name."""
        return OVER_REPLICATIONS[self.of]


METRICS: Final = (
    *(Metric(name, name, False) for name in OVER_REPLICATIONS),
    *(Metric(f"{name}{NORMAL}", name, True) for name in _OF_SERVICE),
)


@dataclass(frozen=True)
class Observed:
    """What replications of cases came to.

    Attributes
    ----------
    whole, normal
        Sums by name, each int64 of shape (cases, replications): of all devices, and of the normal ones.
    """

    whole: Mapping[str, Ints]
    normal: Mapping[str, Ints]

    def values(self, metric: Metric) -> Floats:
        """Values of a metric, float64 of shape (cases, replications)."""
        sums = self.normal if metric.normal else self.whole
        return metric.measure(lambda name: sums[name].astype(np.float64))

    def mean(self, metric: Metric, case: int, confidence: float) -> Estimate:
        """Mean of a case over its replications, with its interval."""
        sums = self.normal if metric.normal else self.whole
        return mean_of(metric.of, lambda name: sums[name][case].astype(np.float64), confidence)

    def means(self, metric: Metric, confidence: float) -> list[Estimate]:
        """Mean of each case over its replications, with an interval of its own."""
        return [self.mean(metric, case, confidence) for case in range(len(self.whole["sims"]))]

    def has(self, metric: Metric) -> NDArray[np.bool_]:
        """Which cases have SIM-periods that the metric is of; shape (cases,)."""
        sums = self.normal if metric.normal else self.whole
        return np.asarray(sums["sim_periods"].any(axis=1), np.bool_)


def observed(sums: pa.Table, cases: int, replications: int) -> Observed:
    """Add up what was kept over fleets and groups.

    Parameters
    ----------
    sums
        `fleetsim.comparison.simulate.SUMS` of all cases and replications.
    """
    normal = sums.filter(pc.equal(pc.cast(sums["role"], pa.string()), "normal"))
    return Observed(_added(sums, SUMMED, (cases, replications)), _added(normal, SUMMED, (cases, replications)))


def _added(table: pa.Table, names: Sequence[str], shape: tuple[int, int]) -> dict[str, Ints]:
    where = tuple(table[name].to_numpy() for name in (CASE, "replication"))
    found = {}
    for name in names:
        found[name] = np.zeros(shape, np.int64)
        np.add.at(found[name], where, table[name].to_numpy())
    return found
