"""The connectivity platform's rules and the tariff, each with a preset underneath."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema

from fleetsim.scenario.base import Named, Part, Reads
from fleetsim.scenario.preset import schema_with_preset, with_preset
from fleetsim.scenario.quantities import Money, Truth, choice, duration, fraction, size, text
from fleetsim.scenario.wording import wrong

DEFAULT_PLATFORM: Final = "super-sim"
DEFAULT_TARIFF: Final = "super-sim-payg"

BillingPeriod = Literal["activation-month", "calendar-month"]

_DURATION: Final = duration()
_PERIOD: Final = duration(1)
_PROPAGATION_EXPECTED: Final = "expected a duration, or a mapping with typical, typical_share and max"


def _or_word(words: tuple[str, ...], read: Reads, value: Any) -> Reads:
    """Make a reader that also takes some words; `value` maps a word to what it means."""
    expected = f"{read.expected}, or {' or '.join(words)}"

    def either(raw: Any, info: ValidationInfo) -> Any:
        if isinstance(raw, str) and raw in words:
            return value(raw)
        try:
            return read.read(raw, info)
        except ValueError as error:
            raise ValueError(str(error).replace(read.expected, expected)) from None

    return Reads(either, expected, {"anyOf": [{"enum": list(words)}, dict(read.schema)]})


_INTERVAL: Final = _or_word(("none",), _PERIOD, lambda word: None)
_ANCHOR: Final = _or_word(("activation-month", "calendar-month"), _PERIOD, lambda word: word)


class Propagation(Part):
    """How long a changed limit takes to reach a SIM's cache.

    With probability `typical_share` uniform on (0, typical_ms], else uniform on (typical_ms, max_ms]; `fixed`
    says that it is max_ms for every SIM.
    """

    other_keys: ClassVar[tuple[str, ...]] = ()
    internal_keys: ClassVar[dict[str, str]] = {"fixed": "fixed"}

    typical_ms: Annotated[int, duration()] = Field(alias="typical", description="typical delay at most, ms")
    typical_share: Annotated[Fraction, fraction(0, 1)] = Field(
        description="probability of a typical delay, exactly as written"
    )
    max_ms: Annotated[int, duration()] = Field(alias="max", description="delay at most, ms")
    fixed: bool = Field(False, description="the same delay, max_ms, for every SIM")

    @classmethod
    def given(cls, raw: Any, info: ValidationInfo) -> Any:
        if isinstance(raw, dict):
            return raw
        try:
            _DURATION.read(raw, info)
        except ValueError as error:
            raise wrong(str(error).replace(_DURATION.expected, _PROPAGATION_EXPECTED)) from None
        return {"typical": raw, "typical_share": 1, "max": raw, "fixed": True}

    def misfits(self) -> Iterator[tuple[str, str]]:
        if self.fixed:
            return
        if self.typical_ms == 0 and self.typical_share > 0:
            yield "typical", "expected a duration from 1 ms, or a typical_share of 0"
        if self.max_ms < self.typical_ms or (self.max_ms == self.typical_ms and self.typical_share < 1):
            yield "max", "expected more than the typical delay"

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        mapping = handler.resolve_ref_schema(handler(schema))
        mapping["properties"].pop("fixed", None)
        return {"anyOf": [dict(_DURATION.schema), mapping]}


class Platform(Part):
    """How usage is recorded, how late a SIM is stopped, and what passes then."""

    other_keys: ClassVar[tuple[str, ...]] = ("preset",)

    record_interval_ms: Annotated[int | None, _INTERVAL] = Field(
        alias="record_interval", description="length of a usage record, ms; none: only at a session's end"
    )
    record_delay_ms: Annotated[int, duration()] = Field(
        alias="record_delay", description="from a record's close to its evaluation, ms"
    )
    enforcement_delay_ms: Annotated[int, duration()] = Field(
        alias="enforcement_delay", description="from an evaluation above the limit to the block, ms"
    )
    limit_propagation: Propagation = Field(description="from a changed limit to a SIM's cache")
    dns_when_blocked: Annotated[Literal["public", "all", "none"], choice("public", "all", "none")] = Field(
        description="DNS that passes while a SIM is blocked: at public resolvers, all, or none"
    )
    dns_counts: Annotated[bool, Truth] = Field(description="DNS counts toward the limit")
    billing_period: Annotated[BillingPeriod | int, _ANCHOR] = Field(
        description="a month from activation, the calendar month (UTC), or ms from activation"
    )

    @classmethod
    def given(cls, raw: Any, info: ValidationInfo) -> Any:
        return with_preset("platforms", DEFAULT_PLATFORM, raw)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return schema_with_preset("platforms", handler.resolve_ref_schema(handler(schema)))


class Tariff(Part):
    """What a SIM costs a billing period, and what data costs; money in micro-units of the currency."""

    other_keys: ClassVar[tuple[str, ...]] = ("preset",)

    currency: Annotated[str, text(10)] = Field(description="what money is counted in, such as USD")
    fee_micros: Annotated[int, Money] = Field(alias="fee", description="per SIM and billing period; micro-units")
    per_mb_micros: Annotated[int, Money] = Field(alias="per_mb", description="per 10^6 bytes; micro-units")
    networks: Annotated[dict[str, Annotated[int, Money]], Named("expected a mapping of prices per MB by network")] = (
        Field({}, description="per 10^6 bytes in a network, instead of per_mb; micro-units")
    )
    increment_bytes: Annotated[int, size(1)] = Field(
        alias="increment", description="use of a SIM and period is rounded up to a multiple of this, bytes"
    )

    @classmethod
    def given(cls, raw: Any, info: ValidationInfo) -> Any:
        return with_preset("tariffs", DEFAULT_TARIFF, raw)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return schema_with_preset("tariffs", handler.resolve_ref_schema(handler(schema)))
