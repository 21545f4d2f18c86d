"""What lies ahead of a device group: the figures that `validate` puts into words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fleetsim.billing import prices_per_mb
from fleetsim.clock import MS_PER_DAY, add_months, period_ends, to_ms
from fleetsim.experiments import crossing
from fleetsim.experiments.crossing import Cells, Crossing, Limits
from fleetsim.experiments.expected import Theory
from fleetsim.experiments.mixture import Use
from fleetsim.rules.ready import READY_BYTES, READY_MONTHS
from fleetsim.scenario.fleet import Group
from fleetsim.scenario.schema import AlwaysOn, Scenario

MONTH_MS = 30 * MS_PER_DAY
_PERIODS = 36  # of a SIM, that are looked through for the one with the most use
_INCREMENTS = 10_000  # of a tariff, that are summed one by one


@dataclass(frozen=True)
class Outlook:
    """A device group in theory; each figure is worked out when it is asked for."""

    scenario: Scenario
    group: Group

    @cached_property
    def theory(self) -> Theory:
        """What its SIMs are expected to move."""
        return Theory(self.scenario, self.group)

    @cached_property
    def limits(self) -> Limits:
        """Limits over time of the fleet that it is defined in."""
        return crossing.limits_over_time(self.scenario, self.group.fleet)

    @cached_property
    def activated(self) -> Cells | None:
        """SIMs that are activated in the run."""
        return crossing.activated(self.scenario, self.group)

    @cached_property
    def running(self) -> Cells | None:
        """SIMs whose period is running at the start."""
        return crossing.running(self.scenario, self.group, free=False)

    @cached_property
    def sims(self) -> Cells | None:
        """All SIMs that are ever active, each in the period that it is in first."""
        both = [cells for cells in (self.activated, self.running) if cells is not None]
        return crossing.together(*both) if len(both) == 2 else both[0] if both else None

    @cached_property
    def whole(self) -> Cells | None:
        """The same in the first period that is theirs from its begin on."""
        if self.running is None:
            return self.activated
        later = crossing.next_periods(self.scenario, self.running)
        return later if self.activated is None else crossing.together(self.activated, later)

    @cached_property
    def period(self) -> tuple[int, int]:
        """That period of a typical SIM: the middle one of those that there are."""
        assert self.whole is not None
        order = np.argsort(self.whole.begin_ms, kind="stable")
        middle = order[np.searchsorted(np.cumsum(self.whole.sims[order]), self.whole.total() / 2)]
        return int(self.whole.begin_ms[middle]), int(self.whole.end_ms[middle])

    @cached_property
    def complete_ms(self) -> int | None:
        """Earliest end of a period that is a SIM's from its begin on; ``None``: none is ever active."""
        begins = [] if self.activated is None else [self.group.devices.activation.at_ms]
        if self.running is not None:
            begins.append(int(crossing.running_ends_ms(self.scenario, self.group).min()))
        platform, start = self.scenario.platform, self.scenario.start
        return min((next(period_ends(platform.billing_period, start, begin)) for begin in begins), default=None)

    @cached_property
    def use(self) -> Use | None:
        """Bytes that a SIM moves in that period."""
        return self.theory.use(*self.period)

    @cached_property
    def month(self) -> Use | None:
        """Bytes that it moves in 30 days from its begin on."""
        return self.theory.use(self.period[0], self.period[0] + MONTH_MS)

    @cached_property
    def peak(self) -> tuple[int, int]:
        """The one of a typical SIM's periods within the horizon in which it moves most; the first of equal ones."""
        begin, end = self.period
        later = period_ends(self.scenario.platform.billing_period, self.scenario.start, begin)
        best, most = self.period, self._mean(*self.period)
        for _, next_end in zip(range(_PERIODS), later, strict=False):
            if next_end > end:
                begin, end = end, next_end
            if begin >= self.scenario.horizon_ms:
                break
            if self._mean(begin, end) > 1.05 * most:
                best, most = (begin, end), self._mean(begin, end)
        return best

    def limits_in(self, begin: int, end: int) -> list[int | None]:
        """Limits in force in [begin, end), in their order."""
        first = crossing.limit_at(self.limits, begin)
        return [first, *(limit for at, limit in self.limits if begin < at < end)]

    @cached_property
    def crossing(self) -> Crossing:
        """SIMs that cross the limit in the first period that is theirs from its begin on."""
        assert self.whole is not None
        return crossing.crossing(self.theory, self.whole, self.limits)

    @cached_property
    def peak_crossing(self) -> Crossing:
        """SIMs that cross it in the period in which a typical SIM moves most."""
        assert self.whole is not None
        if self.peak == self.period:
            return self.crossing
        there = crossing.at_instant(self.scenario, self.whole, self.peak[0])
        return crossing.crossing(self.theory, there, self.limits)

    @cached_property
    def crossing_now(self) -> Crossing | None:
        """Of the SIMs whose period is running and which are still free, those that cross before it ends."""
        free = crossing.running(self.scenario, self.group, free=True)
        return None if free is None else crossing.crossing(self.theory, free, self.limits)

    def lowered_ms(self, found: Crossing) -> float | None:
        """Where SIMs cross because their limit is lowered: how long it takes to reach them on average."""
        late = self.scenario.platform.limit_propagation
        if found.half_ms is None or not any(0 <= found.half_ms - at <= crossing.EXACT_MS for at, _ in self.limits[1:]):
            return None
        if late.fixed:
            return late.max_ms
        typical = float(late.typical_share)
        return (typical * late.typical_ms + (1 - typical) * (late.typical_ms + late.max_ms)) / 2

    def unseen_ms(self, found: Crossing) -> float | None:
        """From crossing to block on average; ``None``: usage never comes to be known."""
        platform, session = self.scenario.platform, self.group.devices.session
        lowered_ms = self.lowered_ms(found)
        if lowered_ms is not None:
            return lowered_ms + platform.enforcement_delay_ms
        waits = [] if platform.record_interval_ms is None else [platform.record_interval_ms / 2]
        if not isinstance(session, AlwaysOn):
            waits.append(session.idle_timeout_ms)
        return min(waits) + platform.record_delay_ms + platform.enforcement_delay_ms if waits else None

    def dns_bytes(self, found: Crossing) -> tuple[float, float]:
        """Bytes of DNS that pass in a day of a blocked SIM, and from its crossing to its period's end."""
        if found.half_ms is None:
            return 0.0, 0.0
        per_day = self.theory.blocked_bytes_per_day(found.half_ms)
        return per_day, per_day * max(found.end_ms - found.half_ms, 0) / MS_PER_DAY

    @cached_property
    def turns_active_ms(self) -> tuple[int, bool]:
        """When a typical ready SIM, if it is activated in the run, turns active, and whether by its use."""
        assert self.activated is not None
        begin = int(np.median(self.activated.begin_ms))
        latest = to_ms(self.scenario.start, add_months(self.scenario.instant(begin), READY_MONTHS))
        if self._mean(begin, latest) < READY_BYTES:
            return latest, False
        return crossing.first_instant(lambda ms: self._mean(begin, ms) >= READY_BYTES, begin, latest), True

    @cached_property
    def fee(self) -> float:
        """Fee for the typical period, in the currency."""
        if self.group.devices.status == "ready" and self.activated is not None:
            turns_ms, _ = self.turns_active_ms
            if turns_ms >= self.period[1]:
                return 0.0
        return self.scenario.tariff.fee_micros / 1e6

    @cached_property
    def usage_cost(self) -> float:
        """Price of the bytes of the typical period, were it never blocked, in the currency."""
        if self.use is None:
            return 0.0
        increment = self.scenario.tariff.increment_bytes
        places = int(self.use.quantile(1 - 1e-6) / increment) + 2
        if places > _INCREMENTS:
            billed = self.use.expected + (increment - 1) / 2
        else:  # E ceil(U / i) is the sum over n of P(U > n i)
            billed = increment * sum(self.use.share_above(n * increment) for n in range(places))
        price = int(prices_per_mb(self.scenario.tariff, [self.group.devices.network])[0])
        return billed * price / 1e12

    def above(self, ms: int, size: int) -> float:
        """Share of the SIMs active by an instant that have used more than `size` bytes of their period by then."""
        assert self.sims is not None
        there = crossing.at_instant(self.scenario, self.sims, ms)
        return crossing.above(self.theory, there, ms, size) / there.total() if there.sims.size else 0.0

    def _mean(self, begin: int, end: int) -> float:
        use = self.theory.use(begin, end)
        return 0.0 if use is None else use.expected
