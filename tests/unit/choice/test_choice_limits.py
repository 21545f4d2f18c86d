"""Limits asked for on the command line and in Python."""

from __future__ import annotations

import pytest

from fleetsim.choice.limits import read_limits
from fleetsim.errors import BadInput
from tests.unit.choice.fleets import MB, paper

FLEET = paper().fleets["meters"]
ANY = paper("fleets.meters.any_limit=true").fleets["meters"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1MB:4MB:1MB", [1, 2, 3, 4]),
        ("1 MB : 9 MB : 4 MB", [1, 5, 9]),
        ("3MB:3MB:1MB", [3]),
        ("5MB,2 MB, 10MB", [2, 5, 10]),
        ("0.002GB", [2]),
        ("2MB,2000kB", [2]),
        (["2MB", 7_000_000], [2, 7]),
        ((1_000_000,), [1]),
    ],
)
def test_ranges_hold_their_last_limit_and_lists_are_put_in_order(given, expected):
    assert read_limits(given, FLEET) == tuple(MB * million for million in expected)


def test_any_number_of_bytes_where_the_fleet_allows_it():
    assert read_limits("500kB:2MB:500kB", ANY) == (500_000, 1_000_000, 1_500_000, 2_000_000)
    assert read_limits([0, 1234567], ANY) == (0, 1234567)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "limits: found ''; expected FROM:TO:STEP such as 1MB:20MB:1MB, or a list such as 2MB,5MB,10MB"),
        ([], "limits: found '[]'; expected FROM:TO:STEP such as"),
        ("1MB:5MB", "limits: found '1MB:5MB'; expected FROM:TO:STEP such as"),
        ("5MB:1MB:1MB", "limits: found '5MB:1MB:1MB'; expected a TO that is not below FROM"),
        ("1MB:10MB:4MB", "expected a TO that steps of 4MB from 1MB reach, such as 9 MB or 13 MB"),
        ("1MB:1002MB:1MB", "limits: found 1,002 limits; expected at most 1,000"),
        ("2.5MB", "limits: found '2.5MB'; expected whole MB from 1 to 2,000,000; other limits take any_limit: true"),
        ("5", "limits: found '5'; expected whole MB from 1 to 2,000,000; a number needs its unit"),
        ("5 KB", "limits: found '5 KB'; expected whole MB from 1 to 2,000,000; 'KB' is ambiguous"),
        ("unlimited", "expected whole MB from 1 to 2,000,000; what SIMs use without a limit is told by the headroom"),
        ([True], "limits: found 'True'; expected whole MB from 1 to 2,000,000, as text or as a whole number of bytes"),
        ([-1_000_000], "limits: found '-1000000'; expected whole MB from 1 to 2,000,000"),
        ([2.0], "limits: found '2.0'; expected whole MB"),
    ],
)
def test_mistakes_say_what_was_found_and_what_was_expected(given, said):
    with pytest.raises(BadInput) as error:
        read_limits(given, FLEET)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_all_limits_that_are_none_are_told_at_once():
    with pytest.raises(BadInput) as error:
        read_limits("1MB,x,2MB,300kB", FLEET)
    assert [str(mistake).split(";")[0] for mistake in error.value.mistakes] == [
        "limits: found 'x'",
        "limits: found '300kB'",
    ]


def test_a_step_of_nothing_is_refused_where_any_limit_is_allowed():
    with pytest.raises(BadInput, match="expected a STEP above 0"):
        read_limits("1MB:2MB:0B", ANY)
