"""One look for every picture: readable in grey, the same on every machine."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib

INK = "#1a1a1a"
QUIET = "#595959"  # 7:1 on white
BLUE, RED = "#1f4e79", "#8a1c1c"

# By falling darkness and with a hatch each, so that no meaning hangs on colour.
CAUSE_STYLE: dict[str, dict[str, Any]] = {
    "metering": {"facecolor": BLUE, "hatch": ""},
    "enforcement": {"facecolor": "#5f9bc8", "hatch": "////"},
    "propagation": {"facecolor": "#f0c068", "hatch": "\\\\\\\\"},
    "dns": {"facecolor": "#f6f1e7", "hatch": "xxxx"},
}
ROLE_STYLE: dict[str, dict[str, Any]] = {
    "normal": {"color": BLUE, "linestyle": "-", "linewidth": 2.0},
    "faulty": {"color": "#a04000", "linestyle": (0, (4, 1.5)), "linewidth": 2.0},
}

_PARAMETERS: Any = {
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.axisbelow": True,
    "text.color": INK,
    "text.parse_math": False,  # a "$" is money
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": "#d9d9d9",
    "grid.linewidth": 0.7,
    "hatch.color": INK,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "legend.title_fontsize": 9,
    "legend.handlelength": 2.4,
    "figure.facecolor": "white",
    "figure.dpi": 100,
    "savefig.dpi": 160,
    "svg.fonttype": "none",  # text stays text: it can be selected, searched and enlarged
    "svg.hashsalt": "fleetsim",  # the same picture has the same bytes
}


@contextmanager
def style() -> Iterator[None]:
    """matplotlib's own defaults and the report's style, whatever the user's matplotlibrc says."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_PARAMETERS)
        # A currency may have a sign that the font lacks; an empty box is no reason to stop.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield
