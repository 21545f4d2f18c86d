"""The contract of an engine: a scenario, a replication and a range of SIMs in; what they did, counted, out.

An engine counts bytes, blocks and milliseconds. It knows no prices and no files, and what it returns depends on the
scenario, the seed and the replication only: not on how the SIMs are cut into ranges.
"""

from __future__ import annotations

from typing import Protocol

from fleetsim.counted import Counted, Kept
from fleetsim.scenario.schema import Scenario


class Engine(Protocol):
    """Simulates SIMs `sims` (numbers in the scenario's order) of one replication."""

    name: str

    def simulate(self, scenario: Scenario, replication: int, sims: range, records: Kept = "none") -> Counted:
        """Count what the SIMs do over the horizon; keep their usage records and events where `records` says so."""
        ...
