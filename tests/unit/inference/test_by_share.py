"""The smallest limit at which, and above which, the share of blocked SIM-periods is small enough."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from made import observed
from scipy import stats

from fleetsim.inference.by_share import choose_by_share
from fleetsim.inference.laws import binomial_upper

HALF_A_PERCENT = Fraction("0.005")


def chosen(*totals, n=2, x=HALF_A_PERCENT, **more):
    """Choose from so many blocked under each limit, in all, of 1,000 a replication."""
    blocked = np.zeros((n, len(totals)), np.int64)
    blocked[0] = totals
    return choose_by_share(observed(blocked, **more), x, 0.95)


def test_the_answer_and_its_set_by_hand():
    # Of 2,000: 5 %, 0.5 % (equal to the share allowed, which meets it), 0.45 %, none. Bounds with tails of 2.5 %:
    # 5 % is at least 4.1 %; 10 and 9 seen can be 0.92 % and 0.85 %; none seen is at most 3.69 / 2,000 = 0.18 %.
    choice = chosen(100, 10, 9, 0)
    assert (choice.recommended, choice.nearest, choice.could_be) == (1, None, (1, 2, 3))
    assert not choice.none_could_be
    assert not choice.confirmed
    assert choice.share.value.tolist() == [0.05, 0.005, 0.0045, 0]
    assert choice.share.high[1:].tolist() == pytest.approx([0.00918, 0.00853, 0.00184], abs=5e-5)


def test_one_more_is_too_many():
    assert chosen(100, 11, 9, 0).recommended == 2


def test_a_share_is_compared_exactly():
    # 3 of 30 is 0.1; in floats, 0.1 * 3 is not 0.3, and 0.3 > 3 * 0.1 must not break the rule.
    blocked = np.array([[1, 1], [1, 1], [1, 1]])
    seen = observed(blocked, sim_periods=np.full(3, 10))
    assert choose_by_share(seen, Fraction("0.1"), 0.95).recommended == 0
    assert choose_by_share(seen, Fraction("0.1") - Fraction(1, 10**18), 0.95).recommended is None


def test_a_confirmed_limit_is_the_largest_of_its_set():
    choice = chosen(100, 1, 0)  # 1 of 2,000 is at most 0.28 %
    assert (choice.recommended, choice.could_be, choice.confirmed) == (1, (1,), True)
    assert choice.replications_needed is None


def test_a_larger_limit_that_breaks_the_rule_rules_out_the_smaller_ones():
    choice = chosen(0, 100, 0, monotone=False)
    assert (choice.recommended, choice.could_be, choice.confirmed) == (2, (2,), True)
    unsure = chosen(0, 12, 0, monotone=False)  # 0.6 %, which may be 0.31 %
    assert (unsure.recommended, unsure.could_be) == (2, (0, 2))  # 1 is refuted: at 0 the rule holds for sure


def test_monotone_shares_need_no_correction_for_the_number_of_limits():
    # 20 of 2,000 are at least 0.61 % with a tail of 2.5 %, but not above 0.5 % with 2.5 % / 30.
    assert 0 not in chosen(*[20] * 29, 0).could_be
    assert 0 in chosen(*[20] * 29, 0, monotone=False).could_be


def test_where_no_limit_meets_the_rule_the_nearest_is_named():
    choice = chosen(100, 60, 60)
    assert (choice.recommended, choice.nearest, choice.could_be) == (None, 1, ())
    assert choice.none_could_be
    assert choice.replications_needed is None
    # Not the least share, but the least from a limit on: the rule speaks of every larger limit as well.
    assert chosen(0, 100, 60, monotone=False).nearest == 2


def test_where_it_is_narrow_that_none_meets_the_rule_some_could():
    choice = chosen(100, 11)
    assert (choice.recommended, choice.nearest, choice.could_be, choice.none_could_be) == (None, 1, (1,), True)


@pytest.mark.parametrize(("totals", "edge"), [((0, 0, 0), True), ((100, 0, 0), False), ((100, 100, 0), True)])
def test_the_edge_is_the_first_or_last_limit(totals, edge):
    assert chosen(*totals).edge is edge
    assert not chosen(100, 100, 100).edge


def test_one_replication_is_too_few():
    choice = chosen(100, 0, n=1)
    assert choice.too_few
    assert (choice.recommended, choice.nearest, choice.replications_needed) == (None, 1, 2)
    assert choice.could_be == (0, 1)


def test_the_replications_that_would_confirm_it_do_in_four_of_five_studies():
    choice = chosen(100, 6, 0)  # 0.3 %
    needed = choice.replications_needed
    assert choice.recommended == 1
    assert needed is not None
    trials = 1000 * needed
    most = max(x for x in range(1000) if binomial_upper(x, trials, 0.025) <= 0.005)
    assert 0.8 <= stats.binom.cdf(most, trials, 0.003) < 0.83


def test_a_larger_limit_can_be_the_one_that_is_not_confirmed():
    choice = chosen(100, 1, 6, monotone=False)
    assert (choice.recommended, choice.confirmed) == (1, False)
    assert choice.replications_needed == chosen(100, 6, 0).replications_needed


def test_a_share_equal_to_the_one_allowed_is_never_confirmed():
    assert chosen(100, 10, 0).replications_needed is None


def test_several_periods_a_sim_take_more_to_confirm():
    blocked = np.zeros((20, 2), np.int64)
    blocked[:, 0] = 100
    one, twelve = (
        choose_by_share(observed(blocked, periods_per_sim=periods), Fraction("0.002"), 0.95) for periods in (1, 12)
    )
    assert one.confirmed  # none of 20,000: 0.018 %
    assert (twelve.recommended, twelve.could_be, twelve.confirmed) == (1, (1,), False)
    assert twelve.none_could_be  # 12 log(40) / 20,000 = 0.22 %
    assert twelve.replications_needed == 23  # 12 log(40) / (1,000 n) <= 0.2 %: n >= 22.1


@pytest.mark.parametrize("monotone", [True, False])
def test_the_recommended_limit_is_in_the_set_and_confirmed_only_at_its_upper_end(monotone):
    chance = np.random.default_rng(8)
    for _ in range(200):
        n, k = int(chance.integers(2, 9)), int(chance.integers(1, 9))
        rates = chance.exponential(8, k)
        blocked = chance.poisson(np.sort(rates)[::-1] if monotone else rates, (n, k))
        seen = observed(np.sort(blocked, axis=1)[:, ::-1] if monotone else blocked, monotone=monotone)
        choice = choose_by_share(seen, HALF_A_PERCENT, 0.9)
        if choice.recommended is not None:
            assert choice.recommended in choice.could_be
            assert choice.confirmed == (choice.could_be[-1] == choice.recommended and not choice.none_could_be)
