"""Measurements behind the figures of README.md and docs; each writes JSON into `results`."""
