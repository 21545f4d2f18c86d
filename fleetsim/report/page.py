"""The shell of every page: one file that needs nothing else, for screens, paper and screen readers."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fleetsim.files import write_text
from fleetsim.report import words
from fleetsim.report.sliders import Tables
from fleetsim.report.svg import inline

REPORT: Final = "report.html"
"""Name of the page in a result's folder."""


def page(template: str, values: Mapping[str, Any], tables: Tables | None = None) -> str:
    """Fill a template; every name is escaped, and nothing runs but the script of this package, if there are sliders.

    Parameters
    ----------
    template
        Its file's name; it extends ``base.html.j2``.
    values
        What it shows.
    tables
        What its sliders choose from; ``None``: it has none, and no script.
    """
    environment = _environment()
    script, digest = _script()
    shell = {"tables": tables, "script": Markup(script), "script_digest": digest}  # our own file
    return environment.get_template(template).render(**values, **shell) + "\n"


def drawn(svg: bytes, *, prefix: str, label: str) -> Markup:
    """A picture that matplotlib wrote, to stand in a page.

    matplotlib escaped what it wrote, and the label is an attribute that ElementTree escapes.
    """
    return Markup(inline(svg, prefix=prefix, label=label))


def marked(svg: Markup, name: str, at: float, top: float, bottom: float) -> Markup:
    """A picture with a mark across it that sliders move.

    Parameters
    ----------
    name
        Of its places in the page's `Tables`.
    at, top, bottom
        Where it stands first, and from where to where it reaches, in units of the picture's view box.
    """
    mark = Markup(
        '<g class="mark" data-mark="{}" transform="translate({} 0)">'
        '<line x1="0" x2="0" y1="{}" y2="{}"/><path d="M-5 {}h10l-5 6z"/></g></svg>'
    ).format(name, at, top, bottom, top - 5)
    return Markup(str(svg).removesuffix("</svg>")) + mark


def write_page(folder: Path, text: str) -> None:
    """Write the page of a result, whole or not at all.

    Raises
    ------
    OSError
        It cannot be written.
    """
    write_text(folder / REPORT, text)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("fleetsim.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(plain=words.plain, unbroken=words.unbroken)
    return environment


@cache
def _script() -> tuple[str, str]:
    """The script, and how the page's policy names it: no other one runs."""
    environment = _environment()
    assert environment.loader is not None
    text = environment.loader.get_source(environment, "sliders.js")[0]
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return text, f"sha256-{digest}"
