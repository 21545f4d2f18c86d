"""What every part of a scenario has in common: strict, frozen, and answering in the words of its file.

A part is a mapping (`Part`), one of several (`Chosen`), many by their names (`Named`) or in a list (`Listed`), or
a value (`Reads`).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, InitErrorDetails, core_schema

from fleetsim.scenario.source import quoted
from fleetsim.scenario.wording import (
    ALIKE,
    MAX_NAME,
    NAME_EXPECTED,
    at_key,
    details,
    did_you_mean,
    is_name,
    one_of,
    raise_all,
    wrong,
)


@dataclass
class Reading:
    """What is known while a scenario is read, for values that depend on other parts of it.

    Attributes
    ----------
    start
        The scenario's start, once it has been read.
    horizon_ms
        Its duration, once it has been read.
    built
        Parts that have been read without a mistake, by the id of the plain data that they came from: so
        checks across parts can run although other parts are wrong.
    """

    start: datetime | None = None
    horizon_ms: int | None = None
    built: dict[int, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Misfit:
    """A value that does not go with other parts: where, what was expected, and what was found if not the value."""

    path: tuple[str | int, ...]
    expected: str
    found: str | None = None


@dataclass(frozen=True, eq=False)
class Reads:
    """How a value is read: the annotation of every field that is no part of its own.

    Parameters
    ----------
    read
        From the value in the file and pydantic's info to the field's value; raises
        ``ValueError("expected ...")``.
    expected
        The same words, for where the value is missing.
    schema
        Its JSON schema.
    """

    read: Callable[[Any, ValidationInfo], Any]
    expected: str
    schema: Mapping[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return dict(self.schema)


@dataclass(frozen=True, eq=False)
class Chosen:
    """One of several parts, told apart by a key (``process``, ``mode``); paths do not name the choice.

    `left` reads what a run leaves in its ``scenario.yaml`` and nobody writes by hand, so that it is not offered.
    """

    key: str
    parts: Mapping[str, type[Part]]
    expected: str
    left: Mapping[str, Callable[[dict[str, Any]], Any]] = field(default_factory=dict)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_wrap_validator_function(self._read, handler(source))

    def _read(self, raw: Any, handler: Any, info: ValidationInfo) -> Any:
        return self.read(raw, info)

    def read(self, raw: Any, info: ValidationInfo) -> Any:
        """Read the part that the key chooses."""
        if isinstance(raw, Part):
            return raw
        if not isinstance(raw, dict):
            raise wrong(self.expected)
        if self.key not in raw:
            slips = difflib.get_close_matches(self.key, [key for key in raw if isinstance(key, str)], n=1, cutoff=ALIKE)
            if slips:
                raise at_key(slips[0], wrong(f"expected {self.key}", quoted(slips[0])))
            error = one_of(None, self.parts)
        else:
            name = raw[self.key]
            if isinstance(name, str) and name in self.left:
                return self.left[name](raw)
            if isinstance(name, str) and name in self.parts:
                return self.parts[name].model_validate(raw, context=info.context)
            error = one_of(name, self.parts)
        raise at_key(self.key, error)


@dataclass(frozen=True, eq=False)
class Named:
    """Parts by their names: fleets, device groups, traffic items. The file's order is kept."""

    expected: str
    empty: bool = True

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(self._read, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        found = handler(schema)
        found["propertyNames"] = {"pattern": r"^[^./]+$", "minLength": 1, "maxLength": MAX_NAME}
        if not self.empty:
            found["minProperties"] = 1
        return found

    def _read(self, raw: Any, handler: Callable[[Any], Any]) -> Any:
        if not isinstance(raw, dict) or not (raw or self.empty):
            raise wrong(self.expected, found="an empty mapping" if raw == {} else None)
        errors = [
            InitErrorDetails(type=wrong(NAME_EXPECTED, found=quoted(name)), loc=(name,), input=name)
            for name in raw
            if not is_name(name)
        ]
        try:
            value = handler(raw)
        except ValidationError as error:
            errors += details(error)
        raise_all("names", errors)
        return value


@dataclass(frozen=True, eq=False)
class Listed:
    """Parts or values in a list."""

    expected: str
    shortest: int = 0
    longest: int | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(self._read, handler(source))

    def _read(self, raw: Any, handler: Callable[[Any], Any]) -> Any:
        if not isinstance(raw, list | tuple):
            raise wrong(self.expected)
        if len(raw) < self.shortest or (self.longest is not None and len(raw) > self.longest):
            raise wrong(self.expected, found=f"a list of {len(raw):,}")
        return handler(raw)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        bounds = {"minItems": self.shortest or None, "maxItems": self.longest}
        return handler(schema) | {key: value for key, value in bounds.items() if value is not None}


class Part(BaseModel):
    """A mapping of a scenario.

    Keys in the file are the fields' aliases; attribute names carry units. Unknown and missing keys are
    answered here, where the known ones are known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    #: Keys in the file that are no fields; `given` turns them into fields.
    other_keys: ClassVar[tuple[str, ...]] = ()
    #: Keys that `given` makes up, each with the key in the file that it stands for.
    internal_keys: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def given(cls, raw: Any, info: ValidationInfo) -> Any:
        """Return what is in the file as a mapping, where a shorter form stands for one."""
        return raw

    @classmethod
    def public_keys(cls) -> list[str]:
        """Return the keys that this part has in a file."""
        fields = ((field.alias or name) for name, field in cls.model_fields.items())
        return [*cls.other_keys, *(key for key in fields if key not in cls.internal_keys)]

    @classmethod
    def expected(cls) -> str:
        """Say what this part is in a file."""
        return f"expected a mapping with {', '.join(cls.public_keys())}"

    def misfits(self) -> Iterator[tuple[str, str]]:
        """Yield (key, what was expected) for each value that does not go with another one of this part."""
        return iter(())

    @model_validator(mode="wrap")
    @classmethod
    def _read(cls, raw: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        if isinstance(raw, cls):
            return raw
        keys = {(f.alias or name): f for name, f in cls.model_fields.items()}
        public = cls.public_keys()
        errors: list[InitErrorDetails] = []
        excused: set[str] = set()
        data = raw
        if isinstance(raw, dict):
            for key in [key for key in raw if key not in public]:
                hint = f"expected one of {', '.join(public)}{did_you_mean(key, public)}"
                errors.append(InitErrorDetails(type=wrong(hint, found=quoted(key)), loc=(key,), input=raw[key]))
                # A key that is misspelt says more than that another one is missing.
                excused.update(difflib.get_close_matches(key, public, n=1))
            data = {key: value for key, value in raw.items() if key in public}
        data = cls.given(data, info)
        if not isinstance(data, dict):
            raise wrong(cls.expected())
        value: Self | None = None
        try:
            value = handler(data)
        except ValidationError as error:
            for item, detail in zip(error.errors(include_url=False), details(error), strict=True):
                head, *rest = item["loc"]
                if item["type"] == "missing" and not rest:
                    if head in excused:
                        continue
                    detail["type"] = wrong(_expected(keys[str(head)]), found="nothing")
                detail["loc"] = (cls.internal_keys.get(str(head), head), *rest)
                errors.append(detail)
        raise_all(cls.__name__, errors)
        assert value is not None  # a missing key is only excused by a mistake
        for key, expected in value.misfits():
            errors.append(InitErrorDetails(type=wrong(expected), loc=(key,), input=raw))
        raise_all(cls.__name__, errors)
        if isinstance(info.context, Reading):
            info.context.built[id(raw)] = value
        return value


def _expected(part: FieldInfo) -> str:
    if isinstance(part.annotation, type) and issubclass(part.annotation, Part):
        return part.annotation.expected()
    return next((str(mark.expected) for mark in part.metadata if hasattr(mark, "expected")), "expected a value")
