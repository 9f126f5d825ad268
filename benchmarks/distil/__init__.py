"""How much a transformer's soft labels add to few labels: `python -m benchmarks.distil`."""
