"""The site in a real browser: it asks nobody for anything, complains of nothing, and can be read by everybody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import TimeoutError

LOOKED_AT = ("index", "tutorial", "scenario", "api", "tables")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(site) -> Iterator[str]:
    """Where the site is served: a search index is not read from a disk."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(site))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("page", LOOKED_AT)
def test_a_page_asks_nobody_and_has_no_fault(open_page, address, page):
    opened = open_page(f"{address}/{page}.html", offline=False)
    opened.page.wait_for_load_state("networkidle")
    assert opened.asked == []
    assert opened.complaints == []
    assert opened.faults() == []


def test_a_page_can_be_read_at_night(open_page, address):
    opened = open_page(f"{address}/tutorial.html", offline=False, color_scheme="dark")
    assert opened.page.locator("body").get_attribute("data-md-color-scheme") == "slate"
    assert opened.faults() == []


@pytest.mark.parametrize("page", LOOKED_AT)
def test_a_page_fits_a_phone(open_page, address, page):
    opened = open_page(f"{address}/{page}.html", size="phone", offline=False)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_key_is_found_by_searching(open_page, address):
    opened = open_page(f"{address}/index.html", offline=False)
    field = opened.page.get_by_placeholder("Search").first
    found = opened.page.locator(".md-search-result__link", has_text="Platform")
    for _ in range(10):  # what is typed before the page's scripts have begun is not seen
        field.click()
        field.fill("")
        field.press_sequentially("limit_propagation")
        with suppress(TimeoutError):
            found.first.wait_for(timeout=3000)
            break
    assert "scenario.html" in (found.first.get_attribute("href") or "")
    assert opened.asked == []


def test_a_page_opens_from_a_disk_with_the_network_off(open_page, site):
    opened = open_page((site / "tutorial.html").as_uri())
    opened.page.get_by_role("link", name="Start from today's fleet").first.click()
    assert opened.page.url.endswith("todays-fleet.html")
    assert opened.asked == []
