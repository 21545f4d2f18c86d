"""Among the limits whose q-quantile of cost over replications is within B: the one with the lowest blocked share.

Ties in the share go to the cheaper mean cost, then to the smaller limit. Whether the quantile Q_i is within B is a
question about a share of replications, so it is exact: "Q_j <= B" is shown by an upper bound from order statistics,
"Q_i > B" by a lower one (`fleetsim.inference.quantiles`).

Limit i stays in the set unless it is shown that it is not the answer, by one of these, each with a chance of at most
alpha / k to be shown wrongly (alpha = 1 - confidence):

- Q_i > B;
- for some other j: Q_j <= B, and p_j < p_i (shares blocked). If i is the answer, one of the two is false, so to show
  both wrongly is no likelier than to show that one. (Berger's intersection-union test, Technometrics 24, 1982.)

These are k statements, so the true answer is left out with at most alpha. "No limit meets the rule" stays possible
until some Q_j <= B is shown.

*p_j < p_i, where blocking is monotone in the limit*: the larger limit j blocks no SIM-period that i does not. So
p_j <= p_i without any test, and one SIM-period that i blocked and j did not proves p_j < p_i. If none was seen, both
may have the same share, and the cheaper of the two wins: i is refuted as well by a j above it with Q_j <= B and a lower
mean cost, both shown, for then j wins with a lower share and with an equal one.
*Elsewhere* p_j < p_i is shown by paired differences on common random numbers (`fleetsim.inference.best`), one SIM not
seen being worth all its SIM-periods.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from fleetsim.inference.best import pairs
from fleetsim.inference.choice import Choice, Observed, indices
from fleetsim.inference.estimate import Bools, Bounds
from fleetsim.inference.laws import binomial_quantile
from fleetsim.inference.planning import POWER, fewest
from fleetsim.inference.quantiles import bound_ranks, rank, replications_for_quantile
from fleetsim.inference.shares import influence, share_bounds


@dataclass(frozen=True)
class BudgetChoice(Choice):
    """The answer of the rule on a budget; money in micro-units of the currency.

    Attributes
    ----------
    quantile
        The q-quantile over replications of cost under each limit, with one-sided bounds that hold for all limits
        together; infinite where there are too few replications for them. A limit is shown to be within the budget if
        its upper bound is.
    within
        Replications, out of all, whose cost is within the budget, under each limit; (k,).
    share
        Share of blocked SIM-periods under each limit, with its two-sided interval at the confidence, limit by limit.
    """

    quantile: Bounds
    within: tuple[int, ...]
    share: Bounds


def choose_by_budget(seen: Observed, budget_micros: int, q: float, confidence: float) -> BudgetChoice:
    """Choose, among limits whose `q`-quantile of cost is within the budget, the one of the lowest blocked share.

    Parameters
    ----------
    seen
        The counts under each limit.
    budget_micros
        B, in micro-units of the currency, for the fleet over the horizon; to be equal to it is to meet it.
    q
        Quantile over replications, 0 < q < 1.
    confidence
        That the set holds the true answer, for instance 0.95.

    Notes
    -----
    Fewer replications than `replications_for_quantile` (one tail, k limits) are too few to judge: then no cost, however
    far from the budget, could show on which side its quantile lies.
    """
    n, k = seen.replications, seen.k
    tail = (1 - confidence) / k
    enough = max(replications_for_quantile(q, confidence, tails=1, limits=k), 2)
    too_few = n < enough
    quantile = _quantiles(seen, q, tail)
    meets = quantile.value <= budget_micros
    shown_within = quantile.high <= budget_micros
    answer = _preferred(seen, meets)
    recommended = None if too_few else answer
    confirmed = recommended is not None and bool(shown_within[recommended])
    within = (seen.cost_micros <= budget_micros).sum(axis=0)
    needed: int | None = enough if too_few else None
    if recommended is not None and not confirmed:
        needed = _replications_to_confirm(int(within[recommended]), n, q, tail)
    beaten = (shown_within[:, None] & _shown_preferable(seen, tail)).any(axis=0)
    could_be = np.ones(k, np.bool_) if too_few else (quantile.low <= budget_micros) & ~beaten
    return BudgetChoice(
        recommended=recommended,
        nearest=None if recommended is not None else int(np.argmin(quantile.value)) if answer is None else answer,
        could_be=indices(could_be),
        none_could_be=too_few or not bool(shown_within.any()),
        edge=recommended in (0, k - 1),
        confirmed=confirmed,
        too_few=too_few,
        replications=n,
        replications_needed=needed,
        quantile=quantile,
        within=tuple(int(count) for count in within),
        share=share_bounds(seen.blocked, seen.of, seen.periods_per_sim, (1 - confidence) / 2),
    )


def _quantiles(seen: Observed, q: float, tail: float) -> Bounds:
    n, k = seen.replications, seen.k
    ordered = np.sort(seen.cost_micros, axis=0).astype(np.float64)
    lower, upper = bound_ranks(q, n, tail)
    return Bounds(
        ordered[rank(q, n) - 1],
        np.full(k, -np.inf) if lower is None else ordered[lower - 1],
        np.full(k, np.inf) if upper is None else ordered[upper - 1],
    )


def _preferred(seen: Observed, meets: Bools) -> int | None:
    """Return the limit of the lowest share among those that meet the budget; ties to the cheaper, then smaller one."""
    blocked, of, cost = (sums.sum(axis=0).tolist() for sums in (seen.blocked, seen.of, seen.cost_micros))
    ranking = [(Fraction(blocked[i], of[i]), cost[i], i) for i in range(seen.k) if meets[i]]
    return min(ranking)[2] if ranking else None


def _shown_preferable(seen: Observed, tail: float) -> Bools:
    """[j, i]: whether j is shown to come before i in the rule's order, if both are within the budget."""
    k = seen.k
    if seen.monotone:
        blocked = seen.blocked.sum(axis=0)
        fewer = blocked[:, None] < blocked[None, :]
        cheaper = pairs(seen.cost_micros.astype(np.float64)).upper(tail) < 0
        return np.asarray(np.tril(fewer | cheaper, -1), np.bool_)  # j is the larger limit
    of = seen.of
    a_replication = of.mean(axis=0)
    worth = np.maximum(seen.periods_per_sim / a_replication[:, None], seen.periods_per_sim / a_replication[None, :])
    less = pairs(influence(seen.blocked, of)).upper(tail, worth) < 0
    return np.asarray(less & ~np.eye(k, dtype=np.bool_), np.bool_)


def _replications_to_confirm(within: int, n: int, q: float, tail: float) -> int | None:
    """Replications with which POWER of all studies show the quantile within the budget, if as many are within it."""
    share = within / n
    if share <= q:
        return None

    def enough(replications: int) -> bool:
        upper = bound_ranks(q, replications, tail)[1]
        if upper is None:
            return False
        return replications - binomial_quantile(POWER, replications, 1 - share) >= upper

    return fewest(enough, n)
