"""From a trained run to a checked, self-contained model file."""
