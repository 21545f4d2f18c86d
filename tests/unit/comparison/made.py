"""Sums of replications made by hand, and what is compared from them."""

from __future__ import annotations

import numpy as np

from fleetsim.comparison.metrics import SUMMED, Ints, Observed


def observed(cases: int, replications: int, *, faulty: bool = False, **sums: object) -> Observed:
    """Sums by name, broadcast to (cases, replications); 0 where none is given, 100 SIM-periods.

    Those given are of the normal devices; faulty ones, where there are any, have one SIM-period and nothing else.
    """
    shape = (cases, replications)
    normal: dict[str, Ints] = {name: np.zeros(shape, np.int64) for name in SUMMED}
    for name, values in ({"sims": 100, "sim_periods": 100} | sums).items():
        normal[name] = np.broadcast_to(np.asarray(values, np.int64), shape)
    whole = dict(normal)
    if faulty:
        whole |= {name: normal[name] + 1 for name in ("sims", "sim_periods")}
    return Observed(whole, normal)
