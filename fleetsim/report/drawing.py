"""Figures for a page: begun in the report's style, and written as SVG."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

WIDTHS = {"desk": 7.6, "phone": 4.3}
"""Inches: of a picture for a screen or a sheet, and of the same one for a phone, where its letters stay legible."""


def new_figure(width_inches: float, height_inches: float) -> Figure:
    """An empty figure; draw on it within `fleetsim.report.style.style`."""
    return Figure(figsize=(width_inches, height_inches), layout="constrained")


def svg_of(figure: Figure) -> bytes:
    """The figure as SVG; call it within `fleetsim.report.style.style`.

    By the canvas, for `savefig` draws twice, once for the layout. No date, no names of programs: the same picture has
    the same bytes.
    """
    file = io.BytesIO()
    canvas: Any = FigureCanvasSVG(figure)
    canvas.print_svg(file, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return file.getvalue()
