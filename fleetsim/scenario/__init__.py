"""Scenarios: read from YAML into strict, frozen models, checked, and written out again."""

from fleetsim.scenario.dump import dump, json_schema, resolved, scenario_hash
from fleetsim.scenario.load import load, load_text, trace_files
from fleetsim.scenario.schema import Scenario
from fleetsim.scenario.trace import TraceRows

__all__ = [
    "Scenario",
    "TraceRows",
    "dump",
    "json_schema",
    "load",
    "load_text",
    "resolved",
    "scenario_hash",
    "trace_files",
]
