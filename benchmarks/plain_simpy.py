"""The model as somebody writes it in an afternoon with SimPy: two processes a SIM, one of them waking every 6 minutes.

It is the yardstick of the benchmarks. `sim_month` has no cache, no sessions, no timeline; `general_sim_month` has a
lookup cache, attempts to reconnect, office hours and a rate of its own.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import simpy

from benchmarks.models import (
    CACHE_MS,
    FIRST_WAIT_MS,
    LONGEST_WAIT_MS,
    LOOKUP_BYTES,
    MEDIAN_BYTES,
    MS_PER_DAY,
    OFFICE_HOURS,
    RATE_SIGMA,
    RECORD_MS,
    SIGMA,
)

MU = math.log(MEDIAN_BYTES)


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
    last_lookup: float = -math.inf


def sim_month(seed: str, transfers_per_day: float, limit_bytes: int, days: int) -> Usage:
    """Simulate one SIM for a month."""
    env = simpy.Environment()
    chance = random.Random(seed)
    usage = Usage()

    def device():
        while True:
            yield env.timeout(chance.expovariate(transfers_per_day / MS_PER_DAY))
            size = round(chance.lognormvariate(MU, SIGMA))
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


def general_sim_month(seed: str, transfers_per_day: float, limit_bytes: int, days: int) -> Usage:
    """Simulate one SIM of the general model for a month."""
    env = simpy.Environment()
    chance = random.Random(seed)
    usage = Usage()
    factor = chance.lognormvariate(-(RATE_SIGMA**2) / 2, RATE_SIGMA)
    busiest = max(OFFICE_HOURS)
    mean = sum(OFFICE_HOURS) / len(OFFICE_HOURS)
    fastest = transfers_per_day * factor * busiest / mean / MS_PER_DAY

    def look_up():
        if env.now - usage.last_lookup >= CACHE_MS:
            usage.last_lookup = env.now
            usage.used += LOOKUP_BYTES
            usage.open_record += LOOKUP_BYTES
            if usage.blocked_at is not None:
                usage.dns += LOOKUP_BYTES

    def device():
        while True:
            yield env.timeout(chance.expovariate(fastest))
            hour = int(env.now % MS_PER_DAY // 3_600_000)
            if chance.random() * busiest >= OFFICE_HOURS[hour]:
                continue
            size = round(chance.lognormvariate(MU, SIGMA))
            usage.offered += size
            look_up()
            if usage.blocked_at is None:
                usage.used += size
                usage.open_record += size
            else:
                usage.undelivered += size

    def reconnector():
        wait = FIRST_WAIT_MS
        while True:
            yield env.timeout(wait)
            look_up()
            wait = min(2 * wait, LONGEST_WAIT_MS)

    def recorder():
        yield env.timeout(chance.randrange(RECORD_MS))
        while True:
            usage.recorded += usage.open_record
            usage.open_record = 0
            if usage.blocked_at is None and usage.recorded > limit_bytes:
                usage.blocked_at = env.now
                usage.metering = usage.recorded - limit_bytes
                env.process(reconnector())
            yield env.timeout(RECORD_MS)

    env.process(device())
    env.process(recorder())
    env.run(until=days * MS_PER_DAY)
    return usage
