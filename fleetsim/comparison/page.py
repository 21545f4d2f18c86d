"""The page of a comparison: the answer, the paired differences, what was changed, and a slider over how sure to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from fleetsim.comparison import phrases
from fleetsim.comparison.compare import Comparison
from fleetsim.comparison.differences import Row
from fleetsim.comparison.picture import differences_svg, panels
from fleetsim.comparison.terminal import NOT_SHOWN, is_open
from fleetsim.report import words
from fleetsim.report.assumptions import assumptions_of
from fleetsim.report.commands import command
from fleetsim.report.drawing import WIDTHS
from fleetsim.report.origin import origin
from fleetsim.report.page import drawn, page
from fleetsim.report.sliders import LEVELS, Slider, Tables
from fleetsim.scenario import Scenario, load, resolved

_BY_CONFIDENCE: Final = ("interval", "verdict", "needed")
"""Columns of a table that change with the confidence."""
_MOST_CHANGES: Final = 40
_NO_CHANGE: Final = ("name", "description", "seed", "replications")
"""Keys of a scenario that change no row of a comparison."""


def read_scenarios(comparison: Comparison, folder: Path) -> list[Scenario]:
    """The scenarios that a comparison left in its folder.

    Raises
    ------
    BadInput
        One of them cannot be read.
    """
    return [load(folder / f"scenario-{number}.yaml") for number in range(1, len(comparison.names) + 1)]


def render(comparison: Comparison, scenarios: Sequence[Scenario]) -> str:
    """The page of a comparison as HTML.

    Parameters
    ----------
    scenarios
        That were compared, in the order of their names.
    """
    made_of, names = comparison.provenance, [words.plain(name) for name in comparison.names]
    n, sure = int(made_of["replications"]), phrases.percent(made_of["confidence"])
    levels, at_level = _levels(comparison)
    tables = _tables(comparison, levels, at_level)
    shown, changes = panels(comparison), list(_changes(scenarios))
    return page(
        "comparison.html.j2",
        {
            "names": names,
            "question": _question(names),
            "facts": f"{comparison.horizon} each, {phrases.replications(n)}, on the same random numbers",
            "sentences": comparison.sentences,
            "few": "There was one replication, so nothing can be told apart; --replications 20 gives intervals."
            if n == 1
            else "",
            "pictures": [
                (name, drawn(differences_svg(comparison, width), prefix=name, label=_alt(comparison, shown)))
                for name, width in (WIDTHS if shown else {}).items()
            ],
            "sure": words.unbroken(sure),
            "n": n,
            "comparisons": comparison.found.comparisons,
            "blocks": [_block(comparison, place) for place in range(1, len(names))] if comparison.found.rows else [],
            "open": list(_open(comparison)),
            "same": ", ".join(_label(name) for name in comparison.same),
            "changes": changes[:_MOST_CHANGES],
            "more_changes": max(len(changes) - _MOST_CHANGES, 0),
            "assumptions": _assumptions(names, scenarios),
            "provenance": origin(made_of, f"replications 0 to {n - 1:,} of each"),
            "commands": [_again(comparison)],
        },
        tables if len(levels) > 1 and comparison.found.rows else None,
    )


def _question(names: Sequence[str]) -> str:
    if len(names) == 2:
        return f"What would {names[1]} change against {names[0]}?"
    return f"What would each of {words.listed(names[1:])} change against {names[0]}?"


def _levels(comparison: Comparison) -> tuple[list[float], list[Comparison]]:
    """Confidences for a slider, and the comparison at each."""
    asked = float(comparison.provenance["confidence"])
    levels = sorted({*LEVELS, asked}) if comparison.provenance["replications"] > 1 else [asked]
    return levels, [
        comparison
        if level == asked
        else Comparison(comparison.names, comparison.sums, comparison.provenance | {"confidence": level})
        for level in levels
    ]


def _tables(comparison: Comparison, levels: Sequence[float], at_level: Sequence[Comparison]) -> Tables:
    where = levels.index(float(comparison.provenance["confidence"]))
    tables = Tables({"confidence": Slider("How sure", tuple(map(phrases.percent, levels)), where)})
    by = ("confidence",)
    for place in range(1, len(comparison.names)):
        tables.text(f"answer-{place}", by, [each.sentences[place - 1] for each in at_level])
        for i, row in enumerate(comparison.found.rows):
            if row.metric.of not in NOT_SHOWN:
                decimals = phrases.of_row(row, place)[2]  # at the confidence asked for, as the cells beside it
                cells = [_cells(each.found.rows[i], place, decimals) for each in at_level]
                for name, texts in zip(_BY_CONFIDENCE, zip(*cells, strict=True), strict=True):
                    tables.text(f"{name}-{place}-{i}", by, texts)
    return tables


def _cells(row: Row, place: int, decimals: int | None) -> tuple[str, str, str]:
    """The interval of a difference, what can be said by it, and how many replications would tell more."""
    found = row.differences[place - 1]
    interval = phrases.difference(row.metric, found, decimals)[1]
    if phrases.is_same(found):
        return interval, "the same", ""
    if found.low is None:
        return "", "", ""
    if not is_open(row, place):
        return interval, "less" if found.value < 0 else "more", ""
    return interval, "open", f"{found.replications_needed:,}" if found.replications_needed else ""


def _block(comparison: Comparison, place: int) -> dict[str, Any]:
    """The table of one scenario against the first."""
    made_of = comparison.provenance
    lines = []
    for i, row in enumerate(comparison.found.rows):
        if row.metric.of in NOT_SHOWN:
            continue
        *of_means, of_difference = phrases.of_row(row, place)
        means = [phrases.mean(row.metric, *row.means[at], each) for at, each in zip((0, place), of_means, strict=True)]
        lines.append(
            {
                "key": f"{place}-{i}",
                "label": phrases.label(row.metric, made_of["currency"]),
                "cells": [*means, phrases.difference(row.metric, row.differences[place - 1], of_difference)[0]],
                "said": list(zip(_BY_CONFIDENCE, _cells(row, place, of_difference), strict=True)),
            }
        )
    return {"name": words.plain(comparison.names[place]), "place": place, "lines": lines}


def _open(comparison: Comparison) -> Iterator[tuple[str, str]]:
    """What cannot be told apart of each scenario, with the replications that would tell."""
    made_of = comparison.provenance
    for place, name in enumerate(comparison.names[1:], start=1):
        found = []
        for row in comparison.found.rows:
            if row.metric.of in NOT_SHOWN or not is_open(row, place) or made_of["replications"] < 2:
                continue
            needed = row.differences[place - 1].replications_needed
            label = phrases.label(row.metric, made_of["currency"]).replace(",", "")
            found.append(label + (f" (about {needed:,})" if needed else ""))
        if found:
            yield words.plain(name), words.listed(found)


def _label(name: str) -> str:
    return name.replace("_", " ")


def _alt(comparison: Comparison, shown: Sequence[Row]) -> str:
    told = ", ".join(phrases.label(row.metric, comparison.provenance["currency"]) for row in shown)
    return f"Points with intervals: difference of each scenario to the first in {told}. {comparison.answer}"


# ---- what was changed ------------------------------------------------------------------------------------------------


def _changes(scenarios: Sequence[Scenario]) -> Iterator[tuple[str, list[str]]]:
    """Yield each key whose value is not the same in all scenarios, with its values."""
    flat = [dict(_flat(resolved(scenario))) for scenario in scenarios]
    for key in dict.fromkeys(key for each in flat for key in each):
        values = [each.get(key, "") for each in flat]
        if len(set(values)) > 1 and key not in _NO_CHANGE:
            yield words.plain(key), [words.plain(value) or "(none)" for value in values]


def _flat(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        yield path, "" if value is None else str(value)
        return
    for key, inner in items:
        yield from _flat(inner, f"{path}.{key}" if path else str(key))


# ---- where it comes from ---------------------------------------------------------------------------------------------


def _assumptions(names: Sequence[str], scenarios: Sequence[Scenario]) -> list[tuple[str, str]]:
    own = [
        ("Random numbers", "each replication draws the same traffic in all scenarios, so that differences are theirs"),
        ("Intervals", "say where the mean over fleets like these lies, not what the next month of yours brings"),
        ("What follows", f"is said of {names[0]}; what the others have instead stands above"),
    ]
    return [*own, *assumptions_of(scenarios[0])]


def _again(comparison: Comparison) -> tuple[str, str, str]:
    files = [f"scenario-{number}.yaml" for number in range(1, len(comparison.names) + 1)]
    asked = float(comparison.provenance["confidence"])
    sure = [] if asked == 0.95 else ["--confidence", f"{asked:g}"]
    return "To run it again", command("compare", *files, *sure, "--out", "again"), ", with the files beside this page"
