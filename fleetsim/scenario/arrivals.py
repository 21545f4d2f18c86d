"""Arrival processes: when a traffic item's transfers start."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated, Final, Literal

from pydantic import Field, InstanceOf
from pydantic.json_schema import SkipJsonSchema

from fleetsim.clock import MS_PER_DAY
from fleetsim.draws.beta import MAX_SPAN
from fleetsim.scenario.base import Chosen, Part
from fleetsim.scenario.functions import OwnArrivals, function_in_a_file
from fleetsim.scenario.moments import Moment
from fleetsim.scenario.profiles import OptionalProfile, Profile
from fleetsim.scenario.quantities import Rate, duration, optional, text
from fleetsim.scenario.shapes import Beta, Shape

#: Longest mean time on or off: of such times, hardly one in 10^14 is longer than what can be drawn.
MAX_SOJOURN_MS: Final = 366 * MS_PER_DAY


class Periodic(Part):
    """At the points of a grid that starts at the SIM's activation."""

    process: Literal["periodic"] = "periodic"
    every_ms: Annotated[int, duration(1)] = Field(alias="every", description="distance of the grid, ms")
    jitter_ms: Annotated[int, duration()] = Field(
        0,
        alias="jitter",
        description="uniform on ± jitter around each grid point, ms, never cumulative",
    )
    first_ms: Annotated[int | None, optional(duration())] = Field(
        None,
        alias="first",
        description="first grid point, ms after the activation; default a random phase in [0, every)",
    )

    @property
    def mean_per_day(self) -> Fraction:
        """Transfers that start in 24 h on average."""
        return Fraction(MS_PER_DAY, self.every_ms)


class Poisson(Part):
    """A Poisson process."""

    process: Literal["poisson"] = "poisson"
    rate_per_day: Annotated[Fraction, Rate] = Field(alias="rate", description="mean rate, per 24 h, above 0")
    profile: Annotated[Profile | None, OptionalProfile] = Field(
        None, description="how the rate varies with the local hour of the day or week; default flat"
    )

    @property
    def mean_per_day(self) -> Fraction:
        """Transfers that start in 24 h on average, over whole weeks of local time."""
        return self.rate_per_day


class OnOff(Part):
    """A Poisson process that is on and off for exponential times, on at the start as likely as at any later instant."""

    process: Literal["on-off"] = "on-off"
    rate_per_day: Annotated[Fraction, Rate] = Field(alias="rate", description="rate while on, per 24 h, above 0")
    on_ms: Annotated[int, duration(1, MAX_SOJOURN_MS)] = Field(alias="on", description="mean time on, ms")
    off_ms: Annotated[int, duration(1, MAX_SOJOURN_MS)] = Field(alias="off", description="mean time off, ms")

    @property
    def mean_per_day(self) -> Fraction:
        """Transfers that start in 24 h on average."""
        return self.rate_per_day * self.on_ms / (self.on_ms + self.off_ms)


class Once(Part):
    """One transfer a SIM."""

    process: Literal["once"] = "once"
    at_ms: Annotated[int, Moment] = Field(alias="at", description="ms since the start, or an instant")
    spread_ms: Annotated[int, duration()] = Field(
        0, alias="spread", description="the transfer starts uniform on [at, at + spread], ms"
    )
    shape: Annotated[Beta | None, optional(Shape)] = Field(
        None, description="instead of uniform: beta(A, B) over [at, at + spread]"
    )

    def misfits(self) -> Iterator[tuple[str, str]]:
        if self.shape is None:
            return
        if self.spread_ms == 0:
            yield "spread", "expected more than 0 s, for the shape needs a spread"
        elif self.spread_ms > MAX_SPAN:
            yield "spread", f"expected at most {MAX_SPAN // MS_PER_DAY:,} days with a shape"


class Continuous(Part):
    """A stream at constant rates."""

    process: Literal["continuous"] = "continuous"
    from_ms: Annotated[int, Moment] = Field(0, alias="from", description="begin, ms since the start, or an instant")
    until_ms: Annotated[int | None, optional(Moment)] = Field(
        None, alias="until", description="end, ms since the start, or an instant; default the horizon"
    )

    def misfits(self) -> Iterator[tuple[str, str]]:
        if self.until_ms is not None and self.until_ms <= self.from_ms:
            yield "until", "expected a later instant than 'from'"


class Trace(Part):
    """Transfers from a file."""

    process: Literal["trace"] = "trace"
    file: Annotated[str, text(1000)] = Field(
        description="CSV file, relative to the scenario, with the columns time_ms (since the start), "
        "upload_bytes, download_bytes, duration_ms and optionally sim (0-based within the group)"
    )


Process = Periodic | Poisson | OnOff | Once | Continuous | Trace | SkipJsonSchema[InstanceOf[OwnArrivals]]

ARRIVALS: Final = Chosen(
    "process",
    {
        "periodic": Periodic,
        "poisson": Poisson,
        "on-off": OnOff,
        "once": Once,
        "continuous": Continuous,
        "trace": Trace,
    },
    "expected a mapping with a process: periodic, poisson, on-off, once, continuous or trace",
    left={"function": lambda raw: OwnArrivals(function_in_a_file(raw, "process"))},
)
