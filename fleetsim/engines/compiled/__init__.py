"""The compiled engine: the same rows as the reference engine, by mechanics of its own.

A compiled loop carries one SIM through its life and looks at an instant only where something can be decided. It shares
the draws and nothing else with the reference engine; where the two differ, the model decides.
"""
