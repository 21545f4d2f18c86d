"""What the scenario language has and this version does not simulate: answered, never silently ignored.

Delete a line when its feature arrives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NOT_YET: Final = "not supported yet"

#: Keys, by the name of the model that would take them.
KEYS: Final[Mapping[str, frozenset[str]]] = {
    "DeviceGroup": frozenset({"network", "rate_spread", "monthly_use", "initial"}),
    "LimitChange": frozenset({"sims", "status", "count", "to"}),
    "Once": frozenset({"shape"}),
    "Poisson": frozenset({"profile"}),
    "Tariff": frozenset({"networks"}),
    "TrafficItem": frozenset({"throughput"}),
}

#: Values, by the key that would take them.
_VALUES: Final[Mapping[str, frozenset[str]]] = {
    "distribution": frozenset({"empirical"}),
    "process": frozenset({"on-off"}),
    "status": frozenset({"ready"}),
}

#: Keys of which only one text is supported: that one is read, and all others are for later.
_ONLY_ONE: Final = frozenset({"timezone"})


def is_later(key: str, value: str) -> bool:
    """Say whether the language has this value of a key, and this version does not."""
    return key in _ONLY_ONE or value in _VALUES.get(key, ())
