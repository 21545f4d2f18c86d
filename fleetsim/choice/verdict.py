"""What a rule says of replications in which limits were judged, with the figures that it says it by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from fleetsim.choice.figures import figures, observed
from fleetsim.choice.monotone import is_monotone
from fleetsim.choice.rules import Rule
from fleetsim.choice.service import none_complete
from fleetsim.choice.tables import Judged
from fleetsim.errors import BadInput
from fleetsim.inference.choice import Choice, Observed
from fleetsim.scenario.schema import Scenario


@dataclass(frozen=True)
class Verdict:
    """A rule's choice from replications that judged the same limits.

    Attributes
    ----------
    scenario
        What was simulated, under whichever limit.
    judged
        The replications.
    rule, confidence
        What was asked.
    seen, choice
        What the rule looked at and what it says, limits by their places.
    figures
        Of each limit, by the names of the table ``limits``.
    """

    scenario: Scenario
    judged: tuple[Judged, ...]
    rule: Rule
    confidence: float
    seen: Observed
    choice: Choice
    figures: dict[str, list[Any]]

    @classmethod
    def of(cls, scenario: Scenario, fleet: str, judged: Sequence[Judged], rule: Rule, confidence: float) -> Verdict:
        """Let a rule judge.

        Raises
        ------
        BadInput
            Under one of the limits no normal device has a complete billing period in any replication.
        """
        if any(sum(each.judgement.sums[0, i] for each in judged) == 0 for i in range(len(judged[0].limits))):
            raise BadInput(none_complete(scenario, fleet))
        seen = observed(judged, scenario.horizon_ms, monotone=is_monotone(scenario, fleet))
        choice = rule.choose(seen, confidence)
        return cls(scenario, tuple(judged), rule, confidence, seen, choice, figures(judged, seen, choice, confidence))

    def under(self, rule: Rule, confidence: float) -> Verdict:
        """What another rule or another confidence says of the same replications."""
        choice = rule.choose(self.seen, confidence)
        found = figures(self.judged, self.seen, choice, confidence)
        return replace(self, rule=rule, confidence=confidence, choice=choice, figures=found)

    @property
    def limits(self) -> tuple[int, ...]:
        """The limits, in bytes, ascending."""
        return self.judged[0].limits

    @property
    def replications(self) -> range:
        """Numbers of the replications."""
        return range(self.judged[0].replication, self.judged[-1].replication + 1)

    @property
    def currency(self) -> str:
        """What money is counted in."""
        return self.scenario.tariff.currency

    def line(self, number: int) -> dict[str, Any]:
        """Figures of limit `number`."""
        return {name: column[number] for name, column in self.figures.items()}

    def worth_estimating(self) -> tuple[int, ...]:
        """The recommended limit, its neighbours, and the set; nothing where none is recommended."""
        i = self.choice.recommended
        if i is None:
            return ()
        places = {i - 1, i, i + 1, *self.choice.could_be} & set(range(len(self.limits)))
        return tuple(self.limits[place] for place in sorted(places))
