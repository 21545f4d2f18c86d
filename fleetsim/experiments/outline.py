"""What a scenario means, in plain words and without simulating: the fastest answer that there is."""

from __future__ import annotations

from collections.abc import Iterator

from fleetsim.experiments.crossing import limit_at, limits_over_time
from fleetsim.experiments.group_outline import group_outline
from fleetsim.experiments.oddities import oddities
from fleetsim.experiments.outlook import Outlook
from fleetsim.experiments.phrases import at, limit, money, share, shares, some
from fleetsim.scenario.fleet import groups, limits_of
from fleetsim.scenario.operations import Taken, step_order, taken
from fleetsim.scenario.schema import Move, Scenario
from fleetsim.units import format_duration


def outline(scenario: Scenario) -> list[str]:
    """Say what a scenario means, a line each."""
    return list(_lines(scenario))


def _lines(scenario: Scenario) -> Iterator[str]:
    outlooks = [Outlook(scenario, group) for group in groups(scenario)]
    yield (
        f"{scenario.name}: {some(scenario.sims, 'SIM')} from {at(scenario, 0)} to {at(scenario, scenario.horizon_ms)},"
        f" {some(scenario.replications, 'replication')}, seed {scenario.seed}"
    )
    yield from _platform(scenario)
    for name in scenario.fleets:
        yield from _fleet(scenario, name, [outlook for outlook in outlooks if outlook.group.fleet == name])
    odd = list(oddities(scenario, outlooks))
    yield from (f"odd: {line}" for line in odd)
    if not odd:
        yield "Nothing looks odd."


def _platform(scenario: Scenario) -> Iterator[str]:
    platform = scenario.platform
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
    if any(fleet.devices for fleet in scenario.fleets.values()):
        yield "Below is what theory expects of SIMs that stay active in their fleet and are never blocked."


def _fleet(scenario: Scenario, name: str, here: list[Outlook]) -> Iterator[str]:
    content = scenario.fleets[name]
    yield f"{name}: {limit(content.data_limit_bytes)} a SIM and billing period"
    before = content.data_limit_bytes
    for ms, new in limits_of(scenario, name):
        yield f"  {at(scenario, ms)}: {_change(scenario, here, ms, before, new)}"
        before = new
    for outlook in here:
        yield from group_outline(outlook)
        for entry in sorted(taken(scenario, outlook.group), key=lambda each: step_order(each.entry)):
            yield f"    {at(scenario, entry.entry.at_ms)}: {_owner(scenario, entry)}"
    known = [outlook for outlook in here if outlook.whole is not None and outlook.use is not None]
    if known:
        cost = sum(outlook.group.devices.count * (outlook.fee + outlook.usage_cost) for outlook in known)
        who = "all SIMs" if len(known) == len(here) else ", ".join(outlook.group.name for outlook in known)
        yield f"  {who} together cost about {money(scenario, cost)} a period, were none ever blocked"


def _change(scenario: Scenario, here: list[Outlook], ms: int, before: int | None, new: int | None) -> str:
    """Say what a limit does that the owner sets, and by when."""
    said = f"the owner sets {limit(new)}; {_late(scenario)}"
    if new == before:
        return f"{said}; that is the limit it had"
    there = [outlook for outlook in here if outlook.sims is not None and outlook.use is not None]

    def parts(size: int) -> str:
        return shares([(outlook.group.name, outlook.above(ms, size)) for outlook in there])

    if new is not None and (before is None or new < before):
        stopped = parts(new)
        return f"{said}, and blocks " + (f"those above it by then: {stopped}" if stopped else "hardly a SIM by that")
    assert before is not None
    freed = parts(before)
    if not freed:
        return f"{said}, and unblocks hardly a SIM by that"
    return f"{said}, and unblocks what is not above it too; above the old one are by then {freed}"


def _late(scenario: Scenario) -> str:
    late = scenario.platform.limit_propagation
    if late.max_ms == 0:
        return "it reaches every SIM at once"
    if late.fixed:
        return f"it reaches every SIM {format_duration(late.max_ms)} later"
    most = format_duration(late.max_ms)
    if late.typical_share in (0, 1):
        return f"it reaches every SIM within {most if late.typical_share == 0 else format_duration(late.typical_ms)}"
    typical = format_duration(late.typical_ms)
    return f"it reaches {share(float(late.typical_share))} of the SIMs within {typical}, all within {most}"


def _owner(scenario: Scenario, change: Taken) -> str:
    sims = some(int(change.sims.sum()), "SIM")
    if not isinstance(change.entry, Move):
        return f"the owner makes {sims} {change.entry.status}"
    fleet = change.entry.to
    return f"the owner moves {sims} to {fleet} ({limit(_limit_then(scenario, fleet, change.entry.at_ms))})"


def _limit_then(scenario: Scenario, fleet: str, ms: int) -> int | None:
    return limit_at(limits_over_time(scenario, fleet), ms)
