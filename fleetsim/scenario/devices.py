"""Device groups: how many, when active, how they hold sessions, what they move, what they do when blocked."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema

from fleetsim.draws.elementary import decimal_log
from fleetsim.draws.laws import SIGMA_BOUNDS, Constant, LogNormal
from fleetsim.scenario.arrivals import ARRIVALS, Continuous, OnOff, Periodic, Poisson, Process, Trace
from fleetsim.scenario.base import Chosen, Named, Part, Reads
from fleetsim.scenario.functions import OwnSizes
from fleetsim.scenario.moments import Moment
from fleetsim.scenario.quantities import (
    BitRate,
    ByteRate,
    Name,
    choice,
    duration,
    fraction,
    number,
    optional,
    size,
    text,
    whole,
)
from fleetsim.scenario.sizes import Sized, Sizes
from fleetsim.scenario.wording import wrong

MAX_SIMS: Final = 10_000_000
#: P95 of the standard normal law.
_Z_95: Final = Decimal("1.644853626951472714863848907992")
#: Bounds of a monthly use's P95 over its median: sigma from 0.0012 to 4.
P95_OVER_MEDIAN: Final = (Fraction("1.002"), 700)


_STATUS: Final = choice("active", "ready")


def _first_status(raw: Any, info: ValidationInfo) -> Any:
    if raw == "inactive":
        raise wrong(f"{_STATUS.expected}; the timeline makes SIMs inactive, from 0 s on if need be")
    return _STATUS.read(raw, info)


FirstStatus: Final = Reads(_first_status, _STATUS.expected, _STATUS.schema)


class Activation(Part):
    """When a SIM becomes active: uniform on [at, at + over]."""

    at_ms: Annotated[int, Moment] = Field(0, alias="at", description="ms since the start, or an instant")
    over_ms: Annotated[int, duration()] = Field(0, alias="over", description="spread over the SIMs, ms")


class Initial(Part):
    """The fleet as it is: SIMs whose billing period is running when the scenario starts."""

    file: Annotated[str, text(1000)] = Field(
        description="CSV file, relative to the scenario, with the columns sim (0-based within the group), period_start "
        "(ISO 8601), used_bytes and optionally blocked (0 or 1)"
    )


class AlwaysOn(Part):
    """One data session from the activation on."""

    mode: Literal["always-on"] = "always-on"
    first_record_ms: Annotated[int | None, optional(duration(1))] = Field(
        None,
        alias="first_record",
        description="first record's close, ms after the activation; default random in (0, record_interval]",
    )


class OnDemand(Part):
    """A data session for as long as there is activity."""

    mode: Literal["on-demand"] = "on-demand"
    idle_timeout_ms: Annotated[int, duration(1)] = Field(
        30_000, alias="idle_timeout", description="from the last activity to the session's end, ms"
    )


SESSION: Final = Chosen(
    "mode",
    {"always-on": AlwaysOn, "on-demand": OnDemand},
    "expected a mapping with a mode: always-on or on-demand",
)


class Dns(Part):
    """The lookups before transfers and reconnect attempts."""

    query_bytes: Annotated[int, size()] = Field(70, alias="query", description="bytes up a lookup")
    response_bytes: Annotated[int, size()] = Field(150, alias="response", description="bytes down a lookup")
    cache_ttl_ms: Annotated[int, duration()] = Field(
        0, alias="cache_ttl", description="how long a device keeps an answer, ms; 0: a lookup each time"
    )
    resolver: Annotated[Literal["public", "carrier"], choice("public", "carrier")] = Field(
        "public", description="whose resolver is asked"
    )


class Reconnect(Part):
    """The attempts of a blocked device: waits that grow by a factor up to a maximum."""

    first_ms: Annotated[int, duration(1)] = Field(alias="first", description="from the block, ms")
    factor: Annotated[Fraction, fraction(1, 1000)] = Field(
        description="growth of the wait from attempt to attempt, exactly as written"
    )
    max_ms: Annotated[int, duration(1)] = Field(alias="max", description="longest wait, ms")

    def misfits(self) -> Iterator[tuple[str, str]]:
        if self.max_ms < self.first_ms:
            yield "max", "expected at least the first wait"


class Handshake(Part):
    """What the attempt moves that finds the SIM unblocked."""

    upload_bytes: Annotated[int, size()] = Field(0, alias="upload", description="bytes up")
    download_bytes: Annotated[int, size()] = Field(0, alias="download", description="bytes down")


class WhenBlocked(Part):
    """What a device does while its SIM is blocked."""

    reconnect: Reconnect = Field(description="its attempts to connect")
    handshake: Handshake = Field(Handshake(), description="bytes of the connection made again")


class MonthlyUse(Part):
    """How much the SIMs of a group differ: quantiles over SIMs of the bytes that one is expected to use in 30 days."""

    median_bytes: Annotated[int, size(1)] = Field(alias="median", description="half of the SIMs are below, bytes")
    p95_bytes: Annotated[int, size(1)] = Field(alias="p95", description="95 % of the SIMs are below, bytes")

    def misfits(self) -> Iterator[tuple[str, str]]:
        low, high = P95_OVER_MEDIAN
        if not low * self.median_bytes <= self.p95_bytes <= high * self.median_bytes:
            yield "p95", f"expected from {float(low):g} to {high:,} times the median"

    @property
    def law(self) -> LogNormal:
        """Law over SIMs of the bytes expected in 30 days: lognormal, by its median and its P95."""
        return _lognormal(self.median_bytes, self.p95_bytes)


@lru_cache(maxsize=64)
def _lognormal(median: int, p95: int) -> LogNormal:
    return LogNormal(median, float((decimal_log(Decimal(p95)) - decimal_log(Decimal(median))) / _Z_95))


class TrafficItem(Part):
    """One kind of traffic: when it arrives, and how much it is.

    Continuous traffic has rates (`upload_bytes_per_s`, `download_bytes_per_s`) where the others have sizes
    (`upload`, `download`); both are written with the keys ``upload`` and ``download``. A trace has neither.
    """

    internal_keys: ClassVar[dict[str, str]] = {"upload rate": "upload", "download rate": "download"}

    arrivals: Annotated[Process, ARRIVALS] = Field(description="when transfers start")
    upload: Annotated[Sizes, Sized()] = Field(Constant(0), description="bytes up")
    download: Annotated[Sizes, Sized()] = Field(Constant(0), description="bytes down")
    upload_bytes_per_s: Annotated[int, ByteRate] = Field(0, alias="upload rate")
    download_bytes_per_s: Annotated[int, ByteRate] = Field(0, alias="download rate")
    duration_ms: Annotated[int, duration()] = Field(
        0, alias="duration", description="how long a transfer takes, ms; 0: instantaneous"
    )
    throughput_bits_per_s: Annotated[int | None, optional(BitRate)] = Field(
        None,
        alias="throughput",
        description="bit/s, instead of a duration: a transfer takes ceil(8000 * bytes / throughput) ms",
    )
    via: Annotated[Literal["dns"] | None, choice("dns", none=True)] = Field(
        None, description="dns: through a DNS tunnel, which passes where DNS passes while the SIM is blocked"
    )

    @classmethod
    def given(cls, raw: Any, info: ValidationInfo) -> Any:
        arrivals = raw.get("arrivals") if isinstance(raw, dict) else None
        process = arrivals.get("process") if isinstance(arrivals, dict) else None
        if process != "continuous":
            return raw
        return {(f"{key} rate" if key in ("upload", "download") else key): value for key, value in raw.items()}

    def misfits(self) -> Iterator[tuple[str, str]]:
        given = self.model_fields_set
        moves = [key for key in ("upload", "download") if {key, f"{key}_bytes_per_s"} & given]
        if isinstance(self.arrivals, Trace):
            for key in moves:
                yield key, f"expected no {key} with a trace, whose file has the bytes"
        elif not moves:
            yield "upload", "expected an upload or a download"
        if "duration_ms" in given and isinstance(self.arrivals, Trace | Continuous):
            yield "duration", f"expected no duration with the process {self.arrivals.process}"
        if self.throughput_bits_per_s is not None:
            if isinstance(self.arrivals, Trace | Continuous):
                yield "throughput", f"expected no throughput with the process {self.arrivals.process}"
            elif "duration_ms" in given:
                yield "throughput", "expected either a duration or a throughput, and not both"

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        found = handler.resolve_ref_schema(handler(schema))
        for internal, key in cls.internal_keys.items():
            rate = found["properties"].pop(internal)
            size_schema = found["properties"][key]
            size_schema.pop("default", None)
            size_schema["anyOf"] = [*size_schema.get("anyOf", []), {k: rate[k] for k in ("type", "pattern")}]
        return found


class DeviceGroup(Part):
    """Devices of one kind, each with a SIM."""

    count: Annotated[int, whole(1, MAX_SIMS)] = Field(description="number of devices")
    role: Annotated[Literal["normal", "faulty"], choice("normal", "faulty")] = Field(
        "normal", description="normal: to be served; faulty: to be contained"
    )
    network: Annotated[str | None, optional(Name)] = Field(
        None, description="where its data is priced, if the tariff has a price for it; default none"
    )
    status: Annotated[Literal["active", "ready"], FirstStatus] = Field(
        "active",
        description="status of a SIM from its activation on; ready: no fee until it has moved 250 KB or three months",
    )
    activation: Activation = Field(Activation(), description="when the SIMs become active")
    initial: Initial | None = Field(None, description="SIMs that are in the middle of a billing period; default none")
    rate_spread: Annotated[float, number(0, 2)] = Field(
        0.0,
        description="sigma of a lognormal factor of mean 1 on the rates of a SIM's poisson and on-off items; 0: none",
    )
    monthly_use: MonthlyUse | None = Field(
        None,
        description="instead of rate_spread: a lognormal factor on the sizes of a SIM's periodic, poisson and on-off "
        "items, by the bytes that these are expected to move in 30 days; default none",
    )
    session: Annotated[AlwaysOn | OnDemand, SESSION] = Field(AlwaysOn(), description="how data sessions are held")
    traffic: Annotated[dict[str, TrafficItem], Named("expected a mapping of traffic items, {} for none")] = Field(
        description="traffic items by name, in the order of same-instant transfers"
    )
    dns: Dns | None = Field(None, description="lookups; default none")
    when_blocked: WhenBlocked | None = Field(None, description="what blocked devices do; default nothing")

    @property
    def month_bytes(self) -> float | None:
        """Bytes that the periodic, poisson and on-off items of a SIM are expected to move in 30 days.

        Before any factor. The same on every machine; ``None`` where a size law has no mean.
        """
        total = Fraction()
        for item in self.traffic.values():
            if isinstance(item.arrivals, Periodic | Poisson | OnOff):
                for mean in (item.upload.expectation(), item.download.expectation()):
                    if mean is None:
                        return None
                    total += 30 * item.arrivals.mean_per_day * Fraction(mean)
        return float(total)

    @property
    def _has_own_sizes(self) -> bool:
        return any(isinstance(way, OwnSizes) for item in self.traffic.values() for way in (item.upload, item.download))

    def misfits(self) -> Iterator[tuple[str, str]]:
        if 0 < self.rate_spread < SIGMA_BOUNDS[0]:
            yield "rate_spread", f"expected 0, or from {SIGMA_BOUNDS[0]:g} to 2"
        if self.monthly_use is None:
            return
        if self.rate_spread:
            yield "monthly_use", "expected either a rate_spread or a monthly_use, and not both"
        month = self.month_bytes
        if month is None:
            hint = "; a function has none that is known" if self._has_own_sizes else ""
            what = f"expected sizes that have a mean; a pareto law needs a shape above 1 or a maximum{hint}"
            yield "monthly_use", what
        elif not month:
            yield (
                "monthly_use",
                "expected a periodic, poisson or on-off item that moves bytes: it scales their sizes",
            )
