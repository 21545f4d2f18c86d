"""Replications until intervals are narrow enough: the rule that a run asks for, and what came of it.

`fleetsim.inference.precision` decides. It is asked about the replications in their order, so the number at which a run
ends depends on the scenario, its seed and the rule, and on nothing else. What is simulated beyond it is dropped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fleetsim.clock import MS_PER_HOUR
from fleetsim.errors import BadInput, Mistake
from fleetsim.experiments.parquet import read_table
from fleetsim.experiments.phrases import some
from fleetsim.experiments.store import Store
from fleetsim.experiments.summary import CONFIDENCE, NORMAL, OVER_REPLICATIONS, SHARE
from fleetsim.experiments.workers import Progress
from fleetsim.inference.estimate import Estimate
from fleetsim.inference.means import mean_interval
from fleetsim.inference.precision import Decision, Precision, decide
from fleetsim.inference.shares import none_seen
from fleetsim.scenario.schema import Scenario
from fleetsim.units import parse_decimal

METRICS: Final = ("cost", f"{SHARE}{NORMAL}")
"""Whose intervals are looked at, unless others are asked for: the money of the whole run, and who loses service."""
MOST: Final = 1000
"""Replications at which a run stops, unless another number is asked for."""
AT_FIRST: Final = 10
"""Replications that are expected before anything is known: the fewest at which a run can stop."""
MOST_OF_ALL: Final = 1_000_000
BLOCKED: Final = (SHARE, "blocked_sims", "blocked_hours")
"""Metrics that are 0 where no SIM was blocked."""

FLOOR_SHARE: Final = 1e-4
"""Absolute floor of a share; of SIM-periods, and of hours, that share of all of them."""
FLOOR_BYTES: Final = 1e3
"""Absolute floor of bytes, for each SIM."""
FLOOR_MONEY: Final = 1e-3
"""Absolute floor of money in the currency, for each SIM."""


@dataclass(frozen=True)
class Rule:
    """When a run stops.

    Attributes
    ----------
    relative
        Half of an interval is at most this share of the mean's size.
    floors
        The metrics, and for each an absolute number that is narrow enough as well.
    most
        Replications at which it stops anyway.
    """

    relative: float
    floors: Mapping[str, float]
    most: int

    @property
    def precision(self) -> Precision:
        """As the decision takes it."""
        return Precision(self.relative, tuple(self.floors.values()), CONFIDENCE, most=self.most)

    def written(self) -> dict[str, Any]:
        """As the manifest says it."""
        ahead = {"look_ahead": self.precision.ahead, "look_ahead_share": self.precision.ahead_share}
        return {"relative": self.relative, "floors": dict(self.floors), **ahead, "max_replications": self.most}


def rule_from(
    scenario: Scenario, relative: str | float, of: Sequence[str] | Mapping[str, float] | None, most: int | None
) -> Rule:
    """Make a rule of what a call asks for.

    Parameters
    ----------
    relative
        ``"2%"``, or a number such as 0.02.
    of
        Metrics, each with its own floor where there is one: ``"cost"``, ``"cost=5"``, or a mapping.

    Raises
    ------
    BadInput
        Something is wrong with them.
    """
    asked = [(name, str(floor)) for name, floor in of.items()] if isinstance(of, Mapping) else []
    for text in () if isinstance(of, Mapping) else of or METRICS:
        name, _, floor = text.partition("=")
        asked.append((name.strip(), floor.strip()))
    floors: dict[str, float] = {}
    for name, floor in asked:
        if name.removesuffix(NORMAL) not in OVER_REPLICATIONS:
            names = ", ".join(OVER_REPLICATIONS)
            what = f"found {name!r}; expected one of {names}, or one of these with {NORMAL} after it"
            raise BadInput(Mistake("precision_of", None, "", what))
        floors[name] = _number("precision_of", floor) if floor else floor_of(name, scenario)
    share = _number("until_precision", str(relative))
    if not 1e-6 <= share < 1:
        what = f"found {relative!r}; expected a percentage such as 2%, from 0.0001% to less than 100%"
        raise BadInput(Mistake("until_precision", None, "", what))
    return Rule(share, floors, MOST if most is None else int(most))


def floor_of(metric: str, scenario: Scenario) -> float:
    """What is narrow enough of a metric however small its mean is, in its own unit."""
    sims, of = sims_of(metric, scenario), metric.removesuffix(NORMAL)
    if of.endswith("_share"):
        return FLOOR_SHARE
    if of == "blocked_sims":
        return FLOOR_SHARE * sims
    if of == "blocked_hours":
        return FLOOR_SHARE * sims * scenario.horizon_ms / MS_PER_HOUR
    return (FLOOR_BYTES if of.endswith("_bytes") else FLOOR_MONEY) * sims


def sims_of(metric: str, scenario: Scenario) -> int:
    """How many SIMs a metric is about."""
    return sum(
        group.count
        for fleet in scenario.fleets.values()
        for group in fleet.devices.values()
        if group.role == "normal" or not metric.endswith(NORMAL)
    )


class Until:
    """Looks at replications, in their order, until the rule says to stop.

    Attributes
    ----------
    expect
        Is told of the number of replications so far, and about how many there will be.
    """

    def __init__(self, rule: Rule, scenario: Scenario) -> None:
        self.rule = rule
        self.scenario = scenario
        self.expect: Callable[[int, int], None] = lambda so_far, about: None
        self._values: list[list[float]] = []
        self._decision = Decision(None, False, None, None)
        self._look_at = 2

    def add(self, sums: pa.Table) -> bool:
        """Look at the next replication, by its rows of ``replications``; whether it is the last one."""

        normal = sums.filter(pc.equal(sums["role"], "normal"))

        def value(metric: str) -> float:
            rows = normal if metric.endswith(NORMAL) else sums

            def total(name: str) -> Any:
                return np.array([pc.sum(rows[name]).as_py() or 0], np.float64)

            return float(OVER_REPLICATIONS[metric.removesuffix(NORMAL)](total)[0])

        self._values.append([value(metric) for metric in self.rule.floors])
        n = len(self._values)
        if n >= min(self._look_at, self.rule.most):
            self._decision = decide(np.array(self._values), self.rule.precision)
            self._look_at = self._earliest()
            self.expect(n, self._decision.expected or self.rule.most)
        return self._decision.stop_at is not None

    def _earliest(self) -> int:
        """Fewest replications at which it can stop, by what is known: narrow from the next one on, looked ahead."""
        rule, n = self.rule.precision, len(self._values)
        since = self._decision.narrow_since or max(n + 1, rule.first)
        return max(since + max(rule.ahead, math.ceil(round(rule.ahead_share * since, 9))), n + 1)

    def written(self) -> dict[str, Any]:
        """The rule and what came of it, for the manifest."""
        decision = self._decision
        return self.rule.written() | {"met": decision.met, "narrow_since": decision.narrow_since, "why": self.why()}

    def check(self, store: Store) -> bool:
        """See what the rule says of a finished run in a folder; whether it was followed there to its end.

        Raises
        ------
        BadInput
            That run has more replications than the rule would have made: they are not thrown away.
        """
        found = store.finished()
        if found is None:
            return False
        trial, sums = Until(self.rule, self.scenario), read_table(store.folder, "replications")
        numbers, n = sums["replication"].to_numpy(), found["replications"]
        for replication in range(min(n, self.rule.most)):
            if trial.add(sums.filter(pa.array(numbers == replication))) and replication + 1 < n:
                raise store.refuse(
                    f"its run has {n} replications; this one ends after {replication + 1}; use another folder, ask for"
                    " more precision, or replace it with --overwrite"
                )
        return self.is_written(found)

    def is_written(self, found: Mapping[str, Any]) -> bool:
        """Whether a manifest says that this very rule was followed to its end."""
        said = found.get("until_precision")
        return isinstance(said, dict) and self.rule.written().items() <= said.items()

    def why(self) -> str:
        """Say at what it stopped, and why."""
        decision, n = self._decision, len(self._values)
        intervals = {
            metric: mean_interval(np.array(values), CONFIDENCE)
            for metric, values in zip(self.rule.floors, zip(*self._values, strict=True), strict=True)
        }
        named = [self._named(metric, interval) for metric, interval in intervals.items()]
        stopped = f"Stopped after {some(n, 'replication')}"
        if decision.met:
            said = (
                f"{stopped}: since replication {decision.narrow_since:,} the {_percent(CONFIDENCE)} intervals have been"
                f" within {_percent(self.rule.relative)} of their means, or within their floors: {'; '.join(named)}."
            )
        else:
            said = f"{stopped}, the most it may take, without the precision: {'; '.join(named)}."
            said += self._still_needed()
        unseen = [
            metric
            for metric, interval in intervals.items()
            if metric.removesuffix(NORMAL) in BLOCKED and interval.value == 0
        ]
        if unseen and (sims := sims_of(unseen[0], self.scenario)):
            normal = "normal " if unseen[0].endswith(NORMAL) else ""
            share = none_seen(n, sims, CONFIDENCE).share
            said += f" No {normal}SIM was seen blocked; that allows for up to {_percent(share)} of the {normal}SIMs."
        return said

    def _named(self, metric: str, interval: Estimate) -> str:
        """``cost ± 1.4 %``, the interval as a share of the mean."""
        if interval.low is None:
            return f"{metric} without an interval"
        half = interval.value - interval.low
        if half == 0:
            return f"{metric} the same in each"
        within = half <= self.rule.relative * abs(interval.value)
        said = f" ± {_percent(half / abs(interval.value))}" if interval.value else ""
        if within and interval.value:
            return f"{metric}{said}"
        floor = self.rule.floors[metric]
        return f"{metric}{said}, ± {half:.3g} {'within' if half <= floor else 'above'} the floor of {floor:.3g}"

    def _still_needed(self) -> str:
        n, decision = len(self._values), self._decision
        expected = decide(np.array(self._values), replace(self.rule.precision, most=MOST_OF_ALL)).expected
        if decision.narrow_since is not None:
            return f" They are narrow since replication {decision.narrow_since:,}; {expected:,} would confirm it."
        if expected is None or expected >= MOST_OF_ALL:
            return ""
        return f" About {max(expected, n + 1):,} would do."


def telling(
    progress: Callable[[int, int], Progress], sims: int, done: int
) -> tuple[Progress, Callable[[int, int], None]]:
    """Show progress of a run whose end is not known: what it is told of simulated SIMs, and of what is expected.

    Parameters
    ----------
    progress
        Called again whenever another number of replications is expected. Where it has a method `note`, that is told so.
    sims
        Of a replication.
    done
        SIMs that are there already.
    """
    note = getattr(progress, "note", lambda text: None)
    tell = progress(max(AT_FIRST * sims, done), done)

    def simulated(more: int) -> None:
        nonlocal done
        done += more
        tell(more)

    def expect(so_far: int, about: int) -> None:
        nonlocal tell
        note(f"{some(so_far, 'replication')} so far, about {about:,} expected")
        tell = progress(max(about * sims, done), done)

    return simulated, expect


def _number(name: str, text: str) -> float:
    """Number from text, in percent or not."""
    number, percent, rest = text.strip().partition("%")
    try:
        value = Fraction(Decimal(number)) if "e" in number.lower() else parse_decimal(number.strip())
        if rest.strip() or value < 0:
            raise ValueError
    except (ValueError, ArithmeticError):
        raise BadInput(Mistake(name, None, "", f"found {text!r}; expected a number or a percentage")) from None
    return float(value / 100 if percent else value)


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:,.0f} %"
