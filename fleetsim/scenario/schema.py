"""The scenario: what is simulated, as strict and frozen models.

Keys in a file are the fields' aliases; attribute names carry units (`_ms`: integer milliseconds, `_bytes`,
`_micros`: integer micro-units of the tariff's currency). `fleetsim.scenario.load` reads a file into them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Self, cast

from pydantic import Field, ModelWrapValidatorHandler, PrivateAttr, ValidationInfo, model_validator

from fleetsim.clock import epoch_ms
from fleetsim.scenario import attach
from fleetsim.scenario.arrivals import Continuous, Once, OnOff, Periodic, Poisson, Process, Trace
from fleetsim.scenario.base import Listed, Named, Part, Reading
from fleetsim.scenario.devices import (
    MAX_SIMS,
    Activation,
    AlwaysOn,
    DeviceGroup,
    Dns,
    Handshake,
    Initial,
    MonthlyUse,
    OnDemand,
    Reconnect,
    TrafficItem,
    WhenBlocked,
)
from fleetsim.scenario.functions import ArrivalFunction, OwnArrivals, OwnSizes, SizeFunction
from fleetsim.scenario.initial import InitialRows
from fleetsim.scenario.moments import Horizon, Start
from fleetsim.scenario.platform import Platform, Propagation, Tariff
from fleetsim.scenario.quantities import FleetLimit, Truth, text, whole
from fleetsim.scenario.timeline import Entry, LimitChange, Move, OneVerb, StatusChange
from fleetsim.scenario.trace import TraceRows
from fleetsim.scenario.zones import Timezone

__all__ = [
    "MAX_SIMS",
    "Activation",
    "AlwaysOn",
    "Continuous",
    "DeviceGroup",
    "Dns",
    "Entry",
    "Fleet",
    "Handshake",
    "Initial",
    "InitialRows",
    "LimitChange",
    "MonthlyUse",
    "Move",
    "OnDemand",
    "OnOff",
    "Once",
    "OwnArrivals",
    "OwnSizes",
    "Periodic",
    "Platform",
    "Poisson",
    "Process",
    "Propagation",
    "Reconnect",
    "Scenario",
    "StatusChange",
    "Tariff",
    "Trace",
    "TraceRows",
    "TrafficItem",
    "WhenBlocked",
]


class Fleet(Part):
    """A fleet: one data limit, which every SIM gets in full, and the devices that start in it."""

    any_limit: Annotated[bool, Truth] = Field(
        False, description="any whole number of bytes as a limit, here, on the timeline and on the command line"
    )
    data_limit_bytes: Annotated[int | None, FleetLimit] = Field(
        alias="data_limit",
        description="limit of each SIM a billing period, bytes: unlimited, or whole MB from 1 to 2,000,000",
    )
    devices: Annotated[dict[str, DeviceGroup], Named("expected a mapping of device groups, {} for none")] = Field(
        {}, description="device groups by name; default none: SIMs can move to it"
    )


class Scenario(Part):
    """Everything that determines a run."""

    name: Annotated[str, text(200)] = Field("scenario", description="what reports call it; default the file's name")
    description: Annotated[str, text(10_000, empty=True, lines=True)] = Field("", description="one or two sentences")
    start: Annotated[datetime, Start] = Field(description="instant 0, UTC where no offset is given")
    horizon_ms: Annotated[int, Horizon] = Field(
        alias="duration", description="length, ms: N months (calendar months from start) or any duration"
    )
    seed: Annotated[int, whole(0, 2**63 - 1)] = Field(description="what chance is drawn from")
    replications: Annotated[int, whole(1, 1_000_000)] = Field(1, description="independent repetitions")
    timezone: Annotated[str, Timezone] = Field("UTC", description="whose local time profiles go by")
    platform: Platform = Field(default_factory=lambda: Platform.model_validate({}), description="a preset or keys")
    tariff: Tariff = Field(default_factory=lambda: Tariff.model_validate({}), description="a preset or keys")
    fleets: Annotated[dict[str, Fleet], Named("expected a mapping of at least one fleet", empty=False)] = Field(
        description="fleets by name; SIMs are numbered in this order"
    )
    timeline: Annotated[tuple[Annotated[Entry, OneVerb()], ...], Listed("expected a list of entries")] = Field(
        (), description="what the owner does, in any order"
    )

    _folder: Path = PrivateAttr(default=Path())
    _traces: dict[tuple[str, str, str], TraceRows] = PrivateAttr(default_factory=dict)
    _initial: dict[tuple[str, str], InitialRows] = PrivateAttr(default_factory=dict)
    _warnings: tuple[str, ...] = PrivateAttr(default=())
    _functions_ms: int | None = PrivateAttr(default=None)
    _named_at: dict[tuple[str, ...], tuple[str, int | None]] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _with_reading(cls, raw: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        # Instants need the start, which is read before them: what is known on the way travels in the context.
        if info.context is None:
            return cls.model_validate(raw, context=Reading())
        return handler(raw)

    @property
    def start_ms(self) -> int:
        """Start, ms since 1970-01-01T00:00:00Z."""
        return epoch_ms(self.start)

    @property
    def end(self) -> datetime:
        """The horizon as an instant."""
        return self.instant(self.horizon_ms)

    def instant(self, ms: int) -> datetime:
        """Return an instant that is given in ms since the start."""
        return self.start + timedelta(milliseconds=ms)

    @property
    def limit_changes(self) -> tuple[LimitChange, ...]:
        """Entries of the timeline that set a limit, in the file's order."""
        return tuple(entry for entry in self.timeline if isinstance(entry, LimitChange))

    @property
    def sims(self) -> int:
        """SIMs in all fleets."""
        return sum(group.count for fleet in self.fleets.values() for group in fleet.devices.values())

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know about this input, a line each."""
        return self._warnings

    @property
    def folder(self) -> Path:
        """Folder that the names of trace files are relative to."""
        return self._folder

    def trace(self, fleet: str, group: str, item: str) -> TraceRows:
        """Return the rows of a traffic item whose arrivals are a trace.

        Raises
        ------
        KeyError
            Where the item is none, or the scenario was not loaded from a file.
        """
        return self._traces[fleet, group, item]

    def initial(self, fleet: str, group: str) -> InitialRows | None:
        """Return the SIMs of a device group whose billing period is running at the start, if there are any."""
        return self._initial.get((fleet, group))

    @property
    def functions_ms(self) -> int:
        """End up to which functions are asked for traffic, ms: the scenario's, or that of the one it was cut from."""
        return self.horizon_ms if self._functions_ms is None else self._functions_ms

    def with_arrivals(self, item: str, function: ArrivalFunction) -> Self:
        """Return the scenario with a traffic item whose transfers start when a function of yours says.

        Sizes, duration and all else of the item stay as they are. The scenario that it is called on stays as it is.

        Parameters
        ----------
        item
            Path of the traffic item: ``"fleets.FLEET.devices.GROUP.traffic.ITEM"``.
        function
            ``function(random, sim)``: from a `numpy.random.Generator`, its only source of chance, and the facts of a
            SIM (`fleetsim.SimFacts`) to the instants of that SIM's transfers: whole ms since the scenario's start,
            ascending, as an array of shape (transfers,). Called once for each SIM and replication; docs/extending.md.

        Raises
        ------
        BadInput
            There is no such item, it is a trace or continuous (no sizes), or no digest can be made of the function.
        """
        return cast(Self, attach.with_arrivals(self, item, function))

    def with_sizes(self, way: str, function: SizeFunction) -> Self:
        """Return the scenario with a traffic item whose upload or download is as large as a function of yours says.

        The scenario that it is called on stays as it is.

        Parameters
        ----------
        way
            Path of the size: ``"fleets.FLEET.devices.GROUP.traffic.ITEM.upload"``, or ``.download``.
        function
            ``function(random, sim, n)``: as for `with_arrivals`, to the sizes of the SIM's `n` transfers in the order
            of time: whole bytes, an array of shape (n,).

        Raises
        ------
        BadInput
            There is no such item, it is a trace or continuous, its group has a ``monthly_use``, which needs sizes that
            have a known mean, or no digest can be made of the function.
        """
        return cast(Self, attach.with_sizes(self, way, function))

    def _repr_html_(self) -> str:
        from fleetsim.scenario.card import scenario_card

        return scenario_card(self)

    def __eq__(self, other: object) -> bool:
        # Where the file was, and what was warned of, is no part of what is simulated.
        if not isinstance(other, Scenario):
            return NotImplemented
        return (self.__dict__, self._traces, self._initial) == (other.__dict__, other._traces, other._initial)

    __hash__ = None  # type: ignore[assignment]
