"""What the page shows as HTML. All that comes from a scenario is escaped here, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from fleetsim.explore.bench import Outcome
from fleetsim.explore.changes import Line
from fleetsim.explore.pictures import Shown
from fleetsim.report import words
from fleetsim.report.answer import answer
from fleetsim.scenario.schema import Scenario


def safe(text: str) -> str:
    """Text for HTML: markup means nothing, and control and direction characters are spelled out."""
    return escape(words.unbroken(words.plain(text)))


def label(text: str) -> str:
    """Text for Markdown, in which labels of knobs are written: every character that could mean something is a number.

    Markdown, HTML and formulas all pass a character reference on as the character that it names.
    """
    return "".join(c if c.isalnum() or c == " " else f"&#{ord(c)};" for c in words.plain(text))


def heading(scenario: Scenario, file: str) -> str:
    """The page's head: what scenario it is."""
    facts = [
        f"{scenario.sims:,} SIMs",
        f"{words.horizon(scenario.start, scenario.end)} from {words.instant(scenario.start)}",
        file,
    ]
    described = safe(" ".join(scenario.description.split()))
    return (
        f'<div class="fs"><h1>{safe(scenario.name)}</h1><p class="lead">{described}</p>'
        f'<p class="facts">{" · ".join(safe(fact) for fact in facts)}</p></div>'
    )


def answered(outcome: Outcome, lines: Sequence[Line]) -> str:
    """The answer in sentences, what was turned, and what that changes."""
    said = answer(outcome.result)
    n = outcome.scenario.replications
    sure = (
        "One replication, so nothing is said of chance."
        if n == 1
        else f"From {n:,} replications, simulated on the same random numbers before and after a turn; intervals are at"
        " 95 %. To be surer, save and run with more."
    )
    details = "".join(f"<li>{safe(sentence)}</li>" for sentence in said.details)
    turned = "".join(f"<li><code>{safe(each)}</code></li>" for each in outcome.turned)
    return (
        '<section class="fs answer" aria-labelledby="answer"><h2 id="answer">The answer</h2>'
        f'<div role="status"><p class="lead">{safe(said.service)}</p><p class="lead">{safe(said.money)}</p></div>'
        f"{_compared(lines, bool(outcome.turned))}"
        + (f'<p class="facts">Turned:</p><ul class="turned">{turned}</ul>' if turned else "")
        + f"<details><summary>More of the answer</summary><ul>{details}</ul></details>"
        f'<p class="facts">{safe(sure)}</p></section>'
    )


def titled(text: str) -> str:
    """A heading of the second rank."""
    return f'<div class="fs"><h2>{safe(text)}</h2></div>'


def picture(shown: Shown, name: str) -> str:
    """A picture with its caption, and what happens in it as a list."""
    drawn = ""
    if shown.svg:
        drawn = (
            f'<div class="drawing" role="region" aria-label="Picture: {safe(shown.heading)}" tabindex="0">'
            f"{shown.svg}</div>"
            '<p class="hint" aria-hidden="true">The picture is wider than this screen: it scrolls sideways.</p>'
        )
    notes = "".join(
        f'<tr><td>{safe(number)}</td><th scope="row">{safe(when)}</th><td>{safe(text)}</td></tr>'
        for number, when, text in shown.notes
    )
    table = (
        '<table class="notes"><thead><tr><th scope="col">No.</th><th scope="col">Time (UTC)</th>'
        f'<th scope="col">What happens</th></tr></thead><tbody>{notes}</tbody></table>'
    )
    return (
        f'<section class="fs picture" aria-labelledby="{name}-is"><h3 id="{name}-is">{safe(shown.heading)}</h3>'
        f'{drawn}<p class="caption">{safe(shown.caption)}</p>{table if notes else ""}</section>'
    )


def waiting(text: str) -> str:
    """What takes a while."""
    return f'<p class="fs waiting" role="status"><span class="turning" aria-hidden="true"></span>{safe(text)}</p>'


def note(text: str) -> str:
    """A sentence where there is nothing to see."""
    return f'<p class="fs facts">{safe(text)}</p>'


def wrong(title: str, mistakes: Sequence[str]) -> str:
    """What is wrong with what was turned or asked."""
    listed = "".join(f"<li>{safe(each)}</li>" for each in mistakes)
    return f'<div class="fs wrong" role="alert"><p>{safe(title)}</p><ul>{listed}</ul></div>'


def saved(path: str, run: str, choose: str) -> str:
    """Where a scenario was saved, and what to do with it."""
    return (
        f'<div class="fs saved" role="status"><p>Saved as <code>{safe(path)}</code>. It runs to the numbers above:</p>'
        f"<pre>{safe(run)}</pre>"
        + (f"<p>And this chooses a limit that can be defended:</p><pre>{safe(choose)}</pre>" if choose else "")
        + "</div>"
    )


def _compared(lines: Sequence[Line], turned: bool) -> str:
    heads = ["Mean of a run", *(["As opened", "Now", "Change, with its interval"] if turned else ["Now"])]
    head = "".join(f'<th scope="col">{each}</th>' for each in heads)
    rows = []
    for line in lines:
        now = f'<td data-metric="{line.name}" data-value="{line.value!r}">{safe(line.now)}</td>'
        before, after = "", ""
        if turned:
            before = f"<td>{safe(line.opened)}</td>"
            after = f"<td>{safe(line.difference)}<br><small>{safe(line.interval)}</small></td>"
        rows.append(f'<tr><th scope="row">{safe(line.label)}</th>{before}{now}{after}</tr>')
    return (
        f'<div class="wide" role="region" aria-label="Figures" tabindex="0"><table class="figures">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
