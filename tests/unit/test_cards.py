"""What our objects show in a notebook: the answer, a small table, and no markup that came from a scenario."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import fleetsim
from fleetsim.markup import Grid, card, escape
from fleetsim.scenario.load import load_text
from fleetsim.scenario.schema import Scenario

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = "<script>alert(1)</script>"
NAME = "<img src=x onerror=alert(1)>"

TEXT = f"""\
name: '{HOSTILE}'
description: '{HOSTILE} $x^2$'
start: 2026-01-01T00:00:00Z
duration: 10 days
seed: 1
replications: 3
platform: {{preset: super-sim, billing_period: 10 days}}
tariff: {{preset: super-sim-payg, currency: '<b>$</b>'}}
fleets:
  '{NAME}':
    data_limit: 1 MB
    devices:
      '{NAME}':
        count: 3
        traffic: {{'{NAME}': {{arrivals: {{process: poisson, rate: 8 per day}}, upload: 15 kB}}}}
"""
HOW = {"engine": "reference", "workers": 1}


class Checked(HTMLParser):
    """Tags that are open, tags that there were, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def scenario(limit: str = "1 MB") -> Scenario:
    return load_text(TEXT.replace("data_limit: 1 MB", f"data_limit: {limit}"))


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    path = tmp_path_factory.mktemp("cards") / "scenario.yaml"
    path.write_text(TEXT)
    made = {
        "scenario": scenario(),
        "result": fleetsim.run(scenario(), **HOW),
        "sums": fleetsim.run(scenario(), keep="sums", **HOW),
        "share": fleetsim.choose_limit(scenario(), fleet=NAME, limits="1MB:4MB:1MB", max_blocked_share="20%", **HOW),
        "outage": fleetsim.choose_limit(scenario(), fleet=NAME, limits="1MB:4MB:1MB", outage_cost=1, **HOW),
        "budget": fleetsim.choose_limit(scenario(), fleet=NAME, limits="1MB,2MB", budget="5 at 50%", **HOW),
        "comparison": fleetsim.compare({HOSTILE: scenario(), "2 MB": scenario("2 MB")}, **HOW),
        "sweep": fleetsim.sweep(path, {"platform.record_interval": ["6 min", "1 h"]}, **HOW),
    }
    return {name: each._repr_html_() for name, each in made.items()}


EVERY = ["scenario", "result", "sums", "share", "outage", "budget", "comparison", "sweep"]


@pytest.mark.parametrize("name", EVERY)
def test_it_is_whole_and_nothing_in_it_came_from_a_name(shown, name):
    page = Checked(shown[name])
    assert page.open == []
    assert page.tags <= {"div", "strong", "span", "table", "thead", "tbody", "tr", "th", "td", "code"}
    assert page.attributes <= {"class", "style", "scope"}
    assert HOSTILE in page.text


@pytest.mark.parametrize("name", EVERY)
def test_it_loads_nothing_and_leaves_colours_to_the_page_around_it(shown, name):
    # A light table in a dark notebook could not be read.
    assert not re.search(r"https?:|url\(|(?<!-)color:|background", shown[name])


@pytest.mark.parametrize("name", EVERY)
def test_money_is_no_formula(shown, name):
    assert shown[name].startswith('<div class="fleetsim tex2jax_ignore mathjax_ignore"')


@pytest.mark.parametrize("name", EVERY)
def test_it_is_short(shown, name):
    assert len(shown[name]) < 8_000
    assert shown[name].count("<tr>") > 1


def test_control_and_direction_characters_are_spelled_out():
    assert escape("a\u202eb\x07<") == "a\\u202eb\\x07&lt;"


def test_a_card_has_what_it_is_given_and_nothing_empty():
    html = card("t", "k", ["first", ""], Grid(("a", "b"), [("x", "1"), ("y", "2")], strong=(1,)), ["see `.plot`", ""])
    assert Checked(html).text == "t kfirstabx1y2see .plot"
    assert "<code>.plot</code>" in html
    assert html.count("font-weight:normal") == 2
    assert "<table" not in card("t", "k", [], Grid(("a",), []))


def test_a_result_says_its_answer_first():
    result = fleetsim.run(
        fleetsim.load(ROOT / "scenarios" / "retry-storm.yaml", ["fleets.terminals.devices.terminal.count=2"]),
        replications=1,
        **HOW,
    )
    text = Checked(result._repr_html_()).text
    assert "At 3 MB, none of 2 normal SIMs and all 10 faulty SIMs were blocked at least once." in text
    sums = result.replications.set_index("device_group")
    assert f"{sums.loc['faulty', 'overage_bytes'] / 1e6:.0f} MB" in text


def test_a_choice_shows_the_recommended_limit_in_bold_among_its_neighbours():
    study = fleetsim.choose_limit(scenario(), fleet=NAME, limits="1MB:9MB:1MB", max_blocked_share="20%", **HOW)
    html = study._repr_html_()
    bold = re.findall(r"<td[^>]*font-weight:600[^>]*>([^<]*)", html)
    assert bold[:2] == [f"{study.recommended_limit_bytes // 10**6} MB", "recommended"]
    assert html.count("<tr>") == 1 + 7


def test_many_device_groups_are_counted_rather_than_listed():
    many = scenario()
    (fleet,) = many.fleets.values()
    (group,) = fleet.devices.values()
    fleets = {NAME: fleet.model_copy(update={"devices": {f"g{i}": group for i in range(30)}})}
    html = many.model_copy(update={"fleets": fleets})._repr_html_()
    assert "and 18 more device groups" in html
    assert html.count("<tr>") == 1 + 12
