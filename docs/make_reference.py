"""Write the pages of reference from the program: scenario.md (every key, from the models), cli.md and tables.md.

Run ``make docs`` after a change to a model, a preset, every-key.yaml, the command line or a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from docs.making import command_line, tables
from fleetsim import units
from fleetsim.clock import MS_PER_DAY
from fleetsim.draws.laws import MAX_SIZE_BYTES, MAX_VALUES, Law
from fleetsim.scenario import (
    arrivals,
    checks,
    costs,
    devices,
    moments,
    platform,
    preset,
    quantities,
    schema,
    sizes,
)
from fleetsim.scenario.base import Part
from fleetsim.scenario.source import Node, parse

HERE = Path(__file__).resolve().parent
PAGE = HERE / "scenario.md"
EXAMPLE = HERE / "every-key.yaml"
TRACE = HERE / "every-key.csv"
SIMS = HERE / "every-key-sims.csv"
PRESETS = Path(preset.__file__).parent / "presets"

METER = "fleets.meters.devices.meter"
STUCK = "fleets.meters.devices.stuck"
TRACKER = "fleets.trackers.devices.tracker"

#: Each part of a scenario: its heading, its model, and where every-key.yaml has one.
SECTIONS: tuple[tuple[str, type[Part], tuple[str, ...]], ...] = (
    ("The scenario", schema.Scenario, ("",)),
    ("Platform", schema.Platform, ("platform",)),
    ("Propagation of a limit", schema.Propagation, ("platform.limit_propagation",)),
    ("Tariff", schema.Tariff, ("tariff",)),
    ("Fleet", schema.Fleet, ("fleets.meters",)),
    ("Device group", schema.DeviceGroup, (METER, TRACKER)),
    ("Initial", schema.Initial, (f"{TRACKER}.initial",)),
    ("Activation", schema.Activation, (f"{METER}.activation",)),
    ("Monthly use", schema.MonthlyUse, (f"{TRACKER}.monthly_use",)),
    ("Session: always on", schema.AlwaysOn, (f"{METER}.session",)),
    ("Session: on demand", schema.OnDemand, (f"{TRACKER}.session",)),
    (
        "Traffic item",
        schema.TrafficItem,
        (f"{METER}.traffic.firmware", f"{STUCK}.traffic.tunnel", f"{TRACKER}.traffic.pictures"),
    ),
    ("Arrivals: periodic", arrivals.Periodic, (f"{METER}.traffic.readings.arrivals",)),
    ("Arrivals: poisson", arrivals.Poisson, (f"{METER}.traffic.alarms.arrivals",)),
    ("Arrivals: on-off", arrivals.OnOff, (f"{TRACKER}.traffic.messages.arrivals",)),
    ("Arrivals: once", arrivals.Once, (f"{METER}.traffic.firmware.arrivals",)),
    ("Arrivals: continuous", arrivals.Continuous, (f"{STUCK}.traffic.loop.arrivals",)),
    ("Arrivals: trace", arrivals.Trace, (f"{TRACKER}.traffic.positions.arrivals",)),
    ("Size: constant", sizes.ConstantSize, (f"{METER}.traffic.firmware.upload",)),
    ("Size: uniform", sizes.UniformSize, (f"{STUCK}.traffic.tunnel.upload",)),
    ("Size: exponential", sizes.ExponentialSize, (f"{METER}.traffic.alarms.upload",)),
    ("Size: gamma", sizes.GammaSize, (f"{TRACKER}.traffic.pictures.upload",)),
    (
        "Size: lognormal",
        sizes.LogNormalSize,
        (f"{METER}.traffic.readings.upload", f"{TRACKER}.traffic.pictures.download"),
    ),
    ("Size: pareto", sizes.ParetoSize, (f"{TRACKER}.traffic.uploads.upload",)),
    ("Size: empirical", sizes.EmpiricalSize, (f"{TRACKER}.traffic.reports.upload",)),
    ("DNS", schema.Dns, (f"{METER}.dns",)),
    ("When blocked", schema.WhenBlocked, (f"{METER}.when_blocked",)),
    ("Reconnecting", schema.Reconnect, (f"{METER}.when_blocked.reconnect",)),
    ("Handshake", schema.Handshake, (f"{METER}.when_blocked.handshake",)),
    ("Timeline: a limit", schema.LimitChange, ("timeline.0",)),
    ("Timeline: a status", schema.StatusChange, ("timeline.1",)),
    ("Timeline: a move", schema.Move, ("timeline.2",)),
)
HEADINGS = {model: heading for heading, model, _ in SECTIONS}

#: What a value is called, by the words with which a wrong one is answered; the others are called by these words.
KINDS = {
    units.DURATION_EXPECTED: "duration",
    units.BYTES_EXPECTED: "bytes",
    units.BYTE_RATE_EXPECTED: "bytes per second",
    units.BIT_RATE_EXPECTED: "bits per second",
    units.RATE_EXPECTED: "rate",
    units.MONEY_EXPECTED: "amount of money",
    moments.START_EXPECTED: "instant",
    moments.HORIZON_EXPECTED: "duration, or N months",
    moments.MOMENT_EXPECTED: "duration since the start, or an instant",
    sizes.SIZE_EXPECTED: "bytes, or a [size](#size-constant)",
}

INTRO = """\
<!-- Made by docs/make_reference.py; do not edit. -->
# The keys of a scenario

