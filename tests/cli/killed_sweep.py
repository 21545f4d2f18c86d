"""Kill a sweep or a comparison before each change that it makes to its folder, go on, and hold it against an undisturbed one.

A script, for it forks: ``python -m tests.cli.killed_sweep HOW FOLDER EVERY`` with HOW one of `first`, `more` (a finished
sweep gets more replications), `overwrite` (one of other points is replaced) and `compare` (a finished comparison goes on
with another confidence and more replications). It kills before every EVERY-th change, and prints how many kills there were.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import ruamel.yaml  # noqa: F401 - what is imported late is imported before the first fork
import scipy.special  # noqa: F401

import fleetsim
import fleetsim.comparing
import fleetsim.comparison.page
import fleetsim.comparison.simulate
import fleetsim.comparison.sweep_page
import fleetsim.engines.reference
from tests.cli.conftest import content
from tests.cli.killed import SCENARIO, TRACE, dies

OLD: dict[str, dict[str, Any]] = {
    "first": {},
    "more": {"replications": 2},
    "overwrite": {"vary": {"fleets.f.data_limit": "1MB,3MB"}},
    "compare": {"replications": 2, "confidence": 0.9},
}
MADE_AT = ("finished", "wall_seconds")


def said(folder: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The tables, and what the study says but for when it was made."""
    files = {name: file for name, file in content(folder).items() if not name.startswith("parts/")}
    assert files.pop("report.html").endswith(b"</html>\n")  # whole; it says what the study took
    answer = json.loads(files.pop("comparison.json" if "comparison.json" in files else "sweep.json"))
    return files, {name: value for name, value in answer.items() if name not in MADE_AT}


def main(how: str, place: Path, every: int) -> Iterator[int]:
    """Yield the number of each change before which a study was killed and went on well."""
    fleetsim.comparison.simulate.PART_EVERY_S = 0.0  # type: ignore[misc]
    (place / "readings.csv").write_text(TRACE)
    (place / "s.yaml").write_text(SCENARIO)
    (place / "t.yaml").write_text(SCENARIO.replace("data_limit: 1 MB", "data_limit: 2 MB"))

    def study(out: str, **options: Any) -> Callable[[], object]:
        given: dict[str, Any] = {"out": place / out, "workers": 1, "engine": "reference"} | options
        if how == "compare":
            return lambda: fleetsim.compare([place / "s.yaml", place / "t.yaml"], **given)
        return lambda: fleetsim.sweep(place / "s.yaml", **({"vary": {"fleets.f.data_limit": "1MB:2MB:1MB"}} | given))

    dies(study("new"))
    dies(study("old", **OLD[how]))
    new, old = said(place / "new"), said(place / "old")
    resume, overwrite = how != "overwrite", how == "overwrite"
    name = "comparison.json" if how == "compare" else "sweep.json"
    out = place / "out"
    for number in count(1, every):
        shutil.rmtree(out, ignore_errors=True)
        if how != "first":
            shutil.copytree(place / "old", out)
        if not dies(study("out", resume=resume, overwrite=overwrite), before=number):
            return
        if (out / name).exists():
            assert said(out) in (new, old), number  # what looks complete is: the former study, or this one
        assert not dies(study("out", resume=resume, overwrite=overwrite)), number
        assert said(out) == new, number
        assert not (out / "parts").exists(), number
        yield number


if __name__ == "__main__":
    print(len(list(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))))
