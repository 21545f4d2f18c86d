"""Time all sides in one run on the same cores, print one table, and write it into docs/performance.md.

    python -m benchmarks [--rounds 3]

The sides take turns, round after round, so that a machine that slows down slows all of them down. Figures are medians.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from typing import Final, NamedTuple

from benchmarks.measure import ROOT, Sample, measure, middle

PAGE: Final = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
PACKAGES: Final = ("simpy", "numba", "numpy", "pyarrow", "cimba")
AS_IF: Final = 100_000
"""SIMs that every side's whole process is scaled to."""

FLEETSIM: Final = {
    "reference": "reference engine, rows",
    "compiled": "**compiled engine**, 1 worker, rows and report",
    "compiled, 2 workers": "**compiled engine**, 2 workers, rows and report",
    "compiled, sums": "**compiled engine**, 1 worker, `--keep sums`",
    "compiled, sums, 2 workers": "**compiled engine**, 2 workers, `--keep sums`",
}
OTHERS: Final = {
    "plain SimPy": "plain SimPy script",
    "cimba, two processes": "cimba, two processes a SIM",
    "cimba, two processes, 2 cores": "cimba, two processes a SIM, 2 cores",
    "cimba, one process": "cimba, one process that skips empty records",
    "cimba, one process, 2 cores": "cimba, one process that skips empty records, 2 cores",
    "numpy": "numpy draws the numbers, nothing else",
    "numpy, 2 cores": "numpy draws the numbers, nothing else, 2 cores",
}


class Part(NamedTuple):
    """Rows of the table that simulate one model; SIMs are so many that a run takes one to a few seconds."""

    model: str
    heading: str
    sims: dict[str, int]


PARTS: Final = (
    Part(
        "plain-24",
        "The plain model, 24 transfers a day",
        {
            "plain SimPy": 100,
            "cimba, two processes": 1_000,
            "cimba, two processes, 2 cores": 2_000,
            "cimba, one process": 10_000,
            "cimba, one process, 2 cores": 20_000,
            "numpy": 50_000,
            "numpy, 2 cores": 100_000,
            "reference": 200,
            "compiled": 500_000,
            "compiled, 2 workers": 1_000_000,
            "compiled, sums": 500_000,
            "compiled, sums, 2 workers": 1_000_000,
        },
    ),
    Part(
        "plain-288",
        "The plain model, 288 transfers a day",
        {
            "plain SimPy": 40,
            "cimba, two processes": 500,
            "cimba, two processes, 2 cores": 1_000,
            "cimba, one process": 1_000,
            "cimba, one process, 2 cores": 2_000,
            "numpy": 5_000,
            "numpy, 2 cores": 10_000,
            "reference": 40,
            "compiled": 100_000,
            "compiled, 2 workers": 200_000,
            "compiled, sums": 100_000,
            "compiled, sums, 2 workers": 200_000,
        },
    ),
    Part(
        "general-24",
        "The general model, 24 transfers a day",
        {
            "plain SimPy": 100,
            "reference": 200,
            "compiled": 30_000,
            "compiled, 2 workers": 60_000,
            "compiled, sums": 30_000,
            "compiled, sums, 2 workers": 60_000,
        },
    ),
    Part(
        "general-288",
        "The general model, 288 transfers a day",
        {
            "plain SimPy": 30,
            "reference": 30,
            "compiled": 4_000,
            "compiled, 2 workers": 8_000,
            "compiled, sums": 4_000,
            "compiled, sums, 2 workers": 8_000,
        },
    ),
)
GROWTH: Final = {"compiled, no report": "1 worker, rows", "compiled, sums": "1 worker, `--keep sums`"}
GROWTH_MODEL: Final = "plain-24"
PAIRS: Final = {1_000: 9, 10_000: 5, 100_000: 3, 1_000_000: 1}
"""How often each size is run, in one process; the median counts."""


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", allow_abbrev=False)
    parser.add_argument("--rounds", type=int, default=3, help="how often each side is measured; odd (default: 3)")
    options = parser.parse_args()
    if options.rounds < 1 or options.rounds % 2 == 0:
        parser.error("--rounds: expected an odd number")
    begun = time.monotonic()
    measure("compiled, no report", GROWTH_MODEL, 2)  # compiles the engine where its code is not kept
    has_cimba = _version("cimba") is not None
    table: dict[tuple[str, str, int], list[Sample]] = {}
    for turn in range(options.rounds):
        for part in PARTS:
            for side, sims in part.sims.items():
                if has_cimba or not side.startswith("cimba"):
                    _tell(f"round {turn + 1}: {part.model}, {side}, {sims:,} SIMs")
                    table.setdefault((part.model, side, sims), []).append(measure(side, part.model, sims))
    growth: dict[tuple[str, int], Sample] = {}
    for side in GROWTH:
        for sims in PAIRS:
            _tell(f"growth: {side}, {sims:,} SIMs")
            growth[side, sims] = measure(side, GROWTH_MODEL, sims, PAIRS[sims])
    took = time.monotonic() - begun
    lines = _measured_on(options.rounds, took)
    lines += _table({key: middle(samples) for key, samples in table.items()})
    lines += _growth(growth)
    text = "\n".join(lines) + "\n"
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    PAGE.write_text(before + BEGIN + text + END + rest.split(END)[1], encoding="utf-8")
    _tell("")
    print(text)


