"""The grid of a sweep: every point is loaded before anything is simulated, and a mistake names its point."""

from __future__ import annotations

from pathlib import Path

import pytest

import fleetsim
from fleetsim.comparison.axis import read_vary
from fleetsim.comparison.points import grid, load_points, source_of
from fleetsim.errors import BadInput
from fleetsim.scenario import Scenario, scenario_hash
from tests.cli.conftest import LITTLE
from tests.cli.killed import SCENARIO, TRACE

LIMIT, COUNT = "fleets.meters.data_limit", "fleets.meters.devices.meter.count"


@pytest.fixture
def little(tmp_path: Path) -> Path:
    path = tmp_path / "little.yaml"
    path.write_text(LITTLE)
    return path


def loaded(scenario: Scenario | Path, *vary: str, overrides: tuple[str, ...] = ()) -> list[Scenario]:
    axes = [read_vary(text) for text in vary]
    return load_points(source_of(scenario, overrides), axes, grid(axes))


def mistakes(scenario: Path, *vary: str, overrides: tuple[str, ...] = ()) -> list[str]:
    with pytest.raises(BadInput) as error:
        loaded(scenario, *vary, overrides=overrides)
    return str(error.value).splitlines()


def test_the_grid_is_full_and_its_last_path_is_the_fastest():
    axes = [read_vary("a.b=1,2"), read_vary("c=x,y,z")]
    assert grid(axes) == [("1", "x"), ("1", "y"), ("1", "z"), ("2", "x"), ("2", "y"), ("2", "z")]


def test_a_point_is_the_scenario_with_these_values_set(little):
    found = loaded(little, f"{LIMIT}=1MB,3MB", f"{COUNT}=4,5", overrides=("seed=9",))
    for scenario, (limit, count) in zip(found, [("1MB", 4), ("1MB", 5), ("3MB", 4), ("3MB", 5)], strict=True):
        expected = fleetsim.load(little, ["seed=9", f"{LIMIT}={limit}", f"{COUNT}={count}"])
        assert scenario_hash(scenario) == scenario_hash(expected)


def test_a_loaded_scenario_has_the_same_points_and_stays_as_it_is(little):
    scenario = fleetsim.load(little)
    before = scenario_hash(scenario)
    hashes = [scenario_hash(each) for each in loaded(scenario, f"{LIMIT}=1MB:3MB:1MB", "platform=super-sim")]
    assert hashes == [scenario_hash(each) for each in loaded(little, f"{LIMIT}=1MB:3MB:1MB", "platform=super-sim")]
    assert scenario_hash(scenario) == before


def test_a_wrong_value_is_said_once_with_its_path(little):
    (said,) = mistakes(little, f"{LIMIT}=1MB,1.5MB,2MB", f"{COUNT}=4,5")
    assert said == f"--vary {LIMIT}=1.5MB: {LIMIT}: found '1.5MB'; expected whole MB from 1 to 2,000,000"


def test_several_wrong_values_are_all_said(little):
    said = mistakes(little, f"{LIMIT}=0.5MB,1MB,1.5MB", f"{COUNT}=4,-5")
    assert [line.partition(": ")[0] for line in said] == [
        f"--vary {LIMIT}=0.5MB",
        f"--vary {COUNT}=-5",
        f"--vary {LIMIT}=1.5MB",
    ]


def test_an_unknown_path_and_a_wrong_file_name_no_point(little):
    (said,) = mistakes(little, "fleets.meters.data_limt=1MB")
    assert "did you mean 'data_limit'?" in said
    assert "at the point" not in said
    little.write_text(LITTLE.replace("count: 6", "count: x"))
    (said,) = mistakes(little, f"{LIMIT}=1MB,2MB")
    assert said.startswith(f"{little}:11: {COUNT}: found 'x'")
    assert "at the point" not in said


def test_values_that_do_not_fit_each_other_name_the_point(little):
    said = mistakes(little, "fleets.meters.any_limit=true,false", f"{LIMIT}=1MB,1.5MB")
    assert said == [
        f"--vary {LIMIT}=1.5MB: {LIMIT}: found '1.5MB'; expected whole MB from 1 to 2,000,000;"
        f" at the point fleets.meters.any_limit=false, {LIMIT}=1.5MB"
    ]


def test_too_many_points_nothing_to_vary_and_a_path_twice_are_mistakes():
    with pytest.raises(BadInput, match="found 1,600 points; expected at most 1,000"):
        grid([read_vary("a=1:40:1"), read_vary("b=1:40:1")])
    with pytest.raises(BadInput, match="found nothing to vary"):
        grid([])
    with pytest.raises(BadInput, match="a: found the path twice"):
        grid([read_vary("a=1"), read_vary("a=2")])


def test_points_share_their_traces_and_a_file_that_is_missing_is_missed_at_each(tmp_path):
    (tmp_path / "readings.csv").write_text(TRACE)
    (tmp_path / "s.yaml").write_text(SCENARIO)
    place, file = ("f", "played", "readings"), "fleets.f.devices.played.traffic.readings.arrivals.file"
    for scenario in (tmp_path / "s.yaml", fleetsim.load(tmp_path / "s.yaml")):
        one, other, longer = loaded(scenario, "fleets.f.data_limit=1MB,2MB", "duration=2 days,3 days")[:3]
        assert one.trace(*place) == fleetsim.load(tmp_path / "s.yaml").trace(*place)
        assert one.trace(*place) is longer.trace(*place)
        assert one.trace(*place) is not other.trace(*place)  # rows beyond the horizon are another matter
    said = mistakes(tmp_path / "s.yaml", f"{file}=none.csv", "fleets.f.data_limit=1MB,2MB")
    assert said == [f"--vary {file}=none.csv: {file}: found 'none.csv'; no such file"]
