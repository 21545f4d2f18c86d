"""Plant a mistake in a copy of the compiled engine and see which parity tests fail.

``python -m tests.parity.planted [NAME ...]`` prints a table, of all mistakes where none is named.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("fleetsim", "scenarios", "tests", "pyproject.toml")
NOT_COPIED = shutil.ignore_patterns("__pycache__", "*.nbc", "*.nbi")
# A failure is enough; what the smallest one is takes longer than all else.
WITHOUT_SHRINKING = """
from hypothesis import Phase, settings
settings.register_profile("planted", phases=[Phase.explicit, Phase.generate])
settings.load_profile("planted")
"""


class Planted(NamedTuple):
    """A mistake: in this module of the engine, this text instead of that one, which stands there once."""

    module: str
    right: str
    wrong: str


MISTAKES = {
    "`>=` for `>`: usage at the limit blocks": Planted(
        "enforcement", "if recorded <= sim.cached_limit:", "if recorded < sim.cached_limit:"
    ),
    "the first byte over the limit does not block": Planted(
        "enforcement", "if recorded <= sim.cached_limit:", "if recorded <= sim.cached_limit + 1:"
    ),
    "a block one millisecond late": Planted(
        "enforcement", "now + rules.enforcement_delay", "now + rules.enforcement_delay + 1"
    ),
    "a lookup that ignores the cache": Planted(
        "traffic",
        "if rules.looks_up == 0 or (sim.last_lookup != NEVER and now - sim.last_lookup < rules.cache_ttl):",
        "if rules.looks_up == 0:",
    ),
    "a cache that holds its time and one millisecond more": Planted(
        "traffic", "now - sim.last_lookup < rules.cache_ttl", "now - sim.last_lookup <= rules.cache_ttl"
    ),
    "one byte over the limit, and evaluations are still skipped": Planted(
        "enforcement", "if sim.counted > sim.cached_limit:", "if sim.counted > sim.cached_limit + 1:"
    ),
    "one byte over the limit, and the time is still taken as a sum": Planted(
        "calm", "spare = sim.cached_limit - sim.counted", "spare = sim.cached_limit - sim.counted + 1"
    ),
    "sums up to the instant that matters, whatever has been recorded by then": Planted(
        "calm", "return 0 if rules.record_interval == NEVER else rules.record_interval + rules.record_delay", "return 0"
    ),
    "sums in which a cache holds its time and one millisecond more": Planted(
        "lookups", "due = times[i] - looked_up >= ttl", "due = times[i] - looked_up > ttl"
    ),
    "gaps in which an alarm finds an answer that has just expired": Planted(
        "regular", "if since < ttl or (since - width", "if since <= ttl or (since - width"
    ),
    "gaps in which a reading that may come before an alarm or after it comes after it": Planted(
        "regular", "if after >= width or moment(sim, rules, held, nearest) <= others[i]:", "if after >= width:"
    ),
    "gaps after which the last lookup is forgotten": Planted(
        "regular", "sim.last_lookup = looked_up if looked_up >= 0 else NEVER", "sim.last_lookup = NEVER"
    ),
    "sums in which attempts ignore the cache": Planted(
        "lookups", "every = (ttl + wait - 1) // wait * wait", "every = wait"
    ),
    "a transfer in its own record that belongs to the one before": Planted(
        "passing",
        "if now >= next_close and more > 0:",
        "if now > next_close and more > 0:",
    ),
}
"""Each is planted alone."""


def failing(mistake: Planted | None, *options: str) -> list[str]:
    """Return the names of the parity tests that fail, one for each case, where a mistake is planted; None plants none."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        copy.mkdir()
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, copy / name, ignore=NOT_COPIED)
            else:
                shutil.copy(ROOT / name, copy / name)
        if mistake is not None:
            path = copy / "fleetsim" / "engines" / "compiled" / f"{mistake.module}.py"
            text = path.read_text(encoding="utf-8")
            if text.count(mistake.right) != 1:
                raise LookupError(f"{path.name}: {mistake.right!r} stands there {text.count(mistake.right)} times")
            path.write_text(text.replace(mistake.right, mistake.wrong), encoding="utf-8")
        (copy / "conftest.py").write_text(WITHOUT_SHRINKING, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "--tb=no", "--timeout=0", *options]
        done = subprocess.run(
            [*command, "tests/parity"],
            cwd=copy,
            env=os.environ | {"NUMBA_CACHE_DIR": str(Path(folder) / "compiled"), "PYTHONPATH": str(copy)},
            capture_output=True,
            text=True,
        )
    if done.returncode not in (0, 1):  # all passed, some failed; anything else is no answer
        raise RuntimeError(done.stdout + done.stderr)
    return re.findall(r"^FAILED \S+::(\w+)", done.stdout, re.M)


def main(*names: str) -> None:
    """Print a table of what is caught by which tests."""
    print("| mistake | parity tests that fail |\n| --- | --- |")
    chosen = {name: mistake for name, mistake in {"none": None, **MISTAKES}.items() if name in (names or [name])}
    for name, mistake in chosen.items():
        tests = Counter(failing(mistake))
        print(f"| {name} | {', '.join(f'{test} ({n})' for test, n in tests.items()) or 'none'} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
