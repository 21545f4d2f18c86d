"""From what was judged to the figures of each limit: shares, means, quantiles, and their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fleetsim.billing import CAUSES
from fleetsim.choice.judging import JUDGED
from fleetsim.choice.rules import MICROS
from fleetsim.choice.tables import Judged
from fleetsim.clock import MS_PER_HOUR
from fleetsim.inference.by_budget import BudgetChoice
from fleetsim.inference.by_outage import OutageChoice
from fleetsim.inference.choice import Choice, Observed
from fleetsim.inference.estimate import Bounds
from fleetsim.inference.means import mean_interval
from fleetsim.inference.quantiles import quantile_interval, rank
from fleetsim.inference.shares import share_bounds

Ints = NDArray[np.int64]

QUANTILES: Final = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
HEADROOM_QUANTILE: Final = 0.99


def sums(judged: Sequence[Judged], name: str) -> Ints:
    """A column of what was judged: int64 of shape (replications, limits)."""
    return np.stack([each.judgement.sums[JUDGED.index(name)] for each in judged])


def observed(judged: Sequence[Judged], horizon_ms: int, *, monotone: bool) -> Observed:
    """What a rule chooses from: replications under the same limits, each of which has a complete SIM-period."""
    return Observed(
        limits=np.array(judged[0].limits, np.int64),
        sim_periods=sums(judged, "sim_periods"),
        blocked=sums(judged, "blocked_sim_periods"),
        blocked_ms=sums(judged, "blocked_ms"),
        cost_micros=sums(judged, "cost_micros"),
        periods_per_sim=max(each.judgement.periods_per_sim for each in judged),
        longest_block_ms=horizon_ms,
        monotone=monotone,
    )


def figures(judged: Sequence[Judged], seen: Observed, choice: Choice, confidence: float) -> dict[str, list[Any]]:
    """Figures of each limit, by the names of the table ``limits``; ``None`` where there is no figure.

    Parameters
    ----------
    judged, seen
        The same replications.
    choice
        What the rule chose from them: it has figures of its own.
    confidence
        Of each interval by itself, two-sided.
    """
    k = seen.k
    share = share_bounds(seen.blocked, seen.of, seen.periods_per_sim, (1 - confidence) / 2)
    cost = sums(judged, "cost_micros") / MICROS
    causes = {f"overage_{cause}_bytes": sums(judged, f"overage_{cause}_bytes") for cause in CAUSES}
    found: dict[str, list[Any]] = {
        "data_limit_bytes": seen.limits.tolist(),
        **_bounded("blocked_share", share),
        "blocked_hours": _means(seen.blocked_ms / MS_PER_HOUR),
        "undelivered_bytes": _means(sums(judged, "undelivered_bytes")),
        "overage_bytes": _means(np.sum(list(causes.values()), axis=0)),
        **{name: _means(of_cause) for name, of_cause in causes.items()},
    }
    means = [mean_interval(column, confidence) for column in cost.T]
    found |= {"cost_mean": [mean.value for mean in means]}
    found |= {"cost_low": [mean.low for mean in means], "cost_high": [mean.high for mean in means]}
    for name, q in QUANTILES.items():
        estimates = [quantile_interval(column, q, confidence) for column in cost.T]
        found[f"cost_{name}"] = [None if each.low is None else each.value for each in estimates]
    nothing: list[None] = [None] * k
    for name in ("budget_quantile", "objective", "objective_diff"):
        found |= {f"{name}{end}": nothing for end in ("", "_low", "_high")}
    if isinstance(choice, BudgetChoice):
        found |= _bounded("budget_quantile", _in_currency(choice.quantile))
    if isinstance(choice, OutageChoice):
        found |= _bounded("objective", _in_currency(choice.objective))
        if choice.recommended is not None:
            found |= _bounded("objective_diff", _in_currency(choice.difference))
    return found


def use_quantile(judged: Sequence[Judged], q: float = HEADROOM_QUANTILE) -> float | None:
    """Quantile of what normal devices use in a complete period without a limit, over all replications.

    Exact, or to 0.1 %: see `Judgement.use`. ``None`` where that was not counted.
    """
    lower, upper, counts = np.concatenate([each.judgement.use for each in judged], axis=1)
    if not counts.size:
        return None
    order = np.argsort(lower)
    so_far = np.cumsum(counts[order])
    found = order[np.searchsorted(so_far, rank(q, int(so_far[-1])))]
    return float(lower[found] + upper[found] - 1) / 2


def _means(values: NDArray[Any]) -> list[float]:
    return [float(mean) for mean in values.mean(axis=0)]


def _in_currency(money: Bounds) -> Bounds:
    return Bounds(*(part / MICROS for part in money))


def _bounded(name: str, values: Bounds) -> dict[str, list[float | None]]:
    return {f"{name}{end}": _finite(part) for end, part in zip(("", "_low", "_high"), values, strict=True)}


def _finite(values: NDArray[np.float64]) -> list[float | None]:
    """Where replications allow no bound it is infinite, which no table holds."""
    return [float(value) if np.isfinite(value) else None for value in values]
