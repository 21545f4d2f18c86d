"""The story of one SIM's billing period: what it used, when, what it was allowed, and what stopped it."""

from fleetsim.experiments.story.parts import Level, Moment, Part, Span, Story
from fleetsim.experiments.story.tell import tell, tell_worst

__all__ = ["Level", "Moment", "Part", "Span", "Story", "tell", "tell_worst"]
