"""``--set PATH=VALUE``: a value put in its place before anything is checked."""

from __future__ import annotations

from fleetsim.errors import BadInput, Mistake
from fleetsim.scenario.source import Node, parse, quoted
from fleetsim.scenario.wording import did_you_mean


def apply_override(root: Node, override: str) -> Node:
    """Return the tree with one value created or replaced; the tree given stays as it is.

    Parameters
    ----------
    root
        The scenario's tree.
    override
        ``PATH=VALUE``: dots between the keys, a number for an entry of the timeline, and the value as YAML.

    Raises
    ------
    BadInput
        Where the text is no override, or a part of the path cannot hold keys.
    """
    file = f"--set {override}"
    path, equals, text = override.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(keys):
        raise BadInput(Mistake(file, None, "", "expected PATH=VALUE, such as fleets.meters.data_limit=8MB"))
    value = parse(text, file, line_known=False)
    return _put(root, keys, 0, value)


def _holds_names(path: list[str]) -> bool:
    """Is this the path of a mapping of fleets, device groups or traffic items by their names?"""
    return path[:1] == ["fleets"] and (len(path), path[-1]) in ((1, "fleets"), (3, "devices"), (5, "traffic"))


def _put(node: Node, keys: list[str], depth: int, value: Node) -> Node:
    if depth == len(keys):
        return value
    key, path = keys[depth], ".".join(keys[:depth])
    copy = Node(node.value, node.file, node.line, node.text)
    if isinstance(node.value, list):
        if not key.isdecimal() or len(key) > 9 or int(key) >= len(node.value):
            among = f"an index below {len(node.value)}" if node.value else "no index: the list is empty"
            raise BadInput(Mistake(value.file, None, path, f"found {quoted(key)}; expected {among}"))
        items = list(node.value)
        items[int(key)] = _put(items[int(key)], keys, depth + 1, value)
        copy.value = items
        return copy
    if isinstance(node.value, str) and depth == 1 and keys[0] in ("platform", "tariff"):
        # The name of a preset is short for a mapping that holds nothing else.
        node = Node({"preset": node}, value.file, None)
    if node.value is None:
        node = Node({}, value.file, None)
        copy = node
    if not isinstance(node.value, dict):
        text = f"found {node.found()}; expected a mapping to set {quoted(key)} in"
        raise BadInput(Mistake(value.file, None, path, text))
    if key not in node.value and depth + 1 < len(keys) and _holds_names(keys[:depth]) and node.value:
        # A name that nobody has is a slip: what is set in it would be a fleet, group or item of its own.
        names = ", ".join(node.value)
        text = f"found {quoted(key)}; expected one of {names}{did_you_mean(key, node.value)}"
        raise BadInput(Mistake(value.file, None, path, text))
    below = node.value.get(key, Node(None, value.file, None))
    copy.value = {**node.value, key: _put(below, keys, depth + 1, value)}
    return copy
