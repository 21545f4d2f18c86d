"""Where a result comes from: what it takes to make it again and get the same rows."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from typing import Any

from fleetsim.scenario import Scenario, scenario_hash
from fleetsim.scenario.attach import functions_of
from fleetsim.version import __version__


def identity(scenario: Scenario) -> dict[str, str | int]:
    """Name what two runs must share for one to go on with the other's replications."""
    return {"seed": scenario.seed, "version": __version__, "scenario_hash": scenario_hash(scenario)}


def provenance(scenario: Scenario, engine: str, wall_seconds: float) -> dict[str, Any]:
    """Describe what was simulated, with what, and what it took.

    Traffic of a user's own functions has them named, each with the digest of what it does.
    """
    found: dict[str, Any] = {**identity(scenario)}
    if functions := functions_of(scenario):
        found["functions"] = {path: function.as_written() for path, function in functions.items()}
    return found | {
        "name": scenario.name,
        "description": scenario.description,
        "engine": engine,
        "sims": scenario.sims,
        "start": _iso(scenario.start),
        "end": _iso(scenario.end),
        "currency": scenario.tariff.currency,
        "python": platform.python_version(),
        "packages": {name: installed_version(name) for name in ("simpy", "numpy", "pandas", "pyarrow")},
        "finished": _iso(datetime.now(UTC).replace(microsecond=0)),
        "wall_seconds": round(wall_seconds, 3),
    }


def _iso(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
