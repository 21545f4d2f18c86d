"""The page of a run: its answer, its pictures, its tables, and where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fleetsim.report import words
from fleetsim.report.answer import answer
from fleetsim.report.assumptions import assumptions
from fleetsim.report.causes import CAUSES
from fleetsim.report.commands import command, other_limits
from fleetsim.report.origin import origin
from fleetsim.report.page import drawn, page
from fleetsim.report.pictures import Picture, pictures
from fleetsim.report.source import Result, Summary, confidence, replications, start_and_end, total
from fleetsim.report.table import blocks, columns, heading

_COLUMNS = 4  # of the table: two fleets with both roles, on a sheet of paper


def render(result: Result, made: Sequence[Picture] | None = None) -> str:
    """The report of a run as one HTML page: no script, nothing fetched, every name escaped.

    Parameters
    ----------
    made
        Of :func:`fleetsim.report.pictures.pictures`; ``None``: those without a story.
    """
    return page("run.html.j2", _page(result, pictures(result) if made is None else made))


def _page(result: Result, made: Sequence[Picture]) -> dict[str, Any]:
    manifest = result.manifest
    start, end = start_and_end(result)
    return {
        "name": words.plain(str(manifest["name"])),
        "description": words.plain(" ".join(str(manifest.get("description") or "").split())),
        "sims": f"{int(manifest['sims']):,}",
        "length": words.horizon(start, end),
        "start": words.instant(start),
        "end": words.instant(end),
        "replications": replications(result),
        "answer": answer(result),
        "stopped": str(manifest.get("until_precision", {}).get("why", "")),
        "pictures": [_pictured(picture) for picture in made if picture.caption],
        "bill": _bill(result),
        "table_heading": heading(columns(result)),
        "blocks": list(blocks(result, _COLUMNS)),
        "currency": words.plain(str(manifest["currency"])),
        "confidence": words.share(confidence(result)),
        "assumptions": assumptions(result),
        "next_limits": other_limits(result),
        "provenance": origin(
            manifest,
            f"replications 0 to {replications(result) - 1}",
            f"{total(result.replications, 'sim_periods'):,} SIM-periods",
        ),
        "commands": [("To run it again", _again(result), ", with the scenario.yaml beside this page")],
    }


def _pictured(picture: Picture) -> dict[str, Any]:
    svg = drawn(picture.svg(), prefix=picture.key, label=picture.alt) if picture.draw is not None else None
    texts = {name: getattr(picture, name) for name in ("key", "heading", "caption", "notes")}
    return texts | {"svg": svg}


def _bill(result: Result) -> list[dict[str, Any]]:
    """What the fleet pays per run, part by part; parts that are nothing are left out."""
    summary = Summary(result)
    whole = summary.get("cost")
    parts = [("Fees", "fee", 0), ("Usage", "usage_cost", 0), ("of it beyond the limit", "overage_cost", 1)]
    parts += [(f"{cause.label}: {cause.because}", f"overage_cost_{cause.key}", 2) for cause in CAUSES]
    lines = []
    for label, metric, depth in [*parts, ("In all", "cost", 0)]:
        estimate = summary.get(metric)
        if estimate is None or estimate.value == 0:
            continue
        bounds = estimate.interval
        low, high = (words.amount(bound) for bound in bounds) if bounds else ("", "")
        lines.append(
            {
                "label": label,
                "depth": depth,
                "value": words.amount(estimate.value),
                "interval": f"{low} to {high}" if low != high else "too narrow to show" if bounds else "no spread seen",
                "share": words.share(estimate.value / whole.value, 2) if whole and whole.value else "",
            }
        )
    return lines


def _again(result: Result) -> str:
    """The command that leaves the same tables."""
    usual = {"records": "none", "keep": "rows"}
    asked = {name: str(result.manifest.get(name, usual[name])) for name in usual}
    options = [part for name in usual if asked[name] != usual[name] for part in (f"--{name}", asked[name])]
    return command("run", "scenario.yaml", "--out", "again", *options)
