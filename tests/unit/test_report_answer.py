from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from report_fixture import START, FakeResult, fake

from fleetsim.report.answer import answer
from fleetsim.report.service import counts
from fleetsim.report.source import Estimate
from fleetsim.scenario.schema import Move, StatusChange

HOUR = 3_600_000
DAY = 24 * HOUR


def test_the_first_sentence_is_the_limit_and_how_many_sims_of_each_role_were_blocked() -> None:
    result = fake(replications=5)
    rows = result.sim_periods[result.sim_periods["role"] == "normal"]
    count = rows.groupby("replication")["blocks"].apply(lambda blocks: (blocks > 0).sum())
    half = 2.776 * count.std() / np.sqrt(5)  # the t quantile of 4 degrees of freedom
    assert answer(result).service == (
        f"At 5 MB, {count.mean():.0f} of 980 normal SIMs on average (95 % interval {count.mean() - half:.0f} to "
        f"{count.mean() + half:.0f} SIMs; {100 * count.mean() / 980:.3g} %) and all 20 faulty SIMs were blocked at least once."
    )


def test_a_sim_that_is_blocked_in_two_periods_is_one_sim() -> None:
    result = fake(replications=1, faulty=0, normal=40, block_normal=0.0)
    rows = result.sim_periods
    second = rows.assign(period=1)
    rows = pd.concat([rows, second]).sort_values(["sim", "period"], ignore_index=True)
    rows["blocks"] = ((rows["sim"] < 12) | ((rows["sim"] == 30) & (rows["period"] == 1))).astype(int)
    result.replications["blocked_sim_periods"], result.replications["sim_periods"] = 25, 80
    result.sim_periods = rows
    assert answer(result).service == "At 5 MB, 13 of 40 SIMs (32.5 %) were blocked at least once."
    # without rows the SIMs cannot be told from their periods
    result.manifest["keep"] = "sums"
    count = counts(result, "normal", "all")
    assert (count.many, count.seen.tolist(), count.blocked.tolist()) == ("SIM-periods", [80], [25])


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
    assert said.service == "At 5 MB, none of 1,000 SIMs was blocked in any of 20 replications."
    assert said.money.endswith(
        "per run of 1 month, nothing of it beyond a limit, $50.00 of it for faulty devices, $40.00 of that fees."
    )
    assert "±" not in " ".join(said.sentences)
    assert "silent" not in " ".join(said.sentences)


def test_a_role_of_which_none_was_blocked_is_told_beside_the_other() -> None:
    said = answer(fake(block_normal=0.0, replications=2)).service
    assert said == (
        "At 5 MB, none of 980 normal SIMs and all 20 faulty SIMs were blocked at least once, in each of 2 replications."
    )


def test_few_events_are_counted_and_given_no_interval() -> None:
    said = answer(fake(faulty=0, block_normal=0.0002))
    assert said.service == "At 5 MB, 3 of 19,600 SIMs in 20 replications (0.0153 %) were blocked at least once."
    assert "interval" not in said.money.split("beyond the limit")[0]


def test_without_a_limit_nothing_is_blocked_and_nothing_is_overage() -> None:
    said = answer(fake(fleets={"meters": None}))
    assert said.service == "Without a data limit no SIM is blocked and nothing is overage."
    assert "beyond" not in said.money


def test_one_replication_has_no_interval_and_says_so() -> None:
    said = answer(fake(replications=1))
    assert said.details[-1] == "There was one replication, so no interval can be given; --replications 20 gives one."
    assert "% interval" not in " ".join(said.sentences)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (5_000_000, 4_000_000, "At 5 MB, lowered to 4 MB on 15 Jan 2026 09:00 UTC, "),
        (5_000_000, 8_000_000, "At 5 MB, raised to 8 MB on 15 Jan 2026 09:00 UTC, "),
        (5_000_000, None, "At 5 MB, raised to unlimited on 15 Jan 2026 09:00 UTC, "),
        (5_000_000, 5_000_000, "At 5 MB, none of"),
        (None, 5_000_000, "Without a data limit, and at 5 MB from 15 Jan 2026 09:00 UTC, "),
    ],
)
def test_a_changed_limit_is_told_with_its_direction_and_its_instant(old: int | None, new: int, said: str) -> None:
    result = fake(fleets={"meters": old}, normal=20, faulty=0, block_normal=0.0, timeline=True, replications=1)
    result.scenario.limit_changes = (result.scenario.limit_changes[0].model_copy(update={"data_limit_bytes": new}),)
    assert answer(result).service.startswith(said)


