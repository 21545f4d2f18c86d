"""Every table that a test makes is checked for what holds of all of them."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from fleetsim import api
from fleetsim.counted import Counted
from fleetsim.tables import Block, Tabulator
from fleetsim.tables.invariants import check

# The same cases in every run; long studies (`make verify`) say otherwise.
settings.register_profile("fixed", derandomize=True)
settings.load_profile("fixed")


@pytest.fixture(autouse=True, scope="session")
def invariants_hold() -> Iterator[None]:
    class Checked(Tabulator):
        def block(self, replication: int, counted: Counted) -> Block:
            check(self.scenario, counted)
            return super().block(replication, counted)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api, "Tabulator", Checked)
        yield


@pytest.fixture(autouse=True, scope="session")
def interrupts_are_heard() -> None:
    """Shells start jobs in the background with interrupts ignored, and what a test starts would ignore them too."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
