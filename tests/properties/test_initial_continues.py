"""A run that starts from the state in which another was cut goes on as the undivided one does.

Where nothing else is carried over: the cut lies on a record's close, nothing is late, nothing runs or is remembered
across it. A block that spans the cut counts in both parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import fleetsim
from fleetsim.engines import engine_named
from tests.support import plain_rows

START = datetime(2026, 1, 20, 7, tzinfo=UTC)
INTERVAL = 60_000
SUMS = (
    "offered_bytes",
    "upload_bytes",
    "download_bytes",
    "dns_bytes",
    "overage_metering_bytes",
    "overage_enforcement_bytes",
    "overage_propagation_bytes",
    "overage_dns_bytes",
    "undelivered_bytes",
    "blocked_ms",
)
SAME = ("period_start", "period_end", "data_limit_bytes", "fee_due", "blocks", "first_blocked_at")

Transfer = tuple[int, int, int, int]


def scenario_text(start: datetime, duration: int, limit: int, case: dict[str, Any], more: str, cut: int) -> str:
    """Write the one-SIM scenario that begins at `cut`, ms after `START`."""
    entries = [(at - cut, value) for at, value in case["updates"] if cut <= at < cut + duration]
    timeline = ", ".join(f"{{at: {at} ms, fleet: main, data_limit: {value} B}}" for at, value in entries)
    return f"""
start: {start.isoformat()}
duration: {duration} ms
seed: 1
platform:
  record_interval: {INTERVAL} ms
  limit_propagation: 0 s
  billing_period: {case["billing_period"]}
  dns_when_blocked: {case["dns_when_blocked"]}
  dns_counts: {case["dns_counts"]}
fleets:
  main:
    any_limit: true
    data_limit: {limit} B
    devices:
      device:
        count: 1
        session: {case["session"]}
        dns: {{query: 7 B, response: 15 B, cache_ttl: 0 s}}
        traffic:
          a: {{arrivals: {{process: trace, file: a.csv}}}}
          b: {{arrivals: {{process: trace, file: b.csv}}, via: dns}}
{more}
timeline: [{timeline}]
"""


def run(folder: Path, text: str, traces: dict[str, Sequence[Transfer]], cut: int) -> list[dict[str, Any]]:
    """Run a scenario text with the transfers of its traces from `cut` on."""
    for name, rows in traces.items():
        lines = [f"{time - cut},{up},{down},{duration}" for time, up, down, duration in rows if time >= cut]
        (folder / f"{name}.csv").write_text(
            "\n".join(["time_ms,upload_bytes,download_bytes,duration_ms", *lines]) + "\n"
        )
    (folder / "scenario.yaml").write_text(text)
    return plain_rows(fleetsim.run(folder / "scenario.yaml", engine="reference", workers=1))


def blocked_at_the_end(folder: Path, text: str, traces: dict[str, Sequence[Transfer]], cut: int) -> bool:
    """Is the SIM blocked just before the end of a run up to `cut`?"""
    run(folder, text, traces, 0)
    spans = engine_named("reference").simulate(fleetsim.load(folder / "scenario.yaml"), 0, range(1)).blocked
    return bool((spans[:, 3] == cut).any())


@st.composite
def cases(draw: Any) -> dict[str, Any]:
    steps = draw(st.integers(6, 30))
    instants = st.integers(0, steps).flatmap(
        lambda n: st.sampled_from((n * INTERVAL, n * INTERVAL, n * INTERVAL + 1, max(n * INTERVAL - 1, 0)))
    )
    durations = st.sampled_from((0, 0, 0, 1, INTERVAL // 2, INTERVAL, 2 * INTERVAL))
    sizes = st.integers(0, 40)
    transfers = st.lists(st.tuples(instants, sizes, sizes, durations), max_size=12).map(sorted)
    limits = st.integers(0, 160)
    return {
        "horizon": steps * INTERVAL + draw(st.sampled_from((0, 1, 7))),
        "cut": draw(st.integers(1, steps - 1)) * INTERVAL,
        "limit": draw(limits),
        "updates": draw(st.lists(st.tuples(instants, limits), max_size=3)),
        "traces": {"a": draw(transfers), "b": draw(transfers)},
        "billing_period": draw(st.sampled_from(("activation-month", "11 min", "7 min 30 s", "6 min"))),
        "dns_when_blocked": draw(st.sampled_from(("public", "all", "none"))),
        "dns_counts": draw(st.sampled_from(("true", "true", "false"))),
        "session": draw(
            st.sampled_from(
                (f"{{mode: always-on, first_record: {INTERVAL} ms}}",) * 3 + ("{mode: on-demand, idle_timeout: 20 s}",)
            )
        ),
    }


@settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_two_parts_add_up_to_the_undivided_run(case: dict[str, Any], tmp_path_factory: Any) -> None:
    cut, horizon, on_demand = case["cut"], case["horizon"], "on-demand" in case["session"]
    assume(cut not in {at for at, _ in case["updates"]})
    rows = [row for trace in case["traces"].values() for row in trace]
    assume(not any(time < cut < time + duration for time, _, _, duration in rows))
    # An idle timeout of 20 s is over, and another session has not begun.
    assume(not on_demand or not any(time < cut <= time + duration + 20_000 for time, _, _, duration in rows))
    folder = tmp_path_factory.mktemp("parts")

    whole = run(folder, scenario_text(START, horizon, case["limit"], case, "", 0), case["traces"], 0)
    first = run(folder, scenario_text(START, cut, case["limit"], case, "", 0), case["traces"], 0)
    limit = [case["limit"], *(value for at, value in sorted(case["updates"], key=lambda u: u[0]) if at < cut)][-1]
    last = first[-1]
    goes_on = last["period_end"] > cut
    more = ""
    if goes_on:
        # With dns_counts: false, what the cut run had recorded is less than what it had used.
        assume(case["dns_counts"] == "true" or not last["dns_bytes"])
        period_start = (START + timedelta(milliseconds=last["period_start"])).isoformat()
        (folder / "sims.csv").write_text(f"sim,period_start,used_bytes\n0,{period_start},{last['used_bytes']}\n")
        more = "        initial: {file: sims.csv}"
    start = START + timedelta(milliseconds=cut)
    second = run(folder, scenario_text(start, horizon - cut, limit, case, more, cut), case["traces"], cut)
    for row in second:
        for name in ("period_start", "period_end", "first_blocked_at"):
            row[name] = None if row[name] is None else row[name] + cut

    if not goes_on:
        assert [{name: row[name] for name in SAME + SUMS} for row in (*first, *second)] == [
            {name: row[name] for name in SAME + SUMS} for row in whole
        ]
        return
    n = len(first) - 1
    assert [{name: row[name] for name in SAME + SUMS} for row in (*first[:-1], *second[1:])] == [
        {name: row[name] for name in SAME + SUMS} for row in (*whole[:n], *whole[n + 1 :])
    ]
    undivided, continued = whole[n], second[0]
    assert {name: last[name] + continued[name] for name in SUMS} == {name: undivided[name] for name in SUMS}
    assert continued["carried_bytes"] == last["used_bytes"]
    assert (last["fee_due"], continued["fee_due"], continued["complete"]) == (True, False, False)
    spans = blocked_at_the_end(folder, scenario_text(START, cut, case["limit"], case, "", 0), case["traces"], cut)
    assert last["blocks"] + continued["blocks"] - spans == undivided["blocks"]
