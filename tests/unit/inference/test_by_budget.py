"""The fewest blocked within a budget."""

from __future__ import annotations

import numpy as np
import pytest
from made import observed
from scipy import stats

from fleetsim.inference.by_budget import choose_by_budget

BUDGET = 1000
FALLING = np.repeat([[300, 200, 100]], 80, axis=0)
NOISE = np.random.default_rng(12).integers(-5, 6, (80, 3))


def costs(*over):
    """Cost 900 but in the first so many replications 1,100, for each limit."""
    return np.stack([np.where(np.arange(80) < first, 1100, 900) for first in over], axis=1)


def choose(cost_micros, blocked=FALLING, q=0.9, **more):
    return choose_by_budget(observed(blocked, cost_micros=cost_micros, **more), BUDGET, q, 0.95)


def test_where_all_is_within_the_budget_the_lowest_share_wins():
    choice = choose(costs(0, 0, 0))
    assert (choice.recommended, choice.could_be, choice.confirmed, choice.edge) == (2, (2,), True, True)
    assert choice.within == (80, 80, 80)
    assert not choice.none_could_be


def test_what_is_clearly_beyond_the_budget_is_out():
    choice = choose(costs(0, 0, 80))
    assert (choice.recommended, choice.could_be, choice.confirmed, choice.edge) == (1, (1,), True, False)


def test_cost_need_not_rise_with_the_limit():
    choice = choose(costs(80, 0, 80))
    assert (choice.recommended, choice.could_be) == (1, (1,))


def test_to_be_equal_to_the_budget_is_to_meet_it():
    assert choose(np.full((80, 3), BUDGET)).recommended == 2
    assert choose(np.full((80, 3), BUDGET + 1)).recommended is None


def test_the_quantile_is_a_share_of_replications():
    # P90 of 80: 72 within the budget meet it, 71 do not.
    assert choose(costs(0, 0, 8)).recommended == 2
    assert choose(costs(0, 0, 9)).recommended == 1


def test_what_is_close_to_the_budget_stays_possible_on_either_side():
    # One of three limits may fail with 5 % / 3 = 1.67 %. At P90, 80 replications: P(X >= 78) = 1.07 %, P(X >= 77) =
    # 3.5 %, so 78 within show that it is within; P(X <= 65) = 1.1 %, P(X <= 66) = 2.5 %, so 65 show that it is not.
    assert stats.binom.sf(77, 80, 0.9) < 0.05 / 3 < stats.binom.sf(76, 80, 0.9)
    assert stats.binom.cdf(65, 80, 0.9) < 0.05 / 3 < stats.binom.cdf(66, 80, 0.9)
    assert choose(costs(0, 0, 2)).could_be == (2,)
    assert choose(costs(0, 0, 3)).could_be == (1, 2)  # 0 is out: 1 is within, and blocks fewer
    assert choose(costs(0, 0, 14)).could_be == (1, 2)
    assert choose(costs(0, 0, 15)).could_be == (1,)
    assert choose(costs(0, 3, 3)).could_be == (0, 1, 2)
    assert [choose(costs(0, 0, over)).confirmed for over in (2, 3)] == [True, False]


def test_where_no_limit_meets_the_budget_the_one_of_the_least_quantile_is_nearest():
    choice = choose(np.repeat([[1300, 1100, 1200]], 80, axis=0))
    assert (choice.recommended, choice.nearest, choice.could_be, choice.none_could_be) == (None, 1, (), True)
    assert choice.replications_needed is None


def test_that_none_meets_it_stays_possible_until_one_is_shown_to():
    assert choose(costs(80, 80, 3)).none_could_be
    assert not choose(costs(80, 80, 2)).none_could_be


def test_too_few_replications_are_counted_from_the_quantile_and_the_limits():
    # 0.9^n <= 0.05 / 3: n >= 38.9.
    assert not choose(costs(0, 0, 0)[:39], FALLING[:39]).too_few
    choice = choose(costs(0, 0, 0)[:38], FALLING[:38])
    assert choice.too_few
    assert (choice.recommended, choice.nearest, choice.replications_needed) == (None, 2, 39)
    assert choice.could_be == (0, 1, 2)
    assert not choice.edge


