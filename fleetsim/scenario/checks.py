"""Checks across the parts of a scenario. They run on the parts that are right, so that all mistakes come together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from fleetsim.clock import MS_PER_DAY
from fleetsim.draws.laws import MAX_SIZE_BYTES
from fleetsim.scenario.arrivals import Continuous, OnOff, Periodic, Poisson, Process
from fleetsim.scenario.base import Misfit, Reading
from fleetsim.scenario.devices import MAX_SIMS, AlwaysOn, DeviceGroup, TrafficItem
from fleetsim.scenario.functions import OwnArrivals, OwnSizes
from fleetsim.scenario.moments import instant_text
from fleetsim.scenario.platform import Platform
from fleetsim.scenario.quantities import LIMIT_EXPECTED, is_whole_mb
from fleetsim.scenario.schema import Entry, LimitChange, Move, StatusChange
from fleetsim.scenario.sizes import Sizes
from fleetsim.scenario.source import Key, quoted
from fleetsim.scenario.wording import did_you_mean
from fleetsim.units import canonical_duration

MAX_EVENTS: Final = 50_000_000
MAX_PERIODS: Final = 1_000_000
#: Bytes that one item of one SIM may be expected to move, and all of them together: sums stay in 64 bits.
MAX_ITEM_BYTES: Final = 10**15
MAX_TOTAL_BYTES: Final = 10**18


def misfits(raw: dict[str, Any], reading: Reading) -> Iterator[Misfit]:
    """Yield what is wrong across parts.

    Parameters
    ----------
    raw
        The scenario as plain data.
    reading
        What has been read of it.
    """
    fleets = _mapping(raw.get("fleets"))
    platform = reading.built.get(id(raw["platform"])) if "platform" in raw else Platform.model_validate({})
    if not isinstance(platform, Platform):
        platform = None
    yield from _platform(platform, reading.horizon_ms)
    sims, volume = 0, 0.0
    for fleet, content in fleets.items():
        for name, group_raw in _mapping(_mapping(content).get("devices")).items():
            path = ("fleets", fleet, "devices", name)
            group = reading.built.get(id(group_raw))
            if not isinstance(group, DeviceGroup):
                continue
            sims += group.count
            if sims - group.count <= MAX_SIMS < sims:
                yield Misfit((*path, "count"), f"expected at most {MAX_SIMS:,} devices in all")
            yield from _group(path, group, platform, reading)
            if reading.horizon_ms is None:
                continue
            for item_name, item in group.traffic.items():
                item_path = (*path, "traffic", item_name)
                expected_bytes = item_bytes(group, item, reading.horizon_ms)
                if expected_bytes > MAX_ITEM_BYTES:
                    yield Misfit(item_path, "expected at most 1 PB in the scenario from one item of one SIM")
                elif volume <= MAX_TOTAL_BYTES < volume + group.count * expected_bytes:
                    yield Misfit(item_path, "expected at most 1 EB in the scenario from all SIMs")
                volume += group.count * expected_bytes
    entries = raw.get("timeline")
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        built = reading.built.get(id(entry))
        if isinstance(built, LimitChange | StatusChange | Move):
            yield from _entry(("timeline", index), built, fleets, reading)


def _mapping(raw: Any) -> dict[str, Any]:
    return raw if isinstance(raw, dict) else {}


def _platform(platform: Platform | None, horizon_ms: int | None) -> Iterator[Misfit]:
    if platform is None or horizon_ms is None:
        return
    if isinstance(platform.billing_period, int) and horizon_ms > MAX_PERIODS * platform.billing_period:
        yield Misfit(("platform", "billing_period"), f"expected at most {MAX_PERIODS:,} billing periods a SIM")
    if platform.record_interval_ms is not None and horizon_ms > MAX_EVENTS * platform.record_interval_ms:
        yield Misfit(("platform", "record_interval"), f"expected at most {MAX_EVENTS:,} records a SIM")


def _group(path: tuple[Key, ...], group: DeviceGroup, platform: Platform | None, reading: Reading) -> Iterator[Misfit]:
    session, horizon_ms = group.session, reading.horizon_ms
    if platform is not None and isinstance(session, AlwaysOn) and session.first_record_ms is not None:
        interval = platform.record_interval_ms
        where = (*path, "session", "first_record")
        if interval is None:
            yield Misfit(where, "expected none: records close only at a session's end here (record_interval: none)")
        elif session.first_record_ms > interval:
            yield Misfit(where, f"expected at most the record interval, {canonical_duration(interval)}")
    if horizon_ms is None:
        return
    if group.when_blocked is not None and horizon_ms > MAX_EVENTS * group.when_blocked.reconnect.max_ms:
        yield Misfit((*path, "when_blocked", "reconnect", "max"), f"expected at most {MAX_EVENTS:,} attempts a SIM")
    for name, item in group.traffic.items():
        where = (*path, "traffic", name, "arrivals")
        if _transfers_at_most(group, item.arrivals, horizon_ms) > MAX_EVENTS:
            key = "every" if isinstance(item.arrivals, Periodic) else "rate"
            yield Misfit((*where, key), f"expected at most {MAX_EVENTS:,} transfers of one SIM in the scenario")
        stream = item.arrivals
        if isinstance(stream, OnOff) and 2 * horizon_ms > MAX_EVENTS * (stream.on_ms + stream.off_ms):
            yield Misfit((*where, "on"), f"expected at most {MAX_EVENTS:,} times on and off of one SIM in the scenario")
        if not isinstance(stream, Continuous) or reading.start is None:
            continue
        if stream.until_ms is None and stream.from_ms >= horizon_ms:
            yield Misfit((*where, "from"), _before_the_end(reading.start, horizon_ms))


def _before_the_end(start: datetime, horizon_ms: int) -> str:
    end = instant_text(start + timedelta(milliseconds=horizon_ms))
    return f"expected an instant before the scenario's end, {canonical_duration(horizon_ms)} or {end}"


def _transfers_at_most(group: DeviceGroup, arrivals: Process, horizon_ms: int) -> float:
    """Return the mean number of transfers of a SIM that has more than nearly all others."""
    # One SIM in a million has a larger factor on its rates.
    factor = math.exp(4.75 * group.rate_spread - group.rate_spread**2 / 2) if group.rate_spread else 1.0
    match arrivals:
        case Periodic():
            return horizon_ms / arrivals.every_ms
        case Poisson(rate_per_day=rate, profile=profile):
            peak = 1.0 if profile is None else max(profile) * len(profile) / sum(profile)
            return float(rate) * factor * min(peak * horizon_ms, horizon_ms + 7 * MS_PER_DAY) / MS_PER_DAY
        case OnOff(rate_per_day=rate, on_ms=on, off_ms=off):
            return float(rate) * factor * min(horizon_ms, 2 * horizon_ms * on / (on + off) + 20 * on) / MS_PER_DAY
        case _:
            return 1.0


def item_bytes(group: DeviceGroup, item: TrafficItem, horizon_ms: int) -> float:
    """Return the bytes that an item is expected to offer of each SIM of its group until the horizon."""
    if isinstance(item.arrivals, Continuous):
        return (item.upload_bytes_per_s + item.download_bytes_per_s) * horizon_ms / 1000
    if isinstance(item.arrivals, OwnArrivals):
        return 0.0  # not known; what it draws is held to bounds (`fleetsim.traffic.own`)
    size = _mean(item.upload) + _mean(item.download)
    if not isinstance(item.arrivals, Periodic | Poisson | OnOff):
        return size
    use, month = group.monthly_use, group.month_bytes
    factor = 1.0 if use is None or not month else _mean(use.law) / month
    return float(item.arrivals.mean_per_day) * horizon_ms / MS_PER_DAY * size * factor


def _mean(law: Sizes) -> float:
    if isinstance(law, OwnSizes):
        return 0.0
    mean = law.expectation()
    return MAX_SIZE_BYTES if mean is None else min(mean, MAX_SIZE_BYTES)


def _entry(path: tuple[Key, ...], entry: Entry, fleets: dict[str, Any], reading: Reading) -> Iterator[Misfit]:
    if reading.start is not None and reading.horizon_ms is not None and entry.at_ms >= reading.horizon_ms:
        yield Misfit((*path, "at"), _before_the_end(reading.start, reading.horizon_ms))
    if isinstance(entry, LimitChange):
        yield from _limit(path, entry, fleets)
        return
    fleet, group = entry.sims
    if fleet not in fleets or group not in _mapping(_mapping(fleets[fleet]).get("devices")):
        known = [
            f"{name}/{each}" for name, content in fleets.items() for each in _mapping(_mapping(content).get("devices"))
        ]
        yield Misfit(
            (*path, "sims"), f"expected a device group ({_few(known)}){did_you_mean(f'{fleet}/{group}', known)}"
        )
    if isinstance(entry, Move) and entry.to not in fleets:
        yield Misfit((*path, "to"), f"expected the name of a fleet ({_few(fleets)}){did_you_mean(entry.to, fleets)}")


def _limit(path: tuple[Key, ...], change: LimitChange, fleets: dict[str, Any]) -> Iterator[Misfit]:
    if change.fleet not in fleets:
        hint = did_you_mean(change.fleet, fleets)
        yield Misfit((*path, "fleet"), f"expected the name of a fleet ({_few(fleets)}){hint}")
        return
    # As it is in the file: the fleet's other keys may be wrong.
    any_limit = _mapping(fleets[change.fleet]).get("any_limit", False)
    if any_limit is False and not is_whole_mb(change.data_limit_bytes):
        yield Misfit((*path, "data_limit"), LIMIT_EXPECTED)


def _few(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(map(quoted, listed[:5])) + (", …" if len(listed) > 5 else "")
