"""What a scenario means, in plain words and without simulating: the fastest answer that there is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from fleetsim.clock import MS_PER_DAY, period_ends
from fleetsim.rules.dns import lookup_passes
from fleetsim.scenario.fleet import Group, groups, limits_of
from fleetsim.scenario.schema import Continuous, Once, Periodic, Poisson, Scenario
from fleetsim.traffic import moments
from fleetsim.traffic.offered import added
from fleetsim.units import format_bytes, format_duration

MONTH_MS = 30 * MS_PER_DAY


class Expected(NamedTuple):
    """Bytes that a SIM is expected to move in a span if nothing stops it; ``None``: theory has no figure."""

    mean: float | None
    deviation: float | None


def outline(scenario: Scenario) -> list[str]:
    """Say what a scenario means, a line each."""
    return list(_lines(scenario))


def expected_use(scenario: Scenario, group: Group, from_ms: int, until_ms: int) -> Expected:
    """Bytes of a SIM of the group in [from, until), lookups included, were it active throughout and never blocked."""
    parts = [moments(scenario, group, item, from_ms, until_ms) for item in group.devices.traffic]
    mean = added(part.mean for part in parts)
    variance = added(part.variance for part in parts)
    dns = group.devices.dns
    if dns is not None and mean is not None:
        mean += _expected_lookups(group, until_ms - from_ms) * (dns.query_bytes + dns.response_bytes)
    return Expected(mean, None if variance is None else math.sqrt(variance))


def _lines(scenario: Scenario) -> Iterator[str]:
    platform = scenario.platform
    yield (
        f"{scenario.name}: {scenario.sims:,} SIMs from {_at(scenario, 0)} to {_at(scenario, scenario.horizon_ms)},"
        f" {scenario.replications} replication{'s' if scenario.replications > 1 else ''}, seed {scenario.seed}"
    )
    yield (
        "The platform knows usage from "
        + (
            "records made at the end of data sessions"
            if platform.record_interval_ms is None
            else f"records every {format_duration(platform.record_interval_ms)}"
        )
        + (f", {format_duration(platform.record_delay_ms)} late" if platform.record_delay_ms else "")
        + "; a SIM found above its limit is blocked "
        + (f"{format_duration(platform.enforcement_delay_ms)} later" if platform.enforcement_delay_ms else "at once")
        + ", until its billing period ends or its limit is raised; DNS that passes meanwhile: "
        + f"{platform.dns_when_blocked}."
    )
    for name, fleet in scenario.fleets.items():
        yield f"{name}: {_limit(fleet.data_limit_bytes)} a SIM and billing period"
        for at, limit in limits_of(scenario, name):
            late = format_duration(platform.limit_propagation.max_ms)
            yield f"  {_at(scenario, at)}: the owner sets {_limit(limit)}; it reaches a SIM up to {late} later"
        for group in groups(scenario):
            if group.fleet == name:
                yield from _group(scenario, group)


def _group(scenario: Scenario, group: Group) -> Iterator[str]:
    begin = group.devices.activation.at_ms
    end = next(period_ends(scenario.platform.billing_period, scenario.start, begin))
    period = expected_use(scenario, group, begin, end)
    head = f"  {group.name}: {group.devices.count:,} {group.devices.role} SIMs"
    if period.mean is None:
        yield f"{head}, whose size laws have no mean"
        return
    spread = "" if period.deviation is None else f" (standard deviation over SIMs {format_bytes(period.deviation)})"
    month = period.mean * MONTH_MS / (end - begin)
    yield (
        f"{head}, each expected to use, were it never blocked, about {format_bytes(period.mean)}{spread}"
        f" in its first billing period ({format_duration(end - begin)}), or {format_bytes(month)} in 30 days"
    )
    limit = scenario.fleets[group.fleet].data_limit_bytes
    if limit is None:
        return
    share = f"{100 * period.mean / limit:.0f} % of the limit" if limit else "more than the limit"
    if period.mean <= limit:
        yield f"    {share}: a typical SIM stays below it"
        if group.devices.role == "faulty":
            yield "    odd: these faulty devices do not reach the limit, so it does not contain them"
        return
    yield f"    {share}: a typical SIM crosses it about {_at(scenario, _crossing(scenario, group, begin, end, limit))}"
    if group.devices.role == "normal" and not limits_of(scenario, group.fleet):
        yield "    odd: the limit is below what these devices need"
    leak = _leak_per_day(scenario, group)
    if leak:
        yield (
            f"    while blocked, its attempts to reconnect look names up: about {format_bytes(leak)} a day of DNS, all"
            " beyond the limit; compare the cost with data_limit=unlimited"
        )


def _crossing(scenario: Scenario, group: Group, begin: int, end: int, limit: int) -> int:
    """Instant (ms) by which the expected use reaches the limit."""
    low, high = begin, end
    while high - low > 1000:
        middle = (low + high) // 2
        mean = expected_use(scenario, group, begin, middle).mean
        low, high = (low, middle) if mean is not None and mean > limit else (middle, high)
    return high


def _leak_per_day(scenario: Scenario, group: Group) -> float:
    """Bytes of DNS that the attempts of a blocked device move in a day, once they have slowed down."""
    dns, when_blocked = group.devices.dns, group.devices.when_blocked
    if dns is None or when_blocked is None or not lookup_passes(scenario.platform.dns_when_blocked, dns.resolver):
        return 0.0
    reconnect = when_blocked.reconnect
    wait = reconnect.max_ms if reconnect.factor > 1 else reconnect.first_ms
    between_lookups = wait * max(math.ceil(dns.cache_ttl_ms / wait), 1)
    return MS_PER_DAY / between_lookups * (dns.query_bytes + dns.response_bytes)


def _expected_lookups(group: Group, span_ms: int) -> float:
    """Lookups in a span: each transfer makes one, unless one was made within the cache's time.

    An approximation where a cache is shared: items are taken to be independent, and an arrival of another item within
    the cache's time before this one to have looked the name up.
    """
    dns = group.devices.dns
    assert dns is not None
    rates: list[tuple[float, float]] = []  # per item: transfers per ms, share of them that look up, were it alone
    for item in group.devices.traffic.values():
        if item.via == "dns":
            continue
        match item.arrivals:
            case Periodic(every_ms=every):
                rates.append((1 / every, 1 / max(math.ceil(dns.cache_ttl_ms / every), 1)))
            case Poisson(rate_per_day=per_day):
                per_ms = float(per_day) / MS_PER_DAY
                rates.append((per_ms, 1 / (1 + per_ms * dns.cache_ttl_ms)))
            case Once():
                rates.append((1 / span_ms, 1.0))
            case Continuous() | _:
                continue
    lookups = 0.0
    for i, (rate, share) in enumerate(rates):
        others = math.prod(max(1 - other * dns.cache_ttl_ms, 0.0) for j, (other, _) in enumerate(rates) if j != i)
        lookups += rate * span_ms * share * others
    return lookups


def _limit(limit: int | None) -> str:
    return "unlimited" if limit is None else f"limit {format_bytes(limit)}"


def _at(scenario: Scenario, ms: int) -> str:
    return (scenario.start + timedelta(milliseconds=ms)).strftime("%Y-%m-%d %H:%M UTC")
