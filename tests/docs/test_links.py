"""Links lead somewhere, on a disk and in the site; what is outside is only looked at."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlparse

import pytest

from tests.docs.pages import PAGES, ROOT

EVERYTHING = (*PAGES, ROOT / "CHANGELOG.md")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def prose(page: Path) -> str:
    """A page without its blocks and the code within its lines."""
    text = re.sub(r"^(`{3,})[^`\n]*\n.*?^\1$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return re.sub(r"`[^`\n]+`", lambda code: "x" * len(code[0]), text)


def anchors(page: Path) -> list[str]:
    """What headings are called in an address, as GitHub and the site do."""
    text = re.sub(r"^(`{3,})[^`\n]*\n.*?^\1$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings]


def links(page: Path) -> list[str]:
    return _LINK.findall(prose(page))


@pytest.mark.parametrize("page", EVERYTHING, ids=lambda page: page.name)
def test_links_within_the_repository_lead_somewhere(page):
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        place = (page.parent / target).resolve() if target else page
        assert place.exists(), f"{page.name}: {link}"
        assert place.is_relative_to(ROOT), f"{page.name}: {link} leaves the repository"
        if anchor:
            assert anchor in anchors(place), f"{page.name}: {link}"


@pytest.mark.parametrize("page", EVERYTHING, ids=lambda page: page.name)
def test_links_to_elsewhere_are_whole_addresses(page):
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            address = urlparse(link)
            assert address.scheme == "https", f"{page.name}: {link}"
            assert re.fullmatch(r"[\w.-]+\.[a-z]{2,}", address.netloc), f"{page.name}: {link}"


@pytest.mark.parametrize("page", EVERYTHING, ids=lambda page: page.name)
def test_no_two_headings_have_one_anchor(page):
    if page.name != "CHANGELOG.md":  # its headings come again with every version
        found = anchors(page)
        assert sorted(found) == sorted(set(found))


@pytest.mark.parametrize("page", EVERYTHING, ids=lambda page: page.name)
def test_pictures_are_described(page):
    assert re.findall(r"!\[\s*\]\(([^)]+)\)", prose(page)) == []
