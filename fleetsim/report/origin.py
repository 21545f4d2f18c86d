"""Where a page's figures come from, in pairs of a subject and a text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleetsim.report import words


def origin(made_of: Mapping[str, Any], replications: str, simulated: str = "") -> list[tuple[str, str]]:
    """What it takes to make a result again, and what it took.

    Parameters
    ----------
    made_of
        Of :func:`fleetsim.experiments.provenance.provenance`.
    replications
        Which ones: ``replications 0 to 19``.
    simulated
        What was simulated: ``620,000 SIM-periods``.
    """
    took = f"in {words.lateness(float(made_of['wall_seconds']) * 1000)}"
    found = [
        ("Program", f"fleetsim {made_of['version']}, {made_of['engine']} engine"),
        ("Seed", f"{made_of['seed']}, {replications}"),
        ("Simulated", f"{simulated} {took}".strip()),
    ]
    if functions := made_of.get("functions"):
        named = ", ".join(f"{words.plain(each['name'])} ({words.plain(path)})" for path, each in functions.items())
        found.append(
            ("Functions", f"{named}. No command has these functions of Python: run it again from there, with them")
        )
    if "finished" in made_of:
        found.append(("Finished", str(made_of["finished"])))
    hashes = [made_of["scenario_hash"]] if "scenario_hash" in made_of else made_of.get("scenario_hashes", [])
    label = "Scenario hash" if len(hashes) < 2 else "Scenario hashes"
    return [*found, (label, ", ".join(map(str, hashes)))] if hashes else found
