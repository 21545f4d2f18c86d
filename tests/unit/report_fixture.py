"""Synthetic results to look at and to test the report with; no engine is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy import stats

from fleetsim.clock import epoch_ms, to_ms
from fleetsim.report.overview import Overview
from fleetsim.scenario.devices import Activation, AlwaysOn
from fleetsim.scenario.schema import LimitChange

CAUSES = ("metering", "enforcement", "propagation", "dns")
MONTH_MS = 31 * 86_400_000
START = datetime(2026, 1, 1, tzinfo=UTC)
PRICE_MICROS = 100_000  # $0.10 per MB
FEE_MICROS = 2_000_000


@dataclass
class FakeResult:
    """A result as the report sees it: frames, manifest, scenario."""

    sim_periods: pd.DataFrame
    replications: pd.DataFrame
    blocked: pd.DataFrame
    manifest: dict[str, Any]
    scenario: Any
    left_out: set[str] = field(default_factory=set)

    @property
    def overview(self) -> Overview:
        frame = self.sim_periods

        def rows(columns: Sequence[str]) -> Iterator[pa.Table]:
            for replication in range(self.manifest["replications"]):
                own = frame.loc[frame["replication"] == replication, list(columns)]
                yield pa.Table.from_pandas(own, preserve_index=False)

        start, end = (datetime.fromisoformat(self.manifest[name]) for name in ("start", "end"))
        return Overview(rows, self.manifest["replications"], epoch_ms(start), to_ms(start, end))

    def summary(self) -> pd.DataFrame:
        made = summary_of(self)
        return made[~made["metric"].isin(self.left_out)]


def fake(
    *,
    fleets: dict[str, int | None] | None = None,
    normal: int = 980,
    faulty: int = 20,
    replications: int = 20,
    block_normal: float = 0.019,
    overage: bool = True,
    heavy_tail: bool = False,
    timeline: bool = False,
    currency: str = "USD",
    name: str = "smart-meters",
    description: str = "1,000 meters; 2 % of them hang in a reconnect loop",
    seed: int = 1,
) -> FakeResult:
    """A run of a month: faulty SIMs over the limit from about day 8, a few normal ones late in the month."""
    fleets = {"meters": 5_000_000} if fleets is None else fleets
    random = np.random.default_rng(seed)
    frames = []
    end = START + timedelta(days=31)
    for replication in range(replications):
        first_sim = 0
        for fleet, limit in fleets.items():
            for role, count in (("normal", normal), ("faulty", faulty)):
                if count:
                    rows = _rows(random, count, role, limit, block_normal, overage, heavy_tail)
                    rows["sim"] += first_sim
                    first_sim += count
                    rows.insert(0, "role", role)
                    rows.insert(0, "device_group", "meter" if role == "normal" else "stuck")
                    rows.insert(0, "fleet", fleet)
                    rows.insert(0, "replication", replication)
                    frames.append(rows)
    sim_periods = pd.concat(frames, ignore_index=True)
    sim_periods["period_start"], sim_periods["period_end"] = pd.Timestamp(START), pd.Timestamp(end)
    sim_periods["fee_due"], sim_periods["carried_bytes"] = True, 0
    for column in ("fleet", "device_group", "role"):
        sim_periods[column] = sim_periods[column].astype("category")
    platform = SimpleNamespace(
        record_interval_ms=360_000,
        record_delay_ms=0,
        enforcement_delay_ms=60_000,
        limit_propagation=SimpleNamespace(typical_ms=300_000, typical_share=0.95, max_ms=900_000, fixed=False),
        dns_when_blocked="public",
        dns_counts=True,
        billing_period="activation-month",
    )
    groups = {
        group: SimpleNamespace(
            **dict.fromkeys(("network", "initial", "monthly_use", "dns", "when_blocked")),
            count=count,
            role=role,
            status="active",
            rate_spread=0.0,
            traffic={},
            activation=Activation(),
            session=AlwaysOn(),
        )
        for group, count, role in (("meter", normal, "normal"), ("stuck", faulty, "faulty"))
        if count
    }
    change = LimitChange.model_construct(
        at_ms=14 * 86_400_000 + 9 * 3_600_000, fleet=next(iter(fleets)), data_limit_bytes=4_000_000
    )
    scenario = SimpleNamespace(
        name=name,
        description=description,
        fleets={k: SimpleNamespace(data_limit_bytes=v, any_limit=False, devices=groups) for k, v in fleets.items()},
        platform=platform,
        tariff=SimpleNamespace(
            currency=currency, fee_micros=FEE_MICROS, per_mb_micros=PRICE_MICROS, networks={}, increment_bytes=1
        ),
        timeline=(change,) if timeline else (),
        limit_changes=(change,) if timeline else (),
    )
    manifest = {
        "name": name,
        "description": description,
        "version": "0.1.0",
        "engine": "reference",
        "seed": 20260101,
        "replications": replications,
        "start": "2026-01-01T00:00:00Z",
        "end": "2026-02-01T00:00:00Z",
        "currency": currency,
        "scenario_hash": "9f2c" * 16,
        "wall_seconds": 12.34,
        "confidence": 0.95,
        "sims": (normal + faulty) * len(fleets),
    }
    return FakeResult(sim_periods, _totals(sim_periods), _blocked(sim_periods), manifest, scenario)


def _rows(
    random: np.random.Generator,
    count: int,
    role: str,
    limit: int | None,
    block_normal: float,
    overage: bool,
    heavy_tail: bool,
) -> pd.DataFrame:
    offered = random.lognormal(np.log(2.3e6), 0.4, count).astype(np.int64)
    blocked = np.ones(count, bool) if role == "faulty" else random.random(count) < block_normal
    if limit is None or not overage:
        blocked = np.zeros(count, bool)
    parts = {cause: np.zeros(count, np.int64) for cause in CAUSES}
    since = np.zeros(count, np.int64)
    if role == "faulty":
        since = (8.15 * 86_400_000 + random.uniform(0, 3_600_000, count)).astype(np.int64)
        parts["metering"] = (280_000 * random.uniform(0, 360, count)).astype(np.int64)
        parts["enforcement"] = (280_000 * random.uniform(20, 40, count)).astype(np.int64)
        parts["dns"] = random.uniform(3e6, 8e6, count).astype(np.int64)
        offered += 280_000 * 86_400 * 22
    else:
        since = (random.beta(5, 1, count) * MONTH_MS).astype(np.int64)
        parts["metering"] = random.integers(0, 40_000, count)
        parts["propagation"] = random.integers(0, 20_000, count)
        parts["dns"] = random.integers(0, 200_000, count)
    if heavy_tail:
        parts["metering"] = (random.pareto(0.6, count) * 20_000).astype(np.int64)
    for cause in CAUSES:
        parts[cause] = np.where(blocked, parts[cause], 0)
    over = sum(parts.values())
    used = np.where(blocked, (limit or 0) + over, np.minimum(offered, limit or 2**62))
    rows = pd.DataFrame({"sim": np.arange(count), "period": 0})
    rows["complete"] = True
    rows["data_limit_bytes"] = pd.array([limit if limit is not None else pd.NA] * count, dtype="Int64")
    rows["offered_bytes"] = offered
    rows["used_bytes"] = used
    rows["overage_bytes"] = over
    for cause in CAUSES:
        rows[f"overage_{cause}_bytes"] = parts[cause]
    rows["undelivered_bytes"] = np.where(blocked, np.maximum(offered - used, 0) + 30_000, 0)
    rows["blocks"] = blocked.astype(np.int64)
    rows["first_blocked_at"] = pd.to_datetime(
        np.where(blocked, since + int(START.timestamp()) * 1000, np.int64(0)), unit="ms", utc=True
    )
    rows.loc[~blocked, "first_blocked_at"] = pd.NaT
    rows["blocked_ms"] = np.where(blocked, MONTH_MS - since, 0)
    rows["fee_micros"] = FEE_MICROS
    rows["usage_cost_micros"] = (used * PRICE_MICROS + 500_000) // 1_000_000
    rows["overage_cost_micros"] = rows["usage_cost_micros"] - ((used - over) * PRICE_MICROS + 500_000) // 1_000_000
    rows["cost_micros"] = rows["fee_micros"] + rows["usage_cost_micros"]
    return rows


def _totals(sim_periods: pd.DataFrame) -> pd.DataFrame:
    frame = sim_periods.assign(sims=1, sim_periods=1, blocked_sim_periods=(sim_periods["blocks"] > 0).astype(int))
    frame["complete_sim_periods"] = frame["complete"].astype(int)
    names = ["replication", "fleet", "device_group", "role"]
    columns = ["sims", "sim_periods", "blocked_sim_periods", "complete_sim_periods", "blocked_ms"]
    columns += [c for c in frame.columns if c.endswith(("_bytes", "_micros")) and c != "data_limit_bytes"]
    return frame.groupby(names, observed=True)[columns].sum().reset_index()


def _blocked(sim_periods: pd.DataFrame) -> pd.DataFrame:
    grid = pd.date_range(START, periods=31 * 8, freq="3h")
    names = ["replication", "fleet", "role"]
    frames = []
    for key, rows in sim_periods.groupby(names, observed=True):
        since = np.sort(rows["first_blocked_at"].dropna().dt.tz_localize(None).to_numpy())
        counts = np.searchsorted(since, grid.tz_localize(None).to_numpy(), side="right")
        frames.append(pd.DataFrame(dict(zip(names, key, strict=True)) | {"time": grid, "blocked_sims": counts}))
    return pd.concat(frames, ignore_index=True)


def summary_of(result: FakeResult) -> pd.DataFrame:
    """Means over replications with t intervals, by role and fleet."""
    rows: list[dict[str, Any]] = []
    frame = result.replications
    n = int(result.manifest["replications"])
    money = {"cost": "cost_micros", "overage_cost": "overage_cost_micros", "fee": "fee_micros"}
    money["usage_cost"] = "usage_cost_micros"
    for role in ("all", "normal", "faulty"):
        for fleet in ("all", *result.scenario.fleets):
            part = frame if role == "all" else frame[frame["role"] == role]
            part = part if fleet == "all" else part[part["fleet"] == fleet]
            if part.empty:
                continue
            sums = part.drop(columns=["fleet", "role", "device_group"]).groupby("replication").sum()
            values = {m: sums[c] / 1e6 for m, c in money.items()}
            for cause in CAUSES:
                values[f"overage_cost_{cause}"] = sums[f"overage_{cause}_bytes"] * PRICE_MICROS / 1e12
            values["blocked_sim_periods_share"] = sums["blocked_sim_periods"] / sums["sim_periods"]
            for metric, series in values.items():
                half = stats.t.ppf(0.975, n - 1) * series.std() / n**0.5 if n > 1 else None
                mean = series.mean()
                bounds = (None, None) if half is None else (mean - half, mean + half)
                rows.append(_line(metric, role, fleet, "mean", mean, *bounds, n))
                rows.append(_line(metric, role, fleet, "p95", series.quantile(0.95), None, None, n))
    used = result.sim_periods.loc[result.sim_periods["role"] == "normal", "used_bytes"]
    for statistic, level in (("p50", 0.5), ("p99", 0.99)):
        value = float(used.quantile(level))
        rows.append(_line("used_bytes", "normal", "all", statistic, value, None, None, n) | {"over": "sims"})
    return pd.DataFrame(rows)


def _line(
    metric: str,
    role: str,
    fleet: str,
    statistic: str,
    value: float,
    low: float | None,
    high: float | None,
    n: int,
) -> dict[str, Any]:
    return {
        "metric": metric,
        "role": role,
        "fleet": fleet,
        "over": "replications",
        "statistic": statistic,
        "value": value,
        "low": low,
        "high": high,
        "n": n,
    }
