"""A user's own Python function as a part of a scenario: an arrival process, or a size distribution.

A scenario in a program carries the function itself; in a file there is its name and its digest, and nothing that could
be executed. So a file that a run left tells which functions it had, and cannot be simulated until a program gives them
again (`fleetsim.scenario.attach`).
"""

from __future__ import annotations

import functools
import pickle
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike

from fleetsim.scenario.source import quoted
from fleetsim.scenario.wording import at_key, did_you_mean, wrong

_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
MAX_FUNCTION_NAME: Final = 200


class SimFacts(NamedTuple):
    """What a function may know of the SIM whose traffic it makes.

    Attributes
    ----------
    number
        The SIM's number in its device group, from 0.
    activation_ms
        When it is activated, ms since the scenario's start. What is due before is not offered.
    horizon_ms
        The scenario's end, ms since its start. What is due then or later is not offered.
    start
        The scenario's start, an instant in UTC: for what goes by the clock or the calendar.
    """

    number: int
    activation_ms: int
    horizon_ms: int
    start: datetime


class ArrivalFunction(Protocol):
    """When the transfers of a traffic item start: called once for each SIM and replication."""

    def __call__(self, random: np.random.Generator, sim: SimFacts, /) -> ArrayLike:
        """Return the SIM's instants.

        Parameters
        ----------
        random
            The only source of chance: keyed by seed, fleet, group, traffic item, SIM and replication.
        sim
            Whose traffic it is.

        Returns
        -------
        array_like
            Whole ms since the scenario's start, shape (transfers,), ascending (equal ones may follow each other).
        """
        ...


class SizeFunction(Protocol):
    """How much the transfers of a traffic item move one way: called once for each SIM and replication that has any."""

    def __call__(self, random: np.random.Generator, sim: SimFacts, n: int, /) -> ArrayLike:
        """Return the sizes of a SIM's transfers.

        Parameters
        ----------
        random
            The only source of chance: keyed as for arrivals, and by the direction.
        sim
            Whose traffic it is.
        n
            How many transfers it has, at least 1.

        Returns
        -------
        array_like
            Whole bytes, shape (n,), in the order of the transfers in time.
        """
        ...


@dataclass(frozen=True)
class Function:
    """A function by its name and its digest, with or without the function itself.

    Attributes
    ----------
    name
        Qualified name, for people.
    sha256
        Digest of what it does (`fleetsim.scenario.digests`): its identity.
    call
        The function; ``None`` where the scenario was read from a file.
    """

    name: str
    sha256: str
    call: Callable[..., Any] | None = field(default=None, compare=False, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        # Functions of a notebook or a script travel by their content, which pickle alone cannot do.
        return _unpacked, (self.name, self.sha256, None if self.call is None else _packed(self.name, self.call))

    def __deepcopy__(self, memo: dict[int, Any]) -> Function:
        return self

    def as_written(self) -> dict[str, str]:
        """Return what a file has of it."""
        return {"name": self.name, "sha256": self.sha256}


def _packed(name: str, call: Callable[..., Any]) -> bytes:
    import cloudpickle

    try:
        packed: bytes = cloudpickle.dumps(call, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        why = f"{name} cannot be sent to other processes ({' '.join(str(error).split())}); run it with workers=1"
        raise TypeError(f"{why}, or take what it holds out of it") from error
    return packed


def _unpacked(name: str, sha256: str, packed: bytes | None) -> Function:
    return Function(name, sha256, None if packed is None else pickle.loads(packed))


def name_of(call: Callable[..., Any]) -> str:
    """Qualified name of a function, for people: ``bursts``, ``make.<locals>.bursts``, ``shop.opening_hours``."""
    plain: Any = call
    while isinstance(plain, functools.partial):
        plain = plain.func
    name = str(getattr(plain, "__qualname__", type(plain).__qualname__))
    module = getattr(plain, "__module__", None) or ""
    whole = name if module in ("", "__main__") else f"{module}.{name}"
    return "".join(c if c.isprintable() else "?" for c in whole)[:MAX_FUNCTION_NAME]


def function_in_a_file(raw: Mapping[str, Any], chosen_by: str) -> Function:
    """Read what a run has left of a function: its name and its digest.

    Parameters
    ----------
    raw
        The mapping in the file.
    chosen_by
        Its key that says that this is a function.
    """
    known = [chosen_by, "name", "sha256"]
    for key in raw:
        if key not in known:
            hint = f"expected one of {', '.join(known)}{did_you_mean(key, known)}"
            raise at_key(str(key), wrong(hint, found=quoted(str(key))))
    name, sha256 = raw.get("name"), raw.get("sha256", "0" * 64)
    if not (isinstance(name, str) and 0 < len(name) <= MAX_FUNCTION_NAME and name.isprintable()):
        found = "nothing" if name is None else None
        raise at_key("name", wrong(f"expected the name of a function, at most {MAX_FUNCTION_NAME} characters", found))
    if not (isinstance(sha256, str) and _SHA256.fullmatch(sha256)):
        raise at_key("sha256", wrong("expected the digest that a run has written, 64 characters"))
    return Function(name, sha256)


@dataclass(frozen=True)
class OwnArrivals:
    """Arrivals by a function."""

    function: Function

    process = "function"


@dataclass(frozen=True)
class OwnSizes:
    """Sizes by a function. Theory knows nothing of them."""

    function: Function

    def expectation(self) -> float | None:
        """Mean in bytes: not known."""
        return None

    def variance(self) -> float | None:
        """Variance in bytes squared: not known."""
        return None
