"""Kill a choice of a limit before each change that it makes to its folder, go on, and hold it against an undisturbed one.

A script, for it forks: ``python -m tests.cli.killed_choice HOW FOLDER EVERY`` with HOW one of `first`, `rule` (a finished
choice goes on under another rule, with more replications) and `overwrite` (one of other limits is replaced). It kills
before every EVERY-th change, and prints how many kills there were.
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
import fleetsim.choice.choose
import fleetsim.choice.page
import fleetsim.choice.question
import fleetsim.engines.reference
from tests.cli.conftest import content
from tests.cli.killed import SCENARIO, TRACE, dies

OLD: dict[str, dict[str, Any]] = {
    "first": {},
    "rule": {"max_blocked_share": None, "outage_cost": "1 per day", "replications": 2},
    "overwrite": {"limits": "1MB,3MB"},
}
MADE_AT = ("finished", "wall_seconds")


def said(folder: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The tables, and the answer but for when it was given."""
    files = {name: file for name, file in content(folder).items() if not name.startswith("parts/")}
    assert files.pop("report.html").endswith(b"</html>\n")  # whole; it says what the study took
    answer = json.loads(files.pop("choice.json"))
    return files, {name: value for name, value in answer.items() if name not in MADE_AT}


def main(how: str, place: Path, every: int) -> Iterator[int]:
    """Yield the number of each change before which a choice was killed and went on well."""
    fleetsim.choice.choose.PART_EVERY_S = 0.0  # type: ignore[misc]
    (place / "readings.csv").write_text(TRACE)
    text = SCENARIO.replace("start:", "platform: {preset: super-sim, billing_period: 1 day}\nstart:")
    (place / "s.yaml").write_text(text)

    def choose(out: str, **options: Any) -> Callable[[], object]:
        given: dict[str, Any] = {"fleet": "f", "limits": "1MB:2MB:1MB", "max_blocked_share": "40%", "workers": 1}
        given |= {"engine": "reference"} | options
        return lambda: fleetsim.choose_limit(place / "s.yaml", out=place / out, **given)

    dies(choose("new"))
    dies(choose("old", **OLD[how]))
    new, old = said(place / "new"), said(place / "old")
    resume, overwrite = how != "overwrite", how == "overwrite"
    out = place / "out"
    for number in count(1, every):
        shutil.rmtree(out, ignore_errors=True)
        if how != "first":
            shutil.copytree(place / "old", out)
        if not dies(choose("out", resume=resume, overwrite=overwrite), before=number):
            return
        if (out / "choice.json").exists():
            assert said(out) in (new, old), number  # what looks complete is: the former choice, or this one
        assert not dies(choose("out", resume=resume, overwrite=overwrite)), number
        assert said(out) == new, number
        assert not (out / "parts").exists(), number
        yield number


if __name__ == "__main__":
    print(len(list(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))))
