"""The page of files and tables: each column of each table with its type, its unit and its meaning.

Names and types come from the program. What a column means stands here, once; a test holds that each has a meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import pyarrow as pa

from fleetsim.choice.tables import SCHEMAS as OF_A_CHOICE
from fleetsim.comparison.differences import COMPARISON_SCHEMA
from fleetsim.comparison.metrics import METRICS
from fleetsim.comparison.simulate import SUMS
from fleetsim.experiments.summary import OVER_REPLICATIONS, OVER_SIMS
from fleetsim.results import SUMMARY
from fleetsim.tables import SCHEMAS

#: The unit of a column, by the end of its name.
UNITS: Final = {"_bytes": "bytes", "_ms": "ms", "_micros": "millionths of the currency", "_hours": "hours"}

#: Columns that mean the same in every table that has them.
EVERYWHERE: Final = {
    "replication": "number of the replication, from 0",
    "fleet": "the fleet; of a moved SIM the one in which it is just before the row's end",
    "device_group": "the group that the scenario defines the SIM in; a move does not change it",
    "role": "`normal`: to be served; `faulty`: to be contained",
    "sim": "number of the SIM in the scenario, from 0; a group's SIMs follow one another",
    "period": "number of the SIM's billing period, from 0",
    "data_limit_bytes": "the fleet's data limit, just before the row's end; null: unlimited",
    "carried_bytes": "what was used in this period before the scenario's start; 0 without `initial`",
    "offered_bytes": "what the traffic items wanted to move, blocked or not; lookups and handshakes are not in it",
    "upload_bytes": "what the devices sent, lookups and handshakes included",
    "download_bytes": "what they received, lookups and handshakes included",
    "used_bytes": "upload and download together",
    "dns_bytes": "the part of it that was lookups, or went through a DNS tunnel",
    "overage_bytes": "the part of it beyond the limit; what follows says by which cause",
    "overage_metering_bytes": "moved before a usage record could show that the limit was passed",
    "overage_enforcement_bytes": "moved after that record, before the block took effect",
    "overage_propagation_bytes": "moved because a lower limit had not arrived at the SIM yet",
    "overage_dns_bytes": "DNS of a SIM that was blocked already",
    "undelivered_bytes": "what was lost because the SIM was blocked, or was cut as it was made inactive",
    "blocked_ms": "how long SIMs were blocked",
    "fee_micros": "the fees of periods that owe one",
    "usage_cost_micros": "price of all that was used, overage included",
    "overage_cost_micros": "the part of it that is for overage",
    "cost_micros": "fee and usage together",
    "blocked_sim_periods": "SIM-periods in which the SIM was blocked at least once",
    "sim_periods": "rows of `sim_periods`: one a SIM and billing period",
    **{
        f"overage_cost_{cause}_micros": f"price of the overage by {cause if cause != 'dns' else 'DNS'}"
        for cause in ("metering", "enforcement", "propagation", "dns")
    },
}

#: Columns that mean something else in one table, or that only it has.
OF_A_TABLE: Final[dict[str, dict[str, str]]] = {
    "sim_periods": {
        "period_start": "when the period starts",
        "period_end": "the period's own end, also where the scenario ends earlier",
        "complete": "the whole period lies in the scenario",
        "blocks": "how often the SIM was blocked in it",
        "first_blocked_at": "when it was first blocked in it; null: never",
        "blocked_ms": "how long it was blocked in it",
        "fee_due": "the period owes a fee: the SIM was active in it, and the fee was not paid before the start",
        "fee_micros": "the fee, if one is due",
    },
    "replications": {
        "sims": "SIMs of the group that had a row here",
        "complete_sim_periods": "SIM-periods that lie in the scenario as a whole",
    },
    "blocked": {
        "time": "an instant of a regular grid",
        "fleet": "the fleet that the SIMs are in at that instant",
        "blocked_sims": "how many SIMs are blocked at that instant",
    },
    "usage_records": {
        "session": "number of the SIM's data session, from 0",
        "record_start": "from when on bytes count in this record",
        "record_end": "when it closes, and what is in it becomes known",
        "upload_bytes": "sent in it",
        "download_bytes": "received in it",
        "dns_bytes": "the part of both that was DNS",
    },
    "events": {
        "time": "when it took effect",
        "event": "`block`, `unblock`, or `limit`: another limit arrived at the SIM",
        "data_limit_bytes": "the limit by which the SIM is judged after it; null: unlimited",
        "cause": "why; [the model](model.md#12-model-outputs) lists the causes",
    },
    "histograms": {
        "metric": "the column of `sim_periods` whose values are counted",
        "lower": "values in this cell are at least this large",
        "upper": "and smaller than this",
        "count": "how many SIM-periods have such a value",
    },
    "limits": {
        "data_limit_bytes": "the limit that was judged",
        "recommended": "it is the answer",
        "could_be_answer": "it is in the set of those that could be the true answer",
        "blocked_share": "share of the normal devices' complete SIM-periods that were blocked at least once",
        "blocked_share_low": "its 95 % interval, or that of `--confidence`",
        "blocked_share_high": "upper end of that interval",
        "blocked_hours": "hours that normal SIMs were blocked in complete periods, a replication",
        "undelivered_bytes": "what normal SIMs lost in complete periods, a replication",
        "overage_bytes": "bytes beyond the limit of all the fleet's devices, a replication; by cause in what follows",
        "cost_mean": "mean cost of the fleet, over replications",
        "cost_low": "its interval",
        "cost_high": "upper end of that interval",
        "cost_p50": "half of the replications cost at most this",
        "cost_p95": "95 % of them do; null where there are fewer than it takes",
        "cost_p99": "99 % of them do; null where there are fewer than it takes",
        "budget_quantile": "with `--budget`: the quantile of cost that the rule asks for",
        "budget_quantile_low": "lower bound, one-sided, of all limits together",
        "budget_quantile_high": "upper bound, one-sided, of all limits together",
        "objective": "with `--outage-cost`: mean of cost plus the price of blocked days",
        "objective_low": "its interval",
        "objective_high": "upper end of that interval",
        "objective_diff": "objective less that of the recommended limit, paired by replication",
        "objective_diff_low": "its interval; these hold for all limits together",
        "objective_diff_high": "upper end of that interval",
    },
    "judged": {
        "data_limit_bytes": "the limit that was judged",
        "sim_periods": "complete SIM-periods of the fleet's normal devices",
        "blocked_sim_periods": "those of them that were blocked at least once",
        "blocked_ms": "how long they were blocked",
        "undelivered_bytes": "what was lost in them",
        "cost_micros": "cost of all the fleet's devices",
        "periods_per_sim": "the most complete periods that a normal SIM has, or can have",
    },
    "use": {
        "lower": "use in this cell is at least this large (bytes)",
        "upper": "and smaller than this (bytes)",
        "count": "how many complete SIM-periods of normal devices use so much, without a limit",
    },
    "comparison": {
        "metric": "what is compared; [the metrics](#metrics)",
        "scenario": "the scenario's name",
        "mean": "mean over replications",
        "low": "its interval, by itself",
        "high": "upper end of that interval",
        "diff": "scenario less first scenario, paired by replication; null for the first",
        "diff_low": "its interval; all differences hold together at the confidence asked for",
        "diff_high": "upper end of that interval",
        "replications_needed": "how many would tell the two apart, by what was seen; null: no number worth a plan",
        "distinguishable": "the interval of the difference does not hold 0",
        "variance_saved": "share of the difference's variance that common random numbers took away",
    },
    "sums": {"case": "row of the point in `sweep.parquet`, or place of the scenario in the comparison, from 0"},
    "summary": {
        "metric": "[the metric](#metrics)",
        "role": "`normal`, `faulty`, or `all`",
        "fleet": "the fleet's name, or `all`",
        "over": "`replications`: a value belongs to a replication; `sims`: to a SIM-period",
        "statistic": "`mean`, `p50`, `p95`, `p99`, `max`",
        "value": "the figure; money in the currency. Over `sims` the mean over replications of each one's statistic,"
        " so `max` is the mean of their largest",
        "low": "its 95 % interval; null where the data do not allow one",
        "high": "upper end of that interval",
        "n": "how many replications, or SIM-periods, it comes from",
    },
}

METRICS_MEAN: Final = {
    "blocked_sim_periods_share": "share of SIM-periods in which the SIM was blocked at least once",
    "blocked_sims": "how many SIM-periods that is",
    "blocked_hours": "hours that SIMs were blocked",
    "fee": "fees",
    "usage_cost": "price of all that was used, overage included",
    "overage_cost": "the part of it that is for overage",
    "cost": "fee and usage together",
}

INTRO = """\
<!-- Made by docs/make_reference.py; do not edit. -->
# Files and tables