A scenario is one YAML file. It says what is simulated: a fleet, its traffic, the platform's rules and the tariff.
This page lists every key. [model.md](model.md) says what they mean together. `fleetsim validate FILE` checks a file and
says in plain words what it means. `fleetsim schema` prints a JSON Schema, with which many editors complete keys.

The page is made from the program itself, so it cannot fall behind it. The examples come from
[one scenario that uses every key](#a-scenario-that-uses-every-key).
"""

UNITS = """\
## Units

Every quantity has its unit. A number without one is refused.

| quantity | units | example |
| --- | --- | --- |
| duration | {durations} | `10 days 2 hours` |
| bytes | {decimal} (powers of 1000), {binary} (powers of 1024) | `5.4 kB` |
| bytes per second | the same, `per s` or `/s` | `280 kB/s` |
| bits per second | {bits} (powers of 1000), `per s` or `/s` | `200 kbit/s` |
| rate | `per` {rates} | `6 per day` |
| instant | ISO 8601, UTC where no offset is given | `2026-01-15T09:00:00Z` |
| money | a decimal number in the tariff's currency, at most 6 digits after the point | `0.10` |

- A duration must come to whole milliseconds, a number of bytes to whole bytes. `m` is refused: it could be minutes or
  months. `KB` is refused: it could be 1000 or 1024.
- `N months` is taken for the scenario's `duration` only. It counts calendar months from `start`.
- Decimal numbers are read exactly as they are written.
"""

SET = """\
## Other values without editing the file

`--set PATH=VALUE` replaces a value, or adds one. It can stand several times; a later one wins. Dots separate the keys,
and a number counts the entries of the timeline from 0. Names of fleets, groups and items have no dots and no slashes,
so that a path is clear.

```sh
fleetsim validate scenarios/smart-meters.yaml --set fleets.meters.data_limit=8MB --set platform.record_interval=1min
```

In Python: `fleetsim.load("scenarios/smart-meters.yaml", ["fleets.meters.data_limit=8MB"])`.
"""

TRACES = """\
The first line of the file names its columns, in any order; other columns are ignored.

| column | meaning |
| --- | --- |
| `time_ms` | start of the transfer, whole ms since the scenario's start |
| `upload_bytes`, `download_bytes` | its size |
| `duration_ms` | how long it takes; 0: it moves at once |
| `sim` | optional: the SIM's number in the group, from 0. Without this column every SIM replays the whole file |

Times ascend within each SIM. Rows at or after the scenario's end are ignored, with a warning.
"""

INITIAL = """\
| column | meaning |
| --- | --- |
| `sim` | the SIM's number in the group, from 0 |
| `period_start` | when its running billing period began: before the scenario's start, less than one period before |
| `used_bytes` | what it has used in that period before the start |
| `blocked` | optional: 1, blocked as the scenario starts, or 0. Without it: blocked where more than the limit is used |

A SIM without a row starts as `activation` says.
"""

ENTRIES = """\
An entry has one verb: `data_limit`, `status` or `to`. Within an instant, status changes come first, then moves, then
limits, each in the file's order. `sims` names a group where the scenario defines it, all its SIMs wherever they are.
"""

PROFILES = """\
A profile has a weight for each hour of local time (`timezone`), daylight saving time included: 24 from 0 h on, or 168
from Monday 0 h on. Weights are decimal numbers from 0 on, and their mean stands for the rate. Some profiles are
[presets](#presets) and have a name.
"""

MONTHLY_USE = """\
The bytes that the periodic, poisson and on-off items of a SIM are expected to move in 30 days are lognormal over SIMs.
Every size of these items, up and down, is multiplied by the SIM's factor and rounded again to whole bytes. Single
transfers (`once`), continuous traffic and traces stay as they are, and so do lookups.
"""

PRESET_OR_KEYS = """\
Write the name of a [preset](#presets), or a mapping: a preset and what differs from it. Without `preset`, the mapping
changes `{0}`. The defaults are those of `{0}`.
"""

#: What is said below the table of a part.
AFTER = {
    schema.Platform: PRESET_OR_KEYS.format(platform.DEFAULT_PLATFORM),
    schema.Propagation: "A bare duration is the same delay for every SIM: `limit_propagation: 5 min`.\n",
    schema.Tariff: PRESET_OR_KEYS.format(platform.DEFAULT_TARIFF),
    schema.TrafficItem: "Give `upload` or `download` or both; a trace takes neither, for its file has the bytes.\n",
    schema.Initial: INITIAL,
    schema.LimitChange: ENTRIES,
    schema.MonthlyUse: MONTHLY_USE,
    arrivals.Periodic: "A point that the jitter moves before the activation is not offered.\n",
    arrivals.Poisson: PROFILES,
    arrivals.OnOff: "Bursts and silence. 60 per h, on for 10 min and off for 2 h, comes to 111 a day on average.\n",
    arrivals.Trace: TRACES,
    sizes.ConstantSize: "In a file: `download: 150 B`.\n",
    sizes.ExponentialSize: "Many small sizes and a few large ones: one in 20 is above three times the mean.\n",
    sizes.GammaSize: "A large shape is nearly constant, shape 1 is exponential, a small one is more uneven still.\n",
    sizes.LogNormalSize: "With sigma 0.5, nine in ten sizes lie between 0.44 and 2.3 times the median.\n",
    sizes.EmpiricalSize: "Sizes as they were measured. A size drawn is one of the values, and nothing between them.\n",
    sizes.ParetoSize: "For rare, very large sizes. With a shape up to 1 and no maximum there is no mean.\n",
}

#: Meanings of keys whose description only says what the next column says.
MEANINGS = {
    (schema.Activation, "at"): "when the first SIM can become active",
    (schema.Activation, "over"): "each SIM becomes active at an instant of its own, up to this long after `at`",
    (
        schema.Platform,
        "billing_period",
    ): "a month or this long, from activation, or the calendar month (UTC)",
    (schema.LimitChange, "at"): "when the owner sets the limit; before the scenario's end",
    (arrivals.Once, "at"): "when the transfer can start at the earliest",
    (arrivals.Continuous, "from"): "when it begins to flow",
    (arrivals.Continuous, "until"): "when it stops; default the scenario's end",
    (arrivals.Poisson, "rate"): "how many transfers on average, above 0",
    (arrivals.OnOff, "rate"): "how many transfers on average while it is on, above 0",
    (schema.Reconnect, "first"): "wait from the block to the first attempt",
}


def page() -> str:
    """Return the text of docs/scenario.md."""
    root = parse(EXAMPLE.read_text(encoding="utf-8"), EXAMPLE.name)
    parts = [INTRO, _units()]
    parts += [_section(heading, model, paths, root) for heading, model, paths in SECTIONS]
    parts += [_presets(), SET, _bounds(), _whole_example()]
    return "\n".join(parts)


def _section(heading: str, model: type[Part], paths: tuple[str, ...], root: Node) -> str:
    lines = [f"## {heading}", ""]
    doc = " ".join((model.__doc__ or "").strip().split("\n\n")[0].split())
    lines += [doc.replace("; money in micro-units of the currency", ""), ""]
    chosen = [
        f"`{name}: {field.default}`"
        for name, field in model.model_fields.items()
        if get_origin(field.annotation) is Literal and not field.metadata
    ]
    lines += [f"Chosen by {chosen[0]}.", ""] if chosen else []
    rows = list(_rows(model, paths, root))
    if rows:
        lines += ["| key | what to write | default | meaning | example |", "| --- | --- | --- | --- | --- |", *rows, ""]
    if model in AFTER:
        lines += [AFTER[model]]
    return "\n".join(lines)


def _rows(model: type[Part], paths: tuple[str, ...], root: Node) -> Iterator[str]:
    if "preset" in model.other_keys:
        kind: preset.Kind = "platforms" if model is schema.Platform else "tariffs"
        default = platform.DEFAULT_PLATFORM if model is schema.Platform else platform.DEFAULT_TARIFF
        yield _row("preset", _words(preset.names(kind)), f"`{default}`", "what the other keys change", paths, root)
    for name, field in model.model_fields.items():
        key = field.alias or name
        if key in model.internal_keys or (get_origin(field.annotation) is Literal and not field.metadata):
            continue
        meaning, default = _meaning(model, key, field), _default(model, name, field)
        meaning, _, said = meaning.partition("; default ")
        kind_of_value = _kind(field)
        for internal, public in model.internal_keys.items():
            if public == key:
                other = next(f for f in model.model_fields.values() if f.alias == internal)
                kind_of_value += f"; in continuous traffic {_kind(other)}"
        yield _row(key, kind_of_value, said or default, meaning, paths, root)


def _row(key: str, kind: str, default: str, meaning: str, paths: tuple[str, ...], root: Node) -> str:
    cells = (f"`{key}`", kind, default, meaning, _example(key, paths, root))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _example(key: str, paths: tuple[str, ...], root: Node) -> str:
    """Return the key and its value as every-key.yaml has them; a long value only begins."""
    for path in paths:
        keys = [int(part) if part.isdecimal() else part for part in path.split(".") if part]
        node, reached = root.at([*keys, key])
        if len(reached) == len(keys) + 1:
            text = _flow(node)
            return f"`{key}: {text if len(text) <= 60 else text[0] + '…' + text[-1]}`"
    raise LookupError(f"every-key.yaml has no example of {key} in {' or '.join(paths)}")


def _flow(node: Node) -> str:
    if isinstance(node.value, dict):
        return "{" + ", ".join(f"{key}: {_flow(below)}" for key, below in node.value.items()) + "}"
    if isinstance(node.value, list):
        return "[" + ", ".join(map(_flow, node.value)) + "]"
    return node.text


def _kind(field: FieldInfo) -> str:
    """Say what kind of value a field takes, with links to the parts that it holds."""
    links = [f"[{heading}](#{_anchor(heading)})" for heading in _headings_in(field.annotation)]
    expected = next((str(mark.expected) for mark in field.metadata if hasattr(mark, "expected")), None)
    if expected is None:
        return f"a mapping: {links[0]}"
    for words, kind in KINDS.items():
        if expected.startswith(words):
            return kind + expected.removeprefix(words)
    return ": ".join([expected.removeprefix("expected "), *([", ".join(links)] if links else [])])


def _headings_in(annotation: Any) -> Iterator[str]:
    if annotation in HEADINGS:
        yield HEADINGS[annotation]
    for inner in get_args(annotation):
        yield from _headings_in(inner)


def _meaning(model: type[Part], key: str, field: FieldInfo) -> str:
    """Return a field's description, without the units of the program: a file has the user's own."""
    if (model, key) in MEANINGS:
        return MEANINGS[model, key]
    text = re.sub(r"(, ms|, bytes|; micro-units)(?=$|[,;:])", "", field.description or "")
    return re.sub(r"\bms (?=since|after|from)", "", text)


def _default(model: type[Part], name: str, field: FieldInfo) -> str:
    kinds: dict[type[Part], tuple[preset.Kind, str, tuple[str, ...]]] = {
        schema.Platform: ("platforms", platform.DEFAULT_PLATFORM, ()),
        schema.Propagation: ("platforms", platform.DEFAULT_PLATFORM, ("limit_propagation",)),
        schema.Tariff: ("tariffs", platform.DEFAULT_TARIFF, ()),
    }
    if model in kinds:
        kind, default, path = kinds[model]
        content = preset.preset(kind, default)
        for key in path:
            content = content[key]
        key = field.alias or name
        return f"`{_plain(content[key])}`" if key in content else "none"
    if field.default_factory is not None:
        return f"`{platform.DEFAULT_PLATFORM if name == 'platform' else platform.DEFAULT_TARIFF}`"
    if field.is_required():
        return "required"
    return "none" if field.default in (None, (), "") else f"`{_written(name, field.default)}`"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_plain(below)}" for key, below in value.items()) + "}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _written(name: str, value: Any) -> str:
    """Write a default as a file would have it."""
    if isinstance(value, Part):
        fields = type(value).model_fields
        pairs = ((fields[key].alias or key, key, getattr(value, key)) for key in fields)
        return "{" + ", ".join(f"{alias}: {_written(key, v)}" for alias, key, v in pairs if v is not None) + "}"
    if isinstance(value, Law):
        return str(sizes.as_written(value))
    if isinstance(value, bool):
        return str(value).lower()
    if name.endswith("_ms"):
        return units.canonical_duration(value)
    if name.endswith("_bytes"):
        return units.canonical_bytes(value)
    return str(units.decimal_text(value)) if isinstance(value, Fraction) else str(value)


def _units() -> str:
    decimal = [unit for unit, size in units.BYTE_UNITS.items() if size == 1 or size % 1000 == 0]
    return UNITS.format(
        durations=_words(tuple(units.DURATION_UNITS)),
        decimal=_words(tuple(decimal)),
        binary=_words(tuple(unit for unit in units.BYTE_UNITS if unit not in decimal)),
        bits=_words(tuple(units.BIT_UNITS)),
        rates=_words(tuple(units.RATE_UNITS)),
    )


def _words(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


_LINE = re.compile(r"(?P<key> *[a-z_]+): *(?P<value>[^#]*?) *(?:# *(?P<note>.*))?")


def _presets() -> str:
    """Show the preset files: their figures, and the sources that they name."""
    lines = [
        "## Presets",
        "",
        "Each preset is a small file of the program. Its comments name the sources of its figures.",
        "",
    ]
    for kind in ("platforms", "tariffs", "profiles"):
        for name in preset.names(kind):  # type: ignore[arg-type]
            text = (PRESETS / kind / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
            head = [line.removeprefix("#").strip() for line in text if line.startswith("#")]
            lines += [f"### {kind.removesuffix('s').capitalize()} `{name}`", "", " ".join(head), ""]
            lines += ["| key | value | note |", "| --- | --- | --- |"]
            above = ""
            for line in text:
                match = _LINE.fullmatch(line)
                if match is None:
                    continue
                key = match["key"]
                inside = key.startswith(" ")
                above = above if inside else key
                note = (match["note"] or "").replace("|", "\\|")
                if match["value"]:
                    lines += [f"| `{above + '.' if inside else ''}{key.strip()}` | `{match['value']}` | {note} |"]
            lines += [""]
    return "\n".join(lines)


def _bounds() -> str:
    longest = units.canonical_duration(quantities.MAX_HORIZON_MS)
    rows = (
        ("SIMs in a scenario", f"{devices.MAX_SIMS:,}"),
        ("length of a scenario, and any duration in it", f"{longest} (50 years)"),
        ("size of one transfer", units.format_bytes(MAX_SIZE_BYTES)),
        ("a price", f"{quantities.MAX_PRICE_MICROS // 10**6:,}"),
        ("what all SIMs are expected to cost", f"{costs.MAX_TOTAL_MICROS // 10**6:,}"),
        ("values of an empirical size", f"{MAX_VALUES:,}"),
        ("rate of a poisson or on-off item", f"{quantities.MAX_RATE_PER_DAY * 1000 // MS_PER_DAY:,} per s"),
        ("mean time on or off", units.canonical_duration(arrivals.MAX_SOJOURN_MS)),
        ("throughput", units.canonical_bit_rate(quantities.MAX_BIT_RATE)),
        ("transfers of one traffic item of one SIM", f"{checks.MAX_EVENTS:,}"),
        ("usage records of one SIM", f"{checks.MAX_EVENTS:,}"),
        ("billing periods of one SIM", f"{checks.MAX_PERIODS:,}"),
        ("expected bytes of one traffic item of one SIM", f"{checks.MAX_ITEM_BYTES // 10**12:,} TB"),
        ("expected bytes of all SIMs", f"{checks.MAX_TOTAL_BYTES // 10**12:,} TB"),
    )
    lines = ["## Bounds", "", "What is larger than this is refused before anything runs.", ""]
    lines += ["| what | at most |", "| --- | --- |", *(f"| {what} | {most} |" for what, most in rows), ""]
    return "\n".join(lines)


def _whole_example() -> str:
    example, trace, sims = (file.read_text(encoding="utf-8") for file in (EXAMPLE, TRACE, SIMS))
    return (
        "## A scenario that uses every key\n\n"
        f"It is there to be looked at; it answers no question. It is the file `{EXAMPLE.name}` beside this page.\n\n"
        f'```yaml\n{example}```\n\nIts trace:\n\n```csv title="{TRACE.name}"\n{trace}```\n'
        f'\nIts SIMs that are in the middle of a billing period:\n\n```csv title="{SIMS.name}"\n{sims}```\n'
    )


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def pages() -> dict[Path, str]:
    """Return the text of every page that is made."""
    return {PAGE: page(), HERE / "cli.md": command_line.page(), HERE / "tables.md": tables.page()}


if __name__ == "__main__":
    for file, content in pages().items():
        file.write_text(content, encoding="utf-8", newline="\n")
