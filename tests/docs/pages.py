"""README and docs as the tests read them: blocks, what is said of them, and the commands in them.

A page speaks to the tests in comments that its readers do not see, each on a line of its own:

``<!-- test: skip, REASON -->``           the next block is not run
``<!-- test: exit 2 -->``                 the next block's command ends with this status
``<!-- test: output -->``                 the next block is what the commands before it say, although words stand between them
``<!-- test: append to FILE -->``         the next block is what the reader adds at the end of a file
``<!-- test: insert into FILE after "LINE" -->``
                                          the next block is what the reader adds below a line
``<!-- test: FILE = PATH -->``            the page's blocks find this file: a copy of one of the repository, or, as
                                          ``PAGE#FILE``, of a block with this title on another page
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", *sorted(DOCS.glob("*.md")))

_FENCE = re.compile(r"^(?P<fence>`{3,})(?P<kind>[\w-]*)(?: +title=\"(?P<title>[^\"]+)\")?(?P<rest>[^`\n]*)\n(?P<text>.*?)^(?P=fence)$", re.M | re.S)  # fmt: skip
_MARK = re.compile(r"^<!-- test: (.*?) -->$", re.M)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `follows`: nothing stands between it and the block before."""

    page: Path
    line: int
    kind: str
    title: str | None
    text: str
    marks: tuple[str, ...]
    follows: bool

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{self.page.relative_to(ROOT).as_posix()}:{self.line}"

    @property
    def skip(self) -> str | None:
        """Why it is not run."""
        return next((mark.removeprefix("skip, ") for mark in self.marks if mark.startswith("skip, ")), None)

    @property
    def status(self) -> int:
        """With what its command ends."""
        return next((int(mark.removeprefix("exit ")) for mark in self.marks if mark.startswith("exit ")), 0)

    @property
    def is_output(self) -> bool:
        """Whether it shows what the block before it says."""
        return self.kind == "" and self.title is None and (self.follows or "output" in self.marks)

    def written_into(self, folder: Path) -> None:
        """Write the block into the file that it is, or that it is added to, if any."""
        if self.title is not None:
            (folder / self.title).write_text(self.text, encoding="utf-8")
        for mark in self.marks:
            if added := re.fullmatch(r'(?:append to|insert into) (\S+)(?: after "(.*)")?', mark):
                file, line = folder / added[1], added[2]
                before = file.read_text(encoding="utf-8")
                place = len(before) if line is None else before.index("\n", before.index(line)) + 1
                file.write_text(before[:place] + self.text + before[place:], encoding="utf-8")


def blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page in their order."""
    text, end = page.read_text(encoding="utf-8"), 0
    for fence in _FENCE.finditer(text):
        marks = _MARK.findall(text[end : fence.start()])
        line = text.count("\n", 0, fence.start()) + 1
        follows = not _MARK.sub("", text[end : fence.start()]).strip()
        yield Block(page, line, fence["kind"], fence["title"], fence["text"], tuple(marks), follows)
        end = fence.end()


def files(page: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and the content of each file that a page says its blocks find."""
    for mark in _MARK.findall(page.read_text(encoding="utf-8")):
        name, equals, source = mark.partition(" = ")
        if equals:
            path, of_a_block, title = source.partition("#")
            if of_a_block:
                (content,) = (block.text for block in blocks(DOCS / path) if block.title == title)
            else:
                content = (ROOT / path).read_text(encoding="utf-8")
            yield name, content


def commands(text: str) -> list[str]:
    """The commands of a shell block, each on one line and without its comment."""
    lines = text.replace("\\\n", " ").splitlines()
    return [line for line in (re.sub(r"(^|\s)#.*$", "", line).strip() for line in lines) if line]


def arguments(command: str) -> list[str] | None:
    """What a command tells fleetsim, without where its output goes; None where it calls another program."""
    words = shlex.split(command)
    if words[0] not in ("fleetsim", ".venv/bin/fleetsim"):
        return None
    return words[1 : words.index(">")] if ">" in words else words[1:]


def shows(shown: str, said: str) -> bool:
    """Whether a page shows what was said, as far as it does: spaces and ends of lines aside, ``...`` for what is left out."""
    parts = [" ".join(part.split()) for part in re.split(r"\.\.\.", shown)]
    said, place = " ".join(said.split()), 0
    if not said.startswith(parts[0]) or not said.endswith(parts[-1]):
        return False
    for part in parts:
        found = said.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return len(parts) > 1 or place == len(said)
