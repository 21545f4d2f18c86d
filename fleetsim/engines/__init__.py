"""Engines: each simulates SIMs of a scenario, and all give the same rows."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from fleetsim.engines.base import Engine
from fleetsim.scenario.fleet import groups
from fleetsim.scenario.schema import Continuous, Once, OwnArrivals, Scenario, Trace
from fleetsim.traffic.trial import of_first

NAMES = ("auto", "reference", "compiled")
"""What can be asked for; ``auto`` takes the engine that is fastest for the scenario."""

COMPILING_S = 15.0
"""What it takes to compile, about; once, for the code is kept."""
LOADING_S = 1.0
"""What it takes to load code that was compiled before, about."""
REFERENCE_TRANSFERS_PER_S = 15_000.0


def resolve(name: str, scenario: Scenario, replications: int) -> str:
    """Name of the engine that runs where `name` is asked for; ``auto`` waits for no compiler that does not pay."""
    if name != "auto":
        return name
    if find_spec("numba") is None:
        return "reference"
    from fleetsim.engines.compiled.code import is_compiled

    reference_s = replications * transfers(scenario) / REFERENCE_TRANSFERS_PER_S
    return "compiled" if reference_s > 2 * (LOADING_S if is_compiled() else COMPILING_S) else "reference"


def transfers(scenario: Scenario) -> float:
    """About how many transfers and other events a replication has."""
    total = 0.0
    for group in groups(scenario):
        each = 30.0  # what a life costs without any
        for name, item in group.devices.traffic.items():
            if isinstance(item.arrivals, OwnArrivals):
                each += of_first(scenario, group, name).time_ms.size
            elif not isinstance(item.arrivals, Once | Continuous | Trace):
                each += float(item.arrivals.mean_per_day) * scenario.horizon_ms / 86_400_000
        total += group.devices.count * each
    return total


def engine_named(name: str) -> Engine:
    """Return an engine; it is imported only now, for neither SimPy nor numba is needed to read a result."""
    if name == "compiled":
        from fleetsim.engines.compiled.engine import CompiledEngine

        return CompiledEngine()
    from fleetsim.engines.reference import ReferenceEngine

    return ReferenceEngine()


def make_ready(name: str) -> None:
    """Compile what an engine needs, once and before there are other processes, and say on stderr what takes so long."""
    if name == "compiled":
        from fleetsim.engines.compiled.code import is_compiled
        from fleetsim.engines.compiled.engine import CompiledEngine

        if not is_compiled():
            print(f"fleetsim: compiling the engine, once: about {COMPILING_S:.0f} s", file=sys.stderr, flush=True)
        CompiledEngine().compile()
