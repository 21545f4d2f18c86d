"""A picture's SVG made fit to stand inside a page, beside others."""

from __future__ import annotations

import re
from xml.etree import ElementTree

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


def inline(svg: bytes, *, prefix: str, label: str) -> str:
    """One SVG element without prologue, whose ids begin with `prefix` and clash with nobody's.

    Parameters
    ----------
    svg
        A document that matplotlib wrote.
    prefix
        What its ids begin with.
    label
        What assistive technology reads in its place.
    """
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    root = ElementTree.fromstring(svg)
    for parent in list(root.iter()):
        for child in list(parent):
            # A rule for "*" inside a page would hold for the whole page; the root says it below.
            if child.tag in {f"{{{_SVG}}}style", f"{{{_SVG}}}metadata"}:
                parent.remove(child)
        for name, value in parent.attrib.items():
            if name == "id":
                parent.set(name, f"{prefix}-{value}")
            elif name in {"href", f"{{{_XLINK}}}href"} and value.startswith("#"):
                parent.set(name, f"#{prefix}-{value[1:]}")
            elif "url(#" in value:
                parent.set(name, _REFERENCE.sub(rf"url(#{prefix}-\1)", value))
    for size in ("width", "height"):  # the page sets the size; the view box keeps the proportions
        root.attrib.pop(size, None)
    root.attrib.update({"role": "img", "aria-label": label, "style": "stroke-linejoin:round;stroke-linecap:butt"})
    return ElementTree.tostring(root, encoding="unicode")
