"""Where a larger limit blocks nothing more: the conditions one by one, and blocked SIM-periods that bear them out."""

from __future__ import annotations

import numpy as np
import pytest

from fleetsim.choice.monotone import is_monotone
from fleetsim.counted import COUNTED
from fleetsim.engines import engine_named
from fleetsim.engines.under_limits import simulate_under
from fleetsim.scenario.load import load_text
from fleetsim.scenario.schema import Scenario

START = """\
start: 2026-01-01T00:00:00Z
seed: 4
duration: {duration}
platform: {{preset: super-sim, billing_period: 2 days, record_delay: 3 min, enforcement_delay: {delay}}}
fleets:
  f:
    data_limit: 1 MB
    any_limit: true
    devices:
      g:
        count: 4
        rate_spread: 0.5
        {more}
        traffic:
          t: {{arrivals: {{process: poisson, rate: 30 per day}}, upload: {{distribution: exponential, mean: 2 kB}}{item}}}
          {other}
      bad: {{count: 1, role: faulty, traffic: {{}}}}
  h: {{data_limit: 1 MB, any_limit: true, devices: {{k: {{count: 2, traffic: {{}}}}, b: {{count: 1, role: faulty, traffic: {{}}}}}}}}
{timeline}
"""
PERIODS, ONE_PERIOD = "8 days", "3 days"


def fleet(
    duration: str = PERIODS, more: str = "", item: str = "", other: str = "", timeline: str = "", delay: str = "10 min"
) -> Scenario:
    entries = f"timeline:\n  - {timeline}\n" if timeline else ""
    return load_text(START.format(duration=duration, more=more, item=item, other=other, timeline=entries, delay=delay))


CHAIN = "when_blocked: {reconnect: {first: 1 h, factor: 2, max: 12 h}, handshake: {upload: 40 kB}}"
BARE_CHAIN = "when_blocked: {reconnect: {first: 1 h, factor: 2, max: 12 h}}"
ON_DEMAND = "session: {mode: on-demand, idle_timeout: 30 min}"
STREAM = "s: {arrivals: {process: continuous, from: 5 h}, upload: 1 B/s}"
TUNNEL = "s: {arrivals: {process: poisson, rate: 9 per day}, upload: 1 kB, via: dns}"

SURE = {
    "nothing that lasts": fleet(),
    "a lookup each time": fleet(more="dns: {cache_ttl: 0 s}"),
    "attempts that move nothing": fleet(more=BARE_CHAIN),
    "a stream, which goes by its own clock": fleet(other=STREAM),
    "a tunnel": fleet(other=TUNNEL),
    "a faulty device that is made inactive": fleet(timeline="{at: 1 day, sims: f/bad, status: inactive}"),
    "a faulty device that comes": fleet(timeline="{at: 1 day, sims: h/b, to: f}"),
    "another fleet's limit": fleet(timeline="{at: 1 day, fleet: h, data_limit: 2 MB}"),
    "one period: a chain": fleet(ONE_PERIOD, more=f"dns: {{cache_ttl: 5 h}}\n        {CHAIN}"),
    "one period: a session on demand": fleet(ONE_PERIOD, more=ON_DEMAND),
    "one period: transfers that last": fleet(ONE_PERIOD, item=", duration: 3 h"),
    "one period: transfers by their throughput": fleet(ONE_PERIOD, item=", throughput: 1 bit/s"),
}
UNSURE = {
    "a chain that goes on": fleet(more=CHAIN),
    "a chain that looks up": fleet(more=f"dns: {{cache_ttl: 0 s}}\n        {BARE_CHAIN}"),
    "an answer that is kept": fleet(more="dns: {cache_ttl: 5 h}"),
    "a session on demand": fleet(more=ON_DEMAND),
    "transfers that last": fleet(item=", duration: 3 h"),
    "transfers by their throughput": fleet(item=", throughput: 1 bit/s"),
    "the timeline sets the limit": fleet(ONE_PERIOD, timeline="{at: 1 day, fleet: f, data_limit: 2 MB}"),
    "SIMs leave": fleet(ONE_PERIOD, timeline="{at: 1 day, sims: f/g, count: 1, to: h}"),
    "SIMs come": fleet(ONE_PERIOD, timeline="{at: 1 day, sims: h/k, to: f}"),
    "SIMs are made inactive": fleet(ONE_PERIOD, timeline="{at: 1 day, sims: f/g, status: inactive}"),
}


@pytest.mark.parametrize("what", SURE)
def test_it_is_said_where_it_is_sure(what):
    assert is_monotone(SURE[what], "f")


@pytest.mark.parametrize("what", UNSURE)
def test_it_is_not_said_where_a_trace_may_be_left_or_the_timeline_has_a_hand_in_it(what):
    assert not is_monotone(UNSURE[what], "f")


def test_the_file_of_a_fleet_as_it_is_has_periods_before_those_that_count(tmp_path):
    (tmp_path / "sims.csv").write_text("sim,period_start,used_bytes\n0,2025-12-31T00:00:00Z,9\n")
    text = START.format(duration=ONE_PERIOD, more=CHAIN, item="", other="", timeline="", delay="0 s")
    path = tmp_path / "s.yaml"
    path.write_text(text.replace("count: 4", "count: 4\n        initial: {file: sims.csv}"))
    assert not is_monotone(load_text(path.read_text(), file=str(path)), "f")
    assert is_monotone(load_text(text), "f")


def broken(scenario: Scenario, replications: int) -> int:
    """Count the complete SIM-periods in which a larger limit blocks where a smaller one does not, or for longer."""
    limits = [25_000 * step for step in range(1, 9)]
    found = 0
    for replication in range(replications):
        under = simulate_under(engine_named("reference"), scenario, "f", limits, replication, range(4))
        rows = dict(zip(COUNTED, under.rows.T, strict=True))
        served = rows["period_end_ms"] <= scenario.horizon_ms
        blocked = np.full((len(limits), 4, 8), -1)
        place = under.first[served], rows["sim"][served], rows["period"][served]
        blocked[place] = np.where(rows["blocks"] > 0, 1 + rows["blocked_ms"], 0)[served]
        found += int((np.diff(blocked, axis=0) > 0).sum())
    return found


@pytest.mark.parametrize("what", SURE)
def test_where_it_is_said_no_larger_limit_blocks_more_or_for_longer(what):
    assert broken(SURE[what], 2) == 0


@pytest.mark.parametrize("delay", ["0 s", "5 h"])
def test_where_it_is_not_said_it_can_be_wrong(delay):
    # The handshake that a blocked device makes in its next period brings it nearer to the limit there: a device that a
    # larger limit blocked late, and so early in its chain, is back soon; one that a smaller limit blocked early is not.
    scenario = fleet(more=CHAIN, delay=delay)
    assert broken(scenario, 6) > 0
