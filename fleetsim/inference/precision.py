"""When to stop adding replications: once the intervals of chosen metrics are narrow enough, and stay so.

A rule that stops at the first narrow interval stops too often on a spread that is small by luck, and its intervals then
cover less than they say. So the interval has to stay narrow over a number of further replications: the look-ahead of
Hoad, Robinson and Davies (Journal of the Operational Research Society 61, 2010). They take 5 at first and 5 % of the
replications beyond 100; here it is a share of the replications too, 10 % unless said otherwise.

The decision depends on the values in their order alone, and says after which replication it fell. So it is the same
however many replications are made at a time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fleetsim.inference.estimate import Bools, Floats
from fleetsim.inference.laws import students


@dataclass(frozen=True)
class Precision:
    """What is narrow enough.

    Attributes
    ----------
    relative
        Half of an interval is at most this share of the mean's size, for instance 0.02.
    floor
        Or at most this much, in the metric's own unit: for a mean of about zero. One number a metric, or one for all.
    confidence
        Of each interval.
    first
        Fewest replications that are looked at, >= 2.
    ahead, ahead_share
        The look-ahead: so many further replications, or this share of those at which an interval became narrow,
        whichever is more. Both 0: none.
    most
        Replications at which to stop anyway.
    """

    relative: float
    floor: float | tuple[float, ...] = 0.0
    confidence: float = 0.95
    first: int = 5
    ahead: int = 5
    ahead_share: float = 0.1
    most: int = 10_000


@dataclass(frozen=True)
class Decision:
    """Whether to stop.

    Attributes
    ----------
    stop_at
        Replications to keep: at them the rule stopped, or the most are reached; ``None``: make more.
    met
        It stopped because all intervals are narrow enough and stayed so.
    narrow_since
        Replications from which on, without a break, all intervals have been narrow; ``None`` where they are not now.
    expected
        About how many replications it will take, look-ahead included and at most the most; `stop_at` once it stopped.
        ``None`` where nothing can be said: from one replication.
    """

    stop_at: int | None
    met: bool
    narrow_since: int | None
    expected: int | None


def decide(values: Floats, rule: Precision) -> Decision:
    """Decide from the values so far.

    Parameters
    ----------
    values
        Shape (n,) or (n, metrics), in the order of the replications, n >= 1. Metrics without any spread so far are
        narrow; what can be said of an event that was never seen is for `fleetsim.inference.shares` to say.

    Raises
    ------
    ValueError
        Where the rule looks at fewer than 2 replications.
    """
    if rule.first < 2:
        raise ValueError("an interval takes two replications")
    values = values.reshape(len(values), -1)[: rule.most]
    n = len(values)
    narrow = _narrow(values, rule)
    since: int | None = None
    for now in range(rule.first, n + 1):
        if not narrow[now - 1]:
            since = None
            continue
        since = now if since is None else since
        if now - since >= _look_ahead(since, rule):
            return Decision(now, True, since, now)
    if n >= rule.most:
        return Decision(n, False, since, n)
    return Decision(None, False, since, _expected(values, rule, since))


def _look_ahead(since: int, rule: Precision) -> int:
    return max(rule.ahead, math.ceil(round(rule.ahead_share * since, 9)))


def _narrow(values: Floats, rule: Precision) -> Bools:
    """Tell after each replication whether all intervals are narrow enough; never after the first."""
    half, mean = _half_widths(values, rule.confidence)
    enough: Bools = (half <= np.maximum(rule.relative * np.abs(mean), np.asarray(rule.floor))).all(axis=1)
    return enough


def _half_widths(values: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Half of Student's interval, and the mean, after each replication; (n, metrics) each."""
    n = np.arange(1, len(values) + 1)[:, None]
    centred = values - values[0]  # constant values stay exactly without spread
    sums, squares = np.cumsum(centred, axis=0), np.cumsum(centred**2, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.maximum(squares - sums**2 / n, 0.0) / (n - 1)
        half = students((1 - confidence) / 2, np.maximum(n, 2)) * np.sqrt(variance / n)
    half[0] = np.inf
    return half, values[0] + sums / n


def _expected(values: Floats, rule: Precision, since: int | None) -> int | None:
    n = len(values)
    if n < 2:
        return None
    if since is None:
        half, mean = _half_widths(values, rule.confidence)
        target = np.maximum(rule.relative * np.abs(mean[-1]), np.asarray(rule.floor))
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where(half[-1] > 0, half[-1] / target, 0.0)
        since = math.ceil(min(max(n * float(ratio.max()) ** 2, rule.first, n + 1), rule.most))
    return min(since + _look_ahead(since, rule), rule.most)
