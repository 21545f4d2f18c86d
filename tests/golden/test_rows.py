"""The rows of the shipped scenarios stay what they are, however they are simulated.

Where a change of them is meant: ``python -m tests.golden.update``.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import fleetsim
from tests.golden.rows import REPLICATIONS, SCENARIOS, SIMS, digest, stored

EACH = pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
# Without features of its own a processor's name stands for those of its kind; numba takes the host's where none are told.
PROCESSORS = {
    "sse2": {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": ""},
    "avx2": {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": ""},
    "this one": {},
}


def test_every_shipped_scenario_is_stored():
    assert list(stored()) == [path.stem for path in SCENARIOS]


@EACH
def test_rows_are_those_that_are_stored(path: Path) -> None:
    scenario = fleetsim.load(path)
    assert [digest(scenario, number) for number in REPLICATIONS] == stored()[path.stem]


@EACH
@pytest.mark.parametrize("size", [SIMS, 16, 7])
@pytest.mark.parametrize("threads", [1, 2])
def test_rows_are_the_same_however_they_are_cut_and_on_any_number_of_threads(
    path: Path, size: int, threads: int
) -> None:
    with ThreadPoolExecutor(threads) as executor:
        assert digest(fleetsim.load(path), 1, size, executor.map) == stored()[path.stem][1]


def test_another_replication_has_another_digest():
    assert all(len(set(each)) == len(REPLICATIONS) for each in stored().values())


@pytest.mark.verify
@pytest.mark.timeout(0)
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the names are those of x86-64 processors")
@pytest.mark.parametrize("processor", PROCESSORS)
def test_rows_are_the_same_when_compiled_for_another_processor(processor: str, tmp_path: Path) -> None:
    environment = os.environ | PROCESSORS[processor] | {"NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.golden.rows"],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert list(tmp_path.rglob("*.nbc")), "nothing was compiled"
    assert json.loads(done.stdout) == stored()
