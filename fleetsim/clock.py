"""Integer time, the bounds of billing periods, and the order of what happens at one instant.

Time is whole milliseconds since the scenario's start. The order within one instant is stated here and nowhere
else (`Step`); ``tests/micro/test_instant_order.py`` holds it pair by pair.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from itertools import count
from typing import Literal

import numpy as np
from numpy.typing import NDArray

MS_PER_SECOND = 1_000
MS_PER_HOUR = 3_600_000
MS_PER_DAY = 86_400_000

BillingPeriod = Literal["activation-month", "calendar-month"] | int


class Step(IntEnum):
    """What happens at one instant, in this order.

    The values are priorities of the event queue. They leave 0 and 1 to SimPy, whose own events (a process that
    starts, an event that is triggered) thereby run at once, between two steps and never across one.
    """

    FLOW = 2
    """Bytes of running traffic up to the instant have moved before anything happens at it."""
    PERIOD = 10
    """1. A billing period ends and the next one starts."""
    OWNER = 20
    """2. The owner sets a fleet's limit."""
    REFRESH = 30
    """3. A cached limit is refreshed."""
    CLOSE = 40
    """4. Data sessions end, records close."""
    EVALUATE = 50
    """5. Records are evaluated."""
    BLOCK = 60
    """6. Blocks take effect."""
    RETURN = 65
    """A device that is back, and blocked, starts its attempts."""
    RESUME = 70
    """7. Traffic: what a block had suspended goes on (no byte moves by that at this instant),"""
    ATTEMPT = 71
    """then reconnect attempts,"""
    TRANSFER = 72
    """then transfers: the first traffic item of the device here, the n-th at ``TRANSFER + n - 1``."""


def add_months(anchor: datetime, months: int) -> datetime:
    """Return the same clock time `months` later, on the last day where that month is shorter.

    Counted from the anchor, so that 31 January is followed by 28 February and then by 31 March.
    """
    month = anchor.month - 1 + months
    year, month = anchor.year + month // 12, month % 12 + 1
    for day in range(anchor.day, 27, -1):
        try:
            return anchor.replace(year=year, month=month, day=day)
        except ValueError:
            continue
    return anchor.replace(year=year, month=month)


def to_ms(start: datetime, instant: datetime) -> int:
    """Whole milliseconds from `start` to `instant`, rounded down."""
    return (instant - start) // timedelta(milliseconds=1)


def epoch_ms(instant: datetime) -> int:
    """Whole milliseconds since 1970-01-01T00:00:00Z."""
    return to_ms(datetime(1970, 1, 1, tzinfo=UTC), instant)


def period_ends(billing_period: BillingPeriod, start: datetime, activation_ms: int) -> Iterator[int]:
    """Yield the end of each billing period of a SIM, without end.

    Parameters
    ----------
    billing_period
        ``"activation-month"``: calendar months counted from the activation; ``"calendar-month"``: UTC months, the
        first one short; an integer: that many milliseconds each.
    start
        The scenario's start (UTC).
    activation_ms
        Start of the SIM's first period, ms since `start`.

    Yields
    ------
    int
        ms since `start`, ascending. The next period starts where one ends.
    """
    if isinstance(billing_period, int):
        for n in count(1):
            yield activation_ms + n * billing_period
    activated = start + timedelta(milliseconds=activation_ms)
    if billing_period == "calendar-month":
        activated = activated.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for n in count(1):
        yield to_ms(start, add_months(activated, n))


def period_ends_of(
    billing_period: BillingPeriod, start: datetime, first_starts_ms: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """Ends of the first `count` billing periods of many SIMs, as `period_ends` yields them.

    Parameters
    ----------
    first_starts_ms
        Shape (sims,): starts of the first periods, ms since `start`.

    Returns
    -------
    int64 of shape (sims, count), ms since `start`.
    """
    numbers = np.arange(1, count + 1)
    if isinstance(billing_period, int):
        return first_starts_ms[:, None] + numbers * billing_period
    epoch = epoch_ms(start)
    anchors = (first_starts_ms + epoch).astype("datetime64[ms]")
    months = anchors.astype("datetime64[M]")
    ends = months[:, None] + numbers
    if billing_period == "activation-month":
        into_day = anchors - anchors.astype("datetime64[D]")
        day = (anchors.astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64)[:, None]
        last = ((ends + 1).astype("datetime64[D]") - ends.astype("datetime64[D]")).astype(np.int64) - 1
        instants = ends.astype("datetime64[D]") + np.minimum(day, last) + into_day[:, None]
    else:
        instants = ends.astype("datetime64[ms]")
    found: NDArray[np.int64] = instants.astype("datetime64[ms]").astype(np.int64) - epoch
    return found
