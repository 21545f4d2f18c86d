"""Scenarios: read from YAML into strict, frozen models, checked, and written out again."""

from fleetsim.scenario.dump import dump, json_schema, resolved, scenario_hash
from fleetsim.scenario.load import InputFile, input_files, load, load_text
from fleetsim.scenario.schema import Scenario
from fleetsim.scenario.trace import TraceRows

__all__ = [
    "InputFile",
    "Scenario",
    "TraceRows",
    "dump",
    "input_files",
    "json_schema",
    "load",
    "load_text",
    "resolved",
    "scenario_hash",
]
