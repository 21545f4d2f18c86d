from __future__ import annotations

import io

import pandas as pd
import pytest
from report_fixture import FakeResult, fake
from rich.console import Console

from fleetsim.report.answer import answer
from fleetsim.report.terminal import print_answer


def printed(result: FakeResult, *, terminal: bool = False) -> list[str]:
    file = io.StringIO()
    print_answer(result, Console(file=file, width=80, force_terminal=terminal, no_color=True))
    return file.getvalue().splitlines()


def test_the_answer_comes_first_one_sentence_a_line_where_it_is_no_terminal() -> None:
    result = fake(replications=3)
    sentences = list(answer(result).sentences)
    assert printed(result)[: len(sentences)] == sentences


def test_a_terminal_gets_no_line_wider_than_itself() -> None:
    lines = printed(fake(fleets={"a" * 40: 5_000_000, "b": 3_000_000}, replications=2), terminal=True)
    assert max(map(len, lines)) <= 80


def test_the_table_fits_80_columns_and_has_four_columns_a_block() -> None:
    result = fake(fleets={f"fleet-{i}": 5_000_000 for i in range(3)}, replications=2)
    lines = printed(result)[len(answer(result).sentences) :]
    assert max(map(len, lines)) <= 80
    assert [len(line.split()) - 1 for line in lines if line.startswith("Fleet")] == [4, 3]  # 6 and the total


def test_names_are_shown_as_written_and_never_obeyed() -> None:
    names = ["[red]x", "[/]", ":smile:", "<script>", "a\x1b[31mb"]
    text = "\n".join(printed(fake(fleets=dict.fromkeys(names, 5_000_000), normal=50, faulty=5, replications=1)))
    for shown in ("[red]x", "[/]", ":smile:", "<script>", "a\\x1b[31mb"):
        assert shown in text
    assert "\x1b" not in text


def test_names_of_wide_characters_take_no_room_from_the_figures() -> None:
    wide = fake(fleets={"Zähler-智能电表一号": 5_000_000, "b": 5_000_000}, replications=2)
    narrow = fake(fleets={"a": 5_000_000, "b": 5_000_000}, replications=2)
    cost = [next(line for line in printed(result) if line.startswith("cost")) for result in (wide, narrow)]
    assert cost[0].split() == cost[1].split()
    assert any("Zähler-智.. " in line for line in printed(wide))  # eleven columns: cut before the half of a character


def test_each_cell_is_the_mean_over_replications() -> None:
    result = fake(replications=4)
    faulty = result.replications[result.replications["role"] == "faulty"]
    line = next(line for line in printed(result) if line.startswith("overage, MB"))
    assert line.split()[3] == f"{faulty['overage_bytes'].sum() / 4 / 1e6:,.0f}"
    line = next(line for line in printed(result) if line.startswith("  of it overage"))
    assert line.split()[4] == f"{faulty['overage_cost_micros'].sum() / 4 / 1e6:,.2f}"


@pytest.mark.parametrize("absent", ["blocked", "overage", "metering", "undelivered"])
def test_a_line_of_zeros_is_left_out(absent: str) -> None:
    result = fake(overage=False, replications=2)
    table = printed(result)[len(answer(result).sentences) :]
    assert not [line for line in table if absent in line]
    # and is there where it is not nothing
    assert [line for line in printed(fake(replications=2)) if absent in line]


def split(result: FakeResult, groups: int) -> list[str]:
    """Print the table of a result whose normal devices are cut into so many groups."""
    frame = result.replications
    normal = frame[frame["role"] == "normal"]
    parts = []
    for n in range(groups):
        part = normal.assign(device_group=f"g{n}", sim_periods=normal["sim_periods"] * (n + 1))
        parts.append(part)
    result.replications = pd.concat([*parts, frame[frame["role"] == "faulty"]], ignore_index=True)
    return printed(result)[len(answer(result).sentences) :]


def test_each_device_group_has_a_column() -> None:
    lines = split(fake(replications=2, normal=100), 2)
    head = [line.split() for line in lines if line.startswith(("Group", "Role", "SIM-periods"))]
    assert head == [
        ["Group", "g0", "g1", "stuck"],
        ["Role", "normal", "normal", "faulty"],
        ["SIM-periods", "100", "200", "20", "320"],
    ]


def test_many_device_groups_are_taken_together_by_role() -> None:
    lines = split(fake(replications=2, normal=100), 9)
    assert not [line for line in lines if line.startswith("Group")]
    assert [line.split() for line in lines if line.startswith(("Role", "SIM-periods"))] == [
        ["Role", "normal", "faulty"],
        ["SIM-periods", "4,500", "20", "4,520"],
    ]
