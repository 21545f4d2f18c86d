"""Traffic from a user's own functions: each is called once for each SIM, and held to what all else relies on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetsim.draws.laws import MAX_SIZE_BYTES
from fleetsim.draws.philox import Purpose
from fleetsim.draws.streams import Streams
from fleetsim.errors import BadInput, FunctionFailed, Mistake
from fleetsim.scenario.attach import not_given
from fleetsim.scenario.checks import MAX_EVENTS, MAX_ITEM_BYTES, MAX_TOTAL_BYTES
from fleetsim.scenario.functions import Function, OwnArrivals, OwnSizes, SimFacts
from fleetsim.scenario.schema import Scenario, TrafficItem
from fleetsim.traffic.generators import generator
from fleetsim.traffic.offered import Ints, Transfers, durations_ms, within_life
from fleetsim.traffic.spread import sizes

_WAYS = {Purpose.UPLOAD: ("upload", Purpose.OWN_UPLOAD), Purpose.DOWNLOAD: ("download", Purpose.OWN_DOWNLOAD)}
_NONE = np.zeros(0, np.int64)


def has_function(item: TrafficItem) -> bool:
    """Are the item's arrivals or sizes by a function?"""
    return any(isinstance(part, OwnArrivals | OwnSizes) for part in (item.arrivals, item.upload, item.download))


