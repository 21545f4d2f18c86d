"""How much a SIM had used by any instant of a billing period: from its records and, between them, from another look."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Final

MOST_PROBES: Final = 150
"""Instants at which a SIM is simulated again; what is asked beyond them lies on a straight line."""


class Usage:
    """Bytes used in a period up to an instant, those before it, with what the period had used before the run.

    Records say it at their starts and ends. Between them it takes a look: a run that ends at an instant has moved what
    moves before it, and chance does not depend on where a run ends.

    Parameters
    ----------
    known
        Bytes used by instants, both ascending.
    look
        The bytes used by an instant, exactly; ``None``: nobody can look.
    """

    def __init__(self, known: dict[int, int], look: Callable[[int], int] | None) -> None:
        self._ms = sorted(known)
        self._bytes = [known[at] for at in self._ms]
        self._look = look
        self.looks = MOST_PROBES if look else 0

    def at(self, ms: int) -> int:
        """Bytes used by this instant."""
        i = bisect_left(self._ms, ms)
        if i == len(self._ms):
            return self._bytes[-1]
        if self._ms[i] == ms or i == 0 or self._bytes[i - 1] == self._bytes[i]:
            return self._bytes[i]
        if self._look is None or not self.looks:
            first, last = self._bytes[i - 1], self._bytes[i]
            return first + (last - first) * (ms - self._ms[i - 1]) // (self._ms[i] - self._ms[i - 1])
        self.looks -= 1
        self._ms.insert(i, ms)
        self._bytes.insert(i, self._look(ms))
        return self._bytes[i]

    def passes(self, limit: int, start: int, end: int) -> int | None:
        """First instant in (`start`, `end`] by which more than `limit` bytes are used."""
        i = bisect_right(self._bytes, limit)
        if i == len(self._bytes):
            return None
        low, high = max(start, self._ms[i - 1]) if i else start, min(end, self._ms[i])
        if low >= high or self.at(high) <= limit:
            return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.at(middle) > limit else (middle, high)
        return high

    def refine(self, start: int, end: int, parts: int) -> None:
        """Look between records until a line through the points strays from the curve by no more than a `parts`-th."""
        shortest, least = (end - start) / parts, (self.at(end) - self.at(start)) / parts
        waiting = [(a, b) for a, b in zip(self._ms, self._ms[1:], strict=False) if a < end and b > start]
        while waiting and self.looks:
            left, right = waiting.pop(0)  # breadth first: where looks run out, all records are equally rough
            low, high = self.at(left), self.at(right)
            if high - low <= least or right - left <= shortest:
                continue
            middle = left + (right - left) * 5 // 13  # not half way, where two equal bursts look like a line
            if abs(self.at(middle) - low - (high - low) * 5 / 13) > least:
                waiting += [(left, middle), (middle, right)]

    @property
    def points(self) -> list[tuple[int, int]]:
        """All instants at which the usage is known, and the bytes used by them."""
        return list(zip(self._ms, self._bytes, strict=True))
