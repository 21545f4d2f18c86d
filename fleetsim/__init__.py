"""fleetsim tells the owner of a cellular IoT fleet what a data limit really does.

>>> import fleetsim
>>> scenario = fleetsim.load("scenarios/smart-meters.yaml")  # doctest: +SKIP
>>> result = fleetsim.run(scenario, replications=5)  # doctest: +SKIP
>>> result.sim_periods  # doctest: +SKIP

The names below are imported when they are first used, so that importing the package is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fleetsim.version import __version__

if TYPE_CHECKING:
    from fleetsim.api import choose_limit, load, reprice, run
    from fleetsim.choice.study import LimitStudy
    from fleetsim.comparing import compare, sweep
    from fleetsim.comparison.compare import Comparison
    from fleetsim.comparison.sweep import Sweep
    from fleetsim.errors import BadInput, FunctionFailed, Mistake
    from fleetsim.results import Result
    from fleetsim.scenario import Scenario
    from fleetsim.scenario.functions import ArrivalFunction, SimFacts, SizeFunction

_HOMES = {
    "choose_limit": "fleetsim.api",
    "compare": "fleetsim.comparing",
    "load": "fleetsim.api",
    "reprice": "fleetsim.api",
    "run": "fleetsim.api",
    "sweep": "fleetsim.comparing",
    "ArrivalFunction": "fleetsim.scenario.functions",
    "BadInput": "fleetsim.errors",
    "Comparison": "fleetsim.comparison.compare",
    "FunctionFailed": "fleetsim.errors",
    "LimitStudy": "fleetsim.choice.study",
    "Mistake": "fleetsim.errors",
    "Result": "fleetsim.results",
    "Scenario": "fleetsim.scenario",
    "SimFacts": "fleetsim.scenario.functions",
    "SizeFunction": "fleetsim.scenario.functions",
    "Sweep": "fleetsim.comparison.sweep",
}

__all__ = [
    "ArrivalFunction",
    "BadInput",
    "Comparison",
    "FunctionFailed",
    "LimitStudy",
    "Mistake",
    "Result",
    "Scenario",
    "SimFacts",
    "SizeFunction",
    "Sweep",
    "__version__",
    "choose_limit",
    "compare",
    "load",
    "reprice",
    "run",
    "sweep",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'fleetsim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
