"""The reference engine: the model as SimPy processes, one environment a SIM, written to be read.

SIMs interact only through what the owner does at instants that the scenario names, so each lives in an environment of
its own: its event queue holds a handful of events, and how the fleet is cut into blocks cannot matter.
"""

from __future__ import annotations

from fleetsim.engines.reference.engine import ReferenceEngine

__all__ = ["ReferenceEngine"]
