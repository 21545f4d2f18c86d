"""The server of the page: on the loopback address unless told otherwise, and for those who have the token."""

from __future__ import annotations

import logging
import secrets
import socket
import webbrowser
from importlib.util import find_spec
from pathlib import Path
from threading import Timer
from typing import Any, Final

from fleetsim.errors import BadInput, Mistake
from fleetsim.experiments.arguments import check_whole
from fleetsim.explore.bench import Bench
from fleetsim.explore.curve import Curves
from fleetsim.explore.opened import Opened, open_for_pages
from fleetsim.report import words

LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
PAGE: Final = Path(__file__).with_name("page.py")
_MISSING: Final = "needs marimo, which is not installed; install it with: pip install 'fleetsim[explore]'"
_HEADERS: Final = {
    # The page loads nothing from anywhere but here, whatever marimo would like to.
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:;"
        " object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def check_installed() -> None:
    """Say what is missing and how to get it.

    Raises
    ------
    BadInput
        marimo is not installed.
    """
    if find_spec("marimo") is None:
        raise BadInput(Mistake("fleetsim explore", None, "", _MISSING))


def serve(bench: Bench, *, host: str, port: int, browser: bool) -> None:
    """Serve the page until the program is interrupted.

    Parameters
    ----------
    bench
        What is explored.
    host
        Address to listen on.
    port
        0: any that is free.
    browser
        Open the page in the user's browser. Its address, with its token, is printed in any case.

    Raises
    ------
    BadInput
        marimo is missing, or nothing can listen at that address.
    KeyboardInterrupt
        The user interrupted it; all has been closed.
    """
    check_installed()
    check_whole("port", port, 0, 65_535)
    import uvicorn

    listening = _listen(host, port)
    inside = host not in LOOPBACK
    open_for_pages(Opened(bench, Curves(bench.scenario), Path.cwd(), inside))
    token = secrets.token_urlsafe(24)
    shown = "localhost" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listening.getsockname()[1]}/?access_token={token}"
    server = uvicorn.Server(
        uvicorn.Config(
            _Guarded(_app(token)),
            log_level="error",
            ws_ping_interval=1,
            ws_ping_timeout=60,
            timeout_graceful_shutdown=1,
        )
    )
    name = words.plain(bench.scenario.name)
    print(f"{name}: turn it in the browser, and end it here with Ctrl-C.\n{address}", flush=True)
    if inside:
        print("Other machines can open it with that token, and nothing between is encrypted.", flush=True)
    if browser:
        opening = Timer(0.5, webbrowser.open, [address])
        opening.daemon = True
        opening.start()
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # a page that was closed is nothing to tell of
    with listening:
        server.run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        what = f"cannot listen there ({error.strerror}); expected an address of this machine, and a port that is free"
        raise BadInput(Mistake(f"{host}:{port}", None, "", what)) from error


def _app(token: str) -> Any:
    import marimo

    look, mend = (PAGE.with_suffix(ending).read_text(encoding="utf-8") for ending in (".css", ".js"))
    builder = marimo.create_asgi_app(
        quiet=True, token=token, include_code=False, html_head=f"<style>{look}</style><script>{mend}</script>"
    )
    return builder.with_app(path="", root=str(PAGE)).build()


class _Guarded:
    """The app with headers that keep a page to itself, and an end to what the app has begun when the server stops."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return

        async def guarded(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                kept = [pair for pair in message["headers"] if pair[0].decode().lower() not in _HEADERS]
                own = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
                message = {**message, "headers": [*kept, *own]}
            await send(message)

        await self._app(scope, receive, guarded)

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for route in self._app.routes:  # an app that is mounted is not told
            manager = getattr(getattr(getattr(route, "app", None), "state", None), "session_manager", None)
            if manager is not None:
                await manager.shutdown()
        await send({"type": "lifespan.shutdown.complete"})
