"""The program's version: part of every manifest, for a result is tied to what made it."""

__version__ = "0.1.0"
