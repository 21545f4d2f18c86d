"""A run priced again is the run with the other tariff, and nothing is simulated for it."""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fleetsim
from fleetsim.results import Result
from fleetsim.scenario.load import load_text
from fleetsim.scenario.schema import Tariff
from tests.properties.scenarios import documents

TARIFFS = [
    "super-sim-payg",
    {"fee": "0.75", "per_mb": "0.031", "increment": "1 kB", "currency": "EUR"},
    {"fee": 0, "per_mb": 1000, "increment": "3 B"},
    {"preset": "super-sim-payg", "per_mb": 0.05},
]
LITTLE = """\
start: 2026-01-01T00:00:00Z
duration: 40 days
seed: 3
replications: 3
fleets:
  a: {data_limit: 1 MB, devices: {d: {count: 3, traffic: {t: {arrivals: {process: poisson, rate: 9 per day}, upload: 9 kB}}}}}
  b: {data_limit: 2 MB, devices: {}}
timeline: [{at: 20 days, sims: a/d, count: 2, to: b}]
"""


def same(found: Result, expected: Result) -> None:
    """Tables, summary, scenario and manifest, all but what tells of the run itself."""
    assert found.tables == expected.tables
    for name in ("sim_periods", "replications", "blocked"):
        pd.testing.assert_frame_equal(getattr(found, name), getattr(expected, name))
    assert json.dumps(found.summary_rows) == json.dumps(expected.summary_rows)
    assert found.scenario == expected.scenario
    of_the_run = {"finished", "wall_seconds"}
    assert {k: v for k, v in found.manifest.items() if k not in of_the_run} == {
        k: v for k, v in expected.manifest.items() if k not in of_the_run
    }


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.too_slow])
@given(documents(), st.sampled_from(TARIFFS))
def test_a_random_run_priced_again_is_a_run_with_that_tariff(document, tariff):
    document |= {"replications": 2, "tariff": {"fee": "1.50", "per_mb": "0.2", "increment": "7 B"}}
    run = fleetsim.run(load_text(json.dumps(document)), workers=1)
    document["tariff"] = tariff
    same(fleetsim.reprice(run, tariff), fleetsim.run(load_text(json.dumps(document)), workers=1))


def test_with_moves_and_from_a_folder_it_is_the_same_and_records_stay(tmp_path):
    fleetsim.run(load_text(LITTLE), out=tmp_path / "out", report=False, workers=1, records="traffic")
    run = Result.read(tmp_path / "out")
    before = run.sim_periods.copy()
    again = fleetsim.reprice(run, TARIFFS[1])
    fresh = fleetsim.run(load_text(LITTLE, [f"tariff={json.dumps(TARIFFS[1])}"]), workers=1, records="traffic")
    for name in ("sim_periods", "replications", "blocked", "usage_records", "events"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(fresh, name))
    assert again.manifest["scenario_hash"] == fresh.manifest["scenario_hash"] != run.manifest["scenario_hash"]
    assert again.manifest["currency"] == "EUR"
    assert again.summary_rows == fresh.summary_rows
    # The run itself is as it was.
    pd.testing.assert_frame_equal(run.sim_periods, before)
    assert run.scenario.tariff.currency == run.manifest["currency"] == "USD"


