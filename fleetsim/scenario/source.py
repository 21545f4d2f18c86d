"""A YAML text as a tree of nodes that know their line.

The tree is built from the parser's events, not by its constructors: nothing in a file can name a type or run
code, a scalar keeps the text that was written (0.10 is exactly 0.10, an instant is text), and only ``null``,
``true``, ``false`` and whole numbers mean more than their text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NoReturn

from fleetsim.errors import BadInput, Mistake

MAX_FILE_BYTES: Final = 16_000_000
MAX_DEPTH: Final = 40
#: Nodes of a file with its aliases written out: ten aliases of ten aliases ... stop here.
MAX_NODES: Final = 1_000_000

Key = str | int
Scalar = str | int | bool | None

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,39})", re.ASCII)
_WORDS: Final[dict[str, Scalar]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass
class Node:
    """A value in a file: a scalar, a list of nodes or a mapping to nodes, with its place."""

    value: Scalar | list[Node] | dict[str, Node]
    file: str
    line: int | None
    text: str = ""
    #: Nodes below this one and itself, aliases written out.
    size: int = field(default=1, compare=False)

    def plain(self) -> Any:
        """Return the value as plain Python data."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def child(self, key: Key) -> Node | None:
        """Return the node under a key or index, or None."""
        if isinstance(self.value, dict):
            return self.value.get(str(key))
        if isinstance(self.value, list) and isinstance(key, int) and 0 <= key < len(self.value):
            return self.value[key]
        return None

    def at(self, path: Sequence[Key]) -> tuple[Node, tuple[Key, ...]]:
        """Return the deepest node on a path, and the part of the path that leads to it."""
        node = self
        for depth, key in enumerate(path):
            below = node.child(key)
            if below is None:
                return node, tuple(path[:depth])
            node = below
        return node, tuple(path)

    def found(self) -> str:
        """Say what stands here, for a mistake."""
        if isinstance(self.value, dict):
            return "a mapping"
        if isinstance(self.value, list):
            return "a list"
        return "nothing" if self.value is None else quoted(self.text)


def quoted(text: str) -> str:
    """Return a text in quotes, cut where it is long."""
    return f"'{text[:80]}…'" if len(text) > 80 else f"'{text}'"


def read_bytes(path: Path, file: str, limit: int, at: tuple[int | None, str] = (None, "")) -> bytes:
    """Read a file as a whole.

    Raises
    ------
    BadInput
        Where it is missing, no file, unreadable or larger than `limit`; at line and path `at` where another
        file names it.
    """
    try:
        if path.is_dir():
            text = "expected a file; this is a directory"
        elif not path.exists():
            text = "no such file"
        elif not path.is_file():
            text = "expected a regular file"
        elif path.stat().st_size > limit:
            text = f"expected at most {limit:,} bytes; the file has {path.stat().st_size:,}"
        else:
            return path.read_bytes()
    except (OSError, ValueError) as error:
        text = f"cannot be read: {getattr(error, 'strerror', None) or error}"
    raise BadInput(Mistake(file, at[0], at[1], text))


def read_text(data: bytes, file: str) -> str:
    """Decode UTF-8, with or without a byte order mark; a mistake says which line is not."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadInput(Mistake(file, line, "", "expected text in UTF-8")) from None


def parse(text: str, file: str, *, line_known: bool = True) -> Node:
    """Read one YAML document.

    Parameters
    ----------
    text
        The document.
    file
        What mistakes call it.
    line_known
        False for an override, which has no lines.

    Raises
    ------
    BadInput
        One mistake: where reading stops.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.reader import ReaderError

    try:
        return _Composer(YAML(typ="safe", pure=True).parse(text), file, line_known).document()
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = f"found the character {_character(error.character)}; expected printable text"
        raise BadInput(Mistake(file, line if line_known else None, "", what)) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        what = "; ".join(str(part).strip() for part in (error.context, error.problem) if part)
        raise BadInput(Mistake(file, line if line_known else None, "", f"not YAML: {what}{_remedy(what)}")) from None
    except (YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, BadInput):
            raise
        what = " ".join(str(error).split())[:200] or type(error).__name__
        raise BadInput(Mistake(file, None, "", f"not YAML: {what}")) from None


