"""A scenario's rows as plain dictionaries, instants in ms since the scenario's start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import plain_rows

Rows = list[dict[str, Any]]


@pytest.fixture
def simulate(tmp_path: Path) -> Callable[..., Rows]:
    """Run a scenario text with the files it names (``trace_csv="..."`` is trace.csv) on the reference engine."""

    def run(yaml_text: str, **files: str) -> Rows:
        import fleetsim

        for name, content in files.items():
            (tmp_path / ".".join(name.rsplit("_", 1))).write_text(content)
        path = tmp_path / "scenario.yaml"
        path.write_text(yaml_text)
        scenario = fleetsim.load(path)
        return plain_rows(fleetsim.run(scenario, engine="reference", workers=1))

    return run


@pytest.fixture
def row(simulate: Callable[..., Rows]) -> Callable[..., dict[str, Any]]:
    """Likewise, for a scenario with one row."""

    def run(yaml_text: str, **files: str) -> dict[str, Any]:
        (only,) = simulate(yaml_text, **files)
        return only

    return run
