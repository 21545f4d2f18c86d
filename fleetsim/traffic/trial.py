"""Functions tried out before anything is simulated, so that a mistake does not show in the middle of a run."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fleetsim.errors import BadInput, Mistake
from fleetsim.scenario.attach import functions_of, not_given
from fleetsim.scenario.digests import digest_of
from fleetsim.scenario.fleet import Group, activations_ms, groups, streams
from fleetsim.scenario.schema import Scenario
from fleetsim.traffic.offer import offer
from fleetsim.traffic.offered import Transfers
from fleetsim.traffic.own import has_function

_FIRST = np.zeros(1, np.int64)


def try_functions(scenario: Scenario) -> None:
    """Call each function for the first SIM of its group in the first replication, twice.

    Raises
    ------
    BadInput
        A function is only named, has changed since it was given, returns what cannot be used, or returns something else
        when it is called again: then results would depend on the order in which SIMs are simulated.
    FunctionFailed
        One raised an exception.
    """
    mistakes = not_given(scenario) or list(_changed(scenario))
    if mistakes:
        raise BadInput(mistakes)
    for group in groups(scenario):
        for name, item in group.devices.traffic.items():
            if has_function(item) and not _alike(*(of_first(scenario, group, name) for _ in range(2))):
                path = f"fleets.{group.fleet}.devices.{group.name}.traffic.{name}"
                what = "its function returns something else when it is called again; expected all chance from `random`"
                raise BadInput(Mistake("functions", None, path, f"{what}, and nothing kept between calls"))


def of_first(scenario: Scenario, group: Group, item: str) -> Transfers:
    """Transfers of the group's first SIM in the first replication."""
    activation = activations_ms(scenario, group, streams(scenario, group, 0, _FIRST))
    offered = offer(scenario, group, item, 0, _FIRST, activation)
    assert isinstance(offered, Transfers)
    return offered


def _changed(scenario: Scenario) -> Iterator[Mistake]:
    for path, function in functions_of(scenario).items():
        assert function.call is not None
        if digest_of(function.call) != function.sha256:
            what = "it has changed since it was given to the scenario, or a value that it uses has; give it again"
            yield Mistake(function.name, None, path, what)


def _alike(one: Transfers, other: Transfers) -> bool:
    names = ("offsets", "time_ms", "upload_bytes", "download_bytes", "duration_ms")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)
