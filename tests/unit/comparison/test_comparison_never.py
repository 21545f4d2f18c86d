"""A scenario that can block nobody: what is 0 in it by construction, and differences to it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fleetsim.clock import MS_PER_DAY, MS_PER_HOUR
from fleetsim.comparison.answer import sentences
from fleetsim.comparison.differences import Row, differences
from fleetsim.comparison.never import can_block, never
from fleetsim.scenario import load, load_text
from tests.cli.conftest import LITTLE
from tests.unit.comparison.made import observed

MONTH_MS = 30 * MS_PER_DAY
UNLIMITED = LITTLE.replace("data_limit: 1 MB", "data_limit: unlimited")
NEVER = never(load_text(UNLIMITED))
RAISED = "timeline: [{at: 3 days, fleet: meters, data_limit: 5 MB}]\n"
OFF = "timeline: [{at: 3 days, sims: meters/meter, status: inactive}]\n"


def row_of(name: str, *, less: bool = True, replications: int = 4, **sums: object) -> Row:
    """The row of a metric, of a scenario in which something happens and one in which it cannot."""
    both = {key: np.array([values, np.zeros(replications)])[:: 1 if less else -1] for key, values in sums.items()}
    row = differences(observed(2, replications, **both), 0.95, MONTH_MS, [(), NEVER][:: 1 if less else -1]).row(name)
    assert row is not None
    return row


@pytest.mark.parametrize(("text", "can"), [(LITTLE, True), (UNLIMITED, False), (UNLIMITED + RAISED, True)])
def test_who_has_a_limit_at_any_time_can_block(text, can):
    assert can_block(load_text(text)) is can
    assert bool(never(load_text(text))) is not can


@pytest.mark.parametrize(("blocked", "can"), [("1", True), ("0", False), ("", False)])
def test_a_sim_that_is_blocked_as_the_scenario_starts_can_be_blocked(blocked, can, tmp_path):
    (tmp_path / "now.csv").write_text(f"sim,period_start,used_bytes,blocked\n2,2025-12-20T00:00:00Z,900,{blocked}\n")
    (tmp_path / "it.yaml").write_text(UNLIMITED.replace("count: 6", "count: 6\n        initial: {file: now.csv}"))
    assert can_block(load(tmp_path / "it.yaml")) is can


def test_a_transfer_can_be_cut_without_a_block():
    assert "undelivered_bytes" in NEVER
    assert "undelivered_bytes" not in never(load_text(UNLIMITED + OFF))
    assert set(never(load_text(UNLIMITED + OFF))) == set(NEVER) - {"undelivered_bytes"}


@pytest.mark.parametrize("less", [True, False])
def test_one_event_that_was_seen_proves_the_difference_to_none(less):
    row = row_of("blocked_sim_periods_share", less=less, blocked_sim_periods=[1, 0, 0, 0])
    (found,) = row.differences
    near, far = (abs(found.high), abs(found.low)) if less else (found.low, found.high)
    # 1 of 400 SIM-periods. Two rows differ, share and number, so each bound may fail with 5 % / 2 / 2 = 1.25 %:
    # 1 - (1 - near)^400 = 1.25 %, and (1 - far)^400 + 400 far (1 - far)^399 = 1.25 %.
    assert found.value == (-0.0025 if less else 0.0025)
    assert near == pytest.approx(1 - 0.9875 ** (1 / 400))
    assert (1 - far) ** 400 + 400 * far * (1 - far) ** 399 == pytest.approx(0.0125)
    assert found.distinguishable
    assert found.replications_needed == 4
    nothing = row.means[1 if less else 0]
    assert nothing == (0, 0, 0)


def test_a_number_of_sim_periods_has_the_interval_of_the_share():
    (found,) = row_of("blocked_sims", blocked_sim_periods=[1, 0, 0, 0]).differences
    assert found.value == -0.25
    assert found.high == pytest.approx(-100 * (1 - 0.9875 ** (1 / 400)))


def test_the_same_figures_tell_nothing_where_both_can_block():
    seen = observed(2, 4, blocked_sim_periods=[[1, 0, 0, 0], [0] * 4])
    row = differences(seen, 0.95, MONTH_MS).row("blocked_sim_periods_share")
    assert row is not None
    assert not row.differences[0].distinguishable
    assert row.differences[0].high > 0


def test_hours_are_cut_at_0_and_keep_what_was_not_seen_on_their_side():
    hours = np.array([3, 0, 0, 0]) * MS_PER_HOUR
    (found,) = row_of("blocked_hours", blocked_ms=hours).differences
    # Mean 0.75, s = 1.5, one row: t(0.975, 3) * 1.5 / 2, and log(40) / 4 of a block of the whole month.
    half = float(stats.t.isf(0.025, 3)) * 0.75 + np.log(40) / 4 * 720
    assert found[:4] == (-0.75, pytest.approx(-0.75 - half), 0, True)


def test_where_nothing_was_seen_either_the_two_are_the_same():
    seen = observed(3, 4, blocked_sim_periods=[[0] * 4, [0] * 4, [1] * 4])
    row = differences(seen, 0.95, MONTH_MS, [NEVER, (), ()]).row("blocked_sims")
    assert row is not None
    assert row.differences[0][:4] == (0, 0, 0, False)
    assert row.differences[1].distinguishable


def test_one_replication_still_has_no_interval():
    (found,) = row_of("blocked_sims", replications=1, blocked_sim_periods=[1]).differences
    assert found[:4] == (-1, None, None, False)


def test_the_sentence_says_that_none_is_blocked():
    seen = observed(2, 4, blocked_sim_periods=[[1, 0, 0, 0], [0] * 4])
    (sentence,) = sentences(differences(seen, 0.95, MONTH_MS, [(), NEVER]), ["now", "then"], "USD", "1 month", 0.95)
    assert sentence.endswith(
        "and blocks none of SIM-periods instead of 0.2 %: 0.2 percentage points less (95 % interval 0.0 to 1.6)."
    )
