"""Kill a run before each change that it makes to its folder, go on, and hold what is left against an undisturbed run.

A script, for it forks: ``python -m tests.cli.killed HOW FOLDER EVERY`` with HOW one of `first`, `more` (a finished run
is extended) and `overwrite` (a run of another seed, with other tables, is replaced). It kills before every EVERY-th change, and prints how
many kills there were.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import ruamel.yaml  # noqa: F401 - what is imported late is imported before the first fork
import scipy.stats  # noqa: F401

import fleetsim
import fleetsim.api
import fleetsim.engines.reference
from tests.cli.conftest import content

SCENARIO = """\
start: 2026-01-01T00:00:00Z
duration: 2 days
seed: 3
replications: 3
fleets:
  f:
    data_limit: 1 MB
    devices:
      played: {count: 1, traffic: {readings: {arrivals: {process: trace, file: readings.csv}}}}
      others: {count: 2, traffic: {t: {arrivals: {process: poisson, rate: 9 per day}, upload: 70 kB}}}
"""
TRACE = "time_ms,upload_bytes,download_bytes,duration_ms\n1000,600000,10,0\n90000,700000,0,50\n"
CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate")


def changes(event: str, arguments: tuple[object, ...]) -> bool:
    """Does an audit event announce a change of files?"""
    if event == "open":
        return isinstance(arguments[2], int) and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
    return event in CHANGES


def dies(work: Callable[[], object], before: int | None = None) -> bool:
    """Do the work in a process of its own, which dies before its change number `before`; did it?"""
    child = os.fork()
    if child == 0:
        seen = count(1)

        def watch(event: str, arguments: tuple[object, ...]) -> None:
            if changes(event, arguments) and next(seen) == before:
                os._exit(9)

        sys.addaudithook(watch)
        work()
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9), status
    return status == 9


def rows(folder: Path) -> dict[str, bytes]:
    """The tables, as files: the same rows give the same bytes."""
    return {name: file for name, file in content(folder).items() if name.endswith(".parquet")}


def main(how: str, place: Path, every: int) -> Iterator[int]:
    """Yield the number of each change before which a run was killed and went on well."""
    (place / "readings.csv").write_text(TRACE)
    (place / "s.yaml").write_text(SCENARIO)

    def run(out: str, **options: object) -> Callable[[], object]:
        given = {"records": "traffic", "report": False, "workers": 1} | options
        return lambda: fleetsim.run(place / "s.yaml", out=place / out, **given)  # type: ignore[arg-type]

    dies(run("new"))
    dies(
        run(
            "old",
            **{"more": {"replications": 2}, "overwrite": {"seed": 4, "records": "none", "keep": "sums"}}.get(how, {}),
        )
    )
    new, old = rows(place / "new"), rows(place / "old")
    resume, overwrite = how != "overwrite", how == "overwrite"
    out = place / "out"
    for number in count(1, every):
        shutil.rmtree(out, ignore_errors=True)
        if how != "first":
            shutil.copytree(place / "old", out)
        if not dies(run("out", resume=resume, overwrite=overwrite), before=number):
            return
        if (out / "manifest.json").exists():
            # What looks complete is: the former result, or the one that was asked for.
            complete = {name: file for name, file in rows(out).items() if not name.startswith("parts/")}
            assert complete in (new, old), number
            assert not dies(lambda: fleetsim.Result.read(out).summary())

        def go_on() -> None:
            finished = []
            kept = max(len(list(out.glob("parts/[0-9]*"))), 2 if how == "more" else 0)
            run("out", resume=resume, overwrite=overwrite, progress=lambda _, done: finished.append(done) or str)()
            assert overwrite or finished in ([], [3 * kept]), f"{finished} of {3 * kept} SIMs were kept"

        assert not dies(go_on), number
        assert rows(out) == new, number
        left = {name for name in content(out) if not name.startswith("inputs/")}
        assert left == {"scenario.yaml", "manifest.json", "summary.json", *new}, (number, left)
        yield number


if __name__ == "__main__":
    print(len(list(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))))
