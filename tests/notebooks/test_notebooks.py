"""The notebooks run from top to bottom, and say what is written in them."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from fleetsim.engines import make_ready

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(path.name for path in FOLDER.glob("*.ipynb"))
MOST_BYTES = 400_000


def read(name: str) -> NotebookNode:
    return nbformat.read(FOLDER / name, as_version=4)


def code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def said(notebook: NotebookNode) -> list[tuple[str, Any]]:
    """Source and outputs of each code cell, but for what its pictures look like."""
    found = []
    for cell in code(notebook):
        outputs = [dict(output) for output in cell.outputs]
        for output in outputs:
            data = output.get("data", {})
            output["data"] = {kind: "" if kind.startswith("image/") else text for kind, text in data.items()}
        found.append((cell.source, outputs))
    return found


@pytest.fixture(scope="session")
def execute() -> ModuleType:
    spec = importlib.util.spec_from_file_location("execute", FOLDER / "execute.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    make_ready("compiled")  # no notebook shows that it had to wait for that
    return module


def test_there_are_notebooks_to_run():
    assert len(NOTEBOOKS) == 5


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_and_says_what_is_written_in_it(execute, name):
    assert said(execute.run(FOLDER / name)) == said(read(name)), "run: make notebooks"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_committed_as_it_was_run(execute, name):
    notebook = read(name)
    assert [cell.execution_count for cell in code(notebook)] == list(range(1, len(code(notebook)) + 1))
    assert any("image/png" in output.get("data", {}) for cell in code(notebook) for output in cell.outputs)
    assert all(output.output_type != "stream" for cell in code(notebook) for output in cell.outputs)
    assert execute.cleaned(read(name)) == notebook
    assert (FOLDER / name).stat().st_size < MOST_BYTES


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_begins_with_its_question_and_ends_with_a_decision(name):
    first, *_, last = read(name).cells
    assert first.cell_type == last.cell_type == "markdown"
    assert first.source.startswith("# ")
    assert "?" in first.source
    assert re.match(r"## Decision\n\n\*\*.+\*\*", last.source)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_says_nothing_of_where_it_was_run(name):
    text = "\n".join(
        [cell.source for cell in read(name).cells]
        + [str(value) for _, outputs in said(read(name)) for output in outputs for value in output.values()]
    )
    assert not re.findall(r"(?<![\w.])/(?:home|root|tmp|work|usr|var|Users)/|[A-Za-z]:\\\\|0x[0-9a-f]{6,}", text)
