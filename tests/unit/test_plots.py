"""Pictures from Python: axes in, axes out, and the user's figure stays hers."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterator

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import imread

import fleetsim
from fleetsim.choice.frontier import undominated
from fleetsim.choice.study import LimitStudy
from fleetsim.comparison.compare import Comparison
from fleetsim.comparison.sweep import Sweep
from fleetsim.results import Result
from fleetsim.scenario.load import load_text
from fleetsim.scenario.schema import Scenario

TEXT = """\
name: plots
start: 2026-01-01T00:00:00Z
duration: 10 days
seed: 1
replications: 6
platform: {preset: super-sim, billing_period: 10 days}
fleets:
  '<i>$f$':
    data_limit: 1 MB
    devices:
      normal:
        count: 6
        rate_spread: 0.5
        traffic: {data: {arrivals: {process: poisson, rate: 8 per day}, upload: 15 kB}}
        dns: {query: 70 B, response: 150 B, cache_ttl: 0 s}
        when_blocked: {reconnect: {first: 1 min, factor: 2, max: 10 min}}
      faulty:
        count: 1
        role: faulty
        traffic: {data: {arrivals: {process: periodic, every: 1 h}, upload: 100 kB}}
"""
FLEET = "<i>$f$"


def scenario(limit: str = "1 MB") -> Scenario:
    return load_text(TEXT.replace("data_limit: 1 MB", f"data_limit: {limit}"))


@pytest.fixture(scope="module")
def result() -> Result:
    return fleetsim.run(scenario(), engine="reference", workers=1)


@pytest.fixture(scope="module")
def study() -> LimitStudy:
    how = {"engine": "reference", "workers": 1}
    return fleetsim.choose_limit(scenario(), fleet=FLEET, limits="1MB:6MB:1MB", max_blocked_share="20%", **how)


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    two = {"$1$ <b>": scenario(), "2 MB": scenario("2 MB")}
    return fleetsim.compare(two, engine="reference", workers=1)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    path = tmp_path_factory.mktemp("sweep") / "scenario.yaml"
    path.write_text(TEXT)
    vary = {f"fleets.{FLEET}.data_limit": "1MB,2MB,3MB", "platform.record_interval": ["6 min", "1 h"]}
    return fleetsim.sweep(path, vary, engine="reference", workers=1, replications=2)


@pytest.fixture
def draw(
    request: pytest.FixtureRequest, result: Result, study: LimitStudy, comparison: Comparison, sweep: Sweep
) -> Callable[..., Axes]:
    return {
        "overage": result.plot.overage,
        "cost": result.plot.cost,
        "blocked": result.plot.blocked,
        "sim_period": lambda ax=None: result.plot.sim_period(6, ax=ax),
        "study.curve": study.plot.curve,
        "study.frontier": study.plot.frontier,
        "differences": comparison.plot.differences,
        "sweep.curve": sweep.plot.curve,
    }[request.param]


every_picture = pytest.mark.parametrize(
    "draw",
    [
        *("overage", "cost", "blocked", "sim_period"),
        *("study.curve", "study.frontier", "differences", "sweep.curve"),
    ],
    indirect=True,
)


@pytest.fixture(autouse=True)
def no_figure_is_left_open() -> Iterator[None]:
    yield
    pyplot.close("all")


@every_picture
def test_without_axes_there_is_a_figure_that_pyplot_shows(draw):
    ax = draw()
    assert isinstance(ax, Axes)
    assert ax.figure.number in pyplot.get_fignums()
    file = io.BytesIO()
    ax.figure.savefig(file, format="png", dpi=40)
    file.seek(0)
    assert imread(file)[..., :3].min() < 0.5  # something is there


@every_picture
def test_given_axes_are_drawn_on_and_come_back_and_nothing_else_of_the_figure_changes(draw):
    mine = dict(matplotlib.rcParams)
    figure = Figure(figsize=(8, 3), facecolor="lightyellow", layout="constrained")
    left, right = figure.subplots(1, 2)
    assert draw(ax=right) is right
    assert right.has_data()
    assert not left.has_data()
    assert (figure.get_facecolor(), figure.get_size_inches().tolist()) == (
        matplotlib.colors.to_rgba("lightyellow"),
        [8, 3],
    )
    assert not figure.legends
    assert right.spines["top"].get_visible()  # her frame
    assert not pyplot.get_fignums()
    assert dict(matplotlib.rcParams) == mine
    figure.savefig(io.BytesIO(), format="svg")


@every_picture
def test_what_stands_in_the_legend_is_told_apart_without_colour(draw):
    axes = Figure().add_subplot()
    draw(ax=axes)
    if (legend := axes.get_legend()) is None:
        return
    looks = []
    for handle in legend.legend_handles:
        line = tuple(getattr(handle, f"get_{name}", str)() for name in ("linestyle", "marker", "hatch"))
        sizes = getattr(handle, "get_sizes", list)()
        faces = np.atleast_2d(getattr(handle, "get_facecolor", lambda: [0, 0, 0, 1])())
        grey = tuple(np.round(faces[:, :3] @ (0.2126, 0.7152, 0.0722), 1))
        looks.append((type(handle).__name__, str(line), tuple(sizes), grey))
    assert len(set(looks)) == len(looks)


def test_a_title_that_is_set_later_does_not_lie_upon_the_legend(result):
    ax = result.plot.cost()
    ax.set_title("Mine")
    ax.figure.draw_without_rendering()
    (legend,) = ax.figure.legends
    assert not ax.title.get_window_extent().overlaps(legend.get_window_extent())


def test_ticks_that_are_made_later_have_the_pictures_own_look(result):
    with matplotlib.rc_context({"xtick.labelsize": 30}):
        ax = result.plot.cost()
        ax.figure.draw_without_rendering()
    assert {label.get_fontsize() for label in ax.get_xticklabels()} == {9.5}


def test_a_role_can_be_drawn_alone(result):
    both, faulty = Figure().add_subplot(), Figure().add_subplot()
    result.plot.overage(both)
    result.plot.overage(faulty, role="faulty")
    assert sum(bar.get_height() for bar in faulty.patches) < sum(bar.get_height() for bar in both.patches)


@pytest.mark.parametrize("name", ["overage", "blocked"])
def test_where_there_is_nothing_to_draw_a_sentence_says_so(name):
    unlimited = fleetsim.run(scenario("unlimited"), engine="reference", workers=1, replications=1)
    ax = getattr(unlimited.plot, name)(Figure().add_subplot())
    (text,) = ax.texts
    assert text.get_text().startswith("No SIM ")


def test_a_mistake_is_said_and_leaves_no_empty_figure(result, comparison, sweep):
    for call, said in (
        (lambda: result.plot.overage(role="broken"), "role: found 'broken'; expected one of normal, faulty"),
        (lambda: result.plot.cost(metric="fee"), "metric: found 'fee'; expected one of cost, overage_cost"),
        (lambda: comparison.plot.differences(metric="costs"), "metric: found 'costs'; expected one of "),
        (lambda: sweep.plot.curve(metric="costs"), "metric: found 'costs'; expected one of "),
    ):
        with pytest.raises(fleetsim.BadInput, match=said):
            call()
    sums = fleetsim.run(scenario(), engine="reference", workers=1, keep="sums")
    with pytest.raises(fleetsim.BadInput, match="--keep sums"):
        sums.plot.overage()
    assert not pyplot.get_fignums()


def test_a_metric_that_is_the_same_everywhere_is_said_to_be(comparison):
    ax = comparison.plot.differences(Figure().add_subplot(), metric="fee")
    assert ax.texts[0].get_text() == "Fees, USD: the same in all scenarios"


def test_a_difference_is_drawn_where_it_lies(comparison):
    ax = comparison.plot.differences(Figure().add_subplot())
    expected = comparison.table.query("metric == 'cost' and scenario == '2 MB'")["diff"].item()
    assert [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"] == pytest.approx([expected])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["2 MB"]


def test_a_sweep_has_a_line_for_each_value_of_the_second_path(sweep):
    ax = sweep.plot.curve(Figure().add_subplot())
    assert [line.get_xdata().tolist() for line in ax.lines] == [[1, 2, 3], [1, 2, 3]]
    assert ax.get_xlabel() == f"fleets.{FLEET}.data_limit (MB)"
    expected = sweep.table["cost"].to_numpy().reshape(3, 2)
    assert pytest.approx(expected) == np.array([line.get_ydata() for line in ax.lines]).T


def test_a_limit_that_another_one_beats_is_not_on_the_frontier():
    share = np.array([0.9, 0.5, 0.5, 0.2, 0.0, 0.0])
    cost = np.array([9.0, 3.0, 4.0, 5.0, 6.0, 6.0])
    assert undominated(share, cost).tolist() == [False, True, False, True, True, True]


def test_the_frontier_shows_every_limit_once_and_names_the_recommended_one(study):
    ax = study.plot.frontier(Figure().add_subplot())
    rings = ("could be the answer",)  # around points that are there anyway
    points = [dot for dots in ax.collections if dots.get_label() not in rings for dot in dots.get_offsets().tolist()]
    expected = [[100 * share, cost] for share, cost in study.limits[["blocked_share", "cost_mean"]].to_numpy()]
    assert np.array(sorted(points)) == pytest.approx(np.array(sorted(expected)))
    bold = [text.get_text() for text in ax.texts if text.get_fontweight() == "bold"]
    assert bold == [f"{study.recommended_limit_bytes // 10**6} MB"]


def test_names_are_no_formulas(comparison):
    ax = comparison.plot.differences(Figure().add_subplot())
    ax.figure.savefig(io.BytesIO(), format="svg")
    assert ax.get_xlabel() == "Cost, USD: difference to $1$ <b>"


def test_a_result_loads_matplotlib_only_when_it_draws():
    code = "import sys, fleetsim.results, fleetsim.choice.study, fleetsim.comparison.sweep; print('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
