"""A fleet that the reference engine simulates at once, and of which what a limit does can be worked out.

Meters move 10 kB an hour, 7.44 MB in January's 744 hours; stuck ones move 500 B a second from day 9 on.
"""

from __future__ import annotations

from pathlib import Path

SMALL = """\
name: small
description: Six meters and two that are stuck
start: 2026-01-01T00:00:00Z
duration: 1 month
seed: 7
replications: 20
platform: super-sim
tariff: super-sim-payg
fleets:
  meters:
    data_limit: 8 MB
    devices:
      meter:
        count: 6
        traffic:
          readings: {arrivals: {process: periodic, every: 1 h, jitter: 1 min}, upload: 10 kB}
      stuck:
        count: 2
        role: faulty
        traffic:
          loop: {arrivals: {process: continuous, from: 9 days}, upload: 500 B/s}
timeline:
  - {at: 25 days, fleet: meters, data_limit: 9 MB}
"""


def written(folder: Path, text: str = SMALL) -> Path:
    """The scenario as a file."""
    path = folder / "small.yaml"
    path.write_text(text, encoding="utf-8")
    return path
