"""A little scenario, the command line in this process and in one of its own, and what a run left."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fleetsim.cli import main

LITTLE = """\
name: little
start: 2026-01-01T00:00:00Z
duration: 40 days
seed: 7
replications: 3
fleets:
  meters:
    data_limit: 1 MB
    devices:
      meter:
        count: 6
        traffic:
          readings:
            arrivals: {process: periodic, every: 6 h, jitter: 30 min}
            upload: {distribution: lognormal, median: 9 kB, sigma: 0.5}
        dns: {query: 70 B, response: 150 B, cache_ttl: 5 min}
        when_blocked: {reconnect: {first: 1 h, factor: 2, max: 12 h}}
      stuck:
        count: 2
        role: faulty
        traffic:
          loop: {arrivals: {process: continuous, from: 2 days, until: 31 days}, upload: 3 B/s}
"""
TABLES = ("sim_periods", "replications", "blocked")


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit status."""

    status: int
    out: str
    err: str


@pytest.fixture
def little(tmp_path: Path) -> Path:
    """The file of a scenario with eight SIMs and three replications."""
    path = tmp_path / "little.yaml"
    path.write_text(LITTLE)
    return path


@pytest.fixture
def fleetsim_(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """The command line in this process."""

    def run(*arguments: object) -> Said:
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        return Said(status, *capsys.readouterr())

    return run


def process(*arguments: object, **options: object) -> subprocess.Popen[str]:
    """Start the command line as a process, at the head of a process group of its own."""
    command = [sys.executable, "-m", "fleetsim", *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True, **options)  # type: ignore[call-overload, no-any-return]


def tables(folder: Path) -> dict[str, pa.Table]:
    """The tables that a run left."""
    return {name: pq.read_table(folder / f"{name}.parquet") for name in TABLES}


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
