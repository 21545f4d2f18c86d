"""The arrows of docs/architecture.md, read from the imports."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "fleetsim"

# Each room, with the rooms that it may know. `errors`, `files`, `markup` and `version` are for everybody.
FOR_ALL = {"errors", "files", "markup", "version"}
KNOWS = {
    "errors": set(),
    "files": set(),
    "markup": set(),
    "version": set(),
    "clock": set(),
    "units": {"clock"},
    "draws": {"clock"},
    "scenario": {"units", "clock", "draws"},
    "rules": set(),
    "inference": set(),
    "traffic": {"scenario", "units", "clock", "draws"},
    "billing": {"scenario"},
    "counted": {"rules"},
    "tables": {"counted", "billing", "scenario", "clock"},
    "engines": {"counted", "traffic", "rules", "scenario", "clock", "draws"},
    "experiments": {
        "engines",
        "inference",
        "counted",
        "tables",
        "billing",
        "traffic",
        "rules",
        "scenario",
        "units",
        "clock",
    },
    "choice": {
        "report",
        "experiments",
        "inference",
        "engines",
        "tables",
        "billing",
        "counted",
        "scenario",
        "units",
        "clock",
    },
    "comparison": {
        "choice",
        "report",
        "experiments",
        "inference",
        "engines",
        "tables",
        "billing",
        "scenario",
        "units",
        "clock",
    },
    "results": {"report", "experiments", "tables", "scenario"},
    "report": {"experiments", "inference", "counted", "tables", "billing", "scenario", "units", "clock"},
    "progress": {"experiments"},
    "api": {"report", "results", "choice", "experiments", "engines", "tables", "counted", "scenario"},
    "reporting": {"api", "results", "comparison", "choice", "report", "experiments", "scenario"},
    "comparing": {"comparison", "choice", "experiments", "engines", "scenario"},
    "cli_parser": set(),
    "explore": {
        "api",
        "results",
        "comparison",
        "choice",
        "report",
        "experiments",
        "inference",
        "engines",
        "scenario",
        "units",
        "clock",
        "draws",
    },
    "cli": {
        "cli_parser",
        "explore",
        "api",
        "comparing",
        "comparison",
        "progress",
        "choice",
        "report",
        "reporting",
        "experiments",
        "scenario",
    },
    "__init__": {"api", "comparing", "comparison", "results", "choice", "scenario"},
    "__main__": {"cli"},
}
HOMES = {
    "simpy": ("engines/reference",),
    "numba": ("engines/compiled",),
    "matplotlib": (
        "report",
        "choice/picture.py",
        "choice/plotting.py",
        "choice/frontier.py",
        "comparison/plotting.py",
        "explore/pictures.py",
    ),
    "marimo": ("explore",),
    "uvicorn": ("explore/server.py",),
    "jinja2": ("report",),
    "loky": ("experiments",),
    "cloudpickle": ("scenario/functions.py",),
    "distributed": ("experiments/cluster.py",),
    "dask": ("experiments/cluster.py",),
    "scipy": ("experiments", "inference"),
}


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports_of(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            names.add(node.module)
            if node.module == "fleetsim":
                names |= {f"fleetsim.{alias.name}" for alias in node.names}
    return names


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def test_a_room_knows_only_the_rooms_to_its_right():
    for path in modules():
        room = room_of(path)
        known = {name.split(".")[1] for name in imports_of(path) if name.startswith("fleetsim.")} - {room}
        assert known <= KNOWS[room] | FOR_ALL, f"{path.relative_to(ROOT)} imports {known - KNOWS[room] - FOR_ALL}"


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_imported_in_its_homes_only(library):
    users = {
        path.relative_to(PACKAGE).as_posix()
        for path in modules()
        if any(name.split(".")[0] == library for name in imports_of(path))
    }
    assert users
    assert all(user.startswith(HOMES[library]) for user in users), users


def test_importing_the_package_loads_nothing_heavy():
    heavy = ("simpy", "numba", "matplotlib", "pandas", "numpy", "pydantic", "ruamel")
    code = f"import sys, fleetsim, fleetsim.cli; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "[]"


def test_the_extra_all_installs_every_extra():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    inside = {name for part in extras["all"] for name in part.removeprefix("fleetsim[").removesuffix("]").split(",")}
    assert inside == set(extras) - {"all"}


def test_every_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    reasons = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("## Dependencies")[1]
    for requirement in project["dependencies"]:
        assert requirement.split(">=")[0] in reasons


def test_modules_stay_small():
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines()) for path in modules()}
    assert {name: length for name, length in lengths.items() if length > 400} == {}
