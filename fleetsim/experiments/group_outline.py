"""What lies ahead of a device group, in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fleetsim.experiments.crossing import Crossing, running_ends_ms
from fleetsim.experiments.outlook import Outlook
from fleetsim.experiments.phrases import HARDLY, amount, at, money, of_the_sims, share, size, some
from fleetsim.scenario.schema import AlwaysOn
from fleetsim.traffic import has_function
from fleetsim.units import format_duration

_NEAR = 0.8
"""Of its limit: a SIM that has used more is close to it."""


def group_outline(outlook: Outlook) -> Iterator[str]:
    """Say what is expected of a group, a line each."""
    group = outlook.group
    yield f"  {group.name}: {some(group.devices.count, f'{group.devices.role} SIM')}{_since(outlook)}"
    for line in (*_running(outlook), *_ready(outlook), *_use(outlook)):
        yield f"    {line}"


def _since(outlook: Outlook) -> str:
    scenario, activation = outlook.scenario, outlook.group.devices.activation
    rows = scenario.initial(outlook.group.fleet, outlook.group.name)
    if rows is not None and rows.sims.size == outlook.group.devices.count:
        return ""
    rest = "" if rows is None else f"; {some(outlook.group.devices.count - rows.sims.size, 'SIM')} of them"
    comma = "," if rows is None else ""
    until = f" to {at(scenario, activation.at_ms + activation.over_ms)}" if activation.over_ms else ""
    status = outlook.group.devices.status
    return f"{comma}{rest} {status} from {at(scenario, activation.at_ms)}{until}{' on' if not until else ''}"


def _running(outlook: Outlook) -> Iterator[str]:
    """The SIMs whose period is running at the start."""
    scenario, group = outlook.scenario, outlook.group
    rows = scenario.initial(group.fleet, group.name)
    if rows is None or not rows.sims.size:
        return
    ends = running_ends_ms(scenario, group)
    limit = scenario.fleets[group.fleet].data_limit_bytes
    blocked = int(rows.blocked.sum())
    said = f"{some(rows.sims.size, 'SIM')} in the middle of a period, which ends"
    said += f" from {at(scenario, int(ends.min()))} to {at(scenario, int(ends.max()))}"
    if limit is None:
        yield said
        return
    near, over = int((rows.used_bytes > _NEAR * limit).sum()), int((rows.used_bytes > limit).sum())
    yield (
        f"{said}: {near:,} above {100 * _NEAR:.0f} % of the limit, {over:,} of these above it; {blocked:,} blocked"
        + (f", the last until {at(scenario, int(ends[rows.blocked].max()))}" if blocked else "")
    )
    waiting = int((~rows.blocked & (rows.used_bytes > limit)).sum())
    if waiting:
        yield f"{some(waiting, 'SIM')} above the limit and not blocked: the next record has them blocked"
    free, found = np.sum(~rows.blocked & (rows.used_bytes <= limit)), outlook.crossing_now
    if found is not None:
        count = f"{found.sims:,.0f}" if found.sims >= 0.95 else ""
        who = f"about {count} {'crosses' if count == '1' else 'cross'}" if count else "hardly one crosses"
        yield f"of the {free:,} others {who} it before their period ends{_half(outlook, found)}"


def _ready(outlook: Outlook) -> Iterator[str]:
    if outlook.group.devices.status != "ready" or outlook.activated is None:
        return
    begin = int(np.median(outlook.activated.begin_ms))
    turns_ms, by_use = outlook.turns_active_ms
    end = " (after the scenario has ended)" if turns_ms >= outlook.scenario.horizon_ms else ""
    if by_use:
        yield f"without a fee until it turns active, by its use about {format_duration(turns_ms - begin)} later{end}"
    else:
        yield f"without a fee until it turns active, three months later since it uses little{end}"


def _use(outlook: Outlook) -> Iterator[str]:
    scenario = outlook.scenario
    if outlook.whole is None:
        return
    use, month = outlook.use, outlook.month
    if use is None or month is None:
        own = sorted({name for name, item in outlook.group.devices.traffic.items() if has_function(item)})
        yield (
            f"uses bytes that are not known beforehand: functions make its {', '.join(own)}"
            if own
            else "uses bytes of which there is no mean: a size law has none"
        )
        return
    begin, end = outlook.period
    deviation = use.deviation
    yield (
        f"uses about {size(use.expected)} in its first {'whole ' if outlook.running is not None else ''}billing"
        f" period ({format_duration(end - begin)}), {size(month.expected)} in 30 days; over SIMs: "
        + (
            "no standard deviation: a size law has none"
            if deviation is None
            else f"standard deviation {size(deviation)}, 95 % below {size(use.quantile(0.95))}"
            if deviation > 0
            else "all the same"
        )
    )
    yield from _limit(outlook)
    usage, fee = outlook.usage_cost, outlook.fee
    yield (f"costs about {money(scenario, fee + usage)} in that period: fee {amount(fee)}, usage {amount(usage)}")


def _limit(outlook: Outlook) -> Iterator[str]:
    """The use beside the limit, and what happens to those that cross it."""
    if all(limit is None for _, limit in outlook.limits):
        return
    found = outlook.crossing
    yield _crossing(outlook, outlook.period, found)
    if outlook.peak != outlook.period:
        most = outlook.theory.use(*outlook.peak)
        assert most is not None
        yield f"uses most in the period from {at(outlook.scenario, outlook.peak[0])}: {size(most.expected)}"
        yield _crossing(outlook, outlook.peak, outlook.peak_crossing)
        found = max(found, outlook.peak_crossing, key=lambda each: each.share)
    if found.share >= HARDLY:
        yield from _after(outlook, found)


def _crossing(outlook: Outlook, period: tuple[int, int], found: Crossing) -> str:
    use, limits = outlook.theory.use(*period), outlook.limits_in(*period)
    assert use is not None
    of_limit = f"about {share(use.expected / limits[-1])} of the limit; " if limits[-1] else ""
    if of_limit and len(set(limits)) > 1:
        of_limit = of_limit.replace("the limit", f"{size(limits[-1] or 0)}, the limit at its end")
    crosses = "cross" if found.share >= HARDLY else "crosses"
    return f"{of_limit}{of_the_sims(found.share)} {crosses} it in that period{_half(outlook, found)}"


def _after(outlook: Outlook, found: Crossing) -> Iterator[str]:
    platform, devices = outlook.scenario.platform, outlook.group.devices
    unseen = outlook.unseen_ms(found)
    if unseen is None:
        yield "such a SIM is never blocked: no record is made of its use before its period ends"
        return
    if outlook.lowered_ms(found) is not None:
        after = "as the lowered limit reaches it"
    else:
        after = "half a record" if isinstance(devices.session, AlwaysOn) else "half a record or an idle timeout"
        after += " and the delays" if platform.record_delay_ms or platform.enforcement_delay_ms else ""
    yield (
        f"such a SIM is blocked about {format_duration(unseen)} later, {after}, having moved about"
        f" {size(found.bytes_per_ms * unseen)} more"
    )
    per_day, to_end = outlook.dns_bytes(found)
    if per_day:
        yield (
            f"DNS passes while it is blocked: about {size(per_day)} a day, {size(to_end)} until its"
            " period ends, all beyond the limit"
        )


def _half(outlook: Outlook, found: Crossing) -> str:
    if found.half_ms is None or found.share < HARDLY or found.sims < 0.95:
        return ""
    late = "" if found.half_ms < outlook.scenario.horizon_ms else ", after the scenario has ended"
    return f", half of these by about {at(outlook.scenario, found.half_ms)}{late}"
