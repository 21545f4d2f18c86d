"""A hook of MkDocs: what pages link to outside docs/ becomes part of the site, so that the same links work in both.

On a disk and where the repository is looked at, ``../scenarios/day-20.yaml`` is that file. In the site it is a page
that shows it; a notebook is a page with its outputs.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
WHOLE_PAGES = {"../CHANGELOG.md": "changelog.md", "../README.md": "index.md"}
OUTWARD = re.compile(r"\]\((\.\./[^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each file outside docs/ that a page links to."""
    files.append(File.generated(config, "changelog.md", content=_read(ROOT / "CHANGELOG.md")))
    linked = {target for page in Path(config.docs_dir).glob("*.md") for target in OUTWARD.findall(_read(page))}
    for target in sorted(linked - set(WHOLE_PAGES)):
        path = (Path(config.docs_dir) / target).resolve()
        if path.is_file():  # if not, the link is left as it is, and warned of
            name = path.relative_to(ROOT).as_posix()
            files.append(File.generated(config, _page_of(target), content=_shown(path, name)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links that go outside docs/ to these pages."""

    def inside(link: re.Match[str]) -> str:
        target = link[1]
        place = WHOLE_PAGES.get(target, _page_of(target))
        return f"]({place}" if files.get_file_from_path(place) else link[0]

    return OUTWARD.sub(inside, markdown) if page.file.src_uri.count("/") == 0 else markdown


def on_post_page(output: str, *, page: Page, config: MkDocsConfig) -> str:
    """Give the theme's search the name that it lacks for those who do not see it."""
    search = 'data-md-component="search" role="dialog"'
    return output.replace(search, f'{search} aria-label="Search"')


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _page_of(target: str) -> str:
    return f"files/{target.removeprefix('../')}.md"


def _shown(path: Path, name: str) -> str:
    if path.suffix == ".ipynb":
        return notebook(json.loads(_read(path)))
    return f"# {path.name}\n\n" + _fenced(_read(path), {".py": "python", ".yaml": "yaml"}.get(path.suffix, ""), name)


def _fenced(text: str, language: str = "", title: str = "") -> str:
    fence = "`" * (1 + max([2, *(len(run) for run in re.findall("`+", text))]))
    about = f'{language or "text"} title="{title}"' if title else language
    return f"{fence}{about}\n{text.rstrip()}\n{fence}\n"


def notebook(content: dict[str, Any]) -> str:
    """Write a notebook with its outputs as Markdown: pictures embedded, tables as they are."""
    parts = []
    for cell in content["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(text)
        elif cell["cell_type"] == "code" and text.strip():
            parts.append(_fenced(text, "python"))
            parts += [_output(output) for output in cell["outputs"]]
    return "\n\n".join(part for part in parts if part) + "\n"


def _output(output: dict[str, Any]) -> str:
    data = output.get("data", {"text/plain": output.get("text", "")})
    for kind, show in {
        "image/png": lambda text: f'<img alt="What the cell above draws" src="data:image/png;base64,{text}">',
        "image/svg+xml": lambda text: f"<figure>{text}</figure>",
        "text/html": lambda text: f'<div class="output">{_on_lines(text)}</div>',
        "text/markdown": str,
        "text/plain": _fenced,
    }.items():
        if data.get(kind):
            return show("".join(data[kind]).strip())
    return ""


def _on_lines(html: str) -> str:
    """Leave no empty line in HTML, at which Markdown would take it for ended."""
    return "\n".join(line for line in html.splitlines() if line.strip())
