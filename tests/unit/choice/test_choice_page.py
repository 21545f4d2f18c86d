"""The page of a choice: its numbers are those of the tables, and names in it are only names."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

import fleetsim
from fleetsim.choice.page import render
from fleetsim.choice.turning import pieces, prices_of
from fleetsim.clock import MS_PER_DAY
from tests.unit.choice.fleets import paper

HOSTILE = "</script><script>alert(1)</script>\"'<b>&amp;"


def choose(*overrides: str, **asked: Any) -> fleetsim.LimitStudy:
    rule = {"max_blocked_share": "10%"} if not {"outage_cost", "budget"} & asked.keys() else {}
    given: dict[str, Any] = {"fleet": "meters", "limits": "1MB:7MB:1MB", "engine": "reference", "workers": 1}
    return fleetsim.choose_limit(paper(*overrides), **(given | rule | asked))


@pytest.fixture(scope="module")
def study() -> fleetsim.LimitStudy:
    return choose()


@pytest.fixture(scope="module")
def page(study: fleetsim.LimitStudy) -> str:
    return render(study)


def text_of(page: str) -> str:
    body = re.sub(r"<(style|script|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).replace("\u00a0", " ").split())


def told(page: str) -> dict[str, Any]:
    """What the sliders choose from."""
    found = re.search(r'<script type="application/json" id="tables">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    tables: dict[str, Any] = json.loads(found[1])
    return tables


def headings(page: str) -> list[str]:
    return [unescape(each) for each in re.findall(r"<h[12][^>]*>(.*?)</h[12]>", page)]


# ---- what it says, in which order ------------------------------------------------------------------------------------


def test_the_page_reads_from_the_question_to_how_to_run_it_again(page, study):
    assert headings(page) == [
        "The data limit of fleet meters",
        "The answer",
        "Limit by limit",
        "What the next limits would change",
        "What a day of outage is worth",
        "Every limit",
        "What was assumed",
        "Where this comes from, and how to run it again",
    ]
    text = text_of(page)
    question, answer = "Which is the smallest data limit that blocks at most 10 %", study.why
    assert text.index(question) < text.index(answer) < text.index("What the next limits would change")
    for sentence in study.sentences:
        if not sentence.startswith(("2 MB, the next", "4 MB, the next")):  # a table has these
            assert sentence in text
    again = (
        "fleetsim choose-limit scenario.yaml --fleet meters --limits 1MB:7MB:1MB --max-blocked-share 10% --out again"
    )
    assert again in text


def test_every_limit_has_a_line_with_the_figures_of_its_row(page, study):
    lines = re.findall(r"<tr[^>]*><th scope=\"row\">(\d) MB.*?</tr>", page.replace("\u00a0", " "))
    assert lines[-7:] == [str(i) for i in range(1, 8)]
    for _, row in study.limits.iterrows():
        assert f"${row['cost_mean']:,.2f}" in page


def test_the_slider_chooses_from_the_figures_of_the_tables(page, study):
    tables = told(page)
    levels = [float(text.split()[0].replace("\u00a0%", "")) for text in tables["said"]["confidence"]]
    assert levels == [80, 90, 95, 99]
    assert tables["at"] == {"limit": study.choice.recommended, "confidence": 2, "price": tables["at"]["price"]}
    costs = tables["texts"]["cost"]
    assert costs["by"] == ["confidence", "limit"]
    for by_limit in costs["of"]:
        assert [float(text.split()[0].strip("$").replace(",", "")) for text in by_limit] == [
            round(mean, 2) for mean in study.limits["cost_mean"]
        ]
    hours = [float(text.replace(",", "")) for text in tables["texts"]["hours"]["of"]]
    assert hours == pytest.approx(study.limits["blocked_hours"].tolist(), rel=0.005)
    shares = study.limits["overage_metering_bytes"] / study.limits["overage_bytes"]
    assert tables["parts"]["overage-metering"]["of"] == pytest.approx((100 * shares).tolist(), abs=0.05)


def test_intervals_of_a_confidence_are_those_of_a_choice_at_it(study):
    tables = told(render(study))
    other = told(render(choose(confidence="0.8")))
    at = tables["said"]["confidence"].index("80 %"), other["said"]["confidence"].index("80 %")
    for name in ("share", "cost", "against", "status", "set"):
        assert tables["texts"][name]["of"][at[0]] == other["texts"][name]["of"][at[1]]
    assert tables["texts"]["share"]["of"][0] != tables["texts"]["share"]["of"][3]


def test_the_mark_stands_where_the_picture_has_the_limit(page, study):
    marks = told(page)["marks"]
    assert set(marks) == {"desk", "phone"}
    for mark in marks.values():
        assert len(mark["of"]) == 7
        steps = [later - earlier for earlier, later in pairwise(mark["of"])]
        assert min(steps) == pytest.approx(max(steps), abs=0.02)
    at = marks["desk"]["of"][study.choice.recommended]
    assert f'<g class="mark" data-mark="desk" transform="translate({at} 0)">' in page


# ---- what a day of outage is worth -----------------------------------------------------------------------------------


def test_from_each_price_on_the_limit_that_is_named_comes_to_the_least(study):
    found, seen = pieces(study.verdict), study.verdict.seen
    assert found[0].from_micros == 0
    assert len(found) >= 3
    cost, blocked = seen.cost_micros.sum(axis=0).tolist(), seen.blocked_ms.sum(axis=0).tolist()
    ends = [*(piece.from_micros for piece in found[1:]), 2 * found[-1].from_micros + 1]
    for piece, end in zip(found, ends, strict=True):
        middle = (piece.from_micros + end) / 2
        objective = [c * MS_PER_DAY + b * middle for c, b in zip(cost, blocked, strict=True)]
        assert objective[piece.place] == min(objective)
    for before, after in pairwise(found):  # at the price itself the two come to the same
        for_both = [
            Fraction(cost[i] * MS_PER_DAY) + blocked[i] * after.from_micros for i in (before.place, after.place)
        ]
        assert for_both[0] == for_both[1]


def test_the_price_slider_says_what_the_rule_on_outage_would(page):
    tables = told(page)
    least = dict(zip(tables["said"]["price"], tables["texts"]["least"]["of"], strict=True))
    other = choose(outage_cost="1 per day")
    assert least["$1.00"].replace("\u00a0", " ") == other.why
    assert "$0.00" in least


def test_where_one_limit_comes_to_the_least_at_every_price_there_is_no_such_section():
    study = choose(limits="1MB,7MB", max_blocked_share="50%")
    study.verdict.seen.cost_micros[:, 0] = study.verdict.seen.cost_micros[:, 1] + 1
    assert len(pieces(study.verdict)) == 1
    assert prices_of(study, pieces(study.verdict)) == []
    assert "What a day of outage is worth" not in headings(render(study))


# ---- other answers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "question", "row"),
    [
        ({"outage_cost": "1 per day"}, "Which data limit comes to the least, if a day", "Mean cost with outage"),
        ({"budget": "60 at 50%", "replications": 9}, "Which data limit blocks the fewest", "50 % quantile of cost"),
    ],
)
def test_each_rule_has_its_question_and_its_figures(asked, question, row):
    text = text_of(render(choose(**asked)))
    assert question in text
    assert row in text


def test_a_day_of_outage_that_costs_nothing_has_a_page_and_the_cheapest_limit():
    study = choose(outage_cost="0 per day")
    page = render(study)
    cheapest = study.limits["cost_mean"].idxmin()
    assert study.recommended_limit_bytes == study.limits["data_limit_bytes"][cheapest]
    assert told(page)["said"]["price"][0] == "$0.00"


def test_one_replication_has_a_page_without_intervals():
    page = render(choose(replications=1))
    assert "1 replication is too few to judge; it takes 2." in text_of(page)
    assert told(page)["said"]["confidence"] == ["95 %"]
    assert 'id="slider-confidence"' not in page
    assert "next larger" not in page
    assert "nan" not in text_of(page)


def test_no_limit_that_meets_the_rule_has_a_page_that_says_so():
    text = text_of(render(choose(limits="1MB,2MB", max_blocked_share="0%")))
    assert "No limit is recommended for fleet meters; the nearest is" in text
    assert "next smaller" not in text


def test_one_limit_has_a_page_without_a_table_of_limits():
    page = render(choose(limits="7MB"))
    assert "Every limit" not in headings(page)
    assert "What the next limits would change" not in headings(page)
    assert "<svg" not in page
    assert 'id="slider-limit"' not in page


def test_of_many_limits_the_table_has_those_around_the_answer_and_says_how_many_are_left_out():
    page = render(choose("fleets.meters.any_limit=true", limits="10kB:640kB:10kB", max_blocked_share="95%"))
    text = text_of(page)
    found = re.search(r"(\d+) limits are left out here; limits.parquet has all", text)
    assert found is not None
    lines = page.split('<table class="limits">')[1].count("<tr") - 1
    assert lines + int(found[1]) == 64
    assert 20 < lines <= 61


# ---- hostile names, and whom they may reach --------------------------------------------------------------------------


class Tags(HTMLParser):
    """Names and attributes of all tags, and what stands in scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_hostile_names_are_shown_and_never_become_markup(monkeypatch):
    study = choose()
    study.fleet = HOSTILE
    monkeypatch.setattr(study, "scenario", study.scenario.model_copy(update={"name": HOSTILE, "description": HOSTILE}))
    page = render(study)
    tags = Tags(page).tags
    assert [attributes.get("type") for tag, attributes in tags if tag == "script"] == ["application/json", None]
    assert not any(tag == "b" for tag, _ in tags)
    assert text_of(page).count("alert(1)") >= 4
    assert not any(name.startswith("on") for _, attributes in tags for name in attributes)


def test_the_page_lets_no_script_run_but_its_own_and_fetches_nothing(page):
    policy = next(attributes["content"] for tag, attributes in Tags(page).tags if attributes.get("http-equiv"))
    assert policy is not None
    assert re.fullmatch(
        r"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-[A-Za-z0-9+/]{43}='", policy
    )
    outside = re.sub(r'xmlns(:\w+)?="[^"]*"', "", page)
    assert "://" not in outside
    assert not re.search(r"\b(src|srcset|action|poster)=", outside)


def test_ids_are_unique(page):
    ids = [attributes["id"] for _, attributes in Tags(page).tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    wanted = {
        name
        for _, attributes in Tags(page).tags
        for key in ("aria-labelledby", "for")
        for name in (attributes.get(key) or "").split()
    }
    assert wanted <= set(ids)
