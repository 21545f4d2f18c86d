"""The page of a choice: the question, the answer and how sure it is, the curve, and a slider over the limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from fleetsim.choice import phrases
from fleetsim.choice import why as say
from fleetsim.choice.picture import Curve, curve
from fleetsim.choice.rules import Budget, MaxBlockedShare, OutageCost
from fleetsim.choice.service import sims_concerned
from fleetsim.choice.study import LimitStudy
from fleetsim.choice.turning import megabytes, middle, pieces, price_lines, prices_of, tables
from fleetsim.choice.verdict import Verdict
from fleetsim.report import words
from fleetsim.report.assumptions import assumptions_of
from fleetsim.report.causes import CAUSES
from fleetsim.report.commands import command, limits_argument
from fleetsim.report.drawing import WIDTHS
from fleetsim.report.origin import origin
from fleetsim.report.page import drawn, marked, page, write_page
from fleetsim.report.sliders import Tables
from fleetsim.units import format_bytes

_HEIGHT_INCHES: Final = 5.0
_MOST_LINES: Final = 60
"""Limits that the table has a line for; of more it has those around the answer, and some of the others."""
_AROUND: Final = 10


def write(study: LimitStudy, folder: Path) -> None:
    """Write ``report.html``.

    Raises
    ------
    OSError
        It cannot be written.
    """
    write_page(folder, render(study))


def render(study: LimitStudy) -> str:
    """The page of a choice as HTML."""
    verdict, here = study.verdict, middle(study)
    found = pieces(verdict)
    prices = prices_of(study, found)
    turned = tables(study, prices)
    widths = WIDTHS if len(verdict.limits) > 1 else {}  # a single point is no curve
    curves = {name: curve(study, width, _HEIGHT_INCHES) for name, width in widths.items()}
    for name, each in curves.items():
        turned.mark(name, "limit", each.at)
    return page(
        "choice.html.j2",
        {
            "fleet": words.plain(study.fleet),
            "name": words.plain(study.scenario.name),
            "description": words.plain(" ".join((study.scenario.description or "").split())),
            "question": question(verdict),
            "facts": _facts(study),
            "headline": words.plain(study.sentences[0]),
            "why": study.why,
            "details": _details(study),
            "tiles": _tiles(study),
            "horizon": phrases.horizon(verdict),
            "confidence": phrases.percent(verdict.confidence),
            "pictures": [_pictured(name, each, turned, study) for name, each in curves.items()],
            "caption": _caption(study),
            "rows": list(_rows(verdict, here)),
            "next_limits": _next_limits(study),
            "edges": [text for text in say.next_limits(verdict) if "asked for" in text],
            "prices": list(price_lines(verdict, found)) if len(found) > 1 else [],
            "with_outage": isinstance(verdict.rule, OutageCost),
            "causes": [cause.label for cause in _causes(verdict)],
            "lines": [_line(study, place) for place in _shown(study)],
            "left_out": len(verdict.limits) - len(_shown(study)),
            "assumptions": _assumptions(study),
            "provenance": _provenance(study),
            "commands": _commands(study),
        },
        turned,
    )


def question(verdict: Verdict) -> str:
    """What was asked, as a question."""
    rule = verdict.rule
    if isinstance(rule, MaxBlockedShare):
        most = phrases.percent(float(rule.most))
        return f"Which is the smallest data limit that blocks at most {most} of the normal devices' SIM-periods?"
    if isinstance(rule, OutageCost):
        price = phrases.in_currency(verdict, rule.micros_per_day)
        return f"Which data limit comes to the least, if a day on which a normal SIM is blocked costs {price}?"
    budget, share = phrases.in_currency(verdict, rule.micros), phrases.percent(float(rule.quantile))
    return (
        "Which data limit blocks the fewest of the normal devices' SIM-periods, if the cost is to stay within"
        f" {budget} in {share} of the cases?"
    )


# ---- the answer ------------------------------------------------------------------------------------------------------


def _facts(study: LimitStudy) -> str:
    verdict = study.verdict
    sims = sims_concerned(study.scenario, study.fleet)
    limits = words.counted(len(verdict.limits), "limit", "limits")
    asked = [phrases.limit(verdict, place) for place in (0, -1)]
    span = f"{limits} from {asked[0]} to {asked[1]}" if len(verdict.limits) > 1 else f"one limit, {asked[0]}"
    return (
        f"{words.counted(sims, 'SIM', 'SIMs')}, {phrases.horizon(verdict)} from"
        f" {words.instant(study.scenario.start)}; {span}, judged on the same traffic in"
        f" {phrases.replications(study.choice.replications)}"
    )


def _details(study: LimitStudy) -> list[str]:
    """How sure it is, and what it comes to elsewhere; what the next limits change has a place of its own."""
    limit = study.recommended_limit_bytes
    found = [say.could_be(study.verdict), words.plain(say.set_later(study.scenario, study.fleet))]
    if limit is not None and study.fresh is not None:
        found.append(say.on_fresh(study.fresh, limit))
    if limit is not None and study.headroom is not None and study.use_p99_bytes is not None:
        found.append(say.headroom(study.verdict, study.headroom, study.use_p99_bytes))
    elif study.use_p99_bytes is not None:
        use = format_bytes(study.use_p99_bytes)
        found.append(f"Without a limit 99 % of the normal devices' SIM-periods use at most {use}.")
    return [sentence for sentence in found if sentence]


def _tiles(study: LimitStudy) -> list[tuple[str, str, str]]:
    verdict, here = study.verdict, middle(study)
    figures = verdict.line(here)
    share, _, share_interval = phrases.blocked(verdict, here).partition(" (")
    cost, _, cost_interval = phrases.mean(verdict, here, "cost").partition(" (")
    found = [
        ("Normal SIM-periods blocked", share, share_interval.removesuffix(")")),
        (f"Mean cost in {phrases.horizon(verdict)}", cost, cost_interval.removesuffix(")")),
    ]
    if any(verdict.figures["overage_bytes"]):
        found.append(("Mean overage", megabytes(figures["overage_bytes"]), _largest_cause(figures)))
    if study.headroom is not None:
        found.append(("Headroom", f"{words.number(study.headroom)} times", "what 99 % use without a limit"))
    return found


def _largest_cause(figures: dict[str, Any]) -> str:
    """What most of the overage comes from."""
    sizes = {cause.label: figures[f"overage_{cause.key}_bytes"] for cause in CAUSES}
    label = max(sizes, key=lambda name: sizes[name])
    whole = sum(sizes.values())
    return f"{words.rough_share(sizes[label] / whole)} of it {label}" if whole else ""


# ---- the picture -----------------------------------------------------------------------------------------------------


def _pictured(name: str, of: Curve, turned: Tables, study: LimitStudy) -> dict[str, Any]:
    svg = drawn(of.svg, prefix=name, label=_alt(study))
    return {"name": name, "svg": marked(svg, name, turned.now_mark(name), of.top, of.bottom)}


def _alt(study: LimitStudy) -> str:
    verdict, here = study.verdict, middle(study)
    last = len(verdict.limits) - 1
    told = [
        f"{phrases.limit(verdict, place)} blocks {phrases.blocked(verdict, place)} and costs"
        f" {phrases.mean(verdict, place, 'cost')}"
        for place in sorted({0, here, last})
    ]
    return (
        f"Two line charts over the data limit: blocked share and cost. {'; '.join(told)}. All are in the table below."
    )


def _caption(study: LimitStudy) -> str:
    verdict = study.verdict
    sure = phrases.percent(verdict.confidence)
    together = "for all limits at once" if isinstance(verdict.rule, OutageCost) else "limit by limit"
    text = f"Bars are {sure} intervals, {together}; where none shows it is narrower than the point."
    if isinstance(verdict.rule, Budget):
        text = f"Bars are {sure} intervals of the share, and bounds of the quantile that hold for all limits at once."
    if study.choice.replications < 2:
        text = "One replication has no interval."
    return f"{text} An axis may grow by tens, with 0 on it. The dotted line is the limit that the slider is at."


def _rows(verdict: Verdict, here: int) -> Iterator[tuple[str, str, str]]:
    """Rows that change with the slider: label, name of the text, name of the bar."""
    figures = verdict.figures
    yield "Normal SIM-periods blocked", "share", ""
    if any(figures["blocked_hours"]):
        yield "Hours that normal SIMs are blocked, together", "hours", ""
    if any(figures["undelivered_bytes"]):
        yield "Undelivered data of normal SIMs", "undelivered", ""
    yield f"Mean cost in {phrases.horizon(verdict)}", "cost", ""
    if isinstance(verdict.rule, OutageCost):
        yield "Mean cost with outage", "objective", ""
    if isinstance(verdict.rule, Budget):
        yield f"{phrases.percent(float(verdict.rule.quantile))} quantile of cost", "quantile", ""
    if len(verdict.limits) > 1:
        with_outage = " with outage" if say.goes_by_outage(verdict) else ""
        yield f"Cost{with_outage} against {phrases.limit(verdict, here)}", "against", ""
    if any(figures["overage_bytes"]):
        yield "Overage", "overage", ""
        for cause in _causes(verdict):
            yield f"{cause.label}: {cause.because}", f"overage-{cause.key}", f"overage-{cause.key}"


def _causes(verdict: Verdict) -> list[Any]:
    return [cause for cause in CAUSES if any(verdict.figures[f"overage_{cause.key}_bytes"])]


# ---- tables ----------------------------------------------------------------------------------------------------------


def _next_limits(study: LimitStudy) -> dict[str, Any] | None:
    """The recommended limit beside the next smaller and the next larger one, and what these change."""
    verdict, here = study.verdict, study.choice.recommended
    if here is None or len(verdict.limits) < 2:
        return None
    places = [place for place in (here - 1, here, here + 1) if 0 <= place < len(verdict.limits)]
    words_of = {-1: "next smaller", 0: "recommended", 1: "next larger"}
    figures = verdict.figures
    lines: list[tuple[str, list[str]]] = [
        ("Normal SIM-periods blocked", [phrases.blocked(verdict, place) for place in places])
    ]
    if any(figures["blocked_hours"][place] for place in places):
        lines.append(("Hours blocked", [words.number(figures["blocked_hours"][place]) for place in places]))
    if any(figures["undelivered_bytes"][place] for place in places):
        lines.append(("Undelivered", [megabytes(figures["undelivered_bytes"][place]) for place in places]))
    if any(figures["overage_bytes"][place] for place in places):
        lines.append(("Overage", [megabytes(figures["overage_bytes"][place]) for place in places]))
    lines.append((f"Mean cost in {phrases.horizon(verdict)}", [phrases.mean(verdict, p, "cost") for p in places]))
    paired = "Difference, paired"
    if isinstance(verdict.rule, OutageCost):
        lines.append(("Mean cost with outage", [phrases.mean(verdict, place, "objective") for place in places]))
        paired = "Difference with outage, paired, for all limits at once"
    lines.append((paired, ["" if place == here else say.against(verdict, place, here) for place in places]))
    heads = [(phrases.limit(verdict, place), words_of[place - here]) for place in places]
    return {"heads": heads, "lines": lines}


def _shown(study: LimitStudy) -> Sequence[int]:
    count, here = len(study.limit_bytes), middle(study)
    if count <= _MOST_LINES:
        return range(count)
    near = set(range(max(here - _AROUND, 0), min(here + _AROUND + 1, count)))
    return sorted(near | set(range(0, count, -(-count // (_MOST_LINES - len(near))))) | {count - 1})


def _line(study: LimitStudy, place: int) -> dict[str, Any]:
    verdict, choice = study.verdict, study.choice
    figures = verdict.line(place)
    chosen = place == choice.recommended
    could_be = place in choice.could_be and not chosen and not choice.too_few
    causes = [figures[f"overage_{cause.key}_bytes"] for cause in _causes(verdict)]
    return {
        "limit": phrases.limit(verdict, place),
        "chosen": chosen,
        "mark": "recommended" if chosen else "could be the answer" if could_be else "",
        "share": phrases.blocked(verdict, place),
        "hours": words.number(figures["blocked_hours"]),
        "cost": phrases.mean(verdict, place, "cost"),
        "objective": phrases.mean(verdict, place, "objective") if isinstance(verdict.rule, OutageCost) else "",
        "overage": [words.number(size / 1e6) for size in ([figures["overage_bytes"], *causes] if causes else [])],
    }


# ---- where it comes from ---------------------------------------------------------------------------------------------


def _assumptions(study: LimitStudy) -> list[tuple[str, str]]:
    fleet = words.plain(study.fleet)
    own = [
        ("Service", f"counts the normal devices of fleet {fleet} in whole billing periods"),
        ("Money", f"counts all devices of fleet {fleet}, over {phrases.horizon(study.verdict)}"),
        ("The limits", f"each takes the place of fleet {fleet}'s own limit below; what the timeline sets later stays"),
        ("Intervals", "say where the mean over fleets like this one lies, not what the next month of yours brings"),
    ]
    return [*own, *assumptions_of(study.scenario)]


def _provenance(study: LimitStudy) -> list[tuple[str, str]]:
    used = study.verdict.replications
    numbers = f"replications {used[0]:,} to {used[-1]:,} to choose from"
    if study.fresh is not None:
        fresh = study.fresh.replications
        numbers += f", {fresh[0]:,} to {fresh[-1]:,} to look at the choice again"
    return origin(study.provenance, numbers)


def _commands(study: LimitStudy) -> list[tuple[str, str, str]]:
    rule = study.verdict.rule.written()
    asked = ["--fleet", study.fleet, "--limits", limits_argument(study.limit_bytes), f"--{rule['name']}", rule["asked"]]
    sure = [] if study.verdict.confidence == 0.95 else ["--confidence", f"{study.verdict.confidence:g}"]
    beside = ", with the scenario.yaml beside this page"
    here = phrases.limit(study.verdict, middle(study))
    limit = here.replace(" ", "")
    one = ["--set", f"fleets.{study.fleet}.data_limit={limit}", "--out", f"at-{limit}"]
    return [
        ("To run it again", command("choose-limit", "scenario.yaml", *asked, *sure, "--out", "again"), beside),
        (
            f"Who is blocked when, at {phrases.limit(study.verdict, middle(study))}",
            command("run", "scenario.yaml", *one),
            beside,
        ),
    ]
