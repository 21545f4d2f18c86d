"""Fleets of which the answer to each rule can be worked out on paper.

Nine small devices move 10 kB an hour, one big one 25 kB, at full hours of a billing period of 240 hours: 2.4 MB and
6 MB. Records close 6 minutes after each transfer. So a device with c bytes an hour is blocked under a limit L in the
hour floor(L / c), 6 minutes after it began, if that is below 240; it has moved c bytes more than floor(L / c) * c then.
"""

from __future__ import annotations

from fleetsim.scenario.load import load_text
from fleetsim.scenario.schema import Scenario

MB = 1_000_000
HOURS = 240
SMALL, BIG = 10_000, 25_000

PAPER = """\
name: paper
start: 2026-01-01T00:00:00Z
duration: 10 days
seed: 1
replications: 4
platform: {preset: super-sim, billing_period: 10 days}
fleets:
  meters:
    data_limit: 5 MB
    devices:
      small:
        count: 9
        session: {mode: always-on, first_record: 6 min}
        traffic: {data: {arrivals: {process: periodic, every: 1 h, first: 0 s}, upload: 10 kB}}
      big:
        count: 1
        session: {mode: always-on, first_record: 6 min}
        traffic: {data: {arrivals: {process: periodic, every: 1 h, first: 0 s}, upload: 25 kB}}
      stuck:
        count: 1
        role: faulty
        session: {mode: always-on, first_record: 6 min}
        traffic: {data: {arrivals: {process: periodic, every: 1 h, first: 0 s}, upload: 1 MB}}
  others:
    data_limit: 1 MB
    devices: {idle: {count: 1, traffic: {}}}
"""


def paper(*overrides: str) -> Scenario:
    return load_text(PAPER, overrides)


def transfers(limit: int, each: int) -> int:
    """Transfers that a device with `each` bytes an hour makes under a limit."""
    return min(limit // each + 1, HOURS)


def blocked_ms(limit: int, each: int) -> int:
    """How long it is blocked."""
    made = limit // each + 1
    return (HOURS - (made - 1)) * 3_600_000 - 360_000 if made <= HOURS and made * each > limit else 0


def cost_micros(limit: int) -> int:
    """What the fleet costs: 2.00 for each of eleven SIMs, and 0.10 per MB."""
    used = 9 * transfers(limit, SMALL) * SMALL + transfers(limit, BIG) * BIG + transfers(limit, MB) * MB
    return 11 * 2_000_000 + used // 10
