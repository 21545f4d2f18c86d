"""Whoever types what README and docs show gets what they show: each page's blocks are run in their order.

Each page has a folder of its own with `scenarios/` in it. A block with a title becomes the file of that name, commands of
fleetsim run in this process, Python goes on from block to block, and what is shown of an output is compared with it.
`how.py` lists what is not run, and what is run with less to do.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fleetsim
from docs.making import command_line
from fleetsim.cli import main
from tests.docs.how import NOT_RUN, SCALED, reason_not_to_run, scaled
from tests.docs.pages import DOCS, PAGES, ROOT, Block, arguments, blocks, commands, files, shows

SHELL, PYTHON = ("sh", "bash"), "python"
KINDS = {*SHELL, PYTHON, "yaml", "csv", "json", "text", ""}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Reader:
    """Does what a page says, and keeps what the last block said."""

    def __init__(self, folder: Path, read: Callable[[], Any]) -> None:
        self.folder = folder
        self.read = read
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.said: str | None = None

    def do(self, block: Block) -> None:
        block.written_into(self.folder)
        if block.skip is not None:
            self.said = None
        elif block.kind in SHELL:
            self.said = ""
            for command in commands(block.text):
                self._run(block, command)
        elif block.kind == PYTHON and block.title is None:
            self.read()
            lines = "\n" * (block.line - 1)  # so that an error names the line of the page
            exec(compile(lines + block.text, str(block.page), "exec"), self.names)
            self.said = self.read().out
        elif block.is_output and self.said is not None:
            assert shows(block.text, self.said), f"{block.place} shows something else than:\n{self.said}"
            self.said = None

    def _run(self, block: Block, command: str) -> None:
        given = arguments(command)
        if reason_not_to_run(command) is not None:
            if given is not None:
                command_line.parse(given)
            self.said = None
            return
        if given is None:
            done = subprocess.run(
                ["bash", "-ec", command], cwd=self.folder, capture_output=True, text=True, check=False
            )
            status, out, err = done.returncode, done.stdout, done.stderr
        else:
            status, out, err = self._main([*given, *shlex.split(scaled(block.page.name, command))])
            words = shlex.split(command)
            if ">" in words:
                (self.folder / words[words.index(">") + 1]).write_text(out, encoding="utf-8")
                out = ""
        assert status == block.status, f"{block.place}: {command}\n{out}{err}"
        if scaled(block.page.name, command):
            self.said = None
        elif self.said is not None:
            self.said += out if status == 0 else err

    def _main(self, given: list[str]) -> tuple[int, str, str]:
        self.read()
        try:
            status = main(given)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        return status, *self.read()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_shows_is_what_happens(page, folder, capsys):
    for name, content in files(page):
        (folder / name).write_text(content, encoding="utf-8")
    reader = Reader(folder, capsys.readouterr)
    for block in blocks(page):
        reader.do(block)
    if "matplotlib" in str(reader.names):
        from matplotlib import pyplot

        pyplot.close("all")


def every_command() -> list[tuple[Block, str]]:
    return [
        (block, command)
        for page in PAGES
        for block in blocks(page)
        if block.kind in SHELL and block.skip is None
        for command in commands(block.text)
    ]


def test_no_command_hides_in_a_block_of_another_kind():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert re.findall(r"^[ \t]+`{3,}(?:sh|bash|python)$", text, re.M) == [], f"{page.name}: an indented block"
        for block in blocks(page):
            assert block.kind in KINDS, f"{block.place}: {block.kind}"
            if block.kind == "":
                assert re.findall(r"^(?:\.venv/bin/|\$ )?(?:fleetsim|make|pip|dask) ", block.text, re.M) == [], (
                    block.place
                )


def test_the_fleet_of_the_tutorial_is_the_file_beside_it(folder):
    for block in blocks(DOCS / "tutorial.md"):
        block.written_into(folder)
    assert (folder / "machines.yaml").read_text() == (DOCS / "machines.yaml").read_text()


def test_a_block_that_is_skipped_says_why():
    for page in PAGES:
        for block in blocks(page):
            assert block.skip is None or len(block.skip) > 10, block.place


def test_every_entry_of_the_lists_is_needed():
    everything = every_command()
    for pattern in NOT_RUN:
        assert any(re.match(pattern, command) for _, command in everything), pattern
    for name, begin in SCALED:
        assert any(block.page.name == name and command.startswith(begin) for block, command in everything), begin


def test_targets_of_make_that_are_named_exist():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    for page in PAGES:
        named = set(re.findall(r"(?:^|`)make (\w+)", page.read_text(encoding="utf-8"), re.M))
        assert named <= targets, f"{page.name}: {named - targets}"


def test_what_is_shown_of_an_output_is_compared_with_it():
    said = "At 5 MB, none of 400 SIMs\nwas blocked.\n\nFleet  machines\n"
    assert shows("At 5 MB, none of 400 SIMs was blocked.\nFleet machines", said)
    assert shows("At 5 MB, ...\nFleet machines", said)
    assert shows("...\nFleet  machines", said)
    assert not shows("At 5 MB, none of 400 SIMs", said)
    assert not shows("At 6 MB, ...", said)
    assert not shows("Fleet ... At 5 MB ...", said)


def test_an_option_that_does_not_exist_is_found():
    command_line.parse(["run", "a.yaml", "--out", "out/a"])
    with pytest.raises(ValueError):
        command_line.parse(["run", "a.yaml", "--out", "out/a", "--replicas", "3"])


SCENARIOS = [block for page in PAGES for block in blocks(page) if re.search(r"^fleets:", block.text, re.M)]


@pytest.mark.parametrize("block", SCENARIOS, ids=lambda block: block.place)
def test_a_whole_scenario_in_a_page_loads_without_a_warning(block, tmp_path):
    for other in blocks(block.page):
        if other.title is not None:
            (tmp_path / other.title).write_text(other.text, encoding="utf-8")
    (tmp_path / "scenario.yaml").write_text(block.text, encoding="utf-8")
    scenario = fleetsim.load(tmp_path / "scenario.yaml")
    assert scenario.sims > 0
    assert scenario.warnings == ()


def test_the_pages_have_whole_scenarios():
    assert {DOCS / "model.md", DOCS / "scenario.md", DOCS / "tutorial.md"} <= {block.page for block in SCENARIOS}
