"""What a limit is chosen from, and what a choice says; the rules are in the modules named after them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fleetsim.inference.estimate import Bools, Ints


@dataclass(frozen=True)
class Observed:
    """What n replications counted under each of k limits, on the same offered traffic.

    Attributes
    ----------
    limits
        In bytes, ascending, shape (k,).
    sim_periods
        Complete SIM-periods of the normal devices, shape (n,) or (n, k). Each limit has some.
    blocked
        How many of them were blocked at least once, (n, k).
    blocked_ms
        For how long they were blocked, in all, (n, k).
    cost_micros
        What all devices cost over the horizon, in micro-units of the currency, (n, k).
    periods_per_sim
        The most complete periods that one SIM has.
    longest_block_ms
        The longest that one SIM can be blocked: the length of the horizon.
    monotone
        Whether a SIM-period that is blocked under a limit is so under every smaller one, and at least as long. So it is
        where nothing that a block changes crosses into a counted period, and no timeline touches this limit.

    Raises
    ------
    ValueError
        Where shapes do not fit, limits do not ascend, or a limit has no complete SIM-period.
    """

    limits: Ints
    sim_periods: Ints
    blocked: Ints
    blocked_ms: Ints
    cost_micros: Ints
    periods_per_sim: int
    longest_block_ms: int
    monotone: bool

    def __post_init__(self) -> None:
        shape = (self.replications, self.limits.size)
        if not (self.blocked.shape == self.blocked_ms.shape == self.cost_micros.shape == shape):
            raise ValueError(f"{shape[0]} replications of {shape[1]} limits expected in every column")
        if self.sim_periods.shape not in (shape, shape[:1]):
            raise ValueError(f"SIM-periods have shape {self.sim_periods.shape}; expected {shape[:1]} or {shape}")
        if not self.limits.size or (np.diff(self.limits) <= 0).any():
            raise ValueError("limits have to ascend")
        if (self.of.sum(axis=0) == 0).any():
            raise ValueError("no complete billing period of a normal device")
        if (self.blocked > self.of).any():
            raise ValueError("more SIM-periods are blocked than there are")

    @property
    def replications(self) -> int:
        return len(self.blocked)

    @property
    def of(self) -> Ints:
        """SIM-periods under each limit, (n, k)."""
        return self.sim_periods if self.sim_periods.ndim == 2 else np.repeat(self.sim_periods[:, None], self.k, axis=1)

    @property
    def k(self) -> int:
        return self.limits.size


@dataclass(frozen=True)
class Choice:
    """The answer of a rule; limits are given by their index.

    Attributes
    ----------
    recommended
        The limit that the rule picks from what was observed; ``None`` where no limit meets it, or there are too few
        replications to judge.
    nearest
        Where none is recommended, the limit that comes nearest to the rule.
    could_be
        Every limit that could be the answer, ascending; the true answer is among them, or `none_could_be` is true,
        with at least the confidence asked for. The recommended one is always among them; all are, where there are too
        few replications to judge.
    none_could_be
        It could be that no limit meets the rule.
    edge
        The recommended limit is the first or the last that was asked for.
    confirmed
        What was observed of the recommended limit is also shown: that it meets the rule (share, budget), or that no
        other one has a smaller mean objective but for those that are the same throughout (outage cost).
    too_few
        There are too few replications to judge.
    replications
        How many there are.
    replications_needed
        With `too_few`, how many it takes to judge. Else how many would confirm the recommended limit, planned as in
        `fleetsim.inference.planning`: ``None`` where it is confirmed, where none is recommended, and where no number
        that is worth a plan would do.
    """

    recommended: int | None
    nearest: int | None
    could_be: tuple[int, ...]
    none_could_be: bool
    edge: bool
    confirmed: bool
    too_few: bool
    replications: int
    replications_needed: int | None


def indices(chosen: Bools) -> tuple[int, ...]:
    return tuple(int(i) for i in np.flatnonzero(chosen))
