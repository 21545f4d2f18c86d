"""Invoices to the micro-unit, worked out by hand."""

import pytest

from tests.micro.one_sim import TRACE, counted, scenario, trace


def tariff(fee="2.00", per_mb="0.10", increment="1 B"):
    return f"{{preset: super-sim-payg, fee: {fee}, per_mb: {per_mb}, increment: {increment}}}"


def invoice(row):
    names = ("fee_micros", "usage_cost_micros", "overage_cost_micros", "cost_micros")
    return tuple(row[name] for name in names)


def bill(row, used, limit="1000 B", **prices):
    """The invoice of a SIM that moved so many bytes at 0."""
    return invoice(row(scenario({"t": TRACE}, limit=limit, tariff=tariff(**prices)), trace_csv=trace((0, used, 0, 0))))


# 0.10 a MB is 100000 micro-units a MB, one for 10 bytes. (fee, usage, overage, cost)


def test_a_period_costs_its_fee_and_its_usage_and_overage_is_a_part_of_the_usage(row):
    # 1,500,000 B: 150000; 1,000,000 B: 100000; the difference 50000 is the overage's
    assert bill(row, 1_500_000, "1000000 B") == (2_000_000, 150_000, 50_000, 2_150_000)


def test_no_overage_costs_no_overage(row):
    assert bill(row, 1_000_000, "1000000 B") == (2_000_000, 100_000, 0, 2_100_000)


@pytest.mark.parametrize(
    ("used", "micros"),
    [(4, 0), (5, 1), (14, 1), (15, 2), (24, 2), (25, 3), (34, 3), (35, 4)],
)
def test_usage_cost_is_rounded_to_the_micro_unit_halves_up(row, used, micros):
    # 0.4 -> 0, 0.5 -> 1, 1.4 -> 1, 1.5 -> 2, 2.4 -> 2, 2.5 -> 3 (2 if halves went to even), 3.4 -> 3, 3.5 ->
    # 4
    assert bill(row, used) == (2_000_000, micros, 0, 2_000_000 + micros)


@pytest.mark.parametrize(
    ("used", "limit", "usage", "overage"),
    [
        (14, "9 B", 1, 0),  # 1.4 -> 1, 0.9 -> 1: nothing, though 5 B alone would round to 1
        (15, "14 B", 2, 1),  # 1.5 -> 2, 1.4 -> 1: one, though 1 B alone would round to 0
        (1500, "1000 B", 150, 50),
        (1504, "1000 B", 150, 50),
        (1505, "1000 B", 151, 51),
    ],
)
def test_overage_cost_is_the_difference_of_two_rounded_usage_costs(row, used, limit, usage, overage):
    assert bill(row, used, limit) == (2_000_000, usage, overage, 2_000_000 + usage)


@pytest.mark.parametrize(
    ("used", "usage", "overage"),
    [
        (1, 100, 0),  # billed 1000
        (1000, 100, 0),  # billed 1000
        (1001, 200, 0),  # billed 2000
        (1200, 200, 0),
        (1201, 200, 0),  # billed 2000, with the byte over the limit and without it
        (2000, 200, 0),
        (2001, 300, 100),  # billed 3000; the 1200 within the limit: 2000
    ],
)
def test_used_bytes_are_rounded_up_to_the_increment_before_they_are_priced(row, used, usage, overage):
    assert bill(row, used, "1200 B", increment="1 kB") == (2_000_000, usage, overage, 2_000_000 + usage)


def test_the_increment_may_be_binary(row):
    # 1025 B with 1 KiB: 2048 B: 204.8 -> 205; 1000 B: 1024: 102.4 -> 102
    assert bill(row, 1025, increment="1 KiB") == (2_000_000, 205, 103, 2_000_205)


def test_nothing_used_costs_the_fee_only_whatever_the_increment(row):
    late = "{arrivals: {process: periodic, every: 1 day, first: 12 h}, upload: 1 B}"
    got = row(scenario({"s": late}, tariff=tariff(increment="1 MB")))
    assert counted(got) == {}
    assert got["fee_due"] is True
    assert invoice(got) == (2_000_000, 0, 0, 2_000_000)


