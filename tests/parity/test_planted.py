"""The parity tests can fail: each mistake that is planted in a copy of the compiled engine is caught."""

from __future__ import annotations

import pytest

from tests.parity.planted import MISTAKES, failing

pytestmark = [pytest.mark.verify, pytest.mark.timeout(0)]


def test_nothing_fails_where_nothing_is_planted():
    assert failing(None) == []


@pytest.mark.parametrize("name", MISTAKES)
def test_a_planted_mistake_is_caught(name: str) -> None:
    assert failing(MISTAKES[name], "-x")
