"""Quantiles of values that come piece by piece are those of all values together, exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetsim.experiments import exact_quantiles as module
from fleetsim.experiments.exact_quantiles import quantiles, quantiles_of
from fleetsim.inference.quantiles import quantile

SHARES = [0.001, 0.5, 0.95, 0.99, 1.0]
pieces = st.lists(st.lists(st.integers(0, 2**61) | st.integers(0, 3) | st.integers(10**6, 10**6 + 1500), max_size=40))


@given(pieces.filter(any))
def test_each_is_the_smallest_value_that_its_share_does_not_exceed(values):
    whole = np.concatenate([np.array(piece, np.int64) for piece in values])
    found = quantiles(lambda: [np.array(piece, np.int64) for piece in values], SHARES)
    ordered = sorted(whole.tolist())
    assert found == [
        next(v for v in ordered if sum(w <= v for w in ordered) >= q * len(ordered) - 1e-9) for q in SHARES
    ]
    assert found == quantiles_of(whole, SHARES)


def test_of_many_values_and_many_equal_ones_it_is_the_same(monkeypatch):
    chance = np.random.default_rng(1)
    for values in (
        chance.integers(0, 10**7, 20_000),
        np.where(chance.random(20_000) < 0.97, 0, chance.integers(0, 10**7, 20_000)),
        np.full(20_000, 4_400_003),
    ):
        by_cells = quantiles_of(values, SHARES)
        assert by_cells == [quantile(values, q) for q in SHARES]
        with monkeypatch.context() as patch:
            patch.setattr(module, "_FEW", values.size)
            assert quantiles_of(values, SHARES) == by_cells


@pytest.mark.parametrize("values", [[], [np.zeros(0, np.int64)]])
def test_of_nothing_there_is_none(values):
    assert quantiles(lambda: values, SHARES) is None
