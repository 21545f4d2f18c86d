"""The site needs no network: nothing in it comes from elsewhere, and it is whole."""

from __future__ import annotations

import re

from docs.making import site as hook
from tests.docs.pages import DOCS


def test_every_page_is_in_the_site(site):
    for page in DOCS.glob("*.md"):
        assert (site / f"{page.stem}.html").is_file(), page.name


def test_nothing_in_it_is_fetched_from_elsewhere(site):
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        fetched = re.findall(r"<(?:script|link|img|iframe|source)\b[^>]*?(?:src|href)=\"?(https?:[^\">\s]+)", text)
        assert fetched == [], page.name


def test_a_file_outside_docs_that_a_page_links_to_is_a_page_of_the_site(site):
    assert "files/scenarios/day-20.yaml.html" in (site / "todays-fleet.html").read_text(encoding="utf-8")
    assert "day-20-busy.csv" in (site / "files" / "scenarios" / "day-20.yaml.html").read_text(encoding="utf-8")


def test_a_notebook_is_shown_with_its_outputs():
    html = {"text/html": ["<table>\n", "\n", "<tr></tr></table>"], "text/plain": ["a table"]}
    page = hook.notebook(
        {
            "cells": [
                {"cell_type": "markdown", "source": ["# First\n", "look"]},
                {
                    "cell_type": "code",
                    "source": ["print('```')"],
                    "outputs": [
                        {"output_type": "stream", "text": ["```\n"]},
                        {"output_type": "display_data", "data": {"image/png": "iVBO", "text/plain": ["<Figure>"]}},
                        {"output_type": "execute_result", "data": html},
                    ],
                },
            ]
        }
    )
    assert page.startswith("# First\nlook\n\n````python\nprint('```')\n````")
    assert "````\n```\n````" in page
    assert 'src="data:image/png;base64,iVBO"' in page
    assert "<Figure>" not in page
    assert '<div class="output"><table>\n<tr></tr></table></div>' in page
