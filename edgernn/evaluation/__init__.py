"""How good a classifier is, and what to doubt about the figures; above training and runtime."""