_REMEDIES: Final = {
    "'\\t'": "indent with spaces, not with tabs",
    "mapping values are not allowed": "here or on the line above: check the indentation, put a space after a key's"
    " colon, and put text that has a colon in quotes",
    "<block end>": "check the indentation of this line and of those above",
    "but got": "here or on the line above: close the bracket, and separate entries with commas",
}
"""What helps against the commonest slips, by what the parser says of them."""


def _remedy(problem: str) -> str:
    return next((f"; {remedy}" for said, remedy in _REMEDIES.items() if said in problem), "")


class _Composer:
    """Events to nodes."""

    def __init__(self, events: Iterator[Any], file: str, line_known: bool) -> None:
        self.events = events
        self.file = file
        self.line_known = line_known
        self.anchors: dict[str, Node | None] = {}
        self.count = 0

    def document(self) -> Node:
        node: Node | None = None
        for event in self.events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                if node is not None:
                    self.stop(event, "expected one document; a second one starts here")
                node = self.node(next(self.events), 1)
        return node if node is not None else Node(None, self.file, self.line(None))

    def line(self, event: Any) -> int | None:
        if not self.line_known:
            return None
        return 1 if event is None else int(event.start_mark.line) + 1

    def stop(self, event: Any, text: str) -> NoReturn:
        raise BadInput(Mistake(self.file, self.line(event), "", text))

    def node(self, event: Any, depth: int) -> Node:
        kind = type(event).__name__
        if kind == "AliasEvent":
            return self.alias(event)
        if event.tag is not None:
            self.stop(event, f"found the tag {quoted(str(event.tag))}; expected plain values without tags")
        if depth > MAX_DEPTH:
            self.stop(event, f"expected at most {MAX_DEPTH} levels of nesting")
        if event.anchor is not None:
            self.anchors[event.anchor] = None  # unfinished: an alias inside it would have no end
        node = Node(None, self.file, self.line(event))
        self.grow(event, 1)
        if kind == "ScalarEvent":
            node.text = event.value
            node.value = event.value if event.style else _scalar(event.value)
        elif kind == "SequenceStartEvent":
            node.value = items = []
            for below in self.until("SequenceEndEvent"):
                items.append(self.node(below, depth + 1))
                node.size += items[-1].size
        else:
            entries: dict[str, Node] = {}
            node.value = entries
            for below in self.until("MappingEndEvent"):
                key = self.key(below, entries)
                child = self.node(next(self.events), depth + 1)
                # The line of an entry is that of its key; a copy, since other aliases have other keys.
                entries[key] = replace(child, line=self.line(below))
                node.size += child.size
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def until(self, end: str) -> Iterator[Any]:
        for event in self.events:
            if type(event).__name__ == end:
                return
            yield event

    def key(self, event: Any, entries: dict[str, Node]) -> str:
        kind = type(event).__name__
        if kind in ("SequenceStartEvent", "MappingStartEvent"):
            self.stop(event, "found a collection as a key; expected text")
        node = self.node(event, 1)
        if not isinstance(node.value, str):
            hint = f"; write '{node.text}' in quotes" if node.text else ""
            self.stop(event, f"found {node.found()} as a key; expected text{hint}")
        if node.text == "<<" and not event.style:
            self.stop(event, "found the merge key '<<'; expected each key written out")
        if node.text in entries:
            self.stop(event, f"found {quoted(node.text)} twice; expected each key once")
        return node.text

    def alias(self, event: Any) -> Node:
        target = self.anchors.get(event.anchor)
        if target is None:
            self.stop(event, f"found the alias '*{event.anchor}'; expected an anchor that is complete before it")
            raise AssertionError  # pragma: no cover
        self.grow(event, target.size)
        return target

    def grow(self, event: Any, size: int) -> None:
        self.count += size
        if self.count > MAX_NODES:
            self.stop(event, f"expected at most {MAX_NODES:,} values, aliases written out")


def _character(code: int | str) -> str:
    return ascii(chr(code) if isinstance(code, int) else code)


def _scalar(text: str) -> Scalar:
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _WHOLE.fullmatch(text) else text
