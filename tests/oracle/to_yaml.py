"""Write a case of the oracle as a scenario file with its traces, so that an engine can run it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from tests.oracle.case import Case, Entry, Move, SetLimit, Stream

# Names of the fleets by their numbers.
FLEETS = ("main", "other", "third")


def write(case: Case, folder: Path | str) -> Path:
    """Write ``scenario.yaml``, a ``item-N.csv`` per trace and perhaps ``sims.csv`` into ``folder``.

    The SIM is the only one of group ``device`` in fleet ``main``.

    Returns
    -------
    path
        Of the scenario.

    Raises
    ------
    ValueError
        The case draws its propagation delays from a function, which no scenario can say.
    """
    if case.propagation is not None:
        raise ValueError("a scenario cannot hold a function; give propagation_ms")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    interval = "none" if case.record_interval is None else f"{case.record_interval} ms"
    period = case.billing_period
    lines = [
        "name: oracle-case",
        f"start: {_instant(case.start)}",
        f"duration: {case.horizon} ms",
        "seed: 1",
        "platform:",
        "  preset: super-sim",
        f"  record_interval: {interval}",
        f"  record_delay: {case.record_delay} ms",
        f"  enforcement_delay: {case.enforcement_delay} ms",
        f"  limit_propagation: {case.propagation_ms} ms",
        f"  dns_when_blocked: {case.dns_when_blocked}",
        f"  dns_counts: {str(case.dns_counts).lower()}",
        f"  billing_period: {f'{period} ms' if isinstance(period, int) else period}",
        "fleets:",
        f"  {FLEETS[0]}:",
        f"    data_limit: {_limit(case.limit)}",
        "    any_limit: true",
        "    devices:",
        "      device:",
        "        count: 1",
        f"        activation: {{at: {case.activation} ms}}",
        f"        session: {_session(case)}",
    ]
    if case.status != "active":
        lines.append(f"        status: {case.status}")
    if case.initial is not None:
        lines.append("        initial: {file: sims.csv}")
        (folder / "sims.csv").write_text(_initial(case), encoding="utf-8")
    lines.append("        traffic:" if case.items else "        traffic: {}")
    for number, item in enumerate(case.items):
        lines.append(f"          item-{number}:")
        if item.via_dns:
            lines.append("            via: dns")
        if isinstance(item, Stream):
            until = "" if item.until == case.horizon else f", until: {item.until} ms"
            lines.append(f"            arrivals: {{process: continuous, from: {item.begin} ms{until}}}")
            lines.append(f"            upload: {item.upload_rate} B/s")
            lines.append(f"            download: {item.download_rate} B/s")
        else:
            lines.append(f"            arrivals: {{process: trace, file: item-{number}.csv}}")
            table = ["time_ms,upload_bytes,download_bytes,duration_ms"]
            table += [",".join(str(value) for value in row) for row in item.rows]
            (folder / f"item-{number}.csv").write_text("\n".join(table) + "\n", encoding="utf-8")
    if case.dns is not None:
        query, response, cache_ttl, resolver = case.dns
        lines.append(
            f"        dns: {{query: {query} B, response: {response} B, "
            f"cache_ttl: {cache_ttl} ms, resolver: {resolver}}}"
        )
    if case.reconnect is not None:
        chain = case.reconnect
        lines.append("        when_blocked:")
        lines.append(
            f"          reconnect: {{first: {chain.first} ms, factor: {_decimal(chain.factor)}, max: {chain.max} ms}}"
        )
        lines.append(f"          handshake: {{upload: {chain.handshake_up} B, download: {chain.handshake_down} B}}")
    for name, limit in zip(FLEETS[1:], case.others, strict=False):
        lines.append(f"  {name}: {{data_limit: {_limit(limit)}, any_limit: true, devices: {{}}}}")
    if case.timeline:
        lines.append("timeline:")
        lines += [f"  - {{at: {entry.at} ms, {_entry(entry)}}}" for entry in case.timeline]
    path = folder / "scenario.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _entry(entry: Entry) -> str:
    if isinstance(entry, SetLimit):
        return f"fleet: {FLEETS[entry.fleet]}, data_limit: {_limit(entry.limit)}"
    if isinstance(entry, Move):
        return f"sims: {FLEETS[0]}/device, to: {FLEETS[entry.to]}"
    return f"sims: {FLEETS[0]}/device, status: {entry.status}"


def _initial(case: Case) -> str:
    assert case.initial is not None
    period_start, used, blocked = case.initial
    cells = {
        "sim": "0",
        "period_start": _instant(case.start + timedelta(milliseconds=period_start)),
        "used_bytes": str(used),
    }
    if blocked is not None:
        cells["blocked"] = str(int(blocked))
    return ",".join(cells) + "\n" + ",".join(cells.values()) + "\n"


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _limit(limit: int | None) -> str:
    return "unlimited" if limit is None else f"{limit} B"


def _session(case: Case) -> str:
    mode, wait = case.session
    if mode == "on-demand":
        return f"{{mode: on-demand, idle_timeout: {wait} ms}}"
    return "{mode: always-on}" if wait is None else f"{{mode: always-on, first_record: {wait} ms}}"


def _decimal(factor: Fraction) -> str:
    """Write the factor out; it must end as a decimal, for a scenario holds it as written."""
    text = Decimal(factor.numerator) / Decimal(factor.denominator)
    assert text * factor.denominator == factor.numerator, "the factor has no finite decimal"
    return format(text, "f")
