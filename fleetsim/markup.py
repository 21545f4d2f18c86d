"""How our objects show themselves in a notebook: a heading, sentences, a small table; all text escaped.

Colours come from the page around it, so that a dark one stays dark, and nothing is loaded from anywhere.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

_LINE = "1px solid rgba(128,128,128,.45)"
_QUIET = "opacity:.8;font-size:.92em"


@dataclass(frozen=True)
class Grid:
    """A small table.

    Attributes
    ----------
    heads
        Of the columns.
    rows
        A text for each column.
    left
        How many columns, from the first on, hold words rather than figures.
    strong
        Which rows stand out.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: int = 1
    strong: Sequence[int] = ()


def escape(text: str) -> str:
    """Make text of a scenario harmless: markup is spelled out, and so are control and direction characters."""
    visible = "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
    return html.escape(visible)


def card(title: str, kind: str, sentences: Sequence[str], grid: Grid | None = None, notes: Sequence[str] = ()) -> str:
    """Give a block of HTML that stands by itself.

    Parameters
    ----------
    title
        What it is called.
    kind
        What it is.
    sentences
        What it says, the most important first; stands out.
    grid
        A table below them.
    notes
        What else there is to know, small; a text within backquotes is code.
    """
    # Notebooks would take what stands between two "$" for a formula, but for those two classes.
    heading = f'<strong style="font-size:1.1em">{escape(title)}</strong> <span style="{_QUIET}">{escape(kind)}</span>'
    parts = [
        '<div class="fleetsim tex2jax_ignore mathjax_ignore" style="max-width:60em;line-height:1.45;margin:.3em 0">',
        f"<div>{heading}</div>",
        *(f'<div style="margin:.35em 0">{escape(sentence)}</div>' for sentence in sentences if sentence),
        *([] if grid is None or not grid.rows else [_table(grid)]),
        *(f'<div style="{_QUIET};margin-top:.35em">{_with_code(note)}</div>' for note in notes if note),
        "</div>",
    ]
    return "".join(parts)


def _table(grid: Grid) -> str:
    def cell(tag: str, text: str, column: int, weight: str) -> str:
        align = "left" if column < grid.left else "right"
        look = f"text-align:{align};padding:.15em .8em .15em 0;border-bottom:{_LINE};font-weight:{weight}"
        scope = ' scope="col"' if tag == "th" else ""
        return f'<{tag}{scope} style="{look};white-space:nowrap;vertical-align:bottom">{escape(text)}</{tag}>'

    def line(tag: str, cells: Sequence[str], weight: str) -> str:
        return f"<tr>{''.join(cell(tag, text, column, weight) for column, text in enumerate(cells))}</tr>"

    head = line("th", grid.heads, "600")
    body = "".join(line("td", row, "600" if i in grid.strong else "normal") for i, row in enumerate(grid.rows))
    inside = f"<thead>{head}</thead><tbody>{body}</tbody>"
    return f'<div style="overflow-x:auto"><table style="border-collapse:collapse;margin:.4em 0">{inside}</table></div>'


def _with_code(note: str) -> str:
    parts = note.split("`")
    return "".join(f"<code>{escape(part)}</code>" if i % 2 else escape(part) for i, part in enumerate(parts))
