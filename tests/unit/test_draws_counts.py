"""Poisson counts: thresholds against scipy, redrawing, steps of a day."""

from __future__ import annotations

import hashlib
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from fleetsim.draws.counts import (
    counts_by_recurrence,
    counts_from_words,
    draw_counts,
    draw_own_counts,
    draw_step_counts,
    poisson_table,
    steps_per_day,
)
from fleetsim.draws.philox import words


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


# ---- means of a step's own, and of a SIM's own ------------------------------------------------------------------------


def test_the_recurrence_counts_what_the_table_counts() -> None:
    u = np.concatenate([words(7, 0, 0, 0, 50_000), np.array([0, 1, 2**32 - 2, 2**32 - 1], np.uint32)])
    for mean in (0.0, 1e-12, 0.3, 1.0, 24.0, 63.7, 64.0):
        by_table = counts_from_words(mean, u)
        assert np.array_equal(counts_by_recurrence(np.full(u.shape, mean), u), by_table)
    assert not np.array_equal(counts_by_recurrence(np.full(u.shape, 64.0 - 1e-3), u), by_table)


def test_a_word_counts_the_terms_that_it_has_reached_in_the_recurrence_too() -> None:
    edge = 1580030169  # 2^32 / e = 1580030168.7
    u = np.array([0, edge - 1, edge], np.uint32)
    assert counts_by_recurrence(np.ones(3), u).tolist() == [0, 0, 1]


def test_the_recurrence_refuses_means_that_it_cannot_hold() -> None:
    for mean in (-1.0, 64.5, float("nan")):
        with pytest.raises(ValueError, match="from 0 to 64"):
            counts_by_recurrence(np.array([mean]), np.zeros(1, np.uint32))


def test_a_mean_up_to_64_takes_the_word_of_its_step_and_a_larger_one_a_word_for_each_part() -> None:
    means = np.array([[24.0, 64.0, 200.0, 0.0, 64.5]])
    drawn = draw_own_counts(means, 5, [3], 2)

    def part(j: int, step: int, mean: float) -> int:
        return int(counts_from_words(mean, words(5, 3, j, 2, 1, step))[0])

    by_hand = [part(0, 0, 24.0), part(0, 1, 64.0), sum(part(j, 2, 50.0) for j in range(4)), 0]
    assert drawn.tolist() == [[*by_hand, part(0, 4, 32.25) + part(1, 4, 32.25)]]
    assert np.array_equal(draw_own_counts(np.full((20, 90), 24.0), 5, np.arange(20), 2),
                          draw_counts(24.0, 5, np.arange(20), 2, 90))  # fmt: skip


def test_any_sim_and_step_with_a_mean_of_its_own_can_be_drawn_by_itself() -> None:
    means = np.arange(1, 121, dtype=np.float64).reshape(4, 30) * 7.3
    whole = draw_own_counts(means, 5, np.arange(4), 2)
    assert np.array_equal(draw_own_counts(means[[3, 1], 20:], 5, [3, 1], 2, first=20), whole[[3, 1], 20:])
    assert draw_own_counts(means[2:3, 7:8], 5, [2], 2, first=7).item() == whole[2, 7]
    assert draw_own_counts(np.empty((3, 0)), 5, np.arange(3), 2).shape == (3, 0)


def test_steps_that_share_a_mean_count_as_if_all_had_it() -> None:
    drawn = draw_step_counts([24.0, 0.0, 700.0, 24.0], 5, np.arange(50), 2)
    assert np.array_equal(drawn[:, [0, 3]], draw_counts(24.0, 5, np.arange(50), 2, 4)[:, [0, 3]])
    assert np.array_equal(drawn[:, 2], draw_counts(700.0, 5, np.arange(50), 2, 4)[:, 2])
    assert not drawn[:, 1].any()


@pytest.mark.parametrize("mean", [0.7, 64.0, 150.0, 3000.0])
def test_own_counts_follow_the_poisson_law_of_their_mean(mean: float) -> None:
    drawn = draw_own_counts(np.full((400, 50), mean), 9, np.arange(400), 0).ravel()
    bins = np.unique(stats.poisson(mean).ppf(np.linspace(0.02, 0.98, 15)))
    observed = np.bincount(np.searchsorted(bins, drawn), minlength=bins.size + 1)

    def p_value(m: float) -> float:
        inside = np.diff(np.concatenate([[0.0], stats.poisson(m).cdf(bins), [1.0]]))
        return float(stats.chisquare(observed, inside * drawn.size).pvalue)

    assert p_value(mean) > 1e-4
    assert p_value(mean + 0.08 * mean**0.5) < 1e-4  # 11 standard errors of the mean


def test_own_counts_are_the_same_for_ever() -> None:
    drawn = draw_own_counts(np.outer([0.01, 1.0, 3.7, 100.0], np.linspace(1, 24, 31)), 2026, np.arange(4), 1)
    assert hashlib.sha256(drawn.astype("<i8").tobytes()).hexdigest()[:16] == FROZEN_OWN


FROZEN_OWN = "665522afb0b90c05"
