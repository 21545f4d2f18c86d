from __future__ import annotations

import io
from collections import Counter

import matplotlib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from report_fixture import CAUSES, START, FakeResult, fake

from fleetsim.report import plots
from fleetsim.report.classes import OverageClasses
from fleetsim.report.overview import Overview
from fleetsim.report.pictures import pictures
from fleetsim.report.scales import EvenDates, amount_axis
from fleetsim.report.silent import blocked_over_time, marked, silent
from fleetsim.scenario.schema import StatusChange


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


def classes_of(overage: list[int]) -> OverageClasses:
    """Classes of SIM-periods in two replications, the first of which has the first one."""
    columns = {f"overage_{cause}_bytes": 0 for cause in CAUSES}
    frame = pd.DataFrame({"overage_bytes": overage, "role": pd.Categorical(["normal"] * len(overage))} | columns)
    frame["overage_metering_bytes"] = overage
    table = pa.Table.from_pandas(frame, preserve_index=False)
    overview = Overview(lambda names: (part.select(names) for part in (table.slice(0, 1), table.slice(1))), 2, 0, 1)
    return overview.classes(("normal",))


def test_a_value_on_a_class_edge_belongs_to_the_class_above_it() -> None:
    classes = classes_of([10, 19, 20, 50])
    assert classes.even
    assert classes.edges_bytes.tolist() == [10, 15, 20, 25, 30, 35, 40, 45, 50, 55]
    assert classes.sim_periods.tolist() == [1, 1, 1, 0, 0, 0, 0, 0, 1]


def test_a_few_far_larger_ones_get_growing_classes() -> None:
    classes = classes_of([1_000] * 9 + [150_000])
    assert not classes.even
    assert classes.edges_bytes.tolist() == [1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000]
    assert classes.bytes_by_cause[0].tolist() == [9000, 0, 0, 0, 0, 0, 150_000]


@pytest.mark.parametrize("sizes", [[1], [1, 10**13], [7, 7, 7], [2**62, 2**61]])
def test_the_classes_hold_every_size(sizes: list[int]) -> None:
    classes = classes_of(sizes)
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


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (100.0, 110.0, ["100", "105", "110"]),  # steps of 2.5 would be told as 102 and 108
        (0.095, 0.105, ["0.095", "0.100", "0.105"]),
        (0.0011, 0.0014, ["0.0011", "0.0012", "0.0013", "0.0014"]),
        (12.0, 12.6, ["12.00", "12.20", "12.40", "12.60"]),
        (4_644.0, 4_644.3, ["4,644.00", "4,644.10", "4,644.20", "4,644.30"]),
        (99_990.0, 150_010.0, ["100,000", "120,000", "140,000"]),
    ],
)
def test_ticks_of_money_are_told_apart_and_not_rounded(low: float, high: float, ticks: list[str]) -> None:
    ax = axes()
    ax.set_xlim(low - 1e-9, high + 1e-9)
    amount_axis(ax.xaxis, *ax.get_xlim(), most=4)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ticks
    assert [float(text.replace(",", "")) for text in ticks] == pytest.approx(ax.get_xticks())


@pytest.mark.parametrize("span_days", [0.0001, 0.003, 0.02, 0.3, 0.9, 2, 11, 29.7, 31, 62, 90, 400])
@pytest.mark.parametrize("start", [20_454.0, 20_454.77])
def test_ticks_of_dates_are_even_few_and_round(start: float, span_days: float) -> None:
    ticks = np.array(EvenDates(8).tick_values(start, start + span_days))
    assert 3 <= len(ticks) <= 9
    assert ticks.min() >= start - 1e-9 or span_days > 112
    seconds = np.round(ticks * 86_400, 3)
    if span_days > 112:
        assert {matplotlib.dates.num2date(tick).day for tick in ticks} == {1}
        return
    (step,) = set(np.diff(seconds))
    round_to = step if step < 86_400 else 86_400
    assert (seconds % round_to == 0).all()


def test_edges_of_even_classes_have_the_decimals_that_tell_them_apart() -> None:
    result = fake(replications=1, normal=0, faulty=20)
    sizes = np.linspace(1_900_000, 2_010_000, 20).astype(int)
    result.sim_periods["overage_bytes"] = result.sim_periods["overage_metering_bytes"] = sizes
    for cause in ("enforcement", "propagation", "dns"):
        result.sim_periods[f"overage_{cause}_bytes"] = 0
    ax = plots.overage_by_cause(result, axes())
    assert [tick.get_text() for tick in ax.get_xticklabels()][:3] == ["1.90", "1.91", "1.92"]
    assert len({tick.get_text() for tick in ax.get_xticklabels()}) == len(ax.get_xticks())


