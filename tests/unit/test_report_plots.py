from __future__ import annotations

import io
from collections import Counter

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from report_fixture import CAUSES, FakeResult, fake

from fleetsim.report import plots
from fleetsim.report.classes import overage_classes
from fleetsim.report.pictures import pictures


def axes() -> Axes:
    return Figure().add_subplot()


def bars(ax: Axes) -> list[Rectangle]:
    return [patch for patch in ax.patches if isinstance(patch, Rectangle)]


@pytest.mark.parametrize(
    ("result", "per_unit"),
    [(fake(replications=3), 1e6), (fake(heavy_tail=True, block_normal=0.2, replications=1), None)],
)
def test_the_bars_heights_add_up_to_the_mean_overage(result: FakeResult, per_unit: float | None) -> None:
    ax = plots.overage_by_cause(result, axes())
    unit = ax.get_ylabel().split("(")[1].rstrip(")")
    factor = {"kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}[unit]
    assert per_unit in (None, factor)
    n = result.manifest["replications"]
    expected = result.sim_periods["overage_bytes"].sum() / n / factor
    assert sum(bar.get_height() for bar in bars(ax)) == pytest.approx(expected, rel=1e-12)
    # Stacked: what stands on top of a class is at the height of all its causes together.
    tops = Counter[float]()
    stacked: dict[float, float] = {}
    for bar in bars(ax):
        tops[bar.get_x()] += bar.get_height()
        stacked[bar.get_x()] = max(stacked.get(bar.get_x(), 0.0), bar.get_y() + bar.get_height())
    assert stacked == pytest.approx(dict(tops))


def test_each_causes_bars_add_up_to_its_overage() -> None:
    result = fake(replications=3)
    ax = plots.overage_by_cause(result, axes())
    for cause, drawn in zip(CAUSES, ax.containers, strict=True):
        expected = result.sim_periods[f"overage_{cause}_bytes"].sum() / 3 / 1e6
        assert sum(bar.get_height() for bar in drawn) == pytest.approx(expected)


def test_the_numbers_above_the_bars_add_up_to_the_sim_periods_with_overage() -> None:
    result = fake(replications=1)
    ax = plots.overage_by_cause(result, axes(), ("faulty",))
    assert sum(float(text.get_text()) for text in ax.texts) == 20


def test_causes_differ_by_hatch_and_by_darkness_and_not_by_colour_alone() -> None:
    ax = plots.overage_by_cause(fake(replications=1), axes())
    hatches = [drawn[0].get_hatch() for drawn in ax.containers]
    darkness = [float(np.dot(drawn[0].get_facecolor()[:3], (0.2126, 0.7152, 0.0722))) for drawn in ax.containers]
    assert len(set(hatches)) == 4
    assert darkness == sorted(darkness)
    assert min(np.diff(darkness)) > 0.1


def test_a_cause_without_bytes_is_not_in_the_legend() -> None:
    result = fake(replications=1)
    ax = plots.overage_by_cause(result, axes(), ("faulty",))  # no propagation among the faulty ones
    assert [text.get_text().split()[0] for text in ax.get_legend().get_texts()] == [
        "metering",
        "enforcement",
        "DNS",
    ]


def frame(overage: list[int]) -> pd.DataFrame:
    columns = {f"overage_{cause}_bytes": 0 for cause in CAUSES}
    return pd.DataFrame({"overage_bytes": overage, "role": "normal"} | columns).assign(overage_metering_bytes=overage)


def test_a_value_on_a_class_edge_belongs_to_the_class_above_it() -> None:
    classes = overage_classes(frame([10, 19, 20, 50]))
    assert classes.even
    assert classes.edges_bytes.tolist() == [10, 15, 20, 25, 30, 35, 40, 45, 50, 55]
    assert classes.sim_periods.tolist() == [1, 1, 1, 0, 0, 0, 0, 0, 1]


def test_a_few_far_larger_ones_get_growing_classes() -> None:
    classes = overage_classes(frame([1_000] * 9 + [150_000]))
    assert not classes.even
    assert classes.edges_bytes.tolist() == [1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000]
    assert classes.bytes_by_cause[0].tolist() == [9000, 0, 0, 0, 0, 0, 150_000]


@pytest.mark.parametrize("sizes", [[1], [1, 10**13], [7, 7, 7], [2**62, 2**61]])
def test_the_classes_hold_every_size(sizes: list[int]) -> None:
    classes = overage_classes(frame(sizes))
    assert classes.sim_periods.sum() == len(sizes)
    assert classes.bytes_by_cause.sum() == sum(sizes)
    assert len(classes.sim_periods) <= 14


def test_without_overage_there_is_nothing_to_draw() -> None:
    result = fake(overage=False, replications=1)
    with pytest.raises(ValueError, match="no SIM-period has overage"):
        plots.overage_by_cause(result, axes())


def test_the_cost_picture_has_a_dot_for_each_replication_and_the_mean() -> None:
    result = fake(replications=8)
    ax = plots.cost_over_replications(result, axes())
    cost = result.replications.groupby("replication")["cost_micros"].sum() / 1e6
    assert ax.lines[0].get_xdata().tolist() == sorted(cost)
    assert ax.lines[0].get_ydata().tolist() == [i / 8 for i in range(1, 9)]
    assert ax.lines[1].get_xdata()[0] == pytest.approx(cost.mean())


def test_the_blocked_line_is_the_mean_over_replications_over_all_fleets() -> None:
    result = fake(fleets={"a": 5_000_000, "b": 5_000_000}, replications=4)
    ax = plots.blocked_over_time(result, axes(), ("normal",))
    frame = result.blocked[result.blocked["role"] == "normal"]
    last = frame[frame["time"] == frame["time"].max()].groupby("replication")["blocked_sims"].sum()
    assert last.nunique() > 1  # else the mean would be told from no other statistic
    assert ax.lines[0].get_ydata()[-1] == last.mean()
    assert ax.lines[0].get_ydata()[0] == 0


def test_the_band_over_few_replications_is_called_what_it_is() -> None:
    few = plots.blocked_over_time(fake(replications=3), axes(), ("normal",))
    many = plots.blocked_over_time(fake(replications=20, normal=200), axes(), ("normal",))
    assert few.get_legend().get_texts()[0].get_text() == "normal, smallest to largest of 3 replications"
    assert many.get_legend().get_texts()[0].get_text() == "normal, 5 % to 95 % of 20 replications"


@pytest.mark.parametrize(
    ("result", "drawn", "said"),
    [
        (fake(replications=2), [True, True, True], []),
        (fake(replications=1), [True, False, True], ["The one replication costs $"]),
        (
            fake(overage=False, replications=2),
            [False, True, False],
            ["there is no overage to show", "No SIM was blocked at any time."],
        ),
    ],
    ids=["all", "one replication", "nothing over"],
)
def test_a_picture_of_nothing_is_a_sentence(result: FakeResult, drawn: list[bool], said: list[str]) -> None:
    made = pictures(result)
    assert [picture.draw is not None for picture in made] == drawn
    captions = " ".join(picture.caption for picture in made if picture.draw is None)
    assert all(sentence in captions for sentence in said)


def test_the_caption_says_how_many_replications_a_quantile_takes() -> None:
    # 0.95 ** 72 < 0.025 < 0.95 ** 71: the figure for a distribution-free 95 % interval of the P95.
    caption = pictures(fake(replications=5))[1].caption
    assert "5 replications are not enough for an interval of the 95 % quantile; it takes 72." in caption


def test_pictures_depend_on_no_setting_of_the_user_and_leave_none() -> None:
    result = fake(replications=2, normal=100)
    before = [(picture.svg(), picture.png()) for picture in pictures(result)]
    with matplotlib.rc_context(
        {"font.size": 30, "axes.linewidth": 9.0, "xtick.major.size": 20.0, "svg.fonttype": "path", "savefig.dpi": 30}
    ):
        mine = dict(matplotlib.rcParams)
        again = [(picture.svg(), picture.png()) for picture in pictures(result)]
        assert dict(matplotlib.rcParams) == mine
    assert again == before


def test_a_dollar_sign_in_a_currency_is_no_formula() -> None:
    result = fake(replications=2, currency="$x_2$")
    ax = plots.cost_over_replications(result, axes())
    file = io.BytesIO()
    ax.figure.savefig(file, format="svg")
    assert ax.get_xlabel() == "Cost of the whole fleet in a run ($x_2$)"
