"""Commands that a page names: each can be copied into a shell as it stands."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from itertools import pairwise

from fleetsim.report import words
from fleetsim.report.source import Result, total
from fleetsim.scenario.quantities import MAX_LIMIT_BYTES
from fleetsim.scenario.schema import Fleet
from fleetsim.units import canonical_bytes

_MB = 1_000_000
_STEPS = 5
"""Steps that a suggestion makes up to the limit there is."""


def command(*parts: str) -> str:
    """A command line, quoted where a shell would read more than a word."""
    return words.plain(shlex.join(["fleetsim", *parts]))


def limits_argument(limits: Sequence[int]) -> str:
    """``1MB:20MB:1MB``, or ``2MB,5MB``: limits as ``--limits`` takes them."""
    texts = [canonical_bytes(limit).replace(" ", "") for limit in limits]
    steps = {later - earlier for earlier, later in pairwise(limits)}
    if len(limits) > 2 and len(steps) == 1:
        return f"{texts[0]}:{texts[-1]}:{canonical_bytes(steps.pop()).replace(' ', '')}"
    return ",".join(texts)


def other_limits(result: Result) -> list[tuple[str, str]]:
    """Fleets whose limit could be chosen, each with the command that does it."""
    found = []
    for name, fleet in result.scenario.fleets.items():
        if fleet.data_limit_bytes and total(
            result.replications, "complete_sim_periods", fleet=name, role="normal"
        ):  # service counts normal devices in whole periods
            asked = ("choose-limit", "scenario.yaml", "--fleet", name, "--limits", limits_argument(_around(fleet)))
            said = command(*asked, "--max-blocked-share", "0.5%", "--out", "limit")
            found.append((words.plain(name), said))
    return found


def _around(fleet: Fleet) -> Sequence[int]:
    """Limits up to twice the one there is."""
    limit = fleet.data_limit_bytes or _MB
    power = 10 ** math.floor(math.log10(max(limit / _STEPS, 1)))
    step = next(power * digit for digit in (1, 2, 5, 10) if power * digit * _STEPS >= limit)
    if not fleet.any_limit:
        step = max(step, _MB)
    return range(step, min(-(-2 * limit // step) * step, MAX_LIMIT_BYTES) + 1, step)