def test_bytes_are_rounded_up_for_every_period_and_sim_by_itself(simulate):
    # 1 B each: 1000 billed each: 100
    rows = simulate(
        scenario({"t": TRACE}, count=2, platform={"billing_period": "30 min"}, tariff=tariff(increment="1 kB")),
        trace_csv=trace((0, 1, 0, 0), (1_800_000, 0, 1, 0)),
    )
    assert [(row["sim"], row["period"], row["used_bytes"]) for row in rows] == [
        (0, 0, 1),
        (0, 1, 1),
        (1, 0, 1),
        (1, 1, 1),
    ]
    assert [invoice(row) for row in rows] == [(2_000_000, 100, 0, 2_000_100)] * 4


@pytest.mark.parametrize(
    ("per_mb", "usage"),
    [
        ("1.001", 1_001_000),  # 1000999.9999999999 in binary floating point
        ("2.01", 2_010_000),  # 2009999.9999999998
        ("8.2", 8_200_000),  # 8199999.999999999
        ("0.0195", 19_500),
        ("0.0025", 2500),
        ("0.000001", 1),
        ("0", 0),
        ("3", 3_000_000),
    ],
)
def test_prices_are_decimal_numbers_taken_exactly(row, per_mb, usage):
    # a whole MB costs the price itself
    assert bill(row, 1_000_000, "1 MB", per_mb=per_mb) == (2_000_000, usage, 0, 2_000_000 + usage)


@pytest.mark.parametrize(("fee", "micros"), [("1.001", 1_001_000), ("8.2", 8_200_000), ("0", 0), ("0.40", 400_000)])
def test_the_fee_is_a_decimal_number_taken_exactly(row, fee, micros):
    # 10 B cost 1
    assert bill(row, 10, fee=fee) == (micros, 1, 0, micros + 1)


def test_a_price_times_bytes_beyond_64_bits_is_still_exact(row):
    # 2,000,000,000,001 B at 10 a MB: 2 * 10^12 * 10^7 = 2 * 10^19 > 2^63: 20,000,000 units, and 10 micro-units
    # for the last byte
    got = row(
        scenario({"t": TRACE}, limit="unlimited", tariff=tariff(per_mb="10")),
        trace_csv=trace((0, 1_000_000_000_000, 1_000_000_000_001, 0)),
    )
    assert got["used_bytes"] == 2_000_000_000_001
    assert invoice(got) == (2_000_000, 20_000_000_000_010, 0, 20_000_002_000_010)


def two_networks(tariff, other="network: DE-1"):
    """Two SIMs that move 1,500 B each at 0 and 1,000 B at 10 min: one in a network, one in none or another."""
    group = """\
      {name}:
        count: 1
        {network}
        session: {{mode: always-on, first_record: 6 min}}
        traffic:
          t:
            arrivals: {{process: trace, file: trace.csv}}
"""
    groups = [
        group.format(name=name, network=network) for name, network in (("here", "network: US-1"), ("there", other))
    ]
    head = """\
start: 2026-01-01T00:00:00Z
duration: 1 h
seed: 1
tariff: {tariff}
fleets:
  fleet:
    data_limit: 1000 B
    any_limit: true
    devices:
"""
    return head.format(tariff=tariff) + "".join(groups)


def networks(increment="1 B", prices="{US-1: 0.20, DE-1: 0.05}"):
    return f"{{preset: super-sim-payg, increment: {increment}, networks: {prices}}}"


# 1,500 B at 0 are 500 over, found out at 360000: metering. The 1,000 B at 600000 find the SIM blocked.


def test_usage_is_priced_by_the_network_of_its_group(simulate):
    # 0.20 a MB: 1500 B cost 300, the 1000 within the limit 200. 0.05 a MB: 75 and 50.
    rows = simulate(two_networks(networks()), trace_csv=trace((0, 1500, 0, 0), (600_000, 1000, 0, 0)))
    assert [row["overage_metering_bytes"] for row in rows] == [500, 500]
    assert [invoice(row) for row in rows] == [(2_000_000, 300, 100, 2_000_300), (2_000_000, 75, 25, 2_000_075)]


