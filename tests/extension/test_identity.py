"""A function is a part of what a scenario is: digests, equality, hashes, what a folder says, and what goes on there."""

from __future__ import annotations

import copy
import functools
import json
import pickle
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fleetsim
from fleetsim.cli import main
from fleetsim.experiments.outline import outline
from fleetsim.experiments.provenance import provenance
from fleetsim.scenario import dump, load_text, scenario_hash
from fleetsim.scenario.attach import functions_of, not_given
from fleetsim.scenario.digests import digest_of
from tests.extension.functions import GROUP, ITEM, by_sim, on_the_grid, own, poisson, scenario, small

# ---- digests ---------------------------------------------------------------------------------------------------------


def made(text: str, **known: Any) -> Callable[..., Any]:
    """The function `f` of a text, as a notebook's cell makes it."""
    sys.modules["cell"] = types.ModuleType("cell")  # where pickle looks classes up
    space = sys.modules["cell"].__dict__
    space |= known | {"np": np}
    exec(compile(text, "<cell>", "exec", dont_inherit=True), space)
    found: Callable[..., Any] = space["f"]
    return found


ALIKE = [
    ("def f(r, s): return [1]", "# a comment\n\n\ndef f(r, s):\n    return [1]  # another\n"),
    ("def f(r, s): return [1]", "def g(r, s): return [1]\nf = g"),
    ("A = 3\ndef f(r, s): return [A]", "UNUSED = 4\nA = 3\ndef f(r, s): return [A]"),
    ("def f(r, s): return r in {'a', 'b', 'c'}", "def f(r, s): return r in {'c', 'b', 'a'}"),
    ("def f(r, s): return f(r, s)", "def f(r, s): return f(r, s)"),
]
APART = [
    ("def f(r, s): return [1]", "def f(r, s): return [2]"),
    ("def f(r, s): return [1]", "def f(r, s): return [1.0]"),
    ("def f(r, s): return [1]", "def f(r, s): return [True]"),
    ("def f(r, s): return r.poisson(3)", "def f(r, s): return r.binomial(3)"),
    ("def f(r, s, k=1): return [k]", "def f(r, s, k=2): return [k]"),
    ("def f(r, s, *, k=1): return [k]", "def f(r, s, *, k=2): return [k]"),
    ("A = 3\ndef f(r, s): return [A]", "A = 4\ndef f(r, s): return [A]"),
    ("A = [1, [2]]\ndef f(r, s): return A", "A = [1, [3]]\ndef f(r, s): return A"),
    ("A = np.arange(3)\ndef f(r, s): return A", "A = np.arange(4)\ndef f(r, s): return A"),
    ("A = np.arange(3)\ndef f(r, s): return A", "A = np.arange(3.0)\ndef f(r, s): return A"),
    ("def g(): return 1\ndef f(r, s): return g()", "def g(): return 2\ndef f(r, s): return g()"),
    ("def f(r, s): return [x + 1 for x in r]", "def f(r, s): return [x + 2 for x in r]"),
    ("A = 1\ndef f(r, s): return [A for x in r]", "A = 2\ndef f(r, s): return [A for x in r]"),
    (
        "def make(k):\n def g(r, s): return [k]\n return g\nf = make(1)",
        "def make(k):\n def g(r, s): return [k]\n return g\nf = make(2)",
    ),
    (
        "class C:\n def __init__(self, k): self.k = k\n def __call__(self, r, s): return [self.k]\nf = C(1)",
        "class C:\n def __init__(self, k): self.k = k\n def __call__(self, r, s): return [self.k]\nf = C(2)",
    ),
    (
        "class C:\n TABLE = [1]\n def __call__(self, r, s): return self.TABLE\nf = C()",
        "class C:\n TABLE = [2]\n def __call__(self, r, s): return self.TABLE\nf = C()",
    ),
    (
        "class C:\n @property\n def k(self): return 1\n def __call__(self, r, s): return [self.k]\nf = C()",
        "class C:\n @property\n def k(self): return 2\n def __call__(self, r, s): return [self.k]\nf = C()",
    ),
    (
        "import abc\nclass C(abc.ABC):\n def __call__(self, r, s): return [1]\nf = C()",
        "import abc\nclass C(abc.ABC):\n def __call__(self, r, s): return [2]\nf = C()",
    ),
    (
        "import dataclasses\n@dataclasses.dataclass\nclass C:\n k: int\n def __call__(self, r, s): return [self.k]\nf = C(1)",
        "import dataclasses\n@dataclasses.dataclass\nclass C:\n k: int\n def __call__(self, r, s): return [self.k]\nf = C(2)",
    ),
    (
        "class C:\n __slots__ = ()\n def __call__(self, r, s): return [1]\nf = C()",
        "class C:\n __slots__ = ()\n def __call__(self, r, s): return [2]\nf = C()",
    ),
    ("class C:\n def m(self, r, s): return [1]\nf = C().m", "class C:\n def m(self, r, s): return [2]\nf = C().m"),
    ("import functools\ndef g(k, r, s): return [k]\nf = functools.partial(g, 1)",) * 2,
    (
        "import functools\n@functools.lru_cache\ndef g(): return 1\ndef f(r, s): return [g()]",
        "import functools\n@functools.lru_cache\ndef g(): return 2\ndef f(r, s): return [g()]",
    ),
]
APART[-2] = (APART[-2][0], APART[-2][0].replace("(g, 1)", "(g, 2)"))


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_what_does_the_same_has_the_same_digest(one: str, other: str) -> None:
    assert digest_of(made(one)) == digest_of(made(other))


