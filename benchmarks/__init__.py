"""Measurements behind the README's figures: each writes a JSON file into `benchmarks/results`."""
