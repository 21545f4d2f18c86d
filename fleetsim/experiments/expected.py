"""What theory expects of the bytes that a group's SIMs move, were nothing to stop them: mean, spread, share above."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from fleetsim.clock import MS_PER_DAY
from fleetsim.experiments.lookups import OnOffRequests, PeriodicRequests, PoissonRequests, Source, lookups_per_ms
from fleetsim.experiments.mixture import Floats, Use, stretches
from fleetsim.rules.dns import lookup_passes, tunnel_passes
from fleetsim.scenario.fleet import Group
from fleetsim.scenario.schema import Once, OnOff, Periodic, Poisson, Scenario, Trace, TrafficItem
from fleetsim.traffic import Moments, moments
from fleetsim.traffic.offered import size_moments

_FACTORS_WITH_LOOKUPS = 9  # for as many the rate of lookups is worked out, between them it is interpolated


class Expected(NamedTuple):
    """Bytes that a SIM is expected to move in a span if nothing stops it; ``None``: theory has no figure."""

    mean: float | None
    deviation: float | None


class Theory:
    """A device group's use in theory. Spans are in ms since the scenario's start; SIMs are active throughout."""

    def __init__(self, scenario: Scenario, group: Group) -> None:
        self.scenario = scenario
        self.group = group
        devices = group.devices
        # What each item offers with a factor of 1: the factor comes in below, stretch by stretch.
        alike = devices.model_copy(update={"rate_spread": 0.0, "monthly_use": None})
        self._alike = replace(group, devices=alike)
        self.weight, self._factor, self._factor_square = stretches(group)
        self._found: dict[tuple[int, int, bool], Use | None] = {}
        self._lookups = self._lookup_rates()

    def use(self, from_ms: int, until_ms: int, *, evaluated: bool = False) -> Use | None:
        """Bytes moved in [from, until), lookups included; ``None`` where a size law has no mean.

        Parameters
        ----------
        evaluated
            Leave out what the platform leaves out of the usage that it compares to the limit.
        """
        evaluated = evaluated and not self.scenario.platform.dns_counts
        key = from_ms, max(until_ms, from_ms), evaluated
        if key not in self._found:
            self._found[key] = self._use(*key)
        return self._found[key]

    def rate(self, since_ms: int, from_ms: int, until_ms: int) -> Floats:
        """Bytes per ms of each stretch in [from, until) of SIMs active since an instant; 0 where there is no mean."""
        before, all_of_it = self.use(since_ms, from_ms), self.use(since_ms, until_ms)
        if before is None or all_of_it is None:
            return np.zeros_like(self.weight)
        return np.asarray((all_of_it.mean - before.mean) / max(until_ms - from_ms, 1), np.float64)

    def blocked_bytes_per_day(self, from_ms: int) -> float:
        """Bytes of DNS that pass in a day of a blocked SIM: lookups of lost transfers and of attempts, and tunnels.

        Of attempts once they have slowed down.
        """
        devices, policy = self.group.devices, self.scenario.platform.dns_when_blocked
        total = 0.0
        if tunnel_passes(policy):
            for name, item in devices.traffic.items():
                if item.via == "dns":
                    scale = float(self.weight @ self._factor) if _scaled(self.group, item) else 1.0
                    offered = moments(self.scenario, self._alike, name, from_ms, from_ms + MS_PER_DAY).mean
                    total += scale * (offered or 0.0)
        dns = devices.dns
        if dns is not None and lookup_passes(policy, dns.resolver):
            sources = self._sources(1.0)
            if devices.when_blocked is not None:
                wait = devices.when_blocked.reconnect
                sources.append(PeriodicRequests(wait.max_ms if wait.factor > 1 else wait.first_ms))
            per_ms = lookups_per_ms(sources, dns.cache_ttl_ms)
            total += per_ms * MS_PER_DAY * (dns.query_bytes + dns.response_bytes)
        return total

    def _use(self, from_ms: int, until_ms: int, evaluated: bool) -> Use | None:
        fixed, scaled, by_rate, by_size = 0.0, 0.0, 0.0, 0.0
        fixed_variance, known = 0.0, True
        for name, item in self.group.devices.traffic.items():
            if evaluated and item.via == "dns":
                continue
            part = moments(self.scenario, self._alike, name, from_ms, until_ms)
            if part.mean is None:
                return None
            known = known and part.variance is not None
            variance = part.variance or 0.0
            if not _scaled(self.group, item):
                fixed, fixed_variance = fixed + part.mean, fixed_variance + variance
                continue
            scaled += part.mean
            if self.group.devices.monthly_use is None:
                # A sum of Poisson many sizes has a variance that goes with the rate. What there is beyond it comes from
                # a rate that varies (on-off), and goes with the rate's square.
                sizes = size_moments(item)
                poisson = part.mean * _mean_square(sizes) / sizes.mean if sizes.mean and variance else 0.0
                by_rate, by_size = by_rate + poisson, by_size + variance - poisson
            else:
                by_size += variance
        mean = fixed + self._factor * scaled
        within = self._factor_square - self._factor**2  # variance of the factor in its stretch
        variances = fixed_variance + self._factor * by_rate + self._factor_square * by_size + within * scaled**2
        dns = self.group.devices.dns
        if dns is not None and not evaluated:
            mean = mean + self._lookup_count(from_ms, until_ms) * (dns.query_bytes + dns.response_bytes)
        return Use(self.weight, mean, np.maximum(variances, 0.0) if known else np.zeros_like(mean), known)

    def _lookup_count(self, from_ms: int, until_ms: int) -> Floats:
        """Lookups of each stretch; their own spread is small beside that of the transfers."""
        dns = self.group.devices.dns
        assert dns is not None
        count = self._lookups * (until_ms - from_ms)
        fresh = np.minimum(self._lookups * dns.cache_ttl_ms, 1.0)  # share of the time in which the cache answers
        for name, item in self.group.devices.traffic.items():
            size = size_moments(item).mean
            if isinstance(item.arrivals, Once) and item.via is None and size:
                due = (moments(self.scenario, self._alike, name, from_ms, until_ms).mean or 0.0) / size
                count = count + (1 - fresh) * due
        return count

    def _lookup_rates(self) -> Floats:
        """Lookups per ms of each stretch, single transfers left out."""
        dns = self.group.devices.dns
        if dns is None:
            return np.zeros_like(self.weight)
        scale = self._factor if self.group.devices.rate_spread else np.ones_like(self.weight)
        some = np.unique(np.quantile(scale, np.linspace(0, 1, _FACTORS_WITH_LOOKUPS)))
        rates = [lookups_per_ms(self._sources(float(factor)), dns.cache_ttl_ms) for factor in some]
        return np.interp(scale, some, rates)

    def _sources(self, factor: float) -> list[Source]:
        return [
            source
            for name, item in self.group.devices.traffic.items()
            if item.via is None
            for source in self._requests(name, item, factor if _scaled(self.group, item) else 1.0)
        ]

    def _requests(self, name: str, item: TrafficItem, factor: float) -> Iterator[Source]:
        match item.arrivals:
            case Periodic(every_ms=every, jitter_ms=jitter):
                yield PeriodicRequests(every, jitter)
            case Poisson(rate_per_day=rate):
                yield PoissonRequests(factor * float(rate) / MS_PER_DAY)
            case OnOff(rate_per_day=rate, on_ms=on, off_ms=off):
                yield OnOffRequests(factor * float(rate) / MS_PER_DAY, on, off)
            case Trace():
                rows = self.scenario.trace(self.group.fleet, self.group.name, name)
                sims = 1 if rows.offsets is None else self.group.devices.count
                if rows.time_ms.size:
                    yield PoissonRequests(rows.time_ms.size / sims / self.scenario.horizon_ms)


def expected_use(scenario: Scenario, group: Group, from_ms: int, until_ms: int) -> Expected:
    """Bytes of a SIM of the group in [from, until), lookups included, were it active throughout and never blocked."""
    use = Theory(scenario, group).use(from_ms, until_ms)
    return Expected(None, None) if use is None else Expected(use.expected, use.deviation)


def _scaled(group: Group, item: TrafficItem) -> bool:
    """Does the SIM's factor, on its rates or its sizes, act on this item?"""
    if group.devices.monthly_use is not None:
        return isinstance(item.arrivals, Periodic | Poisson | OnOff)
    return isinstance(item.arrivals, Poisson | OnOff)


def _mean_square(size: Moments) -> float:
    return (size.variance or 0.0) + (size.mean or 0.0) ** 2
