"""Digests of what the compiled engine counts for the shipped scenarios."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import fleetsim
from fleetsim.engines import engine_named
from fleetsim.scenario.fleet import groups
from fleetsim.scenario.schema import Scenario

SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))
FILE = Path(__file__).parent / "rows.json"
SIMS = 40
"""Of each group, the first ones."""
REPLICATIONS = (0, 1)

Rows = NDArray[np.int64]
Map = Callable[[Callable[[range], Rows], Iterable[range]], Iterable[Rows]]


def pieces(scenario: Scenario, size: int) -> Iterator[range]:
    """Yield the ranges of SIMs that are looked at, cut into so many at a time."""
    for group in groups(scenario):
        last = min(group.sims.stop, group.sims.start + SIMS)
        for first in range(group.sims.start, last, size):
            yield range(first, min(first + size, last))


def digest(scenario: Scenario, replication: int, size: int = SIMS, over: Map = map) -> str:
    """Return the SHA-256 of the rows of a replication, simulated `size` SIMs at a time."""
    simulate = engine_named("compiled").simulate
    found = sha256()
    for rows in over(lambda sims: simulate(scenario, replication, sims).rows, pieces(scenario, size)):
        found.update(rows.astype("<i8").tobytes())
    return found.hexdigest()


def digests() -> dict[str, list[str]]:
    """Return the digests of each shipped scenario, one a replication."""
    return {path.stem: [digest(fleetsim.load(path), number) for number in REPLICATIONS] for path in SCENARIOS}


def stored() -> dict[str, list[str]]:
    """Return the digests that are kept."""
    found: dict[str, list[str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    print(json.dumps(digests()))
