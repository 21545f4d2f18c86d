"""A limit chosen on few replications of a simulated fleet: is the answer of a very long run among those it leaves?

A study promises its set at 95 %. The negative control takes the single limit that a study recommends. See fleets.py.
"""

from __future__ import annotations

import pytest

from tests.statistical import fleets
from tests.statistical.fleets import RULES, Found


def assert_promises_kept(found: list[Found]) -> None:
    kept = fleets.in_the_set("", found)
    assert kept.as_it_should, kept
    size, of_more = fleets.mean_sizes(found)
    assert of_more < size < len(fleets.LIMITS)  # a set of all limits says nothing, and more replications leave fewer


def assert_one_limit_is_not_enough(found: list[Found]) -> None:
    control = fleets.alone("", found)
    assert control.as_it_should, "the limit that is recommended is the best one so often that this fleet tests nothing"


@pytest.mark.parametrize("seeds", [25, pytest.param(200, marks=[pytest.mark.verify, pytest.mark.timeout(0)])])
@pytest.mark.parametrize("rule", RULES)
def test_the_best_limit_is_among_the_answers_as_often_as_promised(rule: str, seeds: int) -> None:
    found = fleets.on_the_border(rule, seeds)
    assert_promises_kept(found)
    assert_one_limit_is_not_enough(found)


@pytest.mark.verify
@pytest.mark.timeout(0)
def test_the_truth_is_that_of_a_long_run() -> None:
    assert fleets.answers(fleets.at_the_border(), 4_000) == fleets.BORDER


@pytest.mark.verify
@pytest.mark.timeout(0)
def test_over_100_random_fleets() -> None:
    for found in fleets.on_random_fleets(100).values():
        assert_promises_kept(found)
