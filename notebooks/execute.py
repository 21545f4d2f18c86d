"""Runs the notebooks and writes them back with what they say: ``make notebooks``, or this file with names of some.

Whoever runs them again gets the same files to the byte (with the libraries of constraints.txt): cells are run from top
to bottom in a kernel without settings or history of the user's, and what tells of the run itself is left out.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

HERE = Path(__file__).resolve().parent
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def run(path: Path) -> NotebookNode:
    """Run a notebook in its folder, and return it without what tells of the run itself.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        A cell fails.
    """
    notebook = nbformat.read(path, as_version=4)
    # Nobody's startup files, styles of pictures or history; and no picture's size by the screen.
    with tempfile.TemporaryDirectory() as settings:
        environment = os.environ | {"IPYTHONDIR": settings, "MATPLOTLIBRC": os.devnull, "COLUMNS": "80"}
        environment.pop("MPLBACKEND", None)
        client = NotebookClient(
            notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(HERE)}}
        )
        client.extra_arguments = ["--HistoryManager.enabled=False"]
        manager = client.create_kernel_manager()
        manager.transport, manager.ip = "ipc", f"{settings}/kernel"  # no port that others could connect to
        client.execute(env=environment)
    return cleaned(notebook)


def cleaned(notebook: NotebookNode) -> NotebookNode:
    """Leave out times, versions of the kernel, and what an editor remembers."""
    notebook.metadata = NotebookNode(kernelspec=KERNEL, language_info={"name": "python"})
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata = NotebookNode()
        for output in cell.get("outputs", []):
            output.get("metadata", {}).clear()
    return notebook


def main(names: list[str]) -> None:
    from fleetsim.engines import make_ready

    make_ready("compiled")  # once, so that no notebook shows how long it takes
    for path in [Path(name) for name in names] or sorted(HERE.glob("*.ipynb")):
        nbformat.write(run(path), path)
        print(path.name, f"{path.stat().st_size / 1000:,.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
