"""Engines: each simulates SIMs of a scenario, and all give the same rows."""

from __future__ import annotations

from fleetsim.engines.base import Engine

NAMES = ("auto", "reference")
"""What can be asked for; ``auto`` takes the engine that is fastest for the scenario."""


def resolve(name: str) -> str:
    """Name of the engine that runs where `name` is asked for."""
    return "reference" if name == "auto" else name


def engine_named(name: str) -> Engine:
    """Return an engine; it is imported only now, for SimPy is not needed to read a result."""
    from fleetsim.engines.reference import ReferenceEngine

    return {"reference": ReferenceEngine}[name]()
