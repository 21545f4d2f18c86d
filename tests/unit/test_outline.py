"""What `validate` says of a scenario: figures worked out by hand, and what looks odd only where it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fleetsim
from fleetsim.clock import period_ends
from fleetsim.experiments import phrases
from fleetsim.experiments.crossing import running_ends_ms
from fleetsim.experiments.lookups import PeriodicRequests, PoissonRequests, lookups_per_ms
from fleetsim.experiments.mixture import Use, normal
from fleetsim.experiments.outline import outline
from fleetsim.scenario.fleet import groups
from fleetsim.scenario.load import load_text

STREAM = "{arrivals: {process: continuous}, upload: 1 B/s}"  # 86,400 B a day, in 31 days 2.6784 MB


def text(
    *,
    limit: str = "5 MB",
    item: str = STREAM,
    group: str = "",
    top: str = "",
    fleet: str = "",
    timeline: str = "",
    duration: str = "1 month",
) -> str:
    """Four devices with one traffic item; the other arguments are put in where they belong."""
    return (
        f"{{name: s, start: 2026-01-01, duration: {duration}, seed: 1, {top} timeline: [{timeline}],"
        f" fleets: {{f: {{data_limit: {limit}, devices: {{g: {{count: 4, {group} traffic: {{t: {item}}}}}}}}}{fleet}}}}}"
    )


def said(**parts: str) -> str:
    return "\n".join(outline(load_text(text(**parts))))


def odd(**parts: str) -> str:
    return "\n".join(line for line in said(**parts).splitlines() if line.startswith("odd: "))


# ---- figures ---------------------------------------------------------------------------------------------------------


def test_a_stream_has_the_bytes_of_its_rate_and_crosses_where_these_reach_the_limit():
    lines = outline(load_text(text(limit="1 MB")))
    assert lines[3:] == [
        "f: limit 1 MB a SIM and billing period",
        "  g: 4 normal SIMs, active from 2026-01-01 00:00 UTC on",
        # 86,400 B a day
        "    uses about 2.68 MB in its first billing period (31 days), 2.59 MB in 30 days; over SIMs: all the same",
        # 10^6 s are 11 days 13:46:40
        "    about 268 % of the limit; about all SIMs cross it in that period, half of these by about 2026-01-12 13:46 UTC",
        # 180 s at 1 B/s
        "    such a SIM is blocked about 3 min later, half a record, having moved about 180 B more",
        # 0.10 USD a MB
        "    costs about 2.27 USD in that period: fee 2.00, usage 0.27",
        "  all SIMs together cost about 9.07 USD a period, were none ever blocked",
        "odd: f/g: the limit of 1 MB is below the 2.68 MB that these normal devices are expected to use",
    ]


def test_with_no_limit_nothing_is_said_of_one():
    found = said(limit="unlimited")
    assert "f: unlimited a SIM and billing period" in found
    assert "cross" not in found
    assert found.endswith("Nothing looks odd.")


def test_a_size_law_without_a_mean_has_no_figures():
    item = "{arrivals: {process: poisson, rate: 1 per day}, upload: {distribution: pareto, minimum: 1 kB, shape: 0.9}}"
    assert "uses bytes of which there is no mean" in said(item=item)
    assert "together cost" not in said(item=item)


def test_a_size_law_without_a_variance_has_a_mean_alone():
    item = "{arrivals: {process: poisson, rate: 1 per day}, upload: {distribution: pareto, minimum: 1 kB, shape: 1.5}}"
    assert "uses about 93 kB in its first" in said(item=item)  # 31 times 3 kB
    assert "over SIMs: no standard deviation: a size law has none" in said(item=item)


def test_a_blocked_device_looks_names_up_at_its_attempts():
    # Attempts every 2 min, an answer kept for 5 min: a lookup of 220 B every 6 min, 240 a day.
    waits = "when_blocked: {reconnect: {first: 1 s, factor: 2, max: 2 min}},"
    dns = "dns: {query: 70 B, response: 150 B, cache_ttl: 5 min"
    found = said(limit="1 MB", group=f"{dns}}}, {waits}")
    # Blocked from the 12th at 13:47 on: 19 days 10:13, that is 19.426 days.
    assert "DNS passes while it is blocked: about 52.8 kB a day, 1.03 MB until its period ends" in found
    assert "odd: f/g: a SIM blocked until its period ends moves about 1.03 MB of DNS meanwhile, more than" in found
    assert "DNS passes while" not in said(limit="1 MB", group=f"{dns}, resolver: carrier}}, {waits}")


def test_transfers_that_are_lost_look_names_up_too():
    item = "{arrivals: {process: periodic, every: 15 min}, upload: 1 kB}"
    found = said(limit="1 MB", item=item, group="dns: {query: 70 B, response: 150 B, cache_ttl: 5 min},")
    assert "DNS passes while it is blocked: about 21.1 kB a day" in found  # 96 times 220 B


def test_a_tunnel_passes_while_a_sim_is_blocked():
    item = "{arrivals: {process: continuous}, upload: 1 B/s, via: dns}"
    assert "DNS passes while it is blocked: about 86.4 kB a day" in said(limit="1 MB", item=item)
    assert "DNS passes while" not in said(limit="1 MB", item=item, top="platform: {dns_when_blocked: none},")


def test_dns_that_does_not_count_crosses_no_limit():
    item = "{arrivals: {process: continuous}, upload: 1 B/s, via: dns}"
    found = said(limit="1 MB", item=item, top="platform: {dns_counts: false},")
    assert "uses about 2.68 MB" in found
    assert "hardly any SIM crosses it" in found


def test_traffic_that_begins_late_goes_on_at_its_own_rate():
    # Half a record of 6 min: 180 s, in which 1 kB moves every 10 s.
    item = "{arrivals: {process: periodic, every: 10 s, first: 9 days}, upload: 1 kB}"
    assert "half a record, having moved about 18 kB more" in said(limit="1 MB", item=item)


def test_the_delays_of_a_block_are_added_to_half_a_record():
    top = "platform: {record_interval: 1 h, record_delay: 10 min, enforcement_delay: 5 min},"
    found = said(limit="1 MB", top=top)
    assert (
        "such a SIM is blocked about 45 min later, half a record and the delays, having moved about 2.7 kB more"
        in found
    )


def test_a_lowered_limit_blocks_those_above_it_and_a_raised_one_frees_them():
    lowered = said(timeline="{at: 20 days, fleet: f, data_limit: 1 MB}")
    reach = "it reaches 95 % of the SIMs within 5 min, all within 15 min"
    assert (
        f"  2026-01-21 00:00 UTC: the owner sets limit 1 MB; {reach}, and blocks those above it by then: about 100 % of g"
        in lowered
    )
    # Half of 5 min with probability 0.95, (5 + 15) / 2 min with 0.05: 2.875 min.
    assert "half of these by about 2026-01-21 00:00 UTC" in lowered
    assert "blocked about 2 min 53 s later, as the lowered limit reaches it" in lowered
    raised = said(limit="1 MB", timeline="{at: 20 days, fleet: f, data_limit: 5 MB}")
    assert "sets limit 5 MB; " in raised
    assert "and unblocks what is not above it too; above the old one are by then about 100 % of g" in raised
    assert "unblocks hardly a SIM by that" in said(limit="1 MB", timeline="{at: 10 days, fleet: f, data_limit: 5 MB}")
    assert "blocks hardly a SIM by that" in said(timeline="{at: 10 days, fleet: f, data_limit: 1 MB}")


def test_ready_sims_turn_active_by_use_or_after_three_months():
    # 250,000 B at 1 B/s are 2 days 21:26:40.
    assert "without a fee until it turns active, by its use about 2 days 21 h later" in said(group="status: ready,")
    slow = "{arrivals: {process: periodic, every: 1 day}, upload: 1 kB}"
    found = said(item=slow, group="status: ready,")
    assert "three months later since it uses little (after the scenario has ended)" in found
    assert "fee 0.00, usage 0.0031" in found  # 31 kB
    assert "fee 2.00" in said(item=slow)


def test_a_price_by_network_and_an_increment_are_in_the_cost():
    top = "tariff: {per_mb: 0.10, networks: {US-1: 2.00}, increment: 1 MB},"
    assert "fee 2.00, usage 6.00" in said(top=top, group="network: US-1,")  # 2.6784 MB are billed as 3
    assert "fee 2.00, usage 0.30" in said(top=top)


def test_a_period_with_more_use_than_the_first_is_named():
    item = "{arrivals: {process: once, at: 40 days}, upload: 8 MB}"
    found = said(item=item, duration="3 months")
    assert "uses about 0 B in its first billing period (31 days)" in found
    assert "uses most in the period from 2026-02-01 00:00 UTC: 8 MB" in found
    assert (
        "about 160 % of the limit; about all SIMs cross it in that period, half of these by about 2026-02-10" in found
    )
    assert "uses most" not in said(duration="3 months")


def test_an_activation_that_is_spread_is_said_and_shares_count_all_activations():
    # 1 MB takes 11.57 days, of which a period of 20 days activated on [0, 20 days] always has enough.
    found = said(limit="1 MB", group="activation: {at: 0 s, over: 20 days},", duration="60 days")
    assert "g: 4 normal SIMs, active from 2026-01-01 00:00 UTC to 2026-01-21 00:00 UTC" in found
    # Half of the instants of crossing lie before 10 + 11.57 days.
    assert "about all SIMs cross it in that period, half of these by about 2026-01-22 13:46 UTC" in found


# ---- the fleet as it is ----------------------------------------------------------------------------------------------


def with_rows(folder: Path, rows: list[str], **parts: str) -> str:
    (folder / "sims.csv").write_text("\n".join(["sim,period_start,used_bytes,blocked", *rows]) + "\n")
    path = folder / "s.yaml"
    path.write_text(text(group="initial: {file: sims.csv},", **parts))
    return "\n".join(outline(fleetsim.load(path)))


def test_sims_in_the_middle_of_a_period_are_counted_and_those_that_will_cross(tmp_path):
    rows = [
        "0,2025-12-10T00:00:00Z,4500000,0",  # ends on 10 January: 777,600 B more, so it crosses after 500 kB
        "1,2025-12-10T00:00:00Z,4000000,0",  # stays below
        "2,2025-12-20T00:00:00Z,5100000,1",
    ]
    found = with_rows(tmp_path, rows)
    assert "  g: 4 normal SIMs; 1 SIM of them active from 2026-01-01 00:00 UTC on" in found
    assert (
        "    3 SIMs in the middle of a period, which ends from 2026-01-10 00:00 UTC to 2026-01-20 00:00 UTC: 2 above 80 %"
        " of the limit, 1 of these above it; 1 blocked, the last until 2026-01-20 00:00 UTC" in found
    )
    # 500,000 s are 5 days 18:53:20
    assert (
        "of the 2 others about 1 crosses it before their period ends, half of these by about 2026-01-06 18:53" in found
    )


def test_above_the_limit_and_not_blocked_the_next_record_decides(tmp_path):
    row = "0,2025-12-20T00:00:00Z,5100000,"
    assert "1 SIM above the limit and not blocked: the next record has them blocked" in with_rows(tmp_path, [row + "0"])
    assert "above the limit and not blocked" not in with_rows(tmp_path, [row + "1"])


@pytest.mark.parametrize(
    ("period", "starts"),
    [
        # 28 February is the last day for three of them.
        (
            "activation-month",
            ["01-31T12:00:00.001", "01-30T00:00:00", "01-29T23:59:59.999", "01-28T00:00", "01-11T00:00"],
        ),
        ("calendar-month", ["02-01T00:00:00", "02-09T23:59:59.999"]),
        ("40 days", ["01-31T12:00:00.001", "01-02T00:00:00"]),
    ],
)
def test_ends_of_running_periods_are_those_of_the_clock(period, starts, tmp_path):
    lines = [f"{sim},2026-{start}Z,0" for sim, start in enumerate(starts)]
    (tmp_path / "sims.csv").write_text("\n".join(["sim,period_start,used_bytes", *lines]) + "\n")
    path = tmp_path / "s.yaml"
    document = text(group="initial: {file: sims.csv},", top=f"platform: {{billing_period: {period}}},")
    path.write_text(document.replace("start: 2026-01-01", "start: 2026-02-10").replace("count: 4", "count: 5"))
    scenario = fleetsim.load(path)
    rows = scenario.initial("f", "g")
    assert rows is not None
    begins = rows.period_start_ms.tolist()
    expected = [next(period_ends(scenario.platform.billing_period, scenario.start, begin)) for begin in begins]
    assert running_ends_ms(scenario, groups(scenario)[0]).tolist() == expected


# ---- what looks odd --------------------------------------------------------------------------------------------------

FAULTY = "role: faulty,"
EVERY_HOUR = "{arrivals: {process: periodic, every: 1 h, jitter: %s}, upload: 1 kB}"
ON_DEMAND = "session: {mode: on-demand, idle_timeout: %s},"
BY_SESSION = "platform: {record_interval: none},"
OTHER = ", other: {data_limit: %s, devices: {}}"
MOVE = "{at: 20 days, sims: f/g, to: other}"
NETWORKS = "tariff: {networks: {US-1: 0.05}},"

ODD: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "limit below the use": (
        "f/g: the limit of 2 MB is below the 2.68 MB that these normal devices",
        {"limit": "2 MB"},
        {"limit": "3 MB"},
    ),
    "faulty devices below the limit": (
        "f/g: these faulty devices are expected to use 2.68 MB, so most do not reach the limit of 5 MB",
        {"group": FAULTY},
        {"group": FAULTY, "limit": "2 MB"},
    ),
    "jitter": (
        "f/g: t: a jitter of 2 h is longer than the distance of 1 h",
        {"item": EVERY_HOUR % "2 h"},
        {"item": EVERY_HOUR % "1 h"},
    ),
    "no traffic of an item": (
        "f/g: t: begins 2026-02-01 00:00 UTC, when the scenario has ended",
        {"item": "{arrivals: {process: once, at: 31 days}, upload: 1 kB}"},
        {"item": "{arrivals: {process: once, at: 30 days}, upload: 1 kB}"},
    ),
    "never active": (
        "f/g: never active: activated from 2026-02-01 00:00 UTC on",
        {"group": "activation: {at: 31 days},"},
        {"group": "activation: {at: 0 days},"},
    ),
    "no complete period": (
        "f/g: no complete billing period lies in the scenario: the first ends 2026-02-01 00:00 UTC",
        {"duration": "30 days"},
        {"duration": "31 days"},
    ),
    "no record of a session without end": (
        "f/g: record_interval none, and an always-on session never ends",
        {"top": BY_SESSION},
        {"top": BY_SESSION, "group": ON_DEMAND % "30 s", "item": EVERY_HOUR % "0 s"},
    ),
    "no end of a session": (
        "f/g: record_interval none, and an idle_timeout of 1 h that its traffic never lets pass",
        {"top": BY_SESSION, "group": ON_DEMAND % "1 h", "item": EVERY_HOUR % "0 s"},
        {"top": BY_SESSION, "group": ON_DEMAND % "59 min", "item": EVERY_HOUR % "0 s"},
    ),
    "a long record": (
        "f/g: the first record closes up to 31 days after",
        {"top": "platform: {record_interval: 31 days},"},
        {"top": "platform: {record_interval: 1 day},"},
    ),
    "a late block": (
        "f/g: a block comes 31 days after a record",
        {"top": "platform: {record_delay: 31 days},"},
        {"top": "platform: {record_delay: 1 day},"},
    ),
    "a network without a price": (
        "f/g: the tariff has no price for its network US-2",
        {"top": NETWORKS, "group": "network: US-2,"},
        {"top": NETWORKS, "group": "network: US-1,"},
    ),
    "no network": (
        "f/g: the tariff has prices by network and it names none",
        {"top": NETWORKS},
        {},
    ),
    "a move above the limit": (
        "f/g: 2026-01-21 00:00 UTC: about all SIMs have used more than the limit of other, 1 MB",
        {"fleet": OTHER % "1 MB", "timeline": MOVE},
        {"fleet": OTHER % "2 MB", "timeline": MOVE},
    ),
    "an entry without effect": (
        "f/g: 2026-01-02 00:00 UTC: the entry on the timeline changes no SIM",
        {"timeline": "{at: 1 day, sims: f/g, status: active}"},
        {"timeline": "{at: 1 day, sims: f/g, status: inactive}"},
    ),
    "an empty fleet": (
        "other: no device is in it and none moves to it",
        {"fleet": OTHER % "2 MB"},
        {"fleet": OTHER % "2 MB", "timeline": MOVE},
    ),
    "a limit for nobody": (
        "f: 2026-02-20 00:00 UTC: the limit set then finds no SIM in a billing period",
        {
            "timeline": "{at: 1 day, sims: f/g, status: inactive}, {at: 50 days, fleet: f, data_limit: 6 MB}",
            "duration": "2 months",
        },
        {
            "timeline": "{at: 40 days, sims: f/g, status: inactive}, {at: 50 days, fleet: f, data_limit: 6 MB}",
            "duration": "2 months",
        },
    ),
    "a limit of a cut period": (
        "f: 2026-02-02 00:00 UTC: the limit set then acts in billing periods that the scenario's end cuts short",
        {"timeline": "{at: 32 days, fleet: f, data_limit: 6 MB}", "duration": "40 days"},
        {"timeline": "{at: 30 days, fleet: f, data_limit: 6 MB}", "duration": "40 days"},
    ),
    "a limit at the end": (
        "f: 2026-01-31 23:50 UTC: the limit set then has not reached every SIM when the scenario ends",
        {"timeline": "{at: 30 days 23 h 50 min, fleet: f, data_limit: 6 MB}"},
        {"timeline": "{at: 30 days 23 h 45 min, fleet: f, data_limit: 6 MB}"},
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_what_looks_odd_is_said_and_its_neighbour_is_not(name):
    line, strange, usual = ODD[name]
    assert line in odd(**strange)
    kind = re.sub(r"[0-9][0-9:. -]*", "#", line)
    assert kind in re.sub(r"[0-9][0-9:. -]*", "#", odd(**strange))
    assert kind not in re.sub(r"[0-9][0-9:. -]*", "#", odd(**usual))


def test_nothing_looks_odd_in_a_plain_scenario():
    assert odd() == ""
    assert said().endswith("\nNothing looks odd.")


# ---- parts -----------------------------------------------------------------------------------------------------------


def test_a_lookup_follows_another_at_the_first_request_after_the_caches_time():
    assert lookups_per_ms([PeriodicRequests(15)], 40) == pytest.approx(1 / 45)
    assert lookups_per_ms([PeriodicRequests(20)], 40) == pytest.approx(1 / 40)  # just as old as the cache's time
    assert lookups_per_ms([PeriodicRequests(50)], 40) == pytest.approx(1 / 50)
    assert lookups_per_ms([PoissonRequests(1 / 10)], 40) == pytest.approx(1 / 50, rel=1e-3)
    assert lookups_per_ms([PoissonRequests(1 / 10), PoissonRequests(1 / 40)], 40) == pytest.approx(1 / 48, rel=1e-3)
    assert lookups_per_ms([PeriodicRequests(10), PoissonRequests(0.5)], 0) == pytest.approx(0.6)
    assert lookups_per_ms([], 40) == 0


def test_the_normal_law_of_a_mixture():
    assert normal(np.array([-np.inf, -1.959964, 0, 1.644854, np.inf])) == pytest.approx(
        [0, 0.025, 0.5, 0.95, 1], abs=1e-6
    )
    use = Use(np.array([0.25, 0.75]), np.array([10.0, 30.0]), np.array([0.0, 4.0]), True)
    assert use.expected == 25
    assert use.deviation == pytest.approx((0.25 * 225 + 0.75 * (4 + 25)) ** 0.5)
    assert use.share_above(10) == pytest.approx(0.75)  # more than 10: not those that move 10
    assert use.share_above(30) == pytest.approx(0.375)
    assert use.quantile(0.2) == pytest.approx(10)
    assert use.quantile(1 - 0.375) == pytest.approx(30, abs=1e-3)


def test_shares_and_money_are_said_without_exponents_and_only_all_is_all():
    assert [phrases.share(part) for part in (0, 1e-9, 0.0005, 0.019, 0.12, 0.9999, 1, 246.18)] == [
        "0 %",
        "under 0.001 %",
        "0.05 %",
        "1.9 %",
        "12 %",
        "100 %",
        "100 %",
        "24,618 %",
    ]
    assert phrases.share(0.9994) == "over 99 %"
    assert [phrases.amount(value) for value in (0, 1e-7, 0.0031, 0.27, 4871.725)] == [
        "0.00",
        "under 0.001",
        "0.0031",
        "0.27",
        "4,871.73",
    ]
    assert [phrases.of_the_sims(part) for part in (0.0004, 0.5, 0.9999)] == [
        "hardly any SIM",
        "about 50 % of the SIMs",
        "about all SIMs",
    ]
    assert [phrases.size(size) for size in (0, 0.2, 1234)] == ["0 B", "under 1 B", "1.23 kB"]
