"""numpy's random numbers for functions that users write, keyed as all that is drawn here.

Such a function draws what it likes and as much as it likes, so it gets a `numpy.random.Generator` of its own for each
SIM and replication: over numpy's Philox4x64-10 from counter 0 on, with a key of 128 bits. Its lower half is the
stream's key as everywhere (`fleetsim.draws.philox.stream_key`), its upper half the SIM's number in its group and, above
it, the replication. They are a part of the key, and not of the counter, so that `jumped` leads into no other stream.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import NDArray


def generator(key: int, sim: int, replication: int) -> np.random.Generator:
    """Return the generator of a SIM: ``Generator(Philox(key=key + (sim + replication * 2**32) * 2**64))``.

    Parameters
    ----------
    key
        From `stream_key`, 64 bits.
    sim, replication
        Below 2^32 each: the SIM's number in its group, and the replication's.
    """
    words = np.array([key, sim + (replication << 32)], np.uint64)
    return np.random.Generator(np.random.Philox(cast(Any, _Key(words))))


class _Key(ISeedSequence):
    """Stands where numpy would mix a key from a seed; given as ``key=``, numpy asks the system for entropy as well."""

    def __init__(self, words: NDArray[np.uint64]) -> None:
        self._words = words

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> NDArray[np.uint64]:
        """Return the key's two words."""
        assert n_words == 2
        return self._words
