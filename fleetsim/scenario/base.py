"""What every part of a scenario has in common: strict, frozen, and answering in the words of its file.

A mistake travels as a pydantic error of type ``mistake`` that carries what was expected (and what was found,
where that is not the value itself). `fleetsim.scenario.load` adds file, line and path.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
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
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from fleetsim.scenario import not_yet
from fleetsim.scenario.source import quoted

MAX_NAME = 100


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


def wrong(expected: str, found: str | None = None) -> PydanticCustomError:
    """Return the error for one mistake; `found` where it is not the value itself."""
    context = {"expected": expected} if found is None else {"expected": expected, "found": found}
    return PydanticCustomError("mistake", "{expected}", context)


def did_you_mean(found: object, known: Iterable[str]) -> str:
    """Return ``; did you mean 'X'?`` for the nearest known word, or nothing."""
    near = difflib.get_close_matches(str(found)[:MAX_NAME], list(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def one_of(found: object, known: Iterable[str], key: str = "") -> PydanticCustomError:
    """Return the error for a word that is none of the `known` ones."""
    if isinstance(found, str) and not_yet.is_later(key, found):
        return wrong(not_yet.NOT_YET)
    words = list(known)
    if len(words) == 1:
        return wrong(f"expected {words[0]}")
    listed = f"{', '.join(words[:-1])} or {words[-1]}"
    return wrong(f"expected {listed}{did_you_mean(found, words) if isinstance(found, str) else ''}")


def details(error: ValidationError) -> list[InitErrorDetails]:
    """Return the mistakes in a validation error, each in the form that `wrong` gives."""
    found: list[InitErrorDetails] = []
    for item in error.errors(include_url=False):
        context = item.get("ctx", {})
        if item["type"] == "mistake":
            kind = wrong(**context)
        elif item["type"] == "value_error":
            kind = wrong(str(context["error"]))
        else:
            kind = wrong(item["msg"].replace("Input should be", "expected"))
        found.append(InitErrorDetails(type=kind, loc=item["loc"], input=item["input"]))
    return found


def at_key(key: str, error: PydanticCustomError) -> ValidationError:
    """Return a mistake in the value of a key of the mapping that is being read."""
    return ValidationError.from_exception_data("part", [InitErrorDetails(type=error, loc=(key,), input=None)])


def raise_all(title: str, errors: list[InitErrorDetails]) -> None:
    """Raise all mistakes as one validation error, if there are any."""
    if errors:
        raise ValidationError.from_exception_data(title, errors)


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
    """One of several parts, told apart by a key (``process``, ``mode``); paths do not name the choice."""

    key: str
    parts: Mapping[str, type[Part]]
    expected: str

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
            error = one_of(None, self.parts)
        else:
            name = raw[self.key]
            if isinstance(name, str) and name in self.parts:
                return self.parts[name].model_validate(raw, context=info.context)
            error = one_of(name, self.parts, self.key)
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
    """Parts in a list."""

    expected: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(self._read, handler(source))

    def _read(self, raw: Any, handler: Callable[[Any], Any]) -> Any:
        if not isinstance(raw, list | tuple):
            raise wrong(self.expected)
        return handler(raw)


NAME_EXPECTED = f"expected a name of 1 to {MAX_NAME} printable characters without '.' and '/'"


def is_name(text: str) -> bool:
    """Say whether a text can name a fleet, group or item: names make up paths, tables and file names."""
    return 0 < len(text) <= MAX_NAME and text.isprintable() and not set("./") & set(text) and text == text.strip()


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

    def misfits(self) -> Iterator[tuple[str, str]]:
        """Yield (key, what was expected) for each value that does not go with another one of this part."""
        return iter(())

    @model_validator(mode="wrap")
    @classmethod
    def _read(cls, raw: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        if isinstance(raw, cls):
            return raw
        keys = {(f.alias or name): f for name, f in cls.model_fields.items()}
        public = [*cls.other_keys, *(key for key in keys if key not in cls.internal_keys)]
        later = not_yet.KEYS.get(cls.__name__, frozenset())
        errors: list[InitErrorDetails] = []
        excused: set[str] = set()
        data = raw
        if isinstance(raw, dict):
            for key in [key for key in raw if key not in public]:
                hint = f"expected one of {', '.join(public)}{did_you_mean(key, public)}"
                kind = wrong(not_yet.NOT_YET if key in later else hint, found=quoted(key))
                errors.append(InitErrorDetails(type=kind, loc=(key,), input=raw[key]))
                # A key that is misspelt, or not supported yet, says more than that another one is missing.
                excused.update(public if key in later else difflib.get_close_matches(key, public, n=1))
            data = {key: value for key, value in raw.items() if key in public}
        data = cls.given(data, info)
        if not isinstance(data, dict):
            raise wrong(f"expected a mapping with {', '.join(public)}")
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


def _expected(part: Any) -> str:
    return next((str(mark.expected) for mark in part.metadata if hasattr(mark, "expected")), "expected a value")
