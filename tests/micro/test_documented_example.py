"""The worked example of docs/model.md: what the page says is what the program does, and what a hand works out."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import fleetsim
from fleetsim.rules.reconnecting import next_wait
from tests.support import plain_rows

PAGE = Path(__file__).resolve().parents[2] / "docs" / "model.md"
CAUSES = ("metering", "enforcement", "propagation", "dns")
BYTES = ("bytes moved", "within", "propagation", "metering", "enforcement", "dns")

Record = dict[str, str]


@pytest.fixture(scope="module")
def section() -> str:
    """The part of the page that has the example."""
    return PAGE.read_text(encoding="utf-8").split("**A worked example.**")[1].split("### 2.5")[0]


@pytest.fixture
def run(section: str, tmp_path: Path) -> Callable[..., fleetsim.Result]:
    """Run the page's scenario on the first so many rows of the page's trace."""
    (scenario,) = re.findall(r"```yaml\n(.*?)```", section, re.S)
    ((name, trace),) = re.findall(r'```csv title="(\S+)"\n(.*?)```', section, re.S)

    def run(transfers: int | None = None, *overrides: str) -> fleetsim.Result:
        lines = trace.splitlines(keepends=True)
        (tmp_path / name).write_text("".join(lines if transfers is None else lines[: 1 + transfers]))
        (tmp_path / "scenario.yaml").write_text(scenario)
        return fleetsim.run(fleetsim.load(tmp_path / "scenario.yaml", overrides), engine="reference", workers=1)

    return run


def table(section: str, first: str) -> list[Record]:
    """The rows of the table whose first column is called `first`."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    start = next(i for i, row in enumerate(rows) if row[0] == first)
    head = rows[start]
    found = []
    for row in rows[start + 2 :]:
        if len(row) != len(head):
            break
        found.append(dict(zip(head, row, strict=True)))
    return found


def number(text: str) -> int:
    return int(text.replace(",", ""))


def moved(row: dict[str, Any]) -> dict[str, int]:
    """Bytes of a result's row under the headings of the page."""
    causes = {cause: row[f"overage_{cause}_bytes"] for cause in BYTES[2:]}
    return {"bytes moved": row["used_bytes"], "within": row["used_bytes"] - row["overage_bytes"]} | causes


def test_each_line_of_the_table_moves_the_bytes_that_it_says(section, run):
    # Bytes already moved keep their cause, whatever comes later: the n-th transfer's are what it adds to n - 1 of them.
    lines = [line for line in table(section, "time") if line["their numbers"]]
    before = dict.fromkeys(BYTES, 0)
    for count, line in enumerate(lines, start=1):
        (row,) = plain_rows(run(count))
        now = moved(row)
        assert {name: now[name] - before[name] for name in BYTES} == {name: number(line[name]) for name in BYTES}
        first, last = map(number, line["their numbers"].split(" to "))
        assert (first, last) == (before["bytes moved"] + 1, now["bytes moved"])
        before = now
    assert len(lines) == 6


def test_the_last_line_of_the_table_is_the_whole_run(section, run):
    (row,) = plain_rows(run())
    line = table(section, "time")[-1]
    assert moved(row) == {name: number(line[name]) for name in BYTES}


def test_the_run_is_what_a_hand_works_out(run):
    # 5 MB; 3 MB set at 0:10, there at 0:15. Numbers 3,000,001 on are over from 0:10 on, 5,000,001 on beyond the old limit.
    #   0:13  2,000,201..4,000,200: 1,000,200 over, all within the old limit
    #   0:14  4,000,201..5,500,200: 999,800 within the old limit, 500,200 beyond it
    #   0:16  100,000 beyond the new limit; found out at 0:18, blocked at 0:20
    #   0:19  300,000 while the block is under way
    #   0:35  a lookup of 200 while blocked (35 min after the first, and it serves 30)
    (row,) = plain_rows(run())
    assert moved(row) == {
        "bytes moved": 5_900_400,
        "within": 3_000_000,
        "propagation": 1_000_200 + 999_800,
        "metering": 500_200 + 100_000,
        "enforcement": 300_000,
        "dns": 200,
    }
    assert row["undelivered_bytes"] == 100_000
    assert row["dns_bytes"] == 400
    assert (row["blocks"], row["first_blocked_at"], row["blocked_ms"]) == (1, 20 * 60_000, 40 * 60_000)


def test_the_end_cuts_nothing_that_the_table_names(section, run):
    # The times of the table are those of the trace: a run that ends 1 ms after a line's instant has its bytes, and
    # one that ends at the instant does not (horizons are half-open).
    for line in table(section, "time"):
        hours, minutes = map(int, line["time"].split(":"))
        at = (60 * hours + minutes) * 60_000
        if not line["their numbers"] or at <= 10 * 60_000:  # the limit of 0:10 has to lie before the end
            continue
        first, last = map(number, line["their numbers"].split(" to "))
        used = [plain_rows(run(None, f"duration={end} ms"))[0]["used_bytes"] for end in (at, at + 1)]
        assert used == [first - 1, last]


@pytest.mark.parametrize(
    ("increment", "costs"),
    [
        # 0.10 a MB: 5,900,400 B cost 590,040 millionths, the 3,000,000 within the limit 300,000.
        ("1 B", (2_000_000, 590_040, 290_040, 60_020, 30_000, 200_000, 20, 2_590_040)),
        # In steps of 100 kB: 3.0 MB, then up to 3,600,200 -> 3.7, 3,900,200 -> 4.0, 5,900,200 -> 6.0, 5,900,400 -> 6.0 MB.
        ("100 kB", (2_000_000, 600_000, 300_000, 70_000, 30_000, 200_000, 0, 2_600_000)),
    ],
)
def test_the_invoice_is_that_of_the_page_and_of_a_hand(section, run, increment, costs):
    result = run(None, f"tariff.increment={increment}")
    (sums,) = result.tables.replications.to_pylist()
    names = ("fee", "usage_cost", "overage_cost", *(f"overage_cost_{cause}" for cause in CAUSES), "cost")
    assert tuple(sums[f"{name}_micros"] for name in names) == costs

    page = {line["item"]: line[f"increment {increment}"] for line in table(section, "item")}
    items = ("fee", "usage", "of it overage", *(f"of it {cause}" for cause in CAUSES), "total")
    assert tuple(number(page[item].replace(".", "")) for item in items) == costs
    step = result.scenario.tariff.increment_bytes
    assert number(page["billed bytes"]) == -(-sums["used_bytes"] // step) * step


def test_the_attempts_of_the_page_are_those_of_the_rule():
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    said = re.search(r"`\{first: 1 s, factor: 2, max: 2 min\}` the attempts come ([\d, and]+) seconds", text)
    assert said is not None
    wait, at, attempts = 1000, 1000, [1]
    for _ in range(7):
        wait = next_wait(wait, Fraction(2), 120_000)
        at += wait
        attempts.append(at // 1000)
    assert attempts == [int(word) for word in re.findall(r"\d+", said[1])] == [1, 3, 7, 15, 31, 63, 127, 247]
