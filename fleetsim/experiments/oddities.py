"""What looks odd in a scenario: it would run, and probably not answer what was meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from fleetsim.experiments.crossing import NEVER, Ints, at_instant, limit_at, limits_over_time
from fleetsim.experiments.outlook import Outlook
from fleetsim.experiments.phrases import at, of_the_sims, size
from fleetsim.scenario.fleet import limits_of
from fleetsim.scenario.operations import Taken, taken
from fleetsim.scenario.schema import AlwaysOn, Continuous, Move, Once, Periodic, Scenario, TrafficItem
from fleetsim.units import format_bytes, format_duration

_MANY = 0.5
_SOME = 0.005


def oddities(scenario: Scenario, outlooks: Sequence[Outlook]) -> Iterator[str]:
    """Say what looks odd, each in a line that begins with what it is about."""
    entries = {id(outlook): taken(scenario, outlook.group) for outlook in outlooks}
    for outlook in outlooks:
        place = f"{outlook.group.fleet}/{outlook.group.name}"
        for rule in (_life, _items, _limit, _records, _price):
            yield from (f"{place}: {line}" for line in rule(outlook))
        yield from (f"{place}: {line}" for line in _moves(outlook, entries[id(outlook)]))
    for name in scenario.fleets:
        yield from (f"{name}: {line}" for line in _fleet(scenario, name, outlooks, entries))


def _life(outlook: Outlook) -> Iterator[str]:
    horizon = outlook.scenario.horizon_ms
    if outlook.whole is None or outlook.sims is None:
        yield f"never active: activated from {at(outlook.scenario, outlook.group.devices.activation.at_ms)} on, after"
        return
    end = outlook.complete_ms
    if end is not None and end > horizon:
        yield (
            f"no complete billing period lies in the scenario: the first ends {at(outlook.scenario, end)};"
            " shares of blocked SIM-periods count complete ones"
        )


def _items(outlook: Outlook) -> Iterator[str]:
    horizon = outlook.scenario.horizon_ms
    if not outlook.group.devices.traffic:
        yield "it has no traffic"
    for name, item in outlook.group.devices.traffic.items():
        match item.arrivals:
            case Periodic(every_ms=every, jitter_ms=jitter) if jitter > every:
                yield (
                    f"{name}: a jitter of {format_duration(jitter)} is longer than the distance of"
                    f" {format_duration(every)}: nearly a Poisson process"
                )
            case Once(at_ms=begin) | Continuous(from_ms=begin) if begin >= horizon:
                yield f"{name}: begins {at(outlook.scenario, begin)}, when the scenario has ended"
            case _:
                continue


def _limit(outlook: Outlook) -> Iterator[str]:
    if outlook.whole is None or outlook.use is None:
        return
    most = outlook.theory.use(*outlook.peak)
    assert most is not None
    limits = outlook.limits_in(*outlook.peak)
    known = [size for size in limits if size is not None]
    if not known:
        return
    if outlook.group.devices.role == "normal":
        if len(known) == len(limits) and most.expected > max(known):
            yield (
                f"the limit of {format_bytes(max(known))} is below the {size(most.expected)} that these normal"
                " devices are expected to use"
            )
    elif max(outlook.crossing.share, outlook.peak_crossing.share) < _MANY:
        yield (
            f"these faulty devices are expected to use {size(most.expected)}, so most do not reach the limit of"
            f" {format_bytes(min(known))}: it does not contain them"
        )
    dns = max(outlook.dns_bytes(found)[1] for found in (outlook.crossing, outlook.peak_crossing))
    if dns > min(known):
        yield (
            f"a SIM blocked until its period ends moves about {size(dns)} of DNS meanwhile, more than the limit"
            f" of {format_bytes(min(known))}"
        )


def _records(outlook: Outlook) -> Iterator[str]:
    if all(size is None for _, size in outlook.limits) or outlook.whole is None:
        return
    platform, session = outlook.scenario.platform, outlook.group.devices.session
    interval, period = platform.record_interval_ms, outlook.period[1] - outlook.period[0]
    if interval is None:
        if isinstance(session, AlwaysOn):
            yield "record_interval none, and an always-on session never ends: no record is made, no SIM is blocked"
        elif any(_keeps_open(item, session.idle_timeout_ms) for item in outlook.group.devices.traffic.values()):
            yield (
                f"record_interval none, and an idle_timeout of {format_duration(session.idle_timeout_ms)} that its"
                " traffic never lets pass: the session does not end, no record is made, no SIM is blocked"
            )
    elif isinstance(session, AlwaysOn):
        first = interval if session.first_record_ms is None else session.first_record_ms
        if first >= min(period, outlook.scenario.horizon_ms):
            yield (
                f"the first record closes up to {format_duration(first)} after the start of a session: most or all of a"
                " billing period, or of the scenario, goes by unseen"
            )
    late = platform.record_delay_ms + platform.enforcement_delay_ms
    if late >= period:
        yield f"a block comes {format_duration(late)} after a record: the billing period is over, and none takes effect"


def _keeps_open(item: TrafficItem, idle_timeout_ms: int) -> bool:
    """Is the traffic such that a session is never idle for so long?"""
    match item.arrivals:
        case Periodic(every_ms=every, jitter_ms=jitter):
            return every + 2 * jitter - item.duration_ms <= idle_timeout_ms
        case Continuous(until_ms=until):
            return until is None
    return False


def _price(outlook: Outlook) -> Iterator[str]:
    tariff, network = outlook.scenario.tariff, outlook.group.devices.network
    if network is not None and network not in tariff.networks:
        yield f"the tariff has no price for its network {network}: data costs what per_mb says"
    elif network is None and tariff.networks:
        yield "the tariff has prices by network and it names none: data costs what per_mb says"


def _moves(outlook: Outlook, entries: Sequence[Taken]) -> Iterator[str]:
    scenario = outlook.scenario
    for entry, sims in entries:
        when = at(scenario, entry.at_ms)
        if not sims.any():
            yield f"{when}: the entry on the timeline changes no SIM"
        elif isinstance(entry, Move) and outlook.sims is not None and outlook.use is not None:
            new = limit_at(limits_over_time(scenario, entry.to), entry.at_ms)
            over = 0.0 if new is None else outlook.above(entry.at_ms, new)
            if new is not None and over >= _SOME:
                yield (
                    f"{when}: {of_the_sims(over)} have used more than the limit of {entry.to}, {format_bytes(new)}, as"
                    " they move to it: they are blocked"
                )


def _fleet(
    scenario: Scenario, name: str, outlooks: Sequence[Outlook], entries: Mapping[int, list[Taken]]
) -> Iterator[str]:
    arriving = [
        entry for found in entries.values() for entry, _ in found if isinstance(entry, Move) and entry.to == name
    ]
    if not scenario.fleets[name].devices and not arriving:
        yield "no device is in it and none moves to it"
    late_ms = scenario.platform.limit_propagation.max_ms
    for ms, _ in limits_of(scenario, name):
        there = [
            left for outlook in outlooks if (left := _periods_at(outlook, entries[id(outlook)], name, ms)) is not None
        ]
        when = f"{at(scenario, ms)}: the limit set then"
        if not any(ends.size for ends in there):
            yield f"{when} finds no SIM in a billing period"
        elif all((ends > scenario.horizon_ms).all() for ends in there):
            yield f"{when} acts in billing periods that the scenario's end cuts short: no complete one shows it"
        if ms + late_ms > scenario.horizon_ms:
            yield f"{when} has not reached every SIM when the scenario ends"


def _periods_at(outlook: Outlook, entries: Sequence[Taken], fleet: str, ms: int) -> Ints | None:
    """Ends of the periods that the group's SIMs in a fleet are in at an instant; ``None`` where none is in it.

    SIMs that are activated later count as being in the period that they will start with.
    """
    count = outlook.group.devices.count
    here, gone_ms = np.full(count, outlook.group.fleet == fleet), np.full(count, NEVER)
    for entry, sims in entries:
        if entry.at_ms > ms:
            break
        if isinstance(entry, Move):
            here[sims] = entry.to == fleet
        else:
            gone_ms[sims] = entry.at_ms if entry.status == "inactive" else NEVER
    if not here.any() or outlook.sims is None:
        return None
    latest = int(gone_ms[here].max())
    cells = outlook.sims
    running = at_instant(outlook.scenario, cells, min(latest, ms)).end_ms
    waiting = cells.end_ms[cells.begin_ms > ms]
    ends = np.concatenate([running, waiting])
    return ends if latest == NEVER else ends[ends > ms]
