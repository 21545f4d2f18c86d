"""Read a scenario file, with every mistake that can be found at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fleetsim.errors import BadInput, Mistake
from fleetsim.scenario.arrivals import Trace
from fleetsim.scenario.attach import functions_of
from fleetsim.scenario.base import Reading
from fleetsim.scenario.checks import misfits
from fleetsim.scenario.costs import too_dear, unpriced_networks
from fleetsim.scenario.devices import DeviceGroup
from fleetsim.scenario.initial import MAX_INITIAL_BYTES, InitialRows, Known, parse_initial
from fleetsim.scenario.operations import reaching_new
from fleetsim.scenario.overrides import apply_override
from fleetsim.scenario.platform import Platform
from fleetsim.scenario.schema import Fleet, Scenario
from fleetsim.scenario.source import MAX_FILE_BYTES, Key, Node, parse, quoted, read_bytes, read_text
from fleetsim.scenario.trace import MAX_TRACE_BYTES, TraceRows, parse_trace
from fleetsim.scenario.wording import details
from fleetsim.units import canonical_duration

Place = tuple[str, str, str]


def load(path: str | os.PathLike[str], overrides: Sequence[str] = ()) -> Scenario:
    """Read a scenario.

    Parameters
    ----------
    path
        The YAML file; trace files are found relative to it.
    overrides
        ``PATH=VALUE`` each, in the order in which they apply.

    Raises
    ------
    BadInput
        With all mistakes that can be found together: those of the file in its order, then those of its traces,
        then those of the overrides.
    """
    file = os.fspath(path)
    text = read_text(read_bytes(Path(file), file, MAX_FILE_BYTES), file)
    return load_text(text, overrides, file=file)


Seen = dict[tuple[str, int, int], tuple[TraceRows, tuple[str, ...]]]
"""Traces that were read, by file, SIMs and horizon: their rows, and what there is to warn of."""


def load_text(
    text: str, overrides: Sequence[str] = (), *, file: str = "scenario.yaml", seen: Seen | None = None
) -> Scenario:
    """Read a scenario from its text.

    Parameters
    ----------
    text
        The YAML document.
    overrides
        As for `load`.
    file
        What mistakes call it, and where its traces lie.
    seen
        Traces that are not read again, for scenarios that share them; those that are read are added.

    Raises
    ------
    BadInput
        As `load` does.
    """
    root = parse(text, file)
    if not isinstance(root.value, dict):
        if root.value is not None or not overrides:
            what = f"found {root.found()}" if root.value is not None else "the file is empty"
            raise BadInput(Mistake(file, root.line, "", f"{what}; expected a scenario: name, start, duration, …"))
        root.value = {}
    root = _overridden(root, overrides)
    return _Loader(root, file, {} if seen is None else seen).scenario()


def _overridden(root: Node, overrides: Sequence[str]) -> Node:
    mistakes: list[Mistake] = []
    for override in overrides:
        try:
            root = apply_override(root, override)
        except BadInput as error:
            mistakes += error.mistakes
    if mistakes:
        raise BadInput(mistakes)
    return root


@dataclass
class _Loader:
    root: Node
    file: str
    seen: Seen
    reading: Reading = field(default_factory=Reading)
    mistakes: list[Mistake] = field(default_factory=list)
    file_mistakes: list[Mistake] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def scenario(self) -> Scenario:
        raw = self.root.plain()
        raw.setdefault("name", _name_of(self.file))
        scenario: Scenario | None = None
        try:
            scenario = Scenario.model_validate(raw, context=self.reading)
        except ValidationError as error:
            for detail in details(error):
                context = detail["type"].context or {}  # type: ignore[union-attr]
                self.add(detail["loc"], context["expected"], context.get("found"))
        for misfit in misfits(raw, self.reading):
            self.add(misfit.path, misfit.expected, misfit.found)
        traces = self.traces(raw)
        initial = self.initial(raw)
        ordered = sorted(self.mistakes, key=lambda m: (m.file != self.file, m.line or 0))
        mistakes = list(dict.fromkeys([*ordered, *self.file_mistakes]))
        if mistakes or scenario is None:
            raise BadInput(mistakes)
        scenario._folder = Path(self.file).parent
        scenario._traces = traces
        scenario._initial = initial
        for dotted in functions_of(scenario):
            node, _ = self.root.at(dotted.split("."))
            scenario._named_at[tuple(dotted.split("."))] = node.file, node.line
        self.warnings += unpriced_networks(scenario)
        scenario._warnings = tuple(dict.fromkeys(self.warnings))
        for index, group, latest_ms in reaching_new(scenario):
            until = canonical_duration(latest_ms)
            expected = (
                f"expected an instant from {until} on: the provider changes no SIM that is new, as {group} may be"
            )
            self.add(("timeline", index, "at"), expected, None)
        dear = too_dear(scenario)
        if dear is not None:
            self.add(("tariff",), *dear)
        if self.mistakes:
            raise BadInput(self.mistakes)
        return scenario

    def add(self, path: Sequence[Key], expected: str, found: str | None) -> None:
        node, reached = self.root.at(path)
        if found is None:
            found = node.found() if len(reached) == len(path) else "nothing"
        dotted = ".".join(map(str, path))
        self.mistakes.append(Mistake(node.file, node.line, dotted, f"found {found}; {expected}"))

    def traces(self, raw: Mapping[str, Any]) -> dict[Place, TraceRows]:
        """Read the traces of all groups that are right; a file that several SIM groups share is read once each."""
        read: dict[tuple[str, int], TraceRows | None] = {}
        content: dict[str, bytes | None] = {}
        found: dict[Place, TraceRows] = {}
        for place, path, name, count in self.trace_items(raw):
            key = (name, count)
            if key not in read:
                read[key] = self.trace(path, name, count, content)
            rows = read[key]
            if rows is not None:
                found[place] = rows
        return found

    def initial(self, raw: Mapping[str, Any]) -> dict[tuple[str, str], InitialRows]:
        """Read the files of SIMs in the middle of a billing period, of all groups that are right."""
        found: dict[tuple[str, str], InitialRows] = {}
        platform = self.reading.built.get(id(raw["platform"])) if "platform" in raw else Platform.model_validate({})
        for fleet, content, name, group in self.groups(raw):
            if group.initial is None or self.reading.start is None or not isinstance(platform, Platform):
                continue
            path = ("fleets", fleet, "devices", name, "initial", "file")
            limit = self.reading.built.get(id(content))
            limit_bytes = limit.data_limit_bytes if isinstance(limit, Fleet) else None
            known = Known(group.count, limit_bytes, self.reading.start, platform.billing_period)
            file = os.path.join(os.path.dirname(self.file), group.initial.file)
            try:
                data = read_bytes(Path(file), file, MAX_INITIAL_BYTES)
            except BadInput as error:
                self.add(path, error.mistakes[0].text, quoted(group.initial.file))
                continue
            try:
                rows = found[fleet, name] = parse_initial(data, file, known)
            except BadInput as error:
                self.file_mistakes += error.mistakes
                continue
            if not rows.sims.size:
                self.warnings.append(f"{file}: no rows; all SIMs of {fleet}/{name} start as `activation` says")
        return found

    def groups(self, raw: Mapping[str, Any]) -> Iterator[tuple[str, Any, str, DeviceGroup]]:
        """Yield the device groups that are right: fleet, its plain content, name and group."""
        for fleet, content in _items(raw.get("fleets")):
            for name, group_raw in _items(content.get("devices") if isinstance(content, dict) else None):
                group = self.reading.built.get(id(group_raw))
                if isinstance(group, DeviceGroup):
                    yield fleet, content, name, group

    def trace_items(self, raw: Mapping[str, Any]) -> Iterator[tuple[Place, tuple[Key, ...], str, int]]:
        for fleet, _, name, group in self.groups(raw):
            for item, traffic in group.traffic.items():
                if isinstance(traffic.arrivals, Trace):
                    path = ("fleets", fleet, "devices", name, "traffic", item, "arrivals", "file")
                    yield (fleet, name, item), path, traffic.arrivals.file, group.count

    def trace(self, path: tuple[Key, ...], name: str, count: int, content: dict[str, bytes | None]) -> TraceRows | None:
        file = os.path.join(os.path.dirname(self.file), name)
        # Without a horizon there are other mistakes; the rows are checked all the same.
        key = (file, count, self.reading.horizon_ms or 0)
        if key in self.seen:
            self.warnings += self.seen[key][1]
            return self.seen[key][0]
        if name not in content:
            try:
                content[name] = read_bytes(Path(file), file, MAX_TRACE_BYTES)
            except BadInput as error:
                content[name] = None
                self.add(path, error.mistakes[0].text, quoted(name))
        data = content[name]
        if data is None:
            return None
        try:
            rows, warnings = parse_trace(data, *key)
        except BadInput as error:
            self.file_mistakes += error.mistakes
            return None
        self.warnings += warnings
        self.seen[key] = rows, warnings
        return rows


def _items(raw: Any) -> Iterator[tuple[str, Any]]:
    return iter(raw.items()) if isinstance(raw, dict) else iter(())


def _name_of(file: str) -> str:
    stem = "".join(c if c.isprintable() else "?" for c in Path(file).stem)
    return stem[:200].strip() or "scenario"


@dataclass(frozen=True)
class InputFile:
    """A file that a scenario names: whose it is (fleet, group, traffic item; no item: `initial`), where, its digest."""

    place: Place
    path: Path
    sha256: str


def input_files(scenario: Scenario) -> Iterator[InputFile]:
    """Yield the files that a scenario names, with absolute paths."""
    for fleet, content in scenario.fleets.items():
        for group, devices in content.devices.items():
            rows = scenario.initial(fleet, group)
            if devices.initial is not None and rows is not None:
                yield InputFile((fleet, group, ""), (scenario.folder / devices.initial.file).absolute(), rows.sha256)
            for item, traffic in devices.traffic.items():
                if isinstance(traffic.arrivals, Trace):
                    place = (fleet, group, item)
                    path = (scenario.folder / traffic.arrivals.file).absolute()
                    yield InputFile(place, path, scenario.trace(*place).sha256)