def _table(found: dict[tuple[str, str, int], Sample]) -> list[str]:
    lines = [
        f"| | SIMs | start-up, s | SIM-months/s | × plain SimPy | whole process for {AS_IF:,} SIMs, s "
        "| peak memory, MB | MB used a SIM |",
        "| --- | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for part in PARTS:
        lines.append(f"| **{part.heading}** | | | | | | | |")
        yardstick = _rate(found[part.model, "plain SimPy", part.sims["plain SimPy"]], part.sims["plain SimPy"])
        for side, sims in part.sims.items():
            name = (OTHERS | FLEETSIM)[side]
            sample = found.get((part.model, side, sims))
            if sample is None:
                lines.append(f"| {name} | not installed | | | | | | |")
                continue
            rate, start = _rate(sample, sims), sample.whole_s - sample.run_s
            scaled = "" if sims == AS_IF else "≈ "
            used = "" if sample.means is None else f"{sample.means[1]:.2f}"
            lines.append(
                f"| {name} | {sims:,} | {max(start, 0):.1f} | {_rounded(rate)} | {_ratio(rate / yardstick)} "
                f"| {scaled}{_rounded(start + AS_IF / rate)} | {sample.peak_mb:.0f} | {used} |"
            )
    return [*lines, ""]


def _growth(found: dict[tuple[str, int], Sample]) -> list[str]:
    lines = [
        "| compiled engine, the plain model, 24 transfers a day | SIMs | whole process, s | start-up left out, s "
        "| µs a SIM | peak memory, MB |",
        "| --- | --: | --: | --: | --: | --: |",
    ]
    for (side, sims), sample in found.items():
        lines.append(
            f"| {GROWTH[side]} | {sims:,} | {sample.whole_s:.1f} | {sample.run_s:.3f} "
            f"| {sample.run_s / sims * 1e6:.1f} | {sample.peak_mb:.0f} |"
        )
    return lines


def _measured_on(rounds: int, took: float) -> list[str]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    packages = ", ".join(f"{name} {_version(name) or 'not installed'}" for name in PACKAGES)
    machine = f"{cores} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"
    return [f"{machine}, {packages}. Medians of {rounds} rounds; the run took {took / 60:.0f} min.", ""]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _rate(sample: Sample, sims: int) -> float:
    return sims / max(sample.run_s, 1e-9)


def _rounded(value: float) -> str:
    """Three digits, for no more are known."""
    digits = len(str(int(value)))
    return f"{value:.1f}" if value < 100 else f"{round(value, 3 - digits):,.0f}"


def _ratio(value: float) -> str:
    return f"{value:.1f}" if value < 10 else _rounded(value) if value >= 100 else f"{value:.0f}"


def _tell(what: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{what}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
