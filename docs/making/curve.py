"""Draw the curve of limits that the README shows: ``python -m docs.making.curve``, a part of ``make picture``."""

from __future__ import annotations

import fleetsim


def main() -> None:
    """Judge the limits of the tutorial's fleet and draw them into ``docs/curve_of_limits.png``."""
    study = fleetsim.choose_limit(
        "docs/machines.yaml", fleet="machines", limits="2MB:20MB:1MB", max_blocked_share="0.5%", replications=50
    )
    study.plot.curve().figure.savefig("docs/curve_of_limits.png", dpi=110)


if __name__ == "__main__":
    main()
