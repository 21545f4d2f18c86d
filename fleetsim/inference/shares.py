"""Shares of SIM-periods, rare ones included: what "none seen" and "few seen" allow to be said.

SIMs are independent of one another, within a replication too: every draw is keyed by the SIM's number, and what SIMs
share (the timeline, a profile, a trace) is fixed by the scenario. So all SIMs of all replications are trials of one
kind, though not of one chance where groups differ.

*One period a SIM.* The blocked ones are a sum of independent indicators, and the bounds are those of the binomial law
(Clopper and Pearson 1934). With one chance for all they are exact. With several, a sum of indicators is less dispersed
than the binomial with the same mean (Hoeffding, Ann. Math. Stat. 27, 1956: P(sum <= x) is at most the binomial's for
x <= mean - 1, P(sum >= x) for x >= mean + 1), so they hold at least as often. They need no spread to be seen: of N
SIM-periods without one event the upper bound is 1 - tail**(1/N), about 3.7 / N at a tail of 2.5 %. That is also what
replications alone say: none of n had an event, so P(any in a replication) <= 1 - tail**(1/n), and a replication of S
SIMs has none with a chance of at most (1 - share)**S.

*Several periods a SIM.* They are not independent: who uses much does so in each. Then the replication is the
observation, with Student's t for the ratio of its sums, widened by what one SIM that was not seen would add (all its
periods) times log(1 / tail): that many SIMs can be expected and still none be seen, with a chance of `tail`. It makes
up for the skewness of counts of a few, on which t alone is too short, and vanishes as 1 / n.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from fleetsim.inference.estimate import Bounds, Estimate, Floats, Ints
from fleetsim.inference.laws import binomial_lower, binomial_upper, student


def share_bounds(events: Ints, of: Ints, periods_per_sim: int, tail: float) -> Bounds:
    """Share of SIM-periods with an event under each of k limits, and bounds that fail with at most `tail` each.

    Parameters
    ----------
    events
        SIM-periods with an event, shape (n, k): replications, limits.
    of
        All SIM-periods, of the same shape; each limit has some.
    periods_per_sim
        The most periods that one SIM can have in a replication, >= 1.
    tail
        Of each bound; (1 - confidence) / 2 makes a two-sided interval.

    Returns
    -------
    Bounds
        The value pools all SIM-periods: events of all replications over SIM-periods of all replications.
    """
    seen, all_of_them = events.sum(axis=0), of.sum(axis=0)
    value = seen / all_of_them
    if periods_per_sim == 1:
        return Bounds(value, binomial_lower(seen, all_of_them, tail), binomial_upper(seen, all_of_them, tail))
    n = len(events)
    if n < 2:
        return Bounds(value, np.zeros_like(value), np.ones_like(value))
    error = influence(events, of).std(axis=0, ddof=1) / math.sqrt(n)
    half = student(tail, n) * error + math.log(1 / tail) * periods_per_sim / all_of_them
    return Bounds(value, np.maximum(value - half, 0.0), np.minimum(value + half, 1.0))


def share_interval(events: Ints, of: Ints, periods_per_sim: int, confidence: float) -> Estimate:
    """Share of one column with its two-sided interval; `events` and `of` have shape (n,)."""
    bounds = share_bounds(events[:, None], of[:, None], periods_per_sim, (1 - confidence) / 2)
    return Estimate(*(float(bound[0]) for bound in bounds))


def influence(events: Ints, of: Ints) -> Floats:
    """What each replication says of the pooled share: the share, plus its own residual; shape (n, k).

    Its mean over replications is the pooled share, and its deviation that of the ratio estimator (Cochran, Sampling
    Techniques, 6.3). With as many SIM-periods in each replication it is simply each replication's share.
    """
    value = events.sum(axis=0) / of.sum(axis=0)
    return np.asarray(value + (events - value * of) / of.mean(axis=0), np.float64)


def any_in_a_replication(events: Ints, confidence: float) -> Estimate:
    """Chance that a replication sees any event at all, with its exact two-sided binomial interval.

    Parameters
    ----------
    events
        Events of each replication, shape (n,).
    """
    n, hits = events.size, int(np.count_nonzero(events))
    tail = (1 - confidence) / 2
    return Estimate(hits / n, float(binomial_lower(hits, n, tail)), float(binomial_upper(hits, n, tail)))


class NoneSeen(NamedTuple):
    """One-sided upper bounds where no replication has seen an event.

    Attributes
    ----------
    any_in_a_replication
        Of the chance that a replication sees any.
    share
        Of the share of SIMs with an event, and so of the share of SIM-periods.
    """

    any_in_a_replication: float
    share: float


def none_seen(replications: int, sims: int, confidence: float) -> NoneSeen:
    """Upper bounds for an event that did not happen in `replications` replications of `sims` SIMs each.

    1 - (1 - confidence)**(1 / n) with n replications, and with n * `sims` SIMs: the "rule of three", 3 / n, made exact.
    A share of SIM-periods is at most the share of SIMs with any such period, where each has equally many.
    """
    tail = 1 - confidence
    return NoneSeen(*(float(binomial_upper(0, trials, tail)) for trials in (replications, replications * sims)))
