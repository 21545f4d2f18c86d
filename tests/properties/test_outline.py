"""`validate` has an answer for every scenario, and its shares are shares."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

import fleetsim
from fleetsim.experiments.outline import outline
from fleetsim.experiments.outlook import Outlook
from fleetsim.scenario import Scenario
from fleetsim.scenario.fleet import groups
from tests.oracle.case import Case
from tests.oracle.lifecycle import lifecycle_cases
from tests.oracle.to_yaml import write
from tests.properties.scenarios import documents, scenario

briefly = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


def assert_answered(scenario: Scenario) -> None:
    lines = outline(scenario)
    assert all(line.isprintable() for line in lines)
    assert not re.search(r"\b(nan|inf|None)\b|e-\d", "\n".join(line for line in lines if "UTC" not in line))
    for group in groups(scenario):
        outlook = Outlook(scenario, group)
        if outlook.whole is None:
            continue
        found = outlook.crossing
        assert 0 <= found.share <= 1 + 1e-9
        assert found.sims <= group.devices.count + 1e-6
        if found.half_ms is not None:
            assert outlook.whole.begin_ms.min() <= found.half_ms <= outlook.whole.end_ms.max()
        assert outlook.peak[0] < outlook.peak[1]


@briefly
@given(documents())
def test_any_scenario_has_an_outline(document: dict[str, Any]) -> None:
    assert_answered(scenario(document))


@briefly
@given(lifecycle_cases())
def test_any_life_of_a_sim_has_an_outline(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert_answered(fleetsim.load(write(case, Path(folder))))
