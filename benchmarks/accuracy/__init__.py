"""Accuracy beside size and speed: our recipes, other programs, and what others have published."""