def test_equal_shares_go_to_the_cheaper_and_then_to_the_smaller_limit():
    blocked = np.repeat([[300, 0, 0]], 80, axis=0)
    assert choose(np.repeat([[500, 700, 600]], 80, axis=0), blocked).recommended == 2
    assert choose(np.repeat([[500, 600, 700]], 80, axis=0), blocked).recommended == 1
    assert choose(np.repeat([[500, 600, 600]], 80, axis=0), blocked).recommended == 1


def test_a_larger_limit_that_is_cheaper_rules_out_a_smaller_one_that_a_dearer_one_does_not():
    blocked = np.repeat([[300, 0, 0]], 80, axis=0)
    assert choose(NOISE + np.array([500, 700, 600]), blocked).could_be == (2,)
    # That nobody was blocked at the second limit does not show that nobody ever is: the third may have a lower share.
    assert choose(NOISE + np.array([500, 600, 700]), blocked).could_be == (1, 2)


def test_where_blocking_is_not_monotone_shares_are_compared_in_pairs():
    spread = np.random.default_rng(13).integers(-20, 21, (80, 1))
    close = FALLING * 0 + 300 + spread + NOISE // 5 + np.array([0, -1, 40])
    choice = choose(costs(0, 0, 0), close, monotone=False)
    assert (choice.recommended, choice.could_be) == (1, (1,))


def test_a_few_sim_periods_do_not_show_a_lower_share():
    # The second blocks one fewer in 4 of 80 replications: t * s / sqrt(n) = 0.05, log(3 / 0.05) / 80 = 0.05 more.
    def fewer_in(replications):
        blocked = np.full((80, 3), 300)
        blocked[:replications, 1] = 299
        blocked[:, 2] = 340
        return choose(costs(0, 0, 0), blocked, monotone=False)

    assert (fewer_in(4).recommended, fewer_in(4).could_be) == (1, (0, 1))
    assert fewer_in(20).could_be == (1,)  # 0.25 fewer, t * s / sqrt(n) = 0.11


def test_a_sim_that_was_not_seen_counts_with_all_its_periods():
    # One fewer in each of 80 replications. One SIM of 30 periods can add 30 * log(3 / 0.05) / 80 = 1.5, one of 12 0.6.
    blocked = np.repeat([[300, 299, 340]], 80, axis=0)
    for periods, could_be in ((30, (0, 1)), (12, (1,))):
        assert choose(costs(0, 0, 0), blocked, monotone=False, periods_per_sim=periods).could_be == could_be


def test_the_recommended_limit_is_always_in_the_set():
    chance = np.random.default_rng(11)
    for monotone in (True, False):
        for _ in range(150):
            n, k = int(chance.integers(60, 120)), int(chance.integers(1, 7))
            blocked = np.sort(chance.poisson(chance.exponential(3), (n, k)), axis=1)[:, ::-1]
            cost = chance.integers(0, 1200, (n, 1)) + chance.integers(-300, 300, k)
            choice = choose_by_budget(observed(blocked, cost_micros=cost, monotone=monotone), BUDGET, 0.9, 0.9)
            if choice.recommended is not None:
                assert choice.recommended in choice.could_be
            if choice.confirmed:
                assert not choice.none_could_be


def test_the_replications_that_would_confirm_it_do_in_four_of_five_studies():
    choice = choose(costs(80, 80, 4))  # 95 % within, P90 asked for
    needed = choice.replications_needed
    assert choice.recommended == 2
    assert needed is not None
    enough = next(x for x in range(needed) if stats.binom.sf(x - 1, needed, 0.9) <= 0.05 / 3)
    assert 0.8 <= stats.binom.sf(enough - 1, needed, 0.95) < 0.85


@pytest.mark.parametrize("over", [8, 5])
def test_a_limit_as_close_as_the_quantile_itself_is_never_confirmed(over):
    assert (choose(costs(80, 80, over)).replications_needed is None) == (over == 8)
