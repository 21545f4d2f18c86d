"""Counted bytes to money: the only place that knows prices, and the only one where money is rounded.

Money is integer micro-units of the tariff's currency. Engines know none of it, so a run can be priced again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleetsim.scenario.schema import Tariff

Ints = NDArray[np.int64]

MB = 1_000_000
CAUSES = ("metering", "enforcement", "propagation", "dns")
"""Causes of overage, in the order in which their costs are the successive differences."""


class Invoice(NamedTuple):
    """Money of each row, int64 micro-units.

    ``overage_by_cause`` has shape (4, rows), in the order of `CAUSES`, and adds up to ``overage_cost``.
    """

    fee: Ints
    usage_cost: Ints
    overage_cost: Ints
    cost: Ints
    overage_by_cause: Ints


def prices_per_mb(tariff: Tariff, networks: Sequence[str | None]) -> Ints:
    """Price of a MB in each of the networks, int64 micro-units: the tariff's ``per_mb`` where it names no other."""
    return np.array([tariff.networks.get(network or "", tariff.per_mb_micros) for network in networks], np.int64)


def usage_cost(used_bytes: Ints, tariff: Tariff, per_mb_micros: Ints) -> Ints:
    """Price of usage: (billed bytes * micro-units per MB + 500,000) // 1,000,000, per SIM, period and network.

    Billed bytes are the used ones rounded up to the tariff's increment.

    Parameters
    ----------
    used_bytes
        Shape (rows,).
    per_mb_micros
        Price of a MB in each row's network (`prices_per_mb`), of the same shape or of shape (1,) for all.
    """
    increment = tariff.increment_bytes
    billed = used_bytes if increment == 1 else -(-used_bytes // increment) * increment
    # Whole MB apart from the rest: the same integer, without leaving 64 bits for any usage that can be simulated.
    whole, rest = billed // MB, billed % MB
    return whole * per_mb_micros + (rest * per_mb_micros + MB // 2) // MB


def invoice(
    used_bytes: Ints, overage_by_cause: Ints, fee_due: NDArray[np.bool_], tariff: Tariff, per_mb_micros: Ints
) -> Invoice:
    """Price rows of SIM-periods.

    Parameters
    ----------
    used_bytes
        Shape (rows,).
    overage_by_cause
        Bytes over the limit by cause, shape (4, rows), in the order of `CAUSES`.
    fee_due
        Does the period owe its fee? Shape (rows,). Fees are not prorated.
    per_mb_micros
        Price of a MB in each row's network, as for `usage_cost`.
    """
    fee = fee_due * np.int64(tariff.fee_micros)
    usage = usage_cost(used_bytes, tariff, per_mb_micros)
    bytes_so_far = used_bytes - overage_by_cause.sum(axis=0)
    within = cost_so_far = usage_cost(bytes_so_far, tariff, per_mb_micros)
    by_cause = np.empty_like(overage_by_cause)
    for i, over_bytes in enumerate(overage_by_cause):
        bytes_so_far = bytes_so_far + over_bytes
        next_cost = usage_cost(bytes_so_far, tariff, per_mb_micros)
        by_cause[i], cost_so_far = next_cost - cost_so_far, next_cost
    return Invoice(fee, usage, usage - within, fee + usage, by_cause)
