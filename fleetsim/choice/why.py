"""The sentences of a choice: why this limit, what the next ones would change, how sure it is."""

from __future__ import annotations

from fleetsim.choice import phrases
from fleetsim.choice.figures import sums
from fleetsim.choice.rules import MICROS, Budget, MaxBlockedShare, OutageCost
from fleetsim.choice.verdict import Verdict
from fleetsim.clock import MS_PER_DAY
from fleetsim.inference.by_budget import BudgetChoice
from fleetsim.inference.means import paired_difference
from fleetsim.report import words
from fleetsim.scenario.fleet import limits_of
from fleetsim.scenario.schema import Scenario
from fleetsim.units import format_bytes


def why(verdict: Verdict) -> str:
    """One sentence: what decides, and how sure it is."""
    if verdict.choice.too_few:
        return _too_few(verdict)
    rule = verdict.rule
    if isinstance(rule, MaxBlockedShare):
        return _by_share(verdict, rule)
    return _by_outage(verdict, rule) if isinstance(rule, OutageCost) else _by_budget(verdict, rule)


def _too_few(verdict: Verdict) -> str:
    rule, n, needed = verdict.rule, verdict.choice.replications, verdict.choice.replications_needed
    what = ""
    if isinstance(rule, Budget) and n > 1:
        k = len(verdict.limits)
        under = "1 limit" if k == 1 else f"{k:,} limits together"
        sure = phrases.percent(verdict.confidence)
        what = f" the {phrases.percent(float(rule.quantile))} quantile of cost under {under} at {sure} confidence"
    return f"{phrases.replications(n)} {'is' if n == 1 else 'are'} too few to judge{what}; it takes {needed:,}."


def _by_share(verdict: Verdict, rule: MaxBlockedShare) -> str:
    choice, most = verdict.choice, phrases.percent(float(rule.most))
    if choice.recommended is None:
        nearest = _nearest(verdict)
        where, remedy = ", at it and at every larger one", ""
        if nearest == len(verdict.limits) - 1:
            where, remedy = "", "; a larger limit may do"
        near, share = phrases.limit(verdict, nearest), phrases.blocked(verdict, nearest, sure=True)
        return (
            f"No limit asked for keeps the blocked share of the normal devices' SIM-periods within {most}{where}:"
            f" {near}, the nearest, blocks {share}{remedy}."
        )
    i = choice.recommended
    text = (
        f"{phrases.limit(verdict, i)} is the smallest limit asked for at which, and at every larger one, at most {most}"
        f" of the normal devices' SIM-periods are blocked: it blocks {phrases.blocked(verdict, i, sure=True)}"
    )
    if choice.confirmed:
        return f"{text}, which confirms it."
    highs = verdict.figures["blocked_share_high"]
    open_one = next(j for j in range(i, len(highs)) if highs[j] > float(rule.most))
    which = "it" if open_one == i else phrases.limit(verdict, open_one)
    text = f"{text}; that is not confirmed, for {which} may block up to {words.share(highs[open_one])}{_plan(verdict)}"
    if choice.none_could_be or choice.could_be[-1] == i:
        return f"{text}."
    shown = choice.could_be[-1]  # it and all larger ones keep the rule: see `inference.by_share`
    cost = against(verdict, shown, i)
    return f"{text}. {phrases.limit(verdict, shown)} is the smallest that is confirmed, and costs {cost}."