Tables are Parquet files. They open in pandas (`pd.read_parquet`), Polars, DuckDB, R (`arrow::read_parquet`) and
Excel's Power Query. Bytes, milliseconds and money in them are whole numbers: `cost_micros` of 2,420,000 is 2.42 of the
currency. Instants are UTC. Sums are exact.

## What a run leaves

| file | content |
| --- | --- |
| `report.html`, `figures/` | the page to look at, and its pictures |
| `summary.json` | [every metric](#summaryjson) over SIMs and over replications, with intervals |
| `sim_periods.parquet` | [one row a replication, SIM and billing period](#sim_periods) |
| `replications.parquet` | [sums](#replications) by replication, fleet and device group |
| `blocked.parquet` | [how many SIMs are blocked](#blocked) at each moment |
| `usage_records.parquet` | with `--records traffic` or `all`: [each usage record](#usage_records) |
| `events.parquet` | with them: [each block, unblock and limit that arrives](#events) |
| `histograms.parquet` | with `--keep sums`, [instead of the rows](#histograms) |
| `scenario.yaml`, `inputs/` | what was simulated, resolved, and the files that it reads |
| `manifest.json` | seed, versions, hash of the scenario, wall time: enough to run it again and get the same rows |
| `parts/` | finished replications of a run that was interrupted; gone when it is complete |

[choosing-a-limit.md](choosing-a-limit.md#what-it-leaves) and [comparing.md](comparing.md#what-it-leaves) list the
files of `choose-limit`, `sweep` and `compare`; their tables are below.
"""

TABLES: Final = (
    ("sim_periods", "One row a replication, SIM and billing period, sorted so; periods in which nothing moved too."),
    ("replications", "Sums over the rows of each replication, fleet and device group."),
    ("blocked", "How many SIMs of a fleet and role are blocked, on a regular grid of instants."),
    ("usage_records", "What the provider sees. Sorted by replication, SIM and start."),
    ("events", "Sorted by replication, SIM and instant, in the order in which they happened."),
    (
        "histograms",
        "With `--keep sums`: SIM-periods by value, in cells of 0.1 % (below 1,000 one a value).",
    ),
)


def page() -> str:
    """Return the text of docs/tables.md."""
    parts = [INTRO]
    parts += [_section(name, about, SCHEMAS[name]) for name, about in TABLES]
    parts += [_summary(), _metrics(), "## What choose-limit leaves\n"]
    parts += [
        _section(
            "limits",
            "One row a limit, ascending; figures per replication.",
            OF_A_CHOICE["limits"],
        ),
        _section("judged", "One row a replication and limit: what all this comes from.", OF_A_CHOICE["judged"]),
        _section("use", "What normal devices use in a complete period without a limit.", OF_A_CHOICE["use"]),
        "## What sweep and compare leave\n",
        "`sweep.parquet` has one row a point: a column for each varied path, then [the metrics](#metrics), each with"
        " its interval `_low` and `_high` after its name, and `cost_p50`, `cost_p95`, `cost_p99`. In"
        f" `replications.parquet` of both, `case` ({OF_A_TABLE['sums']['case']}) comes before the columns of"
        " [replications](#replications).\n",
        _section("comparison", "One row a metric and scenario.", COMPARISON_SCHEMA),
    ]
    return "\n".join(parts)


def meanings() -> Mapping[str, tuple[Iterable[str], Mapping[str, str]]]:
    """For each table, the columns that it has, and the meanings that are given for it alone."""
    schemas = {**SCHEMAS, **OF_A_CHOICE, "comparison": COMPARISON_SCHEMA}
    columns: dict[str, Iterable[str]] = {name: schema.names for name, schema in schemas.items()}
    columns |= {"sums": [name for name in SUMS.names if name not in SCHEMAS["replications"].names], "summary": SUMMARY}
    return {name: (found, OF_A_TABLE[name]) for name, found in columns.items()}


def meaning(table: str, column: str) -> str:
    """Say what a column means.

    Raises
    ------
    KeyError
        Nobody has written it down.
    """
    return OF_A_TABLE[table].get(column) or EVERYWHERE[column]


def _section(name: str, about: str, schema: pa.Schema) -> str:
    lines = [f"### {name}", "", about, "", "| column | type | unit | meaning |", "| --- | --- | --- | --- |"]
    lines += [
        f"| `{field.name}` | {_type(field)} | {_unit(field.name)} | {meaning(name, field.name)} |" for field in schema
    ]
    return "\n".join([*lines, ""])


def _type(field: pa.Field) -> str:
    kind = field.type
    if pa.types.is_dictionary(kind):
        name = "name"
    elif pa.types.is_timestamp(kind):
        name = "instant"
    else:
        name = {"double": "float64"}.get(str(kind), str(kind))
    return f"{name}, or null" if field.nullable else name


def _unit(name: str) -> str:
    if "cost_" in name and not name.endswith("_micros"):
        return "currency"
    if name.startswith(("objective", "budget_quantile")):
        return "currency"
    if "share" in name:
        return "share, 0 to 1"
    return next((unit for ending, unit in UNITS.items() if name.endswith(ending)), "")


def _summary() -> str:
    lines = ["### summary.json", "", "A list of rows, each a figure.", "", "| key | meaning |", "| --- | --- |"]
    lines += [f"| `{key}` | {meaning('summary', key)} |" for key in SUMMARY]
    return "\n".join([*lines, ""])


def _metrics() -> str:
    lines = [
        "### Metrics",
        "",
        "Of a summary, a sweep and a comparison. In the latter two `_normal` after a name says: of normal devices.",
        "",
        "| metric | unit | over SIMs too | meaning |",
        "| --- | --- | --- | --- |",
    ]
    units = {metric.of: metric.unit for metric in METRICS}
    words = {"money": "currency", "count": "", "share": "share, 0 to 1"}
    for name in OVER_REPLICATIONS:
        said = METRICS_MEAN.get(name) or EVERYWHERE.get(name) or EVERYWHERE[f"{name}_micros"]
        unit = words.get(units[name], units[name])
        lines.append(f"| `{name}` | {unit} | {'yes' if name in OVER_SIMS else ''} | {said} |")
    return "\n".join([*lines, ""])
