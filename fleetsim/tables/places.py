"""Where rows are summed: the fleet at a row's end, and the device group that its SIM comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fleetsim.scenario.fleet import groups
from fleetsim.scenario.schema import Move, Scenario

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Place:
    """A line of ``replications``."""

    fleet: str
    device_group: str
    role: str


@dataclass(frozen=True)
class Places:
    """All places that rows can have, in the order of fleets, then groups.

    Attributes
    ----------
    all
        The places; those where a SIM starts and those that the timeline moves one to, whether or not one gets there.
    number
        Of a fleet and a group, in the scenario's order, the place; shape (fleets, groups), -1 where there is none.
    first_sim
        Of each group, shape (groups,).
    fleets
        Names of the scenario's fleets, in its order.
    sets
        Fleet and role of the places, each pair once.
    own
        Set of each place, shape (places,).
    """

    all: tuple[Place, ...]
    number: Ints
    first_sim: Ints
    fleets: tuple[str, ...]
    sets: tuple[tuple[str, str], ...]
    own: Ints

    def of(self, fleet: Ints, sim: Ints) -> Ints:
        """Numbers of the places of rows with these fleets and SIMs."""
        found: Ints = self.number[fleet, self.group(sim)]
        assert (found >= 0).all(), "a SIM is in a fleet that nothing brings it to"
        return found

    def group(self, sim: Ints) -> Ints:
        """Device groups, in the scenario's order, that SIMs come from."""
        return np.searchsorted(self.first_sim, sim, side="right") - 1

    def names(self, place: Ints) -> dict[str, pa.Array]:
        """Columns ``fleet``, ``device_group`` and ``role`` of rows at these places."""
        keys = ("fleet", "device_group", "role")
        return {key: encoded([getattr(each, key) for each in self.all], place) for key in keys}


def places(scenario: Scenario) -> Places:
    """Places of a scenario.

    Groups of one name and role that come together in a fleet share a place.
    """
    fleets = tuple(scenario.fleets)
    all_groups = groups(scenario)
    index = {(group.fleet, group.name): group.index for group in all_groups}
    present = {(group.fleet_index, group.index) for group in all_groups}
    present |= {(fleets.index(e.to), index[e.sims]) for e in scenario.timeline if isinstance(e, Move)}
    number = np.full((len(fleets), len(all_groups)), -1, np.int64)
    found: dict[Place, int] = {}
    for fleet, group in sorted(present):
        place = Place(fleets[fleet], all_groups[group].name, all_groups[group].devices.role)
        number[fleet, group] = found.setdefault(place, len(found))
    pairs = [(place.fleet, place.role) for place in found]
    sets = {pair: i for i, pair in enumerate(dict.fromkeys(pairs))}
    own = np.array([sets[pair] for pair in pairs], np.int64)
    first_sim = np.array([group.first_sim for group in all_groups], np.int64)
    return Places(tuple(found), number, first_sim, fleets, tuple(sets), own)


def encoded(names: Sequence[str], index: Ints) -> pa.Array:
    """Dictionary-encode ``names[index]``, each distinct name once, in the order of `names`."""
    distinct = list(dict.fromkeys(names))
    codes = np.array([distinct.index(name) for name in names], np.int32)
    indices = codes[index] if index.size else np.zeros(0, np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), pa.array(distinct, pa.string()))