def test_each_of_several_fleets_with_blocked_sims_has_its_sentence() -> None:
    said = answer(fake(fleets={"a": 5_000_000, "b": 3_000_000, "c": None}, timeline=True, replications=2))
    lowered = "lowered to 4 MB on 15 Jan 2026 09:00 UTC"
    assert said.service.startswith(f"With 5 MB for a ({lowered}), 3 MB for b and no limit for c, ")
    told = [sentence.rpartition(": ")[0] for sentence in said.details if sentence.startswith("Fleet ")]
    assert told == [f"Fleet a, 5 MB, {lowered}", "Fleet b, 3 MB"]


def test_the_fleet_whose_limit_changes_is_named_where_all_begin_alike() -> None:
    result = fake(fleets={"a": 5_000_000, "b": 5_000_000}, timeline=True, replications=2)
    assert answer(result).service.startswith("At 5 MB, lowered to 4 MB on 15 Jan 2026 09:00 UTC for a, ")
    (change,) = result.scenario.limit_changes
    result.scenario.limit_changes = (change, change.model_copy(update={"at_ms": change.at_ms + 1}))
    told = [sentence.rpartition(": ")[0] for sentence in answer(result).details if sentence.startswith("Fleet ")]
    assert told == ["Fleet a, 5 MB at first", "Fleet b, 5 MB"]


def test_silence_is_the_mean_over_the_blocked_sims_alone() -> None:
    result = fake(replications=1, block_normal=0.0)
    rows = result.sim_periods
    rows.loc[rows["role"] == "faulty", "blocked_ms"] = [HOUR * hours for hours in range(1, 21)]
    result.replications.loc[result.replications["role"] == "faulty", "blocked_ms"] = 210 * HOUR
    assert answer(result).details[0] == (
        "Once blocked, faulty devices stayed so for 10 h 30 min of a billing period on average (20 h at most)."
    )


def raised(**blocked: tuple[int, int]) -> FakeResult:
    """A limit that is raised after 14 days 9 h, and SIMs that were blocked from then on by so many ms until then."""
    result = fake(normal=10, faulty=0, block_normal=0.0, timeline=True, replications=1)
    change = result.scenario.limit_changes[0]
    result.scenario.timeline = result.scenario.limit_changes = (
        change.model_copy(update={"data_limit_bytes": 8_000_000}),
    )
    rows = result.sim_periods
    at = pd.Timestamp(START) + pd.Timedelta(change.at_ms, "ms")
    for sim, (since, until) in enumerate(blocked.values()):
        rows.loc[sim, "blocks"] = 1
        rows.loc[sim, "first_blocked_at"] = at + pd.Timedelta(since, "ms")
        rows.loc[sim, "blocked_ms"] = until - since
    result.replications["blocked_sim_periods"] = len(blocked)
    return result


def test_how_soon_sims_are_back_counts_from_the_raise_and_only_those_that_it_finds_blocked() -> None:
    result = raised(
        early=(-5 * HOUR, -HOUR), first=(-3 * HOUR, 60_000), second=(-HOUR, 120_000), third=(0, 300_000), late=(1, HOUR)
    )
    assert (
        "When the limit was raised on 15 Jan 2026 09:00 UTC, 3 SIMs were blocked; half of them were back within 2 min "
        "and all within 5 min."
    ) in answer(result).details


def test_sims_that_a_raise_does_not_bring_back_are_told() -> None:
    month_end = 31 * 24 * HOUR - (14 * 24 + 9) * HOUR
    result = raised(back=(-HOUR, 60_000), never=(-HOUR, month_end))
    assert (
        "When the limit was raised on 15 Jan 2026 09:00 UTC, 2 SIMs were blocked; 50 % of them were back by it, within "
        "1 min, and the others only when their billing period ended."
    ) in answer(result).details
    assert "none of them was back" in " ".join(answer(raised(never=(-HOUR, month_end))).details)


