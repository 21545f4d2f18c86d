"""The what-if page in a real browser: turned by hand, saved, and what was saved run by the command line."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import expect

import fleetsim

from .conftest import Opened

pytest.importorskip("marimo", reason="the what-if page needs marimo: pip install 'fleetsim[explore]'")

NAME = "<img src=x onerror=\"document.title='hit'\"> **b**"
FLEET = "<u>m**e**ters $x$"
# Meters move 10 kB an hour, 7.44 MB in the month; what is stuck moves 500 B a second from day 9 on.
SCENARIO = f"""\
name: {json.dumps(NAME)}
description: <script>document.title="hit"</script>
start: 2026-01-01T00:00:00Z
duration: 1 month
seed: 7
fleets:
  {FLEET!r}:
    data_limit: 8 MB
    devices:
      meter:
        count: 4
        traffic: {{readings: {{arrivals: {{process: periodic, every: 1 h, jitter: 1 min}}, upload: 10 kB}}}}
      stuck:
        count: 1
        role: faulty
        traffic: {{loop: {{arrivals: {{process: continuous, from: 9 days}}, upload: 500 B/s}}}}
"""
LIMIT = "marimo-text:has-text('Data limit of') input"
CURVE = "marimo-text:has-text('Limits, FROM:TO:STEP or a list') input"
SLOW_MS = 60_000  # a machine that is busy


class Explored(NamedTuple):
    process: subprocess.Popen[str]
    folder: Path
    address: str

    @property
    def token(self) -> str:
        return self.address.partition("access_token=")[2]

    @property
    def without_token(self) -> str:
        return self.address.partition("?")[0]


@pytest.fixture(scope="module")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Explored]:
    folder = tmp_path_factory.mktemp("explored")
    (folder / "small.yaml").write_text(SCENARIO, encoding="utf-8")
    command = [sys.executable, "-m", "fleetsim", "explore", "small.yaml", "--no-browser", "--engine", "reference"]
    errors = (folder / "stderr").open("w+")
    process = subprocess.Popen(
        [*command, "--replications", "2"],
        cwd=folder,
        env=os.environ | {"HOME": str(folder), "XDG_STATE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline() + process.stdout.readline()
        errors.seek(0)
        found = re.search(r"http://127\.0\.0\.1:\d+/\?access_token=\S+", said)
        assert found, said + errors.read()
        yield Explored(process, folder, found[0])
        process.send_signal(signal.SIGINT)  # as Ctrl-C does
        assert process.wait(30) in (0, 130)
        errors.seek(0)
        assert errors.read() in ("", "fleetsim: interrupted\n")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]
        errors.close()


@pytest.fixture(scope="module")
def window(explored: Explored, browser: Any) -> Iterator[Any]:
    """A window that the tests' pages share: it keeps the program of the page, and nothing of what was turned."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(explored: Explored, window: Any) -> Iterator[Opened]:
    opened = Opened(window.new_page())
    opened.page.goto(explored.address)
    answered(opened.page)
    yield opened
    opened.page.close()


@pytest.fixture(scope="module")
def page_that_stays(explored: Explored, window: Any) -> Iterator[Opened]:
    opened = Opened(window.new_page())
    opened.page.goto(explored.address)
    yield opened
    opened.page.close()


@pytest.fixture
def as_opened(page_that_stays: Opened) -> Opened:
    """A page in which other tests turned the limit, or limits of the curve, and nothing else: these are turned back."""
    page = page_that_stays.page
    answered(page, "")
    for field, value in ((page.locator(LIMIT), "8"), (page.locator(CURVE), "1MB:20MB:1MB")):
        if field.input_value() != value:
            field.fill(value)
            field.press("Enter")
    answered(page)
    expect(page.locator(".wrong")).to_have_count(0, timeout=SLOW_MS)
    return page_that_stays


def answered(page: Any, sentence: str = "At 8") -> None:
    page.wait_for_function(
        "text => document.querySelector('.answer .lead')?.innerText.replace(/\\s/g, ' ').startsWith(text)",
        arg=sentence,
        timeout=SLOW_MS,
    )


def turn(page: Any, selector: str, value: str) -> None:
    page.locator(selector).first.fill(value)
    page.locator(selector).first.press("Enter")


def refused(page: Any, what: str) -> None:
    page.wait_for_function(
        "text => [...document.querySelectorAll('.wrong')].some((told) => told.innerText.replace(/\\s/g, ' ').includes(text))",
        arg=what,
        timeout=SLOW_MS,
    )


def text(locator: Any) -> str:
    """What stands there, with plain spaces."""
    return " ".join(locator.first.inner_text().split())


