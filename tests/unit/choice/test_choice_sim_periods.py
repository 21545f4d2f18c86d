"""For each limit that is judged, the rows of a run at that limit: every column, whatever the scenario has in it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import fleetsim
from fleetsim.choice.sim_periods import Follow, SimPeriods
from fleetsim.errors import BadInput
from tests.unit.choice.fleets import MB, PAPER

ROOT = Path(__file__).parents[3]
FEW = {
    "asset-trackers": ("trackers", ("riding", "hunted")),
    "day-20": ("pumps", ()),
    "dns-tunnel": ("gateways", ("gateway", "infected")),
    "firmware-bug": ("cameras", ("camera", "broken")),
    "retry-storm": ("terminals", ("terminal", "faulty")),
    "rollout": ("meters", ("meter", "spare")),
    "smart-meters": ("meters", ("meter", "stuck")),
}
"""The fleet of each scenario, and its groups, of which two SIMs are enough here."""


def same_rows(path: Path, fleet: str, limits: tuple[int, ...], overrides: list[str], engine: str) -> None:
    scenario = fleetsim.load(path, overrides)
    rows = SimPeriods(Follow(scenario, engine, fleet, limits))
    for limit in limits:
        at_limit = fleetsim.load(path, [*overrides, f"fleets.{fleet}.data_limit={limit}B"])
        expected = fleetsim.run(at_limit, replications=2, engine=engine).sim_periods
        pd.testing.assert_frame_equal(rows.at(limit, range(2)), expected)
        pd.testing.assert_frame_equal(
            rows.at(limit, [1]), expected[expected["replication"] == 1].reset_index(drop=True), check_categorical=False
        )


@pytest.mark.parametrize("name", FEW)
def test_rows_of_each_shipped_scenario(name):
    fleet, groups = FEW[name]
    overrides = [f"fleets.{fleet}.devices.{group}.count=2" for group in groups]
    same_rows(ROOT / "scenarios" / f"{name}.yaml", fleet, (MB, 3 * MB, 8 * MB, 30 * MB), overrides, "compiled")


@pytest.mark.parametrize("fleet", ["meters", "trackers"])
def test_rows_where_every_key_is_used(fleet):
    overrides = [f"fleets.meters.devices.{group}.count=3" for group in ("meter", "stuck")]
    overrides += ["fleets.trackers.any_limit=true", "timeline.1.count=1", "timeline.2.count=1"]
    same_rows(ROOT / "docs" / "every-key.yaml", fleet, (4 * MB, 10 * MB, 50 * MB), overrides, "compiled")


def test_rows_of_the_reference_engine_of_a_fleet_as_it_is_whose_limit_changes(tmp_path):
    (tmp_path / "sims.csv").write_text(
        "sim,period_start,used_bytes,blocked\n0,2025-12-29T00:00:00Z,1500000,\n1,2025-12-30T00:00:00Z,2500000,0\n"
    )
    text = PAPER.replace("count: 9", "count: 4\n        initial: {file: sims.csv}")
    (tmp_path / "s.yaml").write_text(text + "timeline:\n  - {at: 5 days, fleet: meters, data_limit: 2 MB}\n")
    same_rows(tmp_path / "s.yaml", "meters", (MB, 2 * MB, 3 * MB), [], "reference")


def test_a_study_has_them_by_limit_in_bytes_or_as_text(tmp_path):
    (tmp_path / "s.yaml").write_text(PAPER)
    study = fleetsim.choose_limit(
        tmp_path / "s.yaml", fleet="meters", limits="2MB:4MB:1MB", max_blocked_share="20%", engine="reference"
    )
    frame = study.sim_periods("3 MB")
    assert set(frame["data_limit_bytes"]) == {3 * MB, MB}  # the other fleet's too
    assert frame["replication"].nunique() == 4
    pd.testing.assert_frame_equal(frame, study.sim_periods(3 * MB))
    assert set(study.sim_periods(2 * MB, replication=2)["replication"]) == {2}
    for wrong in (5 * MB, "5 MB", "much"):
        with pytest.raises(
            BadInput, match=r"limit: found .*; expected one of the 3 limits that were judged, from 2 MB"
        ):
            study.sim_periods(wrong)
