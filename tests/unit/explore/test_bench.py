from __future__ import annotations

import pytest
from small import SMALL, written

import fleetsim
from fleetsim import api
from fleetsim.errors import BadInput
from fleetsim.explore import bench as bench_module
from fleetsim.explore.bench import Bench, fitting, mistakes
from fleetsim.explore.changes import changes
from fleetsim.explore.who import BLOCKED, BUSIEST, LARGEST, NUMBER, SimPeriod, find
from fleetsim.scenario.load import load_text
from tests.support import plain_rows

LIMIT = "fleets.meters.data_limit"


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> Bench:
    return Bench(written(tmp_path_factory.mktemp("bench")), engine="reference", replications=2)


def test_an_answer_is_that_of_a_run_of_the_turned_scenario(bench):
    outcome = bench.answer([f"{LIMIT}=3 MB", "tariff.fee=1"])
    run = fleetsim.run(load_text(SMALL, outcome.turned), replications=2, engine="reference")
    assert plain_rows(outcome.result) == plain_rows(run)
    assert outcome.result.summary_rows == run.summary_rows
    assert outcome.result.manifest["scenario_hash"] == run.manifest["scenario_hash"]


def test_what_is_known_and_what_differs_in_its_tariff_is_not_simulated_again(bench, monkeypatch):
    first = bench.answer([f"{LIMIT}=4 MB"])
    monkeypatch.setattr(api, "run", None)
    again = bench.answer([f"{LIMIT}=4 MB", "tariff.per_mb=1"])
    assert not again.simulated
    assert again.result.replications["cost_micros"].sum() > first.result.replications["cost_micros"].sum()
    assert bench.answer([f"{LIMIT}=4 MB"]).result is first.result


def test_the_file_is_read_once(tmp_path):
    file = written(tmp_path)
    bench = Bench(file, engine="reference", replications=1)
    file.write_text("gone: wrong")
    assert bench.answer([f"{LIMIT}=5 MB"]).scenario.fleets["meters"].data_limit_bytes == 5_000_000


def test_overrides_hold_before_anything_is_turned(tmp_path):
    bench = Bench(written(tmp_path), [f"{LIMIT}=2 MB"], engine="reference", replications=1)
    assert bench.knobs.limits[0].value == "2 MB"
    assert bench.load(["fleets.meters.devices.meter.count=7"]).fleets["meters"].data_limit_bytes == 2_000_000


def test_mistakes_are_told_by_the_value_that_was_turned(bench):
    with pytest.raises(BadInput) as error:
        bench.answer(["platform.record_interval=6", "tariff.fee=much"])
    said = mistakes(error.value)
    assert said[0].startswith("platform.record_interval: found '6'; expected a duration")
    assert said[1].startswith("tariff.fee: found 'much'; expected a decimal number")


def test_a_scenario_that_is_wrong_cannot_be_opened(tmp_path):
    with pytest.raises(BadInput, match="expected whole MB"):
        Bench(written(tmp_path), [f"{LIMIT}=0.5 MB"])
    with pytest.raises(BadInput, match="replications"):
        Bench(written(tmp_path), replications=0)
    with pytest.raises(BadInput, match="engine"):
        Bench(written(tmp_path), engine="fast")


@pytest.mark.parametrize(("count", "replications"), [(6, 5), (200_000, 2), (3_000_000, 1)])
def test_very_many_sims_have_fewer_replications(count, replications):
    assert fitting(load_text(SMALL, [f"fleets.meters.devices.meter.count={count}"])) == replications


def test_results_that_would_take_too_much_room_are_forgotten_but_for_the_first(bench, monkeypatch):
    opened, other = bench.answer(), bench.answer([f"{LIMIT}=6 MB"])
    monkeypatch.setattr(bench_module, "_KEPT_ROWS", 1)
    bench.answer([f"{LIMIT}=7 MB"])
    assert bench.answer().result is opened.result
    assert bench.answer([f"{LIMIT}=6 MB"]).result is not other.result


def test_compiling_is_told_before_it_begins(bench, monkeypatch):
    from fleetsim.engines.compiled import code

    monkeypatch.setattr(code, "is_compiled", lambda: False)
    monkeypatch.setattr(bench_module, "make_ready", lambda name: told.append(name))
    told: list[str] = []
    bench.ready("compiled", told.append)
    assert [text.split(".")[0] for text in told] == ["Compiling the engine", "compiled"]


# ---- what a turn changes ---------------------------------------------------------------------------------------------


def test_changes_are_paired_differences_on_the_same_replications(bench):
    opened, now = bench.answer(), bench.answer([f"{LIMIT}=3 MB"])
    lines = {line.name: line for line in changes(opened.result, now.result)}
    costs = [each.result.replications.groupby("replication")["cost_micros"].sum() / 1e6 for each in (opened, now)]
    assert lines["cost"].value == pytest.approx(costs[1].mean())
    assert lines["cost"].difference.startswith("−")
    assert float(lines["cost"].difference.replace("−", "-")) == pytest.approx((costs[1] - costs[0]).mean(), abs=0.01)
    assert lines["blocked_sim_periods_share_normal"].value == 1.0  # 7.44 MB are more than 3 MB
    assert lines["blocked_sim_periods_share_normal"].interval == "in each replication"


def test_where_nothing_was_turned_there_is_nothing_to_compare(bench):
    opened = bench.answer().result
    assert {line.difference for line in changes(opened, opened)} == {""}


def test_what_a_turn_leaves_as_it_was_is_said_to_be_the_same(bench):
    lines = {line.name: line for line in changes(bench.answer().result, bench.answer(["tariff.fee=3"]).result)}
    assert lines["overage_bytes"].difference == "the same"
    assert lines["cost"].difference == "+8.00"


# ---- whose period ----------------------------------------------------------------------------------------------------


def test_sims_that_tell_most_are_found(bench):
    result = bench.answer([f"{LIMIT}=3 MB"]).result
    rows = result.sim_periods
    largest = find(result, LARGEST)
    assert largest is not None
    chosen = rows[(rows["sim"] == largest.sim) & (rows["replication"] == largest.replication)]
    assert chosen["overage_bytes"].iloc[0] == rows["overage_bytes"].max()
    for whose in (BLOCKED, BUSIEST):
        found = find(result, whose)
        assert found is not None
        assert found.sim < 6
    assert find(result, NUMBER, 7, 1) == SimPeriod(1, 7, None)


def test_where_there_is_no_such_sim_that_is_said(bench):
    result = bench.answer([f"{LIMIT}=unlimited", "timeline=[]"]).result
    assert find(result, LARGEST) is None
    assert find(result, BLOCKED) is None
    with pytest.raises(BadInput, match="found 8; expected a whole number from 0 to 7"):
        find(result, NUMBER, 8)
    with pytest.raises(BadInput, match="replication: found 2; expected a whole number from 0 to 1"):
        find(result, NUMBER, 0, 2)
