"""Each side of the comparison as a program of its own, so that whoever starts it knows what all of it took.

``python -m benchmarks.sides SIDE MODEL SIMS [PAIRS]`` prints one line of JSON: the system's clock when the first run
was done; what further runs take, now that everything is imported, compiled and built, in pairs of one over two SIMs and
one over all of them; and what a SIM did in the mean.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import fmean, median
from typing import Final, NamedTuple

from benchmarks.models import DAYS, MEDIAN_BYTES, MODELS, MS_PER_DAY, SIGMA, Model

AT_LEAST = 2
"""SIMs of the run that stands for what does not depend on their number."""


class Means(NamedTuple):
    """What a SIM did in the mean."""

    offered_mb: float
    used_mb: float
    blocked_share: float


Run = Callable[[Model, int], Means | None]


def plain_simpy(model: Model, sims: int) -> Means:
    """Run the SimPy script."""
    from benchmarks.plain_simpy import general_sim_month, sim_month

    month = general_sim_month if model.general else sim_month
    done = [month(f"{i}", model.rate, model.limit_bytes, DAYS) for i in range(sims)]
    return Means(
        fmean(u.offered for u in done) / 1e6,
        fmean(u.used for u in done) / 1e6,
        fmean(u.blocked_at is not None for u in done),
    )


def fleetsim(model: Model, sims: int, engine: str, workers: int, keep: str, report: bool) -> Means:
    """Run what ``fleetsim run`` runs."""
    from fleetsim import cli

    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere:
        path, out = Path(folder) / "scenario.yaml", Path(folder) / "out"
        path.write_text(model.scenario)
        command = ["run", str(path), "--out", str(out), "--set", f"fleets.fleet.devices.device.count={sims}"]
        command += ["--engine", engine, "--workers", str(workers), "--keep", keep]
        with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
            status = cli.main(command if report else [*command, "--no-report"])
        if status != 0:
            raise RuntimeError(f"exit status {status} of fleetsim {' '.join(command)}")
        summary = json.loads((out / "summary.json").read_text())
    wanted = {"role": "all", "fleet": "all", "over": "replications", "statistic": "mean"}
    mean = {row["metric"]: row["value"] for row in summary if wanted.items() <= row.items()}
    return Means(mean["offered_bytes"] / sims / 1e6, mean["used_bytes"] / sims / 1e6, mean["blocked_sim_periods_share"])


def cimba(model: Model, sims: int, name: str, workers: int) -> Means:
    """Run a model of cimba's, a trial a SIM."""
    import cimba as cb
    import numpy as np

    from benchmarks import cimba_sim

    written = getattr(cimba_sim, name)()
    written.gap = cb.inputs.dist.exponential(mean=MS_PER_DAY / model.rate)
    written.limit = model.limit_bytes
    window = cb.Window(duration=DAYS * MS_PER_DAY)
    outputs = cb.Experiment(written, replications=sims, window=window, seed=1).run(workers=workers)[written]
    blocked = np.mean(np.asarray(outputs.blocked_at) > 0)
    return Means(float(np.mean(outputs.offered)) / 1e6, float(np.mean(outputs.used)) / 1e6, float(blocked))


def numpy_draws(model: Model, sims: int, workers: int) -> None:
    """Draw the gap and the size of each transfer, and do nothing with them."""
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np

    def draw(worker: int) -> None:
        chance = np.random.default_rng(worker)
        for _ in range(worker, sims, workers):
            chance.exponential(MS_PER_DAY / model.rate, model.rate * DAYS)
            chance.lognormal(np.log(MEDIAN_BYTES), SIGMA, model.rate * DAYS)

    with ThreadPoolExecutor(workers) as threads:  # numpy lets go of the interpreter's lock while it draws
        list(threads.map(draw, range(workers)))


SIDES: Final[dict[str, Run]] = {
    "plain SimPy": plain_simpy,
    "reference": partial(fleetsim, engine="reference", workers=1, keep="rows", report=False),
    "cimba, two processes": partial(cimba, name="TwoProcesses", workers=1),
    "cimba, two processes, 2 cores": partial(cimba, name="TwoProcesses", workers=2),
    "cimba, one process": partial(cimba, name="OneProcess", workers=1),
    "cimba, one process, 2 cores": partial(cimba, name="OneProcess", workers=2),
    "numpy": partial(numpy_draws, workers=1),
    "numpy, 2 cores": partial(numpy_draws, workers=2),
    "compiled": partial(fleetsim, engine="compiled", workers=1, keep="rows", report=True),
    "compiled, 2 workers": partial(fleetsim, engine="compiled", workers=2, keep="rows", report=True),
    "compiled, no report": partial(fleetsim, engine="compiled", workers=1, keep="rows", report=False),
    "compiled, sums": partial(fleetsim, engine="compiled", workers=1, keep="sums", report=False),
    "compiled, sums, 2 workers": partial(fleetsim, engine="compiled", workers=2, keep="sums", report=False),
}


def main(side: str, model: str, sims: str, pairs: str = "1") -> None:
    """Run a side; print what was measured."""
    run, asked = SIDES[side], MODELS[model]
    means = run(asked, int(sims))
    done = time.monotonic()
    more = []
    for _ in range(int(pairs)):
        begun = time.perf_counter()
        run(asked, AT_LEAST)
        between = time.perf_counter()
        run(asked, int(sims))
        more.append(time.perf_counter() - between - (between - begun))
    print(json.dumps({"done": done, "run_s": median(more), "means": means}))


if __name__ == "__main__":
    main(*sys.argv[1:])
