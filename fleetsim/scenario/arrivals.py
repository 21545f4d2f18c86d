"""Arrival processes: when a traffic item's transfers start."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated, Final, Literal

from pydantic import Field

from fleetsim.scenario.base import Chosen, Part
from fleetsim.scenario.moments import Moment
from fleetsim.scenario.quantities import Rate, duration, optional, text


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


class Poisson(Part):
    """A Poisson process."""

    process: Literal["poisson"] = "poisson"
    rate_per_day: Annotated[Fraction, Rate] = Field(alias="rate", description="mean rate, per 24 h, above 0")


class Once(Part):
    """One transfer a SIM."""

    process: Literal["once"] = "once"
    at_ms: Annotated[int, Moment] = Field(alias="at", description="ms since the start, or an instant")
    spread_ms: Annotated[int, duration()] = Field(
        0, alias="spread", description="the transfer starts uniform on [at, at + spread], ms"
    )


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


Process = Periodic | Poisson | Once | Continuous | Trace

ARRIVALS: Final = Chosen(
    "process",
    {"periodic": Periodic, "poisson": Poisson, "once": Once, "continuous": Continuous, "trace": Trace},
    "expected a mapping with a process: periodic, poisson, once, continuous or trace",
)