def cost(page: Any) -> float:
    return float(page.locator("td[data-metric=cost]").get_attribute("data-value"))


def drawn(page: Any, name: str) -> Any:
    page.wait_for_selector(f"[aria-labelledby={name}-is] svg", timeout=SLOW_MS)
    return page.locator(f"[aria-labelledby={name}-is]")


# ---- who may look ----------------------------------------------------------------------------------------------------


def test_the_page_opens_with_its_token(page, explored):
    assert "access_token" not in page.page.url  # it does not stay where others can see it
    assert page.asked == []
    assert page.complaints == []


def test_without_the_token_nothing_of_it_is_shown(explored, open_page):
    for address in (explored.without_token, f"{explored.without_token}?access_token=guessed"):
        refused = open_page(address, offline=False).page
        assert "/auth/login" in refused.url
        assert "onerror" not in refused.content()
        assert refused.locator("td[data-metric]").count() == 0


def test_without_the_token_there_is_no_way_in_beside_the_page(explored):
    for path in ("api/status", "api/kernel/instantiate", "api/export/html", "@file/1-a"):
        request = urllib.request.Request(explored.without_token + path, method="POST", data=b"{}")
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(request, timeout=30)
        assert error.value.code >= 400
        error.value.close()


def test_the_page_may_load_from_nowhere_else(explored):
    with urllib.request.urlopen(explored.without_token + "auth/login", timeout=30) as answer:
        policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy


def test_a_token_is_new_each_time_and_long(explored):
    assert len(explored.token) >= 32


# ---- what it shows ---------------------------------------------------------------------------------------------------


def test_names_of_the_scenario_are_text(as_opened):
    drawn(as_opened.page, "curve")
    assert as_opened.page.locator("h1").inner_text() == NAME
    assert as_opened.page.title() == "fleetsim: what if"
    assert as_opened.page.get_by_role("textbox", name=f"Data limit of {FLEET}, MB", exact=True).count() == 1
    assert as_opened.page.locator("option").all_inner_texts().count(FLEET) == 1
    assert as_opened.page.locator("h1 img, h1 b, .lead script, label u").count() == 0


def test_a_limit_is_turned_and_the_answer_follows(as_opened):
    before = cost(as_opened.page)
    turn(as_opened.page, LIMIT, "3")
    answered(as_opened.page, "At 3 MB, all 4 normal SIMs")
    assert cost(as_opened.page) < before
    assert "data_limit=3 MB" in text(as_opened.page.locator(".turned"))


def test_a_limit_is_turned_with_the_keyboard(page):
    page.page.get_by_role("slider").first.focus()
    page.page.keyboard.press("ArrowLeft")
    answered(page.page, "At 7 MB")
    page.page.get_by_role("checkbox", name="unlimited").press("Space")
    answered(page.page, "Without a data limit")


def test_devices_platform_and_tariff_are_turned(page):
    turned = page.page.locator(".turned li")
    for part, knob, value in (
        ("Devices and traffic", "meter: normal devices", "6"),
        ("Devices and traffic", "meter: how much they send, ×", "1.5"),
        ("Platform", "A usage record every", "1 h"),
        ("Tariff", "Price of a MB", "0.5"),
    ):
        fold = page.page.get_by_role("button", name=part)
        if fold.get_attribute("aria-expanded") == "false":
            fold.click()
        count = turned.count()
        field = page.page.get_by_role("textbox", name=knob)
        field.fill(value)
        field.press("Enter")
        page.page.wait_for_function(
            "n => document.querySelectorAll('.turned li').length > n", arg=count, timeout=SLOW_MS
        )
    assert "all 6 normal SIMs" in text(page.page.locator(".answer .lead"))
    assert [text(turned.nth(i)).partition("=")[2] for i in range(4)] == ["6", "1 h", "0.5", "15 kB"]


def test_a_value_that_is_wrong_is_told_and_the_answer_stays(as_opened):
    turn(as_opened.page, LIMIT, "3")
    answered(as_opened.page, "At 3 MB")
    before = cost(as_opened.page)
    for value in ("8.5", "99999999"):
        turn(as_opened.page, LIMIT, value)
        refused(as_opened.page, f"data_limit: found '{value} MB'; expected whole MB from 1 to 2,000,000")
        assert as_opened.page.locator(LIMIT).input_value() == value
        answered(as_opened.page, "At 3 MB")
        assert cost(as_opened.page) == before
    turn(as_opened.page, LIMIT, "4")
    answered(as_opened.page, "At 4 MB")
    assert as_opened.page.locator(".wrong").count() == 0


