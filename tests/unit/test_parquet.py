"""Tables as Parquet files: written as they are made, put one after the other without decoding, read part by part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_tables import counted, row

from fleetsim.experiments import parquet
from fleetsim.experiments.parquet import Writer, read_table, reading, write_whole, writing
from fleetsim.experiments.splice import _moved, splice
from fleetsim.scenario.load import load_text
from fleetsim.tables import SCHEMAS, tabulate

NAME = "sim_periods"
SCENARIO = """\
start: 2026-01-15T00:00:00Z
duration: 60 days
seed: 3
fleets:
  a: {data_limit: 1 MB, devices: {d: {count: 1000, traffic: {}}}}
  b: {data_limit: unlimited, devices: {d: {count: 1000, role: faulty, traffic: {}}}}
"""


def rows(replication: int, number: int) -> pa.Table:
    """Rows in which every kind of column has more than one value, nulls included."""
    chance = np.random.default_rng(replication)
    made = [
        row(
            sim=sim,
            fleet=sim // 1000,
            limit=[1_000_000, 2**63 - 1][sim % 2],
            period_start_ms=1,
            period_end_ms=10**9,
            upload_bytes=int(chance.integers(0, 2**40)),
            blocks=sim % 2,
            first_blocked_at_ms=[-1, 77][sim % 2],
            blocked_ms=sim % 2,
            fee_due=sim % 3 == 0,
        )
        for sim in sorted(chance.choice(2000, number, replace=False).tolist())
    ]
    return tabulate(load_text(SCENARIO), replication, [counted(*made)]).sim_periods


def write(folder: Path, pieces: Sequence[pa.Table]) -> Path:
    folder.mkdir()
    with writing(folder, NAME) as writer:
        for piece in pieces:
            writer.write(piece)
    return folder


@pytest.fixture(autouse=True)
def small_row_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP", 64)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, pa.Table]]:
    """Replications of different sizes, one of them without a row, each in a folder of its own."""
    folder = tmp_path_factory.mktemp("parts")
    tables = [rows(i, number) for i, number in enumerate((200, 0, 64, 1))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "ROW_GROUP", 64)
        return [(write(folder / str(i), [table]), table) for i, table in enumerate(tables)]


# ---- a table as it is made -------------------------------------------------------------------------------------------


def test_what_was_written_is_read(parts):
    for folder, table in parts:
        assert read_table(folder, NAME).equals(table)
        assert read_table(folder, NAME).schema == SCHEMAS[NAME]


@pytest.mark.parametrize("cut", [1, 7, 63, 64, 65, 150, 200])
def test_a_file_does_not_depend_on_how_its_rows_came(cut, parts, tmp_path):
    folder, table = parts[0]
    pieces = [table.slice(first, cut) for first in range(0, table.num_rows, cut)]
    again = write(tmp_path / "again", [table.slice(0, 0), *pieces])
    assert (again / f"{NAME}.parquet").read_bytes() == (folder / f"{NAME}.parquet").read_bytes()
    file = pq.ParquetFile(again / f"{NAME}.parquet")
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [64, 64, 64, 8]


def test_no_more_rows_wait_than_a_row_group_has(parts):
    class File:
        def write_table(self, table: pa.Table, row_group_size: int) -> None:
            assert table.num_rows == row_group_size
            sizes.append(table.num_rows)

    sizes: list[int] = []
    writer = Writer(File())
    for number in range(200):
        writer.write(parts[0][1].slice(number, 1))
        assert sum(sizes) == (number + 1) // 64 * 64
    writer.finish()
    assert sizes == [64, 64, 64, 8]


def test_a_table_without_rows_has_a_row_group_without_rows(parts):
    assert pq.ParquetFile(parts[1][0] / f"{NAME}.parquet").num_row_groups == 1
    assert pq.ParquetFile(parts[2][0] / f"{NAME}.parquet").num_row_groups == 1


def test_a_table_that_fails_halfway_leaves_nothing(parts, tmp_path):
    def fail() -> None:
        with writing(tmp_path, NAME) as writer:
            writer.write(parts[0][1])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_columns_that_say_little_take_little_room(tmp_path):
    table = rows(0, 2000)
    write(tmp_path / "out", [table])
    metadata = pq.read_metadata(tmp_path / "out" / f"{NAME}.parquet")
    sizes = dict.fromkeys(table.column_names, 0)
    for i in range(metadata.num_row_groups):
        for column in map(metadata.row_group(i).column, range(metadata.num_columns)):
            sizes[column.path_in_schema] += column.total_compressed_size
    per_group = {name: size / metadata.num_row_groups for name, size in sizes.items()}
    for name in ("replication", "sim", "period_end", "carried_bytes", "fee_micros"):
        assert per_group[name] < 64 * 8 / 2, name
    assert (
        64 * 40 / 8 < per_group["upload_bytes"] < 64 * 46 / 8
    )  # 40 bits of chance each, and no dictionary beside them


# ---- one after the other ---------------------------------------------------------------------------------------------


def test_parts_one_after_the_other_are_one_table(parts, tmp_path):
    write_whole(tmp_path, NAME, [folder for folder, _ in parts])
    expected = pa.concat_tables([table for _, table in parts])
    assert read_table(tmp_path, NAME).equals(expected)
    assert pq.read_table(tmp_path / f"{NAME}.parquet", filters=pc.field("sim") > 1500).num_rows == sum(
        pc.sum(pc.greater(table["sim"], 1500)).as_py() or 0 for _, table in parts
    )
    metadata = pq.read_metadata(tmp_path / f"{NAME}.parquet")
    assert metadata.num_rows == 265
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [64, 64, 64, 8, 0, 64, 1]


def test_one_part_is_the_table_to_the_byte(parts, tmp_path):
    write_whole(tmp_path, NAME, [parts[0][0]])
    assert (tmp_path / f"{NAME}.parquet").read_bytes() == (parts[0][0] / f"{NAME}.parquet").read_bytes()


def test_a_whole_of_wholes_is_the_whole_of_their_parts(parts, tmp_path):
    folders = [folder for folder, _ in parts]
    for name, of in (("left", folders[:2]), ("right", folders[2:]), ("all", folders)):
        (tmp_path / name).mkdir()
        write_whole(tmp_path / name, NAME, of)
    (tmp_path / "again").mkdir()
    write_whole(tmp_path / "again", NAME, [tmp_path / "left", tmp_path / "right"])
    assert (tmp_path / "again" / f"{NAME}.parquet").read_bytes() == (tmp_path / "all" / f"{NAME}.parquet").read_bytes()


def test_the_bytes_of_row_groups_are_copied_and_their_places_moved(parts, tmp_path):
    files = [folder / f"{NAME}.parquet" for folder, _ in parts]
    write_whole(tmp_path, NAME, [folder for folder, _ in parts])
    whole = (tmp_path / f"{NAME}.parquet").read_bytes()
    found = [(pages, whole[place : place + size]) for pages, place, size in chunks(tmp_path / f"{NAME}.parquet")]
    expected = [
        (pages, file.read_bytes()[place : place + size]) for file in files for pages, place, size in chunks(file)
    ]
    assert found == expected
    assert any(pages for pages, _ in found)  # names have a dictionary page
    assert not all(pages for pages, _ in found)


def chunks(file: Path) -> Iterator[tuple[bool, int, int]]:
    """Yield for each column chunk whether it has a dictionary page, where it begins, and how many bytes it has."""
    metadata = pq.read_metadata(file)
    for i in range(metadata.num_row_groups):
        for column in map(metadata.row_group(i).column, range(metadata.num_columns)):
            first = column.dictionary_page_offset if column.has_dictionary_page else column.data_page_offset
            yield column.has_dictionary_page, first, column.total_compressed_size


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 2**40), min_size=1, max_size=4))
def test_a_footer_that_is_moved_there_and_back_is_itself(moves):
    sink = pa.BufferOutputStream()
    pq.write_table(rows(0, 100), sink, row_group_size=30)
    data = sink.getvalue().to_pybytes()
    footer = data[-8 - int.from_bytes(data[-8:-4], "little") : -8]
    moved = footer
    for by in moves:
        moved = _moved(moved, by)
        assert moved != footer
    for by in moves:
        moved = _moved(moved, -by)
    assert moved == footer


def test_a_part_that_is_shorter_than_its_footer_says_is_an_error(parts, tmp_path, monkeypatch):
    monkeypatch.setattr("fleetsim.experiments.splice._footer", lambda file: (footer, 10**6))
    data = (parts[0][0] / f"{NAME}.parquet").read_bytes()
    footer = data[-8 - int.from_bytes(data[-8:-4], "little") : -8]
    with pytest.raises(OSError, match="is shorter than its footer says"), (tmp_path / "t").open("wb") as target:
        splice(target, [parts[0][0] / f"{NAME}.parquet"])


# ---- read part by part -----------------------------------------------------------------------------------------------


def test_a_replication_is_read_alone_and_of_it_only_what_is_asked_for(parts, tmp_path):
    write_whole(tmp_path, NAME, [folder for folder, _ in parts])
    with reading(tmp_path, NAME) as found:
        for i, (_, table) in enumerate(parts):
            assert found.replication(i).equals(table)
            assert found.replication(i, ["fleet", "used_bytes"]).equals(table.select(["fleet", "used_bytes"]))
            groups = list(found.row_groups(i))
            assert pa.concat_tables(groups).equals(table)
            assert max(group.num_rows for group in groups) <= 64
        found.check()


def test_damage_is_found_when_everything_is_read(parts, tmp_path):
    write_whole(tmp_path, NAME, [folder for folder, _ in parts])
    file = tmp_path / f"{NAME}.parquet"
    data = bytearray(file.read_bytes())
    data[40:240] = bytes(200)
    file.write_bytes(data)
    with reading(tmp_path, NAME) as found, pytest.raises((OSError, pa.ArrowException)):
        found.check()


def test_a_table_with_other_columns_is_refused(parts, tmp_path):
    pq.write_table(parts[0][1].drop_columns(["sim"]), tmp_path / f"{NAME}.parquet")
    with pytest.raises(pa.ArrowInvalid, match="other columns"):
        read_table(tmp_path, NAME)
