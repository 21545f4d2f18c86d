"""The pages of reference are made from the program, and have all of it."""

from __future__ import annotations

import re

import pytest

from docs import make_reference
from docs.making import command_line, tables
from tests.docs.pages import DOCS, ROOT
from tests.support import parts_of_a_scenario


@pytest.mark.parametrize("page", make_reference.pages(), ids=lambda page: page.name)
def test_a_page_that_is_made_is_up_to_date(page):
    assert page.read_text(encoding="utf-8") == make_reference.pages()[page], "run: make docs"


def test_the_keys_have_a_section_for_every_part_of_a_scenario():
    assert {model for _, model, _ in make_reference.SECTIONS} == set(parts_of_a_scenario())


def test_the_keys_are_all_there():
    sections = make_reference.page().split("\n## ")
    for heading, model, _ in make_reference.SECTIONS:
        (section,) = (text for text in sections if text.startswith(f"{heading}\n"))
        shown = set(re.findall(r"^\| `(\w+)` ", section, re.M)) | set(re.findall(r"Chosen by `(\w+):", section))
        assert set(model.public_keys()) <= shown


def test_every_command_and_option_is_on_the_page_of_the_command_line():
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    for name, verb in command_line.verbs().items():
        section = page.split(f"\n## {name}\n")[1].split("\n## ")[0]
        options = {option for action in verb._actions for option in action.option_strings} - {"-h", "--help"}
        assert options == set(re.findall(r"^\| `(--[\w-]+)", section, re.M))


@pytest.mark.parametrize("table", tables.meanings())
def test_every_column_has_a_meaning_and_no_meaning_is_left_over(table):
    columns, own = tables.meanings()[table]
    assert all(tables.meaning(table, column) for column in columns)
    assert set(own) <= set(columns)


def test_meanings_for_all_tables_are_of_columns_that_exist():
    assert set(tables.EVERYWHERE) <= {name for columns, _ in tables.meanings().values() for name in columns}


def test_every_public_name_of_the_package_is_on_the_page_of_python():
    import fleetsim

    page = (DOCS / "api.md").read_text(encoding="utf-8")
    documented = {name.rsplit(".", 1)[1] for name in re.findall(r"^::: (\S+)$", page, re.M)}
    assert set(fleetsim.__all__) - {"__version__"} <= documented


def test_every_term_of_the_glossary_comes_in_the_order_of_the_alphabet():
    page = (DOCS / "glossary.md").read_text(encoding="utf-8")
    terms = re.findall(r"^### (.*)$", page, re.M)
    assert len(terms) > 30
    assert terms == sorted(terms, key=str.lower)


def test_every_test_that_the_page_of_verification_names_exists():
    page = (DOCS / "verification.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page)
    assert len({test for _, test in named if test}) > 40
    missing = [
        f"{path}::{test}"
        for path, test in named
        if test and not re.search(rf"^def {test}\(", (ROOT / path).read_text(encoding="utf-8"), re.M)
    ]
    assert missing == []
