"""When to stop adding replications."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fleetsim.inference.means import mean_interval
from fleetsim.inference.precision import Decision, Precision, decide

VALUES = np.random.default_rng(20).normal(10, 2, 400)


def narrow(values, relative):
    _, low, high = mean_interval(values, 0.95)
    assert low is not None
    assert high is not None
    return (high - low) / 2 <= relative * abs(float(np.mean(values)))


def test_it_stops_once_the_interval_has_been_narrow_for_the_look_ahead():
    found = decide(VALUES, Precision(0.05))
    assert found.stop_at is not None
    assert found.narrow_since is not None
    # With intervals made one by one: narrow from then on, not before, for a tenth of them (more than 5).
    assert all(narrow(VALUES[:n], 0.05) for n in range(found.narrow_since, found.stop_at + 1))
    assert not narrow(VALUES[: found.narrow_since - 1], 0.05)
    assert found.narrow_since > 50
    assert found.stop_at == found.narrow_since + math.ceil(found.narrow_since / 10)


def test_a_lucky_early_interval_does_not_stop_it():
    values = np.array([10.0, 10.01, 9.99, 10.0, 10.0, 10.01, 14.0, 5.0, *VALUES])
    without = decide(values, Precision(0.05, ahead=0, ahead_share=0))
    assert without == Decision(5, True, 5, 5)
    found = decide(values, Precision(0.05))
    assert found.stop_at is not None
    assert found.stop_at > 50


def test_the_decision_does_not_hang_on_how_many_replications_are_made_at_a_time():
    stop = decide(VALUES, Precision(0.05)).stop_at
    assert stop is not None
    assert decide(VALUES[:stop], Precision(0.05)) == decide(VALUES, Precision(0.05))
    assert all(decide(VALUES[:n], Precision(0.05)).stop_at is None for n in range(1, stop))


def test_every_metric_has_to_be_narrow():
    both = np.stack([VALUES, 10 + 2 * (VALUES - 10)], axis=1)
    one, other = (decide(column, Precision(0.05)).stop_at for column in both.T)
    assert one is not None
    assert other is not None
    assert decide(both, Precision(0.05)).stop_at == other > one


def test_a_mean_of_about_zero_has_a_floor():
    values = VALUES - 10
    assert decide(values, Precision(0.05)).stop_at is None
    found = decide(values, Precision(0.05, floor=0.5))
    # Half of 0.5 is what the mean of 10 allows at 5 %, too.
    assert found.stop_at == pytest.approx(decide(VALUES, Precision(0.05)).stop_at, abs=15)
    both = np.stack([values, VALUES], axis=1)
    assert decide(both, Precision(0.05, floor=(0.5, 0.0))).stop_at is not None
    assert decide(both, Precision(0.05, floor=(0.0, 0.5))).stop_at is None


def test_it_stops_at_the_most_and_says_that_it_is_not_met():
    found = decide(VALUES, Precision(0.001, most=30))
    assert found == Decision(30, False, None, 30)


def test_values_that_never_vary_are_narrow():
    assert decide(np.full(20, 0.1), Precision(0.01)) == Decision(10, True, 5, 10)
    assert decide(np.zeros(20), Precision(0.01)) == Decision(10, True, 5, 10)


def test_it_says_about_how_many_it_will_take():
    # (t * deviation / (2 % of the mean))^2 to become narrow, and a tenth more.
    deviation, mean = VALUES[:150].std(ddof=1), VALUES[:150].mean()
    found = decide(VALUES[:150], Precision(0.02))
    assert found.stop_at is None
    assert found.expected == pytest.approx(1.1 * (1.976 * deviation / (0.02 * mean)) ** 2, rel=0.005)
    assert decide(VALUES[:150], Precision(0.02, most=200)).expected == 200
    assert decide(VALUES[:1], Precision(0.02)).expected is None
    assert decide(VALUES[:150] - VALUES[:150].mean(), Precision(0.02)).expected == 10_000


def test_during_the_look_ahead_its_end_is_expected():
    full = decide(VALUES, Precision(0.05))
    assert full.stop_at is not None
    assert decide(VALUES[: full.stop_at - 1], Precision(0.05)).expected == full.stop_at


def test_an_interval_takes_two():
    with pytest.raises(ValueError, match="two replications"):
        decide(VALUES, Precision(0.05, first=1))
