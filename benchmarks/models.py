"""The models that are timed: their numbers, and the scenario that says the same to fleetsim.

The plain model is one Poisson process of transfers with lognormal sizes, a lookup with each, records every 6 minutes,
and a limit that blocks about half of the SIMs near the end of the 30 days. The general one has what real devices have
on top: a lookup cache, attempts to reconnect, office hours, and rates that differ between SIMs.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DAYS: Final = 30
MS_PER_DAY: Final = 86_400_000
RECORD_MS: Final = 360_000
QUERY_BYTES, RESPONSE_BYTES = 70, 150
LOOKUP_BYTES: Final = QUERY_BYTES + RESPONSE_BYTES
MEDIAN_BYTES: Final = 4000
SIGMA: Final = 1.0
MEAN_BYTES: Final = MEDIAN_BYTES * math.exp(SIGMA**2 / 2)

CACHE_MS: Final = 300_000
FIRST_WAIT_MS, LONGEST_WAIT_MS = 10_000, 900_000
RATE_SIGMA: Final = 0.4
_PRESET = Path(__file__).parents[1] / "fleetsim" / "scenario" / "presets" / "profiles" / "office-hours.yaml"
OFFICE_HOURS: Final[list[float]] = json.loads(re.findall(r"\[.*?\]", _PRESET.read_text(encoding="utf-8"))[0])
"""Weights of the hours of a day, from 0 h on."""

_SCENARIO = """
start: 2026-01-01T00:00:00Z
duration: {days} days
seed: 1
platform: super-sim
fleets:
  fleet:
    data_limit: {limit} B
    any_limit: true
    devices:
      device:
        count: 1
        {spread}
        traffic:
          readings:
            arrivals: {{process: poisson, rate: {rate} per day{profile}}}
            upload: {{distribution: lognormal, median: {median} B, sigma: {sigma}}}
        dns: {{query: {query} B, response: {response} B, cache_ttl: {cache} s}}
        {reconnecting}
"""


@dataclass(frozen=True)
class Model:
    """A model at one rate of transfers a day."""

    rate: int
    general: bool = False

    @property
    def limit_bytes(self) -> int:
        """What a SIM of the median rate uses in the whole time, lookups included."""
        median_factor = math.exp(-(RATE_SIGMA**2) / 2) if self.general else 1.0
        return round(median_factor * self.rate * DAYS * (MEAN_BYTES + LOOKUP_BYTES))

    @property
    def scenario(self) -> str:
        """The scenario, of one SIM."""
        spread = f"rate_spread: {RATE_SIGMA}" if self.general else ""
        profile = ", profile: office-hours" if self.general else ""
        waits = f"first: {FIRST_WAIT_MS // 1000} s, factor: 2, max: {LONGEST_WAIT_MS // 1000} s"
        return _SCENARIO.format(
            days=DAYS,
            limit=self.limit_bytes,
            spread=spread,
            rate=self.rate,
            profile=profile,
            median=MEDIAN_BYTES,
            sigma=SIGMA,
            query=QUERY_BYTES,
            response=RESPONSE_BYTES,
            cache=CACHE_MS // 1000 if self.general else 0,
            reconnecting=f"when_blocked: {{reconnect: {{{waits}}}}}" if self.general else "",
        )


MODELS: Final = {
    "plain-24": Model(24),
    "plain-288": Model(288),
    "general-24": Model(24, general=True),
    "general-288": Model(288, general=True),
}
