"""Mistakes in the timeline's statuses and moves and in `initial`: one line each, with place, path and remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from scenario_texts import SMALL

from fleetsim.cli import main
from fleetsim.errors import BadInput
from fleetsim.scenario import load

GROUP = "fleets.meters.devices.meter"
COLUMNS = "sim,period_start,used_bytes,blocked\n"
FINE = "2025-12-20T00:00:00Z"
INITIAL = "initial: {file: sims.csv}"
Mistakes = Callable[..., list[str]]


def with_timeline(*entries: str, text: str = SMALL) -> str:
    """Entries stand in lines 15, 16, ... of SMALL."""
    return text + "timeline:\n" + "".join(f"  - {entry}\n" for entry in entries)


def with_group(keys: str, text: str = SMALL) -> str:
    """One more key of the group, in line 10."""
    return text.replace("        count: 3\n", f"        count: 3\n        {keys}\n")


@pytest.fixture
def mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mistakes:
    """Load a scenario beside the CSV file that it names; answer the lines of what is wrong."""
    monkeypatch.chdir(tmp_path)

    def lines(text: str, sims: str | bytes | None = None) -> list[str]:
        Path("s.yaml").write_text(text)
        if sims is not None:
            Path("sims.csv").write_bytes(sims if isinstance(sims, bytes) else sims.encode())
        with pytest.raises(BadInput) as caught:
            load("s.yaml")
        found = str(caught.value).split("\n")
        assert len(found) == len(caught.value.mistakes)
        return found

    return lines


def says(line: str, place: str, *words: str) -> bool:
    """Whether the line begins with its place and has all the words after it."""
    return line.startswith(f"{place}: ") and all(word in line.removeprefix(place) for word in words)


# ---- the timeline


@pytest.mark.parametrize(
    ("entry", "path", "words"),
    [
        ("{at: 1 day, sims: meters/metre, status: inactive}", "sims", ("'meters/metre'", "expected", "meters/meter")),
        ("{at: 1 day, sims: metres/meter, status: inactive}", "sims", ("'metres/meter'", "expected", "meters/meter")),
        ("{at: 1 day, sims: meters, status: inactive}", "sims", ("'meters'", "expected", "/")),
        ("{at: 1 day, sims: meters/meter/0, status: inactive}", "sims", ("'meters/meter/0'", "expected", "/")),
        ("{at: 1 day, sims: meters/meter, to: metres}", "to", ("'metres'", "expected", "fleet", "meters")),
        ("{at: 1 day, sims: meters/meter, status: ready}", "status", ("'ready'", "expected", "active", "inactive")),
        ("{at: 1 day, sims: meters/meter, status: new}", "status", ("'new'", "expected", "active", "inactive")),
        (
            "{at: 1 day, sims: meters/meter, status: deactivated}",
            "status",
            ("'deactivated'", "expected", "active", "inactive"),
        ),
        ("{at: 1 day, sims: meters/meter, status: Active}", "status", ("'Active'", "expected", "active")),
        ("{at: 1 day, sims: meters/meter, count: 0, status: inactive}", "count", ("'0'", "expected", "1")),
        ("{at: 1 day, sims: meters/meter, count: -1, to: meters}", "count", ("'-1'", "expected", "1")),
        ("{at: 1 day, sims: meters/meter, count: 1.5, to: meters}", "count", ("'1.5'", "expected", "whole number")),
        ("{at: 1 day, sims: meters/meter, count: all, to: meters}", "count", ("'all'", "expected", "whole number")),
        ("{at: 31 days, sims: meters/meter, status: inactive}", "at", ("'31 days'", "expected", "end")),
        ("{at: 2026-02-01T00:00:00Z, sims: meters/meter, status: inactive}", "at", ("2026-02-01", "expected", "end")),
        ("{at: 99 days, sims: meters/meter, to: meters}", "at", ("'99 days'", "expected", "end")),
        ("{at: 2025-12-31T00:00:00Z, sims: meters/meter, to: meters}", "at", ("2025-12-31", "expected", "start")),
        ("{at: 1, sims: meters/meter, to: meters}", "at", ("'1'", "expected", "unit")),
        ("{at: soon, sims: meters/meter, to: meters}", "at", ("'soon'", "expected")),
        ("{sims: meters/meter, to: meters}", "at", ("found nothing", "expected")),
        ("{at: 1 day, status: inactive}", "sims", ("found nothing", "expected")),
        ("{at: 1 day, to: meters}", "sims", ("found nothing", "expected")),
    ],
)
def test_a_wrong_value_of_a_status_change_or_a_move_is_one_line(
    mistakes: Mistakes, entry: str, path: str, words: tuple[str, ...]
) -> None:
    (line,) = mistakes(with_timeline(entry))
    assert says(line, "s.yaml:15", f"timeline.0.{path}: ", *words), line


@pytest.mark.parametrize(
    "entry",
    [
        "{at: 1 day, fleet: meters, data_limit: 6 MB, status: inactive}",
        "{at: 1 day, sims: meters/meter, data_limit: 6 MB, status: inactive}",
        "{at: 1 day, sims: meters/meter, data_limit: 6 MB}",
        "{at: 1 day, sims: meters/meter, status: inactive, to: meters}",
        "{at: 1 day, fleet: meters, status: inactive}",
        "{at: 1 day, fleet: meters, to: meters}",
        "{at: 1 day, fleet: meters, count: 1, data_limit: 6 MB}",
        "{at: 1 day, sims: meters/meter}",
        "{at: 1 day, sims: meters/meter, count: 1}",
        "{at: 1 day, fleet: meters}",
        "{at: 1 day}",
        "{at: 1 day, sims: meters/meter, status: inactive, reason: theft}",
    ],
)
def test_an_entry_does_exactly_one_thing_to_what_that_thing_is_done_to(mistakes: Mistakes, entry: str) -> None:
    for line in mistakes(with_timeline(entry)):
        assert says(line, "s.yaml:15", "timeline.0", "found", "expected"), line


def test_mistakes_of_several_entries_are_told_together_each_with_its_line(mistakes: Mistakes) -> None:
    lines = mistakes(
        with_timeline(
            "{at: 1 day, sims: meters/meter, status: new}",
            "{at: 1 day, sims: meters/meter, status: inactive}",
            "{at: 1 day, sims: meters/meter, to: nowhere}",
        )
    )
    assert len(lines) == 2
    assert says(lines[0], "s.yaml:15", "timeline.0.status: ", "'new'", "expected")
    assert says(lines[1], "s.yaml:17", "timeline.2.to: ", "'nowhere'", "expected")


@pytest.mark.parametrize("verb", ["status: inactive", "status: active", "to: spare"])
@pytest.mark.parametrize(
    ("activation", "too_early", "early_enough"),
    [
        ("{at: 2 days, over: 0 s}", "47 h", "2 days"),
        ("{at: 2 days, over: 1 day}", "71 h", "3 days"),
        ("{at: 2 days, over: 1 day}", "1 h", "73 h"),
        ("{at: 0 s, over: 1 ms}", "0 s", "1 ms"),
    ],
)
def test_an_entry_must_not_reach_a_sim_that_can_still_be_new(
    mistakes: Mistakes, tmp_path: Path, verb: str, activation: str, too_early: str, early_enough: str
) -> None:
    fleets = with_group(f"activation: {activation}") + "  spare: {data_limit: 1 MB, devices: {}}\n"
    # `active` changes no SIM that is new or active; an earlier entry gives it one to change.
    away = ["{at: %s, sims: meters/meter, status: inactive}"] if verb == "status: active" else []
    entries = [*away, f"{{at: %s, sims: meters/meter, {verb}}}"]
    lines = mistakes(with_timeline(*(entry % too_early for entry in entries), text=fleets))
    assert lines
    for number, line in enumerate(lines):
        assert says(line, f"s.yaml:{17 + number}", f"timeline.{number}", f"'{too_early}'", "expected"), line
    fine = tmp_path / "fine.yaml"
    fine.write_text(with_timeline(*(entry % early_enough for entry in entries), text=fleets))
    assert len(load(fine).timeline) == len(entries)


# ---- initial: the file


@pytest.mark.parametrize(
    ("rows", "line_number", "column", "words"),
    [
        (f"3,{FINE},1,0\n", 2, "sim", ("'3'", "expected", "2")),
        (f"0,{FINE},1,0\n\n99,{FINE},1,0\n", 4, "sim", ("'99'", "expected", "2")),
        (f"-1,{FINE},1,0\n", 2, "sim", ("'-1'", "expected")),
        (f"a,{FINE},1,0\n", 2, "sim", ("'a'", "expected", "number")),
        (f",{FINE},1,0\n", 2, "sim", ("''", "expected")),
        (f"0,{FINE},1,0\n1,{FINE},1,0\n0,{FINE},2,0\n", 4, "sim", ("'0'", "expected", "once")),
        ("0,2026-01-02T00:00:00Z,1,0\n", 2, "period_start", ("2026-01-02", "expected", "before")),
        ("0,2026-01-01T00:00:00Z,1,0\n", 2, "period_start", ("2026-01-01", "expected", "before")),
        ("0,2025-12-01T00:00:00Z,1,0\n", 2, "period_start", ("2025-12-01", "expected", "period")),
        ("0,2025-11-30T00:00:00Z,1,0\n", 2, "period_start", ("2025-11-30", "expected", "period")),
        ("0,2024-12-20T00:00:00Z,1,0\n", 2, "period_start", ("2024-12-20", "expected", "period")),
        ("0,yesterday,1,0\n", 2, "period_start", ("'yesterday'", "expected", "2026-01-01T00:00:00Z")),
        ("0,2025-12-32,1,0\n", 2, "period_start", ("'2025-12-32'", "expected")),
        ("0,1766188800,1,0\n", 2, "period_start", ("'1766188800'", "expected")),
        ("0,,1,0\n", 2, "period_start", ("''", "expected")),
        (f"0,{FINE},many,0\n", 2, "used_bytes", ("'many'", "expected", "number")),
        (f"0,{FINE},1.5,0\n", 2, "used_bytes", ("'1.5'", "expected", "whole number")),
        (f"0,{FINE},1 MB,0\n", 2, "used_bytes", ("'1 MB'", "expected", "number")),
        (f"0,{FINE},,0\n", 2, "used_bytes", ("''", "expected")),
        (f"0,{FINE},-1,0\n", 2, "used_bytes", ("'-1'", "expected", "0")),
        (f"0,{FINE},{'9' * 30},0\n", 2, "used_bytes", ("'999", "expected")),
        (f"0,{FINE},1,2\n", 2, "blocked", ("'2'", "expected", "0", "1")),
        (f"0,{FINE},1,yes\n", 2, "blocked", ("'yes'", "expected", "0", "1")),
        (f"0,{FINE},1,-1\n", 2, "blocked", ("'-1'", "expected", "0", "1")),
    ],
)
def test_a_wrong_value_of_a_row_is_one_line_with_its_file_its_line_and_its_column(
    mistakes: Mistakes, rows: str, line_number: int, column: str, words: tuple[str, ...]
) -> None:
    (line,) = mistakes(with_group(INITIAL), COLUMNS + rows)
    assert says(line, f"sims.csv:{line_number}", f"{column}: ", "found", *words), line


def test_each_wrong_value_of_a_row_has_a_line(mistakes: Mistakes) -> None:
    lines = mistakes(with_group(INITIAL), COLUMNS + f"0,{FINE},x,2\n7,{FINE},1,0\n")
    assert len(lines) == 3
    for line, place, words in zip(
        lines,
        ("sims.csv:2", "sims.csv:2", "sims.csv:3"),
        (("used_bytes", "'x'"), ("blocked", "'2'"), ("sim", "'7'")),
        strict=True,
    ):
        assert says(line, place, *words, "expected"), line


@pytest.mark.parametrize("missing", ["sim", "period_start", "used_bytes"])
def test_a_missing_column_is_told_with_its_name(mistakes: Mistakes, missing: str) -> None:
    columns = [name for name in ("sim", "period_start", "used_bytes") if name != missing]
    (line,) = mistakes(with_group(INITIAL), ",".join(columns) + "\n")
    assert says(line, "sims.csv:1", f"{missing}: ", "expected"), line


def test_a_column_that_stands_twice_and_a_row_that_is_too_short_are_told(mistakes: Mistakes) -> None:
    (line,) = mistakes(with_group(INITIAL), "sim," + COLUMNS)
    assert says(line, "sims.csv:1", "sim: ", "twice", "expected"), line
    (line,) = mistakes(with_group(INITIAL), COLUMNS + f"0,{FINE}\n")
    assert says(line, "sims.csv:2", "found", "2", "expected", "4"), line


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
def test_an_empty_file_is_told(mistakes: Mistakes, content: str) -> None:
    lines = mistakes(with_group(INITIAL), content)
    for line in lines:
        assert says(line, "sims.csv:1", "found", "expected"), line
    assert all(name in "".join(lines) for name in ("sim", "period_start", "used_bytes"))


def test_a_file_that_is_no_text_is_told(mistakes: Mistakes) -> None:
    for line in mistakes(with_group(INITIAL), b"\x80\x81\x00PAR1\xff"):
        assert line.startswith("sims.csv"), line


def test_a_missing_file_is_told_where_the_scenario_names_it(mistakes: Mistakes) -> None:
    (line,) = mistakes(with_group(INITIAL))
    assert says(line, "s.yaml:10", f"{GROUP}.initial.file: ", "found 'sims.csv'", "no such file"), line


def test_a_folder_is_no_file(mistakes: Mistakes, tmp_path: Path) -> None:
    (tmp_path / "sims.csv").mkdir()
    (line,) = mistakes(with_group(INITIAL))
    assert says(line, "s.yaml:10", f"{GROUP}.initial.file: ", "sims.csv", "expected"), line


@pytest.mark.parametrize(
    "keys", ["initial: {}", "initial: sims.csv", "initial: {file: [a]}", "initial: {files: a.csv}"]
)
def test_initial_names_a_file(mistakes: Mistakes, keys: str) -> None:
    lines = mistakes(with_group(keys))
    assert lines
    for line in lines:
        assert says(line, "s.yaml:10", f"{GROUP}.initial", "found", "expected"), line


# ---- initial: the running period


@pytest.mark.parametrize(
    ("period", "start", "wrong", "right"),
    [
        # One month before 1 January is 1 December; a month from 31 January ends on 28 February.
        ("activation-month", "2026-01-01", "2025-12-01T00:00:00Z", "2025-12-01T00:00:00.001Z"),
        ("activation-month", "2026-02-28", "2026-01-28T00:00:00Z", "2026-01-28T00:00:00.001Z"),
        ("activation-month", "2026-02-28", "2026-01-28T00:00:00Z", "2026-01-31T00:00:00.001Z"),
        ("activation-month", "2026-02-28", "2026-01-31T00:00:00Z", "2026-02-27T23:59:59.999Z"),
        ("calendar-month", "2026-01-15", "2025-12-31T23:59:59.999Z", "2026-01-01T00:00:00Z"),
        ("10 days", "2026-01-01", "2025-12-22T00:00:00Z", "2025-12-22T00:00:00.001Z"),
        ("10 days", "2026-01-01", "2026-01-01T00:00:00.001Z", "2025-12-31T23:59:59.999Z"),
    ],
)
def test_the_running_period_began_less_than_one_period_before_the_start(
    mistakes: Mistakes, tmp_path: Path, period: str, start: str, wrong: str, right: str
) -> None:
    text = with_group(INITIAL).replace("start: 2026-01-01T00:00:00Z", f"start: {start}T00:00:00Z")
    text = text.replace("seed: 1\n", f"seed: 1\nplatform: {{billing_period: {period}}}\n")
    (line,) = mistakes(text, COLUMNS + f"0,{wrong},1,0\n")
    assert says(line, "sims.csv:2", "period_start: ", wrong[:19], "expected", "before"), line
    (tmp_path / "sims.csv").write_text(COLUMNS + f"0,{right},1,0\n")
    load("s.yaml")


def test_a_file_without_rows_and_columns_in_any_order_are_fine(mistakes: Mistakes, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(with_group(INITIAL))
    for content in (COLUMNS, f"note,used_bytes,sim,period_start\nhello,5,2,{FINE}\n"):
        (tmp_path / "sims.csv").write_text(content)
        load("s.yaml")


# ---- the command line


def test_the_command_line_says_them_on_stderr_and_exits_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sims.csv").write_text(COLUMNS + f"3,{FINE},1,0\n")
    Path("s.yaml").write_text(with_timeline("{at: 1 day, sims: meters/meter, status: new}", text=with_group(INITIAL)))
    assert main(["run", "s.yaml", "--out", "out"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    lines = said.err.splitlines()
    assert len(lines) == 2
    assert any(says(line, "s.yaml:16", "timeline.0.status: ", "'new'", "expected") for line in lines)
    assert any(says(line, "sims.csv:2", "sim: ", "'3'", "expected") for line in lines)
    assert not Path("out").exists()
