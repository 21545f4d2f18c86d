"""The folder of a choice: what was judged in it does not depend on the rule, so any rule goes on with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from fleetsim.choice.tables import SCHEMAS, Judged, judged_from, judged_table, use_table
from fleetsim.experiments.store import SCENARIO
from fleetsim.experiments.study_folder import Identity, Study, StudyFolder

STUDY: Final = Study(
    "choice",
    {name: SCHEMAS[name] for name in ("judged", "use")},
    ("limits",),
    {"scenario_hash": "another scenario, by its hash", "limits": "other limits"},
    in_full="choice of a limit",
)


class ChoiceFolder:
    """The folder of one choice, in its own terms.

    Parameters
    ----------
    path
        Made if it is absent.
    identity
        What must be the same to go on there: seed, version, scenario hash, fleet and limits.
    """

    def __init__(self, path: Path, identity: Identity) -> None:
        self.study = StudyFolder(path, STUDY, identity)

    def open(self, scenario: str, inputs: Mapping[str, Path], *, resume: bool, overwrite: bool) -> list[Judged]:
        """Get the folder ready, and return what has been judged there; see `StudyFolder.open`."""
        known = self.study.open({SCENARIO: scenario}, inputs, resume=resume, overwrite=overwrite)
        return [judged for tables in known for judged in judged_from(tables["judged"], tables["use"])]

    def put(self, judged: Sequence[Judged]) -> None:
        """Keep what has been judged, if anything."""
        if judged:
            self.study.put(_tables(judged))

    def finish(self, judged: Sequence[Judged], limits: pa.Table, choice: Mapping[str, Any], page: str) -> None:
        """Write the result and its page, and declare it complete."""
        self.study.finish(_tables(judged) | {"limits": limits}, choice, page)


def _tables(judged: Sequence[Judged]) -> dict[str, pa.Table]:
    return {"judged": judged_table(judged), "use": use_table(judged)}
