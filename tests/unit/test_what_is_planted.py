"""The mistakes that are planted to try these tests can be planted: what they change stands in the engine, once."""

from __future__ import annotations

import pytest

from tests.parity.planted import MISTAKES, ROOT


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_can_be_planted(name):
    mistake = MISTAKES[name]
    text = (ROOT / "fleetsim" / "engines" / "compiled" / f"{mistake.module}.py").read_text(encoding="utf-8")
    assert text.count(mistake.right) == 1
    assert mistake.wrong != mistake.right
