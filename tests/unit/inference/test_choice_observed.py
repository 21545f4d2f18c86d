"""What a limit is chosen from has to fit together."""

from __future__ import annotations

import numpy as np
import pytest
from made import observed

NONE = np.zeros((3, 2), np.int64)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"limits": np.array([2, 1])}, "ascend"),
        ({"limits": np.array([1, 1])}, "ascend"),
        ({"limits": np.array([1, 2, 3])}, "3 replications of 3 limits"),
        ({"cost_micros": NONE[:2]}, "3 replications of 2 limits"),
        ({"sim_periods": np.ones(2, np.int64)}, r"\(2,\); expected \(3,\) or \(3, 2\)"),
        ({"sim_periods": np.zeros(3, np.int64)}, "no complete billing period"),
        ({"blocked": NONE + 1001}, "more SIM-periods are blocked"),
    ],
)
def test_what_does_not_fit_is_refused(more, message):
    with pytest.raises(ValueError, match=message):
        observed(NONE, **more)


def test_sim_periods_of_a_replication_are_those_of_every_limit():
    assert observed(NONE, sim_periods=np.array([5, 6, 7])).of.tolist() == [[5, 5], [6, 6], [7, 7]]
    each = np.array([[5, 4], [6, 6], [7, 7]])
    assert observed(NONE, sim_periods=each).of is each
