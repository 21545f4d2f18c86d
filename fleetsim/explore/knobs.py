"""What can be turned, and the overrides that turning it comes to. Nothing here knows how a knob looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fleetsim.explore.traffic import NOTHING, Factors, as_text, scaled, scales
from fleetsim.report import words
from fleetsim.scenario.dump import resolved
from fleetsim.scenario.quantities import MAX_LIMIT_BYTES
from fleetsim.scenario.schema import DeviceGroup, LimitChange, Scenario
from fleetsim.units import BYTE_UNITS

Group = tuple[str, str]
"""Names of a fleet and of a device group that is defined in it."""

DNS: Final = ("public", "all", "none")
PLATFORM: Final = {
    "record_interval": "A usage record every",
    "record_delay": "It is evaluated after",
    "enforcement_delay": "A block takes",
    "limit_propagation": "A changed limit arrives after",
    "dns_when_blocked": "DNS that passes a block",
}
PROPAGATION: Final = {
    "typical": "A changed limit arrives, as a rule, within",
    "typical_share": "And does so in this share of SIMs",
    "max": "And at the latest after",
}
"""Instead of one delay for all SIMs; they go together."""
TARIFF: Final = {"fee": "Fee for a SIM and billing period", "per_mb": "Price of a MB"}

_PROPAGATION: Final = "platform.limit_propagation."
_FEWEST: Final = 10
_AHEAD: Final = 3
"""A limit can be turned up to this many times what it is, and up to `_FEWEST` units at least."""
_NICE: Final = (1, 2, 3, 4, 5)
_MOST_LIMITS: Final = 50
"""Of a curve, unless more are asked for: to judge them takes about as long as one run."""
_FAR: Final = 5
"""A limit that is more than this many times the use is far from what devices need, and no part of a curve."""


@dataclass(frozen=True)
class Knob:
    """A value of the scenario.

    Parameters
    ----------
    path
        As for ``--set``.
    label
        What it is called; names in it are not escaped.
    value
        As the scenario has it, in the words of a scenario file.
    """

    path: str
    label: str
    value: str


@dataclass(frozen=True)
class LimitKnob(Knob):
    """A data limit, counted in units.

    Parameters
    ----------
    fleet
        Whose it is.
    unit
        ``MB``, or a smaller one where the fleet takes any limit and has such a one.
    units
        The limit; ``None``: unlimited.
    most
        Its slider ends at so many units.
    curve
        A curve of limits ends at so many: well above what normal devices use, as far as that is known.
    """

    fleet: str
    unit: str
    units: int | None
    most: int
    curve: int

    def text(self, units: int | None) -> str:
        """A number of units in the words of a scenario file."""
        return words.limit(None if units is None else units * BYTE_UNITS[self.unit])

    @property
    def limits(self) -> str:
        """Limits for a curve, as for ``--limits``, in the finest round step that does not make them too many."""
        step = next(
            step for step in _powers((1, 2, 5)) if self.curve % step == 0 and self.curve // step <= _MOST_LIMITS
        )
        return ":".join(f"{units}{self.unit}" for units in (step, self.curve, step))


@dataclass(frozen=True)
class GroupKnobs:
    """A device group: how many, how often they send, how much.

    Parameters
    ----------
    group
        Whose devices they are.
    name
        What the group is called.
    count
        Devices.
    often, large
        Whether its traffic has rates, and sizes, that can be multiplied.
    """

    group: Group
    name: str
    count: Knob
    often: bool
    large: bool


@dataclass(frozen=True)
class Knobs:
    """All that can be turned in a scenario.

    Parameters
    ----------
    limits
        The limit of each fleet, then those that the timeline sets.
    fixed
        Names that no path can hold, for there is a '=' in them: what they have stays as it is.
    """

    limits: tuple[LimitKnob, ...]
    groups: tuple[GroupKnobs, ...]
    platform: tuple[Knob, ...]
    tariff: tuple[Knob, ...]
    fixed: tuple[str, ...]

    def limit_of(self, fleet: str) -> LimitKnob | None:
        """The knob of a fleet's limit in its file."""
        return next((knob for knob in self.limits if knob.fleet == fleet and knob.path.startswith("fleets.")), None)

    def __iter__(self) -> Iterator[Knob]:
        yield from self.limits
        yield from (group.count for group in self.groups)
        yield from self.platform
        yield from self.tariff


