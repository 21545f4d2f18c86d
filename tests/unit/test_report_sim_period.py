"""The story of one SIM's billing period, derived by hand, and its picture."""

from __future__ import annotations

import html
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import fleetsim
from fleetsim.counted import COUNTED, NO_LIMIT
from fleetsim.engines import engine_named
from fleetsim.experiments.story import Moment, Part, Span, Story, tell, tell_worst
from fleetsim.experiments.story.usage import Usage
from fleetsim.report import telling
from fleetsim.report.pictures import SIM_PERIOD, pictures
from fleetsim.report.sim_period import WIDTH_INCHES, draw, height_inches
from fleetsim.report.style import style
from fleetsim.report.write import write
from fleetsim.scenario import Scenario
from fleetsim.scenario.fleet import groups
from tests.micro.one_sim import TRACE, TUNNEL, dns, flow, scenario, trace
from tests.properties.scenarios import documents
from tests.properties.scenarios import scenario as random_scenario

ROOT = Path(__file__).resolve().parents[2]
MIN = 60_000
Load = Callable[..., Scenario]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a scenario text with the files that it names (``trace_csv="..."`` is trace.csv)."""

    def loaded(text: str, **files: str) -> Scenario:
        for name, content in files.items():
            (tmp_path / ".".join(name.rsplit("_", 1))).write_text(content)
        (tmp_path / "scenario.yaml").write_text(text)
        return fleetsim.load(tmp_path / "scenario.yaml")

    return loaded


def metered(load: Load) -> Scenario:
    """600 B at 1 min; 1 B a second from 7 to 17 min; 50 B at 19 min, and 30 B through DNS at 30 min, while blocked."""
    return load(
        scenario({"t": TRACE, "u": TUNNEL}, duration="24 h", platform={"enforcement_delay": "2 min"}),
        trace_csv=trace((MIN, 600, 0, 0), (7 * MIN, 600, 0, 10 * MIN), (19 * MIN, 50, 0, 0)),
        tunnel_csv=trace((30 * MIN, 30, 0, 0)),
    )


def lowered(load: Load) -> Scenario:
    """600 B at 1 min, 100 B at 22 min; from 20 min on the limit is 500 B, which arrives at 25 min; raised at 40 min."""
    return load(
        scenario({"t": TRACE}, limit="5000 B", limits={"20 min": "500 B", "40 min": "2000 B"}),
        trace_csv=trace((MIN, 600, 0, 0), (22 * MIN, 100, 0, 0)),
    )


TWO_FLEETS = """\
name: micro
start: 2026-01-01T00:00:00Z
duration: 2 h
seed: 1
platform: {preset: super-sim, limit_propagation: 5 min}
tariff: super-sim-payg
fleets:
  f: {data_limit: 1000 B, any_limit: true, devices: {d: GROUP}}
  '<b>$g$': {data_limit: 300 B, any_limit: true, devices: {}}
timeline:
  - {at: 30 min, sims: f/d, to: '<b>$g$'}
  - {at: 50 min, sims: f/d, status: inactive}
  - {at: 70 min, sims: f/d, status: active}
