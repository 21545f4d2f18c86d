"""Offered traffic: what devices would move if nobody stopped them, as arrays over a block of SIMs.

One arrival process a file; `offer` finds the one that an item asks for, `moments` what theory expects of it, and
`group_moments` of all items of a group together. Nothing here knows an engine.
"""

from __future__ import annotations

from fleetsim.traffic.expected import group_moments, moments
from fleetsim.traffic.offer import offer
from fleetsim.traffic.offered import Flows, Moments, Transfers
from fleetsim.traffic.own import has_function
from fleetsim.traffic.trial import try_functions

__all__ = ["Flows", "Moments", "Transfers", "group_moments", "has_function", "moments", "offer", "try_functions"]