@pytest.mark.parametrize(("one", "other"), APART)
def test_what_does_something_else_has_another_digest(one: str, other: str) -> None:
    assert digest_of(made(one)) != digest_of(made(other))
    assert digest_of(made(one)) == digest_of(made(one))


def test_a_digest_is_the_same_in_another_process_and_after_many_calls() -> None:
    code = "from tests.extension.functions import on_the_grid; from fleetsim.scenario.digests import digest_of; "
    code += "print(digest_of(on_the_grid))"
    root = Path(__file__).parents[2]
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == digest_of(on_the_grid)
    before = digest_of(small)
    for _ in range(200):  # by then the interpreter has specialised its code
        small(np.random.default_rng(1), None, 3)  # type: ignore[arg-type]
    assert digest_of(small) == before


# ---- scenarios -------------------------------------------------------------------------------------------------------


def test_a_scenario_stays_as_it_is_when_another_is_made_from_it() -> None:
    plain, before = scenario(), dump(scenario())
    plain.with_arrivals(ITEM, poisson).with_sizes(f"{ITEM}.upload", small)
    assert dump(plain) == before
    assert plain == scenario()
    with pytest.raises(ValueError, match="frozen"):
        own().fleets["f"].devices["x"].traffic["a"].arrivals = None  # type: ignore[misc]


def test_scenarios_are_equal_where_their_functions_do_the_same() -> None:
    assert own() == own()
    assert own() != scenario()
    assert scenario().with_arrivals(ITEM, poisson) != scenario().with_arrivals(ITEM, on_the_grid)
    assert scenario().with_sizes(f"{ITEM}.upload", small) != scenario().with_sizes(f"{ITEM}.download", small)
    hashes = [
        scenario_hash(each)
        for each in (
            scenario(),
            own(),
            scenario().with_arrivals(ITEM, poisson),
            scenario().with_arrivals(ITEM, on_the_grid),
            scenario().with_arrivals(ITEM, functools.partial(poisson)),
            scenario().with_sizes(f"{ITEM}.upload", small),
            scenario().with_sizes(f"{ITEM}.upload", by_sim),
            scenario().with_sizes(f"{ITEM}.download", small),
        )
    ]
    assert len(set(hashes)) == len(hashes)
    assert scenario_hash(own()) == scenario_hash(own())


def test_a_scenario_can_be_pickled_and_copied() -> None:
    offset = 17
    loaded = scenario().with_arrivals(ITEM, lambda random, sim: [offset])
    for other in (pickle.loads(pickle.dumps(loaded)), copy.deepcopy(loaded), loaded.model_copy()):
        assert other == loaded
        (function,) = functions_of(other).values()
        assert function.call is not None
        assert function.call(None, None) == [17]


