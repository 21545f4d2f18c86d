"""SIMs that differ within a group: a factor of its own on a SIM's rates, or on its sizes.

Both are lognormal over SIMs and drawn anew in each replication. Neither belongs to a traffic item: all items of a SIM
have the same.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple, cast

import numpy as np

from fleetsim.draws.elementary import FloatArray
from fleetsim.draws.laws import MAX_SIZE_BYTES, Law, LogNormal
from fleetsim.draws.philox import Purpose
from fleetsim.draws.streams import Streams
from fleetsim.scenario.schema import DeviceGroup, TrafficItem
from fleetsim.traffic.offered import Ints

_UNIT: Final = 1 << 20  # a factor on the rates is a whole multiple of 2^-20


class Factors(NamedTuple):
    """A factor for each SIM of a block, shape (sims,); ``None`` where all have 1."""

    rate: FloatArray | None
    size: FloatArray | None


def factors(devices: DeviceGroup, chance: Streams) -> Factors:
    """Draw the factors of a block of SIMs.

    Parameters
    ----------
    chance
        Streams of the SIMs themselves, not of a traffic item.
    """
    if devices.monthly_use is not None:
        month = devices.month_bytes
        assert month  # checked when the scenario was read
        purposes = Purpose.MONTHLY_USE, Purpose.MONTHLY_USE_RESIDUAL
        return Factors(None, chance.sizes(devices.monthly_use.law, *purposes) / month)
    if not devices.rate_spread:
        return Factors(None, None)
    law = LogNormal.from_mean(_UNIT, devices.rate_spread)
    return Factors(chance.sizes(law, Purpose.RATE_FACTOR, Purpose.RATE_FACTOR_RESIDUAL) / _UNIT, None)


def factor_moments(devices: DeviceGroup) -> tuple[float, float]:
    """Mean and mean square over SIMs of the factor that the group has, on rates or on sizes."""
    use, month = devices.monthly_use, devices.month_bytes
    if use is None or not month:
        return 1.0, math.exp(devices.rate_spread**2)
    mean = use.median_bytes * math.exp(use.law.sigma**2 / 2) / month
    return mean, mean**2 * math.exp(use.law.sigma**2)


def sizes(item: TrafficItem, chance: Streams, counts: Ints, factor: FloatArray | None = None) -> tuple[Ints, Ints]:
    """Upload and download bytes of ``counts[i]`` transfers of each SIM i, ragged, with the SIM's factor on them.

    A size times its factor is rounded again, halves to even, and stops at `MAX_SIZE_BYTES` as every size does.
    """
    # Sizes by a function are drawn by streams that know how (`fleetsim.traffic.own`).
    drawn = chance.uploads(cast(Law, item.upload), counts), chance.downloads(cast(Law, item.download), counts)
    if factor is None:
        return drawn
    each = np.repeat(factor, counts)
    upload, download = (np.minimum(np.rint(part * each), MAX_SIZE_BYTES).astype(np.int64) for part in drawn)
    return upload, download
