"""What the report reads from rows, held against the whole frame: nothing depends on how it is cut into replications."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fleetsim
from fleetsim.experiments.over_sims import ALL
from fleetsim.inference.quantiles import quantile
from fleetsim.report.overview import Overview
from fleetsim.results import Result
from fleetsim.scenario.load import load_text

RUN_MS = 1_000
CAUSES = ("metering", "enforcement", "propagation", "dns")

MOVES = """\
start: 2026-01-01T00:00:00Z
duration: 65 days
seed: 3
replications: 3
fleets:
  a: {data_limit: 1 MB, devices: {d: {count: 6, traffic: {t: {arrivals: {process: poisson, rate: 9 per day}, upload: 9 kB}}}}}
  b:
    data_limit: 2 MB
    devices:
      e: {count: 3, role: faulty, traffic: {t: {arrivals: {process: poisson, rate: 20 per day}, upload: 9 kB}}}
timeline:
  - {at: 20 days, sims: a/d, count: 4, to: b}
  - {at: 25 days, fleet: b, data_limit: 3 MB}
  - {at: 40 days, sims: a/d, count: 2, to: a}
"""


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    """Rows of up to three replications; a SIM may move between fleets and come back."""
    rows: list[dict[str, Any]] = []
    for replication in range(3):
        for sim in range(draw(st.integers(0, 4))):
            role = draw(st.sampled_from(["normal", "faulty"]))
            for period in range(draw(st.integers(1, 4))):
                since = draw(st.integers(0, RUN_MS))
                over = draw(st.lists(st.sampled_from([0, 0, 1, 700, 2**40]), min_size=4, max_size=4))
                blocks = draw(st.integers(0, 2))
                rows.append(
                    {
                        "replication": replication,
                        "fleet": draw(st.sampled_from(["a", "b"])),
                        "role": role,
                        "sim": sim,
                        "period": period,
                        "period_start": pd.Timestamp(since - 300, unit="ms", tz="UTC"),
                        "period_end": pd.Timestamp(since + 300, unit="ms", tz="UTC"),
                        "fee_due": draw(st.booleans()),
                        "carried_bytes": draw(st.integers(0, 9)),
                        "used_bytes": draw(st.integers(0, 2**40)),
                        "overage_bytes": sum(over),
                        **{f"overage_{cause}_bytes": part for cause, part in zip(CAUSES, over, strict=True)},
                        "blocks": blocks,
                        "first_blocked_at": pd.Timestamp(since, unit="ms", tz="UTC") if blocks else pd.NaT,
                        "blocked_ms": draw(st.integers(1, 300)) if blocks else 0,
                    }
                )
    frame = pd.DataFrame(rows)
    return frame.assign(first_blocked_at=pd.to_datetime(frame["first_blocked_at"], utc=True)) if rows else frame


def overview(frame: pd.DataFrame) -> Overview:
    names = {name: pd.Categorical(frame[name], categories=["b", "a", "normal", "faulty"]) for name in ("fleet", "role")}
    frame = frame.assign(**names)

    def rows(columns: Any) -> Any:
        for i in range(3):
            yield pa.Table.from_pandas(frame.loc[frame["replication"] == i, list(columns)], preserve_index=False)

    return Overview(rows, 3, 0, RUN_MS)


@settings(max_examples=60, deadline=None)
@given(frames().filter(len))
def test_every_figure_is_that_of_the_whole_frame(frame):
    found = overview(frame)
    for role in ("normal", "faulty"):
        own = frame[frame["role"] == role]
        for fleet in (ALL, "a", "b"):
            there = own if fleet == ALL else own[own["fleet"] == fleet]
            ever = there.groupby(["replication", "sim"])["blocks"].max()
            seen = [int((ever.index.get_level_values(0) == i).sum()) for i in range(3)]
            blocked = [int(((ever > 0) & (ever.index.get_level_values(0) == i)).sum()) for i in range(3)]
            assert found.sims(role, fleet).seen.tolist() == seen
            assert found.sims(role, fleet).blocked.tolist() == blocked
        over = own[own["overage_bytes"] > 0]
        assert (role in found.over) == bool(len(over))
        if len(over):
            each = found.over[role]
            assert (each.sim_periods, each.least_bytes) == (len(over), over["overage_bytes"].min())
            assert each.most_bytes == over["overage_bytes"].max()
            assert each.by_cause_bytes.tolist() == [over[f"overage_{cause}_bytes"].sum() for cause in CAUSES]
            classes = found.classes((role,))
            inside = pd.cut(over["overage_bytes"].astype(float), classes.edges_bytes.astype(float), right=False)
            assert classes.sim_periods.tolist() == inside.value_counts(sort=False).tolist()
            assert classes.bytes_by_cause.sum(axis=1).tolist() == each.by_cause_bytes.tolist()
        assert found.longest_blocked_ms.get(role, 0) == own["blocked_ms"].max() if len(own) else True
    begins = frame["period_start"] >= pd.Timestamp(0, tz="UTC")
    assert (found.begun.before, found.begun.inside) == ((~begins).sum(), begins.sum())
    assert found.begun.due == (begins & frame["fee_due"]).sum()
    ended = frame[(frame["role"] == "normal") & (frame["period_end"] <= pd.Timestamp(RUN_MS, unit="ms", tz="UTC"))]
    used = (ended["used_bytes"] + ended["carried_bytes"]).to_numpy()
    expected = (quantile(used, 0.5), quantile(used, 0.99)) if used.size else None
    assert found.used_by_normal_bytes() == expected


@settings(max_examples=60, deadline=None)
@given(frames().filter(len), st.integers(0, RUN_MS))
def test_blocks_are_counted_from_first_to_last(frame, at):
    frame["blocks"] = frame["blocks"].clip(upper=1)
    found = overview(frame)
    blocked = frame[frame["blocks"] == 1]
    since = np.array([when.value // 10**6 for when in blocked["first_blocked_at"]], np.int64)
    until = since + blocked["blocked_ms"].to_numpy()
    assert found.blocked_between_ms == ((since.min(), until.max()) if len(blocked) else None)
    counts = found.blocked_at(np.array([at]))
    there = (since <= at) & (until > at)
    for role in ("normal", "faulty"):
        own = blocked["role"].to_numpy() == role
        assert (role in counts) == own.any()
        if own.any():
            numbers = [int((there & own & (blocked["replication"] == i)).sum()) for i in range(3)]
            assert counts[role].tolist() == [numbers]
    for fleet in ("a", "b"):
        each = found.found_blocked(at, fleet)
        own = there & (blocked["fleet"] == fleet).to_numpy()
        assert each.sim_periods.tolist() == [int((own & (blocked["replication"] == i)).sum()) for i in range(3)]
        ends = np.array([min(end.value // 10**6, RUN_MS) for end in blocked["period_end"]])
        waited = (until - at)[own & (until < ends)]
        assert each.back == waited.size
        assert (each.half_ms, each.most_ms) == ((quantile(waited, 0.5), waited.max()) if waited.size else (0, 0))


@settings(max_examples=40, deadline=None)
@given(frames().filter(len))
def test_the_worst_is_the_first_row_with_the_largest_overage(frame):
    worst = overview(frame).worst
    over = frame["overage_bytes"]
    assert len(worst) == (over.max() > 0)
    if len(worst):
        expected = frame.iloc[int(over.to_numpy().argmax())]
        assert worst.iloc[0].to_dict() == {name: expected[name] for name in worst.columns}


def test_a_sim_that_was_blocked_twice_in_a_period_leaves_no_stretch():
    result = fleetsim.run(load_text(MOVES), workers=1)
    frame = result.sim_periods.assign(blocks=2)
    assert overview(frame).blocked_between_ms is None
    assert Overview(lambda names: iter([pa.Table.from_pandas(frame.iloc[:0][names])] * 3), 3, 0, 1).worst.empty


# ---- a run's ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    """The same run in memory, written, and read back."""
    out = tmp_path_factory.mktemp("overview") / "out"
    written = fleetsim.run(load_text(MOVES), out=out, report=False, workers=1)
    return [fleetsim.run(load_text(MOVES), workers=1), written, Result.read(out)]


def test_in_memory_and_in_a_folder_it_is_the_same(results):
    first, *others = (figures(result) for result in results)
    assert others == [first, first]
    assert first["sims"] == [[6] * 3, [4] * 3, [3] * 3, [3] * 3]  # four were moved to b, two of them back
    assert first["over"]
    assert any(first["found"])


def figures(result: Result) -> dict[str, Any]:
    found = result.overview
    return {
        "sims": [found.sims(role, fleet).seen.tolist() for role in ("normal", "faulty") for fleet in (ALL, "b")],
        "over": {role: (each.sim_periods, each.most_bytes) for role, each in found.over.items()},
        "worst": found.worst.to_dict("list"),
        "used": found.used_by_normal_bytes(),
        "found": found.found_blocked(25 * 86_400_000, "b").sim_periods.tolist(),
    }


def test_a_run_and_its_report_never_read_all_rows(tmp_path, monkeypatch):
    def read(folder: Any, name: str) -> pa.Table:
        assert name != "sim_periods"
        return read_table(folder, name)

    from fleetsim.experiments.parquet import Reader, read_table

    asked: list[int] = []
    replication = Reader.replication

    def watched(reader: Reader, number: int, columns: Any = None) -> pa.Table:
        asked.append(len(columns))
        return replication(reader, number, columns)

    for module in ("results", "experiments.store"):
        monkeypatch.setattr(f"fleetsim.{module}.read_table", read)
    monkeypatch.setattr(Reader, "replication", watched)
    fleetsim.run(load_text(MOVES), out=tmp_path / "out", workers=1)
    assert (tmp_path / "out" / "report.html").exists()
    assert max(asked) <= 7  # columns of one replication


def test_a_run_that_kept_sums_has_no_overview():
    result = fleetsim.run(load_text(MOVES), workers=1, keep="sums")
    with pytest.raises(fleetsim.BadInput, match=r"^sim_periods: found a run with --keep sums"):
        _ = result.overview.over