def test_a_limit_beyond_the_end_of_its_slider_is_taken(as_opened):
    slider = as_opened.page.get_by_role("slider", name=f"Data limit of {FLEET}, MB", exact=True)
    turn(as_opened.page, LIMIT, "2000000")
    answered(as_opened.page, "At 2 TB")
    expect(slider).to_have_attribute("aria-valuenow", "30", timeout=SLOW_MS)
    assert slider.get_attribute("aria-valuemax") == "30"
    slider.focus()
    as_opened.page.keyboard.press("Home")
    answered(as_opened.page, "At 1 MB")
    expect(as_opened.page.locator(LIMIT)).to_have_value("1", timeout=SLOW_MS)


def test_the_curve_of_limits_shows_the_limit_that_is_set(as_opened):
    turn(as_opened.page, LIMIT, "5")
    answered(as_opened.page, "At 5 MB")
    curve = drawn(as_opened.page, "curve")
    as_opened.page.wait_for_function(
        "() => document.querySelector('[aria-labelledby=curve-is] svg')?.textContent.includes('now 5 MB')",
        timeout=SLOW_MS,
    )
    assert "8 MB is the smallest limit asked for" in text(curve.locator(".caption"))


def test_limits_for_the_curve_are_asked_for(as_opened):
    turn(as_opened.page, CURVE, "0.5MB")
    as_opened.page.wait_for_selector(".wrong", timeout=SLOW_MS)
    assert "expected whole MB" in as_opened.page.locator(".wrong").inner_text()
    turn(as_opened.page, CURVE, "9MB,10MB")
    assert "9 MB is the smallest limit asked for" in text(drawn(as_opened.page, "curve").locator(".caption"))


def test_one_sim_and_the_distributions_are_looked_at(as_opened):
    assert "SIM 4 (stuck in" in drawn(as_opened.page, "sim").inner_text()
    as_opened.page.get_by_label("Whose period").select_option("SIM by its number")
    turn(as_opened.page, "marimo-text:has-text('SIM, from 0') input", "2")
    as_opened.page.wait_for_function(
        "() => document.querySelector('[aria-labelledby=sim-is]')?.innerText.includes('SIM 2 (meter in')",
        timeout=SLOW_MS,
    )
    for name, heading in (("Overage", "overage"), ("Cost", "costs"), ("Blocked", "blocked")):
        as_opened.page.get_by_role("tab", name=name).click()
        as_opened.page.wait_for_function(
            "text => [...document.querySelectorAll('.picture h3')].some((h) => h.innerText.includes(text))",
            arg=heading,
            timeout=SLOW_MS,
        )


# ---- what is kept ----------------------------------------------------------------------------------------------------


def test_a_scenario_is_saved_and_runs_to_the_numbers_of_the_page(page, explored, tmp_path):
    turn(page.page, LIMIT, "3")
    answered(page.page, "At 3 MB")
    turn(page.page, "marimo-text:has-text('File') input", "found.yaml")
    page.page.get_by_role("button", name="Save this scenario").click()
    page.page.wait_for_selector(".saved", timeout=SLOW_MS)
    shown = {
        cell.get_attribute("data-metric"): float(cell.get_attribute("data-value"))
        for cell in page.page.locator("td[data-metric]").all()
    }
    run = [sys.executable, "-m", *page.page.locator(".saved pre").first.inner_text().split()[:3]]
    run += ["--out", str(tmp_path / "out"), "--engine", "reference"]
    subprocess.run(run, cwd=explored.folder, check=True, capture_output=True)
    found = fleetsim.Result.read(tmp_path / "out").summary()
    means = found[(found["over"] == "replications") & (found["statistic"] == "mean") & (found["fleet"] == "all")]
    values = means.set_index(["metric", "role"])["value"]
    assert shown == {
        name: values[name.removesuffix("_normal"), "normal" if name.endswith("_normal") else "all"] for name in shown
    }
    assert len(shown) == 5

    page.page.get_by_role("button", name="Save this scenario").click()
    page.page.wait_for_selector(".wrong", timeout=SLOW_MS)
    assert "there is such a file" in page.page.locator(".wrong").inner_text()


# ---- for everybody ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_nothing_in_the_page_keeps_anybody_out(explored, open_page, size):
    opened = open_page(explored.address, size=size, offline=False)
    answered(opened.page)
    drawn(opened.page, "curve")
    drawn(opened.page, "sim")
    for part in ("Devices and traffic", "Platform", "Tariff", "How sure"):
        opened.page.get_by_role("button", name=part).click()
    turn(opened.page, LIMIT, "3")
    answered(opened.page, "At 3 MB")
    time.sleep(1)  # folds and toasts move, and what moves has less contrast
    assert opened.faults() == []
    assert opened.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert opened.complaints == []
    assert opened.asked == []