def _by_outage(verdict: Verdict, rule: OutageCost) -> str:
    choice = verdict.choice
    assert choice.recommended is not None
    i = choice.recommended
    days = float(verdict.seen.blocked_ms[:, i].mean()) / MS_PER_DAY
    cost = words.money(verdict.figures["cost_mean"][i], verdict.currency)
    outage = "nothing for outage, for no normal SIM is blocked"
    if days:
        outage = (
            f"{phrases.in_currency(verdict, days * rule.micros_per_day)} for {words.number(days)} SIM-days of outage"
            f" at {phrases.in_currency(verdict, rule.micros_per_day)} each"
        )
    text = (
        f"{phrases.limit(verdict, i)} comes to the least on average, {phrases.mean(verdict, i, 'objective', sure=True)}"
        f" in {phrases.horizon(verdict)}: {cost} of cost, and {outage}"
    )
    others = [place for place in choice.could_be if place != i]
    if not others:
        return f"{text}; all other limits are shown to come to more."
    listed, one = phrases.limits(verdict, others), len(others) == 1
    if choice.confirmed:
        return f"{text}; {listed} {'does' if one else 'do'} the same, and all others are shown to come to more."
    sure = phrases.percent(verdict.confidence)
    return f"{text}; at {sure} confidence {listed} cannot be told apart from it{_plan(verdict)}."


def _by_budget(verdict: Verdict, rule: Budget) -> str:
    choice = verdict.choice
    assert isinstance(choice, BudgetChoice)
    quantile, budget = phrases.percent(float(rule.quantile)), phrases.in_currency(verdict, rule.micros)
    if choice.recommended is None:
        nearest = _nearest(verdict)
        cost = phrases.in_currency(verdict, float(choice.quantile.value[nearest]))
        return (
            f"No limit asked for keeps the cost within {budget} in {quantile} of the replications: the {quantile}"
            f" quantile of it is {cost} at {phrases.limit(verdict, nearest)}, the nearest."
        )
    i = choice.recommended
    cost = phrases.in_currency(verdict, float(choice.quantile.value[i]))
    high = phrases.in_currency(verdict, float(choice.quantile.high[i]))
    text = (
        f"Of the limits that keep the cost within {budget} in {quantile} of the replications,"
        f" {phrases.limit(verdict, i)} blocks the fewest of the normal devices' SIM-periods,"
        f" {phrases.blocked(verdict, i, sure=True)}: the {quantile} quantile of its cost is {cost}"
    )
    if choice.confirmed:
        return f"{text}, and at {phrases.percent(verdict.confidence)} confidence at most {high}."
    return f"{text}; that it keeps to the budget is not confirmed, for it may be up to {high}{_plan(verdict)}."


def _plan(verdict: Verdict) -> str:
    needed = verdict.choice.replications_needed
    if needed is None:
        return ", and from these replications it cannot be said how many would decide"
    return f" (about {words.planned(needed)} replications would decide)"


def _nearest(verdict: Verdict) -> int:
    assert verdict.choice.nearest is not None
    return verdict.choice.nearest


# ---- what goes with it -----------------------------------------------------------------------------------------------


def next_limits(verdict: Verdict) -> tuple[str, str]:
    """What the next smaller limit, and the next larger one, would change; at the edge, that there is none."""
    i = verdict.choice.recommended
    if i is None:
        return "", ""
    found = []
    here, over = phrases.limit(verdict, i), phrases.horizon(verdict)
    for j, word, edge in ((i - 1, "smaller", "smallest"), (i + 1, "larger", "largest")):
        if not 0 <= j < len(verdict.limits):
            found.append(f"{here} is the {edge} limit asked for, so a {word} one may be better: ask for more.")
            continue
        cost, there, share = against(verdict, j, i), phrases.limit(verdict, j), phrases.blocked(verdict, j)
        would = "come, with outage, to" if isinstance(verdict.rule, OutageCost) else "cost"
        found.append(f"{there}, the next {word} one, would block {share} and {would} {cost} in {over}.")
    return found[0], found[1]


def against(verdict: Verdict, place: int, recommended: int) -> str:
    """What a limit costs more or less than the recommended one, replication by replication.

    Where a price for outage decides, outage is included, and the interval is the one by which limits are told apart: it
    holds for all of them at once.
    """
    if goes_by_outage(verdict):
        ends = (verdict.figures[f"objective_diff{end}"][place] for end in ("", "_low", "_high"))
        return phrases.dearer(verdict, *ends)
    cost = sums(verdict.judged, "cost_micros") / MICROS
    found = paired_difference(cost[:, place], cost[:, recommended], verdict.confidence)
    return phrases.dearer(verdict, found.value, found.low, found.high)


