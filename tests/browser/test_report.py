"""The pages of runs, choices, comparisons and sweeps in a real browser: offline, by keyboard, on a phone, on paper."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

import fleetsim
from tests.cli.conftest import LITTLE

HOSTILE = "</script><script>taken=1</script>"
HOSTILE_FLEET = '<script>taken=1<!-- "\'<img src=x onerror="taken=2">'  # no name of a fleet has a slash or a dot
KINDS = ("run", "choice", "outage", "comparison", "sweep")
SLIDERS = {"run": 0, "choice": 3, "outage": 3, "comparison": 1, "sweep": 0}
HOW: dict[str, Any] = {"engine": "reference", "workers": 1}


def write_all(place: Path, text: str, fleet: str, kinds: tuple[str, ...]) -> dict[str, str]:
    """Make results of these kinds; return the addresses of their pages."""
    (place / "a.yaml").write_text(text)
    (place / "b.yaml").write_text(text.replace("data_limit: 1 MB", "data_limit: 2 MB"))
    limits = {"fleet": fleet, "limits": "1MB:4MB:1MB"} | HOW
    make: dict[str, Callable[[Path], object]] = {
        "run": lambda out: fleetsim.run(place / "a.yaml", out=out, **HOW),
        "choice": lambda out: fleetsim.choose_limit(place / "a.yaml", max_blocked_share="20%", out=out, **limits),
        "outage": lambda out: fleetsim.choose_limit(place / "a.yaml", outage_cost="1 per day", out=out, **limits),
        "comparison": lambda out: fleetsim.compare({"a": place / "a.yaml", fleet: place / "b.yaml"}, out=out, **HOW),
        "sweep": lambda out: fleetsim.sweep(place / "a.yaml", ["platform.record_interval=6min,1h"], out=out, **HOW),
    }
    for kind in kinds:
        make[kind](place / kind)
    return {kind: (place / kind / "report.html").as_uri() for kind in kinds}


@pytest.fixture(scope="module")
def addresses(browser, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Pages of each kind, made only where there is a browser to look at them."""
    return write_all(tmp_path_factory.mktemp("pages"), LITTLE, "meters", KINDS)


