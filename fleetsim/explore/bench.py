"""A scenario on the bench: turned, simulated, priced, and what was simulated before kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, RLock
from typing import Final

from fleetsim import api
from fleetsim.clock import MS_PER_DAY
from fleetsim.engines import COMPILING_S, NAMES, make_ready, resolve
from fleetsim.errors import BadInput
from fleetsim.experiments.arguments import check_whole, check_word, with_asked
from fleetsim.explore.knobs import Knobs, Turned, knobs_of, overrides_of
from fleetsim.results import Result
from fleetsim.scenario.attach import not_given
from fleetsim.scenario.dump import scenario_hash
from fleetsim.scenario.load import Seen, load_text
from fleetsim.scenario.schema import Scenario
from fleetsim.scenario.source import MAX_FILE_BYTES, read_bytes, read_text
from fleetsim.scenario.tariff import with_tariff

REPLICATIONS: Final = 5
"""That are simulated for an answer at once, where SIMs are not too many."""
MOST_ROWS: Final = 1_000_000
"""SIM-periods of an answer; more of them take longer than a hand on a knob waits."""
_KEPT_ROWS: Final = 3_000_000
_TURNS: Final = 20
"""Answers that an engine is chosen for: to compile for the first would not pay, for all of them it does."""

Tell = Callable[[str], object]
"""Is told what takes long."""


@dataclass(frozen=True)
class Outcome:
    """What a turn of the knobs came to.

    Parameters
    ----------
    turned
        ``PATH=VALUE`` each.
    result
        Of the scenario so turned.
    simulated
        Whether that had to be simulated; else it was known, or priced again.
    """

    turned: tuple[str, ...]
    result: Result
    simulated: bool

    @property
    def scenario(self) -> Scenario:
        """The scenario so turned, with the replications of the answer."""
        return self.result.scenario


class Bench:
    """A scenario file that was opened to be turned.

    The file is read once: what is explored does not change while it is edited elsewhere.

    Parameters
    ----------
    file
        A scenario.
    overrides
        ``PATH=VALUE`` each, that hold before anything is turned.
    engine
        ``"auto"``, ``"reference"`` or ``"compiled"``.
    replications
        Of each answer; ``None``: five, or fewer where the SIMs are very many.

    Raises
    ------
    BadInput
        With every mistake in the scenario.
    """

    def __init__(
        self,
        file: str | Path,
        overrides: Sequence[str] = (),
        *,
        engine: str = "auto",
        replications: int | None = None,
    ) -> None:
        check_word("engine", engine, NAMES)
        check_whole("replications", replications, 1, 10_000)
        self.file = str(file)
        self.overrides = tuple(overrides)
        self._text = read_text(read_bytes(Path(file), self.file, MAX_FILE_BYTES), self.file)
        self._seen: Seen = {}
        self._engine = engine
        self._known: OrderedDict[tuple[str, int], Result] = OrderedDict()
        self._lock = RLock()
        self.quiet = Event()
        """Set while no answer is simulated: what can wait goes on then."""
        self.quiet.set()
        self.scenario = load_text(self._text, overrides, file=self.file, seen=self._seen)
        if without := not_given(self.scenario):
            raise BadInput(without)
        self.knobs: Knobs = knobs_of(self.scenario)
        self.replications = replications or fitting(self.scenario)

    def overrides_of(self, turned: Turned) -> tuple[str, ...]:
        """What was turned, as ``PATH=VALUE``."""
        return tuple(overrides_of(self.scenario, self.knobs, turned))

    def load(self, turned: Sequence[str], replications: int | None = None) -> Scenario:
        """Load the scenario as it was turned.

        Raises
        ------
        BadInput
            With every mistake in what was turned.
        """
        scenario = load_text(self._text, [*self.overrides, *turned], file=self.file, seen=self._seen)
        return with_asked(scenario, replications=replications or self.replications, seed=None)

    def answer(self, turned: Sequence[str] = (), replications: int | None = None, tell: Tell | None = None) -> Outcome:
        """Simulate the scenario as it was turned, unless that is known; a tariff needs no simulation.

        Parameters
        ----------
        turned
            ``PATH=VALUE`` each, of `overrides_of`.
        replications
            Instead of the bench's own number.
        tell
            Is told what takes long: compiling.

        Raises
        ------
        BadInput
            With every mistake in what was turned; nothing has been simulated.
        """
        scenario = self.load(turned, replications)
        with self._lock:  # one answer at a time: two would only share the cores
            key = simulation_key(scenario, self.scenario)
            known = self._known.pop(key, None)
            result = known or self._simulated(with_tariff(scenario, self.scenario.tariff), tell)
            self._keep(key, result)
        if scenario.tariff != result.scenario.tariff:
            result = api.reprice(result, scenario.tariff)
        return Outcome(tuple(turned), result, known is None)

    def engine_for(self, scenario: Scenario) -> str:
        """Name of the engine that simulates it here."""
        return resolve(self._engine, scenario, scenario.replications * _TURNS)

    def ready(self, engine: str, tell: Tell | None = None) -> None:
        """Compile what an engine needs, if it has not been, and tell so."""
        if engine == "compiled":
            from fleetsim.engines.compiled.code import is_compiled

            if tell is not None and not is_compiled():
                tell(f"Compiling the engine. This takes about {COMPILING_S:.0f} s, once; its code is kept.")
        make_ready(engine)

    def _simulated(self, scenario: Scenario, tell: Tell | None) -> Result:
        engine = self.engine_for(scenario)
        self.ready(engine, tell)
        self.quiet.clear()
        try:
            # Small runs only come to the reference engine: other processes would take longer to start.
            return api.run(scenario, engine=engine, workers=1 if engine == "reference" else None)
        finally:
            self.quiet.set()

    def _keep(self, key: tuple[str, int], result: Result) -> None:
        """Keep the latest results, and that of the scenario as it was opened."""
        self._known[key] = result
        opened = simulation_key(with_asked(self.scenario, replications=key[1], seed=None), self.scenario)
        rows = {each: _rows(kept) for each, kept in self._known.items()}
        for each in list(self._known):
            if sum(rows.values()) <= _KEPT_ROWS:
                return
            if each not in (key, opened):
                del self._known[each], rows[each]


def simulation_key(scenario: Scenario, opened: Scenario) -> tuple[str, int]:
    """What a simulation depends on: two scenarios that differ in their tariffs only have the same."""
    return scenario_hash(scenario.model_copy(update={"tariff": opened.tariff})), scenario.replications


def fitting(scenario: Scenario) -> int:
    """Replications that answer quickly: five, or fewer where the SIM-periods of these would be too many."""
    period = scenario.platform.billing_period
    periods = scenario.horizon_ms // (period if isinstance(period, int) else 28 * MS_PER_DAY) + 1
    return max(min(REPLICATIONS, MOST_ROWS // max(scenario.sims * periods, 1)), 1)


def mistakes(error: BadInput) -> list[str]:
    """What is wrong with what was turned, without the command line that nobody wrote."""
    found = []
    for mistake in error.mistakes:
        path = mistake.path or mistake.file.removeprefix("--set ").partition("=")[0]
        found.append(f"{path}: {mistake.text}")
    return found


def _rows(result: Result) -> int:
    return int(result.table("sim_periods").num_rows)
