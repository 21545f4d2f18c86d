"""Every table that a test makes is checked for what holds of all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from fleetsim.experiments import replicate
from fleetsim.tables.invariants import check

# The same cases in every run; long studies (`make verify`) say otherwise.
settings.register_profile("fixed", derandomize=True)
settings.load_profile("fixed")


@pytest.fixture(autouse=True, scope="session")
def invariants_hold() -> Iterator[None]:
    tabulate = replicate.tabulate

    def checked(scenario: Any, replication: int, counted: Any, *more: Any) -> Any:
        for part in counted:
            check(scenario, part)
        return tabulate(scenario, replication, counted, *more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replicate, "tabulate", checked)
        yield