def test_what_blocks_save_is_the_price_of_what_faulty_devices_could_not_send() -> None:
    result = fake(replications=2, normal=20)
    frame = result.replications[result.replications["role"] == "faulty"]
    lost = frame["undelivered_bytes"].sum() / 2
    dns = frame["overage_dns_bytes"].sum() / 2
    # at $0.10 per MB
    assert (
        f"Blocks kept {lost / 1e12:.3g} TB per run of faulty devices from moving, which saves ${lost / 1e7:,.0f} at "
        f"most; the DNS that these still send while blocked costs ${dns / 1e7:,.2f}."
    ) in answer(result).details
    # Where DNS is a good part of that, what is saved in all cannot be told from the two.
    result.replications.loc[result.replications["role"] == "faulty", "undelivered_bytes"] = dns
    assert (
        f"most; the DNS that these still send while blocked costs ${dns / 1e7:,.2f}, and unblocked they would send DNS "
        "too: `fleetsim compare` with a scenario without a limit tells what it saves in all."
    ) in " ".join(answer(result).details)


def test_fees_that_ready_sims_do_not_owe_are_told() -> None:
    result = fake(normal=10, faulty=0, block_normal=0.0, replications=2)
    result.scenario.fleets["meters"].devices["meter"].status = "ready"
    result.sim_periods.loc[result.sim_periods["sim"] < 4, "fee_due"] = False
    result.replications["fee_micros"] = 12_000_000
    assert (
        "Fees are $12.00 of the cost: of 10 SIM-periods that begin in the run, 6 owe one and 4 do not, for the SIM was "
        "ready throughout."
    ) in answer(result).details


def test_periods_from_before_the_run_are_told_with_what_they_had_used() -> None:
    result = fake(normal=10, faulty=0, block_normal=0.0, replications=2)
    rows = result.sim_periods
    began = rows["sim"] < 3
    rows.loc[began, "period_start"] -= pd.Timedelta(9, "D")
    rows.loc[began, ["fee_due", "complete"]] = False
    rows.loc[began, "carried_bytes"] = 2_000_000
    result.replications["carried_bytes"] = 6_000_000
    result.replications["complete_sim_periods"] = 7
    details = answer(result).details
    assert (
        "3 SIM-periods began before the run. The 6 MB used in them by then count toward the limit; what these cost, and "
        "the fees of these periods, were paid before and are not in the cost."
    ) in details
    assert "30 % of the SIM-periods lie in the run only in part." in details
    assert "Fees are" not in " ".join(details)
    # what was used before counts in the use of a period that ended in the run
    used = np.sort((rows["used_bytes"] + rows["carried_bytes"]).to_numpy())
    assert f"half used at most {used[9] / 1e6:.3g} MB" in " ".join(details)
    rows["period_end"] += pd.Timedelta(1, "s")
    assert "half used" not in " ".join(answer(result).details)


def test_moves_and_idle_sims_are_told_with_what_they_mean_for_the_figures() -> None:
    result = fake(normal=10, faulty=0, block_normal=0.0, replications=1)
    sims = ("meters", "meter")
    result.scenario.timeline = (
        Move.model_construct(at_ms=DAY, sims=sims, count=3, to="<other>"),
        StatusChange.model_construct(at_ms=2 * DAY, sims=sims, count=None, status="inactive"),
    )
    details = answer(result).details
    assert (
        "3 meter of meters moved to <other> on 2 Jan 2026 00:00 UTC: a SIM's billing period counts whole for the fleet "
        "that the SIM is in at its end."
    ) in details
    assert (
        "All meter of meters made inactive on 3 Jan 2026 00:00 UTC: an inactive SIM moves nothing, and if it is blocked "
        "that time counts on."
    ) in details


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
    assert "% interval" not in said.money


def test_answer_and_terminal_do_not_load_matplotlib() -> None:
    code = "import sys, fleetsim.report.answer, fleetsim.report.terminal; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_is_the_same_in_every_replication_has_no_interval() -> None:
    said = answer(fake(fleets={"a": 5_000_000, "b": None}, replications=3)).service
    assert said.endswith(" and 20 of 40 faulty SIMs (50 %) were blocked at least once.")


def test_a_mean_of_equal_values_that_is_off_by_a_rounding_has_no_interval() -> None:
    third = sum([0.1] * 3) / 3  # 0.10000000000000002
    assert Estimate(third, 0.1, third).interval is None
    assert Estimate(0.1, 0.0999, 0.1001).interval == (0.0999, 0.1001)


def test_what_faulty_devices_cost_is_told_as_coarsely_as_the_whole() -> None:
    result = fake(replications=5)
    sums = result.replications[result.replications["role"] == "faulty"].sum(numeric_only=True) / 5 / 1e6
    ending = f", ${sums['cost_micros']:.0f} of it for faulty devices, ${sums['fee_micros']:.0f} of that fees."
    assert answer(result).money.endswith(ending)
    assert "faulty" not in answer(fake(replications=5, faulty=0)).money
