"""The four causes of overage (section 7 of the model) in plain words: the one place they are said."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """One cause of overage.

    Parameters
    ----------
    key
        The name in the tables: a column ``overage_{key}_bytes``.
    label
        The name for people.
    because
        A clause that follows the word "because".
    """

    key: str
    label: str
    because: str


CAUSES: tuple[Cause, ...] = (
    Cause("metering", "metering", "usage was known only from records"),
    Cause("enforcement", "enforcement", "a block that was decided took time to take effect"),
    Cause("propagation", "propagation", "a lowered limit had not reached the SIM yet"),
    Cause("dns", "DNS", "a blocked SIM can still look names up"),
)
"""In the order in which money is attributed (section 8 of the model)."""
