"""Presets: platforms, tariffs and profiles as data files, one a name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from pydantic_core import PydanticCustomError

from fleetsim.scenario.source import MAX_FILE_BYTES, parse, read_bytes, read_text
from fleetsim.scenario.wording import at_key, did_you_mean, wrong

Kind = Literal["platforms", "tariffs", "profiles"]

_FOLDER: Final = Path(__file__).parent / "presets"


@cache
def names(kind: Kind) -> tuple[str, ...]:
    """Return the names of the presets of one kind."""
    return tuple(sorted(path.stem for path in (_FOLDER / kind).glob("*.yaml")))


@cache
def _preset(kind: Kind, name: str) -> dict[str, Any]:
    file = f"{kind}/{name}.yaml"
    text = read_text(read_bytes(_FOLDER / file, file, MAX_FILE_BYTES), file)
    content: dict[str, Any] = parse(text, file).plain()
    return content


def preset(kind: Kind, name: Any) -> dict[str, Any]:
    """Return the content of a preset.

    Raises
    ------
    PydanticCustomError
        Where there is none of this name.
    """
    if not isinstance(name, str) or name not in names(kind):
        raise wrong(f"expected the name of a preset ({', '.join(names(kind))}){did_you_mean(name, names(kind))}")
    return _preset(kind, name)


def overlaid(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with the keys of `over`; where both hold a mapping, likewise within."""
    result = dict(base)
    for key, value in over.items():
        below = base.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            value = overlaid(below, value)
        result[key] = value
    return result


def with_preset(kind: Kind, default: str, raw: Any) -> Any:
    """Return the keys of a platform or tariff that is given by a preset's name or as changes to a preset.

    Raises
    ------
    PydanticCustomError, ValidationError
        Where there is no such preset.
    """
    if isinstance(raw, str):
        return preset(kind, raw)
    if not isinstance(raw, Mapping):
        raise wrong(f"expected the name of a preset ({', '.join(names(kind))}) or a mapping")
    try:
        base = preset(kind, raw.get("preset", default))
    except PydanticCustomError as error:
        raise at_key("preset", error) from None
    return overlaid(base, {key: value for key, value in raw.items() if key != "preset"})


def schema_with_preset(kind: Kind, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON schema of a platform or tariff: a preset's name, or changes to a preset."""
    name = {"enum": list(names(kind)), "description": "name of a preset"}
    mapping = {key: value for key, value in schema.items() if key != "required"}
    mapping["properties"] = {"preset": name, **mapping["properties"]}
    return {"anyOf": [name, mapping]}
