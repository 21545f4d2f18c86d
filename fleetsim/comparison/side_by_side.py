"""The scenarios of a comparison: their names, one seed and one number of replications, and what they must share."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fleetsim.errors import BadInput, Mistake
from fleetsim.scenario import Scenario, load, scenario_hash
from fleetsim.units import format_duration
from fleetsim.version import __version__

MOST: Final = 100
"""Scenarios that are compared at a time."""

One = Scenario | str | Path
Given = Mapping[str, One] | Sequence[One]
"""Scenarios as a user gives them: loaded or as paths of files, by name or one after the other."""


@dataclass(frozen=True)
class SideBySide:
    """Scenarios to be compared with the first of them, all with one seed and one number of replications.

    Attributes
    ----------
    names
        Of the scenarios, each another one.
    warnings
        What the user should know about how they fit.
    """

    names: tuple[str, ...]
    scenarios: tuple[Scenario, ...]
    warnings: tuple[str, ...]

    @property
    def identity(self) -> dict[str, Any]:
        """What was simulated for one comparison can be used for another that has the same."""
        return {
            "seed": self.scenarios[0].seed,
            "version": __version__,
            "scenarios": list(self.names),
            "scenario_hashes": [scenario_hash(scenario) for scenario in self.scenarios],
        }

    @property
    def replications(self) -> int:
        return self.scenarios[0].replications

    @property
    def currency(self) -> str:
        return self.scenarios[0].tariff.currency


def side_by_side(given: Given, overrides: Sequence[str], replications: int | None, seed: int | None) -> SideBySide:
    """Load scenarios, name them, and give them one seed and one number of replications.

    Parameters
    ----------
    given
        At least two. In a mapping they have their names; else each has that of its scenario, with its file beside it
        where several have the same.
    overrides
        ``PATH=VALUE`` each, in all of them.
    replications
        Of all; ``None``: the largest of their own.
    seed
        Of all; ``None``: that of the first.

    Raises
    ------
    BadInput
        With every mistake in any of them; or they cannot be compared.
    """
    if isinstance(given, str | Path | Scenario) or not isinstance(given, Mapping | Sequence):
        raise _mistake("scenarios", f"found {type(given).__name__}; expected a list or a mapping of at least two")
    files = list(given.values()) if isinstance(given, Mapping) else list(given)
    if not 2 <= len(files) <= MOST:
        found = f"found {len(files)} scenario{'' if len(files) == 1 else 's'}"
        raise _mistake("scenarios", f"{found}; expected from 2 to {MOST} to stand side by side")
    _check_twice(files)
    loaded = _loaded(files, overrides)
    names = [str(name) for name in given] if isinstance(given, Mapping) else _named(loaded, files)
    _check_fit(names, loaded)
    warnings = [f"{name}: {text}" for name, scenario in zip(names, loaded, strict=True) for text in scenario.warnings]
    if seed is None:
        seed = loaded[0].seed
        other = [name for name, scenario in zip(names, loaded, strict=True) if scenario.seed != seed]
        if other:
            warnings.append(
                f"{', '.join(other)}: simulated with the seed of {names[0]}, {seed}, for common random numbers"
            )
    warnings += _not_common(names, loaded)
    changes = {"seed": seed, "replications": replications or max(scenario.replications for scenario in loaded)}
    scenarios = tuple(scenario.model_copy(update=changes) for scenario in loaded)
    return SideBySide(tuple(names), scenarios, tuple(warnings))


def _loaded(files: Sequence[One], overrides: Sequence[str]) -> list[Scenario]:
    found: list[Scenario] = []
    mistakes: list[Mistake] = []
    for file in files:
        if isinstance(file, Scenario):
            if overrides:
                raise _mistake("overrides", "found a loaded scenario; expected paths of files, to set values in them")
            found.append(file)
            continue
        try:
            found.append(load(file, overrides))
        except BadInput as error:
            mistakes += error.mistakes
    if mistakes:
        raise BadInput(list(dict.fromkeys(mistakes)))
    return found


def _check_twice(files: Sequence[One]) -> None:
    paths = [os.path.realpath(file) for file in files if not isinstance(file, Scenario)]
    for place, path in enumerate(paths):
        if path in paths[:place]:
            said = [os.fspath(file) for file in files if not isinstance(file, Scenario)][place]
            raise _mistake(said, "found the file twice; expected each once (to vary a value use `fleetsim sweep`)")


def _named(scenarios: Sequence[Scenario], files: Sequence[One]) -> list[str]:
    """Names of scenarios; those of several have their file beside them, or its path, or their place."""
    names = [scenario.name for scenario in scenarios]
    places = [str(place) for place in range(1, len(files) + 1)]
    stems, paths = list(places), list(places)
    for place, file in enumerate(files):
        if not isinstance(file, Scenario):
            stems[place], paths[place] = Path(file).stem, os.fspath(file)
    for beside in (stems, paths, places):
        several = {name for name in names if names.count(name) > 1}
        for place, scenario in enumerate(scenarios):
            if names[place] in several:
                names[place] = f"{scenario.name} ({beside[place]})"
    return names


def _check_fit(names: Sequence[str], scenarios: Sequence[Scenario]) -> None:
    """Refuse scenarios whose sums cannot be subtracted from one another."""
    first, mistakes = scenarios[0], []
    for name, scenario in zip(names[1:], scenarios[1:], strict=True):
        if scenario.tariff.currency != first.tariff.currency:
            what = f"found {scenario.tariff.currency}; expected {first.tariff.currency} as in {names[0]}"
            remedy = "compare costs in one currency: --set tariff=... for all of them"
            mistakes.append(Mistake(name, None, "tariff.currency", f"{what}; {remedy}"))
        if scenario.horizon_ms != first.horizon_ms:
            what = f"found {format_duration(scenario.horizon_ms)}; expected {format_duration(first.horizon_ms)}"
            remedy = 'sums are over the whole scenario: --set duration="1 month" for all of them'
            mistakes.append(Mistake(name, None, "duration", f"{what} as in {names[0]}; {remedy}"))
    if mistakes:
        raise BadInput(mistakes)


def _not_common(names: Sequence[str], scenarios: Sequence[Scenario]) -> list[str]:
    """Say what takes common random numbers away: draws are keyed by fleet, group and item, and by the time passed."""
    of_each = [_groups(scenario) for scenario in scenarios]
    found = []
    for name, scenario, groups in zip(names[1:], scenarios[1:], of_each[1:], strict=True):
        apart = [group for group in (*of_each[0], *groups) if (group in of_each[0]) != (group in groups)]
        if apart:
            few = ", ".join(apart[:3]) + (f" and {len(apart) - 3} more" if len(apart) > 3 else "")
            found.append(f"{name}: {few} not in both it and {names[0]}; no common random numbers there")
        if scenario.start != scenarios[0].start:
            starts = [one.start.isoformat().replace("+00:00", "Z") for one in (scenario, scenarios[0])]
            found.append(f"{name}: starts at {starts[0]}, {names[0]} at {starts[1]}")
    return found


def _groups(scenario: Scenario) -> dict[str, None]:
    return {f"{fleet}/{group}": None for fleet, content in scenario.fleets.items() for group in content.devices}


def _mistake(where: str, what: str) -> BadInput:
    return BadInput(Mistake(where, None, "", what))
