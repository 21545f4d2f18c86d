from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from report_fixture import FakeResult, fake

from fleetsim.report.answer import answer


def test_the_first_sentence_is_the_limit_and_the_share_that_is_blocked_by_role() -> None:
    result = fake(replications=5)
    shares = result.replications[result.replications["role"] == "normal"].set_index("replication")
    mean = (shares["blocked_sim_periods"] / shares["sim_periods"]).mean()
    said = answer(result).service
    assert said.startswith(f"At 5 MB, {100 * mean:.1f} % of SIM-periods of normal devices (95 % interval ")
    assert said.endswith(" and all of 100 SIM-periods of faulty devices in 5 replications were blocked at least once.")


def test_the_second_sentence_is_what_is_paid_beyond_the_limit_its_interval_and_why() -> None:
    result = fake()
    # 20 replications of a month, from the frame itself: the t quantile of 19 degrees of freedom is 2.093.
    cost = result.replications.groupby("replication")["overage_cost_micros"].sum() / 1e6
    half = 2.093 * cost.std() / np.sqrt(20)
    low, high = cost.mean() - half, cost.mean() + half
    said = answer(result).money
    assert said.startswith(
        f"The fleet pays ${cost.mean():.0f} (95 % interval ${low:.0f} to ${high:.0f}) "
        "beyond the limit per run of 1 month: "
    )
    metering = result.replications["overage_metering_bytes"].sum() / result.replications["overage_bytes"].sum()
    assert f"{metering:.0%}".replace("%", " %") + " because usage was known only from records (metering)" in said


def test_causes_are_told_from_the_largest_down_and_the_tiny_ones_only_named() -> None:
    said = answer(fake()).money
    places = [said.index(word) for word in ("(metering)", "(enforcement)", "(DNS)", "propagation: under 1 %")]
    assert places == sorted(places)
    assert said.count("propagation") == 1


def test_one_cause_has_all_of_it() -> None:
    result = fake(replications=1)
    for frame in (result.sim_periods, result.replications):
        frame["overage_metering_bytes"] = frame["overage_bytes"]
        for cause in ("enforcement", "propagation", "dns"):
            frame[f"overage_{cause}_bytes"] = 0
    assert ": all of it because usage was known only from records (metering)." in answer(result).money


def test_what_was_never_seen_is_told_with_the_number_looked_at_and_without_an_interval() -> None:
    said = answer(fake(overage=False))
    assert said.service == "At 5 MB, none of 20,000 SIM-periods in 20 replications was blocked."
    assert said.money.endswith("per run of 1 month, nothing of it beyond a limit.")
    assert "±" not in " ".join(said.sentences)
    assert "silent" not in " ".join(said.sentences)


def test_a_role_of_which_none_was_blocked_is_told_beside_the_other() -> None:
    said = answer(fake(block_normal=0.0, replications=2)).service
    assert said == (
        "At 5 MB, none of 1,960 SIM-periods of normal devices in 2 replications and all of 40 SIM-periods of "
        "faulty devices in 2 replications were blocked at least once."
    )


def test_few_events_are_counted_and_given_no_interval() -> None:
    said = answer(fake(faulty=0, block_normal=0.0002))
    assert said.service == "At 5 MB, 3 of 19,600 SIM-periods in 20 replications (0.0153 %) were blocked at least once."
    assert "interval" not in said.money.split("beyond the limit")[0]


def test_without_a_limit_nothing_is_blocked_and_nothing_is_overage() -> None:
    said = answer(fake(fleets={"meters": None}))
    assert said.service == "Without a data limit no SIM is blocked and nothing is overage."
    assert "nothing of it beyond a limit" in said.money


def test_one_replication_has_no_interval_and_says_so() -> None:
    said = answer(fake(replications=1))
    assert said.details[-1] == "There was one replication, so no interval can be given; --replications 20 gives one."
    assert "% interval" not in " ".join(said.sentences)


def test_a_changed_limit_is_told_with_its_instant() -> None:
    said = answer(fake(timeline=True, replications=2)).service
    assert said.startswith("At 5 MB, and 4 MB from 2026-01-15 09:00 UTC, ")


def test_each_of_several_fleets_with_blocked_sims_has_its_sentence() -> None:
    said = answer(fake(fleets={"a": 5_000_000, "b": 3_000_000, "c": None}, timeline=True, replications=2))
    assert said.service.startswith("With the limits of all 3 fleets, ")
    told = [sentence.split(":")[0] for sentence in said.details if sentence.startswith("Fleet ")]
    assert told == ["Fleet a, 5 MB at first", "Fleet b, 3 MB"]


def test_silence_is_the_mean_over_the_blocked_sims_alone() -> None:
    result = fake(replications=1)
    faulty = result.sim_periods[result.sim_periods["role"] == "faulty"]
    days, hours = divmod(round(faulty["blocked_ms"].mean() / 3_600_000), 24)
    assert f"faulty devices for {days} days {hours} h of a billing period on average." in " ".join(
        answer(result).details
    )


def test_overage_under_a_free_tariff_is_told_in_bytes() -> None:
    result = fake(replications=2)
    for frame in (result.sim_periods, result.replications):
        frame["overage_cost_micros"] = 0
    result.left_out = {f"overage_cost_{cause}" for cause in ("metering", "enforcement", "propagation", "dns")}
    said = answer(result).money
    assert " GB per run of 1 month move beyond the limit, free of charge: " in said


@pytest.mark.parametrize("result", [fake(replications=2), fake(replications=1, overage=False)], ids=["some", "none"])
def test_a_metric_that_the_summary_lacks_stops_nothing(result: FakeResult) -> None:
    everything = set(result.summary()["metric"])
    said = answer(replace(result, left_out=everything))
    assert said.service.startswith("At 5 MB, ")
    assert "The fleet pays $" in said.money
    assert "% interval" not in " ".join(said.sentences)


def test_answer_and_terminal_do_not_load_matplotlib() -> None:
    code = "import sys, fleetsim.report.answer, fleetsim.report.terminal; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_is_the_same_in_every_replication_has_no_interval() -> None:
    said = answer(fake(fleets={"a": 5_000_000, "b": None}, replications=3)).service
    assert said.endswith(" and 50 % of SIM-periods of faulty devices were blocked at least once.")
