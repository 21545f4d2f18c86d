"""Cases that are one scenario under several limits of a fleet: their SIMs are followed once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fleetsim.engines import engine_named
from fleetsim.engines.under_limits import ManyLimits
from fleetsim.scenario import Scenario, scenario_hash
from fleetsim.scenario.limits import with_limit


@dataclass(frozen=True)
class Together:
    """Cases that are simulated at once.

    Attributes
    ----------
    scenario
        Of one of them.
    cases
        Their numbers, in the order of `limits`.
    fleet, limits
        All that they differ in: the limit of this fleet, bytes, ascending, ``None`` at the end; none for a case alone.
    """

    scenario: Scenario
    cases: tuple[int, ...]
    fleet: str = ""
    limits: tuple[int | None, ...] = ()


def together(scenarios: Sequence[Scenario], engine: str) -> list[Together]:
    """Put cases together that an engine follows at once: those that differ in the limit of one fleet, where it can."""
    alone = [Together(scenario, (case,)) for case, scenario in enumerate(scenarios)]
    if not isinstance(engine_named(engine), ManyLimits):
        return alone
    fleets = dict.fromkeys(fleet for scenario in scenarios for fleet in scenario.fleets)
    return min((_by_limit(scenarios, fleet) for fleet in fleets), key=len, default=alone)


def _by_limit(scenarios: Sequence[Scenario], fleet: str) -> list[Together]:
    groups: dict[str | int, dict[int | None, int]] = {}
    for case, scenario in enumerate(scenarios):
        if fleet not in scenario.fleets:
            groups[case] = {None: case}
            continue
        limit = scenario.fleets[fleet].data_limit_bytes
        key = scenario_hash(with_limit(scenario, fleet, None))
        if limit in groups.get(key, ()):  # the very same scenario once more
            groups[case] = {limit: case}
        else:
            groups.setdefault(key, {})[limit] = case
    return [_of(scenarios, fleet, cases) for cases in groups.values()]


def _of(scenarios: Sequence[Scenario], fleet: str, cases: dict[int | None, int]) -> Together:
    numbers = tuple(cases.values())
    if len(numbers) == 1:
        return Together(scenarios[numbers[0]], numbers)
    limits = sorted(cases, key=lambda limit: (limit is None, limit))
    return Together(scenarios[numbers[0]], tuple(cases[limit] for limit in limits), fleet, tuple(limits))
