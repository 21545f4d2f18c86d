"""The sentences about silence: for how long a SIM stays blocked, how soon it is back, and what is lost by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from fleetsim.report import words
from fleetsim.report.source import ROLES, Result, Summary, has_rows, replications, start_and_end, total
from fleetsim.units import format_bytes

_MOST_RAISES = 3  # of which a sentence each can be read
_MUCH = 0.1  # of what blocks save at most: DNS that costs less changes little about it


def silence(result: Result, summary: Summary) -> list[str]:
    """All of these sentences; none where nobody was blocked."""
    if not total(result.replications, "blocked_sim_periods"):
        return []
    return [_lasting(result), *_back(result), *_undelivered(result), *_saving(result, summary)]


def _lasting(result: Result) -> str:
    frame = result.replications
    roles = [role for role in ROLES if total(frame, "sim_periods", role=role)]
    told: list[str] = []
    for role in roles:
        if count := total(frame, "blocked_sim_periods", role=role):
            who = f"{role} devices" if len(roles) > 1 else "SIMs"
            mean = words.lateness(total(frame, "blocked_ms", role=role) / count)
            longest = _longest(result, role, mean)
            if told:
                told.append(f"{who} for {mean}{longest}")
            else:
                told.append(f"{who} stayed so for {mean} of a billing period on average{longest}")
    return f"Once blocked, {words.listed(told)}."


def _longest(result: Result, role: str, mean: str) -> str:
    if not has_rows(result):
        return ""
    longest = words.lateness(float(result.overview.longest_blocked_ms[role]))
    return "" if longest == mean else f" ({longest} at most)"


def _back(result: Result) -> Iterator[str]:
    """How soon the SIMs that a raised limit finds blocked are back."""
    if not has_rows(result):
        return
    for at_ms, fleet in _raises(result):
        if said := _back_after(result, at_ms, fleet):
            yield said


def _raises(result: Result) -> list[tuple[int, str]]:
    """When limits are raised, ms since the start, and of which fleet; none where they are many."""
    limit = {name: fleet.data_limit_bytes for name, fleet in result.scenario.fleets.items()}
    raises = []
    for change in sorted(result.scenario.limit_changes, key=lambda each: int(each.at_ms)):
        old, new = limit[change.fleet], change.data_limit_bytes
        if old is not None and (new is None or new > old):
            raises.append((int(change.at_ms), str(change.fleet)))
        limit[change.fleet] = new
    return raises if len(raises) <= _MOST_RAISES else []


def _back_after(result: Result, at_ms: int, fleet: str) -> str:
    found = result.overview.found_blocked(at_ms, fleet)
    count = int(found.sim_periods.sum())
    if not count:
        return ""
    mean = count / replications(result)
    average = " on average" if (found.sim_periods != found.sim_periods[0]).any() else ""
    who = f"{words.number(mean)} {'SIM was' if mean == 1 else 'SIMs were'} blocked{average}"
    whose = f" of {words.plain(fleet)}" if len(result.scenario.fleets) > 1 else ""
    when = words.instant(start_and_end(result)[0] + timedelta(milliseconds=at_ms))
    said = f"When the limit{whose} was raised on {when}, {who}; "
    if not found.back:
        return f"{said}none of them was back before its billing period or the run ended."
    most = words.lateness(found.most_ms)
    if found.back == count:
        return f"{said}half of them were back within {words.lateness(found.half_ms)} and all within {most}."
    share = words.share(found.back / count)
    return f"{said}{share} of them were back by it, within {most}, and the others only when their billing period ended."


def _undelivered(result: Result) -> list[str]:
    lost = total(result.replications, "undelivered_bytes", role="normal")
    if not lost:
        return []
    return [f"{format_bytes(lost / replications(result))} per run of normal devices' data was not delivered."]


def _saving(result: Result, summary: Summary) -> list[str]:
    """What the limit saves by holding faulty devices up, beside what their DNS costs meanwhile."""
    frame, n = result.replications, replications(result)
    lost, used, paid = (
        total(frame, column, role="faulty") for column in ("undelivered_bytes", "used_bytes", "usage_cost_micros")
    )
    if not lost or not paid:
        return []
    # A bound: without the limit all of it moves, but the DNS of attempts to reconnect does not.
    currency = str(result.manifest["currency"])
    worth = lost / n * (paid / used) / 1e6
    moved, most = format_bytes(lost / n), words.money(worth, currency)
    said = f"Blocks kept {moved} per run of faulty devices from moving, which saves {most} at most"
    dns = summary.get("overage_cost_dns", role="faulty")
    if dns is None or not dns.value:
        return [f"{said}."]
    said += f"; the DNS that these still send while blocked costs {words.money(dns.value, currency)}"
    if dns.value < _MUCH * worth:
        return [f"{said}."]
    # Unblocked they would send DNS too, so the one less the other is not what the limit saves.
    return [
        f"{said}, and unblocked they would send DNS too: `fleetsim compare` with a scenario without a limit tells what"
        " it saves in all."
    ]
