"""Sizes from a list of values: exactly those, with the probabilities that their weights say."""

from __future__ import annotations

import hashlib
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetsim.draws.laws import MAX_SIZE_BYTES, MAX_VALUES, Empirical
from fleetsim.draws.sizes import draw_sizes, size_table


def empirical(*pairs: tuple[int, str]) -> Empirical:
    return Empirical(tuple(value for value, _ in pairs), tuple(Fraction(weight) for _, weight in pairs))


def test_a_law_of_three_values_has_the_moments_worked_out_by_hand():
    # 100 B three times in four, else 1 kB: 325; 0.75 * 225^2 + 0.25 * 675^2 = 151,875
    law = empirical((100, "3"), (1000, "1"))
    assert (law.expectation(), law.variance()) == (325.0, 151_875.0)
    assert law.cdf(np.array([99.5, 100.5, 999.5, 1000.5])).tolist() == [0.0, 0.75, 0.75, 1.0]


def test_order_and_repetition_of_values_change_nothing_that_is_drawn():
    split = empirical((1000, "1"), (100, "1.5"), (7, "0"), (100, "1.5"))
    drawn = draw_sizes(split, 1, 2, np.arange(10), 0, 1000)
    assert np.array_equal(drawn, draw_sizes(empirical((100, "3"), (1000, "1")), 1, 2, np.arange(10), 0, 1000))
    assert np.unique(drawn).tolist() == [100, 1000]


@given(
    st.lists(
        st.tuples(
            st.one_of(st.integers(0, 20), st.integers(0, MAX_SIZE_BYTES), st.integers(2**13 - 3, 2**13 + 3)),
            st.one_of(st.sampled_from([0, 1, 2**33]), st.integers(0, 10**9)),
        ),
        min_size=1,
        max_size=30,
    ).filter(lambda pairs: any(weight for _, weight in pairs))
)
@settings(max_examples=100)
def test_every_word_gives_one_of_the_values_and_their_probabilities_are_exact_to_the_grid(pairs):
    law = Empirical(tuple(value for value, _ in pairs), tuple(Fraction(weight) for _, weight in pairs))
    table = size_table(law)
    total = sum(weight for _, weight in pairs)
    around = np.unique([value + step for value, _ in pairs for step in (-1, 0, 1) if value + step >= 0])
    for size, found in zip(around.tolist(), table.probability_up_to(around).tolist(), strict=True):
        exact = Fraction(sum(weight for value, weight in pairs if value <= size), total)
        assert abs(Fraction(found) - exact) <= Fraction(1, 2**33) + Fraction(1, 2**50)  # and what a float rounds
    # what lies between the values has no word at all
    before = table.probability_up_to(around - 1)
    between = ~np.isin(around, law.values)
    assert np.array_equal(table.probability_up_to(around)[between], before[between])


def test_the_same_words_with_a_weight_moved_are_told_apart():
    found = size_table(empirical((1, "1"), (2, "1"), (3, "1.000001"))).probability_up_to(np.array([2]))[0]
    assert abs(found - 2 / 3) > 2**-33


def test_a_long_list_is_drawn_whole_and_nothing_else():
    rng = np.random.default_rng(1)
    values = np.unique(rng.integers(0, 2**40, MAX_VALUES))
    law = Empirical(tuple(values.tolist()), (Fraction(1),) * values.size)
    drawn = draw_sizes(law, 1, 2, np.arange(100), 0, 2000)
    assert np.isin(drawn, values).all()
    # 200,000 of about 10,000: each is missed with probability e^-20
    assert np.unique(drawn).size == values.size


def test_a_law_that_travelled_finds_its_table():
    law = empirical((100, "3"), (1000, "1"))
    table = size_table(law)
    assert size_table(pickle.loads(pickle.dumps(law))) is table


def test_empirical_sizes_are_the_same_for_ever():
    law = empirical((100, "3"), (1000, "1"), (10**9, "0.001"))
    table = size_table(law)
    digest = hashlib.sha256(draw_sizes(law, 2026, 2027, np.arange(40), 1, 5000).astype("<i8").tobytes())
    for array in (table.base, table.slope, table.cum, table.lower, table.width, table.guide):
        digest.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
    assert digest.hexdigest()[:16] == "43c0d8bdbf4f6303"


@pytest.mark.parametrize(
    ("values", "weights"),
    [
        ((), ()),
        ((1, 2), (Fraction(1),)),
        ((1, 2), (Fraction(0), Fraction(0))),
        ((1, 2), (Fraction(2), Fraction(-1))),
        ((-1,), (Fraction(1),)),
        ((2**40,), (Fraction(1),)),
        ((1,) * (MAX_VALUES + 1), (Fraction(1),) * (MAX_VALUES + 1)),
    ],
)
def test_lists_that_make_no_sense_are_refused(values, weights):
    with pytest.raises(ValueError, match="must"):
        Empirical(values, weights)
