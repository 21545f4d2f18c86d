"""A run's result: its tables, its summary and where it comes from; in memory, or read back from its folder."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from fleetsim.errors import BadInput, Mistake
from fleetsim.experiments.store import MANIFEST, PARTS, SCENARIO, SCHEMAS, read_table
from fleetsim.experiments.summary import summarise
from fleetsim.scenario import Scenario, load
from fleetsim.tables import Tables

SUMMARY = ("metric", "role", "fleet", "over", "statistic", "value", "low", "high", "n")
"""Keys of a row of the summary."""


class Result:
    """What a run leaves.

    Attributes
    ----------
    scenario : Scenario
        What was simulated.
    manifest : dict
        Versions, seed, engine, scenario hash, currency, wall time: what it takes to run it again.
    tables : Tables
        The tables as Arrow tables, for those who need no data frame.
    """

    def __init__(
        self,
        scenario: Scenario,
        manifest: dict[str, Any],
        tables: Tables,
        summary: list[dict[str, Any]] | None = None,
    ) -> None:
        self.scenario = scenario
        self.manifest = manifest
        self.tables = tables
        self._summary = summary

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
            summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
            tables = Tables(**{name: read_table(folder, name) for name in SCHEMAS})
            scenario = load(folder / SCENARIO)
        except (OSError, ValueError, pa.ArrowException) as error:
            why = " ".join(str(error).split())
            what = f"this result cannot be read ({why}); run it again with --overwrite or in another folder"
            raise BadInput(Mistake(str(folder), None, "", what)) from error
        return cls(scenario, manifest, tables, summary)

    @cached_property
    def sim_periods(self) -> pd.DataFrame:
        """One row per replication, SIM and billing period, sorted so.

        Bytes and counts are int64, ``*_ms`` milliseconds, ``*_micros`` micro-units of the currency, timestamps UTC,
        names categories. ``data_limit_bytes`` is nullable (``<NA>``: unlimited), ``first_blocked_at`` may be ``NaT``.
        """
        frame: pd.DataFrame = self.tables.sim_periods.to_pandas()
        limit = self.tables.sim_periods["data_limit_bytes"]
        frame["data_limit_bytes"] = limit.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
        return frame

    @cached_property
    def replications(self) -> pd.DataFrame:
        """Sums over the rows of each replication and device group."""
        frame: pd.DataFrame = self.tables.replications.to_pandas()
        return frame

    @cached_property
    def blocked(self) -> pd.DataFrame:
        """How many SIMs of each fleet and role are blocked, at instants of a regular grid over the horizon."""
        frame: pd.DataFrame = self.tables.blocked.to_pandas()
        return frame

    def summary(self) -> pd.DataFrame:
        """Every metric over replications and over SIMs, tidy.

        Returns
        -------
        pandas.DataFrame
            ``metric, role, fleet, over, statistic, value, low, high, n``; money in the currency, bounds at 95 %
            (missing where the data do not allow any). See :func:`fleetsim.experiments.summary.summarise`.
        """
        return pd.DataFrame(self.summary_rows, columns=list(SUMMARY))

    @property
    def summary_rows(self) -> list[dict[str, Any]]:
        """The summary as the list that ``summary.json`` holds."""
        if self._summary is None:
            self._summary = summarise(self.replications, self.sim_periods)
        return self._summary

    def __repr__(self) -> str:
        return (
            f"<fleetsim.Result {self.scenario.name!r}: {self.manifest['sims']:,} SIMs,"
            f" {self.manifest['replications']} replications>"
        )
