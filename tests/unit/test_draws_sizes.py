"""Size tables: exact against theory by counting words, the formulas a compiled engine uses, redrawing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest

from fleetsim.draws.laws import (
    MAX_SIZE_BYTES,
    Constant,
    Exponential,
    Gamma,
    Law,
    LogNormal,
    Pareto,
    Uniform,
)
from fleetsim.draws.philox import words, words64
from fleetsim.draws.sizes import BOX_BITS, SizeTable, draw_sizes, size_table
from tests.draws_theory import GRID, theory_cdf


def sizes_to_look_at(table: SizeTable) -> np.ndarray:
    """Ends and middles of cells, ends of boxes, and many sizes between."""
    rng = np.random.default_rng(1)
    bounds = table.starts >> (table.shift - BOX_BITS)
    low, last = table.lower, table.lower + table.width - 1
    some = [low, last, (low + last) // 2, bounds, bounds - 1, np.exp(rng.uniform(0, 27.7, 5000)).astype(np.int64),
            rng.integers(0, int(last[-1]) + 2, 5000)]  # fmt: skip
    sizes = np.unique(np.concatenate(some))
    return sizes[(sizes >= 0) & (sizes < MAX_SIZE_BYTES)]


@pytest.mark.parametrize("law", GRID, ids=str)
def test_the_distribution_drawn_is_the_law_to_two_parts_in_a_billion(law: Law) -> None:
    table = size_table(law)
    sizes = sizes_to_look_at(table)
    error = table.probability_up_to(sizes) - theory_cdf(law)(sizes + 0.5)
    assert np.max(np.abs(error)) < 2.0**-29
    assert table.probability_up_to(np.array([MAX_SIZE_BYTES])).tolist() == [1.0]


def test_a_neighbouring_law_is_told_apart_by_the_same_measure() -> None:
    table = size_table(LogNormal(4000, 1.0))
    sizes = sizes_to_look_at(table)
    error = table.probability_up_to(sizes) - theory_cdf(LogNormal(4000, 1.00000002))(sizes + 0.5)
    assert np.max(np.abs(error)) > 2.0**-29


def test_small_sizes_have_the_probabilities_of_the_rounded_law() -> None:
    table = size_table(Uniform(5, 9))  # by hand: the end points get 1/8, the others 1/4
    assert table.probability_up_to(np.arange(4, 10)) == pytest.approx([0, 1 / 8, 3 / 8, 5 / 8, 7 / 8, 1], abs=2**-32)
    table = size_table(Exponential(1))  # by hand: size 0 is a value below 1/2
    assert table.probability_up_to(np.array([0])) == pytest.approx([0.3934693402873666], abs=2**-32)


def one_size(table: SizeTable, u: int, value: int) -> int:
    """The documented scheme in Python integers, the guide table included."""
    if u < table.threshold:
        j = u >> 20
        return (int(table.base[j]) + int(table.slope[j]) * u) % 2**64 >> table.shift
    r = u - table.threshold
    k, end = (int(table.guide[(r >> table.guide_shift) + i]) for i in (0, 1))
    while k < end:
        middle = (k + end) // 2
        k, end = (middle + 1, end) if int(table.cum[middle]) <= r else (k, middle)
    return int(table.lower[k]) + (value * int(table.width[k]) >> 64)


@pytest.mark.parametrize("law", [LogNormal(4000, 1.0), Gamma(10**9, 0.1), Pareto(20, 0.1), Uniform(0, 1)], ids=str)
def test_draws_are_the_documented_scheme_word_for_word(law: Law) -> None:
    n = 40_000
    drawn, u = draw_sizes(law, 11, 12, 5, 3, n), words(11, 5, 0, 3, n).tolist()
    values = words64(12, 5, 0, 3, n).tolist()
    table = size_table(law)
    assert max(u) >= table.threshold  # the residual is exercised
    assert drawn.tolist() == [one_size(table, a, b) for a, b in zip(u, values, strict=True)]


@pytest.mark.parametrize("law", GRID, ids=str)
def test_the_outermost_words_of_boxes_and_cells_are_drawn_within_the_law(law: Law) -> None:
    table = size_table(law)
    boxes = np.arange(0, table.threshold, 1 << BOX_BITS)
    cells = table.threshold + np.concatenate([[0], table.cum[:-1], table.cum[-1:] - np.uint64(1)]).astype(np.int64)
    picked = [*boxes[::16], *(boxes[::16] + (1 << BOX_BITS) - 1), *cells[:: cells.size // 200 + 1], cells[-1]]
    sizes = np.array([one_size(table, int(u), value) for u in picked for value in (0, 2**64 - 1)])
    cdf = theory_cdf(law)
    assert sizes.min() >= 0
    assert sizes.max() <= MAX_SIZE_BYTES
    assert np.all(cdf(sizes + 0.5) > 0.0)
    assert np.all(cdf(sizes - 0.5) < 1.0)


def test_boxes_carry_nearly_all_words_of_ordinary_laws() -> None:
    for law in (LogNormal(4000, 1.0), Exponential(2000), Gamma(10**6, 3.0), Uniform(20, 200), Pareto(20, 2.5)):
        assert 1.0 - size_table(law).threshold / 2.0**32 < 0.005


def test_every_part_of_the_sizes_can_be_drawn_by_itself() -> None:
    law, sim, count = Pareto(10**6, 0.1), np.array([3, 8, 1]), np.array([90, 0, 200])
    whole = draw_sizes(law, 1, 2, sim, 0, count)
    for cut in (np.array([0, 0, 31]), np.array([64, 0, 65]), np.array([90, 0, 199])):
        head, tail = draw_sizes(law, 1, 2, sim, 0, cut), draw_sizes(law, 1, 2, sim, 0, count - cut, cut)
        a, b = cut[0], 90 - cut[0]
        assert np.array_equal(np.concatenate([head[:a], tail[:b], head[a:], tail[b:]]), whole)


def test_one_sims_sizes_do_not_depend_on_which_others_are_drawn() -> None:
    law = LogNormal(10**9, 3.0)
    together = draw_sizes(law, 1, 2, np.arange(50), 0, 300).reshape(50, 300)
    assert np.array_equal(draw_sizes(law, 1, 2, [41, 3], 0, 300), together[[41, 3]].reshape(-1))


def test_a_constant_takes_no_words_and_is_itself() -> None:
    assert draw_sizes(Constant(1500), 1, 2, [0, 1], 0, [3, 2]).tolist() == [1500] * 5
    assert size_table(Constant(1500)).probability_up_to(np.array([1499, 1500])).tolist() == [0.0, 1.0]


def test_mass_beyond_the_largest_size_is_the_largest_size() -> None:
    law = Pareto(2**39, 0.1)  # P(X > 2^40) = 2^-0.1
    share = np.mean(draw_sizes(law, 1, 2, 0, 0, 20_000) == MAX_SIZE_BYTES)
    assert share == pytest.approx(2**-0.1, abs=4 * 0.0018)


FROZEN = {
    LogNormal(4000, 1.0): "ca436171559af1e6",
    Exponential(10**6): "84f76577d7b58aa0",
    Gamma(800, 0.5): "c2412cfa14fd7969",
    Pareto(20, 2.5, 200): "99981c175af3a133",
    Uniform(0, 10**9): "2ae4589a332ecbba",
}


@pytest.mark.parametrize("law", FROZEN, ids=str)
def test_sizes_are_the_same_for_ever(law: Law) -> None:
    table = size_table(law)
    digest = hashlib.sha256(draw_sizes(law, 2026, 2027, np.arange(40), 1, 5000).astype("<i8").tobytes())
    for array in (table.base, table.slope, table.cum, table.lower, table.width, table.guide):
        digest.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
    assert digest.hexdigest()[:16] == FROZEN[law]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Constant(-1), lambda: Constant(2**40), lambda: Uniform(3, 2), lambda: Exponential(0),
        lambda: Gamma(100, 0.0), lambda: Gamma(100, float("nan")), lambda: LogNormal(None, 1.0),
        lambda: LogNormal(5, 1.0, 5), lambda: LogNormal(5, 0.0), lambda: Pareto(0, 1.0), lambda: Pareto(5, 1.0, 5),
        lambda: Constant(1.5), lambda: Constant(True),
    ],
)  # fmt: skip
def test_laws_that_make_no_sense_are_refused(make: Callable[[], Law]) -> None:
    with pytest.raises(ValueError, match=r"must|takes"):
        make()


def test_equal_laws_share_their_table() -> None:
    assert size_table(Gamma(900, 2)) is size_table(Gamma(900, 2.0))