"""


def moved(load: Load) -> Scenario:
    group = flow({"count": 1, "session": "{mode: always-on, first_record: 6 min}", "traffic": flow({"t": TRACE})})
    return load(TWO_FLEETS.replace("GROUP", group), trace_csv=trace((MIN, 600, 0, 0)))


def whats(story: Story) -> list[tuple[int, str]]:
    return [(moment.at_ms, moment.what) for moment in story.moments]


def test_crossing_record_and_block_come_when_the_model_says(load: Load) -> None:
    story = tell(metered(load), "reference", 0, 0)
    # 900 B at the close of 12 min, 1200 B at that of 18 min; the 1001st byte is complete 401 s after 7 min.
    assert story.moments == (
        Moment(421_000 + 400_000, "cross", 1001, 1000, 821_000),
        Moment(18 * MIN, "found", 1200, 1000, 12 * MIN, "record", 1200),
        Moment(20 * MIN, "block", 1250, 1000, 20 * MIN, "record"),
    )
    assert story.blocked == (Span(20 * MIN, 24 * 60 * MIN),)
    assert story.cached[0].limit_bytes == story.limits[0].limit_bytes == 1000


def test_the_parts_are_the_overage_by_cause_in_the_order_in_which_it_moved(load: Load) -> None:
    story = tell(metered(load), "reference", 0, 0)
    assert [part[2:] for part in story.parts] == [
        (1000, 1200, "metering"),
        (1200, 1250, "enforcement"),
        (1250, 1280, "dns"),
    ]
    assert story.parts[1] == Part(18 * MIN, 20 * MIN, 1200, 1250, "enforcement")
    assert story.overage == {"metering": 200, "enforcement": 50, "propagation": 0, "dns": 30}


def test_the_curve_is_exact_within_records_too(load: Load) -> None:
    story = tell(metered(load), "reference", 0, 0)
    inside_records = 0
    for ms, used in story.curve.tolist():
        running = min(max(ms - 7 * MIN, 0), 10 * MIN) // 1000
        bursts = 600 * (ms > MIN) + 50 * (ms > 19 * MIN) + 30 * (ms > 30 * MIN)
        assert used == running + bursts, ms
        inside_records += ms % (6 * MIN) != 0
    assert inside_records > 20


def test_a_closer_look_shows_the_crossing_and_the_block_with_room_on_both_sides(load: Load) -> None:
    story = tell(metered(load), "reference", 0, 0)
    # 1.5 intervals before 13 min 41 s, two after 20 min, on whole minutes.
    assert story.window == Span(4 * MIN, 32 * MIN)
    assert tell(lowered(load), "reference", 0, 0).window is None  # most of the hour anyway


def test_a_lowered_limit_is_crossed_when_it_is_set_and_found_out_when_it_arrives(load: Load) -> None:
    story = tell(lowered(load), "reference", 0, 0)
    assert whats(story) == [
        (20 * MIN, "limit"),
        (20 * MIN, "cross"),
        (25 * MIN, "arrive"),
        (25 * MIN, "found"),
        (25 * MIN, "block"),
        (40 * MIN, "limit"),
        (45 * MIN, "arrive"),
        (45 * MIN, "unblock"),
    ]
    assert [(level.since_ms, level.limit_bytes) for level in story.limits] == [
        (0, 5000),
        (20 * MIN, 500),
        (40 * MIN, 2000),
    ]
    assert [(level.since_ms, level.limit_bytes) for level in story.cached] == [
        (0, 5000),
        (25 * MIN, 500),
        (45 * MIN, 2000),
    ]
    assert [part[2:] for part in story.parts] == [(600, 700, "propagation")]
    assert story.blocked == (Span(25 * MIN, 45 * MIN),)


def test_a_move_changes_the_fleets_limit_and_absence_is_told(load: Load) -> None:
    story = tell(moved(load), "reference", 0, 0)
    assert whats(story) == [
        (30 * MIN, "move"),
        (30 * MIN, "cross"),
        (35 * MIN, "arrive"),
        (35 * MIN, "found"),
        (35 * MIN, "block"),
        (50 * MIN, "inactive"),
        (70 * MIN, "active"),
    ]
    assert story.limits[1] == (30 * MIN, 300, "<b>$g$")
    assert story.inactive == (Span(50 * MIN, 70 * MIN),)


def test_the_tale_says_it_in_words(load: Load) -> None:
    assert tale(tell(metered(load), "reference", 0, 0)) == (
        "SIM 0 (d in f, normal), replication 0, billing period 0. "
        "1 Jan 00:13:41: The SIM passes its limit of 1 kB: what moves from now on is overage. "
        "1 Jan 00:18: The record that began at 00:12 ends: 1.2 kB are known, more than its limit of 1 kB. "
        "1 Jan 00:20: The SIM is blocked, after 250 B of overage. "
        "The run ends before the period does: 1.28 kB used, 280 B of it beyond the limit: "
        "200 B metering, 50 B enforcement and 30 B DNS."
    )
    assert tale(tell(lowered(load), "reference", 0, 0)) == (
        "SIM 0 (d in f, normal), replication 0, billing period 0. "
        "1 Jan 00:20: The owner lowers the limit of f from 5 kB to 500 B. "
        "The SIM has used 600 B already: all that moves from now on is overage. "
        "1 Jan 00:25: The limit of 500 B reaches the SIM, 5 min after it was set. "
        "From records 700 B are known, more than its limit of 500 B. The SIM is blocked, after 100 B of overage. "
        "1 Jan 00:40: The owner raises the limit of f from 500 B to 2 kB. "
        "1 Jan 00:45: The limit of 2 kB reaches the SIM, 5 min after it was set. The SIM is unblocked. "
        "The run ends before the period does: 700 B used, 100 B of it beyond the limit, all propagation."
    )


def test_more_instants_than_a_picture_holds_are_counted(load: Load) -> None:
    limits = {f"{5 + 2 * i} min": f"{1001 + i} B" for i in range(20)}
    platform = {"limit_propagation": "1 ms"}
    story = tell(load(scenario({}, limits=limits, platform=platform)), "reference", 0, 0)
    assert len(telling.notes(story)) == telling.MOST_NOTES
    left_out = 40 - telling.MOST_NOTES  # each of 20 limits is set, and arrives a millisecond later
    assert telling.ending(story).startswith(f"{left_out} further instants are left out here. The run ends")


INITIAL = "sim,period_start,used_bytes,blocked\n0,2025-12-20T00:00:00Z,2000,1\n"
EDGES: dict[str, tuple[str, dict[str, str]]] = {
    "without traffic": (scenario({}), {}),
    "without a limit": (scenario({"t": TRACE}, limit="unlimited"), {}),
    "a limit that is lifted": (scenario({"t": TRACE}, limit="100 B", limits={"9 min": "unlimited"}), {}),
    "blocked from the start": (
        scenario({"t": TRACE}, initial="{file: initial.csv}", dns=dns()),
        {"initial_csv": INITIAL},
    ),
    "no records before a session's end": (
        scenario({"t": TRACE}, platform={"record_interval": "none"}, session="{mode: on-demand, idle_timeout: 2 min}"),
        {},
    ),
    "several periods": (scenario({"t": TRACE}, limit="100 B", platform={"billing_period": "8 min"}), {}),
    "a limit for each minute": (scenario({"t": TRACE}, limits={f"{i} min": f"{2000 - i} B" for i in range(60)}), {}),
}


def tale(story: Story) -> str:
    told = [f"{note.when}: {note.text}" for note in telling.notes(story)]
    return " ".join([f"{telling.whose(story)}.", *told, telling.ending(story)])


def drawn(story: Story) -> Figure:
    with style():
        size = (WIDTH_INCHES, height_inches(story))
        figure = draw(story, Figure(figsize=size, layout="constrained"))
        figure.savefig("/dev/null", format="png")
    return figure


@pytest.mark.parametrize("edge", EDGES)
def test_every_story_can_be_drawn(edge: str, load: Load) -> None:
    text, files = EDGES[edge]
    transfers = trace((MIN, 600, 0, 0), (7 * MIN, 600, 0, 10 * MIN), (50 * MIN, 900, 0, 0))
    story = tell(load(text, trace_csv=transfers, **files), "reference", 0, 0)
    drawn(story)
    assert tale(story).endswith(".")


def test_a_block_from_before_the_run_is_told(load: Load) -> None:
    text, files = EDGES["blocked from the start"]
    story = tell(load(text, trace_csv=trace((MIN, 600, 0, 0)), **files), "reference", 0, 0)
    note = telling.notes(story)[0]
    assert note.text == "The SIM is blocked already. The SIM has used 2 kB before the run, more than its limit of 1 kB."
    assert telling.ending(story) == (
        "The run ends before the period does: 2.22 kB used (2 kB of it before the run), "
        "1.22 kB of it beyond the limit, all DNS."
    ).replace("1.22 kB", "220 B")


def test_layers_of_overage_lie_where_their_bytes_are(load: Load) -> None:
    figure = drawn(tell(metered(load), "reference", 0, 0))
    whole, near = figure.axes[0], figure.axes[1]
    for ax in (whole, near):
        spans = [
            (collection.get_paths()[0].vertices[:, 1].min(), collection.get_paths()[0].vertices[:, 1].max())
            for collection in ax.collections
        ]
        assert spans == [pytest.approx(each) for each in ((1.0, 1.2), (1.2, 1.25), (1.25, 1.28))][: len(spans)]
    assert len(whole.collections) == len(near.collections) == 3


def test_nothing_in_the_legend_differs_by_colour_alone(load: Load) -> None:
    figure = drawn(tell(metered(load), "reference", 0, 0))
    (legend,) = figure.legends
    lines = [(line.get_linestyle(), line.get_marker(), line.get_linewidth()) for line in legend.get_lines()]
    patches = [
        (patch.get_hatch(), round(float(np.dot(patch.get_facecolor()[:3], (0.2126, 0.7152, 0.0722))), 1))
        for patch in legend.get_patches()
    ]
    assert len(set(map(str, lines))) == len(lines) >= 3
    assert len(set(patches)) == len(patches) == 4


def test_names_are_shown_as_they_are_and_never_as_markup(load: Load, tmp_path: Path) -> None:
    result = fleetsim.run(moved(load), workers=1)
    story = tell(result.scenario, "reference", 0, 0)
    assert any("<b>$g$" in text.get_text() for text in drawn(story).axes[-1].texts)
    write(result, tmp_path, story)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<b>$g$" not in page
    assert "&lt;b&gt;$g$" in page


def test_the_report_has_the_largest_overage_and_drops_its_picture_with_it(load: Load, tmp_path: Path) -> None:
    result = fleetsim.run(lowered(load), out=tmp_path / "out", workers=1)
    file = tmp_path / "out" / "figures" / f"{SIM_PERIOD}.png"
    assert file.exists()
    story = tell_worst(result.scenario, "reference", result.sim_periods)
    assert story is not None
    assert sum(story.overage.values()) == 100
    (picture,) = (each for each in pictures(result, story) if each.key == SIM_PERIOD)
    assert picture.svg() == picture.svg()
    page = html.unescape((tmp_path / "out" / "report.html").read_text(encoding="utf-8")).replace("\u00a0", " ")
    for note in telling.notes(story):
        assert f'>{note.number}</td><th scope="row">{note.when}</th><td>{note.text}</td>' in page
    assert f"<td>{telling.ending(story)}</td>" in page
    write(result, tmp_path / "out")
    assert not file.exists()


def test_a_drawing_that_stands_alone_has_its_heading_and_its_words_and_one_on_a_page_neither(load: Load) -> None:
    story = tell(metered(load), "reference", 0, 0)
    alone, on_page = (Figure(layout="constrained") for _ in range(2))
    draw(story, alone, "A heading")
    draw(story, on_page, told=False)
    assert len(alone.axes) == len(on_page.axes) + 1
    # A title of the figure would lie upon the legend: the heading is the legend's.
    assert alone.legends[0].get_title().get_text() == "A heading"
    assert alone.get_suptitle() == on_page.legends[0].get_title().get_text() == ""
    assert height_inches(story) > height_inches(story, told=False)


def test_where_nothing_is_over_or_the_rows_are_of_another_version_no_story_is_told(load: Load) -> None:
    result = fleetsim.run(lowered(load), workers=1)
    rows = result.sim_periods
    assert tell_worst(result.scenario, "reference", rows) is not None
    assert tell_worst(result.scenario, "reference", rows.assign(used_bytes=701)) is None
    assert tell_worst(result.scenario, "reference", rows.assign(overage_bytes=0)) is None
    assert tell_worst(result.scenario, "reference", rows.iloc[:0]) is None


def test_the_worst_is_looked_for_in_all_replications_and_periods(load: Load) -> None:
    scenario_ = random_scenario(
        {
            "start": "2026-03-01T00:00:00Z",
            "duration": "12 h",
            "seed": 3,
            "replications": 3,
            "platform": {"preset": "super-sim", "billing_period": "5 h"},
            "fleets": {
                "f": {
                    "data_limit": "100 B",
                    "any_limit": True,
                    "devices": {
                        "d": {
                            "count": 3,
                            "traffic": {"t": {"arrivals": {"process": "poisson", "rate": "2 per h"}, "upload": "60 B"}},
                        }
                    },
                }
            },
        }
    )
    rows = fleetsim.run(scenario_, workers=1).sim_periods
    story = tell_worst(scenario_, "reference", rows)
    assert story is not None
    assert sum(story.overage.values()) == rows["overage_bytes"].max() > 0


def test_a_result_draws_any_sim_period(load: Load) -> None:
    result = fleetsim.run(metered(load), workers=1)
    ax = result.plot.sim_period(sim=0)
    assert isinstance(ax, Axes)
    assert len(ax.figure.axes) > 2  # the closer look, records and words below it
    pyplot.close(ax.figure)
    for wrong, said in (
        ({"sim": 1}, "sim: found 1; expected a SIM from 0 to 0"),
        ({"sim": 0, "period": 1}, "period: found 1; expected a period of SIM 0 from 0 to 0"),
        ({"sim": 0, "replication": 1}, "replication: found 1; expected a replication from 0 to 0"),
    ):
        with pytest.raises(fleetsim.BadInput, match=said):
            result.plot.sim_period(**wrong)


SCENARIOS = [*sorted((ROOT / "scenarios").glob("*.yaml")), ROOT / "docs" / "every-key.yaml"]


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_run_that_ends_sooner_moves_the_same_until_then(path: Path) -> None:
    # What a story knows between two records rests on it.
    scenario_ = fleetsim.load(path)
    whole = scenario_.model_copy(update={"horizon_ms": min(scenario_.horizon_ms, 10 * 24 * 60 * MIN)})
    simulate = engine_named("reference").simulate
    for sim in {each for group in groups(scenario_) for each in (group.sims[0], group.sims[-1])}:
        records = simulate(whole, 0, range(sim, sim + 1), "all").records
        records = records[records[:, 1] == 0]
        used = np.cumsum(records[:, 5] + records[:, 6])
        for i in {len(records) // 7, len(records) // 2} if len(records) else ():
            sooner = whole.model_copy(update={"horizon_ms": int(records[i, 4])})
            row = dict(zip(COUNTED, simulate(sooner, 0, range(sim, sim + 1)).rows[0].tolist(), strict=True))
            assert row["upload_bytes"] + row["download_bytes"] == used[i]


@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(documents())
def test_the_parts_add_up_to_the_rows_overage_by_cause(document: dict[str, Any]) -> None:
    scenario_ = random_scenario(document)
    for sim in range(min(scenario_.sims, 3)):
        story = tell(scenario_, "reference", 0, sim)
        found = dict.fromkeys(story.overage, 0)
        for part in story.parts:
            found[part.cause] += part.last_bytes - part.first_bytes
        assert found == story.overage
        assert all(one.first_bytes <= two.first_bytes for one, two in itertools.pairwise(story.parts))


def test_where_nobody_can_look_usage_lies_on_a_line_between_records() -> None:
    usage = Usage({0: 0, 100: 10, 200: 10, 300: 40}, None)
    assert [usage.at(ms) for ms in (0, 50, 150, 250, 300, 999)] == [0, 5, 10, 25, 40, 40]
    assert usage.passes(24, 0, 300) == 250
    assert usage.passes(40, 0, 300) is None
    assert usage.passes(24, 0, 240) is None


def test_looks_are_few_and_only_where_bytes_move() -> None:
    asked: list[int] = []

    def look(ms: int) -> int:
        asked.append(ms)
        return 0 if ms <= 777 else 1_000_000

    usage = Usage({0: 0, 500: 0, 1_000: 1_000_000, 10**9: 1_000_000}, look)
    assert usage.at(400) == usage.at(10**8) - 1_000_000 == 0
    assert asked == []
    assert usage.passes(NO_LIMIT, 0, 10**9) is None
    assert usage.passes(5, 0, 10**9) == 778
    assert len(asked) <= 10
    assert all(500 < ms < 1_000 for ms in asked)
