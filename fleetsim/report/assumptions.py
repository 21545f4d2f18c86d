"""What a run takes for granted, in words: limits, devices, platform, tariff, timeline."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fleetsim.report import words
from fleetsim.report.devices import devices
from fleetsim.report.source import Result, start_and_end
from fleetsim.scenario.schema import Entry, LimitChange, Move, Scenario
from fleetsim.units import canonical_bytes, format_duration

if TYPE_CHECKING:
    from fleetsim.scenario.platform import Propagation


def assumptions(result: Result) -> tuple[tuple[str, str], ...]:
    """Pairs of a subject and a sentence, in the order of the page; names are not escaped."""
    return assumptions_of(result.scenario, start_and_end(result)[0])


def assumptions_of(scenario: Scenario, start: datetime | None = None) -> tuple[tuple[str, str], ...]:
    """The same of a scenario; `start` is its own unless said otherwise."""
    begun = scenario.start if start is None else start
    made = (_fleets(scenario), devices(scenario), _timeline(scenario, begun), _platform(scenario), _tariff(scenario))
    return tuple(pair for part in made for pair in part)


def _fleets(scenario: Scenario) -> list[tuple[str, str]]:
    made = []
    for name, fleet in scenario.fleets.items():
        groups = [f"{group.count:,} {words.plain(key)} ({group.role})" for key, group in fleet.devices.items()]
        who = words.listed(groups) if groups else "no devices at the start"
        limit = "no data limit" if fleet.data_limit_bytes is None else f"limit {words.limit(fleet.data_limit_bytes)}"
        made.append((f"Fleet {words.plain(name)}", f"{limit} for each SIM; {who}"))
    return made


def _timeline(scenario: Scenario, start: datetime) -> list[tuple[str, str]]:
    return [
        (f"From {words.instant(start + timedelta(milliseconds=entry.at_ms))}", owner_does(entry))
        for entry in sorted(scenario.timeline, key=lambda entry: int(entry.at_ms))
    ]


def owner_does(entry: Entry) -> str:
    """An entry of the timeline without its instant; names are not escaped."""
    if isinstance(entry, LimitChange):
        return f"limit of {words.plain(entry.fleet)} set to {words.limit(entry.data_limit_bytes)}"
    fleet, group = map(words.plain, entry.sims)
    who = f"{'all' if entry.count is None else f'{entry.count:,}'} {group} of {fleet}"
    return f"{who} moved to {words.plain(entry.to)}" if isinstance(entry, Move) else f"{who} made {entry.status}"


def _platform(scenario: Scenario) -> list[tuple[str, str]]:
    platform = scenario.platform
    every = platform.record_interval_ms
    records = (
        "only when a data session ends" if every is None else f"every {format_duration(every)} and at a session's end"
    )
    if platform.record_delay_ms:
        records += f", evaluated {format_duration(platform.record_delay_ms)} later"
    delay = platform.enforcement_delay_ms
    stop = (
        f"{format_duration(delay)} after usage is found above the limit"
        if delay
        else "as soon as usage is found above the limit"
    )
    passes = {
        "public": "DNS with public resolvers passes",
        "all": "all DNS passes",
        "none": "nothing passes",
    }[platform.dns_when_blocked]
    if platform.dns_when_blocked != "none":
        passes += " and counts toward the limit" if platform.dns_counts else " and does not count toward the limit"
    period = platform.billing_period
    if isinstance(period, int):
        lasts = f"{format_duration(period)} from a SIM's activation"
    else:
        anchors = {
            "activation-month": "a month from a SIM's activation",
            "calendar-month": "a calendar month (UTC)",
        }
        lasts = anchors[period]
    return [
        ("Usage records", records),
        ("A block", f"{stop}; while it lasts, {passes}"),
        ("A changed limit", _propagation(platform.limit_propagation)),
        ("A billing period", lasts),
    ]


def _propagation(delay: Propagation) -> str:
    longest = format_duration(delay.max_ms)
    if delay.fixed:
        return f"reaches every SIM after {longest}" if delay.max_ms else "reaches every SIM at once"
    typical = f"{words.share(float(delay.typical_share))} of SIMs within {format_duration(delay.typical_ms)}"
    return f"reaches {typical}, all within {longest}"


def _tariff(scenario: Scenario) -> list[tuple[str, str]]:
    tariff = scenario.tariff
    fee, per_mb, *prices = (
        words.money(micros / 1e6, tariff.currency)
        for micros in (tariff.fee_micros, tariff.per_mb_micros, *tariff.networks.values())
    )
    apart = [f"{price} in {words.plain(name)}" for name, price in zip(tariff.networks, prices, strict=True)]
    if len(apart) > 5:
        apart[5:] = [f"prices of their own in {len(apart) - 5} more networks"]
    elsewhere = f" ({words.listed(apart)})" if apart else ""
    steps = "" if tariff.increment_bytes == 1 else f", in steps of {canonical_bytes(tariff.increment_bytes)}"
    return [("Tariff", f"{fee} for each SIM and billing period, {per_mb} per MB{elsewhere}{steps}")]
