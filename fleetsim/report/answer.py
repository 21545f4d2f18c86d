"""The sentences that begin the terminal's output and the page: who falls silent, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass

from fleetsim.report import words
from fleetsim.report.money import money
from fleetsim.report.remarks import remarks
from fleetsim.report.service import blocked, later, limits
from fleetsim.report.silence import silence
from fleetsim.report.source import Result, Summary, has_rows, replications, total


@dataclass(frozen=True)
class Answer:
    """What a run says, in plain words (names are not escaped: whoever shows them does that).

    Parameters
    ----------
    service
        Who is blocked.
    money
        What is paid beyond the limit, and why.
    details
        For how long, how unequally, what the figures leave out, and how sure they are.
    """

    service: str
    money: str
    details: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of them, in the order of reading."""
        return (self.service, self.money, *self.details)


def answer(result: Result) -> Answer:
    """The answer of a run.

    Parameters
    ----------
    result
        A run's tables, summary and manifest. A metric that the summary lacks takes its sentence, or the
        half of it, away; nothing fails.

    Returns
    -------
    Answer
        Where fewer than ``FEW_EVENTS`` events were seen they are counted, and no interval is given.
    """
    summary = Summary(result)
    details = [
        *_by_fleet(result),
        *silence(result, summary),
        *remarks(result, summary),
        *_replications(result),
        *_kept(result),
    ]
    return Answer(_service(result), money(result, summary), tuple(details))


def _service(result: Result) -> str:
    if total(result.replications, "sim_periods") == 0:
        return "No SIM was activated before the run ended, so there is nothing to say."
    limit = limits(result)
    if limit == words.limit(None):
        return "Without a data limit no SIM is blocked and nothing is overage."
    return f"{limit}, {blocked(result, 'all')}."


def _by_fleet(result: Result) -> list[str]:
    """With several fleets: one sentence each, where anybody was blocked."""
    frame = result.replications
    names = [name for name in result.scenario.fleets if total(frame, "sim_periods", fleet=name)]
    if len(names) < 2:
        return []
    sentences = []
    for name in names:
        if total(frame, "blocked_sim_periods", fleet=name):
            limit = words.limit(result.scenario.fleets[name].data_limit_bytes)
            sentences.append(f"Fleet {words.plain(name)}, {limit}{later(result, name)}: {blocked(result, name)}.")
    return sentences


def _replications(result: Result) -> list[str]:
    if replications(result) > 1:
        return []
    return ["There was one replication, so no interval can be given; --replications 20 gives one."]


def _kept(result: Result) -> list[str]:
    if has_rows(result):
        return []
    return [
        "The run kept sums and no rows (--keep sums): quantiles over SIM-periods come from a histogram with cells of "
        "0.1 %."
    ]
