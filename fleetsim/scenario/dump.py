"""A scenario written out again: everything said, in canonical units, with no preset and no override left."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from fleetsim import units
from fleetsim.scenario.arrivals import Continuous, Once, OnOff, Periodic, Poisson, Process, Trace
from fleetsim.scenario.attach import functions_of
from fleetsim.scenario.devices import AlwaysOn, DeviceGroup, Dns, OnDemand, TrafficItem, WhenBlocked
from fleetsim.scenario.functions import OwnArrivals
from fleetsim.scenario.moments import instant_text
from fleetsim.scenario.platform import Platform, Propagation, Tariff
from fleetsim.scenario.quantities import as_decimal
from fleetsim.scenario.schema import Entry, Fleet, LimitChange, Move, Scenario
from fleetsim.scenario.sizes import as_written

#: Keys that determine neither rows nor money.
_IRRELEVANT: Final = frozenset({"name", "description", "replications"})

_FUNCTIONS: Final = """\
# Traffic that says 'function' came from functions in Python. A file cannot give them: here are names and digests.
# To run this again: fleetsim.load("scenario.yaml"), then with_arrivals and with_sizes with these functions.
"""

Place = tuple[str, str, str]
_ms: Final = units.canonical_duration
_size: Final = units.canonical_bytes


def resolved(scenario: Scenario, file_names: Mapping[Place, str] | None = None) -> dict[str, Any]:
    """Return the scenario as plain data, decimal numbers as `Decimal`; reading it gives an equal scenario.

    Parameters
    ----------
    scenario
        What was loaded.
    file_names
        New names of the files that it names, by (fleet, group, traffic item; '' for `initial`); the others keep theirs.
    """
    names = file_names or {}
    return _resolved(scenario, lambda place, file: names.get(place, file))


def resolved_group(group: DeviceGroup) -> dict[str, Any]:
    """Return a device group as plain data, as it stands in `resolved`; files by the names that the scenario gives."""
    return _group(("", ""), group, lambda _place, file: file)


def dump(scenario: Scenario, file_names: Mapping[Place, str] | None = None) -> str:
    """Return the resolved scenario as YAML; `file_names` as for `resolved`."""
    from ruamel.yaml import YAML
    from ruamel.yaml.representer import SafeRepresenter

    class Representer(SafeRepresenter):
        """Decimal numbers without quotes."""

    Representer.add_representer(
        Decimal, lambda self, value: self.represent_scalar("tag:yaml.org,2002:float", format(value, "f"))
    )
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = Representer
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.allow_unicode = True
    yaml.width = 1_000_000
    text = io.StringIO()
    if functions_of(scenario):
        text.write(_FUNCTIONS)
    yaml.dump(resolved(scenario, file_names), text)
    return text.getvalue()


def scenario_hash(scenario: Scenario) -> str:
    """Return the SHA-256, in hex, of everything that determines rows and money.

    Name, description and number of replications do not; a trace or an initial fleet counts by its content and not by
    its file's name. The order of fleets, groups, items and entries does: SIMs are numbered and events sorted by it.
    """

    def digest(place: Place, file: str) -> str:
        fleet, group, item = place
        rows = scenario.trace(*place) if item else scenario.initial(fleet, group)
        return f"sha256:{rows.sha256 if rows is not None else ''}"

    content = {key: value for key, value in _resolved(scenario, digest).items() if key not in _IRRELEVANT}
    canonical = json.dumps(content, ensure_ascii=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of a scenario file, for an editor."""
    schema = Scenario.model_json_schema(by_alias=True)
    for part in (schema, *schema["$defs"].values()):
        for key, content in part.get("properties", {}).items():
            # In a file, what chooses a part is required, and a default is no number of ms or bytes.
            if "const" in content:
                part["required"] = [key, *part.get("required", ())]
            if content.get("type") != "integer" and isinstance(content.get("default"), int | dict):
                del content["default"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _resolved(scenario: Scenario, file_name: Callable[[Place, str], str]) -> dict[str, Any]:
    return {
        "name": scenario.name,
        "description": scenario.description,
        "start": instant_text(scenario.start),
        "duration": _ms(scenario.horizon_ms),
        "seed": scenario.seed,
        "replications": scenario.replications,
        "timezone": scenario.timezone,
        "platform": _platform(scenario.platform),
        "tariff": _tariff(scenario.tariff),
        "fleets": {name: _fleet(name, fleet, file_name) for name, fleet in scenario.fleets.items()},
        "timeline": [_entry(entry) for entry in scenario.timeline],
    }


def _limit(limit: int | None) -> str:
    return "unlimited" if limit is None else _size(limit)


def _platform(platform: Platform) -> dict[str, Any]:
    interval, period = platform.record_interval_ms, platform.billing_period
    return {
        "record_interval": "none" if interval is None else _ms(interval),
        "record_delay": _ms(platform.record_delay_ms),
        "enforcement_delay": _ms(platform.enforcement_delay_ms),
        "limit_propagation": _propagation(platform.limit_propagation),
        "dns_when_blocked": platform.dns_when_blocked,
        "dns_counts": platform.dns_counts,
        "billing_period": _ms(period) if isinstance(period, int) else period,
    }


def _propagation(propagation: Propagation) -> str | dict[str, Any]:
    if propagation.fixed:
        return _ms(propagation.max_ms)
    return {
        "typical": _ms(propagation.typical_ms),
        "typical_share": as_decimal(propagation.typical_share),
        "max": _ms(propagation.max_ms),
    }


def _tariff(tariff: Tariff) -> dict[str, Any]:
    return {
        "currency": tariff.currency,
        "fee": Decimal(units.canonical_money(tariff.fee_micros)),
        "per_mb": Decimal(units.canonical_money(tariff.per_mb_micros)),
        "networks": {name: Decimal(units.canonical_money(price)) for name, price in tariff.networks.items()},
        "increment": _size(tariff.increment_bytes),
    }


def _fleet(name: str, fleet: Fleet, file_name: Callable[[Place, str], str]) -> dict[str, Any]:
    return {
        "any_limit": fleet.any_limit,
        "data_limit": _limit(fleet.data_limit_bytes),
        "devices": {group: _group((name, group), devices, file_name) for group, devices in fleet.devices.items()},
    }


def _group(place: tuple[str, str], group: DeviceGroup, file_name: Callable[[Place, str], str]) -> dict[str, Any]:
    written: dict[str, Any] = {
        "count": group.count,
        "role": group.role,
        "status": group.status,
        "activation": {"at": _ms(group.activation.at_ms), "over": _ms(group.activation.over_ms)},
        "session": _session(group.session),
        "traffic": {item: _item((*place, item), content, file_name) for item, content in group.traffic.items()},
    }
    if group.rate_spread:
        written["rate_spread"] = Decimal(repr(group.rate_spread))
    if group.monthly_use is not None:
        use = group.monthly_use
        written["monthly_use"] = {"median": _size(use.median_bytes), "p95": _size(use.p95_bytes)}
    if group.network is not None:
        written["network"] = group.network
    if group.initial is not None:
        written["initial"] = {"file": file_name((*place, ""), group.initial.file)}
    if group.dns is not None:
        written["dns"] = _dns(group.dns)
    if group.when_blocked is not None:
        written["when_blocked"] = _when_blocked(group.when_blocked)
    return written


def _session(session: AlwaysOn | OnDemand) -> dict[str, str]:
    if isinstance(session, OnDemand):
        return {"mode": "on-demand", "idle_timeout": _ms(session.idle_timeout_ms)}
    first = session.first_record_ms
    return {"mode": "always-on"} if first is None else {"mode": "always-on", "first_record": _ms(first)}


def _dns(dns: Dns) -> dict[str, str]:
    return {
        "query": _size(dns.query_bytes),
        "response": _size(dns.response_bytes),
        "cache_ttl": _ms(dns.cache_ttl_ms),
        "resolver": dns.resolver,
    }


def _when_blocked(when_blocked: WhenBlocked) -> dict[str, Any]:
    reconnect, handshake = when_blocked.reconnect, when_blocked.handshake
    return {
        "reconnect": {
            "first": _ms(reconnect.first_ms),
            "factor": as_decimal(reconnect.factor),
            "max": _ms(reconnect.max_ms),
        },
        "handshake": {"upload": _size(handshake.upload_bytes), "download": _size(handshake.download_bytes)},
    }


def _item(place: Place, item: TrafficItem, file_name: Callable[[Place, str], str]) -> dict[str, Any]:
    written: dict[str, Any] = {"arrivals": _arrivals(place, item.arrivals, file_name)}
    if isinstance(item.arrivals, Continuous):
        written["upload"] = f"{_size(item.upload_bytes_per_s)}/s"
        written["download"] = f"{_size(item.download_bytes_per_s)}/s"
    elif not isinstance(item.arrivals, Trace):
        written["upload"] = as_written(item.upload)
        written["download"] = as_written(item.download)
        if item.throughput_bits_per_s is None:
            written["duration"] = _ms(item.duration_ms)
        else:
            written["throughput"] = units.canonical_bit_rate(item.throughput_bits_per_s)
    if item.via is not None:
        written["via"] = item.via
    return written


def _arrivals(place: Place, arrivals: Process, file_name: Callable[[Place, str], str]) -> dict[str, Any]:
    written: dict[str, Any]
    match arrivals:
        case Periodic():
            first = None if arrivals.first_ms is None else _ms(arrivals.first_ms)
            written = {"every": _ms(arrivals.every_ms), "jitter": _ms(arrivals.jitter_ms), "first": first}
        case Poisson():
            profile = None if arrivals.profile is None else list(arrivals.profile)
            written = {"rate": units.canonical_rate(arrivals.rate_per_day), "profile": profile}
        case OnOff():
            rate = units.canonical_rate(arrivals.rate_per_day)
            written = {"rate": rate, "on": _ms(arrivals.on_ms), "off": _ms(arrivals.off_ms)}
        case Once():
            written = {"at": _ms(arrivals.at_ms), "spread": _ms(arrivals.spread_ms)}
            written["shape"] = None if arrivals.shape is None else arrivals.shape.text
        case Continuous():
            until = None if arrivals.until_ms is None else _ms(arrivals.until_ms)
            written = {"from": _ms(arrivals.from_ms), "until": until}
        case Trace():
            written = {"file": file_name(place, arrivals.file)}
        case OwnArrivals():
            written = {**arrivals.function.as_written()}
    return {"process": arrivals.process, **{key: value for key, value in written.items() if value is not None}}


def _entry(entry: Entry) -> dict[str, str | int]:
    if isinstance(entry, LimitChange):
        return {"at": _ms(entry.at_ms), "fleet": entry.fleet, "data_limit": _limit(entry.data_limit_bytes)}
    written: dict[str, str | int] = {"at": _ms(entry.at_ms), "sims": "/".join(entry.sims)}
    if entry.count is not None:
        written["count"] = entry.count
    return {**written, "to": entry.to} if isinstance(entry, Move) else {**written, "status": entry.status}
