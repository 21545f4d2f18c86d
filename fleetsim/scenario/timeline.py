"""Entries of the timeline: what the owner does, each with one verb."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field, GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from fleetsim.scenario.base import Part, Reads
from fleetsim.scenario.devices import MAX_SIMS
from fleetsim.scenario.moments import Moment
from fleetsim.scenario.quantities import Limit, optional, text, text_of, whole
from fleetsim.scenario.wording import at_key, is_name, one_of, wrong

SIMS_EXPECTED: Final = "expected FLEET/GROUP, a device group where the scenario defines it"

_AT: Final = "ms since the start, or an instant; before the scenario's end"
_COUNT: Final = "of so many SIMs, the lowest numbers that the entry would change; default all"


def _sims(raw: Any, info: ValidationInfo) -> tuple[str, str]:
    fleet, slash, group = text_of(raw, SIMS_EXPECTED).partition("/")
    if not slash or not is_name(fleet) or not is_name(group):
        raise ValueError(SIMS_EXPECTED)
    return fleet, group


def _status(raw: Any, info: ValidationInfo) -> str:
    if raw in ("new", "ready", "scheduled"):
        raise wrong(f"expected active or inactive: the provider takes no SIM back to {raw} once it was in use")
    if raw not in ("active", "inactive"):
        raise one_of(raw, ("active", "inactive"))
    return str(raw)


Sims: Final = Reads(_sims, SIMS_EXPECTED, {"type": "string", "pattern": "^[^./]+/[^./]+$"})
Status: Final = Reads(_status, "expected active or inactive", {"enum": ["active", "inactive"]})


class LimitChange(Part):
    """The owner sets a fleet's limit."""

    at_ms: Annotated[int, Moment] = Field(alias="at", description=_AT)
    fleet: Annotated[str, text(100)] = Field(description="the fleet's name")
    data_limit_bytes: Annotated[int | None, Limit] = Field(
        alias="data_limit", description="the new limit, bytes, or unlimited"
    )


class StatusChange(Part):
    """The owner makes SIMs of a device group inactive, or active again."""

    at_ms: Annotated[int, Moment] = Field(alias="at", description=_AT)
    sims: Annotated[tuple[str, str], Sims] = Field(description="FLEET/GROUP where it is defined, wherever they are now")
    count: Annotated[int | None, optional(whole(1, MAX_SIMS))] = Field(None, description=_COUNT)
    status: Annotated[Literal["active", "inactive"], Status] = Field(description="the status from then on")


class Move(Part):
    """The owner moves SIMs of a device group to another fleet."""

    at_ms: Annotated[int, Moment] = Field(alias="at", description=_AT)
    sims: Annotated[tuple[str, str], Sims] = Field(description="FLEET/GROUP where it is defined, wherever they are now")
    count: Annotated[int | None, optional(whole(1, MAX_SIMS))] = Field(None, description=_COUNT)
    to: Annotated[str, text(100)] = Field(description="name of the fleet that they go to")


Entry = LimitChange | StatusChange | Move
VERBS: Final[Mapping[str, type[Part]]] = {"data_limit": LimitChange, "status": StatusChange, "to": Move}


class OneVerb:
    """The annotation of an entry: the verb that it has says which one it is."""

    expected = "expected a mapping with at, and fleet with data_limit, or sims with status or to"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_wrap_validator_function(self._read, handler(source))

    def _read(self, raw: Any, handler: Any, info: ValidationInfo) -> Any:
        if isinstance(raw, Part):
            return raw
        if not isinstance(raw, dict):
            raise wrong(self.expected)
        verbs = [key for key in raw if key in VERBS]
        if len(verbs) > 1:
            raise at_key(verbs[1], wrong(f"expected one of {', '.join(VERBS)} an entry: make it two entries"))
        if not verbs:
            # The entry that was meant answers what is misspelt or missing.
            unknown = [str(key) for key in raw if key not in ("at", "fleet", "sims", "count")]
            verbs = [near for key in unknown for near in difflib.get_close_matches(key, VERBS, n=1)]
        if not verbs and "fleet" in raw:
            verbs = ["data_limit"]
        if not verbs:
            raise wrong(self.expected, found=f"a mapping with {', '.join(map(str, raw)) or 'nothing'}")
        return VERBS[verbs[0]].model_validate(raw, context=info.context)
