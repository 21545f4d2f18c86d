"""The beta law over a span: its distribution function, and what the tables make of it."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
from scipy import special

from fleetsim.draws.beta import MAX_SPAN, Beta, beta_cdf
from fleetsim.draws.sizes import draw_sizes, size_table

SHAPES = (0.1, 0.37, 1.0, 1.5, 2.5, 3.0, 4.0, 33.3, 100.0)
HOUR = 3_600_000


def both_ends() -> tuple[np.ndarray, np.ndarray]:
    """Numbers from 0 to 1 and what is left of them, each exact near its own end."""
    small = np.exp(-np.linspace(0.7, 40.0, 2000))
    x = np.concatenate([[0.0], small, np.linspace(0.0, 1.0, 4001), 1.0 - small, [1.0]])
    y = np.concatenate([[1.0], 1.0 - small, 1.0 - np.linspace(0.0, 1.0, 4001), small, [0.0]])
    return x, y


@pytest.mark.parametrize("alpha", SHAPES)
@pytest.mark.parametrize("beta", SHAPES)
def test_the_distribution_function_agrees_with_scipy_also_near_both_ends(alpha, beta):
    x, y = both_ends()
    theory = np.where(x < 0.5, special.betainc(alpha, beta, x), 1.0 - special.betainc(beta, alpha, y))
    assert np.max(np.abs(beta_cdf(x, y, alpha, beta) - theory)) < 5e-14


def test_the_distribution_function_has_the_values_worked_out_by_hand():
    x = np.array([0.0, 0.25, 0.5, 1.0])
    # beta(1, 1): x. beta(2, 1): x^2. beta(3, 4): sum over k >= 3 of C(6, k) x^k (1 - x)^(6 - k); at 1/2 it is 42 / 64.
    assert beta_cdf(x, 1 - x, 1.0, 1.0) == pytest.approx(x, abs=1e-15)
    assert beta_cdf(x, 1 - x, 2.0, 1.0) == pytest.approx(x**2, abs=1e-15)
    assert beta_cdf(x, 1 - x, 3.0, 4.0)[2] == pytest.approx(42 / 64, abs=1e-15)
    at_a_quarter = sum(math.comb(6, k) * 3 ** (6 - k) for k in range(3, 7)) / 4**6
    assert beta_cdf(x, 1 - x, 3.0, 4.0)[1] == pytest.approx(at_a_quarter, abs=1e-15)
    assert beta_cdf(x, 1 - x, 0.5, 0.5) == pytest.approx(np.arcsin(np.sqrt(x)) * 2 / math.pi, abs=1e-15)


def test_a_value_of_the_distribution_function_does_not_depend_on_its_neighbours():
    x = np.linspace(0.0, 1.0, 9001)
    alone = np.concatenate([beta_cdf(x[i : i + 7], 1.0 - x[i : i + 7], 3.7, 0.6) for i in range(0, x.size, 7)])
    assert np.array_equal(alone, beta_cdf(x, 1.0 - x, 3.7, 0.6))


def distance(law: Beta, alpha: float, beta: float) -> float:
    """Largest difference between what the law's table draws and a beta law, over many of the whole numbers."""
    table, rng = size_table(law), np.random.default_rng(1)
    last = table.lower + table.width - 1
    wide = np.exp(rng.uniform(0, math.log(law.maximum), 3000)).astype(np.int64)
    at = np.concatenate([table.lower, (table.lower + last) // 2, wide, law.maximum - wide])
    at = np.unique(at[(at >= 0) & (at < law.maximum)])
    x, y = (at + 0.5) / law.maximum, (law.maximum - at - 0.5) / law.maximum
    theory = np.where(x < 0.5, special.betainc(alpha, beta, x), 1.0 - special.betainc(beta, alpha, y))
    return float(np.max(np.abs(table.probability_up_to(at) - theory)))


@pytest.mark.parametrize("span", [5, 4 * HOUR, MAX_SPAN])
@pytest.mark.parametrize(
    ("alpha", "beta", "bound"),
    [
        (3.0, 4.0, 2**-29),
        (100.0, 7.0, 2**-29),
        (0.1, 2.0, 2**-29),
        (1.0, 1.0, 2**-24),
        (0.5, 0.5, 2**-24),
        (0.1, 0.1, 2**-24),
        (30.0, 1.9, 2**-24),
    ],
)
def test_what_is_drawn_is_the_law(alpha, beta, bound, span):
    law = Beta(alpha, beta, span)
    assert distance(law, alpha, beta) < bound
    assert size_table(law).probability_up_to(np.array([-1, span])).tolist() == [0.0, 1.0]


def test_a_neighbouring_law_is_told_apart_by_the_same_measure():
    assert distance(Beta(3.0, 4.0, 4 * HOUR), 3.0, 4.0000001) > 2**-29


def test_drawn_numbers_lie_on_the_span_with_both_its_ends():
    drawn = draw_sizes(Beta(1.0, 1.0, 4), 1, 2, np.arange(10_000), 0, 1)
    # rounded: the ends have half the mass of what is between
    assert np.bincount(drawn, minlength=5) / 10_000 == pytest.approx([1 / 8, 1 / 4, 1 / 4, 1 / 4, 1 / 8], abs=0.018)
    assert set(drawn.tolist()) == {0, 1, 2, 3, 4}


def test_beta_times_are_the_same_for_ever():
    drawn = draw_sizes(Beta(3.0, 4.0, 4 * HOUR), 2026, 2027, np.arange(100_000), 1, 1)
    assert hashlib.sha256(drawn.astype("<i8").tobytes()).hexdigest()[:16] == "6ffac8a84fa53c51"


@pytest.mark.parametrize(
    ("alpha", "beta", "span"),
    [(0.09, 1, 5), (1, 0.09, 5), (101, 1, 5), (1, float("nan"), 5), (1, 1, 0), (1, 1, MAX_SPAN + 1)],
)
def test_laws_that_make_no_sense_are_refused(alpha, beta, span):
    with pytest.raises(ValueError, match="must be from"):
        Beta(alpha, beta, span)
