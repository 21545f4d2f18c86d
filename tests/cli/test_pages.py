"""Pages of studies: written with them, written anew by ``fleetsim report``, and what stands in those of several scenarios."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest

import fleetsim
from tests.cli.conftest import LITTLE, Said, content

Cli = Callable[..., Said]
HOW = ("--engine", "reference", "--workers", "1")
LARGER = LITTLE.replace("data_limit: 1 MB", "data_limit: 2 MB").replace("name: little", "name: larger")
HOSTILE = "</script><script>alert(1)</script>"
HOSTILE_FLEET = "<script>alert(1)<!-- \"'<img src=x onerror=alert(2)>"  # no name of a fleet has a slash
COMMANDS: dict[str, tuple[str, ...]] = {
    "choice": (
        *("choose-limit", "little.yaml", "--fleet", "meters", "--limits", "1MB:3MB:1MB"),
        *("--outage-cost", "0.50 per day", "--confidence", "0.9"),
    ),
    "comparison": ("compare", "little.yaml", "larger.yaml", "--confidence", "0.8"),
    "sweep": ("sweep", "little.yaml", "--vary", "fleets.meters.data_limit=1MB:3MB:1MB"),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder of each kind of study, by its name."""
    from fleetsim.cli import main

    place = tmp_path_factory.mktemp("pages")
    for name, text in (("little", LITTLE), ("larger", LARGER)):
        (place / f"{name}.yaml").write_text(text)
    for name, asked in COMMANDS.items():
        files = [str(place / part) if part.endswith(".yaml") else part for part in asked]
        assert main([*files, "--out", str(place / name), *HOW]) == 0
    return {name: place / name for name in COMMANDS}