@pytest.mark.parametrize("other", ["role: normal", "network: FR-1"])
def test_usage_in_no_network_or_in_one_without_a_price_costs_the_tariffs_own(simulate, other):
    # 0.10 a MB: 150, of it 50 for the overage
    rows = simulate(two_networks(networks(), other), trace_csv=trace((0, 1500, 0, 0)))
    assert [invoice(row) for row in rows] == [(2_000_000, 300, 100, 2_000_300), (2_000_000, 150, 50, 2_000_150)]


def test_a_network_may_be_free_and_still_owes_the_fee(simulate):
    rows = simulate(two_networks(networks(prices="{US-1: 0}")), trace_csv=trace((0, 1500, 0, 0)))
    assert [invoice(row) for row in rows] == [(2_000_000, 0, 0, 2_000_000), (2_000_000, 150, 50, 2_000_150)]


def test_the_increment_holds_in_every_network(simulate):
    # billed 2000 B, 1000 of them within the limit; 0.20 a MB: 400 and 200; 0.05 a MB: 100 and 50
    rows = simulate(two_networks(networks("1 kB")), trace_csv=trace((0, 1500, 0, 0)))
    assert [invoice(row) for row in rows] == [(2_000_000, 400, 200, 2_000_400), (2_000_000, 100, 50, 2_000_100)]


def test_the_sums_of_a_run_are_those_of_its_rows_also_by_cause(tmp_path):
    # Blocked at 360000, attempts with lookups of 220 B at 420000, 540000, 780000, ... : 60, 120, 240, 480, 960 s:
    # 420000, 540000, 780000, 1260000, 2220000; 5 lookups of 220 B: 1100 B of DNS beyond the 500 of metering.
    # At 0 the transfer's own lookup: 220 + 1500 = 1720 B, 720 over. In all 2820 B, 1820 over.
    # 0.20 a MB: 2820 B 564; 1000 B 200; 1720 B 344: metering 144, dns 220. 0.05 a MB: 141; 50; 86: 36 and 55.
    import fleetsim

    extra = """\
        dns: {query: 70 B, response: 150 B, cache_ttl: 0 s}
        when_blocked: {reconnect: {first: 60 s, factor: 2, max: 1 h}}
        session:"""
    (tmp_path / "trace.csv").write_text(trace((0, 1500, 0, 0)))
    (tmp_path / "scenario.yaml").write_text(two_networks(networks()).replace("        session:", extra))
    result = fleetsim.run(fleetsim.load(tmp_path / "scenario.yaml"), engine="reference", workers=1)
    sums = result.tables.replications.to_pylist()
    names = ("used_bytes", "overage_bytes", "usage_cost_micros", "overage_cost_micros", "cost_micros")
    assert [tuple(row[name] for name in names) for row in sums] == [
        (2820, 1820, 564, 364, 2_000_564),
        (2820, 1820, 141, 91, 2_000_141),
    ]
    causes = ("metering", "enforcement", "propagation", "dns")
    assert [[row[f"overage_cost_{cause}_micros"] for cause in causes] for row in sums] == [
        [144, 0, 0, 220],
        [36, 0, 0, 55],
    ]


def test_a_run_priced_again_has_the_prices_of_the_new_tariffs_networks(tmp_path):
    import fleetsim

    (tmp_path / "trace.csv").write_text(trace((0, 1500, 0, 0)))
    (tmp_path / "scenario.yaml").write_text(two_networks(networks()))
    result = fleetsim.run(fleetsim.load(tmp_path / "scenario.yaml"), engine="reference", workers=1)
    again = fleetsim.reprice(result, {"fee": "1", "per_mb": "0.02", "networks": {"DE-1": "0.4"}})
    # US-1 is priced no more: 1500 B at 0.02 a MB are 30, 10 of them over; at 0.4 a MB 600 and 200
    rows = again.tables.sim_periods.to_pylist()
    assert [invoice(row) for row in rows] == [(1_000_000, 30, 10, 1_000_030), (1_000_000, 600, 200, 1_000_600)]


