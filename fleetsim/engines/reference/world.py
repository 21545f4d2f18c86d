"""What the processes wait for: a step of an instant, or a signal; and how a limit is compared."""

from __future__ import annotations

from typing import cast

import simpy
from simpy.events import EventPriority

from fleetsim.counted import NO_LIMIT


class World(simpy.Environment):
    """The environment of one SIM; its time is an integer, ms since the scenario's start."""

    now: int


class At(simpy.Event):
    """The given step of a given instant: what a process waits for."""

    def __init__(self, env: World, time: int, step: int) -> None:
        # As simpy.Timeout does, which knows no priority: triggered from the start.
        self.env = env
        self.callbacks = []
        self._ok = True
        self._value = None
        env.schedule(self, cast(EventPriority, step), time - env.now)


class Signal:
    """Wakes the processes that wait for it at that moment; whoever waits later waits for the next time."""

    def __init__(self, env: World) -> None:
        self.env = env
        self.next = env.event()

    def give(self, why: str = "") -> None:
        """Wake them, at once: before any further step of this instant."""
        given, self.next = self.next, self.env.event()
        given.succeed(why)


def limit_in_bytes(data_limit_bytes: int | None) -> int:
    """Return a limit as a number that bytes are compared with."""
    return NO_LIMIT if data_limit_bytes is None else data_limit_bytes
