"""The limit of least mean objective: cost, plus P for each day that a normal SIM is blocked.

The set is that of `fleetsim.inference.best`: paired differences on common random numbers, so that limits share the
traffic that was drawn and differ in what they do to it. A rare event there is a SIM that one limit blocks and the other
does not; it can change the objective of a replication by P times the length of the horizon. Where blocking is monotone
in the limit, only the smaller of two limits can block a SIM that the other does not, so only "the smaller one is
better" has to allow for events that were not seen. Differences of cost have no such allowance: what bytes cost is
bounded by no scenario, so their intervals are Student's alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fleetsim.inference.best import differences_to, may_be_best, pairs, replications_to_single_out
from fleetsim.inference.choice import Choice, Observed, indices
from fleetsim.inference.estimate import Bounds, Floats
from fleetsim.inference.means import mean_interval

MS_PER_DAY = 86_400_000


@dataclass(frozen=True)
class OutageChoice(Choice):
    """The answer of the rule on outage cost; money in micro-units of the currency.

    Attributes
    ----------
    objective
        Mean objective under each limit, with its two-sided interval at the confidence, limit by limit.
    difference
        Mean objective less that of the recommended limit (the nearest one, where none is recommended): paired, with
        intervals that hold for all limits together, and although the same data chose the recommended one. A limit that
        is not in the set is shown to come to more than the best, so its interval begins at 0 at least. Those of a
        single replication are infinite.
    """

    objective: Bounds
    difference: Bounds


def choose_by_outage(seen: Observed, micros_per_day: int, confidence: float) -> OutageChoice:
    """Choose the limit of least mean cost plus `micros_per_day` for each day blocked; ties go to the smaller limit.

    Parameters
    ----------
    seen
        The counts under each limit.
    micros_per_day
        P, in micro-units of the currency, for one normal SIM that is blocked for one day.
    confidence
        That the set holds the limit that is truly best, for instance 0.95.
    """
    n, k = seen.replications, seen.k
    best = _least(seen, micros_per_day)
    values = objective(seen, micros_per_day)
    compared = pairs(values)
    unseen = _unseen(seen, micros_per_day)
    left = may_be_best(compared, confidence, unseen)
    left[best] = True  # the least by whole numbers, also where floats see a tie otherwise
    needed = replications_to_single_out(compared, best, confidence, unseen)
    same = (compared.mean[best] == 0) & (compared.error[best] == 0)
    too_few = n < 2
    apart = differences_to(compared, best, confidence, unseen)
    return OutageChoice(
        recommended=None if too_few else best,
        nearest=best if too_few else None,
        could_be=indices(left),
        none_could_be=False,
        edge=not too_few and best in (0, k - 1),
        confirmed=not too_few and not bool((left & ~same).any()),
        too_few=too_few,
        replications=n,
        replications_needed=2 if too_few else needed,
        objective=_intervals(values, confidence),
        difference=apart._replace(low=np.where(left, apart.low, np.maximum(apart.low, 0))),
    )


def objective(seen: Observed, micros_per_day: int) -> Floats:
    """Cost plus `micros_per_day` for each day blocked, (n, k), in micro-units of the currency."""
    return seen.cost_micros + seen.blocked_ms * (micros_per_day / MS_PER_DAY)


def _least(seen: Observed, micros_per_day: int) -> int:
    """Index of the least mean objective, in whole numbers: a tie must not hang on a rounding."""
    cost, blocked_ms = seen.cost_micros.sum(axis=0).tolist(), seen.blocked_ms.sum(axis=0).tolist()
    sums = [c * MS_PER_DAY + b * micros_per_day for c, b in zip(cost, blocked_ms, strict=True)]
    return sums.index(min(sums))


def _unseen(seen: Observed, micros_per_day: int) -> Floats:
    """[i, j]: what one SIM that i blocks and j does not would add to the difference of their objectives."""
    worth = np.full((seen.k, seen.k), micros_per_day * (seen.longest_block_ms / MS_PER_DAY))
    return np.triu(worth, 1) if seen.monotone else worth


def _intervals(values: Floats, confidence: float) -> Bounds:
    each = [mean_interval(column, confidence) for column in values.T]
    return Bounds(
        np.array([estimate.value for estimate in each]),
        np.array([-np.inf if estimate.low is None else estimate.low for estimate in each]),
        np.array([np.inf if estimate.high is None else estimate.high for estimate in each]),
    )