@pytest.fixture(scope="module")
def hostile(browser, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The same of scenarios whose names would be markup, if they were not escaped."""
    text = LITTLE.replace("name: little", f"name: {json.dumps(HOSTILE)}\ndescription: {json.dumps(HOSTILE)}")
    text = text.replace("  meters:", f"  {json.dumps(HOSTILE_FLEET)}:")
    return write_all(tmp_path_factory.mktemp("hostile"), text, HOSTILE_FLEET, KINDS)


def texts(page: Page) -> list[str]:
    """What stands where a slider could change it."""
    return page.locator("[data-text]").all_text_contents()


# ---- every page ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["desk", "phone"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_page_opens_from_disk_without_a_network_and_without_faults(kind, size, addresses, open_page):
    opened = open_page(addresses[kind], size)
    assert opened.complaints == []
    assert opened.asked == []
    assert opened.faults() == []
    assert opened.page.locator("h1").count() == 1
    wide = opened.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    assert opened.page.locator("input[type=range]:visible").count() == SLIDERS[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_has_no_faults_in_the_dark(kind, addresses, open_page):
    assert open_page(addresses[kind], color_scheme="dark").faults() == []


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_names_do_nothing(kind, hostile, open_page):
    opened = open_page(hostile[kind])
    assert opened.complaints == []
    assert opened.asked == []
    assert opened.page.locator("img").count() == 0
    assert "taken=1" in opened.page.locator("main").inner_text()
    for slider in opened.page.locator("input[type=range]").all():
        slider.focus()
        opened.page.keyboard.press("Home")
    assert opened.page.evaluate("typeof taken") == "undefined"


@pytest.mark.parametrize("kind", ["choice", "comparison"])
def test_without_scripts_a_page_shows_the_answer_and_no_slider(kind, addresses, open_page):
    page, whole = open_page(addresses[kind], java_script_enabled=False).page, open_page(addresses[kind]).page
    assert page.locator("input[type=range]:visible").count() == 0
    assert texts(page) == texts(whole)
    assert "".join(texts(page))


# ---- sliders ---------------------------------------------------------------------------------------------------------


def test_the_limit_is_turned_by_keyboard_and_numbers_bars_and_mark_follow(addresses, open_page):
    page = open_page(addresses["choice"]).page
    study = fleetsim.LimitStudy.read(Path(addresses["choice"].removeprefix("file://")).parent)
    slider = page.get_by_role("slider", name="Data limit")
    mark = page.locator(".on-desk .mark")

    def turned(key: str, limit: int) -> tuple[str, str, str]:
        slider.press(key)
        row = study.limits.iloc[limit - 1]
        assert slider.get_attribute("aria-valuetext") == f"{limit} MB"
        assert page.locator("[data-text=cost]").inner_text().startswith(f"${row['cost_mean']:,.2f}")
        assert page.locator("output").first.inner_text().startswith(f"{limit}\u00a0MB ")
        assert page.locator("#at").inner_text().startswith(f"At {limit}\u00a0MB, ")
        bar = page.locator("[data-part=overage-metering]").get_attribute("style")
        transform = mark.get_attribute("transform")
        assert bar is not None
        assert transform is not None
        return page.locator("[data-text=hours]").inner_text(), bar, transform

    first, second = turned("Home", 1), turned("ArrowRight", 2)
    assert all(before != after for before, after in zip(first, second, strict=True))
    assert turned("ArrowLeft", 1) == first
    turned("End", 4)


def test_the_mark_stands_over_the_point_of_its_limit(addresses, open_page):
    page = open_page(addresses["outage"]).page
    slider, mark = page.get_by_role("slider", name="Data limit"), page.locator(".on-desk .mark line")
    slider.press("Home")
    left = mark.bounding_box()
    slider.press("End")
    right, picture = mark.bounding_box(), page.locator(".on-desk svg").bounding_box()
    assert left is not None
    assert right is not None
    assert picture is not None
    assert picture["x"] < left["x"] < right["x"] < picture["x"] + picture["width"]
    assert right["x"] - left["x"] > picture["width"] / 2


def test_more_confidence_makes_intervals_wider(addresses, open_page):
    page = open_page(addresses["choice"]).page
    slider, cost = page.get_by_role("slider", name="How sure"), page.locator("[data-text=cost]")

    def width(key: str) -> float:
        slider.press(key)
        low, high = cost.inner_text().split("(")[1].rstrip(")").replace("$", "").replace(",", "").split(" to ")
        return float(high) - float(low)

    page.get_by_role("slider", name="Data limit").press("End")
    assert width("Home") < width("End")
    assert slider.get_attribute("aria-valuetext") == "99 %"


def test_a_higher_price_of_outage_changes_which_limit_comes_to_the_least(addresses, open_page):
    page = open_page(addresses["outage"]).page
    slider, least = page.get_by_role("slider", name="Price of a day of outage"), page.locator("[data-text=least]")
    assert slider.get_attribute("aria-valuetext") == "$1.00"  # as was asked
    slider.press("Home")
    cheapest = least.inner_text()
    slider.press("End")
    assert cheapest.split(" comes")[0] != least.inner_text().split(" comes")[0]


def test_the_answer_of_a_comparison_follows_how_sure_it_is_to_be(addresses, open_page):
    page = open_page(addresses["comparison"]).page
    slider, answer = page.get_by_role("slider", name="How sure"), page.locator("[data-text=answer-1]")
    slider.press("Home")
    least = answer.inner_text()
    slider.press("End")
    assert "80\u00a0% interval" in least
    assert "99\u00a0% interval" in answer.inner_text()


# ---- on paper --------------------------------------------------------------------------------------------------------


def test_on_paper_a_slider_is_the_value_it_stands_at_and_no_table_is_cut(addresses, open_page):
    page = open_page(addresses["choice"]).page
    page.get_by_role("slider", name="Data limit").press("Home")
    page.emulate_media(media="print")
    assert page.locator("input[type=range]:visible").count() == 0
    assert page.locator("[data-text=place-limit]").first.inner_text() == "1\u00a0MB"
    page.set_viewport_size({"width": 680, "height": 960})  # A4 less its margins
    cut = "[...document.querySelectorAll('.wide')].filter((each) => each.scrollWidth > each.clientWidth + 1).length"
    assert page.evaluate(cut) == 0
    assert len(page.pdf(format="A4", prefer_css_page_size=True)) > 10_000
