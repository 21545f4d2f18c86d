"""The pages say what the program does: the reference is made from it, and whole scenarios in them load."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import fleetsim
from tests.support import parts_of_a_scenario

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [page for page in (ROOT / "README.md", *sorted(DOCS.glob("*.md"))) if page.exists()]

_BLOCK = re.compile(r"^```(?P<kind>\w+)(?: +(?P<name>\S+))?\n(?P<text>.*?)^```$", re.M | re.S)


def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def whole_scenarios() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield (page and line, text, files by name) of each YAML block that has a start and fleets."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = list(_BLOCK.finditer(text))
        files = {block["name"]: block["text"] for block in blocks if block["kind"] == "csv" and block["name"]}
        for block in blocks:
            if block["kind"] in ("yaml", "yml") and re.search(r"^fleets:", block["text"], re.M):
                yield f"{page.name}:{text.count(chr(10), 0, block.start()) + 1}", block["text"], files


SCENARIOS = list(whole_scenarios())


def test_the_reference_of_keys_is_up_to_date():
    written = (DOCS / "scenario.md").read_text(encoding="utf-8")
    assert written == reference().page(), "run: python docs/make_reference.py"


def test_the_reference_has_a_section_for_every_part_of_a_scenario():
    assert {model for _, model, _ in reference().SECTIONS} == set(parts_of_a_scenario())


def test_the_reference_has_every_key_of_every_part():
    sections = reference().page().split("\n## ")
    for heading, model, _ in reference().SECTIONS:
        (section,) = (text for text in sections if text.startswith(f"{heading}\n"))
        shown = set(re.findall(r"^\| `(\w+)` ", section, re.M)) | set(re.findall(r"Chosen by `(\w+):", section))
        assert set(model.public_keys()) <= shown


@pytest.mark.parametrize("place", [place for place, _, _ in SCENARIOS])
def test_a_whole_scenario_in_a_page_loads(place, tmp_path):
    text, files = next((text, files) for at, text, files in SCENARIOS if at == place)
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "scenario.yaml").write_text(text)
    scenario = fleetsim.load(tmp_path / "scenario.yaml")
    assert scenario.sims > 0
    assert scenario.warnings == ()


def test_the_pages_have_whole_scenarios():
    pages = {place.split(":")[0] for place, _, _ in SCENARIOS}
    assert {"model.md", "scenario.md"} <= pages


def test_links_between_the_pages_lead_somewhere():
    anchors = {}
    for page in PAGES:
        headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
        anchors[page.name] = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for page in PAGES:
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", page.read_text(encoding="utf-8")):
            place = page.parent / target if target else page
            assert place.exists(), f"{page.name}: {target}"
            if anchor:
                assert anchor in anchors[place.name], f"{page.name}: {target}#{anchor}"
