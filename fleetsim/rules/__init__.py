"""The model's rules as pure functions: no chance, no clock, no files, no state."""
