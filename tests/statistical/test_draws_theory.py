"""What is drawn against theory: fixed seeds, bounds from the standard error, and negative controls."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy import stats

from fleetsim.draws.counts import draw_counts
from fleetsim.draws.laws import Empirical, Exponential, Gamma, Law, LogNormal, Pareto, Uniform
from fleetsim.draws.philox import Purpose, stream_key, uniform_below, words, words64
from fleetsim.draws.sizes import draw_sizes
from tests.draws_theory import theory_cdf

SIMS, EACH = 200, 2000
LEVEL = 1e-4
LAWS: list[tuple[Law, Law]] = [  # a law and a neighbour of it
    (LogNormal(4000, 1.0), LogNormal(4000, 1.01)),
    (LogNormal(10**6, 0.5), LogNormal(1_010_000, 0.5)),
    (LogNormal.from_mean(800, 0.5), LogNormal.from_mean(808, 0.5)),
    (Exponential(2000), Exponential(2040)),
    (Gamma(5000, 0.5), Gamma(5000, 0.51)),
    (Gamma(10**7, 3.0), Gamma(10**7, 3.1)),
    (Pareto(1000, 2.5), Pareto(1000, 2.55)),
    (Pareto(20_000, 1.5, 200_000), Pareto(20_000, 1.53, 200_000)),
    (Uniform(100, 50_000), Uniform(100, 50_500)),
    (Uniform(0, 10**9), Uniform(0, 1_010_000_000)),
]


def sizes(law: Law) -> np.ndarray:
    up, rest = (stream_key(1, "f", "g", "i", p) for p in (Purpose.UPLOAD, Purpose.UPLOAD_RESIDUAL))
    return draw_sizes(law, up, rest, np.arange(SIMS), 0, EACH)


@pytest.mark.parametrize(("law", "neighbour"), LAWS, ids=[str(a) for a, _ in LAWS])
def test_sizes_follow_their_law_and_not_its_neighbour(law: Law, neighbour: Law) -> None:
    drawn = sizes(law)
    # About equal classes; their bounds come from another stream, so that they do not fit themselves.
    others = draw_sizes(law, 77, 78, 0, 0, 20_000)
    bounds = np.unique(np.quantile(others, np.arange(1, 25) / 25).astype(np.int64))
    observed = np.bincount(np.searchsorted(bounds, drawn, side="left"), minlength=bounds.size + 1)

    def p_value(cdf: Any) -> float:
        expected = np.diff(np.concatenate([[0.0], cdf(bounds + 0.5), [1.0]])) * drawn.size
        return float(stats.chisquare(observed, expected).pvalue)

    assert p_value(theory_cdf(law)) > LEVEL
    assert p_value(theory_cdf(neighbour)) < LEVEL / 100


@pytest.mark.parametrize("law", [law for law, _ in LAWS], ids=str)
def test_mean_and_variance_of_sizes_lie_within_four_standard_errors(law: Law) -> None:
    drawn = sizes(law).astype(np.float64)
    mean, variance = law.expectation(), law.variance()
    assert mean is not None
    assert variance is not None
    assert abs(drawn.mean() - mean) < 4.0 * np.sqrt(variance / drawn.size)
    if not (isinstance(law, Pareto) and law.maximum is None):  # else the fourth moment is infinite
        squares = (drawn - mean) ** 2
        # rounding to whole bytes adds 1/12
        assert abs(squares.mean() - variance - 1 / 12) < 4.0 * squares.std() / np.sqrt(drawn.size)


def test_values_of_a_list_come_as_often_as_their_weights_say_and_not_as_others_would() -> None:
    weights = np.array([2, 4, 0.5])
    law = Empirical((1000, 100, 20_000, 1000), tuple(map(Fraction, ("1", "4", "0.5", "1"))))
    drawn = sizes(law)
    values, observed = np.unique(drawn, return_counts=True)
    assert values.tolist() == [100, 1000, 20_000]
    for moved, agrees in ((0, True), (0.1, False)):
        expected = np.array([4 + moved, 2, 0.5])
        assert (stats.chisquare(observed, expected / expected.sum() * drawn.size).pvalue > LEVEL) == agrees
    mean = (weights @ [1000, 100, 20_000]) / 6.5
    variance = (weights @ (np.array([1000, 100, 20_000]) - mean) ** 2) / 6.5
    assert law.expectation() == pytest.approx(mean)
    assert law.variance() == pytest.approx(variance)
    assert abs(drawn.mean() - mean) < 4.0 * np.sqrt(variance / drawn.size)


def test_the_mean_tells_a_neighbour_apart() -> None:
    drawn = sizes(Exponential(2000)).astype(np.float64)
    assert abs(drawn.mean() - 2040) > 4.0 * 2040 / np.sqrt(drawn.size)


def test_words_are_uniform_and_a_bent_copy_is_not() -> None:
    u = words(9, np.arange(100), 0, 0, 10_000)
    assert stats.chisquare(np.bincount(u >> 24, minlength=256)).pvalue > LEVEL
    assert stats.chisquare(np.bincount(u & 255, minlength=256)).pvalue > LEVEL
    bent = np.where(u < 2**25, u + 2**25, u)  # one word in 128 moved a little
    assert stats.chisquare(np.bincount(bent >> 24, minlength=256)).pvalue < LEVEL / 100


def test_uniform_times_are_uniform_over_the_day() -> None:
    ms = uniform_below(words64(9, np.arange(100), 4, 0, 2000), 86_400_000)
    assert stats.kstest(ms / 86_400_000, "uniform").pvalue > LEVEL
    assert stats.kstest(ms / 86_400_000 * 0.99, "uniform").pvalue < LEVEL / 100


def test_streams_next_to_each_other_are_uncorrelated() -> None:
    u = words(9, np.arange(400), 0, 0, 1000).reshape(400, 1000) / 2.0**32 - 0.5
    n, bound = 399 * 1000, 4.0
    for a, b in (
        (u[1:], u[:-1]),
        (u[:, 1:], u[:, :-1]),
        (u[:399], words(9, np.arange(399), 1, 0, 1000).reshape(399, 1000) / 2.0**32 - 0.5),
    ):
        assert abs(12 * np.mean(a * b)) * np.sqrt(n) < bound
    assert abs(12 * np.mean(u[1:] * (u[:-1] + 0.01 * u[1:]))) * np.sqrt(n) > bound


@pytest.mark.parametrize(("mean", "other"), [(0.2, 0.21), (6.0, 6.06), (24.0, 24.1), (288.0, 288.4), (1024.0, 1024.8)])
def test_counts_are_poisson_and_not_of_a_neighbouring_mean(mean: float, other: float) -> None:
    drawn = draw_counts(mean, stream_key(1, "f", "g", "i", Purpose.COUNT), np.arange(2000), 0, 30)
    n = drawn.size
    assert abs(drawn.mean() - mean) < 4.0 * np.sqrt(mean / n)
    assert abs(drawn.mean() - other) > 4.0 * np.sqrt(other / n)
    # Var of a sample variance: (mu4 - sigma^4) / n with mu4 = mean + 3 mean^2.
    assert abs(drawn.var(ddof=1) - mean) < 4.0 * np.sqrt((mean + 2 * mean**2) / n)
    bounds = np.unique(stats.poisson(mean).ppf(np.arange(1, 40) / 40)).astype(np.int64)
    expected = np.diff(np.concatenate([[0.0], stats.poisson(mean).cdf(bounds), [1.0]])) * n
    observed = np.bincount(np.searchsorted(bounds, drawn.reshape(-1), side="left"), minlength=bounds.size + 1)
    assert stats.chisquare(observed, expected).pvalue > LEVEL


def test_counts_of_a_day_say_nothing_about_the_next() -> None:
    drawn = draw_counts(24.0, 3, np.arange(3000), 0, 30) - 24.0
    n = 3000 * 29
    assert abs(np.mean(drawn[:, 1:] * drawn[:, :-1]) / 24.0) * np.sqrt(n) < 4.0
    # Poisson counts add: the variance of a month's sum is 30 * 24, which dependent days would miss.
    total = drawn.sum(axis=1)
    assert abs(total.var() - 720.0) < 4.0 * 720.0 * np.sqrt(2 / 3000)
    assert abs((total + 0.25 * total).var() - 720.0) > 4.0 * 720.0 * np.sqrt(2 / 3000)
