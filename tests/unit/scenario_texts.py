"""Scenario texts that the tests of the scenario room start from."""

from __future__ import annotations

SMALL = """\
start: 2026-01-01T00:00:00Z
duration: 1 month
seed: 1
fleets:
  meters:
    data_limit: 5 MB
    devices:
      meter:
        count: 3
        traffic:
          readings:
            arrivals: {process: periodic, every: 15 min}
            upload: 800 B
"""

#: The example of the interface page, without the keys that are not supported yet.
SMART_METERS = """\
name: smart-meters                # required: start, duration, seed, fleets; in a group: count, traffic
description: 1,000 meters; 2 % of them hang in a reconnect loop
start: 2026-01-01T00:00:00Z       # UTC where no offset is given
duration: 1 month
seed: 20260101
replications: 20
timezone: UTC
platform: super-sim
tariff: super-sim-payg

fleets:
  meters:
    data_limit: 5 MB
    any_limit: false
    devices:
      meter:
        count: 980
        role: normal
        activation: {at: 0 s, over: 0 s}
        status: active
        session: {mode: always-on}
        traffic:
          readings:
            arrivals: {process: periodic, every: 15 min, jitter: 30 s}
            upload: {distribution: lognormal, median: 800 B, sigma: 0.5}
            download: 150 B
          alarms:
            arrivals: {process: poisson, rate: 6 per day}
            upload: {distribution: exponential, mean: 2 kB}
          firmware:
            arrivals: {process: once, at: 10 days 2 hours, spread: 4 h}
            download: 1.2 MB
            duration: 48 s
        dns: {query: 70 B, response: 150 B, cache_ttl: 5 min, resolver: public}
        when_blocked:
          reconnect: {first: 1 s, factor: 2, max: 2 min}
          handshake: {upload: 820 B, download: 5.4 kB}
      stuck:
        count: 20
        role: faulty
        traffic:
          loop:
            arrivals: {process: continuous, from: 8 days 4 hours, until: 31 days}
            upload: 280 kB/s
  other-fleet: {data_limit: 20 MB, devices: {}}
timeline:
  - {at: 2026-01-15T09:00:00Z, fleet: meters, data_limit: 10 MB}
"""
