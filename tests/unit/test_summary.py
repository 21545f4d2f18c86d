"""What the summary says of events that are rare, or were never seen."""

from __future__ import annotations

import numpy as np
import pytest

from fleetsim.experiments.summary import mean_of


def sums(blocked, periods, sims, **others):
    columns = {"blocked_sim_periods": blocked, "sim_periods": periods, "sims": sims} | others
    return lambda name: np.array(columns[name], np.float64)


def test_none_seen_leaves_an_upper_bound_and_no_width_of_zero():
    # None in N = 4 x 50 SIM-periods: (1 - p)^200 = 0.025 at the bound, so p = 1 - 0.025^(1/200).
    none = sums([0] * 4, [50] * 4, [50] * 4)
    highest = 1 - 0.025 ** (1 / 200)
    assert mean_of("blocked_sim_periods_share", none) == pytest.approx((0, 0, highest), rel=1e-9)
    assert mean_of("blocked_sims", none) == pytest.approx((0, 0, 50 * highest), rel=1e-9)


def test_few_seen_have_the_bounds_of_the_binomial_law():
    # 3 of 40 (Clopper and Pearson): P(X >= 3 | low) = P(X <= 3 | high) = 0.025.
    from scipy.stats import binom

    found = mean_of("blocked_sim_periods_share", sums([0, 3, 0, 0], [10] * 4, [10] * 4))
    assert found.value == pytest.approx(3 / 40)
    assert binom.sf(2, 40, found.low) == pytest.approx(0.025, rel=1e-6)
    assert binom.cdf(3, 40, found.high) == pytest.approx(0.025, rel=1e-6)


def test_with_several_periods_a_sim_the_bound_allows_for_one_sim_that_was_not_seen():
    none = mean_of("blocked_sim_periods_share", sums([0] * 10, [120] * 10, [10] * 10))
    assert none.low == 0
    assert none.high == pytest.approx(-np.log(0.025) * 13 / 1200)


def test_an_amount_that_comes_from_events_has_no_interval_where_none_was_seen():
    assert mean_of("overage_bytes", sums([0], [1], [1], overage_bytes=[0, 0, 0])) == (0, None, None)
    assert mean_of("overage_bytes", sums([0], [1], [1], overage_bytes=[0, 0, 3])).high > 0
    assert mean_of("dns_bytes", sums([0], [1], [1], dns_bytes=[0, 0, 0])) == (0, 0, 0)  # no item moves any


def test_one_replication_has_no_interval():
    assert mean_of("blocked_sim_periods_share", sums([1], [4], [4])) == (0.25, None, None)