@dataclass(frozen=True)
class Turned:
    """How the knobs stand.

    Parameters
    ----------
    values
        In the words of a scenario file, by path; a path that is not there stands as the scenario has it.
    factors
        What the traffic of a group is multiplied by.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    factors: Mapping[Group, Factors] = field(default_factory=dict)


def knobs_of(scenario: Scenario) -> Knobs:
    """Everything that can be turned in a scenario."""
    written = resolved(scenario)
    fleets = {name: fleet for name, fleet in scenario.fleets.items() if "=" not in name}
    fixed = [name for name in scenario.fleets if name not in fleets]
    limits = [
        _limit_knob(scenario, f"fleets.{name}.data_limit", name, f"Data limit of {name}", fleet.data_limit_bytes)
        for name, fleet in fleets.items()
    ]
    for i, entry in enumerate(scenario.timeline):
        if isinstance(entry, LimitChange):
            label = f"Data limit of {entry.fleet} from {words.instant(scenario.instant(entry.at_ms))} on"
            path = f"timeline.{i}.data_limit"
            limits.append(_limit_knob(scenario, path, entry.fleet, label, entry.data_limit_bytes))
    groups = []
    for name, fleet in fleets.items():
        for group, devices in fleet.devices.items():
            if "=" in group or any("=" in item for item in devices.traffic):
                fixed.append(f"{name}/{group}")
                continue
            shown = group if len(scenario.fleets) == 1 else f"{name}/{group}"
            label = f"{shown}: {devices.role} devices"
            count = Knob(f"fleets.{name}.devices.{group}.count", label, str(devices.count))
            groups.append(GroupKnobs((name, group), shown, count, *scales(devices)))
    return Knobs(
        tuple(limits),
        tuple(groups),
        tuple(_platform_knobs(written["platform"])),
        tuple(Knob(f"tariff.{key}", label, as_text(written["tariff"][key])) for key, label in TARIFF.items()),
        tuple(fixed),
    )


def overrides_of(scenario: Scenario, knobs: Knobs, turned: Turned) -> list[str]:
    """What was turned, as ``PATH=VALUE``; knobs that stand as the scenario has it are left out."""
    found = [
        f"{knob.path}={turned.values[knob.path]}"
        for knob in knobs
        if turned.values.get(knob.path, knob.value).strip() != knob.value
    ]
    if any(override.startswith(_PROPAGATION) for override in found):
        # A file that names a preset has none of the three: one alone would be a mapping with two missing.
        found = [override for override in found if not override.startswith(_PROPAGATION)]
        parts = [knob for knob in knobs.platform if knob.path.startswith(_PROPAGATION)]
        mapping = {knob.path.removeprefix(_PROPAGATION): turned.values.get(knob.path, knob.value) for knob in parts}
        found.append(f"{_PROPAGATION[:-1]}={as_text(mapping)}")
    for each in knobs.groups:
        fleet, group = each.group
        factors = turned.factors.get(each.group, NOTHING)
        if factors != NOTHING:
            found += scaled(f"fleets.{fleet}.devices.{group}", scenario.fleets[fleet].devices[group], factors)
    return found


def _platform_knobs(written: dict[str, Any]) -> Iterator[Knob]:
    for key, label in PLATFORM.items():
        value = written[key]
        if isinstance(value, dict):
            yield from (Knob(f"{_PROPAGATION}{part}", PROPAGATION[part], as_text(value[part])) for part in PROPAGATION)
        else:
            yield Knob(f"platform.{key}", label, as_text(value))


def _limit_knob(scenario: Scenario, path: str, fleet: str, label: str, limit_bytes: int | None) -> LimitKnob:
    unit = "MB"
    if scenario.fleets[fleet].any_limit:
        unit = next(unit for unit in ("MB", "kB", "B") if (limit_bytes or 0) % BYTE_UNITS[unit] == 0)
    size = BYTE_UNITS[unit]
    units = None if limit_bytes is None else limit_bytes // size
    use = max((_month_bytes(group) for group in scenario.fleets[fleet].devices.values()), default=0.0) / size
    ahead = use if units is None else _AHEAD * units
    # A limit that is there is in the middle of the curve, unless it is far from what devices use.
    end = ahead if not use else max(use, 2 * units) if units is not None and units <= _FAR * use else use
    return LimitKnob(path, label, words.limit(limit_bytes), fleet, unit, units, _round(ahead, size), _round(end, size))


def _round(ahead: float, size: int) -> int:
    """A round number of units of `size` bytes that is not below `ahead`."""
    return min(next(most for most in _powers(_NICE) if most >= max(ahead, _FEWEST)), MAX_LIMIT_BYTES // size)


def _month_bytes(group: DeviceGroup) -> float:
    """Well above what a normal SIM moves in a month, to have an idea of limits; 0 where nothing is known."""
    if group.role != "normal":
        return 0.0
    if group.monthly_use is not None:
        return 2 * float(group.monthly_use.p95_bytes)
    return 2 * (group.month_bytes or 0.0)


def _powers(leading: tuple[int, ...]) -> Iterator[int]:
    """Round numbers, ascending."""
    power = 1
    while True:
        yield from (number * power for number in leading)
        power *= 10
