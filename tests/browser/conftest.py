"""A real browser, where the machine has one: pages open with the network off, and what goes wrong in them is kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

BROWSER = os.environ.get("FLEETSIM_BROWSER") or shutil.which("chromium") or shutil.which("google-chrome")
SIZES = {"desk": (1280, 900), "phone": (390, 844)}
SERIOUS = ("serious", "critical")

# A container has no sandbox of the browser's own, and nothing of a page under test is to reach a network.
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
_OPEN: list[Browser] = []


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if BROWSER is None:
        pytest.skip("no browser is installed: install chromium, or name one in FLEETSIM_BROWSER")
    if _OPEN:  # tests/docs knows this fixture too, and a process can have playwright once only
        yield _OPEN[0]
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=BROWSER, args=[*_ARGUMENTS, "--disable-component-update", "--disable-sync"]
        )
        _OPEN.append(browser)
        yield browser
        _OPEN.clear()
        browser.close()


class Opened:
    """A page, what its console complained of, and the requests that left this machine."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._note)

    def _note(self, request: Any) -> None:
        if not request.url.startswith(("file:", "data:", "blob:", "http://127.0.0.1", "ws://127.0.0.1")):
            self.asked.append(request.url)

    def faults(self) -> list[str]:
        """What axe-core finds serious or worse, one line each."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{fault['id']}: {fault['help']}: {[node['html'] for node in fault['nodes']][:5]}"
            for fault in found
            if fault["impact"] in SERIOUS
        ]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """Open an address in a window of its own; ``size`` is one of `SIZES`; ``offline`` takes the network away."""
    contexts = []

    def opened(address: str, size: str = "desk", *, offline: bool = True, **options: Any) -> Opened:
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, offline=offline, **options)
        contexts.append(context)
        page = Opened(context.new_page())
        page.page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
