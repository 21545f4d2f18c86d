"""The smallest limit at which, and at every larger one, the share of blocked SIM-periods is at most X.

Let p_0 .. p_(k-1) be the true shares, limits ascending. The true answer a is the index after the last p above X; a = k
means that no limit meets the rule. For each candidate i ask whether "the answer is i" is refuted; i stays in the set
unless it is. Only the candidate a matters to the promise, so each candidate may spend all of alpha = 1 - confidence:

- i is refuted if p_(i-1) is shown to be at most X: its upper bound is, with a tail of alpha / 2. If a = i, p_(i-1) is
  above X: one limit, one statement, however many limits are judged.
- i is refuted if some p_j, j >= i, is shown to be above X: its lower bound is, with a tail of alpha / (2 (k - i)).
  If a = i, none of these k - i is above X, and each bound fails with at most that.

Together at most alpha. **Where the share is monotone in the limit**, p_i is the largest of the p_j, so the second test
is needed at j = i alone, with alpha / 2: limits are tested in sequence, and a sequence needs no correction for how many
there are (Hsu and Berger, JASA 94, 1999). The set then is what lies between the smallest limit that is not shown to
break the rule and the smallest that is shown to keep it.

**Confirmed** is a limit if the upper bounds (tail alpha / 2) of it and of every larger limit are at most X. That needs
no correction either, although the data chose the limit: if it is wrong, the bound of the one limit a - 1, which was
there before any data, has failed. So a limit is confirmed exactly if no larger one, nor "none", is in the set.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from fleetsim.inference.choice import Choice, Observed, indices
from fleetsim.inference.estimate import Bools, Bounds
from fleetsim.inference.laws import binomial_quantile, binomial_upper
from fleetsim.inference.planning import MOST, POWER, fewest, replications_to_show
from fleetsim.inference.shares import influence, share_bounds


@dataclass(frozen=True)
class ShareChoice(Choice):
    """The answer of the rule on shares.

    Attributes
    ----------
    share
        Share of blocked SIM-periods under each limit, with its two-sided interval at the confidence, limit by limit.
        A limit is confirmed if the upper bounds of it and of all larger ones are at most the share allowed.
    """

    share: Bounds


def choose_by_share(seen: Observed, most_blocked: Fraction, confidence: float) -> ShareChoice:
    """Choose the smallest limit at which, and above which, at most `most_blocked` of the SIM-periods are blocked.

    Parameters
    ----------
    seen
        The counts under each limit.
    most_blocked
        The share X, exactly; to be equal to it is to meet it.
    confidence
        That the set holds the true answer, for instance 0.95.
    """
    n, k = seen.replications, seen.k
    tail = (1 - confidence) / 2
    share = share_bounds(seen.blocked, seen.of, seen.periods_per_sim, tail)
    meets = _meets(seen, most_blocked)
    breaking = np.flatnonzero(~meets)
    answer = int(breaking[-1]) + 1 if breaking.size else 0

    mark = float(most_blocked)
    possible = _possible(seen, share, mark, tail)
    too_few = n < 2
    recommended = None if too_few or answer == k else answer
    confirmed = recommended is not None and bool((share.high[recommended:] <= mark).all())
    needed: int | None = 2 if too_few else None
    if recommended is not None and not confirmed:
        needed = _replications_to_confirm(seen, recommended, mark, tail)
    return ShareChoice(
        recommended=recommended,
        nearest=(answer if answer < k else _nearest(share)) if recommended is None else None,
        could_be=tuple(range(k)) if too_few else indices(possible[:k]),
        none_could_be=too_few or bool(possible[k]),
        edge=recommended in (0, k - 1),
        confirmed=confirmed,
        too_few=too_few,
        replications=n,
        replications_needed=needed,
        share=share,
    )


def _meets(seen: Observed, most_blocked: Fraction) -> Bools:
    """Compare pooled shares with the one allowed, in whole numbers: equality must not hang on a rounding."""
    x, parts = most_blocked.numerator, most_blocked.denominator
    blocked, of = seen.blocked.sum(axis=0).tolist(), seen.of.sum(axis=0).tolist()
    return np.array([b * parts <= x * all_of_them for b, all_of_them in zip(blocked, of, strict=True)], np.bool_)


def _possible(seen: Observed, share: Bounds, mark: float, tail: float) -> Bools:
    """Tell which candidates are not refuted, shape (k + 1,); the last one is "no limit"."""
    k = seen.k
    possible = np.ones(k + 1, np.bool_)
    possible[1:] &= share.high > mark
    for i in range(k):
        if seen.monotone or i == k - 1:
            possible[i] &= share.low[i] <= mark
        else:
            low = share_bounds(seen.blocked[:, i:], seen.of[:, i:], seen.periods_per_sim, tail / (k - i)).low
            possible[i] &= bool((low <= mark).all())
    return possible


def _nearest(share: Bounds) -> int:
    """Limit from which on the largest share is least; the smallest of several."""
    from_here_on = np.maximum.accumulate(share.value[::-1])[::-1]
    return int(np.argmin(from_here_on))


def _replications_to_confirm(seen: Observed, recommended: int, mark: float, tail: float) -> int | None:
    n, of = seen.replications, seen.of
    share = seen.blocked.sum(axis=0) / of.sum(axis=0)
    needed = 0
    open_ones = share_bounds(seen.blocked, of, seen.periods_per_sim, tail).high > mark
    deviations = influence(seen.blocked, of).std(axis=0, ddof=1)
    for j in range(recommended, seen.k):
        if not open_ones[j]:
            continue
        a_replication = float(of[:, j].mean())
        if seen.periods_per_sim == 1:
            for_it = _binomial_plan(float(share[j]), a_replication, mark, tail, n)
        else:
            gap, unseen = mark - float(share[j]), seen.periods_per_sim / a_replication
            for_it = replications_to_show(gap, float(deviations[j]), tail, n, unseen)
        if for_it is None:
            return None
        needed = max(needed, for_it)
    return needed


def _binomial_plan(share: float, a_replication: float, mark: float, tail: float, above: int) -> int | None:
    """Replications of so many SIM-periods each, with which POWER of all studies have an upper bound up to the mark."""
    if share >= mark:
        return None

    def enough(n: int) -> bool:
        trials = math.floor(n * a_replication)
        return float(binomial_upper(binomial_quantile(POWER, trials, share), trials, tail)) <= mark

    return fewest(enough, above, MOST)
