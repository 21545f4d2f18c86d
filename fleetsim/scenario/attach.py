"""Functions put into a scenario, and what can be said of those that are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from fleetsim.errors import BadInput, Mistake
from fleetsim.scenario.digests import digest_of
from fleetsim.scenario.functions import Function, OwnArrivals, OwnSizes, name_of
from fleetsim.scenario.source import quoted
from fleetsim.scenario.wording import did_you_mean

if TYPE_CHECKING:
    from fleetsim.scenario.devices import TrafficItem
    from fleetsim.scenario.schema import Scenario

WAYS: Final = ("upload", "download")
_ITEM: Final = "fleets.FLEET.devices.GROUP.traffic.ITEM"
_Place = tuple[str, str, str]


def with_arrivals(scenario: Scenario, item: str, call: Callable[..., Any]) -> Scenario:
    """Return the scenario with an item's arrivals by a function; see `Scenario.with_arrivals`."""
    place = _place(scenario, item, item)
    process = _item(scenario, place).arrivals.process
    if process in ("continuous", "trace"):
        what = (
            f"found the process {process}, which has no sizes; expected an item with an upload or a download in bytes"
        )
        raise BadInput(Mistake("with_arrivals", None, item, what))
    return _with(scenario, place, {"arrivals": OwnArrivals(_function("with_arrivals", item, call))})


def with_sizes(scenario: Scenario, way: str, call: Callable[..., Any]) -> Scenario:
    """Return the scenario with an item's upload or download by a function; see `Scenario.with_sizes`."""
    item, _, key = way.rpartition(".")
    if key not in WAYS:
        what = f"found {quoted(way)}; expected {_ITEM}.upload or .download"
        raise BadInput(Mistake("with_sizes", None, "", what))
    place = _place(scenario, item, way)
    process = _item(scenario, place).arrivals.process
    if process in ("continuous", "trace"):
        what = f"found the process {process}, which has no sizes; expected an item of another one"
        raise BadInput(Mistake("with_sizes", None, way, what))
    return _with(scenario, place, {key: OwnSizes(_function("with_sizes", way, call))})


def functions_of(scenario: Scenario) -> dict[str, Function]:
    """Return the functions of a scenario by the paths of the values that they stand for."""
    return {".".join(path): function for path, function in _found(scenario)}


def not_given(scenario: Scenario) -> list[Mistake]:
    """Say which functions a scenario names without having them: it was read from a file that a run left."""
    found = []
    for path, function in _found(scenario):
        if function.call is None:
            *item, key = path
            verb, to = ("with_arrivals", ".".join(item)) if key == "arrivals" else ("with_sizes", ".".join(path))
            what = (
                f"found a function of Python, {quoted(function.name)}, which a file cannot give; run it from Python:"
                f' fleetsim.load(...).{verb}("{to}", FUNCTION)'
            )
            file, line = scenario._named_at.get(path, (scenario.name, None))
            found.append(Mistake(file, line, ".".join(path), what))
    return found


def with_functions_of(scenario: Scenario, other: Scenario) -> Scenario:
    """Return a scenario that was read from what `other` was written as, with the functions that it still names."""
    given = {function: function for function in functions_of(other).values() if function.call is not None}
    for path, function in _found(scenario):
        if function.call is None and function in given:
            _, fleet, _, group, _, item, key = path
            kind = OwnArrivals if key == "arrivals" else OwnSizes
            scenario = _put(scenario, (fleet, group, item), {key: kind(given[function])})
    return scenario


def cut_short(scenario: Scenario, at_ms: int) -> Scenario:
    """Return the scenario with an earlier end, and with the same traffic up to it.

    What is drawn here depends on no end, but functions know it: they are asked for traffic up to the one they had.
    """
    shorter = scenario.model_copy(update={"horizon_ms": at_ms})
    shorter._functions_ms = scenario.functions_ms
    return shorter


def _found(scenario: Scenario) -> Iterator[tuple[tuple[str, ...], Function]]:
    for fleet, content in scenario.fleets.items():
        for group, devices in content.devices.items():
            for name, item in devices.traffic.items():
                for key in ("arrivals", *WAYS):
                    value = getattr(item, key)
                    if isinstance(value, OwnArrivals | OwnSizes):
                        yield ("fleets", fleet, "devices", group, "traffic", name, key), value.function


def _function(verb: str, path: str, call: Callable[..., Any]) -> Function:
    if not callable(call):
        what = f"found {quoted(repr(call))}; expected a function"
        raise BadInput(Mistake(verb, None, path, what))
    try:
        return Function(name_of(call), digest_of(call), call)
    except TypeError as error:
        what = f"found {quoted(name_of(call))}, of which no digest can be made: {error}"
        raise BadInput(Mistake(verb, None, path, f"{what}; hand such a thing over as plain values")) from error


def _place(scenario: Scenario, item: str, said: str) -> _Place:
    """Return fleet, group and name of the item at a path."""
    parts = item.split(".")
    if len(parts) != 6 or (parts[0], parts[2], parts[4]) != ("fleets", "devices", "traffic"):
        raise BadInput(Mistake("scenario", None, "", f"found {quoted(said)}; expected {_ITEM}"))
    fleet, group, name = parts[1], parts[3], parts[5]
    levels: tuple[tuple[str, Any], ...] = ((fleet, lambda: scenario.fleets),)
    levels += ((group, lambda: scenario.fleets[fleet].devices),)
    levels += ((name, lambda: scenario.fleets[fleet].devices[group].traffic),)
    for depth, (key, names) in enumerate(levels):
        known: Mapping[str, Any] = names()
        if key not in known:
            few = ", ".join(map(quoted, list(known)[:5])) + (", …" if len(known) > 5 else "")
            what = f"found {quoted(key)}; expected one of {few}{did_you_mean(key, known)}"
            raise BadInput(Mistake("scenario", None, ".".join(parts[: 2 * depth + 1]), what))
    return fleet, group, name


def _item(scenario: Scenario, place: _Place) -> TrafficItem:
    fleet, group, name = place
    return scenario.fleets[fleet].devices[group].traffic[name]


def _with(scenario: Scenario, place: _Place, changes: dict[str, Any]) -> Scenario:
    """Put values into an item, and see that they go with the rest of it and of its group."""
    other = _put(scenario, place, changes)
    fleet, group, name = place
    path = f"fleets.{fleet}.devices.{group}"
    item, devices = _item(other, place), other.fleets[fleet].devices[group]
    mistakes = [Mistake("scenario", None, f"{path}.traffic.{name}.{key}", what) for key, what in item.misfits()]
    mistakes += [Mistake("scenario", None, f"{path}.{key}", what) for key, what in devices.misfits()]
    if mistakes:
        raise BadInput(mistakes)
    return other


def _put(scenario: Scenario, place: _Place, changes: dict[str, Any]) -> Scenario:
    fleet, group, name = place
    content = scenario.fleets[fleet]
    devices = content.devices[group]
    traffic = {**devices.traffic, name: devices.traffic[name].model_copy(update=changes)}
    groups = {**content.devices, group: devices.model_copy(update={"traffic": traffic})}
    fleets = {**scenario.fleets, fleet: content.model_copy(update={"devices": groups})}
    return scenario.model_copy(update={"fleets": fleets})