def text_of(page: str) -> str:
    body = re.sub(r"<(style|script|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).replace("\u00a0", " ").split())


def told(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="tables">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    tables: dict[str, Any] = json.loads(found[1])
    return tables


# ---- every kind ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", COMMANDS)
def test_report_writes_the_same_page_anew_and_says_the_answer_again(kind, folders, fleetsim_: Cli):
    before = content(folders[kind])
    (folders[kind] / "report.html").unlink()
    said = fleetsim_("report", folders[kind])
    assert (said.status, said.err) == (0, "")
    assert said.out.splitlines()[-1] == str(folders[kind] / "report.html")
    assert content(folders[kind]) == before
    page = text_of(before["report.html"].decode())
    if kind != "sweep":
        answer = said.out.splitlines()[1 if kind == "choice" else 0]
        assert answer in page


@pytest.mark.parametrize("kind", COMMANDS)
def test_the_command_in_a_page_makes_the_same_tables_again(kind, folders, tmp_path, monkeypatch, fleetsim_: Cli):
    page = text_of((folders[kind] / "report.html").read_text())
    found = re.search(r"To run it again (fleetsim .* --out again)", page)
    assert found is not None
    monkeypatch.chdir(folders[kind])
    asked = shlex.split(found[1])[1:]
    assert fleetsim_(*asked[:-1], tmp_path / "again", *HOW).status == 0
    again = content(tmp_path / "again")
    for name, file in content(folders[kind]).items():
        if name.endswith(".parquet"):
            assert again[name] == file, name


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_finished_study_without_its_page_gets_one_when_it_is_gone_on_with(kind, folders, fleetsim_: Cli):
    before = content(folders[kind])
    (folders[kind] / "report.html").unlink()
    place = folders[kind].parent
    files = [str(place / part) if part.endswith(".yaml") else part for part in COMMANDS[kind]]
    assert fleetsim_(*files, "--out", folders[kind], "--resume", *HOW).status == 0
    assert content(folders[kind]) == before


def test_report_of_another_folder_is_refused_and_writes_nothing(tmp_path, fleetsim_: Cli):
    (tmp_path / "letter.txt").write_text("dear")
    assert fleetsim_("report", tmp_path).status == 2
    assert content(tmp_path) == {"letter.txt": b"dear"}


# ---- a comparison ----------------------------------------------------------------------------------------------------


def test_a_comparison_begins_with_its_answer_and_says_what_was_changed(folders):
    page = (folders["comparison"] / "report.html").read_text()
    comparison = fleetsim.Comparison.read(folders["comparison"])
    text = text_of(page)
    assert "What would larger change against little?" in text
    assert all(sentence in text for sentence in comparison.sentences)
    assert "fleets.meters.data_limit 1 MB 2 MB" in text
    assert text.index("The answer") < text.index("How far they lie apart") < text.index("Figure by figure")


def test_the_slider_of_a_comparison_chooses_from_comparisons_at_each_confidence(folders):
    tables = told((folders["comparison"] / "report.html").read_text())
    files = [folders["comparison"] / f"scenario-{i}.yaml" for i in (1, 2)]
    other = fleetsim.compare(files, confidence="99%", engine="reference", workers=1)
    at = tables["said"]["confidence"].index("99\u00a0%") if "99\u00a0%" in tables["said"]["confidence"] else 3
    assert tables["texts"]["answer-1"]["of"][at].replace("\u00a0", " ") == other.sentences[0]
    assert tables["at"] == {"confidence": 0}


def test_equal_scenarios_have_a_page_without_an_empty_section(tmp_path):
    (tmp_path / "a.yaml").write_text(LITTLE)
    (tmp_path / "b.yaml").write_text(LITTLE.replace("name: little", "name: twin"))
    fleetsim.compare([tmp_path / "a.yaml", tmp_path / "b.yaml"], out=tmp_path / "out", engine="reference", workers=1)
    page = (tmp_path / "out" / "report.html").read_text()
    text = text_of(page)
    assert "twin costs the same as little" in text
    for heading in ("How far they lie apart", "Figure by figure", "What cannot be told apart", "What was changed"):
        assert heading not in text
    assert "<script" not in page


def test_one_replication_of_each_says_that_nothing_can_be_told_apart(tmp_path):
    (tmp_path / "a.yaml").write_text(LITTLE)
    (tmp_path / "b.yaml").write_text(LARGER)
    how: dict[str, Any] = {"engine": "reference", "workers": 1, "replications": 1}
    fleetsim.compare([tmp_path / "a.yaml", tmp_path / "b.yaml"], out=tmp_path / "out", **how)
    page = (tmp_path / "out" / "report.html").read_text()
    assert "There was one replication, so nothing can be told apart" in text_of(page)
    assert "Replications needed" not in page
    assert "<script" not in page


# ---- a sweep ---------------------------------------------------------------------------------------------------------


def test_a_sweep_says_where_cost_is_least_and_has_a_line_for_each_point(folders):
    text = text_of((folders["sweep"] / "report.html").read_text())
    table = fleetsim.Sweep.read(folders["sweep"]).table
    least = table.loc[table["cost"].idxmin(), "fleets.meters.data_limit"] // 1_000_000
    assert re.search(rf"Cost, USD: least, [^;]* at data_limit {least}MB; most,", text)
    assert text.index("The answer") < text.index("Value by value") < text.index("Every point")


def test_more_than_a_picture_can_show_is_a_table(tmp_path):
    (tmp_path / "a.yaml").write_text(LITTLE)
    vary = ["fleets.meters.data_limit=1MB,2MB", "platform.record_interval=6min,1h", "platform.dns_counts=true,false"]
    how: dict[str, Any] = {"engine": "reference", "workers": 1, "replications": 2}
    fleetsim.sweep(tmp_path / "a.yaml", vary, out=tmp_path / "out", **how)
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<svg" not in page
    assert page.count('<th scope="row">') >= 8


# ---- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", COMMANDS)
def test_hostile_names_are_shown_and_never_become_markup(kind, tmp_path, fleetsim_: Cli):
    text = LITTLE.replace("name: little", f"name: {json.dumps(HOSTILE)}")
    text = text.replace("  meters:", f"  {json.dumps(HOSTILE_FLEET)}:")
    (tmp_path / "little.yaml").write_text(text)
    (tmp_path / "larger.yaml").write_text(text.replace("data_limit: 1 MB", "data_limit: 2 MB"))
    parts = [
        part.replace("fleets.meters.data_limit=1MB:3MB:1MB", "platform.record_interval=6min") for part in COMMANDS[kind]
    ]
    asked = [HOSTILE_FLEET if part == "meters" else part for part in parts]
    files = [str(tmp_path / part) if part.endswith(".yaml") else part for part in asked]
    assert fleetsim_(*files, "--out", tmp_path / "out", *HOW).status == 0
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<script>alert" not in page
    assert "<img" not in page
    assert page.count("<script") == (0 if kind == "sweep" else 2)
    assert "alert(1)" in text_of(page)