def goes_by_outage(verdict: Verdict) -> bool:
    """Do differences to the recommended limit, if there is one, include outage?"""
    return isinstance(verdict.rule, OutageCost) and verdict.choice.recommended is not None


def set_later(scenario: Scenario, fleet: str) -> str:
    """That the timeline sets the fleet's limit itself, whichever is chosen; empty where it does not."""
    changes = limits_of(scenario, fleet)
    if not changes:
        return ""
    at_ms, limit = changes[0]
    when = words.instant(scenario.instant(at_ms))
    again = f", and {words.counted(len(changes) - 1, 'time', 'times')} after that" if len(changes) > 1 else ""
    return (
        f"The timeline sets the limit of fleet {fleet} to {words.limit(limit)} on {when}{again}, whichever limit is"
        " chosen."
    )


def could_be(verdict: Verdict) -> str:
    """Which limits could be the answer, where that has not been said yet."""
    choice = verdict.choice
    if choice.too_few or (choice.could_be == (choice.recommended,) and not choice.none_could_be):
        return ""
    if isinstance(verdict.rule, OutageCost):
        return ""
    sure = f"At {phrases.percent(verdict.confidence)} confidence"
    if not choice.could_be:
        return f"{sure} none of those asked for meets the rule."
    none = ", unless none of those asked for meets the rule" if choice.none_could_be else ""
    one = "one of " if len(choice.could_be) > 1 else ""
    return f"{sure} the true answer is {one}{phrases.limits(verdict, choice.could_be)}{none}."


def headroom(verdict: Verdict, times: float, use_bytes: float) -> str:
    """How far the recommended limit lies above what devices use."""
    assert verdict.choice.recommended is not None
    return (
        f"Without a limit 99 % of the normal devices' SIM-periods use at most {format_bytes(use_bytes)};"
        f" {phrases.limit(verdict, verdict.choice.recommended)} is {words.number(times)} times that."
    )


def on_fresh(fresh: Verdict, limit_bytes: int) -> str:
    """What the recommended limit comes to on replications that took no part in its choice."""
    i = fresh.limits.index(limit_bytes)
    numbers = fresh.replications
    comes_to = f"costs {phrases.mean(fresh, i, 'cost')}"
    if isinstance(fresh.rule, OutageCost):
        comes_to = f"comes, with outage, to {phrases.mean(fresh, i, 'objective')}"
    text = (
        f"On {len(numbers):,} fresh replications ({numbers[0]:,} to {numbers[-1]:,}) {phrases.limit(fresh, i)} blocks"
        f" {phrases.blocked(fresh, i)} and {comes_to}"
    )
    if isinstance(fresh.rule, OutageCost):
        is_least = fresh.rule.keeps(fresh.choice, i)
        return f"{text}, the least there too." if is_least else f"{text}. {_cheaper(fresh, i)}."
    if fresh.rule.keeps(fresh.choice, i):
        return f"{text}, in keeping with the rule."
    return f"{text}. There it breaks the rule: {_breach(fresh, i)}."


def _cheaper(fresh: Verdict, i: int) -> str:
    best = fresh.choice.recommended
    assert best is not None
    gap = fresh.figures["objective"][i] - fresh.figures["objective"][best]
    return f"By these {phrases.limit(fresh, best)} would be the answer, at {words.money(gap, fresh.currency)} less"


def _breach(fresh: Verdict, i: int) -> str:
    rule = fresh.rule
    if isinstance(rule, MaxBlockedShare):
        shares = fresh.figures["blocked_share"]
        worst = max(range(i, len(shares)), key=lambda j: shares[j])
        most = phrases.percent(float(rule.most))
        return f"{phrases.limit(fresh, worst)} blocks {words.share(shares[worst])}, more than {most}"
    assert isinstance(rule, Budget)
    cost = words.money(fresh.figures["budget_quantile"][i], fresh.currency)
    budget = phrases.in_currency(fresh, rule.micros)
    return f"the {phrases.percent(float(rule.quantile))} quantile of its cost is {cost}, more than {budget}"
