"""Rules as users say them: exact numbers, one rule, remedies."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from fleetsim.choice.rules import Budget, MaxBlockedShare, OutageCost, read_again, read_confidence, read_rule
from fleetsim.errors import BadInput


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        (("0.5%", None, None), MaxBlockedShare(Fraction(1, 200))),
        (("0.1 %", None, None), MaxBlockedShare(Fraction(1, 1000))),
        ((0.1, None, None), MaxBlockedShare(Fraction(1, 10))),  # as it is written, not as a float is stored
        ((Decimal("0.005"), None, None), MaxBlockedShare(Fraction(1, 200))),
        ((0, None, None), MaxBlockedShare(Fraction(0))),
        ((None, "5 per day", None), OutageCost(5_000_000)),
        ((None, "0.000001 per day", None), OutageCost(1)),
        ((None, 0.07, None), OutageCost(70_000)),
        ((None, np.int64(3), None), OutageCost(3_000_000)),
        ((None, None, "2500 at 95%"), Budget(2_500_000_000, Fraction(19, 20))),
        ((None, None, "2500.50 at 99.9 %"), Budget(2_500_500_000, Fraction(999, 1000))),
        ((None, None, (22.6, 0.5)), Budget(22_600_000, Fraction(1, 2))),
    ],
)
def test_numbers_are_taken_exactly_and_read_again_from_what_is_written(given, rule):
    assert read_rule(*given) == rule
    assert read_again(rule.written()) == rule


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("0.5", None, None), "max-blocked-share: found '0.5'; expected a percentage such as 0.5%"),
        (("half", None, None), "max-blocked-share: found 'half'; expected a percentage such as 0.5%"),
        (("101%", None, None), "max-blocked-share: found '101%'; expected a percentage from 0% to 100%"),
        (("-1%", None, None), "max-blocked-share: found '-1%'; expected a percentage such as 0.5%"),
        ((5, None, None), "max-blocked-share: found '5'; expected from 0 to 1"),
        ((float("nan"), None, None), "max-blocked-share: found 'nan'; expected a percentage"),
        ((Fraction(1, 3), None, None), "max-blocked-share: found '1/3'; expected a percentage"),
        ((True, None, None), "max-blocked-share: found 'True'; expected a percentage"),
        ((None, "5", None), "outage-cost: found '5'; expected money per day such as \"5 per day\""),
        ((None, "5 per h", None), "outage-cost: found '5 per h'; expected money per day"),
        ((None, "$5 per day", None), "outage-cost: found '$5 per day'; expected money per day"),
        ((None, "0.0000001 per day", None), "at most 6 digits after the point"),
        ((None, "9000000000 per day", None), "at most 1,000,000,000"),
        ((None, None, "2500"), "budget: found '2500'; expected money and a quantile such as \"2500 at 95%\""),
        ((None, None, "2500 at 0.95"), "budget: found '2500 at 0.95'; expected money and a quantile"),
        ((None, None, "2500 at 100%"), "the quantile lies from 0.1% to 99.9%"),
        ((None, None, (2500,)), "budget: found '(2500,)'; expected money and a quantile"),
        ((None, None, None), "rule: found no rule; expected one of max-blocked-share, outage-cost and budget"),
        (("1%", None, "1 at 50%"), "rule: found max-blocked-share and budget; expected one of"),
    ],
)
def test_mistakes_say_what_was_found_and_what_was_expected(given, said):
    with pytest.raises(BadInput) as error:
        read_rule(*given)
    assert said in str(error.value)


@pytest.mark.parametrize(("given", "value"), [("0.95", 0.95), ("95%", 0.95), (0.9, 0.9), ("99 %", 0.99), (0.5, 0.5)])
def test_a_confidence_is_a_number_or_a_percentage(given, value):
    assert read_confidence(given) == value


@pytest.mark.parametrize("given", ["1", "0.3", "sure", 95, "95", "100%", -0.5])
def test_a_confidence_that_is_none_is_refused(given):
    with pytest.raises(BadInput, match=r"confidence: found '.*'; expected a number from 0\.5 to 0\.9999 such as 0\.95"):
        read_confidence(given)
