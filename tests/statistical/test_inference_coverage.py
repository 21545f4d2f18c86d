"""What `fleetsim.inference` promises holds as often as it says, and shortcuts do not; see coverage.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from tests.statistical import coverage
from tests.statistical.coverage import RANDOM_FLEETS, Row

# Runs that take a second or less, and are enough for each shortcut to be found out.
BRIEFLY = {
    coverage.means: 400,
    coverage.quantiles: 400,
    coverage.differences: 400,
    coverage.rare_events: 400,
    coverage.stopping: 150,
    coverage.hard_cases: 60,
}


def assert_as_it_should(rows: Iterator[Row]) -> None:
    assert [found for found in rows if not found.as_it_should] == []


def assert_sets_shrink(sizes: list[float]) -> None:
    assert all(more < 0.9 * fewer for fewer, more in pairwise(sizes)), sizes


def test_every_study_has_its_brief_form():
    assert set(BRIEFLY) == set(coverage.STUDIES)


@pytest.mark.parametrize("study", BRIEFLY, ids=lambda study: study.__name__)
def test_intervals_cover_as_often_as_promised_and_shortcuts_do_not(study: Callable[[int], Iterator[Row]]):
    rows = list(study(BRIEFLY[study]))
    assert any(found.control for found in rows)
    assert_as_it_should(iter(rows))


@pytest.mark.parametrize("name", RANDOM_FLEETS)
def test_the_truth_is_in_the_set_and_the_set_shrinks(name: str):
    first, *_ = RANDOM_FLEETS[name][1]
    rows, sizes = zip(*coverage.in_the_set(name, 40, (first, 4 * first)), strict=True)
    assert_as_it_should(iter(rows))
    assert_sets_shrink(list(sizes))


@pytest.mark.verify
@pytest.mark.parametrize("study", coverage.STUDIES, ids=lambda study: study.__name__)
def test_intervals_at_length(study: Callable[[int], Iterator[Row]]):
    assert_as_it_should(study(400))


@pytest.mark.verify
@pytest.mark.parametrize("name", RANDOM_FLEETS)
def test_choices_at_length(name: str):
    rows, sizes = zip(*coverage.in_the_set(name, 400), strict=True)
    assert_as_it_should(iter(rows))
    assert_sets_shrink(list(sizes))


@pytest.mark.verify
def test_shortcuts_at_length():
    assert_as_it_should(coverage.shortcuts(400))
