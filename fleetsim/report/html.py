"""The page: one file that needs nothing else, for screens, paper and screen readers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fleetsim.report import words
from fleetsim.report.answer import answer
from fleetsim.report.assumptions import assumptions
from fleetsim.report.causes import CAUSES
from fleetsim.report.pictures import Picture, pictures
from fleetsim.report.source import Result, Summary, confidence, replications, start_and_end, total
from fleetsim.report.svg import inline
from fleetsim.report.table import blocks, columns, heading

_COLUMNS = 4  # of the table: two fleets with both roles, on a sheet of paper


def render(result: Result, made: Sequence[Picture] | None = None) -> str:
    """The report of a run as one HTML page: no script, nothing fetched, every name escaped.

    Parameters
    ----------
    made
        Of :func:`fleetsim.report.pictures.pictures`; ``None``: those without a story.
    """
    environment = Environment(
        loader=PackageLoader("fleetsim.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(plain=words.plain, unbroken=words.unbroken)
    return environment.get_template("report.html.j2").render(_page(result, pictures(result) if made is None else made))


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
        "pictures": [_pictured(picture) for picture in made],
        "bill": _bill(result),
        "table_heading": heading(columns(result)),
        "blocks": list(blocks(result, _COLUMNS)),
        "currency": words.plain(str(manifest["currency"])),
        "confidence": words.share(confidence(result)),
        "assumptions": assumptions(result),
        "options": _options(result),
        "hash": str(manifest["scenario_hash"]),
        "provenance": _provenance(result),
    }


def _pictured(picture: Picture) -> dict[str, Any]:
    drawn = None
    if picture.draw is not None:
        # matplotlib escaped what it wrote, and the label is an attribute that ElementTree escaped.
        drawn = Markup(inline(picture.svg(), prefix=picture.key, label=picture.alt))
    texts = {name: getattr(picture, name) for name in ("key", "heading", "caption", "notes")}
    return texts | {"svg": drawn}


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


def _options(result: Result) -> str:
    """Options, other than the folder, that another run needs to leave the same tables."""
    usual = {"records": "none", "keep": "rows"}
    asked = {name: str(result.manifest.get(name, usual[name])) for name in usual}
    return "".join(f" --{name} {asked[name]}" for name in usual if asked[name] != usual[name])


def _provenance(result: Result) -> list[tuple[str, str]]:
    manifest = result.manifest
    took = words.lateness(float(manifest["wall_seconds"]) * 1000)
    return [
        ("Program", f"fleetsim {manifest['version']}, {manifest['engine']} engine"),
        ("Seed", f"{manifest['seed']}, replications 0 to {replications(result) - 1}"),
        ("Simulated", f"{total(result.replications, 'sim_periods'):,} SIM-periods in {took}"),
    ]
