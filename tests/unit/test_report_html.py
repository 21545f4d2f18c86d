from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_fixture import FakeResult, fake

from fleetsim.report import write as writer
from fleetsim.report.html import render

ODD = '<script>alert(1)</script> & "x"'
VOID = {"meta", "br", "hr", "img", "input", "link"}


class Page(HTMLParser):
    """What a page is made of; raises where tags do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attributes}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attributes}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.text += data.replace("\u00a0", " ")

    def named(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def odd() -> str:
    fleets = {ODD: 5_000_000, "[red]x": 3_000_000, "plain": None}
    return render(fake(fleets=fleets, name=ODD, description=ODD, normal=200, timeline=True, replications=3))


def test_names_are_shown_and_never_become_markup(odd: str) -> None:
    page = Page(odd)
    assert "<script" not in odd
    assert page.named("script") == []
    assert page.text.count(ODD) >= 5  # title, heading, description, table, assumptions


def test_the_page_fetches_nothing(odd: str) -> None:
    page = Page(odd)
    for tag, attributes in page.tags:
        assert tag not in {"link", "script", "img", "iframe", "image", "object", "embed"}
        assert not {"src", "srcset", "data", "action", "poster"} & attributes.keys()
        for name, value in attributes.items():
            if name in {"href", "xlink:href"}:
                assert value.startswith("#")
            # A name space is a name, not an address.
            assert "://" not in value or name.startswith("xmlns")
            assert not name.startswith("on")
    outside = re.sub(r'xmlns(:\w+)?="[^"]*"', "", odd)
    assert "://" not in outside
    assert not re.search(r"url\((?!#)|@import", outside)


def test_ids_are_unique_and_whatever_is_referred_to_is_there(odd: str) -> None:
    page = Page(odd)
    ids = Counter(attributes["id"] for _tag, attributes in page.tags if "id" in attributes)
    assert set(ids.values()) == {1}
    wanted = set(re.findall(r"url\(#([^)]+)\)", odd)) | set(re.findall(r'href="#([^"]+)"', odd))
    wanted |= {name for _t, attributes in page.tags for name in attributes.get("aria-labelledby", "").split()}
    assert wanted <= ids.keys()


def test_a_screen_reader_has_a_language_headings_alternatives_and_table_headers(odd: str) -> None:
    page = Page(odd)
    assert page.named("html") == [{"lang": "en"}]
    assert len(page.named("h1")) == 1
    assert len(page.named("h2")) == 8
    drawings = page.named("svg")
    assert len(drawings) == len(page.named("figcaption")) == 3
    assert all(drawing["role"] == "img" and len(drawing["aria-label"]) > 50 for drawing in drawings)
    assert all(header.get("scope") in {"row", "col"} for header in page.named("th"))
    regions = [attributes for attributes in page.named("div") if attributes.get("class") == "wide"]
    assert all(region["tabindex"] == "0" for region in regions)


def test_a_drawing_brings_no_style_sheet_and_no_prologue(odd: str) -> None:
    assert odd.count("<style") == 1
    assert odd.count("<!DOCTYPE") == 1
    assert "<?xml" not in odd
    assert "<metadata" not in odd


@pytest.mark.parametrize("result", [fake(overage=False, replications=1), fake(fleets={"m": None}, replications=1)])
def test_nothing_over_leaves_no_picture_no_zero_line_and_no_empty_section(result: FakeResult) -> None:
    text = render(result)
    page = Page(text)
    assert page.named("svg") == page.named("figure") == []
    assert "metering" not in page.text
    assert not re.search(r"<(td|th|p|li|h2|dd|caption)[^>]*>\s*</\1>", text.replace('<th scope="col"></th>', ""))
    for heading in ("Where the overage sits", "Who is blocked, and when"):  # the answer says that there is nothing
        assert heading not in page.text


def test_the_page_says_where_it_comes_from_and_what_was_assumed(odd: str) -> None:
    text = Page(odd).text
    for said in (
        "fleetsim 0.1.0, reference engine",
        "20260101, replications 0 to 2",
        "9f2c" * 16,
        "fleetsim run scenario.yaml --out again",
        "fleetsim choose-limit scenario.yaml --fleet '[red]x' --limits 1MB:6MB:1MB --max-blocked-share 0.5% --out",
        "limit 3 MB for each SIM; 200 meter (normal) and 20 stuck (faulty)",
        "From 15 Jan 2026 09:00 UTC",
        "every 6 min and at a session's end",
        "reaches 95 % of SIMs within 5 min, all within 15 min",
        "$2.00 for each SIM and billing period, $0.10 per MB",
    ):
        assert said in text


def test_the_commands_for_another_limit_are_those_of_fleets_that_have_one_and_service_to_count(odd: str) -> None:
    assert odd.count("fleetsim choose-limit") == 2  # the third fleet has no limit
    assert "fleetsim choose-limit" not in render(fake(normal=0, replications=1))
    assert "fleetsim choose-limit" not in render(fake(fleets={"m": None}, replications=1))


def test_the_limits_that_are_suggested_reach_what_devices_would_use() -> None:
    result = fake(normal=20, faulty=0, block_normal=0.0, replications=1)
    result.sim_periods[["carried_bytes", "used_bytes"]] = 0, 3_000_000
    assert "--limits 1MB:10MB:1MB" in render(result)  # twice the limit of 5 MB
    result.sim_periods["undelivered_bytes"] = 36_000_000  # 39 MB in all, and a quarter more
    assert "--limits 5MB:50MB:5MB --max-blocked-share 0.5% --out limit-meters" in Page(render(result)).text


def test_where_a_run_stopped_by_its_precision_that_is_said() -> None:
    result = fake(replications=2, normal=20)
    assert "Stopped after" not in render(result)
    result.manifest["until_precision"] = {"why": "Stopped after 12 replications: cost ± 1.4 %, & so on."}
    assert "Stopped after 12 replications: cost ± 1.4 %, & so on." in Page(render(result)).text


def test_the_page_tells_the_prices_of_networks_and_not_a_hundred_of_them() -> None:
    result = fake(replications=1, normal=20)
    result.scenario.tariff.networks = {"US-1": 80_000, "<b>": 0}
    assert "$0.10 per MB ($0.08 in US-1 and $0.00 in <b>)" in Page(render(result)).text
    result.scenario.tariff.networks = {f"n{i}": 80_000 for i in range(100)}
    assert "$0.08 in n4 and prices of their own in 95 more networks)" in Page(render(result)).text


def test_the_same_result_makes_the_same_page() -> None:
    assert render(fake(replications=2, normal=100)) == render(fake(replications=2, normal=100))


def test_a_result_without_any_sim_period_still_has_a_page() -> None:
    result = fake(replications=1, normal=1, faulty=0)
    for name in ("sim_periods", "replications", "blocked"):
        setattr(result, name, getattr(result, name).iloc[:0])
    result.left_out = set(fake(replications=1).summary()["metric"])
    assert "No SIM was activated before the run ended" in Page(render(result)).text


def test_a_report_is_a_page_and_its_pictures(tmp_path: Path) -> None:
    writer.write(fake(replications=2), tmp_path)
    files = sorted(str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file())
    assert files == [
        "figures/blocked_over_time.png",
        "figures/cost_over_replications.png",
        "figures/overage_by_cause.png",
        "report.html",
    ]
    assert all((tmp_path / file).read_bytes().startswith(b"\x89PNG") for file in files[:3])


def test_a_picture_of_an_earlier_report_does_not_stay(tmp_path: Path) -> None:
    writer.write(fake(replications=2), tmp_path)
    writer.write(fake(replications=1, overage=False), tmp_path)
    assert list((tmp_path / "figures").iterdir()) == []


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer.write(fake(replications=1, overage=False), tmp_path)
    before = (tmp_path / "report.html").read_bytes()

    def fails(_source: str, _target: Path) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("fleetsim.files.os.replace", fails)
    with pytest.raises(OSError, match="no space left"):
        writer.write(fake(replications=1), tmp_path)
    assert (tmp_path / "report.html").read_bytes() == before
    assert list(tmp_path.rglob(".*")) == []