def test_by_hand():
    # 1,000,000 B at 0.031 a MB in steps of 1 kB are 31,000 micro-units; the fee is 0.75 where it is due.
    run = fleetsim.run(load_text(LITTLE), workers=1, replications=1)
    again = fleetsim.reprice(run, TARIFFS[1]).sim_periods
    steps = -(-again["used_bytes"] // 1000)
    assert (again["usage_cost_micros"] == steps * 31).all()
    assert (again["cost_micros"] == steps * 31 + again["fee_due"] * 750_000).all()
    assert again["overage_cost_micros"].sum() > 0


@pytest.mark.parametrize("per_mb", ["0.05", 0.05, Decimal("0.050")])
def test_a_price_may_be_text_or_a_number(per_mb):
    run = fleetsim.run(load_text(LITTLE), workers=1, replications=1)
    given = {"currency": "USD", "fee": 2, "per_mb": per_mb, "increment": "1 B"}
    found = fleetsim.reprice(run, given)
    assert found.scenario.tariff.per_mb_micros == 50_000
    same(found, fleetsim.reprice(run, Tariff.model_validate({"per_mb": "0.05"})))


@pytest.mark.parametrize(
    ("tariff", "said"),
    [
        (
            "super-sim-pago",
            "tariff: found 'super-sim-pago'; expected the name of a preset (super-sim-payg); did you mean 'super-sim-payg'?",
        ),
        ({"per_mb": "cheap"}, "tariff: per_mb: found 'cheap'; expected "),
        ({"per_mb": -0.1}, "tariff: per_mb: found '-0.1'; expected "),
        ({"permb": 1}, "tariff: permb: found 'permb'; expected one of "),
        (5, "tariff: found '5'; expected the name of a preset (super-sim-payg) or a mapping"),
    ],
    ids=str,
)
def test_a_wrong_tariff_is_bad_input_in_one_line(tariff, said):
    run = fleetsim.run(load_text(LITTLE), workers=1, replications=1)
    with pytest.raises(fleetsim.BadInput) as error:
        fleetsim.reprice(run, tariff)
    assert str(error.value).startswith(said)
    assert len(error.value.mistakes) == 1


NETWORKS = LITTLE.replace("{count: 3, ", "{count: 3, network: US-1, ").replace(
    "devices: {}", "devices: {d: {count: 1, traffic: {t: {arrivals: {process: periodic, every: 1 h}, upload: 1 kB}}}}"
)


def test_prices_of_networks_and_their_warnings_are_those_of_the_other_tariff():
    text = NETWORKS.replace("replications: 3", "replications: 3\ntariff: {networks: {DE-1: 0.40}}")
    run = fleetsim.run(load_text(text), workers=1)
    assert "'US-1' has no price of its own" in " ".join(run.scenario.warnings)
    again = fleetsim.reprice(run, {"networks": {"US-1": 0.25, "DE-1": "0.40"}, "fee": 0})
    same(again, fleetsim.run(load_text(NETWORKS, ["tariff={fee: 0, networks: {US-1: 0.25, DE-1: 0.4}}"]), workers=1))
    assert again.scenario.warnings == ()
    rows = again.sim_periods
    price = np.where(rows["sim"] < 3, 250_000, 100_000)
    assert (rows["cost_micros"] == (rows["used_bytes"] * price + 500_000) // 1_000_000).all()
    assert run.scenario.warnings == load_text(text).warnings
    assert fleetsim.reprice(again, {"networks": {"DE-1": 1}}).scenario.warnings == load_text(text).warnings


def test_a_tariff_under_which_money_would_not_fit_is_bad_input():
    run = fleetsim.run(load_text(LITTLE), workers=1, replications=1)
    with pytest.raises(
        fleetsim.BadInput, match=r"^tariff: found prices at which they can come to .*; expected prices at"
    ):
        fleetsim.reprice(run, {"per_mb": 10**6, "increment": "1000 GB"})


def test_a_run_that_kept_sums_is_refused_with_the_remedy():
    run = fleetsim.run(load_text(LITTLE), workers=1, replications=1, keep="sums")
    with pytest.raises(fleetsim.BadInput, match=r"^reprice: found a run with --keep sums.*; run it again"):
        fleetsim.reprice(run, "super-sim-payg")


def test_a_run_without_any_row_can_be_priced_again():
    text = LITTLE.split("fleets:")[0] + "fleets: {a: {data_limit: 1 MB, devices: {}}}\n"
    run = fleetsim.run(load_text(text), workers=1)
    same(
        fleetsim.reprice(run, TARIFFS[2]),
        fleetsim.run(load_text(text, [f"tariff={json.dumps(TARIFFS[2])}"]), workers=1),
    )
