"""The cause of every byte over the limit."""

from __future__ import annotations

from typing import NamedTuple


class Overage(NamedTuple):
    """Bytes over the limit by their one cause."""

    metering: int
    enforcement: int
    propagation: int
    dns: int


def overage(first: int, last: int, fleet_limit: int, cached_limit: int, *, blocked: bool, pending: bool) -> Overage:
    """Split the bytes numbered `first` + 1 to `last` of a period that are over the fleet's limit by cause.

    Parameters
    ----------
    first, last
        Bytes moved in the period before and after these bytes, which moved under one state.
    fleet_limit
        Limit of the fleet at that moment, bytes.
    cached_limit
        Limit in the SIM's cache at that moment, bytes.
    blocked, pending
        Was the SIM blocked; had an evaluation found usage above the limit whose block has not taken effect?
    """
    over = max(first, fleet_limit)
    if last <= over:
        return Overage(0, 0, 0, 0)
    if blocked:
        return Overage(0, 0, 0, last - over)
    beyond_cache = max(over, min(cached_limit, last))
    late, unseen = beyond_cache - over, last - beyond_cache
    return Overage(0, unseen, late, 0) if pending else Overage(unseen, 0, late, 0)
