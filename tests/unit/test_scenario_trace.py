"""Trace files: what is read, what is refused, and where."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scenario_texts import SMALL

from fleetsim.errors import BadInput
from fleetsim.scenario import load
from fleetsim.scenario.trace import TraceRows, parse_trace

HEAD = "time_ms,upload_bytes,download_bytes,duration_ms\n"
BY_SIM = "sim," + HEAD


def read(text: str, count: int = 3, horizon_ms: int = 1000) -> TraceRows:
    return parse_trace(text.encode(), "t.csv", count, horizon_ms)[0]


def test_without_a_sim_column_every_sim_replays_the_file() -> None:
    rows = read(HEAD + "1,20,30,40\n1,21,31,41\n2,22,32,42\n")
    assert rows.offsets is None
    assert rows.time_ms.tolist() == [1, 1, 2]
    assert rows.upload_bytes.tolist() == [20, 21, 22]
    assert rows.download_bytes.tolist() == [30, 31, 32]
    assert rows.duration_ms.tolist() == [40, 41, 42]
    assert {a.dtype for a in (rows.time_ms, rows.upload_bytes)} == {np.dtype(np.int64)}


def test_interleaved_sims_are_sorted_out_and_equal_times_keep_the_files_order() -> None:
    rows = read(BY_SIM + "2,5,1,0,0\n0,7,2,0,0\n2,5,3,0,0\n0,7,4,0,0\n2,6,5,0,0\n")
    assert rows.offsets is not None
    assert rows.offsets.tolist() == [0, 2, 2, 5]  # SIM 1 has no rows
    assert rows.time_ms.tolist() == [7, 7, 5, 5, 6]
    assert rows.upload_bytes.tolist() == [2, 4, 1, 3, 5]


def test_columns_are_found_by_name_and_others_are_ignored() -> None:
    rows = read("note,duration_ms,time_ms,download_bytes,upload_bytes\nhello,4,1,3,2\n")
    values = (rows.time_ms, rows.upload_bytes, rows.download_bytes, rows.duration_ms)
    assert [v.tolist() for v in values] == [[1], [2], [3], [4]]


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "1,2,3,4\n2,2,3,4",
        HEAD.replace("\n", "\r\n") + "1,2,3,4\r\n2,2,3,4\r\n",
        "\ufeff" + HEAD + "1,2,3,4\n2,2,3,4\n\n\n",
        HEAD + "\n1,2,3,4\n\n2,2,3,4\n",
        HEAD + '"1", 2,3 ,4\n2,2,3,4\n',
    ],
)
def test_line_ends_blank_lines_spaces_and_quotes_do_not_matter(text: str) -> None:
    assert read(text) == read(HEAD + "1,2,3,4\n2,2,3,4\n")


def test_rows_at_or_after_the_horizon_are_ignored_with_one_warning() -> None:
    text = (BY_SIM + "0,999,1,1,1\n1,1000,1,1,1\n1,1001,1,1,1\n").encode()
    rows, warnings = parse_trace(text, "t.csv", 2, 1000)
    assert rows.time_ms.tolist() == [999]
    assert rows.offsets is not None
    assert rows.offsets.tolist() == [0, 1, 1]
    assert warnings == ("t.csv: 2 rows at or after the scenario's end ignored",)
    assert parse_trace(text, "t.csv", 2, 1002)[1] == ()


def test_a_file_without_rows_moves_nothing() -> None:
    assert read(HEAD).time_ms.tolist() == []
    empty = read(BY_SIM)
    assert empty.offsets is not None
    assert empty.offsets.tolist() == [0, 0, 0, 0]


WHOLE = "expected a whole number of at most 18 digits, 0 or more"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "time,upload_bytes,download_bytes,duration_ms\n",
            [
                "t.csv:1: time_ms: found no such column; "
                "expected time_ms, upload_bytes, download_bytes, duration_ms; did you mean 'time'?"
            ],
        ),
        ("time_ms," + HEAD, ["t.csv:1: time_ms: found this column twice; expected each column once"]),
        (HEAD + "1,2,3\n", ["t.csv:2: found 3 values; expected 4, as the first line names them"]),
        (
            HEAD + "1,2,3,4\n\n-1,1.0,,x\n",
            [
                f"t.csv:4: time_ms: found '-1'; {WHOLE}",
                f"t.csv:4: upload_bytes: found '1.0'; {WHOLE}",
                f"t.csv:4: download_bytes: found ''; {WHOLE}",
                f"t.csv:4: duration_ms: found 'x'; {WHOLE}",
            ],
        ),
        (HEAD + "9" * 5000 + ",1,1,1\n", [f"t.csv:2: time_ms: found '{'9' * 80}…'; {WHOLE}"]),
        (
            HEAD + "1,1099511627776,1,1\n",
            ["t.csv:2: upload_bytes: found '1099511627776'; expected a whole number from 0 to 1,099,511,627,775"],
        ),
        (
            HEAD + "5,1,1,1\n4,1,1,1\n",
            ["t.csv:3: time_ms: found '4' after '5'; expected ascending times within a SIM"],
        ),
        (
            BY_SIM + "1,5,1,1,1\n0,4,1,1,1\n1,4,1,1,1\n3,1,1,1,1\n",
            [
                "t.csv:4: time_ms: found '4' after '5' of SIM 1; expected ascending times within a SIM",
                "t.csv:5: sim: found '3'; expected a whole number from 0 to 2: the group has 3 devices",
            ],
        ),
        (HEAD + '"1,2,3,4\n', ["t.csv:2: not CSV: unexpected end of data"]),
    ],
)
def test_a_mistake_names_the_trace_and_its_line(text: str, lines: list[str]) -> None:
    with pytest.raises(BadInput) as caught:
        read(text)
    assert str(caught.value).split("\n") == lines


def test_a_wrong_column_is_told_ten_times_and_counted() -> None:
    with pytest.raises(BadInput) as caught:
        read(HEAD + "x,1,1,1\n" * 25)
    assert len(caught.value.mistakes) == 11
    assert str(caught.value.mistakes[-1]) == "t.csv: 15 more mistakes like these"


def test_plain_and_other_files_are_read_to_the_same_rows() -> None:
    rng = np.random.default_rng(7)
    table = np.c_[
        rng.integers(0, 3, 500),
        np.sort(rng.integers(0, 2000, 500)),
        rng.integers(0, 2**40, (500, 2)),
        rng.integers(0, 9, 500),
    ]
    plain = BY_SIM + "".join(",".join(map(str, row)) + "\n" for row in table.tolist())
    spaced = BY_SIM + "".join(", ".join(map(str, row)) + "\n" for row in table.tolist())
    assert read(plain) == read(spaced)
    shifted = plain.replace(BY_SIM, BY_SIM + "0,0,1,0,0\n")
    assert read(shifted) != read(plain)


def test_traces_are_found_beside_the_scenario_and_read_for_each_item(tmp_path: Path) -> None:
    text = SMALL.replace("{process: periodic, every: 15 min}", "{process: trace, file: data/t.csv}").replace(
        "            upload: 800 B\n", ""
    )
    (tmp_path / "data").mkdir()
    (tmp_path / "s.yaml").write_text(text)
    (tmp_path / "data" / "t.csv").write_text(BY_SIM + "2,5,1,1,1\n2,99999999999,1,1,1\n")
    scenario = load(tmp_path / "s.yaml")
    rows = scenario.trace("meters", "meter", "readings")
    assert rows.offsets is not None
    assert rows.offsets.tolist() == [0, 0, 0, 1]
    assert scenario.warnings == (f"{tmp_path}/data/t.csv: 1 row at or after the scenario's end ignored",)
    with pytest.raises(BadInput) as caught:
        load(tmp_path / "s.yaml", ["fleets.meters.devices.meter.count=2", "replications=0"])
    assert str(caught.value).split("\n") == [
        "--set replications=0: replications: found '0'; expected a whole number from 1 to 1,000,000",
        f"{tmp_path}/data/t.csv:2: sim: found '2'; expected a whole number from 0 to 1: the group has 2 devices",
        f"{tmp_path}/data/t.csv:3: sim: found '2'; expected a whole number from 0 to 1: the group has 2 devices",
    ]
