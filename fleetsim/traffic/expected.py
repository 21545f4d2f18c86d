"""What theory expects of a device group's traffic."""

from __future__ import annotations

from collections.abc import Iterable

from fleetsim.scenario.fleet import Group
from fleetsim.scenario.schema import Continuous, Once, OnOff, OwnArrivals, Periodic, Poisson, Scenario
from fleetsim.traffic import continuous, on_off, once, periodic, poisson, trace
from fleetsim.traffic.offered import Moments, added
from fleetsim.traffic.profile import LocalClock
from fleetsim.traffic.spread import factor_moments


def moments(scenario: Scenario, group: Group, item: str, from_ms: int, until_ms: int) -> Moments:
    """Mean and variance over SIMs of the bytes that an item offers in [from, until), for SIMs active throughout.

    Periodic traffic counts from the activation, which is taken to be `from_ms`.
    """
    return _moments(scenario, group, [item], from_ms, until_ms)


def group_moments(scenario: Scenario, group: Group, from_ms: int, until_ms: int) -> Moments:
    """Likewise for all items of a SIM together, which its factor on rates or sizes makes depend on one another."""
    return _moments(scenario, group, group.devices.traffic, from_ms, until_ms)


def _moments(scenario: Scenario, group: Group, items: Iterable[str], from_ms: int, until_ms: int) -> Moments:
    """Given a SIM's factor, its items are independent; by the law of total variance

    variance = E[variance given the factor] + Var[factor] * (sum of the means that it scales)^2.
    """
    use = group.devices.monthly_use
    factor, factor_square = factor_moments(group.devices)
    fixed: list[Moments] = []
    scaled: list[Moments] = []  # for the factor 1
    clock = LocalClock(scenario.timezone, scenario.start_ms)
    for item in items:
        content = group.devices.traffic[item]
        match content.arrivals:
            case Periodic() as arrivals:
                part = periodic.moments(content, arrivals, until_ms - from_ms)
                (fixed if use is None else scaled).append(part)
            case Poisson() as arrivals:
                scaled.append(poisson.moments(content, arrivals, from_ms, until_ms, clock))
            case OnOff() as arrivals:
                rate_square = factor_square if use is None else 1.0
                scaled.append(on_off.moments(content, arrivals, until_ms - from_ms, rate_square))
            case Once() as arrivals:
                fixed.append(once.moments(content, arrivals, from_ms, until_ms))
            case OwnArrivals():
                fixed.append(Moments(None, None))
            case Continuous() as arrivals:
                fixed.append(continuous.moments(content, arrivals, from_ms, until_ms))
            case _:
                rows = scenario.trace(group.fleet, group.name, item)
                fixed.append(trace.moments(rows, group.devices.count, from_ms, until_ms))
    scaled_mean = added(part.mean for part in scaled)
    fixed_mean = added(part.mean for part in fixed)
    if scaled_mean is None or fixed_mean is None:
        return Moments(None, None)
    # A factor on the sizes scales a variance by its square, one on the rate of a Poisson process by itself, so by 1.
    scaled_variance = added(part.variance for part in scaled)
    fixed_variance = added(part.variance for part in fixed)
    mean = fixed_mean + factor * scaled_mean
    if scaled_variance is None or fixed_variance is None:
        return Moments(mean, None)
    given = fixed_variance + (1.0 if use is None else factor_square) * scaled_variance
    return Moments(mean, given + (factor_square - factor**2) * scaled_mean**2)
