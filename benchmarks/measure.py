"""Start a side as a program, and measure it from outside: the whole process, its start-up, its memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]

# This process stays small: what it holds when it starts another is counted into that one's peak.


class Sample(NamedTuple):
    """What one process took; `run_s` is the part that grows with the number of SIMs."""

    whole_s: float
    run_s: float
    peak_mb: float
    means: list[float] | None


def measure(side: str, model: str, sims: int, pairs: int = 1) -> Sample:
    """Run a side over so many SIMs in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.sides", side, model, str(sims), str(pairs)]
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)  # the largest of it and those it has waited for
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{side}, {model}, {sims} SIMs: exit status {process.returncode}")
    found = json.loads(said)
    peak = usage.ru_maxrss if sys.platform == "darwin" else usage.ru_maxrss * 1024
    return Sample(found["done"] - begun, found["run_s"], peak / 1e6, found["means"])


def middle(samples: list[Sample]) -> Sample:
    """Return the medians of an odd number of samples."""
    whole, run, peak, means = zip(*samples, strict=True)
    return Sample(median(whole), median(run), max(peak), means[0])
