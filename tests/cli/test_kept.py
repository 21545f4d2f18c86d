"""What a run keeps: usage records and events, rows or sums; and that nothing else depends on it."""

from __future__ import annotations

import json
import re
import weakref
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import fleetsim
from fleetsim.experiments import replicate
from fleetsim.experiments.store import Store
from fleetsim.tables import SCHEMAS, Block, Tabulator
from tests.cli.conftest import LITTLE, Said, content

Cli = Callable[..., Said]
ALWAYS = {"scenario.yaml", "manifest.json", "summary.json", "replications.parquet", "blocked.parquet"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One scenario, run with each choice of what to keep; the usual one is called rows."""
    path = tmp_path_factory.mktemp("kept")
    (path / "little.yaml").write_text(LITTLE)
    kept = {"rows": {}, "traffic": {"records": "traffic"}, "all": {"records": "all"}, "sums": {"keep": "sums"}}
    for name, options in kept.items():
        fleetsim.run(path / "little.yaml", out=path / name, workers=1, report=name == "sums", **options)
    return {name: path / name for name in kept}


@pytest.fixture(scope="module")
def results(folders: dict[str, Path]) -> dict[str, fleetsim.Result]:
    return {name: fleetsim.Result.read(folder) for name, folder in folders.items()}


# ---- records and events ----------------------------------------------------------------------------------------------


def test_the_tables_that_were_asked_for_are_left_and_no_others(folders):
    pictures = {"report.html", "figures/cost_over_replications.png", "figures/blocked_over_time.png"}
    records = {"usage_records.parquet", "events.parquet"}
    assert {name: set(content(folder)) - ALWAYS for name, folder in folders.items()} == {
        "rows": {"sim_periods.parquet"},
        "traffic": {"sim_periods.parquet", *records},
        "all": {"sim_periods.parquet", *records},
        "sums": {"histograms.parquet", *pictures},
    }
    for folder in folders.values():
        for file in folder.glob("*.parquet"):
            parquet = pq.ParquetFile(file)
            assert parquet.schema_arrow == SCHEMAS[file.stem]
            found = [set(parquet.read_row_group(i)["replication"].to_pylist()) for i in range(parquet.num_row_groups)]
            assert [numbers for numbers, _ in groupby(found)] == [{0}, {1}, {2}], file.name


def test_what_is_kept_changes_no_row_no_sum_and_no_summary(results):
    for name in ("traffic", "all"):
        assert results[name].table("sim_periods") == results["rows"].table("sim_periods")
        assert results[name].summary_rows == results["rows"].summary_rows
    for result in results.values():
        assert result.tables.replications == results["rows"].tables.replications
        assert result.tables.blocked == results["rows"].tables.blocked


def test_records_add_up_to_their_rows_and_all_of_them_have_no_gap(results):
    rows = results["rows"].sim_periods
    keys = ["replication", "sim", "period"]
    for name in ("traffic", "all"):
        records = results[name].usage_records
        sums = records.groupby(keys)[["upload_bytes", "download_bytes", "dns_bytes"]].sum()
        there = rows.set_index(keys)[sums.columns]
        pd.testing.assert_frame_equal(there[there.any(axis=1)], sums[sums.any(axis=1)])
        order = records[["replication", "sim", "record_start"]]
        assert order.sort_values(list(order.columns), kind="stable").index.equals(order.index)
    with_bytes, every = results["traffic"].usage_records, results["all"].usage_records
    moved = every["upload_bytes"] + every["download_bytes"] > 0
    pd.testing.assert_frame_equal(every[moved].reset_index(drop=True), with_bytes)
    assert 0 < len(with_bytes) < len(every)
    # Always on: each record begins where the one before ended.
    end = every.groupby(["replication", "sim"])["record_end"].shift()
    assert (every["record_start"][end.notna()] == end[end.notna()]).all()


def test_events_tell_of_every_block_in_the_rows(results):
    rows, events = results["rows"].sim_periods, results["traffic"].events
    pd.testing.assert_frame_equal(events, results["all"].events)
    blocks = events[events["event"] == "block"]
    keys = ["replication", "sim", "period"]
    expected = rows.loc[rows["blocks"] > 0].set_index(keys)
    assert blocks.groupby(keys).size().tolist() == expected["blocks"].tolist()
    assert blocks.groupby(keys)["time"].first().tolist() == expected["first_blocked_at"].tolist()
    assert set(blocks["cause"]) == {"record"}
    assert (blocks["data_limit_bytes"] == 1_000_000).all()
    assert str(events["data_limit_bytes"].dtype) == "Int64"
    assert {str(events[name].dtype) for name in ("event", "cause")} == {"category"}
    unblocks = events[events["event"] == "unblock"]
    assert len(unblocks) == len(blocks)
    assert set(unblocks["cause"]) == {"period"}


def test_in_memory_and_in_a_folder_records_and_events_are_the_same(folders, results):
    result = fleetsim.run(folders["all"] / "scenario.yaml", records="all", workers=2)
    for name in ("usage_records", "events"):
        pd.testing.assert_frame_equal(getattr(result, name), getattr(results["all"], name))
    assert {k: v for k, v in result.manifest.items() if k not in ("finished", "wall_seconds")} == {
        k: v for k, v in results["all"].manifest.items() if k not in ("finished", "wall_seconds")
    }


def test_what_a_run_did_not_keep_is_bad_input_with_the_remedy(results):
    for name in ("usage_records", "events"):
        with pytest.raises(fleetsim.BadInput, match=rf"^{name}: found a run that kept none; .*--records traffic"):
            getattr(results["rows"], name)
    with pytest.raises(fleetsim.BadInput, match=r"^sim_periods: found a run with --keep sums.*--keep rows"):
        _ = results["sums"].sim_periods
    with pytest.raises(fleetsim.BadInput, match=r"^histograms: found a run that kept its rows"):
        _ = results["rows"].histograms


def test_the_manifest_says_what_was_kept(folders):
    found = {name: json.loads((folder / "manifest.json").read_text()) for name, folder in folders.items()}
    assert {name: (manifest["records"], manifest["keep"]) for name, manifest in found.items()} == {
        "rows": ("none", "rows"),
        "traffic": ("traffic", "rows"),
        "all": ("all", "rows"),
        "sums": ("none", "sums"),
    }


# ---- sums ------------------------------------------------------------------------------------------------------------


def test_a_summary_from_sums_has_the_same_entries_and_values_within_a_thousandth(results):
    found, expected = results["sums"].summary(), results["rows"].summary()
    keys = ["metric", "role", "fleet", "over", "statistic", "n"]
    pd.testing.assert_frame_equal(found[keys], expected[keys])
    assert found["value"].to_numpy() == pytest.approx(expected["value"].to_numpy(), rel=0.0005)
    quantiles = found["statistic"].isin(["p50", "p95", "p99"]) & (found["over"] == "sims")
    assert found["value"][~quantiles].to_numpy() == pytest.approx(expected["value"][~quantiles].to_numpy(), rel=1e-12)


def test_the_answer_and_the_page_say_that_sums_were_kept_and_are_else_the_same(folders, fleetsim_: Cli):
    said = fleetsim_("report", folders["sums"])
    assert (said.status, said.err) == (0, "")
    sentence = "The run kept sums and no rows (--keep sums): quantiles over SIM-periods come from a histogram with cells of 0.1 %."
    assert sentence in said.out.splitlines()
    page = re.sub(r"<[^>]*>", "", (folders["sums"] / "report.html").read_text()).replace("\u00a0", " ")
    assert sentence in page
    assert "so this is not drawn" in page
    assert "fleetsim run scenario.yaml --out again --keep sums" in page
    other = fleetsim_("report", folders["rows"])
    assert sentence not in other.out
    rows_of = (folders["rows"] / "report.html").read_text()
    assert "--out again</code>" in rows_of
    # Sentences about single SIMs need rows; what is paid and the table do not.
    with_sums, with_rows = (
        [lines[1], *lines[lines.index("Means of 3 replications") : -1]]
        for lines in (said.out.splitlines(), other.out.splitlines())
    )
    assert len(with_sums) > 5
    assert with_sums == with_rows
    for name in ("report.html", "figures"):  # as they were, for the tests after this one
        assert (folders["rows"] / name).exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_no_more_blocks_are_held_than_are_worked_on_and_no_rows_after_that(workers, little, tmp_path, monkeypatch):
    alive: list[weakref.ref[Block]] = []
    most = 0
    put = Store.put

    def watched(store: Store, replication: int, blocks: Iterable[Block], tabulator: Tabulator) -> None:
        def each() -> Iterator[Block]:
            nonlocal most
            for block in blocks:
                alive.append(weakref.ref(block))
                most = max(most, sum(ref() is not None for ref in alive))
                yield block
                del block

        put(store, replication, each(), tabulator)

    monkeypatch.setattr(Store, "put", watched)
    monkeypatch.setitem(replicate.LARGEST_BLOCK, "reference", 1)
    result = fleetsim.run(little, out=tmp_path / "out", workers=workers, report=False, records="traffic")
    assert len(alive) == 24  # eight SIMs in three replications
    assert most <= 2
    assert result.tables.sim_periods is result.tables.usage_records is result.tables.events is None
    assert len(result.sim_periods) == 48


# ---- going on --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        (("--records", "traffic"), "its run has --records none; this one has traffic"),
        (("--keep", "sums"), "its run has --keep rows; this one has sums"),
    ],
)
def test_a_run_that_keeps_something_else_is_refused_with_the_reason(kept, why, little, tmp_path, fleetsim_: Cli):
    out = tmp_path / "out"
    assert fleetsim_("run", little, "--out", out, "--no-report").status == 0
    before = content(out)
    said = fleetsim_("run", little, "--out", out, "--resume", "--replications", 4, *kept)
    assert said.status == 2
    assert why in said.err
    assert content(out) == before


@pytest.mark.parametrize("kept", [("--records", "all"), ("--keep", "sums"), ("--records", "traffic", "--keep", "sums")])
def test_a_finished_run_goes_on_to_the_same_bytes(kept, little, tmp_path, fleetsim_: Cli):
    # Unlimited: no event in any replication, which is a table without rows.
    for limit in ("1 MB", "unlimited"):
        run = ("run", little, "--no-report", "--set", f"fleets.meters.data_limit={limit}", *kept)
        out, whole = tmp_path / f"out {limit}", tmp_path / f"whole {limit}"
        assert fleetsim_(*run, "--out", out, "--replications", 2).status == 0
        assert fleetsim_(*run, "--out", out, "--replications", 4, "--resume").status == 0
        assert fleetsim_(*run, "--out", whole, "--replications", 4).status == 0
        files = {name: file for name, file in content(whole).items() if name != "manifest.json"}
        assert {name: file for name, file in content(out).items() if name != "manifest.json"} == files
        if "--records" in kept:
            assert len(fleetsim.Result.read(out).events) == (0 if limit == "unlimited" else 64)


def test_overwriting_leaves_no_table_of_the_former_run(little, tmp_path, fleetsim_: Cli):
    out = tmp_path / "out"
    assert fleetsim_("run", little, "--out", out, "--no-report", "--records", "all").status == 0
    assert fleetsim_("run", little, "--out", out, "--no-report", "--keep", "sums", "--overwrite").status == 0
    assert set(content(out)) == {*ALWAYS, "histograms.parquet"}


def test_a_manifest_that_does_not_say_what_was_kept_kept_rows_only(little, tmp_path, fleetsim_: Cli):
    out = tmp_path / "out"
    assert fleetsim_("run", little, "--out", out, "--no-report").status == 0
    manifest = json.loads((out / "manifest.json").read_text())
    (out / "manifest.json").write_text(json.dumps({k: v for k, v in manifest.items() if k not in ("records", "keep")}))
    assert len(fleetsim.Result.read(out).sim_periods) == 48
    assert fleetsim_("run", little, "--out", out, "--resume", "--replications", 4, "--no-report").status == 0


def test_a_damaged_table_of_records_is_bad_input_when_it_is_read(little, tmp_path, fleetsim_: Cli):
    out = tmp_path / "out"
    assert fleetsim_("run", little, "--out", out, "--no-report", "--records", "traffic").status == 0
    whole = (out / "events.parquet").read_bytes()
    (out / "events.parquet").write_bytes(whole[:10] + bytes(200) + whole[210:])
    result = fleetsim.Result.read(out)
    with pytest.raises(fleetsim.BadInput, match="this result cannot be read"):
        _ = result.events
    before = content(out)
    said = fleetsim_("run", little, "--out", out, "--resume", "--records", "traffic", "--replications", 4)
    assert said.status == 2
    assert "cannot be read" in said.err
    assert content(out) == before
    (out / "events.parquet").unlink()
    assert fleetsim_("report", out).status == 2


# ---- arguments -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("option", "words"), [("records", "none, traffic, all"), ("keep", "rows, sums")])
def test_another_word_is_bad_input_and_nothing_is_written(option, words, little, tmp_path, fleetsim_: Cli):
    said = fleetsim_("run", little, "--out", tmp_path / "out", f"--{option}", "some")
    assert (said.status, said.err) == (2, f"{option}: found 'some'; expected one of {words}\n")
    assert not (tmp_path / "out").exists()
    with pytest.raises(fleetsim.BadInput, match=f"^{option}: found None"):
        fleetsim.run(little, **{option: None})
