"""The question: which of these limits of a fleet, by which rule, how sure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from fleetsim.choice.limits import Given, read_limits
from fleetsim.choice.rules import Number, Rule, read_confidence, read_rule
from fleetsim.choice.service import no_service
from fleetsim.choice.tables import Judged
from fleetsim.choice.verdict import Verdict
from fleetsim.errors import BadInput, Mistake
from fleetsim.experiments.provenance import identity
from fleetsim.scenario.schema import Scenario
from fleetsim.scenario.source import quoted
from fleetsim.scenario.wording import did_you_mean

T = TypeVar("T")


@dataclass(frozen=True)
class Question:
    """What is asked: which of the limits of a fleet, by which rule, how sure, of which scenario."""

    scenario: Scenario
    fleet: str
    limits: tuple[int, ...]
    rule: Rule
    confidence: float

    @property
    def identity(self) -> dict[str, object]:
        """What was judged for one question can be used for another that has the same."""
        return {**identity(self.scenario), "fleet": self.fleet, "limits": list(self.limits)}

    def verdict(self, judged: Sequence[Judged]) -> Verdict:
        """Let the rule judge."""
        return Verdict.of(self.scenario, self.fleet, judged, self.rule, self.confidence)


def ask(
    scenario: Scenario,
    fleet: str,
    limits: Given,
    max_blocked_share: str | Number | None,
    outage_cost: str | Number | None,
    budget: str | tuple[Number, Number] | None,
    confidence: str | Number,
) -> Question:
    """Read a question; see `fleetsim.choose_limit`.

    Raises
    ------
    BadInput
        With every mistake in it.
    """
    mistakes: list[Mistake] = []

    def read(reader: Callable[..., T], *given: object) -> T | None:
        try:
            return reader(*given)
        except BadInput as error:
            mistakes.extend(error.mistakes)
            return None

    if fleet in scenario.fleets:
        asked = read(read_limits, limits, scenario.fleets[fleet])
        mistakes += no_service(scenario, fleet)
    else:
        asked = None
        names = ", ".join(scenario.fleets)
        what = f"found {quoted(str(fleet))}; expected one of {names}{did_you_mean(fleet, scenario.fleets)}"
        mistakes.append(Mistake("fleet", None, "", what))
    rule = read(read_rule, max_blocked_share, outage_cost, budget)
    sure = read(read_confidence, confidence)
    if mistakes or asked is None or rule is None or sure is None:
        raise BadInput(mistakes)
    return Question(scenario, fleet, asked, rule, sure)
