"""Random cases of a SIM's lifecycle: statuses, moves, several fleets' limits, ``ready``, and the fleet as it is.

Each begins as a case of ``strategies``. Then entries are put onto its timeline one by one, nearly always at an
instant at which the oracle says that something happens already (a record closes, a period ends, a block takes
effect, a refresh or an evaluation is due), or one millisecond beside it; a limit is mostly what has been used by
then, or one byte more or less.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from tests.oracle.case import Case, Entry, Initial, Move, SetLimit, SetStatus, Transfers, months_later
from tests.oracle.oracle import READY_BYTES, READY_MONTHS, Walk
from tests.oracle.strategies import DAY, cases, month_cases

ONE_BESIDE = st.sampled_from((0, 0, 0, 0, 1, -1))
# What happens at one instant; several in a row tie with each other, and the file may hold them in any order.
TOGETHER = (
    ("inactive",),
    ("inactive",),
    ("inactive",),
    ("active",),
    ("active",),
    ("active",),
    ("move",),
    ("move",),
    ("limit",),
    ("inactive", "active"),
    ("active", "inactive"),
    ("inactive", "active", "inactive"),
    ("inactive", "move"),
    ("inactive", "limit"),
    ("active", "move"),
    ("active", "limit"),
    ("active", "move", "limit"),
    ("move", "move"),
    ("move", "limit"),
    ("move", "limit", "limit"),
)


@st.composite
def lifecycle_cases(draw: Any) -> Case:
    """Cases of a SIM's lifecycle that can be written as scenarios."""
    case: Case = draw(cases() | cases() | cases() | cases() | month_cases())
    if case.billing_period == "activation-month" and draw(st.booleans()):
        case = replace(case, billing_period=max(2, draw(st.integers(2, 8)) * _interval(case) + draw(ONE_BESIDE)))
    beginning = draw(st.sampled_from(("active", "active", "ready", "initial", "initial", "initial ready")))
    if "initial" in beginning:
        case = _with_initial(draw, case)
    if "ready" in beginning:
        case = _with_ready(draw, case)
        if draw(st.booleans()):
            return case  # else the owner mostly ends its being ready
    case = replace(case, others=(draw(_limits(case, draw(_instants(case)))), draw(_limits(case, case.horizon))))
    for _ in range(draw(st.sampled_from((0, 0, 1, 1, 2)))):
        case = _with_absence(draw, case)
    for _ in range(draw(st.sampled_from((0, 0, 1, 2, 3, 4)))):
        case = _with_entries(draw, case)
    return replace(case, timeline=tuple(draw(st.permutations(case.timeline))))


