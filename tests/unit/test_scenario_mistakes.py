"""File text in, exact lines on stderr out."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenario_texts import SMALL, SMART_METERS

from fleetsim.errors import BadInput
from fleetsim.scenario import load, load_text
from fleetsim.units import DURATION_EXPECTED

GROUP = "fleets.meters.devices.meter"
ITEM = f"{GROUP}.traffic.readings"
SHAPE = "expected 'beta(A, B)' in quotes, A and B decimal numbers from 0.1 to 100"
BYTES = "expected bytes such as 800 B, 5.4 kB, 1.2 MB or 4 KiB"


def mistakes(text: str, *overrides: str) -> list[str]:
    with pytest.raises(BadInput) as caught:
        load_text(text, overrides, file="s.yaml")
    return str(caught.value).split("\n")


def changed(old: str, new: str, text: str = SMALL) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


def with_arrivals(arrivals: str, rest: str = "            upload: 800 B\n") -> str:
    head = SMALL[: SMALL.index("            arrivals")]
    return f"{head}            arrivals: {arrivals}\n{rest}"


def with_size(size: str) -> str:
    return changed("upload: 800 B", f"upload: {size}")


def with_timeline(*entries: str) -> str:
    return SMALL + "timeline:\n" + "".join(f"  - {entry}\n" for entry in entries)


def with_group(keys: str) -> str:
    return changed("        count: 3\n", f"        count: 3\n        {keys}\n")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "s.yaml:1: the file is empty; expected a scenario: name, start, duration, …"),
        ("# nothing\n", "s.yaml:1: the file is empty; expected a scenario: name, start, duration, …"),
        ("- a\n", "s.yaml:1: found a list; expected a scenario: name, start, duration, …"),
        ("hello\n", "s.yaml:1: found 'hello'; expected a scenario: name, start, duration, …"),
        (
            "a: 1\n\tb: 2\n",
            "s.yaml:2: not YAML: while scanning for the next token; found character '\\t' that cannot start any token;"
            " indent with spaces, not with tabs",
        ),
        (
            "a: 1\nb: c: d\n",
            "s.yaml:2: not YAML: mapping values are not allowed here; here or on the line above: check the indentation, put a space after a key's colon, and put text that has a colon in quotes",
        ),
        (
            "a: [1,\n",
            "s.yaml:2: not YAML: while parsing a flow node; expected the node content, but found '<stream end>'",
        ),
        ("a: 1\na: 2\n", "s.yaml:2: found 'a' twice; expected each key once"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "s.yaml:3: found the merge key '<<'; expected each key written out"),
        ("1: a\n", "s.yaml:1: found '1' as a key; expected text; write '1' in quotes"),
        ("a: 1\nnull: a\n", "s.yaml:2: found nothing as a key; expected text; write 'null' in quotes"),
        ("? [a]\n: 1\n", "s.yaml:1: found a collection as a key; expected text"),
        (
            "a: !!python/object/apply:os.system ['touch /tmp/x']\n",
            "s.yaml:1: found the tag 'tag:yaml.org,2002:python/object/apply:os.system'; "
            "expected plain values without tags",
        ),
        ("a: !x 1\n", "s.yaml:1: found the tag '!x'; expected plain values without tags"),
        ("a: 1\n---\nb: 2\n", "s.yaml:2: expected one document; a second one starts here"),
        ("a: *b\n", "s.yaml:1: found the alias '*b'; expected an anchor that is complete before it"),
        ("a: &b [*b]\n", "s.yaml:1: found the alias '*b'; expected an anchor that is complete before it"),
        ("[" * 100_000, "s.yaml:1: expected at most 40 levels of nesting"),
        ("a:\n  b: \x07\n", "s.yaml:2: found the character '\\x07'; expected printable text"),
    ],
)
def test_a_text_that_cannot_be_read_is_one_mistake_with_its_line(text: str, line: str) -> None:
    assert mistakes(text) == [line]


def test_aliases_of_aliases_of_aliases_are_refused_before_they_are_written_out() -> None:
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    laughs += "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 30))
    assert mistakes(laughs) == ["s.yaml:6: expected at most 1,000,000 values, aliases written out"]


def test_an_ordinary_alias_is_its_anchors_value_and_an_override_changes_only_one_of_them() -> None:
    text = changed("  meters:\n", "  meters: &m\n") + "  others: *m\n"
    scenario = load_text(text, ["fleets.others.data_limit=7 MB"])
    assert scenario.fleets["meters"].data_limit_bytes == 5_000_000
    assert scenario.fleets["others"].data_limit_bytes == 7_000_000
    assert scenario.fleets["others"].devices == scenario.fleets["meters"].devices


def test_a_tag_executes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "made"
    for name in ("python/object/apply:os.mkdir", "python/object/new:os.mkdir", "python/name:os.mkdir"):
        mistakes(f"a: !!{name} ['{target}']\n")
    assert not target.exists()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        # Keys: unknown, misspelt, missing.
        (
            changed("seed: 1", "sede: 1"),
            [
                "s.yaml:3: sede: found 'sede'; expected one of name, description, start, duration, seed, "
                "replications, timezone, platform, tariff, fleets, timeline; did you mean 'seed'?"
            ],
        ),
        (
            changed("    data_limit: 5 MB\n", ""),
            ["s.yaml:5: fleets.meters.data_limit: found nothing; expected whole MB from 1 to 2,000,000, or unlimited"],
        ),
        (
            changed("            upload: 800 B\n", "            uplod: 800 B\n"),
            [
                f"s.yaml:13: {ITEM}.uplod: found 'uplod'; expected one of arrivals, upload, download, "
                "duration, throughput, via; "
                "did you mean 'upload'?"
            ],
        ),
        (
            "name: x\n",
            [
                "s.yaml:1: start: found nothing; expected an instant such as 2026-01-01T00:00:00Z",
                "s.yaml:1: duration: found nothing; expected a duration such as 1 month, 90 days or 36 h",
                "s.yaml:1: seed: found nothing; expected a whole number from 0 to 9,223,372,036,854,775,807",
                "s.yaml:1: fleets: found nothing; expected a mapping of at least one fleet",
            ],
        ),
        # The scenario.
        (
            changed("start: 2026-01-01T00:00:00Z", "start: yesterday"),
            ["s.yaml:1: start: found 'yesterday'; expected an instant such as 2026-01-01T00:00:00Z"],
        ),
        (
            changed("start: 2026-01-01T00:00:00Z", "start: 2026-02-30"),
            ["s.yaml:1: start: found '2026-02-30'; expected an instant such as 2026-01-01T00:00:00Z"],
        ),
        (
            changed("start: 2026-01-01T00:00:00Z", "start: 2026-01-01T00:00:00.0001Z"),
            ["s.yaml:1: start: found '2026-01-01T00:00:00.0001Z'; expected an instant in whole milliseconds"],
        ),
        (
            changed("duration: 1 month", "duration: 1 m"),
            [
                "s.yaml:2: duration: found '1 m'; expected a duration such as 1 month, 90 days or 36 h; "
                "'m' is ambiguous: write 'min' or 'months'"
            ],
        ),
        (
            changed("duration: 1 month", "duration: 51 weeks 9999 weeks"),
            ["s.yaml:2: duration: found '51 weeks 9999 weeks'; expected a duration from 1 ms to 50 years"],
        ),
        (
            changed("duration: 1 month", "duration: 0 months"),
            ["s.yaml:2: duration: found '0 months'; expected a duration from 1 ms to 50 years"],
        ),
        (
            changed("seed: 1", "seed: -1"),
            ["s.yaml:3: seed: found '-1'; expected a whole number from 0 to 9,223,372,036,854,775,807"],
        ),
        (
            changed("seed: 1", "seed: 1.5"),
            ["s.yaml:3: seed: found '1.5'; expected a whole number from 0 to 9,223,372,036,854,775,807"],
        ),
        (
            changed("seed: 1", "seed: 1\nreplications: 0"),
            ["s.yaml:4: replications: found '0'; expected a whole number from 1 to 1,000,000"],
        ),
        (
            changed("seed: 1", "seed: 1\nreplications: true"),
            ["s.yaml:4: replications: found 'true'; expected a whole number from 1 to 1,000,000"],
        ),
        (changed("seed: 1", "seed: 1\nname: ''"), ["s.yaml:4: name: found ''; expected 1 to 200 printable characters"]),
        (
            SMALL[: SMALL.index("fleets")] + "fleets: {}\n",
            ["s.yaml:4: fleets: found an empty mapping; expected a mapping of at least one fleet"],
        ),
        (
            SMALL[: SMALL.index("fleets")] + "fleets: [a]\n",
            ["s.yaml:4: fleets: found a list; expected a mapping of at least one fleet"],
        ),
        # Platform and tariff.
        (
            changed("seed: 1", "seed: 1\nplatform: super-simm"),
            [
                "s.yaml:4: platform: found 'super-simm'; expected the name of a preset (super-sim); "
                "did you mean 'super-sim'?"
            ],
        ),
        (
            changed("seed: 1", "seed: 1\ntariff: {preset: payg}"),
            ["s.yaml:4: tariff.preset: found 'payg'; expected the name of a preset (super-sim-payg)"],
        ),
        (
            changed("seed: 1", "seed: 1\nplatform: {record_interval: 6}"),
            [f"s.yaml:4: platform.record_interval: found '6'; {DURATION_EXPECTED}, or none; a number needs its unit"],
        ),
        (
            changed("seed: 1", "seed: 1\nplatform: {limit_propagation: soon}"),
            [
                "s.yaml:4: platform.limit_propagation: found 'soon'; "
                "expected a duration, or a mapping with typical, typical_share and max"
            ],
        ),
        (
            changed("seed: 1", "seed: 1\nplatform: {limit_propagation: {max: 4 min, typical_share: 1.5}}"),
            ["s.yaml:4: platform.limit_propagation.typical_share: found '1.5'; expected a decimal number from 0 to 1"],
        ),
        (
            changed("seed: 1", "seed: 1\nplatform: {limit_propagation: {max: 4 min}}"),
            ["s.yaml:4: platform.limit_propagation.max: found '4 min'; expected more than the typical delay"],
        ),
        (
            changed("seed: 1", "seed: 1\nplatform: {dns_when_blocked: publc, dns_counts: yes}"),
            [
                "s.yaml:4: platform.dns_when_blocked: found 'publc'; expected public, all or none; "
                "did you mean 'public'?",
                "s.yaml:4: platform.dns_counts: found 'yes'; expected true or false",
            ],
        ),
        (
            changed("seed: 1", "seed: 1\nplatform: {billing_period: 1 ms, record_interval: 20 ms}"),
            [
                "s.yaml:4: platform.billing_period: found '1 ms'; expected at most 1,000,000 billing periods a SIM",
                "s.yaml:4: platform.record_interval: found '20 ms'; expected at most 50,000,000 records a SIM",
            ],
        ),
        (
            changed("seed: 1", "seed: 1\ntariff: {fee: .nan, per_mb: 0.0000001, increment: 0 B}"),
            [
                "s.yaml:4: tariff.fee: found '.nan'; "
                "expected a decimal number such as 0.10, at most 6 digits after the point",
                "s.yaml:4: tariff.per_mb: found '0.0000001'; "
                "expected a decimal number such as 0.10, at most 6 digits after the point",
                "s.yaml:4: tariff.increment: found '0 B'; expected from 1 B to 1.1 TB",
            ],
        ),
        # Fleets.
        (
            changed("seed: 1", "seed: 1\ntariff: {networks: {US-1: cheap, DE.1: 1, FR-1: 1000000.1}}"),
            [
                "s.yaml:4: tariff.networks.DE.1: found 'DE.1'; "
                "expected a name of 1 to 100 printable characters without '.' and '/'",
                "s.yaml:4: tariff.networks.US-1: found 'cheap'; "
                "expected a decimal number such as 0.10, at most 6 digits after the point",
                "s.yaml:4: tariff.networks.FR-1: found '1000000.1'; expected at most 1,000,000",
            ],
        ),
        (
            changed("seed: 1", "seed: 1\ntariff: {networks: [US-1]}"),
            ["s.yaml:4: tariff.networks: found a list; expected a mapping of prices per MB by network"],
        ),
        (
            with_group("network: 310.260"),
            [
                f"s.yaml:10: {GROUP}.network: found '310.260'; "
                "expected a name of 1 to 100 printable characters without '.' and '/'"
            ],
        ),
        (
            changed("data_limit: 5 MB", "data_limit: 0 MB"),
            ["s.yaml:6: fleets.meters.data_limit: found '0 MB'; expected whole MB from 1 to 2,000,000"],
        ),
        (
            changed("data_limit: 5 MB", "data_limit: 2000001 MB"),
            ["s.yaml:6: fleets.meters.data_limit: found '2000001 MB'; expected whole MB from 1 to 2,000,000"],
        ),
        (
            changed("data_limit: 5 MB", "data_limit: 1500 kB"),
            ["s.yaml:6: fleets.meters.data_limit: found '1500 kB'; expected whole MB from 1 to 2,000,000"],
        ),
        (
            changed("data_limit: 5 MB", "data_limit: 5"),
            [
                "s.yaml:6: fleets.meters.data_limit: found '5'; expected whole MB from 1 to 2,000,000, or unlimited; "
                "a number needs its unit"
            ],
        ),
        (
            changed("  meters:\n", "  'me.ters':\n"),
            [
                "s.yaml:5: fleets.me.ters: found 'me.ters'; "
                "expected a name of 1 to 100 printable characters without '.' and '/'"
            ],
        ),
        # Device groups.
        (
            changed("count: 3", "count: 10000001"),
            [f"s.yaml:9: {GROUP}.count: found '10000001'; expected a whole number from 1 to 10,000,000"],
        ),
        (
            changed("count: 3", "count: 9999999") + "      second: {count: 2, traffic: {}}\n",
            ["s.yaml:14: fleets.meters.devices.second.count: found '2'; expected at most 10,000,000 devices in all"],
        ),
        (with_group("role: bad"), [f"s.yaml:10: {GROUP}.role: found 'bad'; expected normal or faulty"]),
        # No slip of faulty.
        (with_group("role: healthy"), [f"s.yaml:10: {GROUP}.role: found 'healthy'; expected normal or faulty"]),
        (
            with_group("status: inactive"),
            [
                f"s.yaml:10: {GROUP}.status: found 'inactive'; expected active or ready; "
                "the timeline makes SIMs inactive, from 0 s on if need be"
            ],
        ),
        (
            with_group("session: {moed: on-demand}"),
            [f"s.yaml:10: {GROUP}.session.moed: found 'moed'; expected mode"],
        ),
        (
            with_timeline("at: 5 days"),
            [
                "s.yaml:15: timeline.0: found a mapping with at; "
                "expected a mapping with at, and fleet with data_limit, or sims with status or to"
            ],
        ),
        (
            SMALL[: SMALL.index("          readings")],
            [f"s.yaml:10: {GROUP}.traffic: found nothing; expected a mapping of traffic items, {{}} for none"],
        ),
        (
            with_group("session: {mode: always-on, first_record: 361 s}"),
            [f"s.yaml:10: {GROUP}.session.first_record: found '361 s'; expected at most the record interval, 6 min"],
        ),
        (
            changed(
                "seed: 1",
                "seed: 1\nplatform: {record_interval: none}",
                with_group("session: {mode: always-on, first_record: 1 s}"),
            ),
            [
                f"s.yaml:11: {GROUP}.session.first_record: found '1 s'; "
                "expected none: records close only at a session's end here (record_interval: none)"
            ],
        ),
        (
            with_group("session: {mode: on-demand, idle_timeout: 0 s}"),
            [f"s.yaml:10: {GROUP}.session.idle_timeout: found '0 s'; expected a duration from 1 ms to 50 years"],
        ),
        (
            with_group("session: {idle_timeout: 1 s}"),
            [f"s.yaml:10: {GROUP}.session.mode: found nothing; expected always-on or on-demand"],
        ),
        (
            with_group("session: on-demand"),
            [f"s.yaml:10: {GROUP}.session: found 'on-demand'; expected a mapping with a mode: always-on or on-demand"],
        ),
        (
            with_group("dns: {resolver: mine, query: -1 B}"),
            [
                f"s.yaml:10: {GROUP}.dns.query: found '-1 B'; {BYTES}",
                f"s.yaml:10: {GROUP}.dns.resolver: found 'mine'; expected public or carrier",
            ],
        ),
        (
            with_group("when_blocked: {reconnect: {first: 0 s, factor: 0.99, max: 1 s}}"),
            [
                f"s.yaml:10: {GROUP}.when_blocked.reconnect.first: found '0 s'; "
                "expected a duration from 1 ms to 50 years",
                f"s.yaml:10: {GROUP}.when_blocked.reconnect.factor: found '0.99'; "
                "expected a decimal number from 1 to 1,000",
            ],
        ),
        (
            with_group("when_blocked: {reconnect: {first: 2 s, factor: 1, max: 1 s}}"),
            [f"s.yaml:10: {GROUP}.when_blocked.reconnect.max: found '1 s'; expected at least the first wait"],
        ),
        (
            with_group("when_blocked: {}"),
            [f"s.yaml:10: {GROUP}.when_blocked.reconnect: found nothing; expected a mapping with first, factor, max"],
        ),
        (
            with_group("activation: {at: 2025-12-31T23:59:59Z}"),
            [
                f"s.yaml:10: {GROUP}.activation.at: found '2025-12-31T23:59:59Z'; "
                "expected an instant at or after the scenario's start"
            ],
        ),
        # Traffic.
        (
            with_arrivals("{process: perodic, every: 1 s}"),
            [
                f"s.yaml:12: {ITEM}.arrivals.process: found 'perodic'; "
                "expected periodic, poisson, on-off, once, continuous or trace; did you mean 'periodic'?"
            ],
        ),
        (
            with_arrivals("{process: periodic, every: 50 ms}"),
            [
                f"s.yaml:12: {ITEM}.arrivals.every: found '50 ms'; "
                "expected at most 50,000,000 transfers of one SIM in the scenario"
            ],
        ),
        (
            with_arrivals("{process: poisson, rate: 0 per day}"),
            [f"s.yaml:12: {ITEM}.arrivals.rate: found '0 per day'; expected a rate above 0"],
        ),
        (
            with_arrivals("{process: continuous, from: 2 h, until: 2 h}"),
            [
                f"s.yaml:12: {ITEM}.arrivals.until: found '2 h'; expected a later instant than 'from'",
                f"s.yaml:13: {ITEM}.upload: found '800 B'; expected whole bytes per second such as 280 kB/s",
            ],
        ),
        (
            with_arrivals("{process: continuous, from: 31 days}", "            upload: 1 B/s\n"),
            [
                f"s.yaml:12: {ITEM}.arrivals.from: found '31 days'; "
                "expected an instant before the scenario's end, 31 days or 2026-02-01T00:00:00Z"
            ],
        ),
        (
            with_arrivals("{process: continuous}", "            upload: 1 B/s\n            duration: 1 s\n"),
            [f"s.yaml:14: {ITEM}.duration: found '1 s'; expected no duration with the process continuous"],
        ),
        (
            with_arrivals("{process: continuous}", "            upload: 1 B/s\n            throughput: 1 kbit/s\n"),
            [f"s.yaml:14: {ITEM}.throughput: found '1 kbit/s'; expected no throughput with the process continuous"],
        ),
        (
            with_arrivals("{process: trace, file: gone.csv}", "            throughput: 1 kbit/s\n"),
            [
                f"s.yaml:13: {ITEM}.throughput: found '1 kbit/s'; expected no throughput with the process trace",
            ],
        ),
        (
            changed("upload: 800 B", "upload: 800 B\n            duration: 0 s\n            throughput: 1 kbit/s"),
            [
                f"s.yaml:15: {ITEM}.throughput: found '1 kbit/s'; "
                "expected either a duration or a throughput, and not both"
            ],
        ),
        (
            changed("upload: 800 B", "upload: 800 B\n            throughput: 0 bit/s"),
            [f"s.yaml:14: {ITEM}.throughput: found '0 bit/s'; expected from 1 bit/s to 1000 Gbit/s"],
        ),
        (
            changed("upload: 800 B", "upload: 800 B\n            throughput: 1000.1 Gbit/s"),
            [f"s.yaml:14: {ITEM}.throughput: found '1000.1 Gbit/s'; expected from 1 bit/s to 1000 Gbit/s"],
        ),
        (
            changed("upload: 800 B", "upload: 800 B\n            throughput: 25 kB/s"),
            [
                f"s.yaml:14: {ITEM}.throughput: found '25 kB/s'; expected whole bits per second such as 200 kbit/s "
                "(bit/s, kbit/s, Mbit/s or Gbit/s)"
            ],
        ),
        (
            with_arrivals("{process: continuous}", "            upload: 1 TB/s\n"),
            [f"s.yaml:11: {ITEM}: found a mapping; expected at most 1 PB in the scenario from one item of one SIM"],
        ),
        (
            with_arrivals('{process: once, at: 1 h, spread: 1 h, shape: "gamma(3, 4)"}'),
            [f"s.yaml:12: {ITEM}.arrivals.shape: found 'gamma(3, 4)'; {SHAPE}"],
        ),
        (
            with_arrivals('{process: once, at: 1 h, spread: 1 h, shape: "beta(3, 0.09)"}'),
            [f"s.yaml:12: {ITEM}.arrivals.shape: found 'beta(3, 0.09)'; {SHAPE}"],
        ),
        (
            with_arrivals('{process: once, at: 1 h, spread: 1 h, shape: "beta(3)"}'),
            [f"s.yaml:12: {ITEM}.arrivals.shape: found 'beta(3)'; {SHAPE}"],
        ),
        (
            with_arrivals("{process: once, at: 1 h, spread: 1 h, shape: beta(3, 4)}"),
            [
                f"s.yaml:12: {ITEM}.arrivals.4): found '4)'; expected one of process, at, spread, shape",
                f"s.yaml:12: {ITEM}.arrivals.shape: found 'beta(3'; {SHAPE}",
            ],
        ),
        (
            with_arrivals('{process: once, at: 1 h, shape: "beta(3, 4)"}'),
            [f"s.yaml:12: {ITEM}.arrivals.spread: found nothing; expected more than 0 s, for the shape needs a spread"],
        ),
        (
            with_arrivals('{process: once, at: 1 h, spread: 12726 days, shape: "beta(3, 4)"}'),
            [f"s.yaml:12: {ITEM}.arrivals.spread: found '12726 days'; expected at most 12,725 days with a shape"],
        ),
        (
            with_arrivals("{process: once, at: 1 h}", ""),
            [f"s.yaml:11: {ITEM}.upload: found nothing; expected an upload or a download"],
        ),
        (
            with_arrivals("{process: trace, file: gone.csv}"),
            [f"s.yaml:13: {ITEM}.upload: found '800 B'; expected no upload with a trace, whose file has the bytes"],
        ),
        (
            with_arrivals("{process: trace, file: gone.csv}", ""),
            [f"s.yaml:12: {ITEM}.arrivals.file: found 'gone.csv'; no such file"],
        ),
        (
            changed("upload: 800 B", "upload: 800 B\n            via: vpn"),
            [f"s.yaml:14: {ITEM}.via: found 'vpn'; expected dns"],
        ),
        # Sizes.
        (with_size("800"), [f"s.yaml:13: {ITEM}.upload: found '800'; {BYTES}; a number needs its unit"]),
        (
            with_size("{distribution: lognormal, sigma: 1}"),
            [f"s.yaml:13: {ITEM}.upload.median: found nothing; expected a median or a mean"],
        ),
        (
            with_size("{distribution: lognormal, median: 1 B, mean: 2 B, sigma: 1}"),
            [f"s.yaml:13: {ITEM}.upload.mean: found '2 B'; expected either a median or a mean, and not both"],
        ),
        (
            with_size("{distribution: lognormal, median: 1 B, sigma: 1e3}"),
            [f"s.yaml:13: {ITEM}.upload.sigma: found '1e3'; expected a decimal number from 0.001 to 10"],
        ),
        (
            with_size("{distribution: uniform, minimum: 2 B, maximum: 1 B}"),
            [f"s.yaml:13: {ITEM}.upload.maximum: found '1 B'; expected at least the minimum"],
        ),
        (
            with_size("{distribution: pareto, minimum: 2 B, shape: 1, maximum: 2 B}"),
            [f"s.yaml:13: {ITEM}.upload.maximum: found '2 B'; expected more than the minimum"],
        ),
        (
            with_size("{distribution: empirical, values: [1 B, 2 XB, 3 B], weights: [1, -1, 2, x]}"),
            [
                f"s.yaml:13: {ITEM}.upload.values.1: found '2 XB'; {BYTES}; the units are B, kB, MB, GB, TB, KiB, MiB, GiB",
                f"s.yaml:13: {ITEM}.upload.weights.1: found '-1'; expected a decimal number such as 0.5",
                f"s.yaml:13: {ITEM}.upload.weights.3: found 'x'; expected a decimal number such as 0.5",
            ],
        ),
        (
            with_size("{distribution: empirical, values: [1 B, 2 B], weights: [1]}"),
            [f"s.yaml:13: {ITEM}.upload.weights: found a list; expected as many weights as values, 2"],
        ),
        (
            with_size("{distribution: empirical, values: [1 B, 2 B], weights: []}"),
            [f"s.yaml:13: {ITEM}.upload.weights: found a list; expected as many weights as values, 2"],
        ),
        (
            with_size("{distribution: empirical, values: [1 B, 2 B], weights: [0, 0.0]}"),
            [f"s.yaml:13: {ITEM}.upload.weights: found a list; expected at least one weight above 0"],
        ),
        (
            with_size("{distribution: empirical, values: [1 B], weights: [1000000001]}"),
            [
                f"s.yaml:13: {ITEM}.upload.weights.0: found '1000000001'; "
                "expected a decimal number from 0 to 1,000,000,000"
            ],
        ),
        (
            with_size("{distribution: empirical, values: []}"),
            [f"s.yaml:13: {ITEM}.upload.values: found a list of 0; expected a list of 1 to 10,000 sizes in bytes"],
        ),
        (
            with_size(f"{{distribution: empirical, values: [{'1 B, ' * 10_000}2 B]}}"),
            [f"s.yaml:13: {ITEM}.upload.values: found a list of 10,001; expected a list of 1 to 10,000 sizes in bytes"],
        ),
        (
            with_size("{distribution: empirical}"),
            [f"s.yaml:13: {ITEM}.upload.values: found nothing; expected a list of 1 to 10,000 sizes in bytes"],
        ),
        (
            with_size("{distribution: empirical, values: 1 B}"),
            [f"s.yaml:13: {ITEM}.upload.values: found '1 B'; expected a list of 1 to 10,000 sizes in bytes"],
        ),
        (
            with_size("{distribution: normal, mean: 2 B}"),
            [
                f"s.yaml:13: {ITEM}.upload.distribution: found 'normal'; "
                "expected constant, uniform, exponential, gamma, lognormal, pareto or empirical; did you mean 'lognormal'?"
            ],
        ),
        # The timeline.
        (
            with_timeline("{at: 31 days, fleet: meter, data_limit: 1 kB}"),
            [
                "s.yaml:15: timeline.0.at: found '31 days'; expected an instant before the scenario's end, 31 days or 2026-02-01T00:00:00Z",
                "s.yaml:15: timeline.0.fleet: found 'meter'; expected the name of a fleet ('meters'); "
                "did you mean 'meters'?",
            ],
        ),
        (
            with_timeline("{at: 1 h, fleet: meters, data_limit: 2 MB}", "{at: 0 s, fleet: meters, data_limit: 1 kB}"),
            ["s.yaml:16: timeline.1.data_limit: found '1 kB'; expected whole MB from 1 to 2,000,000"],
        ),
        (SMALL + "timeline: {at: 1 h}\n", ["s.yaml:14: timeline: found a mapping; expected a list of entries"]),
    ],
)
def test_a_mistake_says_where_it_is_what_was_found_and_what_was_expected(text: str, lines: list[str]) -> None:
    assert mistakes(text) == lines


def test_a_wrong_start_makes_no_other_instant_wrong() -> None:
    stream = "{process: continuous, from: 2026-01-02, until: 2026-01-03}"
    text = with_arrivals(stream, "            upload: 1 B/s\n") + "timeline:\n"
    text += "  - {at: 2026-01-15, fleet: meters, data_limit: 1 MB}\n"
    assert len(mistakes(changed("start: 2026-01-01T00:00:00Z", "start: now", text))) == 1


def test_all_mistakes_come_together_in_the_order_of_the_file() -> None:
    text = with_timeline("{at: 1 h, fleet: meters, data_limit: 1 kB}", "{at: 99 days, fleet: nobody, data_limit: 1 MB}")
    text = text.replace("seed: 1", "seed: x").replace("count: 3", "count: 0").replace("800 B", "800")
    assert [line.split(": ")[1] for line in mistakes(text)] == [
        "seed",
        f"{GROUP}.count",
        f"{ITEM}.upload",
        "timeline.0.data_limit",
        "timeline.1.at",
        "timeline.1.fleet",
    ]


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("seed", "expected PATH=VALUE, such as fleets.meters.data_limit=8MB"),
        ("=3", "expected PATH=VALUE, such as fleets.meters.data_limit=8MB"),
        ("a..b=3", "expected PATH=VALUE, such as fleets.meters.data_limit=8MB"),
        ("seed=x", "seed: found 'x'; expected a whole number from 0 to 9,223,372,036,854,775,807"),
        ("seed=", "seed: found nothing; expected a whole number from 0 to 9,223,372,036,854,775,807"),
        (
            "seed=[1",
            "not YAML: while parsing a flow sequence; expected ',' or ']', but got '<stream end>'; here or on the line above: close the bracket, and separate entries with commas",
        ),
        ("seed.x=1", "seed: found '1'; expected a mapping to set 'x' in"),
        ("seed=!!int 1", "found the tag 'tag:yaml.org,2002:int'; expected plain values without tags"),
        ("timeline.1.at=1 h", "timeline: found '1'; expected an index below 1"),
        (
            "timeline.0.at=1",
            "timeline.0.at: found '1'; expected a duration since the start such as 10 days 2 hours, "
            "or an instant; a number needs its unit",
        ),
        (
            "fleets.meters.data_limt=3 MB",
            "fleets.meters.data_limt: found 'data_limt'; expected one of any_limit, data_limit, devices; "
            "did you mean 'data_limit'?",
        ),
        ("platform.record_interval=soon", f"platform.record_interval: found 'soon'; {DURATION_EXPECTED}, or none"),
    ],
)
def test_a_wrong_override_is_named_by_its_own_text(override: str, text: str) -> None:
    scenario = with_timeline("{at: 1 h, fleet: meters, data_limit: 2 MB}")
    assert mistakes(scenario, override) == [f"--set {override}: {text}"]


def test_files_that_cannot_be_read_are_answered(tmp_path: Path) -> None:
    def told(path: Path) -> str:
        with pytest.raises(BadInput) as caught:
            load(path)
        return str(caught.value).removeprefix(str(path))

    assert told(tmp_path / "gone.yaml") == ": no such file"
    assert told(tmp_path) == ": expected a file; this is a directory"
    binary = tmp_path / "b.yaml"
    binary.write_bytes(b"a: 1\nb: \xff\xfe\n")
    assert told(binary) == ":2: expected text in UTF-8"
    large = tmp_path / "large.yaml"
    with large.open("wb") as file:
        file.truncate(16_000_001)
    assert told(large) == ": expected at most 16,000,000 bytes; the file has 16,000,001"


def test_a_name_with_a_line_break_stays_on_one_line() -> None:
    assert mistakes(SMART_METERS.replace("other-fleet:", '"a\\nb\\u001b[31m":'))[0].startswith(
        "s.yaml:45: fleets.a\\nb\\x1b[31m: found 'a\\nb\\x1b[31m'; expected a name of"
    )
