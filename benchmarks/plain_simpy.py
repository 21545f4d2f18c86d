"""The model as somebody writes it in an afternoon with SimPy: two processes a SIM, one of them waking every 6 minutes.

It is the yardstick of the benchmarks: one Poisson process of transfers with lognormal sizes, a lookup with each,
records every 6 minutes, a block at the first record that finds the usage above the limit. No cache, no sessions, no
timeline.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import simpy

MS_PER_DAY = 86_400_000
RECORD_MS = 360_000
LOOKUP_BYTES = 220


@dataclass
class Usage:
    """What a SIM did."""

    offered: int = 0
    used: int = 0
    open_record: int = 0
    recorded: int = 0
    dns: int = 0
    undelivered: int = 0
    metering: int = 0
    blocked_at: float | None = None


def sim_month(
    seed: str, transfers_per_day: float, median_bytes: int, sigma: float, limit_bytes: int, days: int = 31
) -> Usage:
    """Simulate one SIM for a month."""
    env = simpy.Environment()
    chance = random.Random(seed)
    usage = Usage()
    mu = math.log(median_bytes)

    def device():
        while True:
            yield env.timeout(chance.expovariate(transfers_per_day / MS_PER_DAY))
            size = round(chance.lognormvariate(mu, sigma))
            usage.offered += size
            usage.used += LOOKUP_BYTES
            usage.open_record += LOOKUP_BYTES
            if usage.blocked_at is None:
                usage.used += size
                usage.open_record += size
            else:
                usage.undelivered += size
                usage.dns += LOOKUP_BYTES

    def recorder():
        yield env.timeout(chance.randrange(RECORD_MS))
        while True:
            usage.recorded += usage.open_record
            usage.open_record = 0
            if usage.blocked_at is None and usage.recorded > limit_bytes:
                usage.blocked_at = env.now
                usage.metering = usage.recorded - limit_bytes
            yield env.timeout(RECORD_MS)

    env.process(device())
    env.process(recorder())
    env.run(until=days * MS_PER_DAY)
    return usage