def _interval(case: Case) -> int:
    return case.record_interval or max(2, case.horizon // 8)


def _instants(case: Case, since: int = 0) -> st.SearchStrategy[int]:
    """Instants at which something happens, or those beside them, from ``since`` and the activation to the horizon."""
    since = max(since, case.activation)
    walk = Walk(case).run()
    ends = [r["period_end"] for r in walk.rows]
    busy = [*ends, *(event.time for event in walk.events), *(record.end for record in walk.records)]
    pools = [sorted({t for t in times if since <= t < case.horizon}) for times in (walk.instants, busy, ends)]
    points = st.one_of(*(st.sampled_from(pool) for pool in pools if pool))
    return st.builds(lambda t, beside: min(max(t + beside, since), case.horizon - 1), points, ONE_BESIDE)


def _used_by(case: Case, t: int) -> int:
    """Return what the period that runs just before ``t`` has used by then."""
    found = Walk(replace(case, horizon=t)).run().rows
    return found[-1]["carried_bytes"] + found[-1]["used_bytes"] if found else 0


def _limits(case: Case, t: int) -> st.SearchStrategy[int | None]:
    """What has been used by ``t``, a byte more or less; the first limit; rarely unlimited."""
    used = _used_by(case, t)
    exact = ONE_BESIDE.map(lambda beside: max(0, used + beside))
    return exact | exact | st.sampled_from((case.limit, 0, 5, 10, None))


def _with_absence(draw: Any, case: Case) -> Case:
    """Let the SIM be inactive from one instant to another, which may be the same."""
    away = SetStatus(draw(_instants(case)), "inactive")
    case = replace(case, timeline=(*case.timeline, away))
    back = SetStatus(draw(_instants(case, away.at)), "active")
    return replace(case, timeline=(*case.timeline, back))


def _with_entries(draw: Any, case: Case) -> Case:
    at = draw(_instants(case))
    entries: list[Entry] = []
    for what in draw(st.sampled_from(TOGETHER)):
        if what == "move":
            entries.append(Move(at, draw(st.integers(0, len(case.others)))))
        elif what == "limit":
            entries.append(SetLimit(at, draw(_limits(case, at)), draw(st.integers(0, len(case.others)))))
        else:
            entries.append(SetStatus(at, what))
    return replace(case, timeline=(*case.timeline, *entries))


def _with_initial(draw: Any, case: Case) -> Case:
    """Let the period have begun so that it ends somewhere in the horizon, or long after; used around the limit."""
    case = replace(case, activation=0)
    steps = [n * _interval(case) + beside for n in (1, 2, 3, 5, 8) for beside in (0, 1, -1)]
    if isinstance(case.billing_period, int):
        starts = [end - case.billing_period for end in steps]
    else:
        starts = [end - days * DAY for end in steps for days in (28, 29, 30, 31)] + [-step for step in steps]
    starts = [start for start in (-1, *starts) if start < 0 < case.period_end(start, 0)]
    if not starts:
        return case
    limit = case.limit if case.limit is not None else 10
    beside = draw(st.sampled_from((0, 0, 1, 1, -1, -1, -2, -3, -5, -10, 7)))
    used = draw(st.sampled_from((max(0, limit + beside), max(0, limit + beside), 0)))
    blocked = draw(st.sampled_from((None, None, False, True)))
    return replace(case, initial=Initial(draw(st.sampled_from(starts)), used, blocked))


def _with_ready(draw: Any, case: Case) -> Case:
    """Let a ready SIM reach the 250,000 bytes where a period ends or something else happens, or miss it by a byte.

    Or let it move less in more than three months, after which it turns active all the same. When it did shows in the
    fee of the period that ends there or a millisecond later.
    """
    case = replace(case, status="ready")
    if case.horizon >= 27 * DAY and draw(st.integers(0, 3)):
        few = [i for i in case.items if isinstance(i, Transfers) and sum(r[1] + r[2] for r in i.rows) < READY_BYTES]
        began = case.start + timedelta(milliseconds=case.activation)
        quarter = (months_later(began, READY_MONTHS) - began) // timedelta(milliseconds=1)
        periods = st.sampled_from((case.billing_period, quarter, quarter + 1))
        return replace(case, items=tuple(few), horizon=draw(st.integers(88, 125)) * DAY, billing_period=draw(periods))
    if draw(st.integers(0, 3)):
        more = draw(st.sampled_from((READY_BYTES, READY_BYTES - 3, READY_BYTES // 2, None)))
        case = replace(case, limit=None if case.limit is None or more is None else case.limit + more)
    ends = [r["period_end"] for r in Walk(case).run().rows if r["period_end"] < case.horizon]
    last = [end - 1 for end in ends]
    at = draw(st.sampled_from(last) | st.sampled_from(ends) | _instants(case) if ends else _instants(case))
    moved = sum(r["used_bytes"] for r in Walk(replace(case, horizon=at)).run().rows)
    missing = READY_BYTES - moved + draw(st.sampled_from((0, 0, 0, 1, -1)))
    if at == case.activation or missing <= 0:
        return case
    up = draw(st.sampled_from((0, missing // 3, missing)))
    begin = draw(st.integers(case.activation, at - 1))
    fillers = (
        (at - 1, up, missing - up, 0),
        (at, up, missing - up, 0),
        (begin, up, missing - up, at - begin),
        (begin, missing, missing, 2 * (at - begin)),
        (begin, 3 * missing, 0, 3 * (at - begin)),
    )
    return replace(case, items=(*case.items, Transfers((draw(st.sampled_from(fillers)),))))
