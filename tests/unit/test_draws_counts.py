"""Poisson counts: thresholds against scipy, redrawing, steps of a day."""

from __future__ import annotations

import hashlib
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from fleetsim.draws.counts import counts_from_words, draw_counts, poisson_table, steps_per_day


@pytest.mark.parametrize("mean", [1e-12, 0.001, 0.5, 1.0, 6.0, 24.0, 288.0, 1000.7, 1024.0])
def test_thresholds_are_the_distribution_function_on_the_grid(mean: float) -> None:
    table = poisson_table(mean)
    theory = stats.poisson(mean).cdf(np.arange(table.size)) * 2.0**32
    assert np.max(np.abs(table.astype(np.float64) - theory)) <= 0.51
    assert int(table[-1]) == 2**32


def test_the_same_measure_tells_a_neighbouring_mean_apart() -> None:
    table = poisson_table(24.0)
    theory = stats.poisson(24.0 + 1e-8).cdf(np.arange(table.size)) * 2.0**32
    assert np.max(np.abs(table.astype(np.float64) - theory)) > 0.6


def test_a_word_counts_the_thresholds_it_has_reached() -> None:
    first = int(poisson_table(1.0)[0])
    assert first == 1580030169  # 2^32 / e = 1580030168.7
    assert counts_from_words(1.0, np.array([0, first - 1, first], np.uint32)).tolist() == [0, 0, 1]


def test_a_mean_of_zero_counts_nothing() -> None:
    assert not draw_counts(0.0, 1, np.arange(5), 0, 9).any()


def test_every_part_of_the_counts_can_be_drawn_by_itself() -> None:
    whole = draw_counts(24.0, 5, np.arange(20), 2, 90)
    assert whole.shape == (20, 90)
    assert whole.dtype == np.int64
    assert np.array_equal(draw_counts(24.0, 5, [17, 2], 2, 30, first=60), whole[[17, 2], 60:])
    assert draw_counts(24.0, 5, np.arange(20), 2, 0).shape == (20, 0)


def test_counts_are_the_same_for_ever() -> None:
    drawn = [draw_counts(m, 2026, np.arange(100), 1, 31) for m in (0.3, 24.0, 1024.0)]
    assert hashlib.sha256(np.stack(drawn).astype("<i8").tobytes()).hexdigest()[:16] == FROZEN


@pytest.mark.parametrize(
    ("rate", "steps"),
    [
        (Fraction(1, 30), 1), (Fraction(1024), 1), (Fraction(1024) + Fraction(1, 10**9), 2), (Fraction(86_400), 90),
        (Fraction(7168), 8), (Fraction(1024 * 86_400_000), 86_400_000),
    ],
)  # fmt: skip
def test_a_day_has_as_few_steps_as_the_tables_allow(rate: Fraction, steps: int) -> None:
    assert steps_per_day(rate) == steps  # 86,400 / 1024 = 84.4: the next divisor of a day in ms is 90


@pytest.mark.parametrize("mean", [-1.0, 1024.5, float("nan")])
def test_means_without_a_table_are_refused(mean: float) -> None:
    with pytest.raises(ValueError, match="mean"):
        poisson_table(mean)
    with pytest.raises(ValueError, match="rate"):
        steps_per_day(Fraction(1024 * 86_400_000 + 1))


FROZEN = "0943c41a00ca61d4"
