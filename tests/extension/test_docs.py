"""The page on traffic of your own: its example runs as it stands, and its numbers are those of the program."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import fleetsim
from fleetsim.draws.laws import MAX_SIZE_BYTES
from fleetsim.draws.philox import Purpose
from tests.extension.functions import ITEM, scenario

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")


def test_the_example_runs(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
    assert blocks
    for number, block in enumerate(blocks):
        script = tmp_path / f"example-{number}.py"
        script.write_text(block, encoding="utf-8")
        done = subprocess.run([sys.executable, "-W", "error", script], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip()


def test_numbers_on_the_page_are_the_programs() -> None:
    assert f"{MAX_SIZE_BYTES:,} (1 TiB less a byte)" in PAGE
    purposes = [int(purpose) for purpose in (Purpose.OWN_TIMES, Purpose.OWN_UPLOAD, Purpose.OWN_DOWNLOAD)]
    assert "the purposes {}, {} and {}".format(*purposes) in " ".join(PAGE.split())
    assert {f"sim.{name}" for name in fleetsim.SimFacts._fields} == set(re.findall(r"^\| `(sim\.\w+)` ", PAGE, re.M))


def test_the_mistake_on_the_page_is_one_that_is_said() -> None:
    try:
        fleetsim.run(scenario().with_arrivals(ITEM, lambda random, sim: [1800.5]))
    except fleetsim.BadInput as mistake:
        said = str(mistake).split(": found ")[1]
    assert f"SIM 3 of the group in replication 0: found {said}" in PAGE
