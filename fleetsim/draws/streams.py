"""The streams of one traffic item, or of the SIMs themselves, over a block of SIMs.

Thin: it holds the names that key a stream, so that the rooms which draw need not repeat them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetsim.draws.beta import Tabulated
from fleetsim.draws.counts import draw_counts, draw_own_counts, draw_step_counts
from fleetsim.draws.elementary import FloatArray
from fleetsim.draws.laws import Law
from fleetsim.draws.philox import Purpose, stream_key, uniform_below, word64_at, words64
from fleetsim.draws.sizes import draw_sizes

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Streams:
    """What chance is keyed by, but for the purpose.

    Attributes
    ----------
    seed, replication
        The scenario's seed; the replication's number, from 0.
    fleet, group, item
        Names; `item` is empty for what belongs to the SIM and to no traffic item.
    numbers
        int64 array of shape (sims,): the SIMs' numbers in the group.
    """

    seed: int
    replication: int
    fleet: str
    group: str
    item: str
    numbers: Ints

    def key(self, purpose: Purpose) -> int:
        """Key of the stream for `purpose`."""
        return stream_key(self.seed, self.fleet, self.group, self.item, purpose)

    def uniform(self, purpose: Purpose, below: int, count: int = 1, *, step: int = 0, first: int = 0) -> Ints:
        """Draw `count` integers a SIM, uniform on [0, below), from draw `first` on: int64 of shape (sims, count)."""
        if below == 1:
            return np.zeros((self.numbers.size, count), np.int64)
        index = np.tile(np.arange(first, first + count), self.numbers.size)
        drawn = word64_at(self.key(purpose), np.repeat(self.numbers, count), step, self.replication, index)
        return uniform_below(drawn, below).reshape(self.numbers.size, count)

    def uniform_ragged(
        self,
        purpose: Purpose,
        below: int | Ints,
        count: Ints,
        *,
        step: Ints | int = 0,
        rows: Ints | None = None,
        first: int = 0,
    ) -> Ints:
        """Draw ``count[i]`` integers, uniform on [0, below), from each stream i.

        Parameters
        ----------
        below
            One bound for all, or one for each integer that is drawn.
        rows
            Which of the SIMs each stream belongs to, as indices into `numbers`; ``None``: one stream a SIM.
        step
            Day (or shorter step) of each stream.
        """
        numbers = self.numbers if rows is None else self.numbers[rows]
        drawn = words64(self.key(purpose), numbers, step, self.replication, count, first=first)
        return uniform_below(drawn, below)

    def counts(self, mean: float, steps: int) -> Ints:
        """Poisson counts of mean `mean` for steps 0 to `steps` - 1: int64 of shape (sims, steps)."""
        return draw_counts(mean, self.key(Purpose.COUNT), self.numbers, self.replication, steps)

    def step_counts(self, means: Sequence[float]) -> Ints:
        """Poisson counts of steps with a mean each, the same for every SIM: int64 of shape (sims, len(means))."""
        return draw_step_counts(means, self.key(Purpose.COUNT), self.numbers, self.replication)

    def own_counts(self, means: FloatArray) -> Ints:
        """Poisson counts where each SIM has a mean of its own in each step: int64 of the shape of `means`."""
        return draw_own_counts(means, self.key(Purpose.COUNT), self.numbers, self.replication)

    def uploads(self, law: Law, count: Ints, first: int = 0) -> Ints:
        """Upload sizes number `first` to `first` + ``count[i]`` - 1 of each SIM i, bytes, ragged."""
        return self.sizes(law, Purpose.UPLOAD, Purpose.UPLOAD_RESIDUAL, count, first)

    def downloads(self, law: Law, count: Ints, first: int = 0) -> Ints:
        """Download sizes, likewise."""
        return self.sizes(law, Purpose.DOWNLOAD, Purpose.DOWNLOAD_RESIDUAL, count, first)

    def sizes(
        self, law: Tabulated, purpose: Purpose, residual: Purpose, count: Ints | int = 1, first: int = 0, step: int = 0
    ) -> Ints:
        """Whole numbers that follow a law, number `first` to `first` + ``count[i]`` - 1 of each SIM i, ragged."""
        keys = self.key(purpose), self.key(residual)
        return draw_sizes(law, *keys, self.numbers, self.replication, count, first, step)
