from __future__ import annotations

from html.parser import HTMLParser

import pytest
from small import SMALL, written

from fleetsim.explore import markup, pictures
from fleetsim.explore.bench import Bench
from fleetsim.explore.changes import changes
from fleetsim.explore.curve import Asked, Curves
from fleetsim.explore.who import SimPeriod

NAME = "<img src=x onerror=alert(1)> **b** $x$ `c`"
FLEET = "<script>x</script> & <b>"
HOSTILE = (
    SMALL.replace("name: small", f"name: {NAME!r}")
    .replace("meters:", f"{FLEET!r}:")
    .replace("fleet: meters", f"fleet: {FLEET!r}")
    .replace("tariff: super-sim-payg", "tariff: {currency: '<i>$', fee: 2, per_mb: 0.1}")
    .replace("</script>", "<|script>")  # no name has a slash
)


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Bench:
    return Bench(written(tmp_path_factory.mktemp("hostile"), HOSTILE), engine="reference", replications=2)


def test_names_of_a_scenario_are_text_in_everything_that_is_shown(hostile):
    turned = [f"fleets.{FLEET.replace('</', '<|')}.data_limit=3 MB"]
    opened, now = hostile.answer(), hostile.answer(turned)
    scenario = hostile.load(["timeline=[]"])
    study = Curves(hostile.scenario).study(scenario, Asked(next(iter(scenario.fleets)), "2MB,9MB"), "reference")
    shown = [
        markup.heading(hostile.scenario, "<file>.yaml"),
        markup.answered(now, changes(opened.result, now.result)),
        markup.picture(pictures.of_limits(study, 3_000_000), "curve"),
        markup.picture(pictures.of_a_sim(now.result, SimPeriod(0, 7, 0)), "sim"),
        *(markup.picture(pictures.of_a_run(now.result, key), key) for key in pictures.OF_A_RUN),
        markup.wrong("<b>", ["<script>"]),
        markup.saved("<b>.yaml", "run <b>", "choose <b>"),
        markup.waiting("<b>"),
        markup.note("<b>"),
        markup.titled("<b>"),
    ]
    for each in shown:
        assert not {"img", "script", "b", "i", "u", "file"} & Tags(each).tags
    assert NAME in Tags(shown[0]).text
    assert "<|script>" in Tags(shown[1]).text


def test_the_figure_that_a_page_shows_is_that_of_the_run(hostile):
    outcome = hostile.answer()
    cost = (outcome.result.replications.groupby("replication")["cost_micros"].sum() / 1e6).mean()
    shown = markup.answered(outcome, changes(outcome.result, outcome.result))
    value = float(shown.split('data-metric="cost" data-value="')[1].split('"')[0])
    assert value == pytest.approx(cost)


def test_a_label_means_nothing_to_markdown():
    marimo = pytest.importorskip("marimo")
    for text in (NAME, "# a", "1. a", "- a", "[a](b)", "a_b_c ~~d~~", "$$x$$", "| a |", ":::{a}"):
        shown = Tags(marimo.md(markup.label(text)).text)
        assert shown.tags <= {"span"}
        assert shown.text.strip() == text


def test_a_picture_has_a_name_for_those_who_do_not_see_it(hostile):
    shown = markup.picture(pictures.of_a_sim(hostile.answer().result, SimPeriod(0, 7, 0)), "sim")
    assert 'role="img"' in shown
    assert "Line chart of usage over time" in shown


def test_where_nothing_passed_a_limit_that_is_said(hostile):
    fleet = next(iter(hostile.scenario.fleets))
    result = hostile.answer([f"fleets.{fleet}.data_limit=unlimited", "timeline=[]"]).result
    shown = pictures.of_a_run(result, "overage_by_cause")
    assert shown.svg == ""
    assert shown.caption
