"""Scenarios on the same random numbers: values of a scenario swept, scenarios side by side."""