@dataclass(frozen=True)
class Calling(Streams):
    """Streams of an item that has functions: where a size is a function's, that is asked instead of a law.

    Attributes
    ----------
    scenario
        Where the item is.
    activation_ms
        int64 array of shape (sims,).
    """

    scenario: Scenario
    activation_ms: Ints

    @classmethod
    def of(cls, chance: Streams, scenario: Scenario, activation_ms: Ints) -> Calling:
        """Return the same streams, with what functions are told."""
        known = {each.name: getattr(chance, each.name) for each in fields(chance)}
        return cls(**known, scenario=scenario, activation_ms=activation_ms)

    def instants_ms(self, function: Function) -> tuple[Ints, Ints]:
        """Ask for the instants of transfers before the scenario's end.

        Returns
        -------
        How many each SIM has, int64 of shape (sims,), and the instants, ms since the start, ragged.
        """
        end = self.scenario.functions_ms

        def ask(i: int, facts: SimFacts) -> Ints:
            random = generator(key, facts.number, self.replication)
            times = _read_instants(self._called(function, "arrivals", facts, random))
            return times[: np.searchsorted(times, end)]

        key = self.key(Purpose.OWN_TIMES)
        found = self._of_each(function, "arrivals", ask)
        return np.array([times.size for times in found], np.int64), np.concatenate([_NONE, *found])

    def sizes(
        self, law: Any, purpose: Purpose, residual: Purpose, count: Ints | int = 1, first: int = 0, step: int = 0
    ) -> Ints:
        """Sizes by a law as everywhere, or those that a function returns."""
        if not isinstance(law, OwnSizes):
            return super().sizes(law, purpose, residual, count, first, step)
        function, (way, own) = law.function, _WAYS[purpose]
        # No SIM may move so much that sums over all of them leave 64 bits.
        most = min(MAX_ITEM_BYTES, MAX_TOTAL_BYTES // self.scenario.sims)
        counts = np.broadcast_to(count, self.numbers.shape).tolist()

        def ask(i: int, facts: SimFacts) -> Ints:
            if counts[i] == 0:
                return _NONE
            random = generator(key, facts.number, self.replication)
            return _read_sizes(self._called(function, way, facts, random, counts[i]), counts[i], most)

        key = self.key(own)
        return np.concatenate([_NONE, *self._of_each(function, way, ask)])

    def _of_each(self, function: Function, what: str, ask: Callable[[int, SimFacts], Ints]) -> list[Ints]:
        if function.call is None:
            raise BadInput(not_given(self.scenario))
        end, start = self.scenario.functions_ms, self.scenario.start
        found = []
        for i, (number, activation) in enumerate(zip(self.numbers.tolist(), self.activation_ms.tolist(), strict=True)):
            facts = SimFacts(number, activation, end, start)
            try:
                found.append(ask(i, facts))
            except _Refused as refused:
                said = f"{self._whose(facts)}: found {refused}"
                raise BadInput(Mistake(function.name, None, self._path(what), said)) from refused.__cause__
        return found

    def _called(self, function: Function, what: str, facts: SimFacts, random: np.random.Generator, *more: int) -> Any:
        assert function.call is not None
        try:
            return function.call(random, facts, *more)
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            raise FunctionFailed(f"{function.name}: {self._path(what)}: {self._whose(facts)}: {said}") from error

    def _path(self, what: str) -> str:
        return f"fleets.{self.fleet}.devices.{self.group}.traffic.{self.item}.{what}"

    def _whose(self, facts: SimFacts) -> str:
        return f"SIM {facts.number} of the group in replication {self.replication}"


def offer(item: TrafficItem, arrivals: OwnArrivals, chance: Streams, activation_ms: Ints, horizon_ms: int) -> Transfers:
    """Offer transfers at the instants that a function returns, from the SIM's activation on."""
    assert isinstance(chance, Calling)
    counts, time_ms = chance.instants_ms(arrivals.function)
    drawn = sizes(item, chance, counts)
    return within_life(counts, time_ms, drawn, durations_ms(item, *drawn), activation_ms, horizon_ms)


class _Refused(Exception):
    """What a function returned is not what it should be: says what was found and what was expected."""


def _read_instants(returned: Any) -> Ints:
    times = _whole(returned, "instants", "ms since the scenario's start")
    back = np.flatnonzero(times[1:] < times[:-1])
    if back.size:
        at = int(back[0]) + 1
        raise _Refused(f"{times[at]} at place {at} after {times[at - 1]}; expected ascending instants: sort them")
    if times.size > MAX_EVENTS:
        raise _Refused(f"{times.size:,} instants; expected at most {MAX_EVENTS:,} of one SIM")
    return times


def _read_sizes(returned: Any, n: int, most: int) -> Ints:
    sizes = _whole(returned, "sizes", "bytes")
    if sizes.size != n:
        raise _Refused(f"{sizes.size:,} sizes; expected {n:,}, one for each transfer")
    over = np.flatnonzero(sizes > MAX_SIZE_BYTES)
    if over.size:
        raise _Refused(f"{sizes[over[0]]:,} at place {over[0]}; expected at most {MAX_SIZE_BYTES:,} bytes")
    total = sizes.sum(dtype=np.float64)
    if total > most:
        raise _Refused(f"sizes of {total:,.0f} bytes in all; expected at most {most:,} of one SIM of this scenario")
    return sizes


def _whole(returned: Any, what: str, unit: str) -> Ints:
    """Read an array of whole numbers from 0 on; a copy, for the function may use its own array again."""
    expected = f"expected an array of {what}: whole {unit}"
    if isinstance(returned, np.ma.MaskedArray):
        raise _Refused(f"a masked array; {expected}")
    try:
        values: NDArray[Any] = np.asarray(returned)
    except Exception as error:
        raise _Refused(f"a {type(returned).__name__} that is no array; {expected}") from error
    if values.ndim != 1:
        found = f"an array of shape {values.shape}" if values.ndim else f"a {type(returned).__name__}"
        raise _Refused(f"{found}; {expected}, of one dimension")
    if values.size and values.dtype.kind not in "iuf":
        raise _Refused(f"values of type {values.dtype}; {expected}")
    for wrong, hint in (
        (~np.isfinite(values), ""),
        (values < 0, ", 0 or more"),
        (values >= 2.0**63, " below 2^63"),
        (values != np.rint(values), " (for rounded ones: numpy.rint)"),
    ):
        places = np.flatnonzero(wrong)
        if places.size:
            raise _Refused(f"{values[places[0]]} at place {places[0]}; {expected}{hint}")
    return values.astype(np.int64)
