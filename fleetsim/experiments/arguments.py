"""Arguments that every verb has, held to their bounds."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

from fleetsim.errors import BadInput, Mistake
from fleetsim.scenario import Scenario
from fleetsim.traffic import try_functions


def with_asked(scenario: Scenario, *, replications: int | None, seed: int | None) -> Scenario:
    """Return the scenario with what a call asks for instead, held to the same bounds.

    Raises
    ------
    BadInput
        A number is out of bounds.
    """
    check_whole("replications", replications, 1, 1_000_000)
    check_whole("seed", seed, 0, 2**63 - 1)
    changes = {k: int(v) for k, v in (("replications", replications), ("seed", seed)) if v is not None}
    return scenario.model_copy(update=changes) if changes else scenario


def check_functions(*scenarios: Scenario) -> None:
    """Try the functions that scenarios have; see `fleetsim.traffic.trial`.

    Raises
    ------
    BadInput
        One is only named, as in a file that a run left, or returns what cannot be used.
    FunctionFailed
        One raised an exception.
    """
    for scenario in scenarios:
        try_functions(scenario)


def check_folder(*, resume: bool, overwrite: bool) -> None:
    """Refuse both at once: going on with what a folder holds, and replacing it."""
    if resume and overwrite:
        raise BadInput(Mistake("overwrite", None, "", "found it together with resume; expected one of the two"))


def check_word(name: str, value: object, words: Sequence[str]) -> None:
    """Refuse what is none of these words."""
    if value not in words:
        raise BadInput(Mistake(name, None, "", f"found {value!r}; expected one of {', '.join(words)}"))


def check_whole(name: str, value: object, low: int, high: int) -> None:
    """Refuse what is neither ``None`` nor a whole number within bounds, both included."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if value is not None and not (whole and low <= value <= high):  # type: ignore[operator]
        raise BadInput(Mistake(name, None, "", f"found {value!r}; expected a whole number from {low:,} to {high:,}"))