def test_a_scenario_is_written_with_names_and_digests_and_read_without_functions() -> None:
    text = dump(own())
    assert text.startswith("# Traffic that says 'function' came from functions in Python.")
    named = load_text(text)
    assert named == own()
    assert scenario_hash(named) == scenario_hash(own())
    assert dump(named) == text
    assert len(not_given(named)) == 3
    assert not not_given(own())
    again = named.with_arrivals(ITEM, on_the_grid).with_sizes(f"{ITEM}.upload", small)
    again = again.with_sizes(f"{GROUP}.traffic.b.upload", by_sim)
    assert not not_given(again)
    assert again == own()


@pytest.mark.parametrize("name", ["null", "12", "true", "ünï <code>", "- a: #b", "'", " "])
def test_names_of_functions_read_back(name: str) -> None:
    def mine(random: Any, sim: Any) -> Any:
        return [1]

    mine.__qualname__, mine.__module__ = name, "__main__"
    loaded = scenario().with_arrivals(ITEM, mine)
    assert load_text(dump(loaded)) == loaded


def test_a_function_that_has_changed_since_is_refused() -> None:
    sizes = [10]

    def mine(random: Any, sim: Any, n: int) -> Any:
        return sizes * n

    loaded = scenario().with_sizes(f"{ITEM}.upload", mine)
    fleetsim.run(loaded, replications=1)
    sizes[0] = 11
    with pytest.raises(fleetsim.BadInput, match=rf"mine: {ITEM}.upload: it has changed since.*give it again"):
        fleetsim.run(loaded, replications=1)
    fleetsim.run(loaded.with_sizes(f"{ITEM}.upload", mine), replications=1)


# ---- folders ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("own") / "run"
    fleetsim.run(own(), replications=2, out=place, engine="reference", records="traffic")
    return place


