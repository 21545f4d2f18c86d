"""A tariff that is given in a program rather than in a scenario's file."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from fleetsim.errors import BadInput, Mistake
from fleetsim.scenario.costs import too_dear, unpriced_networks
from fleetsim.scenario.platform import Tariff
from fleetsim.scenario.schema import Scenario
from fleetsim.scenario.source import quoted
from fleetsim.scenario.wording import details


def tariff_from(given: str | Mapping[str, Any] | Tariff) -> Tariff:
    """Read a tariff.

    Parameters
    ----------
    given
        A preset's name, or a mapping as in a scenario: prices as text, as numbers or as `Decimal`.

    Raises
    ------
    BadInput
        With every mistake that was found.
    """
    raw = _as_in_a_file(given)
    try:
        return Tariff.model_validate(raw)
    except ValidationError as error:
        raise BadInput([_mistake(raw, item["loc"], item["type"]) for item in details(error)]) from None


def with_tariff(scenario: Scenario, tariff: Tariff) -> Scenario:
    """Return the scenario with another tariff, and with the warnings that go with it.

    Raises
    ------
    BadInput
        Money would not fit into what is counted.
    """
    other = scenario.model_copy(update={"tariff": tariff})
    dear = too_dear(other)
    if dear is not None:
        raise BadInput(Mistake("tariff", None, "", f"found {dear[1]}; {dear[0]}"))
    of_the_former = set(unpriced_networks(scenario))
    kept = [warning for warning in scenario.warnings if warning not in of_the_former]
    other._warnings = (*kept, *unpriced_networks(other))
    return other


def _mistake(raw: Any, place: tuple[int | str, ...], kind: Any) -> Mistake:
    found = raw
    for key in place:
        found = found.get(key) if isinstance(found, Mapping) else None
    said = kind.context.get("found") or ("nothing" if found is None else quoted(str(found)))
    return Mistake("tariff", None, ".".join(map(str, place)), f"found {said}; {kind.context['expected']}")


def _as_in_a_file(value: Any) -> Any:
    """Numbers with a fraction as text, exactly as they were written."""
    if isinstance(value, Mapping):
        return {key: _as_in_a_file(below) for key, below in value.items()}
    if isinstance(value, float | Decimal):
        return format(Decimal(str(value)), "f")
    return value
