"""SIM-months per second of the reference engine beside the plain SimPy script, in one run on the same core.

Both simulate the same model: 31 days, one Poisson process with lognormal sizes (median 4 kB, sigma 1), a lookup of
220 B with each transfer, records every 6 minutes, a limit that blocks about half of the SIMs near the end of the month.
The two are timed in turn, and the ratio is that of the medians. The means are printed too: the same model, so they
agree.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from plain_simpy import sim_month

import fleetsim
from fleetsim.engines import engine_named

ROUNDS = 5
DAYS = 31
MEDIAN_BYTES, SIGMA, MEAN_BYTES = 4000, 1.0, 6594.9  # mean: 4000 * exp(1/2)

SCENARIO = """
start: 2026-01-01T00:00:00Z
duration: 31 days
seed: 1
platform: super-sim
fleets:
  fleet:
    data_limit: {limit} B
    any_limit: true
    devices:
      device:
        count: {sims}
        traffic:
          readings:
            arrivals: {{process: poisson, rate: {rate} per day}}
            upload: {{distribution: lognormal, median: 4000 B, sigma: 1.0}}
        dns: {{query: 70 B, response: 150 B, cache_ttl: 0 s}}
"""


def main() -> None:
    """Print the table."""
    print(f"{'transfers a day':>15} {'plain SimPy':>12} {'reference':>10} {'ratio':>6}   mean MB offered, used")
    for rate, plain_sims, sims in ((24, 40, 200), (288, 10, 50)):
        limit = round(rate * DAYS * (MEAN_BYTES + 220))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "scenario.yaml"
            path.write_text(SCENARIO.format(limit=limit, sims=sims, rate=rate))
            scenario = fleetsim.load(path)
        engine = engine_named("reference")
        engine.simulate(scenario, 0, range(2))  # builds the tables of the size law
        plain_s, reference_s, plain, counted = [], [], [], []
        for turn in range(ROUNDS):
            begun = time.perf_counter()
            plain += [sim_month(f"{turn}/{i}", rate, MEDIAN_BYTES, SIGMA, limit, DAYS) for i in range(plain_sims)]
            plain_s.append((time.perf_counter() - begun) / plain_sims)
            begun = time.perf_counter()
            counted.append(engine.simulate(scenario, turn, range(sims)).rows)
            reference_s.append((time.perf_counter() - begun) / sims)
        a, b = 1 / statistics.median(plain_s), 1 / statistics.median(reference_s)
        offered = (
            statistics.fmean(u.offered for u in plain) / 1e6,
            statistics.fmean(r[6] for c in counted for r in c) / 1e6,
        )
        used = (
            statistics.fmean(u.used for u in plain) / 1e6,
            statistics.fmean(r[7] + r[8] for c in counted for r in c) / 1e6,
        )
        print(
            f"{rate:>15} {a:>10.0f}/s {b:>8.0f}/s {b / a:>5.1f}x"
            f"   offered {offered[0]:.2f} and {offered[1]:.2f}, used {used[0]:.2f} and {used[1]:.2f}"
        )


if __name__ == "__main__":
    main()