def test_sizes_that_are_all_alike_are_a_sentence_and_no_distribution() -> None:
    result = fake(replications=2, normal=0, faulty=4)
    rows = result.sim_periods
    for cause in ("metering", "enforcement", "propagation"):
        rows[f"overage_{cause}_bytes"] = 0
    rows["overage_bytes"] = rows["overage_dns_bytes"] = 440
    picture = pictures(result)[0]
    assert picture.draw is None
    assert picture.caption == (
        "Faulty devices: 4 SIM-periods per replication went over the limit, each by 440 B (all of it DNS)."
    )
    rows.loc[0, ["overage_bytes", "overage_dns_bytes"]] = 470
    assert pictures(result)[0].draw is not None


def test_the_blocked_line_is_the_mean_over_replications_over_all_fleets() -> None:
    result = fake(fleets={"a": 5_000_000, "b": 5_000_000}, replications=4)
    ax = blocked_over_time(result, axes(), silent(result), ("normal",))
    frame = result.blocked[result.blocked["role"] == "normal"]
    last = frame[frame["time"] == frame["time"].max()].groupby("replication")["blocked_sims"].sum()
    assert last.nunique() > 1  # else the mean would be told from no other statistic
    assert ax.lines[0].get_ydata()[-1] == last.mean()
    assert ax.lines[0].get_ydata()[0] == 0


def briefly(*blocks: tuple[int, int, int]) -> FakeResult:
    """Two replications in which these blocks lie: replication, and from when to when, in hours since the start."""
    result = fake(normal=10, faulty=0, block_normal=0.0, replications=2)
    rows = result.sim_periods
    for n, (replication, since, until) in enumerate(blocks):
        row = rows.index[rows["replication"] == replication][n]
        rows.loc[row, "blocks"] = 1
        rows.loc[row, "first_blocked_at"] = pd.Timestamp(START) + pd.Timedelta(since, "h")
        rows.loc[row, "blocked_ms"] = (until - since) * 3_600_000
    return result


def test_blocks_in_a_small_part_of_the_run_are_shown_in_that_part_and_exactly() -> None:
    result = briefly((0, 100, 104), (0, 102, 110), (1, 103, 105))
    stretch = silent(result)
    begin = pd.Timestamp(START)
    assert stretch.is_part(result)
    assert (stretch.start, stretch.end) == (begin + pd.Timedelta(99, "h"), begin + pd.Timedelta(111, "h"))
    counts = stretch.counts["normal"]
    at = [
        counts.loc[: begin + pd.Timedelta(hours, "h")].iloc[-1].tolist() for hours in (99.5, 101, 103.5, 104.5, 110.5)
    ]
    assert at == [[0, 0], [1, 0], [2, 1], [1, 1], [0, 0]]
    picture = pictures(result)[2]
    assert "At no other time of the run is any SIM blocked." in picture.caption
    assert "normal devices: at most 1.5 of 10 at a time, first on 5 Jan 2026 07:00 UTC." in picture.caption


@pytest.mark.parametrize(
    "blocks", [((0, 100, 104), (1, 300, 305)), ((0, 100, 104),)], ids=["far apart", "blocked twice"]
)
def test_the_whole_run_is_shown_where_blocks_lie_far_apart_or_rows_do_not_say_when(
    blocks: tuple[tuple[int, int, int], ...],
) -> None:
    result = briefly(*blocks)
    if len(blocks) == 1:
        result.sim_periods["blocks"] *= 2
    assert not silent(result).is_part(result)


def test_the_owners_doings_are_marked_in_the_stretch_that_is_shown() -> None:
    result = briefly((0, 100, 104))
    entries = [StatusChange.model_construct(at_ms=hours * 3_600_000) for hours in (50, 101, 102, 600)]
    result.scenario.timeline = tuple(entries)
    assert [when.hour for when in marked(result, silent(result))] == [101 - 96, 102 - 96]
    assert "Dotted lines: " in pictures(result)[2].caption


def test_the_band_over_few_replications_is_called_what_it_is() -> None:
    for result, name in (
        (fake(replications=3, normal=200, block_normal=0.1), "normal, smallest to largest of 3 replications"),
        (fake(replications=20, normal=200, block_normal=0.1), "normal, 5 % to 95 % of 20 replications"),
    ):
        ax = blocked_over_time(result, axes(), silent(result), ("normal",))
        assert ax.get_legend().get_texts()[0].get_text() == name


@pytest.mark.parametrize(
    ("result", "drawn", "said"),
    [
        (fake(replications=2), [True, True, True], []),
        (fake(replications=1), [True, False, True], ["The one replication costs $"]),
        (fake(overage=False, replications=2), [False, True, False], ["", ""]),
    ],
    ids=["all", "one replication", "nothing over"],
)
def test_a_picture_of_nothing_is_a_sentence_or_not_there(
    result: FakeResult, drawn: list[bool], said: list[str]
) -> None:
    made = pictures(result)
    assert [picture.draw is not None for picture in made] == drawn
    captions = [picture.caption for picture in made if picture.draw is None]
    assert all(caption.startswith(sentence) for caption, sentence in zip(captions, said, strict=True))
    assert all(caption == "" for caption, sentence in zip(captions, said, strict=True) if not sentence)


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
