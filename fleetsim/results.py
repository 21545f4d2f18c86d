"""A run's result: its tables, its summary and where it comes from; in memory, or read back from its folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from fleetsim.errors import BadInput, Mistake
from fleetsim.experiments.over_sims import FromHistograms, FromRows
from fleetsim.experiments.parquet import read_table, reading
from fleetsim.experiments.store import KEPT, MANIFEST, PARTS, SCENARIO
from fleetsim.experiments.summary import summarise
from fleetsim.scenario import Scenario, load, scenario_hash
from fleetsim.tables import LARGE, Tables, Wanted, reprice

if TYPE_CHECKING:
    from fleetsim.report.overview import Overview
    from fleetsim.report.plotting import ResultPlots

SUMMARY = ("metric", "role", "fleet", "over", "statistic", "value", "low", "high", "n")
"""Keys of a row of the summary."""

_ABSENT = {
    **dict.fromkeys(LARGE, "found a run that kept none; run it again with --records traffic or --records all"),
    "sim_periods": "found a run with --keep sums, which leaves the rows out; run it again with --keep rows",
    "histograms": "found a run that kept its rows; take sim_periods, or run it again with --keep sums",
}


class Result:
    """What a run leaves.

    Attributes
    ----------
    scenario : Scenario
        What was simulated.
    manifest : dict
        Versions, seed, engine, scenario hash, currency, wall time: what it takes to run it again.
    tables : Tables
        The tables as Arrow tables, for those who need no data frame; of a run that was written to a folder those that
        grow with the SIMs stay there (`None` here): `table` reads them.
    """

    def __init__(
        self,
        scenario: Scenario,
        manifest: dict[str, Any],
        tables: Tables,
        summary: list[dict[str, Any]] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.scenario = scenario
        self.manifest = manifest
        self.tables = tables
        self._summary = summary
        self._folder = folder

    @classmethod
    def read(cls, folder: str | Path) -> Result:
        """Read a finished result.

        Raises
        ------
        BadInput
            `folder` holds no finished result.
        """
        folder = Path(folder)
        if not (folder / MANIFEST).is_file():
            unfinished = (folder / PARTS).is_dir()
            what = "an unfinished run; finish it with --resume" if unfinished else "no result of `fleetsim run`"
            raise BadInput(Mistake(str(folder), None, "", f"found {what}; expected a folder with {MANIFEST}"))
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            if not (isinstance(manifest, dict) and manifest.keys() >= {"scenario_hash", "replications", "currency"}):
                raise ValueError(f"{MANIFEST} is not fleetsim's")
            manifest = KEPT | manifest
            summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
            names = Wanted(manifest["records"], manifest["keep"]).tables
            tables = Tables(**{name: read_table(folder, name) for name in names if name not in LARGE})
            for name in set(names) & set(LARGE):
                with reading(folder, name):  # it is there, and has the columns that it should have
                    pass
            scenario = load(folder / SCENARIO)
        except (OSError, ValueError, pa.ArrowException) as error:
            raise _unreadable(folder, error) from error
        return cls(scenario, manifest, tables, summary, folder)

    @cached_property
    def sim_periods(self) -> pd.DataFrame:
        """One row per replication, SIM and billing period, sorted so.

        Bytes and counts are int64, ``*_ms`` milliseconds, ``*_micros`` micro-units of the currency, timestamps UTC,
        names categories. ``data_limit_bytes`` is nullable (``<NA>``: unlimited), ``first_blocked_at`` may be ``NaT``.

        Raises
        ------
        BadInput
            The run kept sums only.
        """
        return self._frame("sim_periods")

    @cached_property
    def replications(self) -> pd.DataFrame:
        """Sums over the rows of each replication, fleet at the row's end, and device group."""
        return self._frame("replications")

    @cached_property
    def blocked(self) -> pd.DataFrame:
        """How many SIMs of each fleet and role are blocked, at instants of a regular grid over the horizon."""
        return self._frame("blocked")

    @cached_property
    def histograms(self) -> pd.DataFrame:
        """SIM-periods by value: of ``count`` of them, the metric was at least ``lower`` and less than ``upper``.

        Raises
        ------
        BadInput
            The run kept its rows instead.
        """
        return self._frame("histograms")

    @cached_property
    def usage_records(self) -> pd.DataFrame:
        """Usage records, sorted by (replication, sim, record_start).

        Raises
        ------
        BadInput
            The run kept none.
        """
        return self._frame("usage_records")

    @cached_property
    def events(self) -> pd.DataFrame:
        """Blocks, unblocks and limits that took effect, sorted by (replication, sim, time).

        ``data_limit_bytes`` is nullable (``<NA>``: unlimited).

        Raises
        ------
        BadInput
            The run kept none.
        """
        return self._frame("events")

    def table(self, name: str) -> pa.Table:
        """A table as an Arrow table, read from the run's folder where it stayed there.

        Raises
        ------
        BadInput
            The run did not keep it.
        """
        table = getattr(self.tables, name)
        if table is None and self._is_in_folder(name):
            assert self._folder is not None
            try:
                return read_table(self._folder, name)
            except (OSError, pa.ArrowException) as error:
                raise _unreadable(self._folder, error) from error
        if table is None:
            raise BadInput(Mistake(name, None, "", _ABSENT[name]))
        return table

    def rows(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield columns of ``sim_periods``, one replication after the other.

        Raises
        ------
        BadInput
            The run kept sums only.
        """
        if not self._is_in_folder("sim_periods"):
            table = self.table("sim_periods").select(list(columns))
            replication = self.table("sim_periods")["replication"].to_numpy()
            ends = np.searchsorted(replication, np.arange(self.manifest["replications"] + 1)).tolist()
            yield from (table.slice(first, last - first) for first, last in pairwise(ends))
            return
        assert self._folder is not None
        try:
            with reading(self._folder, "sim_periods") as rows:
                for replication in range(self.manifest["replications"]):
                    yield rows.replication(replication, columns)
        except (OSError, pa.ArrowException) as error:
            raise _unreadable(self._folder, error) from error

    def _is_in_folder(self, name: str) -> bool:
        """Whether a table that the run kept has to be read."""
        kept = Wanted(self.manifest["records"], self.manifest["keep"]).tables
        return self._folder is not None and name in kept and getattr(self.tables, name) is None

    @cached_property
    def overview(self) -> Overview:
        """Figures over all rows, for the report."""
        from fleetsim.report.overview import Overview

        return Overview(self.rows, self.manifest["replications"], self.scenario.start_ms, self.scenario.horizon_ms)

    def _frame(self, name: str) -> pd.DataFrame:
        table = self.table(name)
        frame: pd.DataFrame = table.to_pandas()
        if "data_limit_bytes" in frame:
            limit = table["data_limit_bytes"]
            frame["data_limit_bytes"] = limit.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
        return frame

    def summary(self) -> pd.DataFrame:
        """Every metric over replications and over SIMs, tidy.

        Returns
        -------
        pandas.DataFrame
            ``metric, role, fleet, over, statistic, value, low, high, n``; money in the currency, bounds at 95 %
            (missing where the data do not allow any). See :func:`fleetsim.experiments.summary.summarise`. Where the
            run kept sums only, quantiles over SIMs are known to 0.1 %.
        """
        return pd.DataFrame(self.summary_rows, columns=list(SUMMARY))

    @property
    def summary_rows(self) -> list[dict[str, Any]]:
        """The summary as the list that ``summary.json`` holds."""
        if self._summary is None:
            rows = self.manifest["keep"] == "rows"
            over_sims = FromRows(self.rows) if rows else FromHistograms(self.histograms, self.replications)
            self._summary = summarise(self.replications, over_sims)
        return self._summary

    def repriced(self, scenario: Scenario) -> Result:
        """Return the result of `scenario`, which differs in the tariff only; see :func:`fleetsim.reprice`."""
        if self.manifest["keep"] != "rows":
            why = "found a run with --keep sums, which has no rows to price; run it again with the other tariff"
            raise BadInput(Mistake("reprice", None, "", why))
        other = {"scenario_hash": scenario_hash(scenario), "currency": scenario.tariff.currency}
        tables = replace(self.tables, sim_periods=self.table("sim_periods"))
        return Result(scenario, self.manifest | other, reprice(tables, scenario), folder=self._folder)

    @property
    def plot(self) -> ResultPlots:
        """Pictures: ``result.plot.overage()``, ``.cost()``, ``.blocked()``, and of one SIM ``.sim_period(sim=3)``."""
        from fleetsim.report.plotting import ResultPlots  # loads matplotlib

        return ResultPlots(self)

    def _repr_html_(self) -> str:
        from fleetsim.report.card import result_card

        return result_card(self)

    def __repr__(self) -> str:
        return (
            f"<fleetsim.Result {self.scenario.name!r}: {self.manifest['sims']:,} SIMs,"
            f" {self.manifest['replications']} replications>"
        )


def _unreadable(folder: Path, error: Exception) -> BadInput:
    why = " ".join(str(error).split())
    what = f"this result cannot be read ({why}); run it again with --overwrite or in another folder"
    return BadInput(Mistake(str(folder), None, "", what))
