"""What a choice of a limit comes to: the answer, how sure it is, and the figures of every limit."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from fleetsim.choice import why as say
from fleetsim.choice.figures import HEADROOM_QUANTILE, use_quantile
from fleetsim.choice.folder import STUDY
from fleetsim.choice.rules import read_again
from fleetsim.choice.sim_periods import Follow, SimPeriods
from fleetsim.choice.tables import SCHEMAS, judged_from, judged_table
from fleetsim.choice.verdict import Verdict
from fleetsim.errors import BadInput, Mistake
from fleetsim.experiments.store import SCENARIO
from fleetsim.inference.choice import Choice
from fleetsim.scenario import Scenario, load
from fleetsim.units import canonical_bytes, parse_bytes

if TYPE_CHECKING:
    from fleetsim.choice.plotting import LimitStudyPlots


class LimitStudy:
    """Limits of a fleet, judged by a rule.

    Attributes
    ----------
    scenario : Scenario
        What was simulated; its ``replications`` were chosen from.
    fleet : str
        Whose limit is chosen.
    verdict : Verdict
        What the rule says, with all that it goes by: counts, bounds, the choice by places of limits.
    fresh : Verdict or None
        The same of replications that took no part in the choice, for the recommended limit, its neighbours and the
        set; ``None`` where none is recommended.
    provenance : dict
        Versions, seed, engine, scenario hash: what it takes to choose again.
    """

    def __init__(
        self, scenario: Scenario, fleet: str, verdict: Verdict, fresh: Verdict | None, provenance: dict[str, Any]
    ) -> None:
        self.scenario = scenario
        self.fleet = fleet
        self.verdict = verdict
        self.fresh = fresh
        self.provenance = provenance

    @classmethod
    def read(cls, folder: str | Path) -> LimitStudy:
        """Read a finished choice.

        Raises
        ------
        BadInput
            `folder` holds none.
        """
        folder = Path(folder)
        if not (folder / STUDY.file).is_file():
            raise _refuse(folder, f"found no result of `fleetsim choose-limit`; expected a folder with {STUDY.file}")
        try:
            said = json.loads((folder / STUDY.file).read_text(encoding="utf-8"))
            n, limits, rule = said["replications"], tuple(said["limits"]), read_again(said["rule"])
            scenario = load(folder / SCENARIO)
            judged = judged_from(*STUDY.read(folder).values())
            verdicts = [
                Verdict.of(scenario, said["fleet"], part, rule, said["confidence"])
                for part in (judged[:n], judged[n:])
                if part
            ]
            if verdicts[0].limits != limits:
                raise ValueError("judged.parquet has other limits")
        except (OSError, ValueError, KeyError, TypeError, IndexError, pa.ArrowException) as error:
            why = " ".join(str(error).split())
            raise _refuse(folder, f"this choice cannot be read ({why}); choose again with --overwrite") from error
        fresh = verdicts[1] if len(verdicts) > 1 else None
        study = cls(scenario, said["fleet"], verdicts[0], fresh, {})
        study.provenance = {name: value for name, value in said.items() if name not in study.answer()}
        return study

    # ---- the answer --------------------------------------------------------------------------------------------------

    @property
    def choice(self) -> Choice:
        """What the rule says, limits by their places."""
        return self.verdict.choice

    @property
    def limit_bytes(self) -> tuple[int, ...]:
        """The limits asked for, ascending."""
        return self.verdict.limits

    @property
    def recommended_limit_bytes(self) -> int | None:
        """The limit that the rule picks; ``None``: none meets it, or there are too few replications to judge."""
        return self._limit(self.choice.recommended)

    @property
    def nearest_limit_bytes(self) -> int | None:
        """Where none is recommended, the one that comes nearest to the rule."""
        return self._limit(self.choice.nearest)

    @property
    def indistinguishable_bytes(self) -> list[int]:
        """Every limit that could be the answer, at the confidence asked for; the recommended one is among them."""
        return [self.limit_bytes[place] for place in self.choice.could_be]

    @property
    def edge(self) -> bool:
        """The recommended limit is the smallest or the largest of those asked for."""
        return self.choice.edge

    @property
    def confirmed(self) -> bool:
        """What was observed of the recommended limit is shown as well, at the confidence asked for."""
        return self.choice.confirmed

    @property
    def why(self) -> str:
        """One sentence: what decides, and how sure it is."""
        return say.why(self.verdict)

    @cached_property
    def use_p99_bytes(self) -> float | None:
        """What 99 % of the normal devices' complete SIM-periods use at most without a limit; of more than 10,000 SIMs
        to 0.1 %."""
        return use_quantile(self.verdict.judged, HEADROOM_QUANTILE)

    @property
    def headroom(self) -> float | None:
        """The recommended limit over `use_p99_bytes`."""
        limit, use = self.recommended_limit_bytes, self.use_p99_bytes
        return limit / use if limit is not None and use else None

    @property
    def sentences(self) -> list[str]:
        """The answer in plain words, the most important first."""
        limit = self.recommended_limit_bytes
        found = [self._headline(), self.why, say.could_be(self.verdict), *say.next_limits(self.verdict)]
        found.append(say.set_later(self.scenario, self.fleet))
        if limit is not None and self.headroom is not None and self.use_p99_bytes is not None:
            found.append(say.headroom(self.verdict, self.headroom, self.use_p99_bytes))
        if limit is not None and self.fresh is not None:
            found.append(say.on_fresh(self.fresh, limit))
        return [sentence for sentence in found if sentence]

    def answer(self) -> dict[str, Any]:
        """Give the answer as ``choice.json`` has it."""
        choice, verdict = self.choice, self.verdict
        smaller, larger = say.next_limits(verdict)
        return {
            "recommended_limit_bytes": self.recommended_limit_bytes,
            "nearest_limit_bytes": self.nearest_limit_bytes,
            "indistinguishable_bytes": self.indistinguishable_bytes,
            "none_could_meet": choice.none_could_be,
            "edge": choice.edge,
            "confirmed": choice.confirmed,
            "rule": verdict.rule.written(),
            "confidence": verdict.confidence,
            "replications": choice.replications,
            "replications_needed": choice.replications_needed,
            "why": self.why,
            "next_smaller": smaller,
            "next_larger": larger,
            "headroom": self.headroom,
            "use_p99_bytes": self.use_p99_bytes,
            "estimate": self._estimate(),
            "monotone": verdict.seen.monotone,
            **self.provenance,
        }

    # ---- the tables --------------------------------------------------------------------------------------------------

    @property
    def limits_table(self) -> pa.Table:
        """The table ``limits.parquet``."""
        could_be = set(self.choice.could_be)
        count = range(len(self.limit_bytes))
        columns = {
            **self.verdict.figures,
            "recommended": [i == self.choice.recommended for i in count],
            "could_be_answer": [i in could_be for i in count],
        }
        return pa.table([columns[name] for name in SCHEMAS["limits"].names], schema=SCHEMAS["limits"])

    @cached_property
    def limits(self) -> pd.DataFrame:
        """One row a limit: shares, means per replication (hours, bytes, money in the currency), intervals."""
        frame: pd.DataFrame = self.limits_table.to_pandas()
        return frame

    @cached_property
    def judged(self) -> pd.DataFrame:
        """One row a replication and limit: what was counted. Bytes, ms and micro-units of the currency."""
        fresh = () if self.fresh is None else self.fresh.judged
        frame: pd.DataFrame = judged_table([*self.verdict.judged, *fresh]).to_pandas()
        return frame

    def sim_periods(self, limit: int | str, replication: int | None = None) -> pd.DataFrame:
        """Rows of SIM-periods at one of the limits: exactly those of ``fleetsim.run`` at that limit, every column.

        Parameters
        ----------
        limit
            In bytes, or as text: ``"8 MB"``.
        replication
            Of this one only; of all that were chosen from otherwise.

        Notes
        -----
        They are simulated when they are first asked for, under all limits at once, and kept for the next limit: for
        millions of SIM-periods ask for one replication at a time.

        Raises
        ------
        BadInput
            `limit` is none of those that were judged.
        """
        found = _bytes(limit)
        if found not in self.limit_bytes:
            first, last = (canonical_bytes(self.limit_bytes[place]) for place in (0, -1))
            judged = f"one of the {len(self.limit_bytes):,} limits that were judged, from {first} to {last}"
            raise BadInput(Mistake("limit", None, "", f"found {limit!r}; expected {judged}"))
        return self._rows.at(found, range(self.scenario.replications) if replication is None else [replication])

    @cached_property
    def _rows(self) -> SimPeriods:
        return SimPeriods(Follow(self.scenario, self.provenance["engine"], self.fleet, self.limit_bytes))

    # ---- how it shows itself -----------------------------------------------------------------------------------------

    @property
    def plot(self) -> LimitStudyPlots:
        """Pictures: ``study.plot.curve()``, ``study.plot.frontier()``."""
        from fleetsim.choice.plotting import LimitStudyPlots  # loads matplotlib

        return LimitStudyPlots(self)

    def _repr_html_(self) -> str:
        from fleetsim.choice.card import study_card

        return study_card(self)

    def __repr__(self) -> str:
        return f"<fleetsim.LimitStudy {self.scenario.name!r}: {self._headline()}>"

    # ---- parts of it -------------------------------------------------------------------------------------------------

    def _limit(self, place: int | None) -> int | None:
        return None if place is None else self.limit_bytes[place]

    def _headline(self) -> str:
        limit, nearest = self.recommended_limit_bytes, self.nearest_limit_bytes
        if limit is not None:
            return f"Recommended limit for fleet {self.fleet}: {canonical_bytes(limit)}"
        near = "" if nearest is None or self.choice.too_few else f"; the nearest is {canonical_bytes(nearest)}"
        return f"No limit is recommended for fleet {self.fleet}{near}"

    def _estimate(self) -> dict[str, Any] | None:
        limit, fresh = self.recommended_limit_bytes, self.fresh
        if limit is None or fresh is None:
            return None
        own = [name for name in fresh.figures if not name.startswith("objective_diff")]
        return {
            "first_replication": fresh.replications[0],
            "last_replication": fresh.replications[-1],
            "keeps_rule": fresh.rule.keeps(fresh.choice, fresh.limits.index(limit)),
            "said": say.on_fresh(fresh, limit),
            "limits": [{name: fresh.figures[name][i] for name in own} for i in range(len(fresh.limits))],
        }


def _bytes(limit: int | str) -> int | None:
    try:
        return parse_bytes(limit) if isinstance(limit, str) else limit
    except ValueError:
        return None


def _refuse(folder: Path, why: str) -> BadInput:
    return BadInput(Mistake(str(folder), None, "", why))
