"""Commands that a page names: each can be copied into a shell as it stands."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from itertools import pairwise

from fleetsim.report import words
from fleetsim.report.source import Result, has_rows, total
from fleetsim.scenario.quantities import MAX_LIMIT_BYTES
from fleetsim.scenario.schema import Fleet
from fleetsim.units import canonical_bytes

_MB = 1_000_000
_STEPS = 10
"""Limits that a suggestion has at most."""
_ABOVE = 1.25
"""How far it reaches above what devices would use."""


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
            limits = limits_argument(_around(fleet, _wanted_bytes(result, name)))
            asked = ("choose-limit", "scenario.yaml", "--fleet", name, "--limits", limits)
            said = command(*asked, "--max-blocked-share", "0.5%", "--out", f"limit-{name}")
            found.append((words.plain(name), said))
    return found


def _wanted_bytes(result: Result, fleet: str) -> int:
    """What 99 % of the normal devices' periods would use, about: what they used and what was not delivered."""
    return result.overview.wanted_by_normal_bytes(fleet) if has_rows(result) else 0


def _around(fleet: Fleet, wanted_bytes: int) -> Sequence[int]:
    """Limits up to twice the one there is, and to what devices would use and more."""
    top = max(2 * (fleet.data_limit_bytes or _MB), math.ceil(_ABOVE * wanted_bytes))
    power = 10 ** math.floor(math.log10(max(top / _STEPS, 1)))
    step = next(power * digit for digit in (1, 2, 5, 10) if power * digit * _STEPS >= top)
    if not fleet.any_limit:
        step = max(step, _MB)
    return range(step, min(-(-top // step) * step, MAX_LIMIT_BYTES) + 1, step)
