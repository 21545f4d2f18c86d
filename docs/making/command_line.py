"""The page of the command line, from its parser."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

from fleetsim import cli
from fleetsim.errors import BadInput

INTRO = """\
<!-- Made by docs/make_reference.py; do not edit. -->
<!-- test: today.yaml = scenarios/smart-meters.yaml -->
<!-- test: tomorrow.yaml = scenarios/smart-meters.yaml -->

# The command line

`fleetsim COMMAND --help` says the same in the terminal. Options have no short forms and are not to be abbreviated, so a
script means the same with the next version.

"""

AFTER = """\
## What all commands share

- **Results** go to the folder that `--out` names. One that is not empty is refused, unless `--resume` goes on with what
  is there or `--overwrite` replaces it.
- **`--set PATH=VALUE`** gives [a key](scenario.md#other-values-without-editing-the-file) of the scenario another value.
- **Neither `--workers` nor `--engine` nor `--dask`** changes a row: they say how to simulate, and not what.
- **Answers** go to standard output, mistakes and warnings to standard error, one a line: `FILE:LINE: PATH: found …;
  expected …`. All mistakes are told at once, and then nothing is written.

| exit status | meaning |
| --- | --- |
| 0 | done |
| 1 | failed: the disk is full, a worker was killed. Finished replications are kept; go on with `--resume` |
| 2 | bad input: the scenario, an option or the folder; nothing was simulated |
| 3 | `choose-limit`: no limit meets the rule, or there are too few replications to judge; what was found is written |
| 130 | interrupted by Ctrl-C; go on with `--resume` |
"""


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    return cli._parser()


def verbs() -> dict[str, argparse.ArgumentParser]:
    """The parser of each command, by name, in the order in which the help has them."""
    (commands,) = (action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    return dict(commands.choices)


def parse(arguments: list[str]) -> None:
    """Parse a command as the program would, without doing anything.

    Raises
    ------
    ValueError
        The program would refuse it.
    """
    try:
        parser().parse_args(arguments)
    except (BadInput, SystemExit) as error:
        raise ValueError(f"fleetsim {' '.join(arguments)}: {error}") from error


def page() -> str:
    """Return the text of docs/cli.md."""
    found = verbs()
    lines = [INTRO, "| command | what it does |", "| --- | --- |"]
    lines += [f"| [`{name}`](#{name}) | {_cell(_lower(verb.description))} |" for name, verb in found.items()]
    sections = [_section(name, verb) for name, verb in found.items()]
    return "\n".join([INTRO + "\n".join(lines[1:]), "", *sections, AFTER])


def _section(name: str, verb: argparse.ArgumentParser) -> str:
    example = (verb.epilog or "").removeprefix("example:\n").strip()
    lines = [f"## {name}", "", verb.description or "", "", "```sh", example, "```", ""]
    rows = list(_rows(verb))
    if rows:
        lines += ["| what to give | meaning |", "| --- | --- |", *rows, ""]
    return "\n".join(lines)


def _rows(verb: argparse.ArgumentParser) -> Iterator[str]:
    required = {id(a) for group in verb._mutually_exclusive_groups if group.required for a in group._group_actions}
    for action in verb._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        name = " ".join([*action.option_strings, *_value(action)])
        notes = []
        if id(action) in required:
            notes.append("one of these is required")
        elif action.required and action.option_strings:
            notes.append("required")
        if isinstance(action, argparse._AppendAction):
            notes.append("can stand several times")
        others = _not_with(verb, action)
        if others and id(action) not in required:
            notes.append(f"not with {others}")
        meaning = (action.help or "").replace("%%", "%")
        if action.default not in (None, False, True, []) and "default" not in meaning:
            notes.append(f"default: `{action.default}`")
        yield f"| `{_cell(name)}` | {_cell('; '.join([meaning, *notes]))} |"


def _value(action: argparse.Action) -> list[str]:
    if action.nargs == 0:
        return []
    name = str(action.metavar or action.dest.upper())
    return [f"{name}..." if action.nargs == "+" else name]


def _not_with(verb: argparse.ArgumentParser, action: argparse.Action) -> str:
    for group in verb._mutually_exclusive_groups:
        if action in group._group_actions:
            return ", ".join(f"`{other.option_strings[0]}`" for other in group._group_actions if other is not action)
    return ""


def _lower(text: str | None) -> str:
    return (text or "")[:1].lower() + (text or "")[1:].rstrip(".")


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")