def test_short_and_incomplete_periods_owe_the_whole_fee(simulate):
    # periods of 30 min in 45 min: the second is cut by the horizon
    rows = simulate(
        scenario({"t": TRACE}, duration="45 min", platform={"billing_period": "30 min"}, tariff=tariff(fee="1.50")),
        trace_csv=trace((0, 10, 0, 0)),
    )
    assert [(row["complete"], row["fee_due"]) for row in rows] == [(True, True), (False, True)]
    assert [invoice(row) for row in rows] == [(1_500_000, 1, 0, 1_500_001), (1_500_000, 0, 0, 1_500_000)]


def test_the_short_first_calendar_month_owes_the_whole_fee(simulate):
    # the last hour of January, and an hour of February
    text = scenario(
        {"t": TRACE}, duration="2 h", platform={"billing_period": "calendar-month"}, tariff=tariff()
    ).replace("start: 2026-01-01T00:00:00Z", "start: 2026-01-31T23:00:00Z")
    rows = simulate(text, trace_csv=trace((0, 10, 0, 0), (3_600_000, 20, 0, 0)))
    assert [(row["period_end"], row["complete"]) for row in rows] == [
        (3_600_000, True),
        (2_422_800_000, False),
    ]
    assert [invoice(row) for row in rows] == [(2_000_000, 1, 0, 2_000_001), (2_000_000, 2, 0, 2_000_002)]


def test_what_was_not_delivered_is_not_charged(row):
    # 1500 B moved, 5000 B lost at 400000
    got = row(scenario({"t": TRACE}, tariff=tariff()), trace_csv=trace((0, 1500, 0, 0), (400_000, 5000, 0, 0)))
    assert (got["used_bytes"], got["undelivered_bytes"]) == (1500, 5000)
    assert invoice(got) == (2_000_000, 150, 50, 2_000_150)


def test_overshoot_lookups_and_handshakes_are_all_charged(row):
    # 0: a lookup of 220 and 1500: 720 over 1000. Blocked at 360000. Waits 60, 120, 240, 480 s: a lookup at
    # 420000 is over (dns); 5000 B set at 500 s hold the lookups at 540000 and 780000; there at 800000,
    # unblocked; at 1260000 a lookup and a handshake of 1080. Used: 1720 + 660 + 220 + 1080 = 3680; over: 720
    # + 220 = 940. Usage 368; 3680 - 940 = 2740 cost 274; overage 94.
    got = row(
        scenario(
            {"t": TRACE},
            limits={"500 s": "5000 B"},
            tariff=tariff(),
            dns="{query: 70 B, response: 150 B, cache_ttl: 0 s}",
            when_blocked=(
                "{reconnect: {first: 60 s, factor: 2, max: 1 h}, handshake: {upload: 80 B, download: 1000 B}}"
            ),
        ),
        trace_csv=trace((0, 1500, 0, 0)),
    )
    assert counted(got) == {
        "offered": 1500,
        "up": 1930,
        "down": 1750,
        "used": 3680,
        "dns": 1100,
        "over": 940,
        "metering": 720,
        "leak": 220,
        "blocks": 1,
        "first_blocked": 360_000,
        "blocked_ms": 440_000,
    }
    assert invoice(got) == (2_000_000, 368, 94, 2_000_368)


def test_with_dns_counts_false_dns_is_charged_like_all_else(row):
    # 900 + 220 B: no block, 120 over; 112; within the limit 100
    got = row(
        scenario(
            {"t": TRACE},
            platform={"dns_counts": "false"},
            tariff=tariff(),
            dns="{query: 70 B, response: 150 B, cache_ttl: 0 s}",
        ),
        trace_csv=trace((0, 900, 0, 0)),
    )
    assert counted(got) == {
        "offered": 900,
        "up": 970,
        "down": 150,
        "used": 1120,
        "dns": 220,
        "over": 120,
        "metering": 120,
    }
    assert invoice(got) == (2_000_000, 112, 12, 2_000_112)


def test_the_preset_tariff_is_two_dollars_and_ten_cents_a_megabyte_by_the_byte(row):
    got = row(scenario({"t": TRACE}, tariff="super-sim-payg"), trace_csv=trace((0, 1505, 0, 0)))
    assert invoice(got) == (2_000_000, 151, 51, 2_000_151)
