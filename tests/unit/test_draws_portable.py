"""What is drawn does not depend on the machine: which operations are used, and the same bits without SIMD."""

from __future__ import annotations

import ast
import hashlib
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import fleetsim.draws
from fleetsim.draws.beta import Beta, Tabulated
from fleetsim.draws.counts import draw_own_counts, poisson_table
from fleetsim.draws.laws import Empirical, Exponential, Gamma, LogNormal, Pareto
from fleetsim.draws.sizes import size_table

ROOM = Path(fleetsim.draws.__file__).parent
LAWS: tuple[Tabulated, ...] = (
    LogNormal(4000, 1.0),
    Gamma(10**6, 7.3),
    Pareto(1000, 1.1, 10**8),
    Exponential(300),
    Empirical((70, 3000, 200), (Fraction(1), Fraction(1, 3), Fraction(7, 10))),
    Beta(3.0, 4.5, 10**7),
    Beta(0.7, 1.3, 10**7),
)
EXACT_MATH = {"comb", "factorial", "fsum", "isqrt", "ldexp"}
NUMPY_THAT_VARIES = {
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "power", "float_power", "sin", "cos", "tan", "tanh",
    "sum", "mean", "var", "std", "dot", "vdot", "inner", "matmul", "einsum", "prod", "cbrt", "hypot", "arctan",
    "linalg", "random", "average", "trapezoid", "convolve", "interp", "logspace", "geomspace",
}  # fmt: skip
FOR_PEOPLE = {"variance"}


def names_used(source: str) -> set[str]:
    """`math.x` and `np.x` with their module, outside the functions whose figures are only shown."""
    tree = ast.parse(source)
    shown = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name in FOR_PEOPLE]
    skip = {id(n) for f in shown for n in ast.walk(f)}
    return {
        f"{n.value.id}.{n.attr}"
        for n in ast.walk(tree)
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and id(n) not in skip
    }


def varying(source: str) -> set[str]:
    used = names_used(source)
    return {n for n in used if n.startswith("math.") and n[5:] not in EXACT_MATH} | {
        n for n in used if n.startswith("np.") and n[3:] in NUMPY_THAT_VARIES
    }


@pytest.mark.parametrize("path", sorted(ROOM.glob("*.py")), ids=lambda p: p.name)
def test_draws_use_only_operations_that_every_machine_rounds_alike(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert not varying(source)
    assert "scipy" not in source


def test_the_check_of_operations_finds_one_that_varies() -> None:
    assert varying("import math\nx = math.log(2) + np.exp(1)\n") == {"math.log", "np.exp"}


def digest() -> str:
    found = hashlib.sha256()
    for law in LAWS:
        table = size_table(law)
        for array in (table.base, table.slope, table.cum, table.lower, table.width, table.guide):
            found.update(array.tobytes())
    for mean in (0.7, 288.0, 1024.0):
        found.update(poisson_table(mean).tobytes())
        found.update(draw_own_counts(np.full((3, 50), mean), 1, np.arange(3), 0).tobytes())
    return found.hexdigest()


def test_tables_have_the_same_bits_without_vector_instructions() -> None:
    extensions = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    if not extensions:
        pytest.skip("numpy has nothing to switch off on this machine")
    plain = subprocess.run(
        [sys.executable, "-c", "from tests.unit.test_draws_portable import digest; print(digest())"],
        env={**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(extensions)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert plain.stdout.strip() == digest()