def test_a_folder_says_which_functions_it_had(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["functions"] == {
        f"{ITEM}.arrivals": {"name": "tests.extension.functions.on_the_grid", "sha256": digest_of(on_the_grid)},
        f"{ITEM}.upload": {"name": "tests.extension.functions.small", "sha256": digest_of(small)},
        f"{GROUP}.traffic.b.upload": {"name": "tests.extension.functions.by_sim", "sha256": digest_of(by_sim)},
    }
    assert "functions" not in provenance(scenario(), "reference", 0.0)
    files = {place.name: place.read_bytes() for place in folder.rglob("*") if place.is_file()}
    assert not any(b"cloudpickle" in content or b"np.sort" in content for content in files.values())


def test_a_folder_can_be_read_shown_and_priced_without_its_functions(folder: Path) -> None:
    run = fleetsim.run(own(), replications=2, engine="reference")
    read = fleetsim.Result.read(folder)
    assert read.sim_periods.equals(run.sim_periods)
    assert read.summary().equals(run.summary())
    dear = fleetsim.reprice(read, {"fee": 9})
    assert dear.summary().equals(fleetsim.reprice(run, {"fee": 9}).summary())
    assert dear.manifest["scenario_hash"] == fleetsim.reprice(run, {"fee": 9}).manifest["scenario_hash"]
    (folder / "report.html").unlink()
    assert main(["report", str(folder)]) == 0
    page = (folder / "report.html").read_text()
    assert f"tests.extension.functions.small ({ITEM}.upload)" in page.replace("<wbr>", "").replace("\u200b", "")
    assert "run it again from there, with them" in page
    with pytest.raises(fleetsim.BadInput, match="which a file cannot give"):
        read.plot.sim_period(0)


def test_the_same_rows_come_from_a_folder_once_it_has_its_functions_again(folder: Path) -> None:
    again = fleetsim.load(folder / "scenario.yaml").with_arrivals(ITEM, on_the_grid).with_sizes(f"{ITEM}.upload", small)
    again = again.with_sizes(f"{GROUP}.traffic.b.upload", by_sim)
    result = fleetsim.run(again)
    read = fleetsim.Result.read(folder)
    assert result.manifest["scenario_hash"] == read.manifest["scenario_hash"]
    assert result.sim_periods.equals(read.sim_periods)


@pytest.mark.parametrize("verb", ["validate", "run", "choose-limit", "sweep", "compare"])
def test_the_command_line_refuses_a_file_that_names_functions(
    verb: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = str(folder / "scenario.yaml"), ["--out", str(tmp_path / "out")]
    (tmp_path / "plain.yaml").write_text(dump(scenario()))
    arguments = {
        "validate": [],
        "run": out,
        "choose-limit": ["--fleet", "f", "--limits", "1MB,2MB", "--max-blocked-share", "1%", *out],
        "sweep": ["--vary", "fleets.f.data_limit=1MB,2MB", *out],
        "compare": [str(tmp_path / "plain.yaml"), *out],
    }
    assert main([verb, file, *arguments[verb]]) == 2
    said = capsys.readouterr().err.splitlines()
    assert f": {ITEM}.upload: found a function of Python, 'tests.extension.functions.small', which" in said[1]
    line = int(said[1].removeprefix(f"{file}:").split(":")[0])
    text = (folder / "scenario.yaml").read_text().splitlines()
    assert text[line - 1].strip() == "upload:"
    assert text[line + 1].strip() == "name: tests.extension.functions.small"
    assert len(said) == 3
    assert not (tmp_path / "out").exists()


def test_a_run_goes_on_with_its_functions_only(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "run"
    fleetsim.run(own(), replications=1, out=place, engine="reference", report=False)
    for other in (own().with_sizes(f"{ITEM}.upload", by_sim), scenario()):
        with pytest.raises(fleetsim.BadInput, match="its run has another scenario, by its hash"):
            fleetsim.run(other, replications=2, out=place, resume=True, report=False)
    more = fleetsim.run(own(), replications=2, out=place, engine="compiled", resume=True, report=False)
    assert more.sim_periods.equals(fleetsim.Result.read(folder).sim_periods)


def test_a_choice_and_a_sweep_go_on_with_their_functions_only(tmp_path: Path) -> None:
    asked: dict[str, Any] = {
        "fleet": "f",
        "limits": "6 kB,90 kB",
        "max_blocked_share": "50%",
        "out": tmp_path / "choice",
    }
    chosen = fleetsim.choose_limit(own(), replications=2, **asked)
    assert fleetsim.LimitStudy.read(tmp_path / "choice").why == chosen.why
    other = own().with_sizes(f"{ITEM}.upload", by_sim)
    with pytest.raises(fleetsim.BadInput, match="another scenario, by its hash"):
        fleetsim.choose_limit(other, replications=2, resume=True, **asked)
    vary = {"fleets.f.data_limit": ["6 kB"]}
    fleetsim.sweep(own(), vary, replications=1, out=tmp_path / "sweep")
    with pytest.raises(fleetsim.BadInput, match="another scenario, by its hash"):
        fleetsim.sweep(other, vary, replications=1, out=tmp_path / "sweep", resume=True)
    assert json.loads((tmp_path / "sweep" / "sweep.json").read_text())["functions"].keys() == functions_of(own()).keys()


def test_a_comparison_says_whose_functions_they_were() -> None:
    found = fleetsim.compare({"file": scenario(), "mine": own()}, replications=2)
    assert list(found.provenance["functions"]) == [f"mine: {path}" for path in functions_of(own())]


def test_a_page_escapes_the_name_of_a_function(tmp_path: Path) -> None:
    def evil(random: Any, sim: Any) -> Any:
        return [1]

    evil.__qualname__ = "<script>alert(1)</script>\n&"
    evil.__module__ = "__main__"
    result = fleetsim.run(scenario().with_arrivals(ITEM, evil), replications=1, out=tmp_path / "out")
    assert "<script>alert(1)" not in (tmp_path / "out" / "report.html").read_text()
    assert result.manifest["functions"][f"{ITEM}.arrivals"]["name"] == "<script>alert(1)</script>?&"
    assert fleetsim.Result.read(tmp_path / "out").scenario == scenario("replications=1").with_arrivals(ITEM, evil)


def test_the_outline_says_what_theory_does_not_know() -> None:
    said = "\n".join(outline(own()))
    assert "uses bytes that are not known beforehand: functions make its a, b" in said
    assert "all SIMs together" not in said
